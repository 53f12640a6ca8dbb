"""Probabilities of match and regularity of shallow ReLU networks in closed form (T10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from sympy import Rational, expand

from ...problem.networks.feedforward import ShallowReLU
from ..shared.bipartite import matching_number
from ..shared.exhaustive import all_masks
from .activity import (
    Activity,
    full_matching,
    gaussians,
    given_angle,
    is_off,
    over_angles,
    patterns,
    regular_pattern,
)
from .matches import pattern_ranks

_COUNT = 400_000


def rank_two_probability(units: int) -> Any:
    """1 - 2^(1-s) - (s-1) / ((s+1) 2^s).

    >>> rank_two_probability(2)
    5/12
    """
    return 1 - Rational(2) ** (1 - units) - Rational(units - 1, (units + 1) * 2**units)


def integrated(claim: Callable[[int], Any]) -> Iterator[str | None]:
    """claim(s) against the exact integral over the angle, rank by matchings."""
    for units in range(1, 9):
        exact = over_angles(given_angle(units, full_matching))
        yield None if exact == claim(units) else f"s = {units}: {exact}"


def simulated(claim: Callable[[int], Any]) -> Iterator[str | None]:
    """claim(s) against the share of seeded draws in which some 2 x 2 minor of H_S is not 0."""
    rng = np.random.default_rng(0)
    for units in range(1, 7):
        hidden = np.maximum(
            rng.normal(size=(50_000, units, 2)) @ rng.normal(size=(50_000, 2, 2)), 0
        )
        share = float(_has_rank_two(hidden).mean())
        yield f"s = {units}: {share}" if is_off(share, 50_000, claim(units)) else None


def _has_rank_two(hidden: Any) -> Any:
    """Whether some minor is not 0; those of inactive units are 0 without rounding."""
    left, right = hidden[..., 0], hidden[..., 1]
    products = left[:, :, None] * right[:, None, :]
    return (products != products.swapaxes(1, 2)).any(axis=(1, 2))


def regular_teachers(claim: dict[int, Fraction]) -> Iterator[str | None]:
    """P(regular) for (2, 2, d), m = 2: patterns by exact rank, their probability by the angle."""
    for outputs, share in claim.items():
        network = ShallowReLU([2, 2, outputs])
        event = regular_pattern(outputs)
        ranks = pattern_ranks(network, 2, np.ones((1, network.n_weights), dtype=bool))[0]
        for activity, rank in zip(patterns(network, 2), ranks.tolist(), strict=True):
            same = event(activity) == (rank == 2 * outputs)
            yield None if same else f"{activity.astype(int).tolist()}: rank {rank}"
        exact = over_angles(given_angle(2, event))
        yield None if exact == share else f"d = {outputs}: {exact}"
        regular, _ = _draws(outputs, _COUNT // 8)
        off = is_off(float(regular.mean()), len(regular), share)
        yield f"d = {outputs}: {regular.mean()} of the draws" if off else None


def _draws(outputs: int, count: int) -> tuple[Any, Any]:
    """Whether the teacher of (2, 2, d) is regular, and H of the student, at Gaussian draws."""
    network, rng = ShallowReLU([2, 2, outputs]), np.random.default_rng(outputs)
    teacher, student = gaussians(network, count, rng), gaussians(network, count, rng)
    inputs = rng.normal(size=(count, 2, 2))
    active = (teacher["W1"] @ inputs > 0).reshape(count, 4)
    numbers = active @ (1 << np.arange(4))  # as `all_masks` numbers the patterns
    ranks = pattern_ranks(network, 2, np.ones((1, network.n_weights), dtype=bool))[0]
    return ranks[numbers] == 2 * outputs, np.maximum(student["W1"] @ inputs, 0)


def given_regular(claim: Callable[[Any, Any], Any]) -> Iterator[str | None]:
    """MP_reg of all of W_2 for (2, 2, d), m = 2: claim(P(regular | q), P(rank 2 | q)), and draws.

    A draw matches iff H has rank 2, but for targets of probability 0.
    """
    for outputs in (1, 2):
        regular, hidden = _draws(outputs, _COUNT)
        share = float(_has_rank_two(hidden[regular]).mean())
        chances = (given_angle(2, event) for event in (regular_pattern(outputs), full_matching))
        value = claim(*chances)
        off = is_off(share, int(regular.sum()), value)
        yield f"d = {outputs}: {share} of the draws, claimed {value}" if off else None


def given_both(regular: Any, full: Any) -> Any:
    """P(rank 2 | regular): both depend on the angle of the samples."""
    return over_angles(expand(regular * full)) / over_angles(regular)


def inclusion_exclusion(rows: Activity) -> Fraction:
    """sum_I (-1)^|I| 2^(-units of the rows in I).

    >>> inclusion_exclusion(np.array([[True, True], [True, False]]))
    Fraction(1, 2)
    """
    terms = (
        Fraction((-1) ** int(some.sum()), 2 ** int(rows[some].any(axis=0).sum()))
        for some in all_masks(len(rows))
    )
    return sum(terms, Fraction(0))


def independent_rows(rows: Activity) -> Fraction:
    """The same for disjoint rows of the same sizes.

    >>> independent_rows(np.array([[True, True], [True, False]]))
    Fraction(3, 8)
    """
    result = Fraction(1)
    for row in rows:
        result *= 1 - Fraction(1, 2 ** int(row.sum()))
    return result


def _readout_masks() -> Iterator[tuple[Activity, Fraction]]:
    """All masks of W_2, d and n_1 up to 3, with the share of patterns that leave no row dead."""
    for outputs, units in product((1, 2, 3), repeat=2):
        active = all_masks(units)
        for rows in all_masks(outputs * units).reshape(-1, outputs, units):
            live = (rows[:, None, :] & active).any(axis=2).all(axis=0)
            yield rows, Fraction(int(live.sum()), len(active))


def one_sample(claim: Callable[[Activity], Fraction]) -> Iterator[str | None]:
    """claim(rows) is the share of activity patterns in which every row has an active unit."""
    for rows, share in _readout_masks():
        yield None if claim(rows) == share else f"{rows.astype(int).tolist()}: {share}"


def sharing(claim: Callable[[Fraction, Fraction], bool]) -> Iterator[str | None]:
    """claim(probability, that of disjoint rows of the same sizes)."""
    for rows, share in _readout_masks():
        pair = share, independent_rows(rows)
        yield None if claim(*pair) else f"{rows.astype(int).tolist()}: {pair}"


def ranks_of_draws(missing: int) -> Iterator[str | None]:
    """Rank of relu(W_1 X) is the matching number, n_0 = m less `missing` inputs."""
    rng = np.random.default_rng(2)
    for units, samples in product((2, 3, 4), (2, 3)):
        for _ in range(200):
            size = samples - missing
            hidden = np.maximum(
                rng.normal(size=(units, size)) @ rng.normal(size=(size, samples)), 0
            )
            rank, matching = np.linalg.matrix_rank(hidden), matching_number(hidden > 0)
            yield None if rank == matching else f"rank {rank}, matching {matching}: {hidden}"


def all_dead(claim: tuple[Callable[[int], float], bool]) -> Iterator[str | None]:
    """MP of the empty allocation of (2, n_1, 1), m = 2, with or without a bias of the output."""
    rng = np.random.default_rng(3)
    for units in (1, 2):
        network, outputs = ShallowReLU([2, units, 1]), []
        inputs = rng.normal(size=(_COUNT // 4, 2, 2))
        for _ in range(2):
            weights = gaussians(network, len(inputs), rng)
            bias = rng.normal(size=(len(inputs), 1, 1)) * claim[1]
            outputs.append(weights["W2"] @ np.maximum(weights["W1"] @ inputs, 0) + bias)
        share = float((outputs[0] == outputs[1]).all(axis=(1, 2)).mean())
        off = is_off(share, len(inputs), claim[0](units))
        yield f"n_1 = {units}: {share} of the draws" if off else None
