"""What every engine is to the conductor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pipeline.mesh import FaceView
from pipeline.options import Options
from pipeline.types import Box, Crop, Face, FloatArray, Identity, Rendering


class Engine(Protocol):
    """Renders a new face into a crop. Stateless after construction; shared by threads.

    Attributes:
        name: what it is chosen by.
        device: where it truly runs.
        notes: sentences that a user should read, such as that it runs elsewhere than was asked for.
        together: faces that are worth rendering at once.
        weights: what tells its network from another one of the same name; empty where it is embedded.
    """

    name: str

    @property
    def device(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def together(self) -> int: ...

    @property
    def weights(self) -> str: ...

    def ready(self, options: Options) -> None:
        """Load what the options name, so that a job fails before it starts."""
        ...

    def prepare(self, identity: Identity) -> Any:
        """What the engine needs of an identity, made once and handed back to `render`."""
        ...

    def area(self, face: Face, options: Options) -> Box:
        """The part of the frame the engine and the compositor need to see."""
        ...

    def shown(self, face: Face, options: Options) -> Box:
        """The part of it outside of which nothing changes, which is what the compositor works on."""
        ...

    def placed(self, crop: Crop, prepared: Any, options: Options) -> FloatArray:
        """Where the landmarks of the new face will be: ``(478, 3)`` in crop pixels, the crop's own if nothing moves."""
        ...

    def render(self, views: Sequence[tuple[FaceView, Any]], options: Options) -> list[Rendering]:
        """The new faces with the pose and expression of the views' crops.

        Args:
            views: each with what was prepared of its new face. None of them shows what another one changes.
        """
        ...
