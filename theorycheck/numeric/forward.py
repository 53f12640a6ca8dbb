"""Forward passes of linear networks and their derivatives, on batches of float or complex arrays.

Written for floats from the definition of the networks; the exact Jacobians modulo a prime
(`ranks.jacobian`) are a separate piece of code, so that each can refute the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent

Weights: TypeAlias = dict[str, Any]  # name -> array (batch, *shape of the weight)
Entries: TypeAlias = Sequence[tuple[str, tuple[int, ...]]]


class ForwardPass:
    """Chosen outputs of a linear network as functions of some of its weights.

    `entries` are the weights (name, index) to differentiate by. `equations` numbers the outputs:
    for output o and sample s of n_samples, o * n_samples + s; with readout `all`, for output o of
    step t from 0, (t * outputs + o) * n_samples + s. Inputs have shape (batch, n_0, n_samples),
    with biases a last row of constants; recurrent (batch, steps, n_in, n_samples); weights have the
    same batch size.
    """

    def __init__(
        self,
        network: LinearFeedforward | LinearRecurrent,
        n_samples: int,
        entries: Entries,
        equations: Sequence[int],
        xp: ModuleType = np,
    ) -> None:
        self._network, self._xp = network, xp
        numbers = np.asarray(equations, dtype=np.int64)
        rest, self._sample = numbers // n_samples, numbers % n_samples
        self._output = rest % network.outputs
        is_recurrent = isinstance(network, LinearRecurrent)
        last = network.steps if is_recurrent else 1
        every = is_recurrent and network.readout == "all"
        self._time = rest // network.outputs + 1 if every else np.full(len(numbers), last)
        self._places: dict[str, Any] = {}
        for place, (name, index) in enumerate(entries):
            self._places.setdefault(name, []).append((place, index[0], index[-1]))
        self._places = {name: np.array(rows).T for name, rows in self._places.items()}
        self._n_entries, self._n_samples = len(entries), n_samples

    def values(self, weights: Weights, inputs: Any) -> Any:
        """The chosen outputs, shape (batch, equations)."""
        if isinstance(self._network, LinearFeedforward):
            last = self._activations(weights, inputs)[-1]
            return last[:, self._output, self._sample]
        return self._outputs(self._states(weights, inputs), weights["readout"])

    def tangent(self, weights: Weights, inputs: Any, d_weights: Weights, d_inputs: Any) -> Any:
        """Derivative of the outputs along a direction of the weights and inputs."""
        if isinstance(self._network, LinearFeedforward):
            value, slope = inputs, d_inputs
            for layer in range(1, self._network.depth + 1):
                weight = _affine(weights, layer, self._xp)
                change = _affine(d_weights, layer, self._xp)
                value, slope = weight @ value, change @ value + weight @ slope
                if self._network.bias and layer < self._network.depth:
                    constant = inputs[:, self._network.inputs :]
                    value = self._stack(value, constant)
                    slope = self._stack(slope, 0 * constant)
            return slope[:, self._output, self._sample]
        states, slopes = self._recurrent_tangent(weights, inputs, d_weights, d_inputs)
        through = self._outputs(slopes, weights["readout"])
        return through + self._outputs(states, d_weights["readout"])

    def jacobian(self, weights: Weights, inputs: Any) -> tuple[Any, Any]:
        """The chosen outputs and their derivatives, (batch, equations) and (..., entries)."""
        if isinstance(self._network, LinearFeedforward):
            return self._feedforward_jacobian(weights, inputs)
        return self._recurrent_jacobian(weights, inputs)

    def with_entries(self, weights: Weights, values: Any, entries: Entries) -> Weights:
        """The weights, with `entries` replaced by the columns of `values` (batch, entries)."""
        result = dict(weights)
        for name, (places, *_) in self._places.items():
            index = tuple(np.array([entries[place][1] for place in places]).T)
            shape = (len(values), *weights[name].shape[1:])
            kind = self._xp.result_type(weights[name], values)
            changed = self._xp.array(self._xp.broadcast_to(weights[name], shape), dtype=kind)
            changed[(slice(None), *index)] = values[:, places]
            result[name] = changed
        return result

    def _activations(self, weights: Weights, inputs: Any) -> list[Any]:
        network, activations = self._network, [inputs]
        assert isinstance(network, LinearFeedforward)
        for layer in range(1, network.depth + 1):
            value = _affine(weights, layer, self._xp) @ activations[-1]
            if network.bias and layer < network.depth:
                value = self._stack(value, inputs[:, network.inputs :])
            activations.append(value)
        return activations

    def _stack(self, value: Any, constant: Any) -> Any:
        """The constant as one more row, for the biases of the next layer."""
        shape = (len(value), *constant.shape[1:])
        return self._xp.concatenate([value, self._xp.broadcast_to(constant, shape)], axis=1)

    def _feedforward_jacobian(self, weights: Weights, inputs: Any) -> tuple[Any, Any]:
        network, xp = self._network, self._xp
        assert isinstance(network, LinearFeedforward)
        activations = self._activations(weights, inputs)
        value = activations[-1][:, self._output, self._sample]
        batch, behind = len(value), xp.eye(network.outputs)
        backward = [xp.broadcast_to(behind.reshape(1, -1), (batch, behind.size))]
        for layer in range(network.depth, 1, -1):
            weight = weights[f"W{layer}"]
            behind = behind @ weight if layer < network.depth else weight
            backward.append(behind.reshape(batch, -1))
        forward = [value.reshape(batch, -1) for value in activations[:-1]]
        # A derivative is what is behind a weight times what is ahead of it: one product for all.
        left, right = xp.concatenate(backward, axis=1), xp.concatenate(forward, axis=1)
        behind_places, ahead_places = self._factors
        result = left.take(behind_places, axis=1) * right.take(ahead_places, axis=1)
        return value, result.astype(value.dtype, copy=False)

    @cached_property
    def _factors(self) -> tuple[Any, Any]:
        """Where the factors of the Jacobian (equations, entries) are in `_feedforward_jacobian`."""
        network, m = self._network, self._n_samples
        assert isinstance(network, LinearFeedforward)
        behind = np.zeros((len(self._output), self._n_entries), dtype=np.int64)
        ahead = np.zeros_like(behind)
        widths = network.widths
        outer = [network.outputs * width for width in widths[:0:-1]]
        inner = [(width + network.bias) * m for width in widths[:-1]]
        for name, (places, i, j) in self._places.items():
            layer = int(name[1:])
            j = j if name[0] == "W" else np.full(len(j), widths[layer - 1])
            before = sum(outer[: network.depth - layer]), sum(inner[: layer - 1])
            behind[:, places] = before[0] + self._output[:, None] * widths[layer] + i
            ahead[:, places] = before[1] + j * m + self._sample[:, None]
        return self._xp.asarray(behind), self._xp.asarray(ahead)

    def _states(self, weights: Weights, inputs: Any) -> list[Any]:
        """h_1 ... h_T."""
        states = [weights["input"] @ inputs[:, 0]]
        for step in range(1, inputs.shape[1]):
            states.append(weights["recurrent"] @ states[-1] + weights["input"] @ inputs[:, step])
        return states

    def _outputs(self, states: list[Any], readout: Any) -> Any:
        if (self._time == self._time[:1]).all():
            return (readout @ states[self._time[0] - 1])[:, self._output, self._sample]
        stacked = self._xp.stack(states, axis=1)
        return (readout[:, None] @ stacked)[:, self._time - 1, self._output, self._sample]

    def _recurrent_tangent(
        self, weights: Weights, inputs: Any, d_weights: Weights, d_inputs: Any
    ) -> tuple[list[Any], list[Any]]:
        states = self._states(weights, inputs)
        slopes: list[Any] = []
        for step in range(inputs.shape[1]):
            slope = d_weights["input"] @ inputs[:, step] + weights["input"] @ d_inputs[:, step]
            if step:
                slope = slope + d_weights["recurrent"] @ states[step - 1]
                slope = slope + weights["recurrent"] @ slopes[-1]
            slopes.append(slope)
        return states, slopes

    def _recurrent_jacobian(self, weights: Weights, inputs: Any) -> tuple[Any, Any]:
        xp = self._xp
        states = self._states(weights, inputs)
        value = self._outputs(states, weights["readout"])
        batch = len(value)
        nothing = xp.zeros((batch, 1), dtype=value.dtype)
        shown = xp.broadcast_to(inputs, (batch, *inputs.shape[1:])).reshape(batch, -1)
        ahead = xp.concatenate(
            [nothing, shown, *(state.reshape(batch, -1) for state in states)], axis=1
        )
        inner, behind_places, ahead_places, outer, readout_places = self._recurrent_factors
        result = xp.zeros((*value.shape, self._n_entries), dtype=value.dtype)
        if len(outer):
            result[:, :, outer] = ahead.take(readout_places, axis=1)
        if len(inner):
            behind, total = weights["readout"], 0
            for lag, places in enumerate(ahead_places):  # the weight acted `lag` steps before
                behind = behind @ weights["recurrent"] if lag else behind
                left = behind.reshape(batch, -1).take(behind_places, axis=1)
                total = total + left * ahead.take(places, axis=1)
            result[:, :, inner] = total
        return value, result

    @cached_property
    def _recurrent_factors(self) -> tuple[Any, Any, list[Any], Any, Any]:
        """Entries before the readout with the places of their factors, and those of the readout.

        Of what is ahead, place 0 is a zero; inputs by (step, input, sample) and states follow.
        """
        network, m = self._network, self._n_samples
        assert isinstance(network, LinearRecurrent)
        sample, time = self._sample[:, None], self._time[:, None]
        sizes = {"input": network.inputs, "recurrent": network.hidden}
        begin = {"input": 1, "recurrent": 1 + network.steps * network.inputs * m}
        inner = [name for name in sizes if name in self._places]
        numbers, behind = [np.empty(0, dtype=np.int64)], []
        ahead: list[list[Any]] = [[] for _ in range(network.steps)]
        for name in inner:
            places, i, j = self._places[name]
            numbers.append(places)
            behind.append(self._output[:, None] * network.hidden + i)
            for lag in range(network.steps):
                step = time - lag - 1 - (name == "recurrent")  # h_1 is the first of the states
                place = begin[name] + (step * sizes[name] + j) * m + sample
                ahead[lag].append(np.where(step < 0, 0, place))
        last = np.empty(0, dtype=np.int64)
        readout = np.empty((len(self._output), 0), dtype=np.int64)
        if "readout" in self._places:
            last, i, j = self._places["readout"]
            place = begin["recurrent"] + ((time - 1) * network.hidden + j) * m + sample
            readout = np.where(self._output[:, None] == i, place, 0)
        xp = self._xp
        joined = [xp.asarray(np.hstack(part)) for part in ahead] if inner else []
        before = xp.asarray(np.hstack(behind)) if inner else None
        return np.concatenate(numbers), before, joined, last, xp.asarray(readout)


def _affine(weights: Weights, layer: int, xp: ModuleType) -> Any:
    """The weight matrix of a layer with its bias, if any, as one more column."""
    weight, bias = weights[f"W{layer}"], weights.get(f"b{layer}")
    return weight if bias is None else xp.concatenate([weight, bias[:, :, None]], axis=2)
