"""What jobs render with, loaded once for each engine, device and precision, and kept."""

from __future__ import annotations

import threading

from pipeline.engines.catalogue import engine_named, needs_no_network
from pipeline.models.devices import check_device
from pipeline.models.library import Library
from pipeline.models.store import Store
from pipeline.options import DeviceName, Options, Precision
from pipeline.policy import Policy
from pipeline.wardrobe import Recognise, Wardrobe


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
        self._lock = threading.Lock()
        self._wardrobes: dict[tuple[str, DeviceName, Precision], Wardrobe] = {}
        self._libraries: dict[tuple[DeviceName, Precision], Library] = {}

    def of(self, options: Options) -> Wardrobe:
        """The wardrobe of a job, with everything loaded that it needs.

        Raises:
            OptionError: there is no such device here.
            ModelError: a network is missing, damaged or cannot be fetched.
        """
        check_device(options.device)
        with self._lock:
            idle = needs_no_network(options)
            key: tuple[str, DeviceName, Precision] = (
                (options.engine, "cpu", "auto") if idle else (options.engine, options.device, options.precision)
            )
            if key not in self._wardrobes:
                engine = engine_named(options.engine, lambda: self._library(options.device, options.precision))
                self._wardrobes[key] = Wardrobe(engine, self._policy, self._recognise)
            self._wardrobes[key].engine.ready(options)
            return self._wardrobes[key]

    @property
    def networks(self) -> dict[str, str]:
        """Further networks that are in memory, and on which device each of them truly runs, by what and how."""
        with self._lock:
            libraries = tuple(self._libraries.values())
        return {name: device for library in libraries for name, device in library.running().items()}

    def _library(self, device: DeviceName, precision: Precision) -> Library:
        if (device, precision) not in self._libraries:
            self._libraries[device, precision] = Library(device, self._store, self._gpu, precision)
        return self._libraries[device, precision]
