"""Networks of a special form: a narrow hidden layer, and recurrence."""

from __future__ import annotations

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..problem.allocation import Allocation
from ..problem.files import Problem
from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from ..ranks.point import effective_samples
from ..ranks.target_dimension import target_dimension
from .allocations import critical
from .masks import chosen, drawn_mask, learnable_masks
from .networks import recurrent_networks, samples


@st.composite
def bottleneck_networks(draw: st.DrawFn, max_hidden: int = 2) -> LinearFeedforward:
    """Feed-forward networks with a hidden width below their numbers of inputs and of outputs.

    >>> from theorycheck.strategies import smallest
    >>> smallest(bottleneck_networks(), lambda network: True)
    LinearFeedforward(widths=(2, 1, 2), bias=False)
    """
    narrow = draw(st.integers(1, max_hidden))
    ends = [draw(st.integers(narrow + 1, narrow + 2)) for _ in range(2)]
    widths = [ends[0], narrow, ends[1]]
    if draw(st.booleans()):
        widths.insert(draw(st.integers(1, 2)), draw(st.integers(1, narrow + 2)))
    return LinearFeedforward(widths, bias=draw(st.booleans()))


@st.composite
def bottleneck_problems(
    draw: st.DrawFn, networks: SearchStrategy[Network] | None = None
) -> Problem:
    """A hidden width below d and m_e limits the rank of the outputs; near the critical budget.

    Other networks among those given are rejected.
    """
    network = draw(bottleneck_networks() if networks is None else networks)
    assume(_narrowest(network) < network.outputs)
    least = _narrowest(network) + 1 + (not isinstance(network, LinearRecurrent) and network.bias)
    m = draw(st.integers(least, max(least, 6)))
    assume(effective_samples(network, m) >= least)  # type: ignore[arg-type]
    return Problem(_near_critical(draw, Allocation.none(network), m), m)


def _narrowest(network: Network) -> int:
    """The smallest hidden width."""
    if isinstance(network, LinearRecurrent):
        return network.hidden
    return min(network.widths[1:-1], default=max(network.widths))


@st.composite
def recurrent_problems(
    draw: st.DrawFn, networks: SearchStrategy[LinearRecurrent] | None = None
) -> Problem:
    """Learnables in input, recurrent or readout weights only, or in all; often near critical.

    >>> from theorycheck.strategies import smallest
    >>> found = smallest(recurrent_problems(), lambda one: one.allocation.mask("readout").any())
    >>> found.allocation.counts
    {'readout': 1}
    """
    network = draw(recurrent_networks() if networks is None else networks)
    where = draw(st.sampled_from([*network.weight_shapes, "all"]))
    frame, m = Allocation.none(network), draw(samples())
    if where == "all":
        return Problem(_near_critical(draw, frame, m), m)
    shape = network.weight_shapes[where]
    if draw(st.booleans()):
        return Problem(Allocation(network, {where: drawn_mask(draw, shape)}), m)
    budget = target_dimension(frame, m).value + draw(st.sampled_from([0, 1, -1]))
    mask = np.zeros(shape, dtype=bool)
    mask.flat[chosen(draw, range(mask.size), budget)] = True
    return Problem(Allocation(network, {where: mask}), m)


def _near_critical(draw: st.DrawFn, frame: Allocation, m: int) -> Allocation:
    """Mostly about as many learnables as the target dimension, else any."""
    if draw(st.integers(0, 3)) < 3:
        return critical(draw, frame, m, (0, 1, -1))
    return Allocation(frame.network, learnable_masks(draw, frame), frame.given_present())
