"""Two diagonals: the allocation of 2-2-2 whose match is the sign of a discriminant (T7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sympy

from ...problem.networks.feedforward import LinearFeedforward
from ..shared.polynomial_systems import Entry, IntegerInstance, draw, equations, solve

SQUARE = LinearFeedforward([2, 2, 2])
DIAGONALS: list[Entry] = [(name, (k, k)) for name in ("W1", "W2") for k in range(2)]


def _matrix(letter: str) -> Any:
    return sympy.Matrix(2, 2, sympy.symbols(f"{letter}11 {letter}12 {letter}21 {letter}22"))


def discriminant(claim: Callable[[Any, Any, Any], Any]) -> Iterator[str | None]:
    """The example: the discriminant after elimination is claim(u, v, w), symbolic."""
    first, second = (_matrix(x) for x in "fg")
    y: Any = _matrix("y")
    a, b = sympy.symbols("a b")
    c, e = (
        ((y[0, 1] - second[0, 1] * b) / first[0, 1]),
        ((y[1, 0] - second[1, 0] * a) / first[1, 0]),
    )
    left = sympy.Matrix([[a, first[0, 1]], [first[1, 0], b]])
    difference = sympy.Matrix([[c, second[0, 1]], [second[1, 0], e]]) * left - y
    ours = [sympy.numer(sympy.together(difference[k, k])) for k in range(2)]
    rest = [sympy.simplify(difference[k, 1 - k]) for k in range(2)]
    yield None if rest == [0, 0] else "c and e do not solve the equations beside the diagonal"
    quadratic = sympy.Poly(sympy.resultant(*ours, b), a)
    yield None if quadratic.degree() == 2 else f"degree {quadratic.degree()} in a"
    s, t = second[0, 1] * first[1, 0], second[1, 0] * first[0, 1]
    u, v, w = t * (y[0, 0] - s), s * (y[1, 1] - t), y[0, 1] * y[1, 0]
    difference = sympy.expand(quadratic.discriminant() - claim(u, v, w))
    yield None if difference == 0 else f"the discriminant is not {claim(*sympy.symbols('u v w'))}"


def discriminant_decides(claim: Callable[[Any, int], bool]) -> Iterator[str | None]:
    """The example: claim(discriminant, real solutions) at exact draws with X = I."""
    rng = np.random.default_rng(5)
    for _ in range(100):
        drawn = draw(SQUARE, 2, rng, 99)
        instance = IntegerInstance(
            drawn.student, drawn.teacher, np.eye(2, dtype=int).astype(object)
        )
        found = solve(equations(SQUARE, DIAGONALS, instance))
        (_, f12), (f21, _) = drawn.student["W1"]
        (_, g12), (g21, _) = drawn.student["W2"]
        matrix = drawn.teacher["W2"].dot(drawn.teacher["W1"])
        value = of_products(g12 * f21, g21 * f12, matrix[0, 0], matrix[1, 1], matrix)
        held = found.simple and found.count == 2 and claim(value, found.real)
        yield None if held else f"discriminant {value}: {found}"


def of_products(s: Any, t: Any, y11: Any, y22: Any, y: Any) -> Any:
    """The discriminant, from the products s, t of frozen weights and the teacher's matrix y."""
    return symmetric(t * (y11 - s), s * (y22 - t), y[..., 0, 1] * y[..., 1, 0])


def symmetric(u: Any, v: Any, w: Any) -> Any:
    """u^2 + v^2 + w^2 - 2uv - 2uw - 2vw.

    >>> symmetric(1, 1, 1), symmetric(1, 0, 0)
    (-3, 1)
    """
    return u * u + v * v + w * w - 2 * u * v - 2 * u * w - 2 * v * w


def gaussian_value(claim: float) -> Iterator[str | None]:
    """The example: MP for Gaussians, by the discriminant's sign at 400,000 draws."""
    count = 400_000
    rng = np.random.default_rng(6)
    s, t = rng.normal(size=(2, 2, count)).prod(axis=1)
    y = rng.normal(size=(count, 2, 2)) @ rng.normal(size=(count, 2, 2))
    share = float((of_products(s, t, y[:, 0, 0], y[:, 1, 1], y) >= 0).mean())
    error = (share * (1 - share) / count) ** 0.5
    yield None if abs(share - claim) < 5 * error else f"{share:.5f} +- {error:.5f}"
