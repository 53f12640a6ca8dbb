"""Draws of teachers, students and inputs: the numbers behind one trial of a match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from ..measurement.trials import Source
from ..numeric.forward import ForwardPass
from ..problem.allocation import Allocation
from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward, ShallowReLU
from ..problem.networks.recurrent import LinearRecurrent
from .networks import seeds

Array = NDArray[np.float64]


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
    """What a network answers: (m, d), with readout `all` (m, T, d).

    >>> network = LinearFeedforward([2, 1])
    >>> outputs(network, {"W1": np.array([[1.0, 2.0]])}, np.array([[1.0, 1.0], [0.0, 3.0]]))
    array([[3.],
           [6.]])
    """
    m, d = len(inputs), network.outputs
    if isinstance(network, ShallowReLU):
        hidden = np.maximum(inputs @ weights["W1"].T + weights.get("b1", 0.0), 0.0)
        return hidden @ weights["W2"].T + weights.get("b2", 0.0)
    batch = {name: value[None] for name, value in weights.items()}
    columns = np.moveaxis(inputs, 0, -1)[None]
    if isinstance(network, LinearFeedforward) and network.bias:
        columns = np.concatenate([columns, np.ones((1, 1, m))], axis=1)
    every = isinstance(network, LinearRecurrent) and network.readout == "all"
    times = network.steps if every else 1  # type: ignore[union-attr]
    values = ForwardPass(network, m, (), range(times * d * m)).values(batch, columns)
    result = np.moveaxis(values.reshape(times, d, m), -1, 0)
    return result if every else result[:, 0]
