"""What the laws do to a problem: more learnables, fewer samples, other orders, transposing.

Each takes a case and returns the other problem as a case, or None where it does not apply.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..problem.allocation import Allocation
from ..problem.masks import Mask
from ..problem.networks.base import Network
from ..problem.networks.kinds import network_from_dict
from ..structure.peeling import Deletion, Peeled, peel
from .base import Case


def with_more_learnables(case: Case) -> Case:
    """Some frozen weights become learnable, drawn from the seed."""
    allocation, rng = case.allocation, np.random.default_rng([case.seed, 20])
    share = rng.choice([0.1, 0.3, 0.6])
    larger = {
        name: mask | (allocation.present_mask(name) & (rng.random(mask.shape) < share))
        for name, mask in allocation.masks("learnable")
    }
    more = Allocation(allocation.network, larger, allocation.given_present())
    return replace(case, allocation=more)


def with_one_sample_less(case: Case) -> Case | None:
    """One sample is left out."""
    return replace(case, samples=case.samples - 1) if case.samples > 1 else None


def permuted(case: Case) -> Case:
    """Hidden units, inputs and outputs in orders drawn from the seed, with all their connections.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([2, 2])
    >>> masks = {permuted(Case(Allocation(net, {"W1": [[1, 0], [0, 0]]}), 1, seed))
    ...          .allocation.mask("W1").tobytes() for seed in range(20)}
    >>> len(masks)
    4
    """
    allocation, rng = case.allocation, np.random.default_rng([case.seed, 21])
    network = allocation.network
    order = {group: rng.permutation(size) for group, size in network.groups.items()}
    unrolled = network.unrolled
    for level in unrolled.levels:  # units that are added one to one have one order
        for name, source in level.terms:
            before = unrolled.levels[source].group
            if name in unrolled.multiples and {level.group, before} <= order.keys():
                order[level.group] = order[before]

    def moved(which: str) -> dict[str, Mask]:
        found = {}
        for name, mask in allocation.masks(which):
            source, target = network.ends(name)
            found[name] = mask[order[target]]
            if mask.ndim > 1:  # a bias has rows only; a dense head reads all positions of a channel
                blocks = found[name].reshape(len(mask), len(order[source]), -1)
                found[name] = blocks[:, order[source]].reshape(mask.shape)
        return found

    return replace(case, allocation=Allocation(network, moved("learnable"), moved("present")))


def transposed_problem(case: Case) -> Case | None:
    """The transposed network, where samples span the inputs (and no constant is one of them).

    >>> from theorycheck import LinearFeedforward
    >>> wide = Case(Allocation.layer(LinearFeedforward([2, 4, 3]), "W2"), samples=5)
    >>> other = transposed_problem(wide)
    >>> other.allocation.network.widths, other.allocation.counts, other.samples
    ((3, 4, 2), {'W1': 12}, 3)
    """
    network = case.allocation.network
    if network.transposed() is None or network.bias or network.reads_every_step:
        return None
    if case.samples < network.input_dimension:
        return None
    other = transposed_allocation(case.allocation)
    return replace(case, allocation=other, samples=other.network.input_dimension)


def transposed_allocation(allocation: Allocation) -> Allocation:
    """The masks of the transposed network, without asking whether the law applies."""
    transposed = allocation.network.transposed()
    assert transposed is not None
    other, names = transposed

    def turned(which: str) -> dict[str, Mask]:
        return {names[name]: mask.T for name, mask in allocation.masks(which) if name in names}

    return Allocation(other, turned("learnable"), turned("present"))


def peel_all(case: Case) -> Peeled:
    """What the product's peeling leaves; no step where it does not apply."""
    if not _can_be_peeled(case.allocation):
        return Peeled(case.allocation, case.samples, ())
    return peel(case.allocation, case.samples)


def peel_row(case: Case) -> Peeled:
    """One output less: the first whose row of the last layer has learnables enough (T9).

    These are m_e, or as many as the least hidden width, if that is smaller than m_e and d.

    >>> from theorycheck import LinearFeedforward
    >>> square = Allocation(LinearFeedforward([2, 2, 2]), {"W2": [[1, 0], [1, 1]]})
    >>> peel_row(Case(square, 2)).allocation.counts
    {'W2': 1}
    """
    allocation, m = case.allocation, case.samples
    if not _can_be_peeled(allocation):
        return Peeled(allocation, m, ())
    network = allocation.network
    most, last = min(m, network.inputs), network.weight_layers[-1][0]
    needed = min([most, *network.widths[1:-1]])
    rows = np.flatnonzero(allocation.mask(last).sum(axis=1) >= needed)
    if not len(rows) or (needed < most and network.outputs <= needed):
        return Peeled(allocation, m, ())
    steps = (Deletion("row", int(rows[0])),)
    if network.outputs == 1:
        return Peeled(None, m, steps)
    masks = dict(allocation.masks("learnable"))
    masks[last] = np.delete(masks[last], rows[0], axis=0)
    rest = _with_widths(network, [*network.widths[:-1], network.outputs - 1])
    return Peeled(Allocation(rest, masks), m, steps)


def peel_column(case: Case) -> Peeled:
    """One input and one sample less: the first input whose column has learnables enough (T9).

    These are d, or as many as the least hidden width, if that is smaller than d and m_e.

    >>> from theorycheck import LinearFeedforward
    >>> square = Allocation(LinearFeedforward([2, 2, 2]), {"W1": [[0, 1], [1, 1]]})
    >>> peeled = peel_column(Case(square, 5))
    >>> peeled.allocation.network.widths, peeled.samples
    ((1, 2, 2), 1)
    """
    allocation, m = case.allocation, case.samples
    if not _can_be_peeled(allocation):
        return Peeled(allocation, m, ())
    network = allocation.network
    d, samples = network.outputs, min(m, network.inputs)
    first = network.weight_layers[0][0]
    needed = min([d, *network.widths[1:-1]])
    columns = np.flatnonzero(allocation.mask(first).sum(axis=0) >= needed)
    if not len(columns) or (needed < d and samples <= needed):
        return Peeled(allocation, m, ())
    steps = (Deletion("column", int(columns[0])),)
    if samples == 1:
        return Peeled(None, 0, steps)
    masks = dict(allocation.masks("learnable"))
    masks[first] = np.delete(masks[first], columns[0], axis=1)
    rest = _with_widths(network, [network.inputs - 1, *network.widths[1:]])
    return Peeled(Allocation(rest, masks), samples - 1, steps)


def _can_be_peeled(allocation: Allocation) -> bool:
    network = allocation.network
    is_layers = network.is_linear and network.is_layered
    return is_layers and not network.bias and allocation.is_dense


def _with_widths(network: Network, widths: list[int]) -> Network:
    return network_from_dict({**network.to_dict(), "widths": widths})
