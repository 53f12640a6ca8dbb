r"""# T6 Odd degree

**Statement.** Networks whose activations are linear, squares or cubes, r = rank(A) = D: the number
delta of complex solutions is the same for generic outputs, and if it is odd the allocation is
maximal. Linear feed-forward: delta is at most the number of perfect matchings of D equations and
the learnables, and at most a group Bezout number. Without a matching of D pairs any linear network
is minimal.

**Assumptions.** Feed-forward or recurrent, with or without biases, dense or sparse, all drawn
numbers independent with densities positive everywhere. Solutions are those of $\varphi(\theta) =
y$, with $y$ an output of the teacher. The two bounds on delta are for linear feed-forward networks
only.

**Proof.** Let $f$ be the frozen weights and the inputs $X$, $W^*$ the teacher's weights, $p$ the
number of all these parameters but $W^*$, and $\varphi_f(\theta)$ the student's outputs.

1. *The degree exists.* Let $Y$ be the Zariski closure of all pairs $(f, y)$ with $y$ an output of a
   complex teacher on the inputs in $f$. It is the closure of a polynomial image of an affine space,
   hence irreducible, of dimension $p + D$. The map
   $\Phi(f, \theta) = (f, \varphi_f(\theta))$ goes from the irreducible $\mathbb{C}^{p + r}$ into
   $Y$, and its Jacobian has generic rank $p + \operatorname{rank}(A) = p + D$. As $r = D$, it is a
   dominant map between varieties of equal dimension. In characteristic 0 such a map has a
   degree: a number delta $\ge 1$ and a proper closed $Z \subset Y$ such that every $(f, y)$ outside
   $Z$ has exactly delta preimages, at all of which the Jacobian is invertible onto the tangent
   space (they are *simple*). The map $(f, W^*) \mapsto (f, y)$ is dominant onto $Y$, so the data
   that fall into $Z$ satisfy a polynomial equation that is not identically 0: probability 0.
   Nothing but that outputs are polynomials in weights and inputs was used: $\varphi_f$ may have any
   degree in $\theta$ and $f$, and the real data are dense in the complex ones. (Where $D$ is below
   the number of equations, $Y$ is a proper subset, and delta counts solutions of all equations.
   Those of $D$ of them can be more, unless these determine the others: their number tells nothing
   of delta. For nonlinear networks it is not asked for.)
2. *Odd degrees.* Almost surely, then, $\varphi_f(\theta) = y$ has exactly delta distinct complex
   solutions. Its coefficients are real, so complex conjugation permutes the solutions, and those
   that are not real form pairs. If delta is odd, one is left over: it is real, a match. So
   $MP(A, m) = 1$. In particular delta = 1 means that the learnables are rational functions of the
   data. (If $r > D$, one sub-allocation of $D$ learnables with an odd degree is enough, by T0.)
3. *Bounds.* Choose $D$ equations $E$ whose Jacobian $J_E$ in the learnables has generic rank
   $D$. The points $\theta$ with $\det J_E = 0$ have dimension below $D$, and so has their image: a
   generic $y$ has no solution among them. All delta solutions are therefore simple solutions of the
   square system $\varphi_E(\theta) = y_E$. Partition the unknowns in groups $g$ of sizes $n_g$, and
   let equation $e$ have degree $d_{e,g}$ in group $g$. Simple solutions survive a small change of
   all coefficients (implicit function theorem), and a generic system of these degrees has as many
   solutions in $\prod_g \mathbb{P}^{n_g}$ as the intersection number of its divisors, the
   coefficient of $\prod_g x_g^{n_g}$ in $\prod_e \sum_g d_{e,g} x_g$ (the multihomogeneous Bezout
   number). So delta is at most that coefficient. The degree of an output in a group is at most the
   most unknowns of the group on a path to it, where a square counts twice, and a cube three times,
   what the path has met before. Linear feed-forward, a path uses a layer once, so:
   - *Every unknown a group.* Each degree is 1 if $e$ depends on the unknown, and 0 if not. The
     coefficient is the permanent of this 0/1 matrix, the number of perfect matchings.
   - *Every layer below the last a group, and every row of the last.* Degrees are at most 1, and an
     equation of output $i$ involves only row $i$ of $W_L$. With $e_i$ chosen equations of output
     $i$, $r_{L,i}$ learnables in row $i$, $r_L = \sum_i r_{L,i}$: first choose the equations that
     take $x_{L,i}$, then those for each layer:
     $\delta \le \prod_i \binom{e_i}{r_{L,i}} \cdot (D - r_L)! / \prod_{l<L} r_l!$.
   If every equation depends on all of its row's and all earlier learnables (dense, generic inputs),
   the first number is the second times $\prod_i r_{L,i}! \prod_{l<L} r_l!$: the second is never
   worse. A path can meet a recurrent weight twice; degrees then exceed 1, and both formulas fail.
4. *No matching.* If $J_A$ had rank $D$, some $D \times D$ minor would not vanish, so one term of
   its Leibniz expansion would not: $D$ entries that are not 0, in different rows and columns, a
   matching of $D$ pairs of equations and learnables that act on them. Without one,
   $\operatorname{rank}(A) < D$, which is minimal by T1. An invertible change of samples is free, so
   inputs may be taken as unit vectors if $m$ is the number of inputs.
5. *Special cases* with $r = D = dm$.
   - Feed-forward, one learnable $a$ outside the last layer: $H(a) = H_0 + a u v^T$, and row
     $i$'s target, less its frozen part, moves by a multiple of the same $v^T$. So
     $[H_{S_i}; t_i]$ changes by rank one, and its $m \times m$ minors are affine in $a$. If the
     rank is $D$, exactly one row has
     $m - 1$ learnables and the others have $m$ (with two rows short of $m$, $a$ would have to meet
     two conditions). That row asks for the determinant to vanish: one $a$, which fixes the rest,
     and delta = 1. With $m \ge n_0$, transposing says the same of the first layer.
   - One learnable $a$ without which the outputs are affine in all others: with $J_B(a)$ their
     Jacobian, $D \times (D - 1)$, and $c(a)$ the constant part, $g(a) = \det[J_B(a) | y - c(a)]$
     vanishes at every solution. Let $h(a)$ be the greatest common divisor of the minors of
     $J_B(a)$: the factor of $g$ that does not depend on $y$. At the finitely many roots of $h$,
     $J_B$ drops rank, and generic $y$ have no solution there; any other root of $g$ fixes the rest.
     The coefficients of $y$ in $g / h$ have no common root, so its roots are simple and not among
     those of $h$ for generic $y$ (Bertini): delta = $\deg g - \deg h$, and a match is a real root.

**Source.** This file; for the multihomogeneous Bezout number: Morgan and Sommese (1987).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from ..problem.networks.base import Network
from ..problem.networks.feedforward import Feedforward, LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent, Recurrent
from .base import ProofStep
from .shared.polynomial_systems import (
    PRIME,
    at_budget,
    draw,
    equations,
    generic_system,
    independent,
    number_of_solutions,
    solve,
)
from .t06.bounds import bounded, rank_by_matching
from .t06.one_unknown import determinant_is_affine, one_outside, one_polynomial
from .t06.powers import degrees_of_powers, real_solutions_of_powers

_FEEDFORWARD = (
    (LinearFeedforward([2, 2, 2]), 2),
    (LinearFeedforward([2, 2, 2]), 1),
    (LinearFeedforward([2, 3, 2]), 2),
    (LinearFeedforward([3, 2, 2]), 3),
    (LinearFeedforward([2, 1, 2]), 2),
    (LinearFeedforward([2, 2, 2, 2]), 2),
    (LinearFeedforward([2, 1, 2, 2]), 2),
)
_RECURRENT = tuple((LinearRecurrent(1, 2, 1, steps), 2) for steps in (2, 3, 4))
_POWERS: tuple[tuple[Network, int], ...] = (
    (Feedforward([2, 2, 1], activation="square"), 2),
    (Feedforward([2, 2, 1], activation="cube"), 2),
    (Feedforward([1, 2, 1], activation="square", bias=True), 2),
    (Feedforward([1, 1, 1], activation="cube", bias=True), 2),
    (Feedforward([1, 1, 1, 1], activation=["cube", "square"], bias=True), 1),
    (Recurrent(1, 1, 1, 3, activation="square"), 1),
    (Recurrent(1, 1, 1, 2, activation="cube", bias=True), 1),
    (Recurrent(1, 1, 1, 3, activation="linear", bias=True), 2),
)
_PAIRS = LinearRecurrent(1, 2, 1, 4)
_DRAWS = 15


def same_at_every_draw(claim: tuple[dict[int, int], int]) -> Iterator[str | None]:
    """Step 1: solutions at draws between -bound and bound modulo a prime, and their census."""
    census, bound = claim
    network, found = LinearFeedforward([2, 2, 2]), Counter()
    for entries in at_budget(network, 2):
        counts = set()
        for seed in range(3):
            instance = draw(network, 2, np.random.default_rng(seed), bound)
            counts.add(number_of_solutions(equations(network, entries, instance, PRIME)))
        found.update(counts)
        yield None if len(counts) == 1 else f"{entries}: {sorted(counts)} solutions"
    yield None if found == census else f"degrees {dict(found)}"


def solvable_by_rank(claim: Callable[[int, int], bool]) -> Iterator[str | None]:
    """Step 1: with r = D there are solutions for generic teachers iff claim(rank, D)."""
    for network, samples in (*_FEEDFORWARD[:2], *_FEEDFORWARD[4:], *_RECURRENT):
        for entries in at_budget(network, samples):
            polynomials = generic_system(network, samples, entries)
            rank = len(independent(polynomials))
            same = claim(rank, len(entries)) == (number_of_solutions(polynomials) > 0)
            yield None if same else f"{network.describe()}, m = {samples}, {entries}: rank {rank}"


def checked_values(claim: dict[str, int]) -> Iterator[str | None]:
    """Degrees of recurrent pairs as they were tabulated, by the pair's shape."""
    for entries in at_budget(_PAIRS, 2, ["recurrent"]):
        (_, (a, b)), (_, (c, d)) = entries
        shape = "row or column" if a == c or b == d else "diagonal" if a == b else "antidiagonal"
        count = number_of_solutions(generic_system(_PAIRS, 2, entries))
        yield None if count == claim[shape] else f"{entries}: {count} solutions"


def real_solutions(claim: Callable[[int, int], bool]) -> Iterator[str | None]:
    """Step 2: claim(degree, real solutions) at exact draws, real solutions by Sturm."""
    families = [(_PAIRS, 2, entries) for entries in at_budget(_PAIRS, 2, ["recurrent"])]
    longer, dense = LinearRecurrent(1, 2, 1, 5), LinearFeedforward([2, 2, 2])
    families += [(longer, 2, entries) for entries in at_budget(longer, 2, ["recurrent"])]
    families += [(dense, 2, entries) for entries in list(at_budget(dense, 2))[::7]]
    for network, samples, entries in families:
        degree = number_of_solutions(generic_system(network, samples, entries))
        rng = np.random.default_rng(0)
        for _ in range(_DRAWS):
            found = solve(equations(network, entries, draw(network, samples, rng, 999)))
            generic = found.simple and found.count == degree
            held = generic and claim(degree, found.real)
            yield None if held else f"{network.describe()}, {entries}: {found}, degree {degree}"


_CENSUS = {0: 8, 1: 58, 2: 4}
_SHAPES = {"row or column": 3, "diagonal": 6, "antidiagonal": 4}

STEPS = (
    ProofStep(
        "the number of solutions is that of every generic draw: 8 x 0, 58 x 1, 4 x 2",
        same_at_every_draw,
        (_CENSUS, PRIME - 1),
        {
            "special data (weights and inputs 1 and -1) as well": (_CENSUS, 1),
            "two diagonals have one solution": ({0: 8, 1: 62}, PRIME - 1),
        },
        "all 70 allocations of (2, 2, 2), m = 2, r = 4, three draws each",
    ),
    ProofStep(
        "with r = D there are solutions for generic teachers iff the rank is D",
        solvable_by_rank,
        lambda rank, target: rank == target,
        {
            "rank D - 1 is enough": lambda rank, target: rank >= target - 1,
            "always": lambda rank, target: True,
        },
        "all allocations with r = D of 5 feed-forward cases (widths, m) with at most 12 weights, "
        "also with bottlenecks, and of recurrent 1-2-1, 2 to 4 steps",
    ),
    ProofStep(
        "recurrent pairs of 1-2-1, 4 steps, m = 2: degree 3, 6 on the diagonal, 4 beside it",
        checked_values,
        _SHAPES,
        {
            "at most the number of matchings": {**_SHAPES, "diagonal": 2},
            "diagonal and antidiagonal alike": {**_SHAPES, "antidiagonal": 6},
        },
        "all 6 pairs",
    ),
    ProofStep(
        "solutions that are not real form pairs",
        real_solutions,
        lambda degree, real: (degree - real) % 2 == 0,
        {
            "quadruples": lambda degree, real: (degree - real) % 4 == 0,
            "all solutions are real": lambda degree, real: real == degree,
        },
        f"22 allocations, {_DRAWS} exact draws each",
    ),
    ProofStep(
        "an odd degree leaves a real solution at every draw",
        real_solutions,
        lambda degree, real: degree % 2 == 0 or real > 0,
        {
            "every positive degree": lambda degree, real: degree == 0 or real > 0,
            "every degree above 4": lambda degree, real: degree < 5 or real > 0,
        },
        f"22 allocations, {_DRAWS} exact draws each",
    ),
    ProofStep(
        "feed-forward: degree <= group Bezout number <= perfect matchings",
        bounded,
        (_FEEDFORWARD, lambda degree, groups, matchings: degree <= groups <= matchings),
        {
            "at most half of the matchings": (
                _FEEDFORWARD,
                lambda degree, groups, matchings: degree <= matchings // 2,
            ),
            "below the group Bezout number": (
                _FEEDFORWARD,
                lambda degree, groups, matchings: degree < groups,
            ),
            "the group Bezout number is the degree": (
                _FEEDFORWARD,
                lambda degree, groups, matchings: degree == groups,
            ),
            "recurrent networks have at most the matchings as well": (
                _RECURRENT,
                lambda degree, groups, matchings: degree <= matchings,
            ),
        },
        "all allocations with r = D = rank of 7 networks (widths, m) with at most 12 weights, "
        "D equations of full rank in bottlenecks",
    ),
    ProofStep(
        "without a matching of D pairs the rank is below D",
        rank_by_matching,
        lambda rank, matching, target: matching >= target or rank < target,
        {
            "with one it is D": lambda rank, matching, target: (
                (rank < target) == (matching < target)
            ),
            "matchings of D pairs are not enough": lambda rank, matching, target: (
                matching > target or rank < target
            ),
        },
        "every mask of every sparse or dense network 1-2-2, 2-1-2, 2-2-1 and two recurrent ones",
    ),
    ProofStep(
        "one learnable outside the last layer enters each determinant affinely, symbolically",
        determinant_is_affine,
        True,
        {"the row's target moves freely with it": False},
        "m = 2, 3",
    ),
    ProofStep(
        "at most one learnable outside the last layer: degree 1, or rank below D",
        one_outside,
        ("last", 1),
        {"at most two": ("last", 2)},
        "all such allocations with r = D of 4 networks with D = d m",
    ),
    ProofStep(
        "at most one learnable outside the first layer, m >= n_0: degree 1, or rank below D",
        one_outside,
        ("first", 1),
        {"at most two": ("first", 2)},
        "all such allocations with r = D of 4 networks with D = d m",
    ),
    ProofStep(
        "one unknown in every conflict: degree = deg g - deg h, matches are real roots of g / h",
        one_polynomial,
        lambda g, h, count, real: (
            g.degree() - h.degree() == count and g.quo(h).count_roots() == real
        ),
        {
            "without dividing by h": lambda g, h, count, real: g.degree() == count,
            "half of the real roots": lambda g, h, count, real: g.quo(h).count_roots() // 2 == real,
        },
        "all allocations of the kind with r = D = rank of 5 networks, one exact draw each",
    ),
    ProofStep(
        "squares and cubes: the number of solutions is that of every generic draw, at most the "
        "Bezout number of the degrees that powers multiply",
        degrees_of_powers,
        (_POWERS, lambda counts, bound: len(set(counts)) == 1 and counts[0] <= bound),
        {
            "fewer than the Bezout number": (_POWERS, lambda counts, bound: counts[0] < bound),
            "at most 2": (_POWERS, lambda counts, bound: counts[0] <= 2),
        },
        f"all allocations with r = D = d m = rank of {len(_POWERS)} networks, two draws each",
    ),
    ProofStep(
        "squares and cubes: solutions that are not real pair up, an odd number leaves a real one",
        real_solutions_of_powers,
        (
            _POWERS,
            lambda degree, real: (degree - real) % 2 == 0 and (degree % 2 == 0 or real > 0),
        ),
        {
            "every positive degree": (_POWERS, lambda degree, real: real > 0),
            "an odd number up to signs, half of an even degree": (
                _POWERS,
                lambda degree, real: degree % 4 == 0 or real > 0,
            ),
        },
        "the allocations of these with at most 9 solutions, three exact draws each",
    ),
)
