"""Steps of T6 about networks of squares and cubes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from ...problem.networks.base import Network
from ..shared import exhaustive
from ..shared.polynomial_systems import (
    Entry,
    draw,
    entries_of,
    equations,
    generic_system,
    independent,
    number_of_solutions,
    solve,
)

Cases: TypeAlias = Sequence[tuple[Network, int]]  # with the number of samples

_MOST = 9  # solutions, where the real ones are counted
_DRAWS = 3


def _allocations(cases: Cases) -> Iterator[tuple[Network, int, list[Entry]]]:
    """All with as many learnables as equations, independent at a random point."""
    for network, samples in cases:
        names, n_equations = list(network.weight_shapes), network.n_equations(samples)
        for mask in exhaustive.all_masks(network.n_weights, n_equations):
            entries = entries_of(network, mask, names)
            system = generic_system(network, samples, entries)
            if len(independent(system)) == n_equations:
                yield network, samples, entries


def _words(network: Network, samples: int, entries: Sequence[Entry]) -> str:
    return f"{network.describe()}, m = {samples}, {entries}"


def degrees_of_powers(
    claim: tuple[Cases, Callable[[list[int], int], bool]],
) -> Iterator[str | None]:
    """holds(numbers of solutions at two draws, Bezout number of the total degrees)."""
    cases, holds = claim
    for network, samples, entries in _allocations(cases):
        systems = [generic_system(network, samples, entries, seed) for seed in range(2)]
        counts = [number_of_solutions(system) for system in systems]
        bound = math.prod(sum(max(p, key=sum, default=())) for p in systems[0])
        words = f"{_words(network, samples, entries)}: {counts} solutions, Bezout number {bound}"
        yield None if holds(counts, bound) else words


def real_solutions_of_powers(
    claim: tuple[Cases, Callable[[int, int], bool]],
) -> Iterator[str | None]:
    """holds(degree, real solutions) at exact draws."""
    cases, holds = claim
    for network, samples, entries in _allocations(cases):
        degree = number_of_solutions(generic_system(network, samples, entries))
        if degree > _MOST:
            continue
        rng = np.random.default_rng(0)
        for _ in range(_DRAWS):
            found = solve(equations(network, entries, draw(network, samples, rng, 99)))
            held = found.simple and found.count == degree and holds(degree, found.real)
            yield None if held else f"{_words(network, samples, entries)}: {found}, not {degree}"
