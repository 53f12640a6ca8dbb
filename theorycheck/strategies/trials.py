"""Draws of teachers, students and inputs: the numbers behind one trial of a match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from ..measurement.trials import Source
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.base import Network
from ..problem.networks.matrices import matrices_of
from ..problem.networks.unrolled import Level, forward
from .networks import seeds

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Draw:
    """One teacher, the frozen weights of one student, and the inputs, all from one `seed`.

    `teacher` and `student` map weight names to arrays; absent weights are 0, and so are the
    learnable ones of the student. `inputs` has shape (m, n_0), recurrent (m, T, n_in).
    """

    seed: int
    teacher: dict[str, Array]
    student: dict[str, Array]
    inputs: Array


@st.composite
def draws(draw: st.DrawFn, allocation: Allocation, samples: int, law: str = "normal") -> Draw:
    """Independent weights and inputs; `law` is `normal`, or `uniform` of the same variance.

    They shrink towards seed 0: the numbers themselves are not made simpler.

    >>> from theorycheck.strategies import smallest
    >>> from theorycheck import LinearFeedforward
    >>> row = Allocation.rows(LinearFeedforward([2, 2]), {"W1": [0]})
    >>> found = smallest(draws(row, 3), lambda one: True)
    >>> found.inputs.shape, found.student["W1"][0].tolist()
    ((3, 2), [0.0, 0.0])
    """
    return drawn(allocation, samples, draw(seeds()), law)


def drawn(allocation: Allocation, samples: int, seed: int, law: str = "normal") -> Draw:
    """The draw of one seed."""
    source, rng = Source(allocation, samples, law), np.random.default_rng(seed)
    teacher = {name: value[0] for name, value in source.weights(rng, 1).items()}
    student = {
        name: np.where(allocation.mask(name), 0.0, value[0])
        for name, value in source.weights(rng, 1).items()
    }
    return Draw(seed, teacher, student, np.moveaxis(source.inputs(rng, 1)[0], -1, 0))


def outputs(network: Network, weights: dict[str, Array], inputs: Array) -> Array:
    """What a network answers: (m, d), with readout `all` (m, T, d); not finite on overflow.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([2, 1])
    >>> outputs(network, {"W1": np.array([[1.0, 2.0]])}, np.array([[1.0, 1.0], [0.0, 3.0]]))
    array([[3.],
           [6.]])
    """

    def combine(level: Level, terms: list[tuple[str, Array]]) -> Array:
        parts = (matrices[name] @ value for name, value in terms)
        total = sum(parts, np.zeros((level.size, m)))
        return ACTIVATIONS[level.activation].value(total, np)

    unrolled, m = network.unrolled, len(inputs)
    matrices = matrices_of(unrolled, weights, lambda factor, size: float(factor) * np.eye(size))
    rows = np.moveaxis(inputs, 0, -1).reshape(-1, m)
    with np.errstate(all="ignore"):
        levels = forward(unrolled, unrolled.split(np.vstack([rows, np.ones((1, m))])), combine)
    read = [np.moveaxis(levels[number], -1, 0) for number in network.unrolled.read]
    return np.stack(read, axis=1) if network.reads_every_step else read[0]
