"""Polynomial systems phi(theta) = y at chosen data, and their solutions counted exactly.

What the proofs of T6 and T7 are made of, written with sympy's polynomials and apart from the
library's own degrees: a Groebner basis gives the quotient ring, its dimension counts the complex
solutions, and the characteristic polynomial of a linear form on it counts the real ones (Sturm).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import GF, QQ, Poly, Symbol
from sympy.polys.groebnertools import groebner
from sympy.polys.matrices import DomainMatrix
from sympy.polys.orderings import grevlex
from sympy.polys.rings import ring

from ...problem.networks.base import Network
from . import exhaustive
from .evaluation import input_shape, outputs

Entry: TypeAlias = tuple[str, tuple[int, ...]]
Weights: TypeAlias = Mapping[str, NDArray[Any]]

PRIME = 2**31 - 1


@dataclass(frozen=True)
class IntegerInstance:
    """A student's weights (those of learnable entries are not used), a teacher's, and inputs."""

    student: Weights
    teacher: Weights
    inputs: NDArray[Any]


@dataclass(frozen=True)
class Solutions:
    """The complex solutions of a system: how many, if all are simple, and how many are real.

    `count` counts with multiplicities; `real` is 0 and means nothing unless `simple`.
    """

    count: int
    simple: bool
    real: int

    @property
    def none_real(self) -> bool:
        """Whether there are solutions, all of them simple and not real."""
        return self.count > 0 and self.simple and not self.real


def draw(network: Network, samples: int, rng: np.random.Generator, bound: int) -> IntegerInstance:
    """An instance of integers between -bound and bound, none of them 0.

    >>> from theorycheck import LinearFeedforward
    >>> instance = draw(LinearFeedforward([2, 1]), 3, np.random.default_rng(0), 9)
    >>> instance.inputs.shape, instance.student["W1"].shape
    ((2, 3), (1, 2))
    """

    def some(*shape: int) -> NDArray[Any]:
        signs = rng.choice([-1, 1], size=shape)
        return (rng.integers(1, bound + 1, size=shape) * signs).astype(object)

    shapes = network.weight_shapes
    student, teacher = ({name: some(*shape) for name, shape in shapes.items()} for _ in range(2))
    return IntegerInstance(student, teacher, some(*input_shape(network, samples)))


def equations(
    network: Network,
    entries: Sequence[Entry],
    instance: IntegerInstance,
    modulus: int | None = None,
    keep: Sequence[int] | None = None,
) -> list[Any]:
    """phi_e(theta) - y_e as polynomials in the unknown `entries`, over Q or modulo a prime.

    `keep` are the numbers of the equations that are wanted; all by default.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([1, 1])
    >>> one = np.array([[1]], dtype=object)
    >>> equations(network, [("W1", (0, 0))], IntegerInstance({"W1": one}, {"W1": 3 * one}, 2 * one))
    [2*t0 - 6]
    """
    names = [f"t{k}" for k in range(len(entries))]
    field, *unknowns = ring(names, QQ if modulus is None else GF(modulus), grevlex)

    def polynomials(values: NDArray[Any]) -> NDArray[Any]:
        result = np.empty(values.shape, dtype=object)
        for index, value in np.ndenumerate(values):
            result[index] = field.ground_new(field.domain.convert(value))
        return result

    student = {name: polynomials(value) for name, value in instance.student.items()}
    for (name, index), unknown in zip(entries, unknowns, strict=True):
        student[name][index] = unknown
    inputs = polynomials(instance.inputs)
    teacher = {name: polynomials(value) for name, value in instance.teacher.items()}
    difference = outputs(network, student, inputs) - outputs(network, teacher, inputs)
    flat = difference.tolist()
    return flat if keep is None else [flat[number] for number in keep]


def number_of_solutions(polynomials: Sequence[Any]) -> int:
    """Solutions over the algebraic closure, with multiplicities; -1 if there are infinitely many.

    >>> field, x, y = ring("x, y", QQ, grevlex)
    >>> number_of_solutions([x**2 - y, y**2 - 2]), number_of_solutions([x * y])
    (4, -1)
    """
    standard = _quotient(polynomials)[1]
    return -1 if standard is None else len(standard)


def solve(polynomials: Sequence[Any]) -> Solutions:
    """Count the solutions of a system over Q, and the real ones if all are simple.

    Multiplication by a linear form is a matrix on the quotient ring, whose eigenvalues are the
    form's values at the solutions. If its characteristic polynomial is squarefree, all solutions
    are simple and rational in these values, so the real solutions are its real roots.

    Raises `ValueError` for infinitely many solutions.

    >>> field, x, y = ring("x, y", QQ, grevlex)
    >>> solve([x**2 - y, y**2 - 2])
    Solutions(count=4, simple=True, real=2)
    """
    basis, standard = _quotient(polynomials)
    if standard is None:
        raise ValueError("there are infinitely many solutions")
    if not standard:
        return Solutions(0, True, 0)
    field = basis[0].ring
    form = sum(((7 * k + 3) * unknown for k, unknown in enumerate(field.gens)), field.zero)
    images = [(form * field({monomial: QQ(1)})).rem(basis) for monomial in standard]
    rows = [[image.get(monomial, QQ(0)) for image in images] for monomial in standard]
    matrix = DomainMatrix(rows, (len(standard), len(standard)), QQ)
    characteristic = Poly(matrix.charpoly(), Symbol("z"), domain=QQ)
    if not characteristic.is_sqf:
        return Solutions(len(standard), False, 0)
    return Solutions(len(standard), True, int(characteristic.count_roots()))


def _quotient(polynomials: Sequence[Any]) -> tuple[list[Any], list[tuple[int, ...]] | None]:
    """A Groebner basis, and the monomials no leading one divides; None if these are infinite."""
    nonzero = [polynomial for polynomial in polynomials if polynomial]
    field = polynomials[0].ring
    basis = groebner(nonzero, field)
    leading = [element.LM for element in basis]
    if any(not any(monomial) for monomial in leading):
        return basis, []
    limits = []
    for place in range(field.ngens):
        powers = [m[place] for m in leading if sum(m) == m[place]]
        if not powers:
            return basis, None
        limits.append(min(powers))
    box = product(*map(range, limits))
    free = [m for m in box if not any(all(map(int.__ge__, m, low)) for low in leading)]
    return basis, free


def generic_system(
    network: Network, samples: int, entries: Sequence[Entry], seed: int = 0
) -> list[Any]:
    """`equations` at random data modulo `PRIME`.

    >>> from theorycheck import LinearFeedforward
    >>> diagonals = [(name, (k, k)) for name in ("W1", "W2") for k in range(2)]
    >>> number_of_solutions(generic_system(LinearFeedforward([2, 2, 2]), 2, diagonals))
    2
    """
    instance = draw(network, samples, np.random.default_rng(seed), PRIME - 1)
    return equations(network, entries, instance, PRIME)


def dependence(polynomials: Sequence[Any]) -> list[list[int]]:
    """Which polynomials depend on which unknowns: 0/1 rows.

    >>> field, x, y = ring("x, y", QQ, grevlex)
    >>> dependence([x * y, y**2 - 1])
    [[1, 1], [0, 1]]
    """
    return [
        [int(any(monomial[k] for monomial in polynomial)) for k in range(polynomial.ring.ngens)]
        for polynomial in polynomials
    ]


def independent(polynomials: Sequence[Any], seed: int = 0) -> tuple[int, ...]:
    """The first polynomials whose Jacobian has independent rows, at a random point mod `PRIME`.

    >>> field, x, y = ring("x, y", GF(PRIME), grevlex)
    >>> independent([x * y, x**2 * y**2, x])
    (0, 2)
    """
    n = polynomials[0].ring.ngens
    point = np.random.default_rng(seed).integers(1, PRIME, n).tolist()
    rows = [[0] * len(polynomials) for _ in range(n)]
    for number, polynomial in enumerate(polynomials):
        for monomial, coefficient in polynomial.items():
            value = int(coefficient)
            for base, power in zip(point, monomial, strict=True):
                value = value * pow(base, power, PRIME) % PRIME
            for k in (k for k in range(n) if monomial[k]):
                rows[k][number] += value * monomial[k] * pow(point[k], -1, PRIME)
    domain = GF(PRIME)
    entries = [[domain(entry % PRIME) for entry in row] for row in rows]
    return DomainMatrix(entries, (n, len(polynomials)), domain).rref()[1]


def entries_of(network: Network, mask: NDArray[np.bool_], names: Sequence[str]) -> list[Entry]:
    """The learnable entries of a mask as `exhaustive.all_masks` makes them.

    >>> from theorycheck import LinearFeedforward
    >>> entries_of(LinearFeedforward([2, 1]), np.array([False, True]), ["W1"])
    [('W1', (0, 1))]
    """
    every = [(name, index) for name in names for index in np.ndindex(network.weight_shapes[name])]
    return [every[place] for place in np.flatnonzero(mask)]  # type: ignore[misc]


def at_budget(
    network: Network, samples: int, names: Sequence[str] | None = None
) -> Iterator[list[Entry]]:
    """All allocations of the weights `names` (all by default) with r = D.

    >>> from theorycheck import LinearFeedforward
    >>> sum(1 for _ in at_budget(LinearFeedforward([2, 2, 2]), 2))
    70
    """
    names = list(network.weight_shapes) if names is None else names
    n_entries = sum(math.prod(network.weight_shapes[name]) for name in names)
    for mask in exhaustive.all_masks(n_entries, exhaustive.target(network, samples)):
        yield entries_of(network, mask, names)


def moved(instance: IntegerInstance, rng: np.random.Generator, size: Any) -> IntegerInstance:
    """A neighbour: every number changed by a random integer from -9 to 9, times `size`.

    >>> one = IntegerInstance({}, {}, np.array([[1]], dtype=object))
    >>> abs(moved(one, np.random.default_rng(0), QQ(1, 100)).inputs[0, 0] - 1) <= QQ(9, 100)
    True
    """

    def near(values: NDArray[Any]) -> NDArray[Any]:
        return values + rng.integers(-9, 10, size=values.shape).astype(object) * size

    return replace(
        instance,
        student={name: near(value) for name, value in instance.student.items()},
        teacher={name: near(value) for name, value in instance.teacher.items()},
        inputs=near(instance.inputs),
    )
