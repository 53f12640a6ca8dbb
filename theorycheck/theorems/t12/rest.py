"""Units at rest: learnable weights at which last hidden units say nothing new, and move from there.

Some rest at 0: their pre-activations are 0, and so are their values. Others rest in groups, all of
the same weights, so that they have one value. Readout weights that cancel on them may grow without
bound, and scale what the learnable inputs of these units change. The rank here is that of this
change, together with what other learnable readout weights read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...field.arithmetic import reduce
from ...field.elimination import rank
from ...problem.allocation import Allocation
from ...ranks.oracle import OraclePoint, oracle_point
from ..analysis import Analysis
from .readout import Bools, Layer, Readout


class Rest(NamedTuple):
    """The units that rest at 0, and the groups of two or more that have the same weights."""

    zero: frozenset[int] = frozenset()
    groups: frozenset[frozenset[int]] = frozenset()

    @property
    def units(self) -> frozenset[int]:
        """All of them."""
        return self.zero.union(*self.groups)

    @property
    def leaders(self) -> dict[int, int]:
        """The unit that stands for each of a group: its least."""
        return {unit: min(group) for group in self.groups for unit in group}


AWAKE = Rest()
"""No unit at rest."""


def may_be_same(units: Layer, group: Sequence[int]) -> bool:
    """Whether units can have the same weights: those of absent connections are 0."""
    frozen = units.frozen[group].sum(axis=0)
    return not (frozen + ~common_inputs(units, group) > 1).any()


def common_inputs(units: Layer, group: Sequence[int]) -> Bools:
    """The inputs of units of the same weights that need not be 0."""
    return np.logical_and.reduce(units.present[group], axis=0)


def at_rest(readout: Readout, rest: Rest) -> Allocation:
    """The network with units at rest: a group is its leader, and others of it read nothing."""
    allocation, units = readout.allocation, readout.units
    hidden = units.present.copy()
    hidden[sorted(rest.units)] = False
    for group in rest.groups:
        hidden[min(group)] = common_inputs(units, sorted(group))
    present = dict(allocation.masks("present"))
    matrix, *bias = allocation.network.weight_layers[-2]
    present[matrix] = hidden[:, : present[matrix].shape[1]]
    for name in bias:
        present[name] = hidden[:, -1]
    for name in allocation.network.weight_layers[-1]:
        present[name] = np.ones_like(present[name])
    return Allocation(allocation.network, {}, present)


def rank_at_rest(
    analysis: Analysis,
    readout: Readout,
    rest: Rest,
    outputs: Sequence[int],
    without: frozenset[int],
) -> int:
    """The rank in these outputs, proved from below; units `without` are left out."""
    options, samples = analysis.options, analysis.samples
    allocation = at_rest(readout, rest)
    point = oracle_point(allocation, samples, options.seed, 0, deadline=options.deadline)
    columns = [
        *_of_readout(readout, rest, point, outputs, without),
        *_of_inputs(readout, rest, point, outputs, options.seed),
    ]
    return rank(np.column_stack(columns), point.prime) if columns else 0


def _of_readout(
    readout: Readout,
    rest: Rest,
    point: OraclePoint,
    outputs: Sequence[int],
    without: frozenset[int],
) -> Iterator[NDArray[np.float64]]:
    """What learnable readout weights read, in the outputs one below the other."""
    learnable, leaders = readout.layer.learnable, rest.leaders
    values = point.values[readout.layer.sources]
    samples = values.shape[1]
    for place, output in enumerate(outputs):
        read = {leaders.get(unit, unit) for unit in np.flatnonzero(learnable[output]).tolist()}
        for unit in sorted(read - without - rest.zero):
            column = np.zeros((len(outputs), samples))
            column[place] = values[unit] if unit < len(values) else 1
            yield column.ravel()


def _of_inputs(
    readout: Readout, rest: Rest, point: OraclePoint, outputs: Sequence[int], seed: int
) -> Iterator[NDArray[np.float64]]:
    """What learnable inputs of units at rest change, by readout weights that cancel."""
    p, leaders = point.prime, rest.leaders
    slopes, source = point.slopes[readout.layer.sources], point.values[readout.units.sources]
    constant = np.ones((readout.units.present.shape[1] - len(source), source.shape[1]))
    read = np.concatenate([source, constant])
    weights = _cancelling(readout, rest, outputs, p, seed)
    for unit in sorted(rest.units):
        across = weights[:, unit]
        if not across.any():
            continue
        for number in np.flatnonzero(readout.units.learnable[unit]).tolist():
            change = read[number]
            if slopes is not None:
                change = reduce(change * slopes[leaders.get(unit, unit)], p)
            yield reduce(across[:, None] * change, p).ravel()


def _cancelling(
    readout: Readout, rest: Rest, outputs: Sequence[int], p: int, seed: int
) -> NDArray[np.float64]:
    """Random learnable readout weights of the units at rest, whose sum in each group is 0."""
    learnable = readout.layer.learnable[list(outputs)]
    rng = np.random.default_rng([seed, 12])
    found = rng.integers(-(p // 2), p // 2 + 1, size=learnable.shape).astype(np.float64)
    found *= learnable
    found[:, [unit for unit in range(found.shape[1]) if unit not in rest.units]] = 0
    for group in rest.groups:
        for row, bits in zip(found, learnable, strict=True):
            *others, last = [unit for unit in sorted(group) if bits[unit]] or [min(group)]
            row[last] = -row[others].sum()
    return reduce(found, p)
