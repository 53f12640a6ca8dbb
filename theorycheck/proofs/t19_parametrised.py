r"""# T19 Parametrised weights

**Statement.** Linear or analytic network, random inputs. Weights of students are W = F + E + B A, E
free at some places, rows and columns of W scaled, scalings perhaps shared; or W is another weight,
or its transpose. F is random or given, factors that are not trained are random. Teachers are
random networks with all present weights free, of target dimension D; or with the ties of the
students, and D is the rank in the weights left. Whatever students have, teachers can have. Let the
rank be that of the outputs in the parameters, at generic parameters, inputs and, if random, base.
If it is below D, the match probability is 0, else it is not. If outputs are affine in some of the
parameters, and the rank in these is D, it is 1. B and A of inner size r, at most p and q, move W in
r (p + q - r) dimensions. The rank of the oracle (T11) is an upper bound; it is the rank where T11
says so of the plain network, F is random and nothing is tied, and for polynomials.

**Assumptions.** Teacher, what is random of the base and of the factors, and inputs are independent,
with densities positive everywhere: that of the teacher on the space $T$ of its weights, all present
ones or, with ties, those that are left. A low-rank update of a weight with absent connections, and
a tie of weights of which others are present, are outside: the student would leave $T$.

**Proof.** Let $\psi_X(w)$, $w \in T$, be the outputs, of generic (largest) rank $D$ in $w$, and
$w(\theta, f) \in T$ the weights of the student, $f$ being what is random of base and factors, a
polynomial map. The student's outputs are $\phi = \psi_X(w(\theta, f))$. By the chain rule
$J_\phi = J_\psi(w(\theta, f)) \, \partial w / \partial \theta$. Let $r$ be its largest rank.

*If $r < D$, then MP = 0.* For every $(f, X)$ the rank of $\theta \mapsto \phi$ is at most $r$
everywhere, so its image has Hausdorff dimension at most $r$ and is a countable union of compact
sets (T1, T11). The teacher is independent of it, and for almost every $X$ its outputs have a law
that gives such sets probability 0. Whether $w(\theta, f)$ is generic in $T$ does not matter.

*If $r = D$, then MP > 0.* Take $(\theta_0, f_0, X_0)$ where $J_\phi$ has rank $D$ and $w_0 =
w(\theta_0, f_0)$. There $J_\psi$ has rank $D$: at least that of the product, and at most $D$. So
both ranks are $D$ nearby, and the argument of T1 (T11) applies as it is, $\Psi(w, X) = (\psi_X(w),
X)$ having constant rank near $(w_0, X_0)$: an open set of teachers near $w_0$, of $f$ and of $X$ is
matched. It has positive probability since teachers have a positive density at $w_0 \in T$. If the
base is given, $f$ has fewer coordinates, and nothing else changes: generic is meant for $\theta$
and $X$ alone. Here it is needed that $w_0 \in T$: teachers whose weights are tied are not near a
student whose weights are not, and $D$ is then another number.

*Affine parameters.* Let the outputs be affine in $\theta_1$, part of $\theta$, with rank $D$. Set
the others to random values, which T0 allows. For almost every $(\theta_2, f, X)$ the image of
$\theta_1$ is an affine space $L$ of dimension $D$. Near a point of it where $\psi_X$ has rank $D$
the outputs of teachers are a manifold of dimension $D$, which contains an open part of $L$, hence
is one. So an affine function that is 0 on $L$ is 0 on $\psi_X$ of an open set of teachers, and
being analytic of all: every teacher's outputs are in $L$, that is, are matched.

*Low rank.* If $r \le \min(p, q)$ the image of $(B, A) \mapsto B A$ are the $p \times q$ matrices
of rank $r$ at most, of dimension $r (p + q - r)$; the fibre of a matrix of rank $r$ is the orbit of
$(B G, G^{-1} A)$, of dimension $r^2$. Scalings add a dimension for each number at most.

*Which ranks are computed.* For polynomial networks $J_\phi$ is a matrix of polynomials, whose rank
at a random point modulo a random prime is that of the polynomials but for a small probability.
Otherwise let the oracle give free variables to distinct pre-activations. To set them to their
true values is a specialisation: the rank of the oracle is an upper bound, whatever $w(\theta, f)$
is, as equal formal pre-activations are equal, and those that are equal only at $w(\theta, f)$ have
more variables than they need. It is attained where $f$ moves all weights: if all of F is random and
nothing is tied, $(f, \theta) \mapsto (w, \theta)$ is birational (for fixed generic scalings and
factors a shift and a multiplication of $F$; where E is free at all places of a given base, take E
in place of F). So $w$, $\theta$ and $X$ are algebraically independent. T11b is about $w$ and $X$:
values of activations are algebraically independent over $\mathbb{C}(w, X)$, hence over
$\mathbb{C}(w, X, \theta)$, as $\theta$ are further independent variables that the values do not
depend on; and $\partial w / \partial \theta$ is made of rational functions of $w$ and $\theta$. So
the field of the oracle is the true one. DoRA: the magnitude times a matrix whose rows are scaled to
length 1 has the same values as the magnitude times that matrix, divided by its lengths: the rows
of $F + B A$ times free numbers. A factor $s \ne 0$ of $B A$ is taken up by a trained factor.

**What is checked.** The dimension of low rank; and that a teacher over a finite field is matched by
some parameters of its algebraic closure, by Groebner bases, if and only if the rank is D: of
low-rank updates, scalings and ties, with a random base and with one full of coincidences.

**Source.** This file; T1, T2 and T11 for what is parametrised by single weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import GF
from sympy.polys.matrices import DomainMatrix
from sympy.polys.orderings import grevlex
from sympy.polys.rings import ring

from ..problem.networks.base import Network
from .base import ProofStep
from .shared import exhaustive
from .shared.evaluation import outputs
from .shared.polynomial_systems import PRIME, number_of_solutions

Weights: TypeAlias = Mapping[str, NDArray[Any]]
_LARGEST = 4


def low_rank_dimension(dimension: Callable[[int, int, int], int]) -> Iterator[str | None]:
    """Ranks of (B, A) -> B A at a random point modulo a prime."""
    rng = np.random.default_rng(19)
    for p, q in product(range(1, _LARGEST + 1), repeat=2):
        for r in range(1, min(p, q) + 1):
            upper, lower = (rng.integers(1, PRIME, shape).astype(object) for shape in
                            ((p, r), (r, q)))  # fmt: skip
            columns = [np.outer(unit, lower[k]) for k in range(r) for unit in np.eye(p, dtype=int)]
            columns += [np.outer(upper[:, k], u) for k in range(r) for u in np.eye(q, dtype=int)]
            found = _rank([column.ravel().tolist() for column in columns])
            said = dimension(p, q, r)
            yield None if found == said else f"{p} x {q} of rank {r}: {found}, not {said}"


def _rank(rows: list[list[Any]]) -> int:
    domain = GF(PRIME)
    entries = [[domain(int(x) % PRIME) for x in row] for row in rows]
    return DomainMatrix(entries, (len(rows), len(rows[0])), domain).rank()


@dataclass(frozen=True)
class _Student:
    """Weights as functions of `n` parameters and random or given numbers."""

    name: str
    widths: tuple[int, ...]
    n: int
    weights: Callable[[Any, Weights], dict[str, Any]]
    is_tied: bool = False


def _scaled(theta: Any, base: Weights) -> dict[str, Any]:
    return {"W1": _column(theta[:2]) * base["W1"], "W2": base["W2"]}


def _updated(theta: Any, base: Weights) -> dict[str, Any]:
    p, q = base["W1"].shape
    update = _column(theta[:p]) * np.array([theta[p : p + q]], dtype=object)
    return {"W1": base["W1"] + update, "W2": base["W2"]}


def _half_updated(theta: Any, base: Weights) -> dict[str, Any]:
    rows = base["W1"][:1]
    return {"W1": base["W1"] + _column(theta) * rows, "W2": base["W2"]}


def _scaled_between(theta: Any, base: Weights) -> dict[str, Any]:
    row = np.array([theta[2:]], dtype=object)
    return {"W1": _column(theta[:2]) * base["W1"], "W2": base["W2"] * row}


def _tied(theta: Any, base: Weights) -> dict[str, Any]:
    matrix = np.array([theta[:2], theta[2:]], dtype=object)
    return {"W1": matrix, "W2": matrix.T}


def _column(values: Any) -> NDArray[Any]:
    return np.array([[value] for value in values], dtype=object)


_STUDENTS = (
    _Student("rows scaled", (2, 2, 1), 2, _scaled),
    _Student("rows and columns of two layers scaled", (2, 2, 2), 4, _scaled_between),
    _Student("an update of rank 1", (2, 2, 1), 4, _updated),
    _Student("an update of rank 1, two outputs", (2, 2, 2), 4, _updated),
    _Student("an update with one factor frozen", (2, 2, 1), 2, _half_updated),
    _Student("tied", (2, 2, 2), 4, _tied, is_tied=True),
)


@dataclass(frozen=True)
class Criterion:
    """What is compared with what: rank or number of parameters, D of free or of tied teachers."""

    counts: bool = False
    tied_dimension: bool = False


def matched(criterion: Criterion) -> Iterator[str | None]:
    """A teacher has a student over the closure if and only if the rank is D."""
    rng = np.random.default_rng(191)
    networks = {net.widths: net for net in exhaustive.feedforward_networks((1, 2), (2,), 8)}
    for student, samples, is_given in product(_STUDENTS, (1, 2), (False, True)):
        network = networks[student.widths]
        largest = 1 if is_given else PRIME - 1
        base = {name: rng.integers(1, largest + 1, shape).astype(object)
                for name, shape in network.weight_shapes.items()}  # fmt: skip
        inputs = rng.integers(1, PRIME, (student.widths[0], samples)).astype(object)
        for has_tied_teacher in (False, True) if student.is_tied else (False,):
            yield _compared(student, network, base, inputs, has_tied_teacher, criterion, rng)


def _compared(
    student: _Student,
    network: Network,
    base: Weights,
    inputs: NDArray[Any],
    has_tied_teacher: bool,
    criterion: Criterion,
    rng: np.random.Generator,
) -> str | None:
    def drawn(n: int) -> list[int]:
        return rng.integers(1, PRIME, n).tolist()

    def tied(values: Any) -> dict[str, Any]:
        return _tied(values, base)

    def free(values: Any) -> dict[str, Any]:
        found, start = {}, 0
        for name, (p, q) in network.weight_shapes.items():
            found[name] = np.array(values[start : start + p * q], dtype=object).reshape(p, q)
            start += p * q
        return found

    teacher, n = (tied, 4) if has_tied_teacher else (free, network.n_weights)
    rank = _generic_rank(network, lambda t: student.weights(t, base), drawn(student.n), inputs)
    is_tied = has_tied_teacher or (criterion.tied_dimension and student.is_tied)
    needed = _generic_rank(network, *((tied, drawn(4)) if is_tied else (free, drawn(n))), inputs)
    reached = student.n if criterion.counts else rank
    field, *unknowns = ring([f"t{k}" for k in range(student.n)], GF(PRIME), grevlex)

    def polynomials(values: Any) -> NDArray[Any]:
        result = np.empty(values.shape, dtype=object)
        for index, value in np.ndenumerate(values):
            result[index] = value if hasattr(value, "ring") else field.ground_new(
                field.domain(int(value) % PRIME))  # fmt: skip
        return result

    weights = {k: polynomials(v) for k, v in student.weights(unknowns, base).items()}
    wanted = {k: polynomials(v) for k, v in teacher(drawn(n)).items()}
    at = polynomials(inputs)
    difference = (outputs(network, weights, at) - outputs(network, wanted, at)).ravel().tolist()
    has_student = number_of_solutions(difference) != 0
    if has_student == (reached >= needed):
        return None
    return f"{student.name}, {inputs.shape[1]} samples: {reached} of {needed}, {has_student}"


def _generic_rank(
    network: Network,
    weights: Callable[[Any], dict[str, Any]],
    point: list[int],
    inputs: NDArray[Any],
) -> int:
    """The rank of the outputs at a point, by polynomials in one variable: exact derivatives."""
    field, t = ring("t", GF(PRIME))
    rows = []
    for k in range(len(point)):
        moved = [field(value) + (t if k == j else 0) for j, value in enumerate(point)]
        values = outputs(network, weights(moved), inputs).ravel().tolist()
        rows.append([int(field(value).coeff(t)) for value in values])
    return _rank(rows)


STEPS = (
    ProofStep(
        "the dimension of low-rank matrices",
        low_rank_dimension,
        lambda p, q, r: r * (p + q - r),
        {
            "a factor's basis not left out": lambda p, q, r: r * (p + q),
            "one scale left out, not a basis": lambda p, q, r: r * (p + q) - 1,
        },
        f"p, q <= {_LARGEST}, all r",
    ),
    ProofStep(
        "teachers are matched over the closure if and only if the rank is D",
        matched,
        Criterion(),
        {
            "the number of parameters in place of the rank": Criterion(counts=True),
            "the dimension of tied teachers for free ones": Criterion(tied_dimension=True),
        },
        "six parametrisations, random and given bases, one and two samples",
    ),
)
"""What the steps of the proof of T19 check."""
