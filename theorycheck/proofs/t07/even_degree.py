"""A recurrent row of degree 6 that matches every teacher: a sign changes along a real curve.

The network is 1-2-1, five steps, two samples, read at the end; the first row (u0, u1) of the
recurrent weights is learnable, the second is (c, e). D W^k B is written mu_k.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import sympy
from sympy import Rational

_DRAWS = 12
_LARGE, _CLOSE = 10**9, 1e-3
_NAMES = "b0 b1 d0 d1 c e z11 z21 z31 z12 z22 z32 y1 y2"
_EPSILON, _TAU = sympy.symbols("epsilon tau")


class Draw:
    """Data, symbols or numbers; the equations in epsilon and tau, which are affine in u0, u1."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        b0, b1, d0, d1, c, e = (data[name] for name in ("b0", "b1", "d0", "d1", "c", "e"))
        self.sigma, self.p = (c * b0 + e * b1) / b1, c / b1
        u0 = _TAU - e
        u1 = (self.sigma * b0 + _EPSILON - u0 * b0) / b1
        w, state = sympy.Matrix([[u0, u1], [c, e]]), sympy.Matrix([b0, b1])
        mu = []
        for _ in range(5):
            mu.append((sympy.Matrix([[d0, d1]]) * state)[0])
            state = (w * state).applyfunc(sympy.expand)
        self.mu0 = mu[0]
        self.first = sympy.expand(mu[4] + self._rest(mu, "1"))
        self.second = sympy.expand(mu[3] + self._rest(mu, "2"))

    def _rest(self, mu: list[Any], sample: str) -> Any:
        weights = [self.data[f"z{k}{sample}"] for k in (3, 2, 1)]
        return sum(z * x for z, x in zip(weights, mu, strict=False)) - self.data[f"y{sample}"]

    @property
    def constant(self) -> Any:
        """K, the second equation on the line epsilon = 0."""
        return sympy.simplify(self.second.subs(_EPSILON, 0))


def _symbols() -> dict[str, Any]:
    return {name: sympy.Symbol(name) for name in _NAMES.split()}


def _draws(seed: int) -> Iterator[Draw]:
    """Data that are integers over 50, of a teacher or not: any outputs are to be met."""
    state = seed
    for _ in range(_DRAWS):
        data = {}
        for name in _NAMES.split():
            state = (6364136223846793005 * state + 1442695040888963407) % 2**64
            data[name] = Rational(2 * ((state >> 33) % 100) - 99, 50)
        yield Draw(data)


def curve(leading: Callable[[Any, Any], Any]) -> Iterator[str | None]:
    """The second equation is K + epsilon (d0 tau^2 + b tau + C) + epsilon^2 d0 p."""
    data = _symbols()
    draw = Draw(data)
    d0, z12, z22, sigma, p = data["d0"], data["z12"], data["z22"], draw.sigma, draw.p
    b = p * draw.mu0 - sigma * d0 + z12 * d0
    c = sigma**2 * d0 + p * sigma * draw.mu0 + z12 * p * draw.mu0 + z22 * d0
    wanted = draw.constant + _EPSILON * (d0 * _TAU**2 + b * _TAU + c)
    wanted += _EPSILON**2 * d0 * leading(data["c"], data["b1"])
    same = sympy.simplify(draw.second - wanted) == 0
    yield None if same else "another polynomial"
    is_constant = not draw.constant.has(_TAU)
    yield None if is_constant else "it is not constant on the line epsilon = 0"


def ends(limits: Callable[[Any, Any, Any], tuple[Any, Any]]) -> Iterator[str | None]:
    """The first equation over tau^5 and over tau on the two branches, for large tau."""
    with mpmath.workdps(80):
        for number, draw in enumerate(_draws(1)):
            d0, p, k = draw.data["d0"], draw.p, draw.constant
            if not (d0 and p and k):
                continue
            first = sympy.lambdify((_EPSILON, _TAU), draw.first, "mpmath")
            parts = sympy.Poly(draw.second, _EPSILON).all_coeffs()
            for tau in (_LARGE, -_LARGE):
                exact = [x.subs(_TAU, tau) for x in parts]
                a, b, c = (mpmath.mpf(int(x.p)) / int(x.q) for x in exact)
                root = mpmath.sqrt(b * b - 4 * a * c)
                far = -(b + root if b > 0 else b - root) / (2 * a)
                near = c / (a * far)
                t = mpmath.mpf(tau)
                found = first(far, t) / t**5, first(near, t) / t
                pairs = zip(found, limits(d0, p, k), strict=True)
                right = all(abs(x / mpmath.mpf(str(y.evalf(30))) - 1) < _CLOSE for x, y in pairs)
                yield None if right else f"draw {number}, tau = {tau}"


def real_solutions(least: int) -> Iterator[str | None]:
    """The number of real solutions, by Sturm chains of the resultant."""
    for number, draw in enumerate(_draws(2)):
        found = len(_roots(draw))
        yield None if found >= least else f"draw {number} has {found} real solutions"


def signed_count(is_possible: Callable[[int], bool]) -> Iterator[str | None]:
    """The sum of the signs of the Jacobian at the real solutions."""
    for number, draw in enumerate(_draws(2)):
        one, two = draw.first, draw.second
        jacobian = sympy.Matrix([[f.diff(x) for x in (_EPSILON, _TAU)] for f in (one, two)]).det()
        value = sympy.lambdify((_EPSILON, _TAU), [one, two, jacobian], "mpmath")
        total = 0
        with mpmath.workdps(60):
            for tau in _roots(draw):
                t = mpmath.mpf(str(tau.evalf(50)))
                parts = [mpmath.mpf(str(x.subs(_TAU, tau).evalf(50)))
                         for x in sympy.Poly(two, _EPSILON).all_coeffs()]  # fmt: skip
                roots = [x.real for x in mpmath.polyroots(parts, extraprec=200)]
                epsilon = min(roots, key=lambda x: abs(value(x, t)[0]))
                total += int(mpmath.sign(value(epsilon, t)[2]))
        yield None if is_possible(total) else f"draw {number}: {total}"


def _roots(draw: Draw) -> list[Any]:
    """The values of tau at real solutions: two polynomials share one root in epsilon there."""
    return sympy.Poly(sympy.resultant(draw.first, draw.second, _EPSILON), _TAU).real_roots()
