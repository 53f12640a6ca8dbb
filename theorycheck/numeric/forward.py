"""Forward passes of linear networks and their derivatives, on batches of float or complex arrays.

Written for floats, on the levels of the unrolled network; the exact Jacobians modulo a prime
(`ranks.jacobian`) are a separate piece of code, so that each can refute the other. Arrays of
objects that can be added and multiplied serve as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..problem.networks.base import Network
from ..problem.networks.unrolled import Term, Unrolled
from .factors import ChosenOutputs, Factors, find_factors

Weights: TypeAlias = dict[str, Array]  # name -> array (batch, *shape of the weight)
Entries: TypeAlias = Sequence[tuple[str, tuple[int, ...]]]


class WeightsPass:
    """A function of some of the weights of a network: `entries` (name, index) of them."""

    def __init__(self, entries: Entries, xp: ModuleType) -> None:
        self._xp = xp
        self._entries: dict[str, NDArray[np.int64]] = {}  # name -> positions, rows, columns
        for name in dict(entries):
            own = [(k, i[0], i[1] if i[1:] else 0) for k, (n, i) in enumerate(entries) if n == name]
            self._entries[name] = np.array(own).T

    def with_entries(self, weights: Weights, values: Array) -> Weights:
        """The weights, with the entries replaced by the columns of `values` (batch, entries)."""
        result = dict(weights)
        for name, (positions, *places) in self._places.items():
            index = places[: weights[name].ndim - 1]
            shape = (len(values), *weights[name].shape[1:])
            kind = self._xp.result_type(weights[name], values)
            changed = self._xp.array(self._xp.broadcast_to(weights[name], shape), dtype=kind)
            changed[(slice(None), *index)] = values[:, positions]
            result[name] = changed
        return result

    @cached_property
    def _places(self) -> dict[str, list[Array]]:
        """Positions, rows and columns of the entries of each weight, where arrays are computed."""
        return {
            name: [self._xp.asarray(np.ascontiguousarray(part)) for part in parts]
            for name, parts in self._entries.items()
        }


class ForwardPass(WeightsPass):
    """Chosen outputs of a linear network as functions of some of its weights.

    `entries` are the weights (name, index) to differentiate by. `equations` numbers the outputs:
    for output o and sample s of n_samples, o * n_samples + s; read at every step, for output o of
    step t from 0, (t * outputs + o) * n_samples + s. Inputs have shape (batch,
    *network.input_shape(n_samples)); weights have the same batch size.
    """

    def __init__(
        self,
        network: Network,
        n_samples: int,
        entries: Entries,
        equations: Sequence[int],
        xp: ModuleType = np,
    ) -> None:
        assert network.is_linear, "the Jacobian of other networks depends on more"
        super().__init__(entries, xp)
        self._n_samples = n_samples
        numbers = np.asarray(equations, dtype=np.int64)
        rest, self._sample = numbers // n_samples, numbers % n_samples
        self._output, read = rest % network.outputs, rest // network.outputs
        chosen, self._read = np.unique(read, return_inverse=True)
        whole = network.unrolled
        self._unrolled = _leading_to(whole, [whole.read[k] for k in chosen.tolist() or [0]])
        sizes = [level.size for level in self._unrolled.starts]
        self._rows = list(pairwise(accumulate(sizes, initial=0)))
        self._sums = [level.terms for level in self._unrolled.levels if level.terms]
        position = (self._read * network.outputs + self._output) * n_samples + self._sample
        self._read_positions = xp.asarray(position)

    def values(self, weights: Weights, inputs: Array) -> Array:
        """The chosen outputs, shape (batch, equations)."""
        return self._chosen(self._levels(weights, inputs))

    def tangent(
        self, weights: Weights, inputs: Array, d_weights: Weights, d_inputs: Array
    ) -> Array:
        """Derivative of the outputs along a direction of the weights and inputs."""
        levels, slopes = self._levels(weights, inputs), self._given(d_inputs)
        for terms in self._sums:
            slope: Any = None
            for name, source in terms[::-1]:
                change = through(d_weights[name], levels[source])
                slope = change if slope is None else slope + change
                slope = slope + through(weights[name], slopes[source])
            slopes.append(slope)
        return self._chosen(slopes)

    def jacobian(self, weights: Weights, inputs: Array) -> tuple[Array, Array]:
        """The chosen outputs and their derivatives, (batch, equations) and (..., entries).

        A derivative is the sum, over the uses of the weight, of what lies behind it times what is
        ahead of it: for each use two arrays are gathered and multiplied.
        """
        factors, levels = self._factors, self._levels(weights, inputs)
        value = self._chosen(levels)
        batch = len(value)
        nothing = [self._xp.zeros((batch, 1), value.dtype)] if factors.has_zero else []
        shown = [inputs] * factors.shows_inputs + [levels[number] for number in factors.shown]
        ahead = self._joined([*nothing, *(self._flat(part, batch) for part in shown)])
        behind = self._joined([*nothing, *self._behind(weights, batch)])
        total: Any = None
        for left, right in zip(factors.behind, factors.ahead, strict=True):
            product = behind.take(left, axis=1) * ahead.take(right, axis=1)
            total = product if total is None else total + product
        return value, total.astype(value.dtype, copy=False)

    def _given(self, inputs: Array) -> list[Array]:
        """The inputs level by level, (batch, size, samples)."""
        rows = inputs.reshape(len(inputs), -1, inputs.shape[-1])
        return [rows[:, start:end] for start, end in self._rows]

    def _levels(self, weights: Weights, inputs: Array) -> list[Array]:
        """The values of all levels, (batch, size, samples)."""
        values = self._given(inputs)
        for terms in self._sums:
            total: Any = None
            for name, source in terms:
                value = through(weights[name], values[source])
                total = value if total is None else total + value
            values.append(total)
        return values

    def _chosen(self, levels: list[Array]) -> Array:
        """The chosen ones of the outputs, (batch, equations)."""
        read = [levels[number] for number in self._unrolled.read]
        flat = self._joined([value.reshape(len(value), -1) for value in read])
        return flat[:, self._read_positions]

    def _behind(self, weights: Weights, batch: int) -> Iterator[Array]:
        """What lies between the levels that weights act in and the outputs, flat."""
        for way in self._factors.ways:
            values: dict[int, Array] = {}
            for number, leads_to, acts in way:
                total: Any = None
                for name, target in leads_to:
                    value = values[target] @ weights[name] if target in values else weights[name]
                    total = value if total is None else total + value
                if total is None:  # the outputs themselves
                    total = self._xp.eye(self._unrolled.levels[number].size, dtype=int)[None]
                else:
                    values[number] = total
                if acts:
                    yield self._flat(total, batch)

    def _joined(self, parts: list[Array]) -> Array:
        return parts[0] if len(parts) == 1 else self._xp.concatenate(parts, axis=1)

    def _flat(self, value: Array, batch: int) -> Array:
        """One row for each of the batch."""
        if len(value) != batch:
            value = self._xp.broadcast_to(value, (batch, *value.shape[1:]))
        return value.reshape(batch, -1)

    @cached_property
    def _factors(self) -> Factors:
        """Where the factors of the Jacobian are, found on first use."""
        equations = ChosenOutputs(self._read, self._output, self._sample, self._n_samples)
        return find_factors(self._unrolled, self._entries, equations, self._xp)


def through(weight: Array, value: Array) -> Array:
    """What a weight, a matrix or a bias, makes of a level, (batch, size, samples)."""
    return weight @ value if weight.ndim > 2 else weight[:, :, None] * value


def _leading_to(whole: Unrolled, read: Sequence[int]) -> Unrolled:
    """The levels that lead to those that are `read`, and all inputs."""
    needed = set(read)
    for number in range(max(needed), -1, -1):
        if number in needed:
            needed |= {term.source for term in whole.levels[number].terms}
    numbers = sorted(needed.union(range(len(whole.starts))))
    position = {number: k for k, number in enumerate(numbers)}
    levels = []
    for number in numbers:
        level = whole.levels[number]
        terms = tuple(Term(weight, position[source]) for weight, source in level.terms)
        levels.append(level._replace(terms=terms))
    return Unrolled(tuple(levels), tuple(position[number] for number in read))
