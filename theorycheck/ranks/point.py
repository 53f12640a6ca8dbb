"""Random primes and points modulo a prime, from a seed by a rule that anyone can repeat.

The values of array `name` in trial t of seed s are the words of 8 bytes, little-endian, of
SHAKE-256("theorycheck/s/t/name"), modulo the prime. No library's generator is involved, so a
certificate that records seed and trial can be checked in any language, in any year.
"""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..errors import InputError
from ..field.arithmetic import is_prime, reduce
from ..problem.allocation import Allocation
from .given_weights import GivenWeights

LOWEST_PRIME = 2**22
_WORDS_PER_SECOND = 3e7  # of SHAKE-256, which no one can interrupt
HIGHEST_PRIME = 2**23  # products of two balanced residues sum exactly in float64, 512 at a time


def words(seed: int, trial: int, name: str, count: int) -> NDArray[np.uint64]:
    """The first `count` words of the stream (seed, trial, name), uniform on 0..2^64-1.

    >>> words(0, 0, "W1", 2).shape
    (2,)
    """
    stream = hashlib.shake_256(f"theorycheck/{seed}/{trial}/{name}".encode())
    return np.frombuffer(stream.digest(8 * count), dtype="<u8")


@functools.lru_cache(maxsize=1024)  # many ranks of one seed draw the same few primes
def draw_prime(seed: int, trial: int, name: str = "prime", remainder: int | None = None) -> int:
    """A prime uniform among the 268,216 between 2^22 and 2^23, from the stream `name`.

    With a `remainder` it is uniform among those that leave it when divided by 4: 134,241 leave 3.

    >>> is_prime(draw_prime(0, 0)), draw_prime(0, 0, remainder=3) % 4
    (True, 3)
    """
    # One in 16 candidates is prime: 64 words mostly do, 4096 fail with probability below 1e-50.
    for count in (64, 4096):
        for word in words(seed, trial, name, count).tolist():
            candidate = LOWEST_PRIME + word % (HIGHEST_PRIME - LOWEST_PRIME)
            if remainder in (None, candidate % 4) and is_prime(candidate):
                return candidate
    raise AssertionError("unreachable: no prime among 4096 candidates")


def residues(
    seed: int,
    trial: int,
    name: str,
    shape: tuple[int, ...],
    prime: int,
    deadline: Deadline = NEVER,
    least: int = 0,
) -> NDArray[np.float64]:
    """Balanced residues of the stream `name`, of this shape; not after the deadline.

    They are uniform on `least`, ..., prime - 1.
    """
    count = math.prod(shape)
    deadline.afford(count / _WORDS_PER_SECOND, f"the random numbers of {name}")
    values = (words(seed, trial, name, count) % np.uint64(prime - least)).astype(np.float64) + least
    return reduce(values.reshape(shape), prime, out=values.reshape(shape))


@dataclass(frozen=True)
class Point:
    """Weights and inputs modulo `prime`, as balanced float64 residues.

    `inputs` has the network's `input_shape` for m_e, the effective number of samples: once these
    span the inputs, an invertible map of the samples turns them into unit vectors.
    """

    prime: int
    weights: dict[str, Array]
    inputs: Array


def draw_point(
    allocation: Allocation,
    samples: int,
    prime: int,
    seed: int,
    trial: int,
    xp: ModuleType,
    given: NDArray[np.float64] | None = None,
    deadline: Deadline = NEVER,
    frozen: GivenWeights | None = None,
) -> Point:
    """Uniform weights (absent ones 0) and inputs modulo `prime`, arrays of the module `xp`.

    With `given`, balanced residues of the network's input shape, the inputs are those; `frozen`
    weights that are given have their own residues. Raises
    `InputError` for networks that are not linear, `OutOfTimeError` after the deadline, or before
    numbers so many that they would take longer.
    """
    network = allocation.network
    if not network.is_linear:
        raise InputError(f"points modulo a prime are those of linear networks, not {network.title}")

    def uniform(name: str, shape: tuple[int, ...]) -> Array:
        drawn = residues(seed, trial, name, shape, prime, deadline)
        return xp.asarray(drawn if frozen is None else frozen.put_into(name, drawn, prime))

    weights = {name: uniform(name, shape) for name, shape in network.weight_shapes.items()}
    for name, mask in allocation.given_present().items():
        weights[name] = weights[name] * xp.asarray(mask)
    if given is not None:
        return Point(prime, weights, xp.asarray(given))
    n_samples = network.effective_samples(samples)
    shape = network.input_shape(n_samples)
    n_rows, n_drawn = math.prod(shape[:-1]), network.steps * network.inputs
    if n_samples == network.input_dimension:
        inputs = xp.zeros((n_rows, n_samples))
        inputs[:n_samples] = xp.eye(n_samples)
    else:
        constant = xp.ones((n_rows - n_drawn, n_samples))
        inputs = xp.concatenate([uniform("inputs", (n_drawn, n_samples)), constant])
    return Point(prime, weights, inputs.reshape(shape))
