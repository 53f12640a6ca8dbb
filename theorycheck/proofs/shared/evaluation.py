"""Outputs of networks of powers in plain code, over any numbers: what proof steps compare with.

Nothing here shares code with `ranks.jacobian`. Entries may be floating point or complex numbers,
Python integers (array type object, reduced modulo a prime by the caller) or polynomials.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy.polys.domains import ZZ
from sympy.polys.rings import PolyElement, ring

from ...problem.allocation import Mask
from ...problem.networks.activations import ACTIVATIONS
from ...problem.networks.base import Network
from ...ranks.point import draw_prime
from . import exhaustive

Entries: TypeAlias = NDArray[Any]


class Tangent(NamedTuple):
    """A random point modulo `prime`: the Jacobian's `columns` of all weights, in order.

    `misfit` is the output of a random teacher less that of the student.
    """

    prime: int
    columns: NDArray[np.int64]
    misfit: NDArray[np.int64]


def outputs(network: Network, weights: Mapping[str, Entries], inputs: Entries) -> Entries:
    """All outputs on all samples as one vector; leading axes of the weights are a batch.

    Activations are linear, square or cube.

    `inputs` is (n_0, samples), recurrent (steps, n_in, samples). Output o of sample s has number
    o * samples + s; with readout `all` time comes first.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([2, 1])
    >>> outputs(network, {"W1": np.array([[2, 3]])}, np.eye(2)).tolist()
    [2.0, 3.0]
    """
    if not network.is_recurrent:
        values, names = inputs, (*network.activations, "linear")
        for (matrix, *biases), name in zip(network.weight_layers, names, strict=True):
            values = _raised(_shifted(weights[matrix] @ values, weights, *biases), name)
        return values.reshape(*values.shape[:-2], -1)
    [name], read, state = network.activations, [], None
    for shown in inputs:
        total = weights["input"] @ shown
        if state is not None:
            total = weights["recurrent"] @ state + total
        state = _raised(_shifted(total, weights, "bias"), name)
        read.append(_shifted(weights["readout"] @ state, weights, "readout_bias"))
    used = read if network.reads_every_step else read[-1:]
    return np.concatenate([value.reshape(*value.shape[:-2], -1) for value in used], axis=-1)


def _shifted(values: Entries, weights: Mapping[str, Entries], *biases: str) -> Entries:
    """With those of the biases that there are."""
    for bias in biases:
        if bias in weights:
            values = values + weights[bias][..., None]
    return values


def _raised(values: Entries, name: str) -> Entries:
    """Every entry to the power that the activation is."""
    power = ACTIVATIONS[name].power
    return values if power == 1 else values**power


def split(network: Network, values: Entries) -> dict[str, Entries]:
    """A vector of all weights (last axis, in the network's order) as named arrays.

    >>> from theorycheck import LinearFeedforward
    >>> split(LinearFeedforward([1, 2]), np.arange(2))["W1"].tolist()
    [[0], [1]]
    """
    shapes = network.weight_shapes
    ends = np.cumsum([math.prod(shape) for shape in shapes.values()])[:-1]
    parts = np.split(values, ends, axis=-1)
    return {
        name: part.reshape(*values.shape[:-1], *shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def input_shape(network: Network, samples: int) -> tuple[int, ...]:
    """The shape of `samples` inputs, without the constant of biases.

    >>> from theorycheck import LinearRecurrent
    >>> input_shape(LinearRecurrent(1, 2, 1, 3), 4)
    (3, 1, 4)
    """
    steps = (network.steps,) if network.is_recurrent else ()
    return *steps, network.inputs, samples


def whole_numbers(shape: int | tuple[int, ...], below: int, rng: np.random.Generator) -> Entries:
    """Uniform Python integers from 0 to `below` - 1.

    >>> whole_numbers(2, 1, np.random.default_rng(0)).tolist()
    [0, 0]
    """
    return rng.integers(below, size=shape).astype(object)


def tangent(
    network: Network, samples: int, seed: int, present: dict[str, Mask] | None = None
) -> Tangent:
    """The Jacobian and the misfit of a random student and a random teacher, modulo a prime.

    Derivatives come from arithmetic modulo the square of the prime p: there
    f(w + p) = f(w) + p f'(w).

    >>> from theorycheck import LinearFeedforward
    >>> point = tangent(LinearFeedforward([2, 2]), 2, 0)
    >>> point.columns.shape, point.misfit.shape
    ((4, 4), (4,))
    """
    rng = np.random.default_rng(seed)
    prime = draw_prime(seed, 0)
    exists = present_vector(network, present)
    inputs = whole_numbers(input_shape(network, samples), prime, rng)

    def at(values: Entries) -> Entries:
        return outputs(network, split(network, values), inputs)

    student = whole_numbers(network.n_weights, prime, rng) * exists
    teacher = whole_numbers(network.n_weights, prime, rng) * exists
    here = at(student)
    columns = []
    for index in np.eye(network.n_weights, dtype=int):
        columns.append((at(student + prime * index * exists) - here) // prime % prime)
    misfit = (at(teacher) - here) % prime
    return Tangent(prime, np.stack(columns, axis=1).astype(np.int64), misfit.astype(np.int64))


def present_vector(network: Network, present: dict[str, Mask] | None) -> NDArray[np.int64]:
    """1 for every weight that exists, else 0, in the network's order.

    >>> from theorycheck import LinearFeedforward
    >>> present_vector(LinearFeedforward([2, 1]), {"W1": np.array([[True, False]])}).tolist()
    [1, 0]
    """
    masks = [
        np.ones(shape, dtype=int) if present is None or name not in present else present[name]
        for name, shape in network.weight_shapes.items()
    ]
    return np.concatenate([np.ravel(mask) for mask in masks]).astype(np.int64)


def symbolic_outputs(
    network: Network, present: NDArray[np.int64] | None = None
) -> list[PolyElement]:
    """The outputs on one sample: polynomials in all weights (in order), then the inputs.

    >>> from theorycheck import LinearFeedforward
    >>> symbolic_outputs(LinearFeedforward([1, 1, 1]))
    [z0*z1*z2]
    """
    shape = input_shape(network, 1)
    n_symbols = network.n_weights + math.prod(shape)
    _, *symbols = ring([f"z{number}" for number in range(n_symbols)], ZZ)
    values = as_entries(symbols)
    weights = values[: network.n_weights]
    if present is not None:
        weights = weights * present.astype(object)
    inputs = values[network.n_weights :].reshape(shape)
    return list(outputs(network, split(network, weights), inputs))


def symbolic_jacobian(network: Network, samples: int) -> list[list[PolyElement]]:
    """Rows per sample and output: derivatives with respect to all weights, at some inputs.

    >>> from theorycheck import LinearFeedforward
    >>> symbolic_jacobian(LinearFeedforward([1, 1]), 1)[0][0].is_ground
    True
    """
    rng = np.random.default_rng(0)
    polynomials = symbolic_outputs(network)
    symbols = polynomials[0].ring.gens
    rows = []
    for _ in range(samples):
        inputs = symbols[network.n_weights :]
        at = list(zip(inputs, rng.integers(1, 99, len(inputs)).tolist(), strict=True))
        for output in polynomials:
            row = [output.diff(weight).subs(at) for weight in symbols[: network.n_weights]]
            rows.append(row)
    return rows


def as_entries(values: list[Any]) -> Entries:
    """A vector of Python objects, whatever they are.

    >>> as_entries([1, "a"]).dtype
    dtype('O')
    """
    entries = np.empty(len(values), dtype=object)
    entries[:] = values
    return entries


def compared(same: NDArray[np.bool_], words: Callable[[int], str]) -> Iterator[str | None]:
    """One case per entry: None where `same`, else `words` of the entry's number.

    >>> list(compared(np.array([True, False]), str))
    [None, '1']
    """
    for number, holds in enumerate(same.tolist()):
        yield None if holds else words(number)


def in_words(
    network: Network, samples: int, masks: NDArray[np.bool_], more: str = ""
) -> Callable[[int], str]:
    """Words for masks of all weights by their number, for `compared`.

    >>> from theorycheck import LinearFeedforward
    >>> in_words(LinearFeedforward([1, 1]), 2, np.array([[True]]), "why")(0)
    'linear feed-forward 1-1, m = 2, W1 = [[1]] (why)'
    """
    names = list(network.weight_shapes)
    end = f" ({more})" if more else ""
    return lambda number: exhaustive.shown(network, samples, names, masks[number]) + end
