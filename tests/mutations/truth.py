"""Which claims are true: classes of small problems from ranks, degrees, draws and patterns.

An affine system has a solution for generic data iff the rank is full. Otherwise the number of
complex solutions for generic data (a Groebner basis modulo a prime) proves a real one where it is
odd, and random draws all of whose complex solutions are known refute that there always is one.
"""

from __future__ import annotations

import random
from functools import cache, cached_property
from itertools import combinations
from typing import Any, cast

import numpy as np

import theorycheck as tc
from theorycheck.verification.fits import Fitted

from . import nonlinear_truth, piecewise_truth, relu_truth
from .problems import Entry, Problem, is_affine, outputs, paths, random_point, rank, read

DEGREE_PRIME = 2**31 - 1
MOST_WORK = 12  # unknowns times the degree of the equations
CLASSES = {
    "minimal": frozenset({"minimal"}),
    "maximal": frozenset({"maximal"}),
    "intermediate": frozenset({"intermediate"}),
    "positive": frozenset({"intermediate", "maximal"}),
}
PIECEWISE = {"relu", "leaky_relu", "hardtanh"}
_memory: dict[str, Truth] = {}


class Truth:
    """What is known about one problem; everything is computed when it is asked for, once."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._shallow = relu_truth.Shallow(problem) if problem.kind == "shallow_relu" else None

    @cached_property
    def rank(self) -> int:
        """Of the learnables of a network that has one rank."""
        return self._rank("learnable")

    def _rank(self, which: str) -> int:
        if self.problem.is_nonlinear:
            return nonlinear_truth.rank(self.problem, which)
        return rank(self.problem, which)

    @property
    def has_rank(self) -> bool:
        """Whether it is linear, or analytic: then the rank does not depend on a pattern."""
        problem = self.problem
        return problem.is_linear or (
            problem.is_nonlinear and not PIECEWISE & {*problem.activations}
        )

    @cached_property
    def is_piecewise(self) -> bool:
        """Whether all activations are linear in pieces, and not all of them linear."""
        problem, known = self.problem, PIECEWISE | {"linear"}
        pieces = {*problem.activations} <= known and bool(PIECEWISE & {*problem.activations})
        return problem.is_nonlinear and pieces and problem.inputs is None

    def piecewise_ranks(self, evidence: Any) -> tuple[int, int]:
        """Of the learnables and of all weights, in the best patterns that are known."""
        return piecewise_truth.ranks(self.problem, relu_truth.points_of(evidence))

    @cached_property
    def target(self) -> int:
        """The target dimension."""
        if not self.has_rank:
            return self.problem.outputs * self.problem.samples
        return self._rank("present")

    def classes(self, evidence: Any = None) -> frozenset[str]:
        """The classes that are not refuted; points in the evidence may help."""
        possible = self.without_draws(evidence)
        if possible == CLASSES["positive"] and self._misses:
            return CLASSES["intermediate"]
        return possible

    def without_draws(self, evidence: Any = None) -> frozenset[str]:
        """The same by ranks and degrees alone."""
        problem = self.problem
        if problem.entries("learnable") == problem.entries("present"):
            return CLASSES["maximal"]
        if self._shallow is not None:
            is_minimal = self._shallow.is_minimal(relu_truth.points_of(evidence))
            return CLASSES["minimal" if is_minimal else "positive"]
        if self.is_piecewise:
            rank, target = self.piecewise_ranks(evidence)
            return CLASSES["minimal" if rank < target else "positive"]
        if not self.has_rank:
            return frozenset()  # nothing is known, so nothing may be claimed
        if self.rank < self.target:
            return CLASSES["minimal"]
        if problem.is_nonlinear:
            # In the learnables of the readout the outputs are affine, and analytic.
            return CLASSES["maximal" if self._readout_reaches else "positive"]
        return CLASSES["maximal" if self._is_maximal else "positive"]

    @cached_property
    def _is_maximal(self) -> bool:
        problem = self.problem
        affine = self.target == 0 or is_affine(problem) or has_affine_part(problem, self.rank)
        return affine or has_odd_basis(problem, self.rank)

    @cached_property
    def _readout_reaches(self) -> bool:
        """Whether the learnables of the readout alone have the rank D."""
        last = [f"W{self.problem.depth}", f"b{self.problem.depth}", "readout", "readout_bias"]
        entries = [entry for entry in self.problem.entries("learnable") if entry[0] in last]
        part = self.problem.with_learnable(entries)
        return nonlinear_truth.rank(part, "learnable") == self.target

    @cached_property
    def _misses(self) -> bool:
        if self._shallow is not None:
            return self._shallow.misses
        if self.problem.is_nonlinear:
            return most_are_missed(self.problem)
        if not self.problem.is_linear:
            return False
        return self.problem.n_learnable == self.rank and misses(self.problem)


def truth_of(data: dict[str, Any]) -> Truth:
    """The truth about the problem of a certificate."""
    key = repr(data["problem"])
    if key not in _memory:
        _memory[key] = Truth(read(data["problem"]))
    return _memory[key]


def refuted(data: dict[str, Any]) -> str | None:
    """Why the claim of a certificate is false; None if it is true, or not known to be false."""
    truth = truth_of(data)
    problem, claimed, target = truth.problem, data["expressivity"], data["target_dimension"]
    if data["learnable"] != problem.n_learnable:
        return f"{problem.n_learnable} weights are learnable, not {data['learnable']}"
    if truth.has_rank and data["rank"] not in (None, truth.rank):
        return f"the rank is {truth.rank}, not {data['rank']}"
    is_lower = truth.has_rank and claimed == "minimal" and (target or 0) <= truth.target
    if truth.is_piecewise and claimed in ("positive", "intermediate"):
        ranks = truth.piecewise_ranks(data["evidence"])
        if (data["rank"], target) != ranks:
            return f"ranks are {ranks}, not {data['rank']} and {target}"
    elif target not in (None, truth.target) and not is_lower:
        return f"the target dimension is {truth.target}, not {target}"
    # Draws can only refute that there is always a match.
    find = truth.classes if claimed == "maximal" else truth.without_draws
    possible = find(data["evidence"])
    if not possible & CLASSES[claimed]:
        return f"the class is {'/'.join(sorted(possible))}, not {claimed}"
    return None


def is_shown(data: dict[str, Any]) -> bool:
    """Whether the oracle knows the class that is claimed to be right, not just not refuted."""
    claimed = CLASSES[data["expressivity"]]
    truth, evidence = truth_of(data), data["evidence"]
    return truth.without_draws(evidence) <= claimed or truth.classes(evidence) <= claimed


def most_are_missed(problem: Problem) -> bool:
    """Whether a search with many starts matches less than two thirds of the draws."""
    widths = [problem.n_inputs, *(shape[0] for name, shape in problem.shapes.items()
                                  if name[0] == "W")]  # fmt: skip
    if problem.is_recurrent:
        sizes = problem.n_inputs, problem.shapes["recurrent"][0], problem.outputs, problem.steps
        readout: Any = problem.readout
        made: Any = tc.Recurrent(*sizes, readout, bias=problem.bias,
                                 activation=problem.activations[0])  # fmt: skip
    elif problem.convolved is not None:
        sizes = problem.convolved.channels, *problem.convolved.size
        made = tc.Convolutional(sizes, problem.convolved.layers, problem.outputs,
                                bias=problem.bias, activation=problem.activations)  # fmt: skip
    else:
        made = tc.Feedforward(
            widths, problem.bias, activation=problem.activations, skip=problem.skip
        )
    fitted = Fitted(tc.Allocation(made, problem.learnable, problem.present), problem.samples, 0)
    draws = fitted.drawn(30)
    return bool(fitted.matched(draws, 60).mean() < 2 / 3)


# Degrees


@cache
def _names(count: int) -> tuple[str, ...]:
    return tuple(f"t{i}" for i in range(count))


def degree(problem: Problem, seed: int = 0) -> int | None:
    """The number of complex solutions for generic data of a teacher; None if it is infinite.

    By a Groebner basis modulo a prime at a random point; for r = D all are simple. None as well
    for systems that would take long.
    """
    from sympy.polys.domains import GF
    from sympy.polys.groebnertools import groebner
    from sympy.polys.orderings import grevlex
    from sympy.polys.rings import PolyRing

    entries = problem.entries("learnable")
    if len(entries) * _longest(problem) > MOST_WORK:
        return None
    domain, order = GF(DEGREE_PRIME, symmetric=False), cast(Any, grevlex)
    ring = PolyRing(_names(len(entries)), domain, order)
    teacher, student = random_point(problem, seed), random_point(problem, seed + 1)
    wanted = outputs(problem, teacher.weights, teacher.inputs)
    weights: dict[str, Any] = {name: value.copy() for name, value in student.weights.items()}
    for name, value in weights.items():
        weights[name] = np.array([ring(int(x) % DEGREE_PRIME) for x in value.flat], dtype=object)
        weights[name] = weights[name].reshape(value.shape)
    for (name, index), unknown in zip(entries, ring.gens, strict=True):
        weights[name][index] = unknown
    found = outputs(problem, weights, teacher.inputs)
    pairs = zip(
        [x for part in found for x in part.flat], [x for part in wanted for x in part.flat],
        strict=True,
    )  # fmt: skip
    equations = [ring(x) - int(y) % DEGREE_PRIME for x, y in pairs]
    basis = groebner([e for e in equations if e], ring)
    return _staircase([polynomial.LM for polynomial in basis], len(entries))


def _longest(problem: Problem) -> int:
    """The most learnables on a path."""
    masks = problem.learnable
    return max(
        (sum(bool(masks[name][index]) for name, index in path) for path in paths(problem)),
        default=0,
    )


def _staircase(leading: list[tuple[int, ...]], n: int) -> int | None:
    """The number of monomials that no leading one divides."""
    powers = [min((m[i] for m in leading if sum(m) == m[i]), default=None) for i in range(n)]
    if any(power is None for power in powers):
        return None
    level, found = {(0,) * n}, 0
    while level:
        level = {
            m
            for m in level
            if not any(all(x <= y for x, y in zip(q, m, strict=True)) for q in leading)
        }
        found += len(level)
        level = {(*m[:i], m[i] + 1, *m[i + 1 :]) for m in level for i in range(n)}
    return found


def has_affine_part(problem: Problem, target: int, tries: int = 8) -> bool:
    """Whether some of the learnables, in which the outputs are affine, have the rank D."""
    entries = problem.entries("learnable")
    if len(entries) == target:
        return False
    rng = random.Random(0)
    for number in range(tries):  # first those of each weight, then of as many as there may be
        order = list(entries)
        rng.shuffle(order)
        if number < len(problem.shapes):
            name = list(problem.shapes)[number]
            order.sort(key=lambda entry: entry[0] != name)
        kept: list[Entry] = []
        for entry in order:
            if is_affine(problem.with_learnable([*kept, entry])):
                kept.append(entry)
        if rank(problem.with_learnable(kept), "learnable") == target:
            return True
    return False


def has_odd_basis(problem: Problem, target: int, most: int = 12) -> bool:
    """Whether some D of the learnables, of rank D, have an odd number of solutions."""
    entries = problem.entries("learnable")
    if len(entries) == target:
        bases: list[Any] = [entries]
    else:
        rng = random.Random(0)
        every = list(combinations(entries, target)) if len(entries) < 13 else []
        rng.shuffle(every)
        bases = every or [rng.sample(entries, target) for _ in range(5 * most)]
    for tried, basis in enumerate(bases):
        if tried >= most:
            return False
        part = problem.with_learnable(sorted(basis, key=entries.index))
        if rank(part, "learnable") == target and (is_affine(part) or (degree(part) or 0) % 2):
            return True
    return False


# Draws


def misses(problem: Problem, draws: int = 300, starts: int = 200) -> bool:
    """Whether some random draw has all its complex solutions known, and none of them real."""
    wanted = degree(problem)
    if wanted is None:
        return False
    rng = np.random.default_rng(0)
    for _ in range(draws):
        found = _solutions(problem, rng, wanted, starts)
        if len(found) == wanted and not any(np.abs(s.imag).max() < 1e-6 for s in found):
            return True
    return False


def _solutions(problem: Problem, rng: np.random.Generator, most: int, starts: int) -> list[Any]:
    """Distinct complex solutions of one Gaussian draw, by Gauss-Newton from many starts."""

    def draw() -> dict[str, Any]:
        return {n: rng.normal(size=s) * problem.present[n] for n, s in problem.shapes.items()}

    teacher, student = draw(), draw()
    shape = (problem.n_inputs, problem.drawn)
    inputs = [rng.normal(size=shape) for _ in range(problem.steps)]
    if problem.inputs is not None:
        inputs = [np.array([[float(x) for x in row] for row in problem.inputs])]
    wanted = np.concatenate([part.ravel() for part in outputs(problem, teacher, inputs)])
    entries = problem.entries("learnable")
    weights = {name: value.astype(complex) for name, value in student.items()}

    def values(theta: Any) -> Any:
        for (name, index), value in zip(entries, theta, strict=True):
            weights[name][index] = value
        return np.concatenate([x.ravel() for x in outputs(problem, weights, inputs)]) - wanted

    found: list[Any] = []
    for _ in range(starts):
        theta = rng.normal(size=len(entries)) + 1j * rng.normal(size=len(entries))
        theta = newton(values, theta)
        if theta is not None and all(np.abs(theta - s).max() > 1e-5 for s in found):
            found.append(theta)
        if len(found) == most:
            break
    return found


def newton(values: Any, theta: Any) -> Any:
    """A zero near `theta`, or None; derivatives by differences, which complex steps make exact."""
    n, step = len(theta), 1e-7
    for _ in range(40):
        here = values(theta)
        columns = [(values(theta + step * e) - values(theta - step * e)) / (2 * step)
                   for e in np.eye(n)]  # fmt: skip
        move = np.linalg.lstsq(np.array(columns).T, here, rcond=None)[0]
        theta = theta - move
        if not np.isfinite(theta).all() or np.abs(theta).max() > 1e6:
            return None
        if np.abs(move).max() < 1e-9 * (1 + np.abs(theta).max()):
            return theta if np.abs(values(theta)).max() < 1e-7 else None
    return None
