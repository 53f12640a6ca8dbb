"""Learnables spread over all layers that T13 and T14 prove to be maximal, at any size.

Outer layers get whole lines, which are fitted when all else is done, and are then frozen; the two
layers that are left share the rest by levels in closed form (T14).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..problem.masks import Entry, Mask, entries_of
from ..problem.networks.base import Network
from .lines import Lines, TooFewError

_UNEVEN = 0.1  # of all equations: the shares of the two layers may differ by so much


def staged(
    network: Network,
    allowed: Mapping[str, Mask],
    samples: int,
    budget: int,
    rng: np.random.Generator,
) -> list[Entry] | None:
    """At most `budget` entries of `allowed`, spread over all layers, meant to be maximal.

    `samples` are at most as many as inputs. None where the closed form says nothing: of networks
    with biases, of bottlenecks, of budgets that leave nothing to spare, or of few candidates.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([4, 4, 4])
    >>> allowed = {name: np.ones(shape, bool) for name, shape in net.weight_shapes.items()}
    >>> found = staged(net, allowed, 4, 18, np.random.default_rng(0))
    >>> len(found), sum(name == "W1" for name, _ in found)
    (18, 10)
    """
    is_chain = network.is_linear and network.is_layered and len(network.weight_layers) > 1
    if not is_chain or any(len(names) > 1 for names in network.weight_layers):
        return None
    if budget <= network.outputs * samples:
        return None
    placement = _Placement(network, allowed, rng)
    try:
        placement.place(samples, budget)
    except TooFewError:
        return None
    return entries_of(placement.masks)


class Pairing(NamedTuple):
    """How two layers share the equations of some lines (samples) and rows (outputs), or transposed.

    `first` lines and then `others` of the rows are whole. For the `rest` of the lines as many units
    have `level` learnable outputs each, and each line as many learnables as rows left, less that.
    """

    first: int
    others: int
    rest: int
    level: int


def pairing(rows: int, lines: int, units: int, spare: int) -> Pairing:
    """The pairing whose two layers get equal shares or nearly so, with the fewest whole lines.

    `rows` are at most `lines` and `units`; `spare` are the learnables beyond one per equation.

    >>> pairing(4, 4, 4, 2)
    Pairing(first=0, others=0, rest=4, level=2)
    >>> pairing(2, 4, 4, 0)  # all lines are whole: two of the lines, then both rows
    Pairing(first=2, others=0, rest=2, level=2)
    """
    half = min(lines // 2, units)
    found = [
        (_uneven(rows, lines, rows * half), rows * lines, Pairing(lines - half, 0, half, rows))
    ]
    for others in range(rows):
        left = rows - others
        for level in range(1, left):
            rest = min(lines, units, left - level + spare)
            one = Pairing(lines - rest, others, rest, level)
            cost = _uneven(rows, lines, rest * (others + level))
            found.append((cost, one.first * rows + others * rest, one))
    return min(found)[2]


def _uneven(rows: int, lines: int, share: int) -> float:
    """The difference between two shares of all equations; 0 if it is small."""
    return max(abs(1 - 2 * share / (rows * lines)) - _UNEVEN, 0.0)


class _Placement:
    """The learnables while they are chosen."""

    def __init__(
        self, network: Network, allowed: Mapping[str, Mask], rng: np.random.Generator
    ) -> None:
        self._widths, self._rng = network.widths, rng
        names = [name for (name,) in network.weight_layers]
        self.masks = {name: np.zeros(allowed[name].shape, dtype=bool) for name in names}
        self._by_columns = [Lines(self.masks[name], allowed[name], rng) for name in names]

    def place(self, samples: int, budget: int) -> None:
        """Whole lines of outer layers, one layer after the other, and what the last two share."""
        start, stop, outputs = 0, len(self._by_columns) - 1, self._widths[-1]
        spare = budget - outputs * samples
        while stop - start > 1:
            share = outputs * samples / (stop - start + 1)
            if samples <= outputs:
                number = min(round(share / samples), outputs - 1)
                self._whole(self._by_columns[stop].crossing, number, samples)
                outputs, stop = outputs - number, stop - 1
            else:
                number = min(round(share / outputs), samples - 1)
                self._whole(self._by_columns[start], number, outputs)
                samples, start = samples - number, start + 1
            if self._widths[start] < samples or self._widths[stop + 1] < outputs:
                raise TooFewError
        first, second = self._by_columns[start], self._by_columns[stop]
        if samples >= outputs:
            self._pair(first, second, outputs, samples, spare)
        else:
            self._pair(second.crossing, first.crossing, samples, outputs, spare)

    def _whole(self, lines: Lines, number: int, length: int) -> None:
        for line in lines.best(number):
            lines.fill(line, length)

    def _pair(self, inner: Lines, outer: Lines, rows: int, lines: int, spare: int) -> None:
        """The share of two layers: `inner` (units, lines) and `outer` (rows, units)."""
        if len(inner.chosen) < rows:
            raise TooFewError
        one = pairing(rows, lines, len(inner.chosen), spare)
        every = inner.best(lines)
        for line in every[: one.first]:
            inner.fill(line, rows)
        whole = outer.crossing.best(one.others)
        for row in whole:
            outer.crossing.fill(row, one.rest)
        others, among = np.ones(len(outer.chosen), dtype=bool), np.zeros(len(inner.chosen), bool)
        others[whole] = False
        units = outer.best(one.rest)
        among[units] = True
        for unit in units:
            outer.fill(unit, one.level, others)
        length = rows - one.others - one.level
        longer = one.rest - length if length else 0
        # Any s of the longer lines need length + s units in all, which one more at each step has.
        for number, line in enumerate(every[one.first :]):
            if number < longer:
                inner.fill(line, length + 1, among, units[number : number + length + 1])
            else:
                inner.fill(line, length, among)
