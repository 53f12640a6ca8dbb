r"""# T7 Intermediate, by witness

**Statement.** Networks whose activations are linear, squares or cubes, r = rank(A) = D. If for one
rational teacher, student and inputs D equations of full rank, or a part of them that contains all
its unknowns, have exactly as many solutions as generic ones, all simple and none real, then 0 <
MP(A, m) < 1.

**Assumptions.** Feed-forward or recurrent, with or without biases, dense or sparse, all drawn
numbers independent with densities positive everywhere. An instance is a choice of all that is
drawn: the frozen weights and inputs $f$ and the teacher's weights $W^*$; its wanted outputs are
those of its teacher. *Full rank*: the Jacobian of the $D$ equations $E$ in the learnables has
generic rank $D$. A *part* of them: as many equations $E'$ as there are unknowns $\theta'$ in them,
without any other unknown. *Simple*: the Jacobian of the (part of the) equations is invertible at
the solution.

**Proof.** $MP > 0$ is T1 (of nonlinear networks T11), since the rank is $D$. Nothing is used of the
network but that its outputs are polynomials in weights and inputs. For $MP < 1$ it is enough that
the equations $E$, or the part $E'$, have no real solution for a set of data of positive
probability: every match would be one. Let $\psi(f, \theta) = z$ be these equations, $n$ of them in
$n$ unknowns, $z$ the teacher's outputs in them.

1. *Generic number.* The Jacobian of $\psi$ in its unknowns is generically invertible (that of a
   part is a diagonal block of a block-triangular invertible matrix). So $(f, \theta) \mapsto (f,
   \psi(f, \theta))$ is a dominant map between affine spaces of equal dimension, and outside a
   proper closed set $Z$ of data $(f, z)$ it has one and the same number delta of preimages, as in
   T6. The student's weights are one choice of a teacher's, so $(f, W^*) \mapsto (f, z)$ is
   dominant too, and drawn data lie in $Z$ with probability 0.
2. *The solutions move along.* Let $(f_0, W^*_0)$ be the witness, and $\theta_1, \ldots,
   \theta_\delta$ its solutions. As they are simple, the implicit function theorem gives a
   neighbourhood $U$ of $(f_0, z_0)$ and continuous $\theta_k(f, z)$ on it, solutions with
   $\theta_k(f_0, z_0) = \theta_k$, which we make so small that all $\theta_k(f, z)$ differ. A
   point of $U$ outside $Z$ has exactly delta solutions: these, and no others.
3. *They stay non-real.* $\theta_k$ has a coordinate with imaginary part $\ne 0$. After shrinking
   $U$ so has $\theta_k(f, z)$, for all $k$. So data in $U \setminus Z$ have no real solution.
4. *Positive probability.* $(f, W^*) \mapsto (f, z)$ is continuous, so all $(f, W^*)$ near $(f_0,
   W^*_0)$ lead to $U$: an open set that is not empty, of positive probability, of which $Z$ takes
   away nothing.

*Exactly delta* cannot be dropped. At special data some solutions may have gone to infinity, and
nearby they are back, possibly real: with $N = n_{in} = d = 1$, $T = 4$, $m = 1$, recurrent weight
$w$ only, delta is 3 and the allocation is maximal; yet $x = (0, 1, 1, 0)$, $D = B = 1$, $y = -5$
leaves $w^2 + w + 5 = 0$ without a real root. For $x_1 = \varepsilon$ the third root is near $-1 /
\varepsilon$. (A teacher with readout $-5/2$ and other weights 1 gives this $y$.)

*The example.* Linear feed-forward 2-2-2, $m = 2$, diagonals learnable in both layers. With $a, b$
and $c, e$ the learnables of $W_1$ and $W_2$, $Y$ the teacher's matrix (divided by $X$), $s$ and
$t$ the products of frozen weights that are added to $ca$ and $eb$: eliminating $c$, $e$ and $b$
leaves a quadratic equation for $a$ of discriminant $u^2 + v^2 + w^2 - 2uv - 2uw - 2vw$ with $u =
t(y_{11} - s)$, $v = s(y_{22} - t)$, $w = y_{12} y_{21}$. It takes both signs, so the allocation
is intermediate, and $MP$ is the probability that it is not negative.

*What a witness does not do.* An even degree is not intermediate by itself; without a witness
nothing is decided. Recurrent 1-2-1, 5 steps, read at the end, $m = 2$, with the recurrent row
$(u_0, u_1)$ learnable has delta = 6, and *is maximal: almost every draw has two real solutions at
least*. Let $(c, e)$ be the other row, $\mu_k = D W^k B$, $p = c / B_1$, $\sigma = (c B_0 + e B_1) /
B_1$. After a change of samples (the first two numbers that they show are those of unit vectors) the
equations are $E_1 = \mu_4 + z_{11} \mu_2 + z_{21} \mu_1 + z_{31} \mu_0 - y_1 = 0$ and $E_2 = \mu_3
+ z_{12} \mu_2 + z_{22} \mu_1 + z_{32} \mu_0 - y_2 = 0$. Take $\tau = u_0 + e$, the trace, and
$\varepsilon = u \cdot B - \sigma B_0$ for coordinates, affine in $u$. On the line $\varepsilon = 0$
the vector $B$ is an eigenvector, $W B = \sigma B$, so all $\mu_k$ are constant there; let $K$ be
the value of $E_2$. Then, with constants $b$ and $C$,

$$E_2 = K + \varepsilon (D_0 \tau^2 + b \tau + C) + \varepsilon^2 D_0 p.$$

For every large $|\tau|$ it has two real zeros: $\varepsilon_I \sim -\tau^2 / p$ and
$\varepsilon_{II} \sim -K / (D_0 \tau^2)$. On the first $E_1 \sim -\det(W) \mu_2 \sim (D_0 / p)
\tau^5$; on the second $E_1 \sim -K \tau$. Both are odd in $\tau$. (i) $D_0 p K < 0$: the
discriminant $(D_0 \tau^2 + b \tau + C)^2 - 4 D_0 p K$ is positive, $\varepsilon_I$ and
$\varepsilon_{II}$ are continuous for all $\tau$, and on each $E_1$ changes its sign: two solutions.
(ii) $D_0 p K > 0$: then $D_0 / p$ and $-K$ have opposite signs, so on the two branches $E_1$ goes
to infinities of opposite signs at the same end. If the discriminant vanishes nowhere, conclude as
in (i). Else let $\tau^*$ be its largest zero: the path from $\tau = \infty$ along $\varepsilon_I$
to $\tau^*$, where both branches meet, and back along $\varepsilon_{II}$ has ends at which $E_1$ has
opposite signs, so $E_1$ vanishes on it; and again on the path below the smallest zero. Whatever way
the ends are joined, there are two solutions. It is not a degree of the map: the solutions counted
with the signs of the Jacobian are often 0 in all. The last five steps check this.

**Source.** This file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from sympy import QQ

from ..problem.networks.base import Network
from ..problem.networks.feedforward import Feedforward, LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent, Recurrent
from .base import ProofStep
from .shared.polynomial_systems import (
    PRIME,
    Entry,
    IntegerInstance,
    Solutions,
    draw,
    equations,
    generic_system,
    moved,
    number_of_solutions,
    solve,
)
from .t07 import even_degree
from .t07.two_diagonals import (
    DIAGONALS,
    SQUARE,
    discriminant,
    discriminant_decides,
    gaussian_value,
    symmetric,
)

_FOUR, _FIVE = LinearRecurrent(1, 2, 1, 4), LinearRecurrent(1, 2, 1, 5)
_DIAGONAL: list[Entry] = [("recurrent", (0, 0)), ("recurrent", (1, 1))]
_ANTIDIAGONAL: list[Entry] = [("recurrent", (0, 1)), ("recurrent", (1, 0))]
_ROW: list[Entry] = [("recurrent", (0, 0)), ("recurrent", (0, 1))]
_SQUARED = Feedforward([2, 2, 1], activation="square")
_BIASED = Recurrent(1, 1, 1, 3, activation="linear", bias=True)
_POWERS: tuple[tuple[Network, list[Entry]], ...] = (
    (_SQUARED, [("W1", (0, 0)), ("W2", (0, 1))]),
    (_BIASED, [("recurrent", (0, 0)), ("bias", (0,))]),
)
_CUBE: tuple[Network, list[Entry]] = (
    Feedforward([2, 2, 1], activation="cube"),
    [("W1", (0, 0)), ("W2", (0, 1))],
)
_NEAR = 12  # neighbours of an instance

_Predicate: TypeAlias = Callable[[Solutions, int], bool]
# A network, samples, all unknowns, and the equations and the unknowns of a part.
_Part: TypeAlias = tuple[Network, int, list[Entry], Sequence[int], list[Entry]]


def is_witness(found: Solutions, degree: int) -> bool:
    """Whether an instance's solutions are all there, simple and not real.

    >>> is_witness(Solutions(2, True, 0), 2), is_witness(Solutions(2, True, 0), 3)
    (True, False)
    """
    return found.none_real and found.count == degree


def _trap() -> tuple[Network, list[Entry], IntegerInstance]:
    """One unit, four steps: x = (0, 1, 1, 0) loses a solution of three to infinity."""
    network = LinearRecurrent(1, 1, 1, 4)
    one = np.array([[1]], dtype=object)
    student = {name: one for name in network.weight_shapes}
    teacher = {"input": one, "recurrent": one, "readout": one * QQ(-5, 2)}
    inputs = np.array([0, 1, 1, 0], dtype=object).reshape(4, 1, 1)
    return network, [("recurrent", (0, 0))], IntegerInstance(student, teacher, inputs)


def _instances() -> Iterator[tuple[Network, list[Entry], IntegerInstance]]:
    yield _trap()
    families = [(SQUARE, DIAGONALS), (_FOUR, _DIAGONAL), (_FOUR, _ANTIDIAGONAL), (_FOUR, _ROW)]
    for network, entries in families:
        rng = np.random.default_rng(1)
        for _ in range(15):
            yield network, entries, draw(network, 2, rng, 99)
    for network, entries in _POWERS:
        rng = np.random.default_rng(1)
        for _ in range(8):
            yield network, entries, draw(network, 2, rng, 99)


def neighbours_have_no_match(claim: _Predicate) -> Iterator[str | None]:
    """Steps 2 and 3: around every instance that claim(solutions, degree) accepts."""
    for network, entries, instance in _instances():
        samples = instance.inputs.shape[-1]
        degree = number_of_solutions(generic_system(network, samples, entries))
        found = solve(equations(network, entries, instance))
        if not claim(found, degree):
            continue
        rng = np.random.default_rng(2)
        for size in (QQ(1, 10**5), QQ(1, 10**7)):
            for _ in range(_NEAR // 2):
                near = solve(equations(network, entries, moved(instance, rng, size)))
                words = f"{network.describe()}, {entries}: {found}, degree {degree}, nearby {near}"
                yield None if near.none_real else words


def has_both(claim: tuple[tuple[Network, list[Entry]], ...]) -> Iterator[str | None]:
    """Both a witness and a draw with a match are among exact draws of these allocations."""
    for network, entries in claim:
        degree = number_of_solutions(generic_system(network, 2, entries))
        rng = np.random.default_rng(3)
        found = [solve(equations(network, entries, draw(network, 2, rng, 99))) for _ in range(20)]
        witness = any(is_witness(solutions, degree) for solutions in found)
        matched = any(solutions.simple and solutions.real for solutions in found)
        words = f"{network.describe()}, {entries}: witness {witness}, match {matched}"
        yield None if witness and matched else words


def trap(claim: _Predicate) -> Iterator[str | None]:
    """The trap: its equation and degree, and that claim(solutions, degree) does not accept it."""
    network, entries, instance = _trap()
    [polynomial] = equations(network, entries, instance)
    w = polynomial.ring.gens[0]
    yield None if polynomial == w**2 + w + 5 else f"the equation is {polynomial}"
    degree = number_of_solutions(generic_system(network, 1, entries))
    yield None if degree == 3 else f"the degree is {degree}"
    yield "it is taken for a witness" if claim(solve([polynomial]), degree) else None
    rng = np.random.default_rng(4)
    for _ in range(50):
        found = solve(equations(network, entries, draw(network, 1, rng, 999)))
        yield None if found.real else "a draw without a match"


def part_decides(claim: _Part) -> Iterator[str | None]:
    """A part of the equations that has a witness: then the whole has no real solution either."""
    network, samples, entries, numbers, unknowns = claim
    generic = draw(network, samples, np.random.default_rng(7), PRIME - 1)
    degree = number_of_solutions(equations(network, unknowns, generic, PRIME, numbers))
    rng = np.random.default_rng(8)
    witnesses = 0
    for _ in range(60):
        instance = draw(network, samples, rng, 99)
        if is_witness(solve(equations(network, unknowns, instance, keep=numbers)), degree):
            witnesses += 1
            whole = solve(equations(network, entries, instance))
            yield None if whole.none_real else f"the whole system: {whole}"
    yield None if witnesses else "no witness"


def matched_at_every_draw(claim: list[Entry]) -> Iterator[str | None]:
    """An even degree and a real solution at each of many exact draws: recurrent 1-2-1."""
    network = _FIVE if claim == _ROW else _FOUR
    degree = number_of_solutions(generic_system(network, 2, claim))
    yield None if degree == 6 else f"degree {degree}"
    rng = np.random.default_rng(9)
    for _ in range(150):
        found = solve(equations(network, claim, draw(network, 2, rng, 999)))
        yield None if found.real else f"{found}"


_CLOSED: _Part = (
    LinearFeedforward([2, 2, 3]),
    2,
    [*DIAGONALS, ("W2", (2, 0)), ("W2", (2, 1))],
    range(4),
    DIAGONALS,
)
_OPEN: _Part = (_FOUR, 3, [*_DIAGONAL, ("recurrent", (0, 1))], range(2), _DIAGONAL)

STEPS = (
    ProofStep(
        "near an instance with all its solutions, simple and not real, nothing is matched",
        neighbours_have_no_match,
        is_witness,
        {
            "no real solution is enough": lambda found, degree: found.none_real,
            "all solutions are enough": lambda found, degree: found.count == degree,
        },
    ),
    ProofStep(
        "the trap: 2 of 3 solutions left, none real, and yet every draw is matched",
        trap,
        is_witness,
        {"no real solution is a witness": lambda found, degree: found.none_real},
    ),
    ProofStep(
        "the example's discriminant is u^2 + v^2 + w^2 - 2uv - 2uw - 2vw, symbolically",
        discriminant,
        symmetric,
        {
            "one sign changed": lambda u, v, w: symmetric(u, v, w) + 4 * v * w,
            "w is not doubled": lambda u, v, w: (u + v - w) ** 2 - 4 * v * w,
        },
    ),
    ProofStep(
        "the example is matched iff its discriminant is not negative",
        discriminant_decides,
        lambda value, real: (real > 0) == (value >= 0),
        {
            "always": lambda value, real: real > 0,
            "iff it is not positive": lambda value, real: (real > 0) == (value <= 0),
        },
    ),
    ProofStep(
        "the example is matched with probability 0.8956 for Gaussians, within 5 standard errors",
        gaussian_value,
        0.8956,
        {"the value for uniform laws": 0.882, "the value for Laplace laws": 0.912},
    ),
    ProofStep(
        "two diagonals, a recurrent diagonal or antidiagonal: both witnesses and matches",
        has_both,
        ((SQUARE, DIAGONALS), (_FOUR, _DIAGONAL), (_FOUR, _ANTIDIAGONAL)),
        {"a recurrent row, of odd degree, as well": ((_FOUR, _ROW),)},
    ),
    ProofStep(
        "squares, and biases of a recurrent network: both witnesses and matches",
        has_both,
        _POWERS,
        {"cubes, of odd degree, as well": (*_POWERS, _CUBE)},
    ),
    ProofStep(
        "a witness of a part that contains all its unknowns serves for the whole",
        part_decides,
        _CLOSED,
        {"another unknown of the part is held at its drawn value": _OPEN},
    ),
    ProofStep(
        "an even degree is not intermediate by itself: degree 6 and a match at every draw",
        matched_at_every_draw,
        _ROW,
        {"on the recurrent diagonal, 4 steps, degree 6 too": _DIAGONAL},
    ),
    ProofStep(
        "that row: E_2 = K + eps (D_0 tau^2 + b tau + C) + eps^2 D_0 p, K constant, symbolically",
        even_degree.curve,
        lambda c, b: c / b,
        {"p has the other sign": lambda c, b: -c / b, "p is b / c": lambda c, b: b / c},
    ),
    ProofStep(
        "that row: E_1 ~ (D_0 / p) tau^5 on one branch of E_2 = 0, -K tau on the other",
        even_degree.ends,
        lambda d, p, k: (d / p, -k),
        {
            "K tau": lambda d, p, k: (d / p, k),
            "-(D_0 / p) tau^5": lambda d, p, k: (-d / p, -k),
        },
    ),
    ProofStep(
        "that row: two real solutions at least at every draw, by Sturm chains",
        even_degree.real_solutions,
        2,
        {"four": 4},
    ),
    ProofStep(
        "that row: solutions counted with signs are -2, 0 or 2 in all",
        even_degree.signed_count,
        lambda total: total in (-2, 0, 2),
        {"never 0": bool},
    ),
)
