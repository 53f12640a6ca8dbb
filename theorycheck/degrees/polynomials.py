"""The equations of a square system at a random point, as polynomials modulo a prime.

One forward pass over NumPy arrays of objects serves two kinds of them: polynomials in the unknowns
(`equations`), and bounds on degree and size (`bounds`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..errors import SizeError
from ..numeric.polynomial_forward import pass_of
from ..ranks.point import Point, draw_point, draw_prime, residues, words
from .system import SquareSystem

Polynomial: TypeAlias = dict[tuple[int, ...], int]  # exponents -> coefficient in 1..prime-1
MOST_TERMS = 20_000  # of one polynomial: no Groebner basis of anything longer is in reach


@dataclass(frozen=True, slots=True)
class _Polynomial:
    """A polynomial, for NumPy to add and multiply."""

    terms: Polynomial
    prime: int
    deadline: Deadline

    def __add__(self, other: _Polynomial) -> _Polynomial:
        if not other.terms:
            return self
        terms = dict(self.terms)
        for exponents, coefficient in other.terms.items():
            terms[exponents] = terms.get(exponents, 0) + coefficient
        return self._of(terms)

    def __mul__(self, other: _Polynomial) -> _Polynomial:
        self.deadline.check("the expansion of the equations")
        terms: Polynomial = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                exponents = tuple(map(int.__add__, left, right))
                terms[exponents] = terms.get(exponents, 0) + a * b
        return self._of(terms)

    def _of(self, terms: Polynomial) -> _Polynomial:
        if len(terms) > MOST_TERMS:
            raise SizeError(f"an equation has more than {MOST_TERMS} terms")
        reduced = {exponents: c % self.prime for exponents, c in terms.items() if c % self.prime}
        return _Polynomial(reduced, self.prime, self.deadline)


def equations(
    system: SquareSystem, seed: int, trial: int, *, deadline: Deadline = NEVER
) -> list[Polynomial]:
    """The polynomials phi_E(theta) - y_E modulo `draw_prime(seed, trial)`, in the unknowns.

    Frozen weights, learnables that are no unknowns, and inputs are those of `draw_point(seed,
    trial)`; y_E of equation number e is word e of the stream "outputs", so blocks of a system share
    it. Raises `SizeError` beyond `MOST_TERMS` terms and `OutOfTimeError` after the
    deadline.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> allocation = Allocation(LinearFeedforward([1, 1, 1]), {"W1": [[1]], "W2": [[1]]})
    >>> [polynomial] = equations(SquareSystem(allocation, 1, (0,), (1,)), 0, 0)
    >>> sorted(polynomial)
    [(0,), (1,)]
    """
    prime = draw_prime(seed, trial)
    point = _point(system, prime, seed, trial)
    n = len(system.unknowns)
    positions = {entry: position for position, entry in enumerate(system.entries)}

    def constant(value: float) -> _Polynomial:
        terms = {(0,) * n: int(value) % prime} if value else {}
        return _Polynomial(terms, prime, deadline)

    def weight(name: str, index: tuple[int, ...]) -> _Polynomial:
        position = positions.get((name, index))
        if position is None:
            return constant(point.weights[name][index])
        return _Polynomial({tuple(int(k == position) for k in range(n)): 1}, prime, deadline)

    values = _values(system, weight, lambda index: constant(point.inputs[index]))
    targets = words(seed, trial, "outputs", max(system.equations, default=-1) + 1)
    return [
        (value + constant(-(int(targets[number]) % prime))).terms
        for number, value in zip(system.equations, values, strict=True)
    ]


def _point(system: SquareSystem, prime: int, seed: int, trial: int) -> Point:
    """`draw_point`, and the same streams for networks that are not linear."""
    allocation, network, m = system.allocation, system.network, system.samples
    if network.is_linear:
        return draw_point(allocation, m, prime, seed, trial, np)
    weights = {
        name: residues(seed, trial, name, shape, prime) * allocation.present_mask(name)
        for name, shape in network.weight_shapes.items()
    }
    drawn = residues(seed, trial, "inputs", (network.steps * network.inputs, m), prime)
    shape = network.input_shape(m)
    n_ones = math.prod(shape[:-1]) - len(drawn)
    return Point(prime, weights, np.concatenate([drawn, np.ones((n_ones, m))]).reshape(shape))


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
    parameters: frozenset[tuple[str, tuple[int, ...]]] = frozenset()

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

    >>> from theorycheck import Allocation, LinearFeedforward
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

    spanning, shape = network.is_spanned_by(m), network.input_shape(m)

    def given(index: tuple[int, ...]) -> Bound:
        if spanning:  # the samples are unit vectors: see `ranks.point`
            return _ONE if np.ravel_multi_index(index[:-1], shape[:-1]) == index[-1] else _ZERO
        if index[-2] == network.inputs:
            return _ONE  # the constant that biases multiply
        return _parameter("inputs", index)

    return _values(system, weight, given)


def _values(
    system: SquareSystem,
    weight: Callable[[str, tuple[int, ...]], Any],
    given: Callable[[tuple[int, ...]], Any],
) -> list[Any]:
    """The outputs that the equations are about, of weights and inputs that are objects."""
    network, m = system.network, system.samples
    shapes = network.weight_shapes.items()
    weights = {name: _objects(shape, partial(weight, name)) for name, shape in shapes}
    forward = pass_of(network, m, (), system.equations)
    return forward.values(weights, _objects(network.input_shape(m), given))[0].tolist()


def _objects(shape: tuple[int, ...], make: Callable[[tuple[int, ...]], Any]) -> NDArray[np.object_]:
    """An array (1, *shape) of what `make` makes of each index."""
    array = np.empty((1, *shape), dtype=object)
    for index in np.ndindex(*shape):
        array[(0, *index)] = make(index)
    return array
