"""From a payload to chips and back: a checksum, and a convolutional code that is read by soft decision.

The code has constraint length 9 and the generators 557, 663, 711 (octal), the best of rate 1/3 (Larsen, *Short
convolutional codes with maximal free distance*, 1973); each of its bits is sent three times.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Chips = NDArray[np.float64]
Bits = NDArray[np.int64]

VERSION = 1
_GENERATORS = (0o557, 0o663, 0o711)
_MEMORY, _REPEAT = 8, 3
_STATES = 1 << _MEMORY
_VERSION_BITS, _JOB_BITS, _CHECK_BITS = 4, 32, 12
DATA_BITS = _VERSION_BITS + _JOB_BITS
"""Bits that are free: a reading is one of ``2 ** DATA_BITS``."""
_STEPS = DATA_BITS + _CHECK_BITS + _MEMORY
CHIPS = _STEPS * len(_GENERATORS) * _REPEAT
_POLYNOMIAL = 0x80F
"""Of CRC-12."""


@dataclass(frozen=True)
class Payload:
    """What a watermark says: ``job`` is the fingerprint of the job, 32 bits."""

    job: int
    version: int = VERSION

    @property
    def text(self) -> str:
        """The job's fingerprint, as logs and manifests write it."""
        return f"{self.job:08x}"


def encode(payload: Payload) -> Chips:
    """``(CHIPS,)``, each -1 or 1."""
    if not (0 <= payload.job < 1 << _JOB_BITS and 0 <= payload.version < 1 << _VERSION_BITS):
        raise ValueError("the payload does not fit")
    data = _bits(payload.version << _JOB_BITS | payload.job, DATA_BITS)
    return _convolved(np.concatenate([data, _bits(_check(data), _CHECK_BITS)]))


def decode(chips: Chips) -> tuple[Payload | None, float]:
    """The likeliest payload of ``(CHIPS,)`` noisy chips, and their normalised correlation with it.

    The payload is ``None`` where the checksum or the version does not fit.
    """
    bits = _likeliest(chips)
    data = bits[:DATA_BITS]
    score = float(chips @ _convolved(bits) / (np.linalg.norm(chips) + 1e-12))
    number = int("".join(map(str, data)), 2)
    payload = Payload(number & ((1 << _JOB_BITS) - 1), number >> _JOB_BITS)
    fits = np.array_equal(bits[DATA_BITS:], _bits(_check(data), _CHECK_BITS)) and payload.version == VERSION
    return (payload if fits else None), score


def _bits(number: int, count: int) -> Bits:
    return np.array([(number >> place) & 1 for place in range(count - 1, -1, -1)], np.int64)


def _check(data: Bits) -> int:
    rest = 0
    for bit in data:
        carry = (rest >> (_CHECK_BITS - 1)) & 1 ^ int(bit)
        rest = (rest << 1) & ((1 << _CHECK_BITS) - 1) ^ (_POLYNOMIAL if carry else 0)
    return rest


@cache
def _trellis() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """``(256, 2)`` the two states that lead to each, and ``(256, 2, 3)`` what is sent on the way, as -1 or 1.

    A state is the last eight bits, the newest lowest, so the bit that leads to a state is the state's lowest.
    """
    states = np.arange(_STATES)
    before = np.stack([states >> 1, (states >> 1) | (_STATES >> 1)], 1)
    register = before << 1 | (states & 1)[:, None]
    sent = np.stack([_parity(register & generator) for generator in _GENERATORS], 2)
    return before, np.asarray(1.0 - 2.0 * sent, np.float64)


def _parity(values: NDArray[np.int64]) -> NDArray[np.int64]:
    for shift in (8, 4, 2, 1):
        values = values ^ (values >> shift)
    return values & 1


def _convolved(bits: Bits) -> Chips:
    padded = np.concatenate([bits, np.zeros(_MEMORY, np.int64)])
    register, sent = 0, []
    for bit in padded:
        register = (register << 1 | int(bit)) & ((_STATES << 1) - 1)
        sent.append([bin(register & generator).count("1") & 1 for generator in _GENERATORS])
    return np.asarray(np.repeat(1.0 - 2.0 * np.array(sent, np.float64).ravel(), _REPEAT))


def _likeliest(chips: Chips) -> Bits:
    """Viterbi's algorithm; begins and ends in the empty state."""
    before, sent = _trellis()
    heard = chips.reshape(_STEPS, len(_GENERATORS), _REPEAT).sum(2)
    metric = np.full(_STATES, -1e18)
    metric[0] = 0.0
    choices = np.empty((_STEPS, _STATES), np.int64)
    for step in range(_STEPS):
        ways = metric[before] + sent @ heard[step]
        choices[step] = ways.argmax(1)
        metric = np.take_along_axis(ways, choices[step][:, None], 1)[:, 0]
    state, bits = 0, np.empty(_STEPS, np.int64)
    for step in range(_STEPS - 1, -1, -1):
        bits[step] = state & 1
        state = int(before[state, choices[step, state]])
    return bits[: DATA_BITS + _CHECK_BITS]
