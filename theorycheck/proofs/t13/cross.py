"""Which D equations tell matrices of rank b apart: how many such matrices satisfy them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import GF, Matrix
from sympy.polys.orderings import grevlex
from sympy.polys.rings import ring

from ..shared.polynomial_systems import PRIME, number_of_solutions

Forms: TypeAlias = NDArray[Any]  # (D, d, m): a linear form in the entries of a matrix each
Choice: TypeAlias = Callable[[int, int, int, np.random.Generator], Forms]

_SIZES = ((2, 2, 1), (2, 3, 1), (3, 2, 1), (3, 3, 1), (3, 3, 2), (2, 4, 1), (3, 4, 2))


def cross(d: int, m: int, b: int, rng: np.random.Generator) -> Forms:
    """The entries of b rows, and of b columns, in random bases of rows and columns."""
    entries = [(i, j) for i in range(d) for j in range(m) if i < b or j < b]
    left, right = rng.integers(1, 99, (d, d)), rng.integers(1, 99, (m, m))
    return np.array([np.outer(left[i], right[:, j]) for i, j in entries])


def any_forms(d: int, m: int, b: int, rng: np.random.Generator) -> Forms:
    """As many random forms."""
    return rng.integers(1, 99, (b * (d + m - b), d, m))


def determined(choice: Choice) -> Iterator[str | None]:
    """A random matrix of rank b is the only one with its values of these forms, over C."""
    for d, m, b in _SIZES:
        rng = np.random.default_rng(0)
        names = ", ".join(f"x{i}_{j}" for i in range(d) for j in range(m))
        field, *unknowns = ring(names, GF(PRIME), grevlex)
        matrix = Matrix(d, m, lambda i, j, m=m, unknowns=unknowns: unknowns[m * i + j].as_expr())
        minors = [
            field.from_expr(matrix.extract(list(rows), list(columns)).det(method="berkowitz"))
            for rows in combinations(range(d), b + 1)
            for columns in combinations(range(m), b + 1)
        ]
        for _ in range(3):
            point = rng.integers(1, 99, (d, b)) @ rng.integers(1, 99, (b, m))
            linear = [
                sum((int(c) * x for c, x in zip(form.flat, unknowns, strict=True)), field.zero)
                - int((form * point).sum())
                for form in choice(d, m, b, rng)
            ]
            found = number_of_solutions([*minors, *linear])
            yield None if found == 1 else f"{d} x {m}, rank {b}: {found} solutions"
