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
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import is_prime, reduce
from ..problem.allocation import Allocation
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent

if TYPE_CHECKING:
    from .given_inputs import GivenInputs

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
def draw_prime(seed: int, trial: int) -> int:
    """A prime uniform among the 268,216 between 2^22 and 2^23.

    >>> is_prime(draw_prime(0, 0))
    True
    """
    # One in 16 candidates is prime: 64 words mostly do, 4096 fail with probability below 1e-100.
    for count in (64, 4096):
        for word in words(seed, trial, "prime", count).tolist():
            candidate = LOWEST_PRIME + word % (HIGHEST_PRIME - LOWEST_PRIME)
            if is_prime(candidate):
                return candidate
    raise AssertionError("unreachable: no prime among 4096 candidates")


@dataclass(frozen=True)
class Point:
    """Weights and inputs modulo `prime`, as balanced float64 residues.

    `inputs` has shape (n_0, samples), with a last row for the constant if there are biases, or
    (steps, n_in, samples) for the recurrent kind. `samples` is the effective number m_e: once the
    samples span the inputs, an invertible map of the samples turns them into unit vectors.
    """

    prime: int
    weights: dict[str, Any]
    inputs: Any


def effective_samples(network: LinearFeedforward | LinearRecurrent, samples: int) -> int:
    """m_e, the number of samples that count: the outputs are linear in the inputs.

    min(m, n_0), with biases min(m, n_0 + 1); recurrent: min(m, n_in T) for readout `final` and
    min(m, n_in) for `all` (there x_1 alone reveals every Markov parameter).

    >>> effective_samples(LinearFeedforward([3, 4, 2]), 5)
    3
    """
    return min(samples, input_dimension(network))


def input_dimension(network: LinearFeedforward | LinearRecurrent) -> int:
    """Dimension of all that samples can show: with as many samples, unit vectors serve."""
    if isinstance(network, LinearFeedforward):
        return network.inputs + network.bias
    return network.inputs * (network.steps if network.readout == "final" else 1)


def draw_point(
    allocation: Allocation,
    samples: int,
    prime: int,
    seed: int,
    trial: int,
    xp: ModuleType,
    given: GivenInputs | None = None,
    deadline: Deadline = NEVER,
) -> Point:
    """Uniform weights (absent ones 0) and inputs modulo `prime`, arrays of the module `xp`.

    With `given` the inputs are those, and `samples` is their rank. Raises `OutOfTimeError` after
    the deadline, or before numbers so many that they would take longer.
    """
    network = allocation.network
    assert isinstance(network, (LinearFeedforward, LinearRecurrent))

    def uniform(name: str, shape: tuple[int, ...]) -> Any:
        deadline.afford(math.prod(shape) / _WORDS_PER_SECOND, f"the random numbers of {name}")
        values = words(seed, trial, name, math.prod(shape)) % np.uint64(prime)
        return reduce(xp.asarray(values.astype(np.float64).reshape(shape)), prime)

    weights = {name: uniform(name, shape) for name, shape in network.weight_shapes.items()}
    for name, mask in allocation.given_present().items():
        weights[name] = weights[name] * xp.asarray(mask)
    if given is not None:
        return Point(prime, weights, xp.asarray(given.modulo(prime)))
    n_samples = effective_samples(network, samples)
    spanning = n_samples == input_dimension(network)
    if isinstance(network, LinearFeedforward):
        if spanning:
            return Point(prime, weights, xp.eye(n_samples))
        inputs = uniform("inputs", (network.inputs, n_samples))
        if network.bias:
            inputs = xp.concatenate([inputs, xp.ones((1, n_samples))])
        return Point(prime, weights, inputs)
    shape = (network.steps, network.inputs, n_samples)
    if not spanning:
        return Point(prime, weights, uniform("inputs", shape))
    # Unit impulses: at every time for `final`, at the first step for `all`.
    impulses = xp.zeros((network.steps * network.inputs, n_samples))
    impulses[:n_samples] = xp.eye(n_samples)
    return Point(prime, weights, impulses.reshape(shape))
