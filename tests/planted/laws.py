"""Wrong laws: what may be added, left out, moved or peeled off (T0, T8, T9)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theorycheck.problem.allocation import Allocation
from theorycheck.problem.masks import entries_of
from theorycheck.problem.networks.kinds import network_from_dict
from theorycheck.strategies import critical_problems, feedforward_networks, sparse_problems
from theorycheck.structure.peeling import Deletion, Peeled
from theorycheck.verification import domains
from theorycheck.verification.base import Case
from theorycheck.verification.laws import monotone, peeled, symmetric, transposed
from theorycheck.verification.transformations import transposed_allocation, with_one_sample_less

from .base import Planted
from .domains import cases_of, last_of_three


def with_one_sample_more(case: Case) -> Case:
    """Right: more samples are more equations."""
    return replace(case, samples=case.samples + 1)


def with_one_learnable_less(case: Case) -> Case | None:
    """Right: more learnables never hurt, fewer may."""
    allocation = case.allocation
    entries = entries_of(dict(allocation.masks("learnable")))
    if len(entries) < 2:
        return None
    name, index = entries[int(np.random.default_rng(case.seed).integers(len(entries)))]
    masks = {name: mask.copy() for name, mask in allocation.masks("learnable")}
    masks[name][index] = False
    return replace(case, allocation=_with(allocation, masks))


def with_one_moved(case: Case) -> Case | None:
    """Right: a count of learnables per layer does not fix the rank."""
    allocation, rng = case.allocation, np.random.default_rng(case.seed)
    masks = {name: mask.copy() for name, mask in allocation.masks("learnable")}
    movable = [name for name, mask in masks.items() if mask.any() and not mask.all()]
    if not movable or not allocation.is_dense:
        return None
    mask = masks[movable[int(rng.integers(len(movable)))]]
    mask.flat[rng.choice(np.flatnonzero(mask))] = False
    mask.flat[rng.choice(np.flatnonzero(~mask))] = True
    return replace(case, allocation=_with(allocation, masks))


def transposed_always(case: Case) -> Case | None:
    """Right: the samples have to span the inputs."""
    network = case.allocation.network
    if network.is_recurrent or network.bias or network.transposed() is None:
        return None
    other = transposed_allocation(case.allocation)
    return replace(case, allocation=other, samples=case.allocation.network.outputs)


def one_matrix_permuted(case: Case) -> Case | None:
    """Right: a unit moves with all its connections, not only those of one weight matrix."""
    allocation, rng = case.allocation, np.random.default_rng(case.seed)
    network = allocation.network
    if not allocation.n_learnable:
        return None
    name = str(rng.choice(list(network.weight_shapes)))
    order = rng.permutation(network.weight_shapes[name][0])
    learnable, present = (
        {key: mask[order] if key == name else mask for key, mask in allocation.masks(which)}
        for which in ("learnable", "present")
    )
    return replace(case, allocation=Allocation(network, learnable, present))


def _with(allocation: Allocation, masks: dict[str, np.ndarray]) -> Allocation:
    return Allocation(allocation.network, masks, allocation.given_present())


def row_with_too_few(case: Case) -> Peeled:
    """Right: the row needs m_e learnables."""
    return _without_row(case, lacking=1, needs_width=True)


def row_behind_a_bottleneck(case: Case) -> Peeled:
    """Right: all hidden widths have to be m_e or more."""
    return _without_row(case, lacking=0, needs_width=False)


def row_with_too_few_at_a_bottleneck(case: Case) -> Peeled:
    """Right: the row needs as many learnables as the bottleneck has units."""
    return _without_row_at_a_bottleneck(case, lacking=1, spare=True)


def row_that_others_need(case: Case) -> Peeled:
    """Right: as many other rows have to be left."""
    return _without_row_at_a_bottleneck(case, lacking=0, spare=False)


def column_without_sample(case: Case) -> Peeled:
    """Right: one sample goes with the column."""
    return _without_column(case, lacking=0, fewer_samples=0)


def column_with_too_few(case: Case) -> Peeled:
    """Right: the column needs d learnables."""
    return _without_column(case, lacking=1, fewer_samples=1)


def _without_row(case: Case, *, lacking: int, needs_width: bool) -> Peeled:
    network, nothing = case.allocation.network, Peeled(case.allocation, case.samples, ())
    if not _can_be_peeled(case):
        return nothing
    m, last = network.effective_samples(case.samples), network.weight_layers[-1][0]
    counts, needed = case.allocation.mask(last).sum(axis=1), max(m - lacking, 1)
    is_wide = min(network.widths[1:-1], default=m) >= m
    if counts.max() < needed or (needs_width and not is_wide):
        return nothing
    row = int(np.argmax(counts >= needed))
    kept = [i for i in range(network.outputs) if i != row]
    return _left(case, last, kept, 0, m, Deletion("row", row))


def _without_row_at_a_bottleneck(case: Case, *, lacking: int, spare: bool) -> Peeled:
    network, nothing = case.allocation.network, Peeled(case.allocation, case.samples, ())
    if not _can_be_peeled(case):
        return nothing
    m, last = network.effective_samples(case.samples), network.weight_layers[-1][0]
    narrowest = min(network.widths[1:-1], default=m)
    counts, needed = case.allocation.mask(last).sum(axis=1), max(narrowest - lacking, 1)
    if narrowest >= m or counts.max() < needed or (spare and network.outputs <= narrowest):
        return nothing
    row = int(np.argmax(counts >= needed))
    kept = [i for i in range(network.outputs) if i != row]
    return _left(case, last, kept, 0, m, Deletion("row", row))


def _without_column(case: Case, *, lacking: int, fewer_samples: int) -> Peeled:
    network, nothing = case.allocation.network, Peeled(case.allocation, case.samples, ())
    if not _can_be_peeled(case):
        return nothing
    d, counts = network.outputs, case.allocation.mask("W1").sum(axis=0)
    needed = max(d - lacking, 1)
    if counts.max() < needed or min(network.widths[1:-1], default=d) < d:
        return nothing
    column = int(np.argmax(counts >= needed))
    kept = [j for j in range(network.inputs) if j != column]
    m = network.effective_samples(case.samples) - fewer_samples
    return _left(case, "W1", kept, 1, m, Deletion("column", column))


def _can_be_peeled(case: Case) -> bool:
    network = case.allocation.network
    is_right = network.is_linear and network.is_layered and not network.bias
    return is_right and case.allocation.is_dense


def _left(case: Case, name: str, kept: list[int], axis: int, m: int, step: Deletion) -> Peeled:
    """The problem with the `kept` lines of one layer, None if no equation is left."""
    if not kept or not m:
        return Peeled(None, m, (step,))
    network = case.allocation.network
    widths = list(network.widths)
    widths[-1 if axis == 0 else 0] = len(kept)
    masks = {key: case.allocation.mask(key) for key in network.weight_shapes}
    masks[name] = masks[name].take(kept, axis=axis)
    return Peeled(
        Allocation(network_from_dict({**network.to_dict(), "widths": widths}), masks), m, (step,)
    )


_ONE_MATRIX = cases_of(sparse_problems)
_LAST = cases_of(last_of_three)
_CRITICAL = cases_of(critical_problems, networks=feedforward_networks(bias=False), over=(0,))

LAWS = {
    "more samples never hurt": Planted(
        monotone("T0", "one sample more", with_one_sample_more),
        right=monotone("T0", "one sample less", with_one_sample_less),
    ),
    "a sub-allocation of a maximal allocation is maximal": Planted(
        monotone("T0", "one learnable less", with_one_learnable_less), right=monotone()
    ),
    "the number of learnables per layer decides": Planted(
        symmetric("T8", "one learnable moved within its layer", with_one_moved), right=symmetric()
    ),
    "transposing keeps the rank whatever m": Planted(
        transposed(transposed_always, _CRITICAL), right=transposed(cases=_CRITICAL)
    ),
    "the rows of one weight matrix can be permuted alone": Planted(
        symmetric("T8", "rows of one matrix permuted", one_matrix_permuted, _ONE_MATRIX),
        right=symmetric(cases=_ONE_MATRIX),
    ),
    "an output with m_e - 1 learnables can be peeled off": Planted(
        peeled(row_with_too_few, domains.peelable), right=peeled(cases=domains.peelable)
    ),
    "an output can be peeled off behind a bottleneck": Planted(
        peeled(row_behind_a_bottleneck, _LAST), right=peeled(cases=_LAST)
    ),
    "at a bottleneck of b units an output with b - 1 learnables can be peeled off": Planted(
        peeled(row_with_too_few_at_a_bottleneck, domains.narrow),
        right=peeled(cases=domains.narrow, what="peeling at a bottleneck"),
    ),
    "at a bottleneck of b units the last b outputs can be peeled off": Planted(
        peeled(row_that_others_need, domains.narrow),
        right=peeled(cases=domains.narrow, what="peeling at a bottleneck"),
    ),
    "an input with d - 1 learnables can be peeled off": Planted(
        peeled(column_with_too_few, domains.peelable), right=peeled(cases=domains.peelable)
    ),
    "an input can be peeled off without its sample": Planted(
        peeled(column_without_sample, domains.peelable), right=peeled(cases=domains.peelable)
    ),
}
