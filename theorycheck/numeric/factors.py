"""Where the factors of a Jacobian are: what lies behind each use of a weight, and what is ahead."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import ModuleType
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..problem.networks.unrolled import Group, Unrolled

Entries: TypeAlias = Mapping[str, NDArray[np.int64]]  # weight -> places, rows, columns
_Use: TypeAlias = tuple[int, int]  # level, and the one that the weight acts on


class Equations(NamedTuple):
    """Which of the levels that are read, which output of it and which sample: (equations,) each."""

    read: NDArray[np.int64]
    output: NDArray[np.int64]
    sample: NDArray[np.int64]
    n_samples: int


class Way(NamedTuple):
    """A level on the way to one that is read, and by what weights it leads to later ones.

    `acts` tells whether the factors are to be found behind it.
    """

    level: int
    leads_to: list[tuple[str, int]]
    acts: bool


class Factors(NamedTuple):
    """Places of both factors of every entry, (equations, entries) for each use of a weight.

    If `has_zero`, place 0 holds a zero, for weights that act less often than others. `ways` lead
    back from levels that are read to those that weights act in; `shown` are those that they act on,
    and all inputs come before them if `shows_inputs`.
    """

    behind: list[Array]
    ahead: list[Array]
    has_zero: bool
    ways: list[list[Way]]
    shown: list[int]
    shows_inputs: bool


def find_factors(
    unrolled: Unrolled, entries: Entries, equations: Equations, xp: ModuleType
) -> Factors:
    """The factors of the derivatives of some outputs of a linear network by some of its weights.

    What lies behind a level depends on its group alone, and on how many steps before the output it
    is: that of the last output of a group serves all of them.
    """
    levels, reads = unrolled.levels, unrolled.read
    uses = [_uses(unrolled, read, entries) for read in reads]
    last = {levels[read].group: k for k, read in enumerate(reads)}
    acting = {
        reads[k]: sorted({level for own in uses[k].values() for level, _ in own}, reverse=True)
        for k in last.values()
    }
    counts = {len(pairs) for own in uses for pairs in own.values()}
    most = max(counts, default=0)
    has_zero = most == 0 or len(counts) > 1
    sources = {source for own in uses for pairs in own.values() for _, source in pairs}
    inputs = range(len(unrolled.starts))
    shows_inputs, shown = not sources.isdisjoint(inputs), sorted(sources.difference(inputs))
    behind_at = _places_behind(unrolled, acting, int(has_zero))
    before = [*(inputs if shows_inputs else ()), *shown]
    ahead_at = _places_ahead(unrolled, before, int(has_zero), equations.n_samples)
    n_entries = sum(len(places) for places, *_ in entries.values())
    shape = (2, max(most, 1), len(equations.read), n_entries)
    behind, ahead = np.zeros(shape, dtype=np.int64)
    for k, (read, own) in enumerate(zip(reads, uses, strict=True)):
        rows = np.flatnonzero(equations.read == k)
        output, sample = equations.output[rows, None], equations.sample[rows, None]
        for name, (places, i, j) in entries.items():
            where = np.ix_(rows, places)
            for number, (level, source) in enumerate(own[name]):
                start = behind_at[_between(unrolled, read, level)]
                behind[number][where] = start + output * levels[level].size + i
                ahead[number][where] = ahead_at[source] + j * equations.n_samples + sample
    ways = [_way_back(unrolled, read, numbers) for read, numbers in acting.items()]
    left, right = ([xp.asarray(part) for part in places] for places in (behind, ahead))
    return Factors(left, right, has_zero, ways, shown, shows_inputs)


def _uses(unrolled: Unrolled, read: int, weights: Collection[str]) -> dict[str, list[_Use]]:
    """Where each of the weights acts on the way to a level, the latest first."""
    found: dict[str, list[_Use]] = {weight: [] for weight in weights}
    leading = {read}
    for number in range(read, -1, -1):
        if number in leading:
            for weight, source in unrolled.levels[number].terms:
                leading.add(source)
                if weight in found:
                    found[weight].append((number, source))
    return found


def _between(unrolled: Unrolled, read: int, number: int) -> tuple[Group, Group, int]:
    """What lies between two levels is the same for all with these groups and steps between."""
    last, level = unrolled.levels[read], unrolled.levels[number]
    return last.group, level.group, last.step - level.step


def _way_back(unrolled: Unrolled, read: int, acting: Collection[int]) -> list[Way]:
    """The levels from the one that is read back to the first that weights act in."""
    leads_to: dict[int, list[tuple[str, int]]] = {read: []}
    first = min(acting, default=read + 1)
    for number in range(read, first - 1, -1):
        if number in leads_to:
            for weight, source in unrolled.levels[number].terms:
                leads_to.setdefault(source, []).append((weight, number))
    return [
        Way(number, targets, number in acting)
        for number, targets in sorted(leads_to.items(), reverse=True)
        if number >= first
    ]


def _places_behind(
    unrolled: Unrolled, acting: Mapping[int, list[int]], start: int
) -> dict[tuple[Group, Group, int], int]:
    """Where what lies behind a level begins, (outputs, units) after (outputs, units)."""
    found = {}
    for read, numbers in acting.items():
        for number in numbers:
            found[_between(unrolled, read, number)] = start
            start += unrolled.levels[read].size * unrolled.levels[number].size
    return found


def _places_ahead(
    unrolled: Unrolled, shown: list[int], start: int, n_samples: int
) -> dict[int, int]:
    """Where the values of a level begin, (units, samples) after (units, samples)."""
    found = {}
    for number in shown:
        found[number] = start
        start += unrolled.levels[number].size * n_samples
    return found
