"""How gradio is loaded: with its settings made, and without work at every start that only its developers need.

Loading it is most of what a server does before it is ready. Nothing here changes what it does afterwards, and a version
that does without one of these names just starts as slowly as it would.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.abc
import importlib.machinery
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from types import ModuleType

from studio.settings import Settings

log = logging.getLogger(__name__)

_STUBS = ("gradio.component_meta", "create_or_modify_pyi")
"""The module and the function that write a type stub beside each component as its class is made."""
_TOOLS = "mcp"


def load(settings: Settings) -> None:
    """Imports gradio; afterwards any module of the studio may."""
    if "gradio" in sys.modules:
        log.warning("gradio was imported before its settings were made")
    _prepare(settings)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_without_stubs())
        # Our own tools for assistants need the package; the page's framework reads it in only to offer its own.
        if not settings.mcp:
            stack.enter_context(_absent(_TOOLS))
        import gradio  # noqa: F401
    gc.freeze()


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Looks for no garbage inside of the block, and never again among what it leaves.

    Modules and the page stay for as long as the process does. Going through them costs a fifth of a second each time,
    in which no request is answered. At the end of the block only what came after `load` is gone through: building the
    page leaves event loops behind, which hold files open.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def _prepare(settings: Settings) -> None:
    """What gradio reads when it is imported."""
    settings.uploads.mkdir(parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(settings.uploads)
    # Bodies of requests are spooled next to where their files end up: one disk to watch, and one that has the room.
    settings.spool.mkdir(exist_ok=True)
    tempfile.tempdir = str(settings.spool)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


@contextlib.contextmanager
def _absent(name: str) -> Iterator[None]:
    """A package that is not loaded yet cannot be, inside of the block."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


@contextlib.contextmanager
def _without_stubs() -> Iterator[None]:
    """Component classes made inside of the block read no source and write no stub.

    For editors of those who write components; it parses the source of each, a second in all, and writes where packages
    are installed.
    """
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the one module whose function is left out."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _STUBS[0]:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if hasattr(module, _STUBS[1]):
            setattr(module, _STUBS[1], _nothing)


def _nothing(*_: object) -> None:
    """In place of writing a stub."""
