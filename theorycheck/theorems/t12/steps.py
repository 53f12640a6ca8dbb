"""T12 (f*), (f#): steps in which outputs are solved, and which of them hold.

A step has outputs I and as many units K, each of which has a learnable readout weight into each of
them. Of its learnable inputs a unit of K uses delta = m - |I| - g, if as many as g other units are
read by learnable readout weights of all outputs in I. How large delta may be is a fact about the
unit alone: all else is counting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from ...field.elimination import rank
from .readout import Readout
from .rest import AWAKE, Rest, common_inputs

_DEEP = {"tanh", "arctan"}  # independent in every layer, at any weights of the last one


class Step(NamedTuple):
    """Outputs and the units that solve them: none if an output's learnable features have rank m."""

    outputs: tuple[int, ...]
    units: tuple[int, ...]

    @property
    def in_json(self) -> list[int | None] | list[list[int]]:
        """As certificates have it: numbers if there is one of each."""
        if len(self.outputs) > 1:
            return [list(self.outputs), list(self.units)]
        return [*self.outputs, *(self.units or (None,))]


def units_of(steps: Iterable[Step]) -> frozenset[int]:
    """The units that solve outputs."""
    return frozenset(unit for step in steps for unit in step.units)


class Solving:
    """Which steps hold, in a network with this readout."""

    def __init__(self, readout: Readout, samples: int) -> None:
        self.readout, self.samples = readout, samples
        self.units, self.layer = readout.units, readout.layer
        self.n_units = len(self.units.present)
        network, row = readout.allocation.network, readout.activation
        self.turns = row.is_odd and row.is_increasing
        is_one_kind = set(network.activations) == {row.name}
        is_shallow = len(network.weight_layers) == 2
        self.may_add = self.turns and row.is_bounded and is_one_kind
        self.may_add &= is_shallow or row.name in _DEEP
        self.spans = row.lower < 0 < row.upper
        self._fitting: dict[int, bool] = {}
        self._most: dict[tuple[int, bool], int] = {}

    def fits(self, unit: int) -> bool:
        """Whether a unit takes any small values on the samples."""
        if unit not in self._fitting:
            inputs = np.flatnonzero(self.units.learnable[unit]).tolist()
            may = self.spans and len(inputs) >= self.samples
            self._fitting[unit] = may and self.readout.rank_of_inputs(inputs) == self.samples
        return self._fitting[unit]

    def most_inputs(self, unit: int, varying: bool = False) -> int:
        """The largest delta for which a unit turns, -1 if none; of `varying` inputs only."""
        key = unit, varying
        if key not in self._most:
            kept = self.readout.varying_inputs if varying else np.True_
            learnable = np.flatnonzero(self.units.learnable[unit] & kept).tolist()
            fixed = np.flatnonzero(self.units.frozen[unit] & kept).tolist()
            self._most[key] = _largest(
                min(len(learnable), self.samples - 1),
                lambda delta: self._turns_with(unit, learnable, fixed, delta),
            )
        return self._most[key]

    def _turns_with(self, unit: int, learnable: list[int], fixed: list[int], delta: int) -> bool:
        """Whether so many learnable inputs are independent, of each other and of another one."""
        chosen, rest = learnable[:delta], learnable[delta:] + fixed
        if delta and self.readout.rank_of_inputs(chosen) < delta:
            return False
        return self.readout.rank_with_rest(unit, chosen, rest) == delta + 1

    def holds(self, step: Step, later: frozenset[int], rest: Rest = AWAKE) -> bool:
        """Whether the units solve the outputs, before steps of `later` units, others at rest."""
        size = len(step.outputs)
        if not step.units:
            return self.n_features(step.outputs[0], later) >= self.samples
        if size == 1 and self.fits(step.units[0]):
            return True
        if not self.turns or (size > 1 and not self.may_add):
            return False
        others = self._n_others(step, later, rest)
        with_bias = self.may_add and self._have_biases(step.outputs)
        for added in (0, 1) if with_bias else (0,):
            most = min(self.most_inputs(unit, varying=bool(added)) for unit in step.units)
            delta = min(most, self.samples - size)
            if delta >= min(size - 1, 1) and self.samples - size - delta <= others + added:
                return True
        return False

    def n_common(self, outputs: tuple[int, ...], without: frozenset[int]) -> int:
        """How many units that see the sample all of these outputs read by learnable weights."""
        read = self.layer.learnable[list(outputs), : self.n_units].all(axis=0)
        read &= self.readout.sees_sample
        return int(read.sum()) - sum(bool(read[unit]) for unit in without)

    def _n_others(self, step: Step, later: frozenset[int], rest: Rest) -> int:
        """How many units count in G: of a group at rest one, if its units can see the sample."""
        if not self.may_add:
            return 0
        found = self.n_common(step.outputs, later | rest.units | set(step.units))
        for group in rest.groups:
            members = sorted(group)
            live = common_inputs(self.units, members) & self.readout.varying_inputs
            read = self.layer.learnable[np.ix_(step.outputs, members)].any(axis=1)
            found += bool(live.any() and read.all())
        return found

    def _have_biases(self, outputs: tuple[int, ...]) -> bool:
        return bool(self.layer.learnable[list(outputs), self.n_units :].any(axis=1).all())

    def n_features(self, output: int, used: frozenset[int]) -> int:
        """The rank of what an output's learnable weights read, where `used` units solve others."""
        read = np.flatnonzero(self.layer.learnable[output]).tolist()
        kept = [unit for unit in read if unit not in used]
        found = rank(self.readout.features[:, kept], self.readout.point.prime) if kept else 0
        if self.may_add:
            found += sum(bool(self.readout.sees_sample[unit]) for unit in used & set(read))
        return found


def _largest(most: int, holds: Callable[[int], bool]) -> int:
    """The largest number from 0 to `most` for which it holds, if it holds for all below; or -1."""
    low, high = -1, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
