"""The readout of a nonlinear network, and what its hidden units depend on: what rules of T12 ask.

The rules name units of the last hidden layer, and rows of the readout, one for each output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...field.arithmetic import matmul
from ...field.elimination import rank
from ...problem.allocation import Allocation
from ...problem.networks.activations import ACTIVATIONS, Activation
from ...problem.networks.unrolled import CONSTANT, Level, as_matrix, forward
from ...ranks.given_inputs import GivenInputs
from ...ranks.oracle import OraclePoint, oracle_point
from ..analysis import Analysis

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Layer:
    """The matrix and, with biases, the bias that lead to a level, as one mask: bias last.

    `sources` is the number of the level that the matrix reads.
    """

    learnable: Bools
    present: Bools
    sources: int

    @property
    def frozen(self) -> Bools:
        """Present and not learnable."""
        return self.present & ~self.learnable


@dataclass(frozen=True)
class ReadoutMasks:
    """The last layer of an allocation's network, at the first level that is read."""

    allocation: Allocation

    @cached_property
    def layer(self) -> Layer:
        """Its weights: rows are outputs, columns units of the last hidden layer and a constant."""
        return self._layer(self.allocation.network.unrolled.read[0])

    @cached_property
    def units(self) -> Layer:
        """The weights of the units of the last hidden layer, a row each (not if recurrent)."""
        return self._layer(self.layer.sources)

    def _layer(self, number: int) -> Layer:
        level, allocation = self.allocation.network.unrolled.levels[number], self.allocation
        names = [name for name, _ in level.terms]
        return Layer(
            np.column_stack([as_matrix(allocation.mask(name)) for name in names]),
            np.column_stack([as_matrix(allocation.present_mask(name)) for name in names]),
            level.terms[0].source,
        )

    @cached_property
    def activation(self) -> Activation:
        """That of the last hidden layer."""
        return ACTIVATIONS[self.allocation.network.activations[-1]]

    @cached_property
    def depends(self) -> Bools:
        """Which hidden units may depend on a learnable weight, a constant (never) included."""
        values = self._ahead(of_inputs=False)
        # Of recurrent networks the last state: what it depends on, earlier ones do at most.
        unrolled = self.allocation.network.unrolled
        number = unrolled.levels[unrolled.read[-1]].terms[0].source
        has_bias = self.layer.present.shape[1] > len(values[number])
        return np.append(values[number], np.zeros(int(has_bias), dtype=bool))

    @cached_property
    def sees_sample(self) -> Bools:
        """Which units of the last hidden layer an input has a path to (not if recurrent)."""
        return self._ahead(of_inputs=True)[self.layer.sources]

    @cached_property
    def varying_inputs(self) -> Bools:
        """The same of what these units read, a constant (never) included."""
        return self._with_bias(self._ahead(of_inputs=True), self.units)

    @cached_property
    def moved_inputs(self) -> Bools:
        """What these units read that may depend on a learnable weight."""
        return self._with_bias(self._ahead(of_inputs=False), self.units)

    @staticmethod
    def _with_bias(values: list[Bools], layer: Layer) -> Bools:
        """Facts about what a layer reads, False for a constant."""
        found = values[layer.sources]
        n_constants = layer.present.shape[1] - len(found)
        return np.append(found, np.zeros(n_constants, dtype=bool))

    def _ahead(self, *, of_inputs: bool) -> list[Bools]:
        """Which units, level by level, inputs have a path to, or else learnable weights."""
        unrolled = self.allocation.network.unrolled

        def ahead(_: Level, terms: list[tuple[str, Bools]]) -> Bools:
            parts = [
                (as_matrix(self.allocation.mask(name)).any(axis=1) & (not of_inputs))
                | (as_matrix(self.allocation.present_mask(name)) & before).any(axis=1)
                for name, before in terms
            ]
            return np.logical_or.reduce(parts)

        starts = [
            np.full(level.size, of_inputs and level.group != CONSTANT) for level in unrolled.starts
        ]
        return forward(unrolled, starts, ahead)


@dataclass(frozen=True)
class Readout(ReadoutMasks):
    """The same with a point of the oracle, which shows what values its units have."""

    point: OraclePoint

    @cached_property
    def live_rows(self) -> list[int]:
        """The outputs that are not 0 for all weights and inputs: they are not at the point."""
        reads = self.allocation.network.unrolled.read
        is_live = [(self.point.values[number] != 0).any(axis=1) for number in reads]
        return np.flatnonzero(np.logical_or.reduce(is_live)).tolist()

    @cached_property
    def features(self) -> NDArray[np.float64]:
        """What the outputs read on each sample: (samples, hidden units, a constant)."""
        return self._with_constant(self.layer)

    @cached_property
    def inputs_of_units(self) -> NDArray[np.float64]:
        """What the last hidden units read on each sample: (samples, units before, a constant)."""
        return self._with_constant(self.units)

    def _with_constant(self, layer: Layer) -> NDArray[np.float64]:
        values = self.point.values[layer.sources]
        constant = np.ones((layer.present.shape[1] - len(values), values.shape[1]))
        return np.concatenate([values, constant]).T

    def rank_of_inputs(self, columns: Sequence[int]) -> int:
        """The generic rank of some inputs of the hidden units, proved from below."""
        return rank(self.inputs_of_units[:, list(columns)], self.point.prime)

    def rank_before(self, layer: int, columns: Sequence[int]) -> int:
        """The same of what the units of a hidden layer read, which are numbered from 1."""
        levels = self.allocation.network.unrolled.levels
        number = self.layer.sources
        for _ in range(len(self.allocation.network.weight_layers) - 1 - layer):
            number = levels[number].terms[0].source
        values = self.point.values[levels[number].terms[0].source]
        with_constant = np.concatenate([values, np.ones((1, values.shape[1]))]).T
        return rank(with_constant[:, list(columns)], self.point.prime)

    def rank_with_rest(self, unit: int, columns: Sequence[int], rest: Sequence[int]) -> int:
        """The same with one more column: the sum of the unit's `rest` of inputs, fixed."""
        level = self.allocation.network.unrolled.levels[self.layer.sources]
        weights = np.column_stack([self.point.weights[name] for name, _ in level.terms])[unit]
        fixed = np.zeros_like(weights)
        fixed[list(rest)] = weights[list(rest)]
        added = matmul(self.inputs_of_units, fixed[:, None], self.point.prime)
        columns_of_all = np.concatenate([self.inputs_of_units[:, list(columns)], added], axis=1)
        return rank(columns_of_all, self.point.prime)


def readout_of(analysis: Analysis) -> Readout:
    """The readout of an analysis, at the point of the first trial; not after the deadline."""
    options = analysis.options
    assert not isinstance(analysis.given, GivenInputs), "these are inputs of linear networks"
    point = oracle_point(
        analysis.allocation,
        analysis.samples,
        options.seed,
        0,
        deadline=options.deadline,
        given=analysis.given,
    )
    return Readout(analysis.allocation, point)
