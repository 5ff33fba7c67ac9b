"""What jobs render with, loaded once for each engine, device and precision, and kept."""

from __future__ import annotations

import threading
from typing import NamedTuple

from pipeline.engines.catalogue import engine_named, needs_no_network
from pipeline.models.devices import check_device, settle
from pipeline.models.library import Library
from pipeline.models.store import Store
from pipeline.options import DeviceName, Options, Precision
from pipeline.policy import Policy
from pipeline.wardrobe import Recognise, Wardrobe


class _Key(NamedTuple):
    """What has to be the same for two jobs to share what renders them."""

    engine: str
    device: DeviceName
    precision: Precision
    alone: bool


class Wardrobes:
    """Used by any number of threads.

    Args:
        store: where networks come from; what the environment says when ``None``.
        gpu: which of several networks run on.
        policy: which faces are allowed in a target.
        recognise: see `Wardrobe`.
    """

    def __init__(self, store: Store | None, gpu: int, policy: Policy, recognise: Recognise) -> None:
        self._store, self._gpu, self._policy, self._recognise = store, gpu, policy, recognise
        # For what is known only; what takes long, such as fetching a network, holds up nobody but those who need it.
        self._lock = threading.Lock()
        self._opening: dict[_Key, threading.Lock] = {}
        self._wardrobes: dict[_Key, Wardrobe] = {}
        self._libraries: dict[tuple[DeviceName, Precision, bool], Library] = {}

    def of(self, options: Options) -> Wardrobe:
        """The wardrobe of a job, with everything loaded that it needs.

        Raises:
            OptionError: there is no such device here.
            ModelError: a network is missing, damaged or cannot be fetched.
        """
        return self._of(options, alone=False)

    def live(self, options: Options) -> Wardrobe:
        """The same for a camera, whose faces come one at a time: on a GPU its networks are not given full batches, of
        which three rows in four would be calculated for nothing.

        Raises:
            OptionError, ModelError: see `of`.
        """
        return self._of(options, alone=True)

    def _of(self, options: Options, *, alone: bool) -> Wardrobe:
        check_device(options.device)
        key = _Key(options.engine, "cpu", "auto", False)
        if not needs_no_network(options):
            alone = alone and settle(options.device) != "cpu"
            key = _Key(options.engine, options.device, options.precision, alone)
        with self._lock:
            opening = self._opening.setdefault(key, threading.Lock())
        with opening:
            if key not in self._wardrobes:
                engine = engine_named(options.engine, lambda: self._library(options.device, options.precision, alone))
                with self._lock:
                    self._wardrobes[key] = Wardrobe(engine, self._policy, self._recognise)
        self._wardrobes[key].engine.ready(options)
        return self._wardrobes[key]

    @property
    def networks(self) -> dict[str, str]:
        """Further networks that are in memory, and on which device each of them truly runs, by what and how."""
        with self._lock:
            libraries = tuple(self._libraries.values())
        return {name: device for library in libraries for name, device in library.running().items()}

    def _library(self, device: DeviceName, precision: Precision, alone: bool = False) -> Library:
        with self._lock:
            if (device, precision, alone) not in self._libraries:
                library = Library(device, self._store, self._gpu, precision, batch=1 if alone else None)
                self._libraries[device, precision, alone] = library
            return self._libraries[device, precision, alone]
