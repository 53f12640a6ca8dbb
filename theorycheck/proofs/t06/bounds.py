"""Bounds on the degree and the rank that only ask which equations depend on what (T6)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from ...problem.networks.base import Network
from ...problem.networks.feedforward import LinearFeedforward
from ...problem.networks.recurrent import LinearRecurrent
from ..shared import exhaustive
from ..shared.bipartite import by_name, matching_number, permanent, support
from ..shared.polynomial_systems import (
    Entry,
    at_budget,
    dependence,
    generic_system,
    independent,
    number_of_solutions,
)

Networks: TypeAlias = tuple[tuple[Network, int], ...]
Claim: TypeAlias = tuple[Networks, Callable[[int, int, int], bool]]


def group_bezout(
    network: Network, samples: int, entries: Sequence[Entry], keep: Sequence[int]
) -> int:
    """prod_i C(e_i, r_(L,i)) (D - r_L)! / prod_(l<L) r_l! for the equations `keep`.

    >>> diagonals = [(name, (k, k)) for name in ("W1", "W2") for k in range(2)]
    >>> group_bezout(LinearFeedforward([2, 2, 2]), 2, diagonals, range(4))
    4
    """
    last = network.weight_layers[-1][0]
    equations_of = Counter(number // samples for number in keep)
    row = Counter(index[0] for name, index in entries if name == last)
    layer = Counter(name for name, _ in entries if name != last)
    number = math.prod(math.comb(equations_of[i], row[i]) for i in range(network.outputs))
    return number * math.factorial(layer.total()) // math.prod(map(math.factorial, layer.values()))


def bounded(claim: Claim) -> Iterator[str | None]:
    """Step 3: of all allocations with r = D = rank, degree, group Bezout number and matchings.

    The bounds are those of D equations of full rank; the second is -1 for recurrent networks.
    """
    networks, holds = claim
    for network, samples in networks:
        for entries in at_budget(network, samples):
            polynomials = generic_system(network, samples, entries)
            keep = independent(polynomials)
            if len(keep) < len(entries):
                continue
            matchings = permanent(dependence([polynomials[number] for number in keep]))
            groups = -1
            if not network.is_recurrent:
                groups = group_bezout(network, samples, entries, keep)
            found = number_of_solutions(polynomials), groups, matchings
            words = f"{network.describe()}, m = {samples}, {entries}"
            yield None if holds(*found) else f"{words}: degree, bounds {found}"


def rank_by_matching(claim: Callable[[int, int, int], bool]) -> Iterator[str | None]:
    """Step 4: claim(rank, largest matching, D), every mask of every sparse or dense network."""
    dense = [(LinearFeedforward(w), m) for w in ([1, 2, 2], [2, 1, 2], [2, 2, 1]) for m in (1, 2)]
    dense += [(LinearRecurrent(1, 1, 1, 3), 2), (LinearRecurrent(1, 2, 1, 2), 2)]
    for network, samples in dense:
        names, n_entries = list(network.weight_shapes), network.n_weights
        for kept in exhaustive.all_masks(n_entries):
            present = by_name(network, kept)
            masks = exhaustive.all_masks(n_entries)
            masks = masks[~(masks & ~kept).any(axis=1)]
            acts = support(network, samples, present)
            target = exhaustive.target(network, samples, present)
            found = exhaustive.ranks(network, samples, names, masks, present)
            for mask, rank in zip(masks, found.tolist(), strict=True):
                held = claim(rank, matching_number(acts[:, mask]), target)
                words = exhaustive.shown(network, samples, names, mask)
                yield None if held else f"{words}, present {kept.astype(int).tolist()}"


_CENSUS = {0: 8, 1: 58, 2: 4}
_SHAPES = {"row or column": 3, "diagonal": 6, "antidiagonal": 4}
