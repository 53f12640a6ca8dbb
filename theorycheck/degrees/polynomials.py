"""The equations of a square system at a random point, as polynomials modulo a prime.

One forward pass over NumPy arrays of objects serves two kinds of entries: polynomials in the
unknowns (`equations`), and bounds on degree and size (`bounds`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..errors import SizeError
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from ..ranks.point import draw_point, draw_prime, words
from .system import SquareSystem

Polynomial: TypeAlias = dict[tuple[int, ...], int]  # exponents -> coefficient in 1..prime-1
MOST_TERMS = 20_000  # of one polynomial: no Groebner basis of anything longer is in reach


@dataclass(frozen=True, slots=True)
class _Entry:
    """A polynomial, for NumPy to add and multiply."""

    terms: Polynomial
    prime: int
    deadline: Deadline

    def __add__(self, other: _Entry) -> _Entry:
        if not other.terms:
            return self
        terms = dict(self.terms)
        for exponents, coefficient in other.terms.items():
            terms[exponents] = terms.get(exponents, 0) + coefficient
        return self._of(terms)

    def __mul__(self, other: _Entry) -> _Entry:
        self.deadline.check("the expansion of the equations")
        terms: Polynomial = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                exponents = tuple(map(int.__add__, left, right))
                terms[exponents] = terms.get(exponents, 0) + a * b
        return self._of(terms)

    def _of(self, terms: Polynomial) -> _Entry:
        if len(terms) > MOST_TERMS:
            raise SizeError(f"an equation has more than {MOST_TERMS} terms")
        reduced = {exponents: c % self.prime for exponents, c in terms.items() if c % self.prime}
        return _Entry(reduced, self.prime, self.deadline)


def equations(
    system: SquareSystem, seed: int, trial: int, *, deadline: Deadline = NEVER
) -> list[Polynomial]:
    """The polynomials phi_E(theta) - y_E modulo `draw_prime(seed, trial)`, in the unknowns.

    Frozen weights, learnables that are no unknowns, and inputs are those of `draw_point(seed,
    trial)`; y_E of equation number e is word e of the stream "outputs", so blocks of a system share
    it. Raises `SizeError` beyond `MOST_TERMS` terms and `OutOfTimeError` after the
    deadline.

    >>> from theorycheck import Allocation
    >>> allocation = Allocation(LinearFeedforward([1, 1, 1]), {"W1": [[1]], "W2": [[1]]})
    >>> [polynomial] = equations(SquareSystem(allocation, 1, (0,), (1,)), 0, 0)
    >>> sorted(polynomial)
    [(0,), (1,)]
    """
    prime = draw_prime(seed, trial)
    point = draw_point(system.allocation, system.samples, prime, seed, trial, np)
    n = len(system.unknowns)
    places = {entry: place for place, entry in enumerate(system.entries)}

    def constant(value: float) -> _Entry:
        terms = {(0,) * n: int(value) % prime} if value else {}
        return _Entry(terms, prime, deadline)

    def weight(name: str, index: tuple[int, ...]) -> _Entry:
        place = places.get((name, index))
        if place is None:
            return constant(point.weights[name][index])
        return _Entry({tuple(int(k == place) for k in range(n)): 1}, prime, deadline)

    inputs = _objects(point.inputs.shape, lambda index: constant(point.inputs[index]))
    values = _outputs(system.network, weight, inputs)
    targets = words(seed, trial, "outputs", max(system.equations, default=-1) + 1)
    return [
        (values[number] + constant(-(int(targets[number]) % prime))).terms
        for number in system.equations
    ]


@dataclass(frozen=True, slots=True)
class Bound:
    """Size of a polynomial over the integers in unknowns and parameters.

    `degree` bounds its total degree, `in_unknowns` and `in_parameters` those in one kind only,
    `norm` the sum of the absolute values of its coefficients; `parameters` are those that occur.
    """

    degree: int
    in_unknowns: int
    in_parameters: int
    norm: int
    parameters: frozenset[Any] = frozenset()

    def __add__(self, other: Bound) -> Bound:
        if not (self.norm and other.norm):
            return self if self.norm else other
        return Bound(
            max(self.degree, other.degree),
            max(self.in_unknowns, other.in_unknowns),
            max(self.in_parameters, other.in_parameters),
            self.norm + other.norm,
            self.parameters | other.parameters,
        )

    def __mul__(self, other: Bound) -> Bound:
        if not (self.norm and other.norm):
            return _ZERO
        return Bound(
            self.degree + other.degree,
            self.in_unknowns + other.in_unknowns,
            self.in_parameters + other.in_parameters,
            self.norm * other.norm,
            self.parameters | other.parameters,
        )


_ZERO, _ONE, _UNKNOWN = Bound(0, 0, 0, 0), Bound(0, 0, 0, 1), Bound(1, 1, 0, 1)


def _parameter(name: str, index: tuple[int, ...]) -> Bound:
    return Bound(1, 0, 1, 1, frozenset([(name, index)]))


def bounds(system: SquareSystem) -> list[Bound]:
    """Degrees, norm and parameters of every phi_e over the integers.

    >>> from theorycheck import Allocation
    >>> allocation = Allocation(LinearFeedforward([2, 3, 1]), {"W2": [[1, 0, 0]]})
    >>> [bound] = bounds(SquareSystem(allocation, 2, (0,), (0,)))
    >>> bound.degree, bound.in_unknowns, bound.norm, len(bound.parameters)
    (2, 1, 3, 5)
    """
    allocation, network, m = system.allocation, system.network, system.samples
    unknowns = set(system.entries)

    def weight(name: str, index: tuple[int, ...]) -> Bound:
        if not allocation.present_mask(name)[index]:
            return _ZERO
        return _UNKNOWN if (name, index) in unknowns else _parameter(name, index)

    spanning = m == network.input_dimension
    if isinstance(network, LinearFeedforward):
        shape: tuple[int, ...] = (network.inputs + network.bias, m)
    else:
        shape = (network.steps, network.inputs, m)

    def entry(index: tuple[int, ...]) -> Bound:
        if spanning:  # the samples are unit vectors: see `ranks.point`
            place = index[0] if len(shape) == 2 else index[0] * shape[1] + index[1]
            return _ONE if place == index[-1] else _ZERO
        if len(shape) == 2 and index[0] == network.inputs:
            return _ONE  # the constant that biases multiply
        return _parameter("inputs", index)

    values = _outputs(network, weight, _objects(shape, entry))
    return [values[number] for number in system.equations]


def _objects(shape: tuple[int, ...], entry: Callable[[tuple[int, ...]], Any]) -> Any:
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        array[index] = entry(index)
    return array


def _outputs(
    network: LinearFeedforward | LinearRecurrent,
    weight: Callable[[str, tuple[int, ...]], Any],
    inputs: Any,
) -> Any:
    """All outputs in the order that numbers the equations, from the network's definition."""
    matrices = {
        name: _objects(shape, lambda index, name=name: weight(name, index))
        for name, shape in network.weight_shapes.items()
    }
    if isinstance(network, LinearFeedforward):
        constant = inputs[network.inputs :]  # one row if there are biases, else none
        state = inputs
        for layer in range(1, network.depth + 1):
            matrix = matrices[f"W{layer}"]
            if network.bias:
                matrix = np.concatenate([matrix, matrices[f"b{layer}"][:, None]], axis=1)
                state = state if layer == 1 else np.concatenate([state, constant])
            state = matrix @ state
        return state.reshape(-1)
    state, found = None, []
    for step, given in enumerate(inputs, start=1):
        drive = matrices["input"] @ given
        state = drive if state is None else matrices["recurrent"] @ state + drive
        if network.readout == "all" or step == network.steps:
            found.append(matrices["readout"] @ state)
    return np.concatenate([output.reshape(-1) for output in found])
