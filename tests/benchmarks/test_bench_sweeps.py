"""Speed of decisions about many masks at once, next to a loop over python-flint."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from flint import nmod_mat

from tests.benchmarks.convention import Reference, measure, note
from theorycheck import LinearFeedforward
from theorycheck.proofs.shared.exhaustive import all_masks
from theorycheck.ranks.jacobian import Jacobian
from theorycheck.ranks.point import draw_point, draw_prime
from theorycheck.sweeps.batch.classify import Batch, BatchDecisions
from theorycheck.sweeps.batch.conflicts import has_conflict
from theorycheck.sweeps.mask_space import Masks, MaskSpace

pytestmark = pytest.mark.benchmark(group="Sweeps")

NAME = "python-flint, loop over nmod_mat.rank of one trial, conversion included"


def batch_of(*widths: int) -> Batch:
    """Dense networks without biases, on as many samples as inputs."""
    network = LinearFeedforward(widths)
    return Batch(MaskSpace(network, tuple(network.weight_shapes)), widths[0])


def gathered(batch: Batch, masks: Masks) -> tuple[np.ndarray, int]:
    """The transposed Jacobians of masks of one budget in the first trial, and its prime."""
    empty = batch.space.empty
    prime = draw_prime(batch.seed, 0)
    source = Jacobian(empty.network, draw_point(empty, batch.samples, prime, batch.seed, 0, np), np)
    columns = [
        source.columns(name, np.argwhere(np.ones(shape, dtype=bool)))
        for name, shape in batch.space.network.weight_shapes.items()
    ]
    chosen = np.nonzero(masks)[1].reshape(len(masks), -1)
    return np.concatenate(columns, axis=1).T[chosen].astype(np.int64), prime


def flint_ranks(matrices: np.ndarray, prime: int) -> list[int]:
    rows, columns = matrices.shape[1:]
    entries = matrices.reshape(len(matrices), -1).tolist()
    return [nmod_mat(rows, columns, each, prime).rank() for each in entries]


def note_rate(benchmark: Any, count: int, more: str = "") -> None:
    """Tell the allocations a second."""
    if not benchmark.disabled:
        rate = count / benchmark.stats.stats.median
        benchmark.extra_info["allocations_a_second"] = rate
        note(benchmark, f"{rate:,.0f} allocations a second{more}")


def classes(decisions: BatchDecisions) -> str:
    counts = Counter(map(str, decisions.expressivity))
    return "".join(f", {number:,} {name}" for name, number in sorted(counts.items()))


def test_ranks_of_all_48620_masks(benchmark: Any):
    batch, masks = batch_of(3, 3, 3), all_masks(18, 9)
    matrices, prime = gathered(batch, masks)
    (ranks, bounds), expected = measure(
        benchmark,
        "generic ranks of all 48,620 allocations of 3-3-3 with 9 learnables, error below 1e-9",
        lambda: batch.ranks(masks),
        Reference(NAME, lambda: flint_ranks(matrices, prime)),
        rounds=15,
    )
    assert ranks.tolist() == expected
    assert bounds.max() <= batch.error_bound
    note_rate(benchmark, len(masks))


def test_decisions_about_all_48620_masks(benchmark: Any):
    batch, masks = batch_of(3, 3, 3), all_masks(18, 9)
    case = "decisions about all 48,620 allocations of 3-3-3 with 9 learnables"
    (decisions,) = measure(benchmark, case, lambda: batch.decide(masks), rounds=15)
    note_rate(benchmark, len(masks), classes(decisions))


@pytest.mark.parametrize(("side", "count"), [(4, 20_000), (8, 20_000), (12, 1000)])
def test_decisions_about_random_masks(benchmark: Any, side: int, count: int):
    """The critical budget; with side 12 most matrices are too large to be batched."""
    batch = batch_of(side, side, side)
    order = np.random.default_rng(side).random((count, batch.space.n_entries)).argsort(axis=1)
    masks, some = order < side**2, 200
    matrices, prime = gathered(batch, masks[:some])
    decisions, expected = measure(
        benchmark,
        f"decisions about {count:,} random allocations of {side}-{side}-{side} with {side**2}",
        lambda: batch.decide(masks),
        Reference(NAME, lambda: flint_ranks(matrices, prime), share=some / count),
    )
    assert decisions.rank[:some].tolist() == expected
    note_rate(benchmark, count, classes(decisions))


def test_conflicts_of_all_48620_masks(benchmark: Any):
    batch, masks = batch_of(3, 3, 3), all_masks(18, 9)
    case = "conflicts in all 48,620 allocations of 3-3-3 with 9 learnables"
    (found,) = measure(benchmark, case, lambda: has_conflict(batch.space, masks), rounds=15)
    # Without conflict each of the three hidden units has its three learnables on one side.
    assert np.count_nonzero(~found) == 2**3
    note_rate(benchmark, len(masks))
