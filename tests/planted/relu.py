"""Wrong theorems about shallow ReLU networks (T10)."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from theorycheck.problem.allocation import Allocation
from theorycheck.problem.masks import entries_of
from theorycheck.verification.base import Case, Inapplicable, Prediction, Property, predicted
from theorycheck.verification.relu import pattern_cases, pattern_law, regular_law, span_law
from theorycheck.verification.relu_exact import OutputRow, no_pattern_has_full_rank, rational_rank

from .base import POSITIVE, Planted


def ranks_of_patterns(allocation: Allocation, samples: int, seed: int) -> list[int]:
    """The rank of the learnables' Jacobian in every activation pattern, the last all active."""
    network, rng = allocation.network, np.random.default_rng(seed)
    weights = {name: rng.normal(size=shape) for name, shape in network.weight_shapes.items()}
    inputs = rng.normal(size=(network.inputs, samples))
    before = weights["W1"] @ inputs
    entries = entries_of(dict(allocation.masks("learnable")))
    ranks = []
    for bits in product((0, 1), repeat=before.size):
        active = np.reshape(bits, before.shape)
        columns: list[Any] = []
        for name, (i, j) in entries:
            column = np.zeros((network.outputs, samples))
            if name == "W2":
                column[i] = (active * before)[j]
            else:
                column = np.outer(weights["W2"][:, i], active[i] * inputs[j])
            columns.append(column.ravel())
        ranks.append(int(np.linalg.matrix_rank(np.array(columns))) if columns else 0)
    return ranks


def some_pattern_is_deficient(allocation: Allocation, samples: int, seed: int) -> bool:
    """Right: all of them have to be."""
    full = allocation.network.outputs * samples
    return min(ranks_of_patterns(allocation, samples, seed)) < full


def most_patterns_are_deficient(allocation: Allocation, samples: int, seed: int) -> bool:
    """Right: one pattern of full rank makes the match probability positive."""
    full = allocation.network.outputs * samples
    ranks = ranks_of_patterns(allocation, samples, seed)
    return sum(rank < full for rank in ranks) > len(ranks) / 2


def linear_class(allocation: Allocation, samples: int, seed: int) -> bool:
    """Right: the pattern with all units active is one of many."""
    full = allocation.network.outputs * samples
    return ranks_of_patterns(allocation, samples, seed)[-1] < full


def nearly_full_rank(row: OutputRow) -> bool:
    """Right: rank m."""
    return rational_rank(row.free) >= max(len(row.target) - 1, 1)


def enough_units(row: OutputRow) -> bool:
    """Right: m learnable units may be inactive, or depend on each other."""
    return len(row.free) >= len(row.target)


def without_frozen_part(row: OutputRow) -> bool:
    """Right: the target less the frozen part has to be in the span."""
    return rational_rank(row.free) == rational_rank([*row.free, row.target])


def _refute_count(case: Case) -> str | None:
    """MP_reg > 0 as soon as r >= d m, against all activation patterns."""
    network, allocation = case.allocation.network, case.allocation
    full = network.outputs * case.samples
    if not network.is_shallow_relu or allocation.n_learnable < full:
        raise Inapplicable
    if not no_pattern_has_full_rank(allocation, case.samples, case.seed):
        return None
    return f"{allocation.n_learnable} learnables, but no activation pattern has rank {full}"


def _claim_count(case: Case) -> Prediction:
    return predicted(case, POSITIVE, "r >= d m", theorem="T10", conditioned_on="regular teacher")


_COUNT = Property(
    "T10", "counting against patterns", pattern_cases, _refute_count, claim=_claim_count
)

_PATTERNS = pattern_law(share=4)  # a search for matches takes long

RELU = {
    "minimal if one activation pattern is deficient": Planted(
        pattern_law(some_pattern_is_deficient), right=_PATTERNS
    ),
    "minimal if most activation patterns are deficient": Planted(
        pattern_law(most_patterns_are_deficient), right=_PATTERNS
    ),
    "minimal if the linear network is": Planted(pattern_law(linear_class), right=_PATTERNS),
    "r >= d m suffices for a match": Planted(_COUNT, right=_PATTERNS, is_measurable=False),
    "W_2 only: rank m - 1 suffices": Planted(
        regular_law(nearly_full_rank), right=regular_law(), is_measurable=False
    ),
    "W_2 only: m learnable units suffice": Planted(
        regular_law(enough_units), right=regular_law(), is_measurable=False
    ),
    "W_2 only: the frozen part does not matter": Planted(
        span_law(without_frozen_part), right=span_law(), is_measurable=False
    ),
}
