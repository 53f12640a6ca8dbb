"""Allocations and problems: at random, at the critical budget, lines, sparse, narrow, recurrent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import assume, reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..problem.allocation import Allocation
from ..problem.files import Problem
from ..problem.masks import Mask
from ..problem.networks.base import Network
from ..ranks.target_dimension import target_dimension
from .masks import (
    chosen,
    drawn_mask,
    layers,
    learnable_masks,
    present_mask,
    present_masks,
    with_budget,
)
from .networks import bottleneck_networks, linear_networks, recurrent_networks, samples
from .networks import networks as all_networks


@st.composite
def allocations(
    draw: st.DrawFn, networks: SearchStrategy[Network] | None = None, dense: bool = False
) -> Allocation:
    """Any allocation: some weights frozen as a whole, of the others few to all entries learnable.

    `networks` are those of `networks()` unless given; with `dense` no connection is absent.

    >>> from theorycheck.strategies import smallest
    >>> found = smallest(allocations(), lambda allocation: allocation.n_learnable >= 1)
    >>> found.network, found.n_learnable
    (LinearFeedforward(widths=(1, 1), bias=False), 1)
    """
    network = draw(all_networks() if networks is None else networks)
    empty = Allocation.none(network, None if dense else draw(present_masks(network)))
    return Allocation(network, learnable_masks(draw, empty), empty.given_present())


@st.composite
def random_problems(
    draw: st.DrawFn, networks: SearchStrategy[Network] | None = None, dense: bool = False
) -> Problem:
    """Any allocation of linear networks (or of `networks`) on 1 to 6 samples."""
    chosen_networks = linear_networks() if networks is None else networks
    return Problem(draw(allocations(chosen_networks, dense)), draw(samples()))


@st.composite
def critical_problems(
    draw: st.DrawFn,
    networks: SearchStrategy[Network] | None = None,
    over: Sequence[int] = (-1, 0, 1),
    dense: bool = False,
) -> Problem:
    """As many learnables as the target dimension D(m), or `over` more (one of these numbers).

    Analytic networks only. Networks in which no such number of learnables exists are rejected.

    >>> from theorycheck.strategies import smallest
    >>> found = smallest(critical_problems(over=(0,)), lambda problem: problem.samples > 1)
    >>> found.allocation.n_learnable
    1
    """
    network = draw(linear_networks() if networks is None else networks)
    empty = Allocation.none(network, None if dense else draw(present_masks(network)))
    m = draw(samples())
    return Problem(critical(draw, empty, m, over), m)


def critical(draw: st.DrawFn, empty: Allocation, m: int, over: Sequence[int]) -> Allocation:
    """A budget of D(m) + one of `over` among the present weights of `empty`."""
    target = target_dimension(empty, m).value
    possible = [extra for extra in over if 0 <= target + extra <= empty.n_present]
    if not possible:
        reject()
    return with_budget(draw, empty, target + draw(st.sampled_from(possible)))


@st.composite
def rows_problems(draw: st.DrawFn, networks: SearchStrategy[Network] | None = None) -> Problem:
    """Whole rows of one or more layers, a bias with its row; all other weights frozen."""
    return _lines(draw, networks, rows=True, columns=False)


@st.composite
def columns_problems(draw: st.DrawFn, networks: SearchStrategy[Network] | None = None) -> Problem:
    """Whole columns of one or more layers, biases being one more column; the others frozen."""
    return _lines(draw, networks, rows=False, columns=True)


@st.composite
def crosses_problems(draw: st.DrawFn, networks: SearchStrategy[Network] | None = None) -> Problem:
    """One row and one column of one layer, the bias being one more column; the others frozen."""
    network = draw(linear_networks() if networks is None else networks)
    layer = draw(st.sampled_from(layers(network)))
    mask = np.zeros(layer.shape, dtype=bool)
    mask[draw(st.integers(0, layer.shape[0] - 1))] = True
    mask[:, draw(st.integers(0, layer.shape[1] - 1))] = True
    return Problem(Allocation(network, layer.masks(mask)), draw(samples()))


def _lines(
    draw: st.DrawFn, networks: SearchStrategy[Network] | None, rows: bool, columns: bool
) -> Problem:
    """Whole lines of some layers, at least one line."""
    network = draw(linear_networks() if networks is None else networks)
    every = layers(network)
    masks: dict[str, Mask] = {}
    for layer in chosen(draw, every, draw(st.integers(1, len(every)))):
        mask = np.zeros(layer.shape, dtype=bool)
        if rows:
            mask[_some(draw, layer.shape[0])] = True
        if columns:
            mask[:, _some(draw, layer.shape[1])] = True
        masks |= layer.masks(mask)
    return Problem(Allocation(network, masks), draw(samples()))


def _some(draw: st.DrawFn, size: int) -> list[int]:
    """One or more of the indices below `size`."""
    return chosen(draw, range(size), draw(st.integers(1, size)))


@st.composite
def sparse_problems(draw: st.DrawFn, networks: SearchStrategy[Network] | None = None) -> Problem:
    """Networks with at least one absent connection; half of them near the critical budget.

    Networks that are not analytic have no target dimension; their allocations are random.

    >>> from theorycheck.strategies import smallest
    >>> found = smallest(sparse_problems(), lambda problem: True)
    >>> found.allocation.n_present, found.allocation.network.n_weights
    (0, 1)
    """
    network = draw(linear_networks() if networks is None else networks)
    present = {name: np.ones(shape, dtype=bool) for name, shape in network.weight_shapes.items()}
    if draw(st.booleans()):
        present = {name: present_mask(draw, mask.shape) for name, mask in present.items()}
    absent = present[draw(st.sampled_from(list(present)))]
    absent.flat[draw(st.integers(0, absent.size - 1))] = False
    empty = Allocation.none(network, present)
    m = draw(samples())
    if network.is_analytic and draw(st.booleans()):
        return Problem(critical(draw, empty, m, (0, 1, -1)), m)
    return Problem(Allocation(network, learnable_masks(draw, empty), present), m)


@st.composite
def bottleneck_problems(
    draw: st.DrawFn, networks: SearchStrategy[Network] | None = None
) -> Problem:
    """A hidden width below d and m_e limits the rank of the outputs; near the critical budget.

    Other networks among those given are rejected.
    """
    network = draw(bottleneck_networks() if networks is None else networks)
    assume(_narrowest(network) < network.outputs)
    least = _narrowest(network) + 1 + network.bias
    m = draw(st.integers(least, max(least, 6)))
    assume(network.effective_samples(m) >= least)
    return Problem(_near_critical(draw, Allocation.none(network), m), m)


def _narrowest(network: Network) -> int:
    """The smallest hidden width."""
    return min(network.widths[1:-1], default=max(network.widths))


@st.composite
def recurrent_problems(draw: st.DrawFn, networks: SearchStrategy[Network] | None = None) -> Problem:
    """Learnables in input, recurrent or readout weights only, or in all; often near critical.

    >>> from theorycheck.strategies import smallest
    >>> found = smallest(recurrent_problems(), lambda one: one.allocation.mask("readout").any())
    >>> found.allocation.counts
    {'readout': 1}
    """
    network = draw(recurrent_networks() if networks is None else networks)
    where = draw(st.sampled_from([*network.weight_shapes, "all"]))
    empty, m = Allocation.none(network), draw(samples())
    if where == "all":
        return Problem(_near_critical(draw, empty, m), m)
    shape = network.weight_shapes[where]
    if draw(st.booleans()):
        return Problem(Allocation(network, {where: drawn_mask(draw, shape)}), m)
    budget = target_dimension(empty, m).value + draw(st.sampled_from([0, 1, -1]))
    mask = np.zeros(shape, dtype=bool)
    mask.flat[chosen(draw, range(mask.size), budget)] = True
    return Problem(Allocation(network, {where: mask}), m)


def _near_critical(draw: st.DrawFn, empty: Allocation, m: int) -> Allocation:
    """Mostly about as many learnables as the target dimension, else any."""
    if draw(st.integers(0, 3)) < 3:
        return critical(draw, empty, m, (0, 1, -1))
    return Allocation(empty.network, learnable_masks(draw, empty), empty.given_present())
