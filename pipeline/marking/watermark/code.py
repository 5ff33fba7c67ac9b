"""From a payload to chips and back: a checksum, and a convolutional code that is read by soft decision.

The code has constraint length 9 and the generators 557, 663, 711 (octal), the best of rate 1/3 (Larsen, *Short
convolutional codes with maximal free distance*, 1973); each of its bits is sent three times.
"""

from __future__ import annotations

from collections.abc import Iterator
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
READINGS = 2.0**_JOB_BITS
"""Payloads that can be read: one for each job, all of this version."""
_STEPS = DATA_BITS + _CHECK_BITS + _MEMORY
CHIPS = _STEPS * len(_GENERATORS) * _REPEAT
_POLYNOMIAL = 0x80F
"""Of CRC-12."""
_LIST = 16
"""Likeliest messages that are tried against the checksum where the very likeliest does not fit."""
_NEVER = -1e18


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

    The payload is ``None`` where the checksum does not fit. The version is known beforehand.
    """
    best = 0.0
    for count in (1, _LIST):
        for bits in _likeliest(chips, count):
            data = bits[:DATA_BITS]
            score = float(chips @ _convolved(bits) / (np.linalg.norm(chips) + 1e-12))
            best = max(best, score)
            if np.array_equal(bits[DATA_BITS:], _bits(_check(data), _CHECK_BITS)):
                number = int("".join(map(str, data)), 2)
                return Payload(number & ((1 << _JOB_BITS) - 1), number >> _JOB_BITS), score
    return None, best


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


def _likeliest(chips: Chips, count: int) -> Iterator[Bits]:
    """The `count` likeliest messages, the likeliest first: Viterbi's algorithm for lists (Seshadri and Sundberg, *List
    Viterbi decoding algorithms with applications*, 1994). Begins and ends in the empty state, and passes through the
    bits of the version."""
    before, sent = _trellis()
    heard = chips.reshape(_STEPS, len(_GENERATORS), _REPEAT).sum(2)
    metric = np.full((_STATES, count), _NEVER)
    metric[0, 0] = 0.0
    choices = np.empty((_STEPS, _STATES, count), np.int64)
    for step in range(_STEPS):
        ways = (metric[before] + (sent @ heard[step])[:, :, None]).reshape(_STATES, 2 * count)
        choices[step] = np.argsort(-ways, 1, kind="stable")[:, :count]
        metric = np.take_along_axis(ways, choices[step], 1)
        if step < _VERSION_BITS:
            metric[(np.arange(_STATES) & 1) != (VERSION >> (_VERSION_BITS - 1 - step)) & 1] = _NEVER
    for rank in range(count):
        if metric[0, rank] > _NEVER / 2:
            yield _traced(choices, rank)


def _traced(choices: NDArray[np.int64], rank: int) -> Bits:
    """The message whose path ends as the one of this rank in the empty state."""
    before, count = _trellis()[0], choices.shape[2]
    state, bits = 0, np.empty(_STEPS, np.int64)
    for step in range(_STEPS - 1, -1, -1):
        bits[step] = state & 1
        way, rank = divmod(int(choices[step, state, rank]), count)
        state = int(before[state, way])
    return bits[: DATA_BITS + _CHECK_BITS]
