"""Plans of two affine stages at r = D, found in the polynomials themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ..shared import exhaustive
from ..shared.polynomial_systems import (
    PRIME,
    draw,
    entries_of,
    equations,
    independent,
    number_of_solutions,
)


@dataclass(frozen=True)
class Stages:
    """When equations and unknowns are two affine stages.

    Equations of the first have no unknown of the second unless `later`; each is of degree `most` at
    most in the unknowns of its own stage.
    """

    later: bool = False
    most: int = 1

    def fit(self, polynomials: Sequence[Any], unknowns: set[int], chosen: set[int]) -> bool:
        """Whether these unknowns and equations can come first."""
        rest = set(range(polynomials[0].ring.ngens)) - unknowns
        for number, polynomial in enumerate(polynomials):
            own, other = (unknowns, rest) if number in chosen else (rest, set())
            for monomial in polynomial:
                if sum(monomial[k] for k in own) > self.most:
                    return False
                if not self.later and any(monomial[k] for k in other):
                    return False
        return True


def one_solution(stages: Stages) -> Iterator[str | None]:
    """Every plan of two stages, with a Jacobian of full rank: exactly one complex solution."""
    samples_of = {(2, 2, 2): 2, (1, 2, 2, 2): 1, (2, 1, 2, 2): 1}
    for network in exhaustive.feedforward_networks((1, 2), (2, 3), 10):
        samples = samples_of.get(tuple(network.widths))
        if samples is None:
            continue
        names = list(network.weight_shapes)
        instance = draw(network, samples, np.random.default_rng(0), PRIME - 1)
        size = exhaustive.target(network, samples)
        if size < network.outputs * samples:
            continue
        for mask in exhaustive.all_masks(network.n_weights, size):
            unknowns = entries_of(network, mask, names)
            polynomials = equations(network, unknowns, instance, PRIME)
            if len(independent(polynomials)) < size or not _has_plan(polynomials, stages):
                continue
            found = number_of_solutions(polynomials)
            words = exhaustive.shown(network, samples, names, mask)
            yield None if found == 1 else f"{words}: {found} solutions"


def _has_plan(polynomials: Sequence[Any], stages: Stages) -> bool:
    n = len(polynomials)
    return any(
        stages.fit(polynomials, set(unknowns), set(chosen))
        for size in range(1, n + 1)
        for unknowns in combinations(range(n), size)
        for chosen in combinations(range(n), size)
    )
