"""Witnesses for T7: a rational instance whose solutions are all there, simple and non-real."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..computing.deadline import Deadline
from ..computing.effort import Effort
from ..errors import OutOfTimeError
from ..numeric.instances import Instance
from ..numeric.monodromy import all_differ, follow
from .certify import certified_boxes
from .degree import Degree, Open
from .draws import Draws, RationalInstances
from .evidence import Certified

_PATHS_AT_ONCE = 600
_REAL = 1e-7  # relative imaginary part below which a float solution is taken for real
_PARENTS = 4
_FIRST_INSTANCES, _FIRST_WITNESSES = 4, 16  # the next batch has twice as many
_SPREADS = (0.05, 0.2, 0.6)  # of the children of instances with few real solutions


@dataclass
class _Tried:
    """Instances that were tried, with the solutions of each and a score, lower being nearer."""

    drawn: RationalInstances
    solutions: Array  # (instances, degree, n), NaN where a path was lost
    scores: NDArray[np.float64]  # number of real solutions, and how far apart the nearest two are
    is_whole: Array  # all solutions arrived and differ


def certified_instance(
    degree: Degree, seed: int, effort: Effort, deadline: Deadline
) -> Certified | Open:
    """Some rational instance with certified boxes around all solutions, real ones or not."""
    return _certified(degree, seed, replace(effort, instances=100), deadline, non_real=False)


def witness(degree: Degree, seed: int, effort: Effort, deadline: Deadline) -> Certified | Open:
    """A rational instance whose solutions are certified, as many as the degree, and non-real.

    Instances are drawn from `seed`; where none serves, children of those with the fewest real
    solutions are tried as well.
    """
    return _certified(degree, seed, effort, deadline, non_real=True)


def _certified(
    degree: Degree, seed: int, effort: Effort, deadline: Deadline, *, non_real: bool
) -> Certified | Open:
    try:
        with np.errstate(all="ignore"):  # lost paths end at infinity
            search = effort.search(deadline)
            return _sought(degree, seed, effort, search, non_real=non_real)
    except OutOfTimeError as error:
        return Open(str(error), "seconds")


def _sought(
    degree: Degree, seed: int, effort: Effort, deadline: Deadline, *, non_real: bool
) -> Certified | Open:
    if degree.search is None or degree.search.count != degree.value:
        return Open("the solutions are counted but not known, so no instance can be certified")
    draws, rng = Draws(degree.system), np.random.default_rng([seed, 2])
    most = max(min(_PATHS_AT_ONCE // degree.value, 100), 4)
    at_once = min(_FIRST_WITNESSES if non_real else _FIRST_INSTANCES, most)
    best: _Tried | None = None
    count = lost = 0
    while count < effort.instances and not deadline.is_over:
        at_once = min(at_once, effort.instances - count)
        fresh = draws.rational(rng, at_once)
        if best is not None:
            fresh = _joined(
                fresh.take(slice(0, at_once // 2)), _children(best, draws, rng, at_once)
            )
        tried = _solved(degree, draws, fresh, rng, deadline, non_real=non_real)
        count, lost = count + len(fresh), lost + int((~tried.is_whole).sum())
        effort.report(f"{count} instances, degree {degree.value}")
        wanted = tried.is_whole & (tried.scores < 1) if non_real else tried.is_whole
        for index in np.flatnonzero(wanted)[:5]:
            one = tried.drawn.take([index])
            boxes = certified_boxes(draws, one, tried.solutions[index], deadline)
            if boxes is not None and (boxes.all_non_real or not non_real):
                return Certified(degree, one, boxes)
        best = _fittest(best, tried)
        at_once = min(2 * at_once, most)
    limit = "instances"
    words = ""
    if deadline.is_over:
        limit, words = "instances" if deadline.is_spent else "seconds", f" ({deadline.reason})"
    reason = f"no witness among {count} instances{words}; {lost} were not solved completely"
    return Open(reason, limit)


def _solved(
    degree: Degree,
    draws: Draws,
    drawn: RationalInstances,
    rng: np.random.Generator,
    deadline: Deadline,
    *,
    non_real: bool,
) -> _Tried:
    """The instances with their solutions, those that could be wanted on detours if need be."""
    search, n = degree.search, len(drawn)
    assert search is not None
    instances = draws.as_floats(drawn)

    def followed(theta: Array, own: Array, *middle: Instance) -> tuple[Array, Array]:
        corners = [search.instance.take(0 * own), *middle, instances.take(own)]
        way = draws.equations, theta, corners, draws.complex, rng, deadline
        return follow(*way, detours=len(middle))

    own = np.repeat(np.arange(n), search.count)
    theta, arrived = followed(np.tile(search.solutions, (n, 1)), own)
    solutions, arrived = theta.reshape(n, search.count, -1), arrived.reshape(n, -1)
    is_promising = np.ones(n, dtype=bool)
    if non_real:
        is_promising = np.asarray(~_is_real(solutions).any(axis=1))
    if not (is_promising & arrived.all(axis=1)).any():
        own, path = np.nonzero(~arrived & is_promising[:, None])
        if len(own):
            middle = draws.complex(rng, len(own))
            again, reached = followed(search.solutions[path], own, middle)
            solutions[own[reached], path[reached]] = again[reached]
            arrived[own, path] = reached
    is_whole = np.asarray(arrived.all(axis=1))
    scores = np.full(n, np.inf)
    for index in np.flatnonzero(is_whole):
        scores[index], is_whole[index] = _score(solutions[index])
    return _Tried(drawn, solutions, scores, is_whole)


def _is_real(solutions: NDArray[np.complex128]) -> NDArray[np.bool_]:
    """Which float solutions (..., n) are taken for real; NaN is not."""
    size = abs(solutions).max(axis=-1) + 1e-3
    return abs(solutions.imag).max(axis=-1) < _REAL * size


def _score(solutions: NDArray[np.complex128]) -> tuple[float, bool]:
    """Number of real solutions plus a part below 1 for their nearest pair; whether all differ."""
    if not all_differ(solutions):
        return np.inf, False
    real = solutions[_is_real(solutions)]
    if len(real) < 2:
        return float(len(real)), True
    apart = min(abs(real[k + 1 :] - real[k]).max(axis=1).min() for k in range(len(real) - 1))
    return len(real) + apart / (1 + apart), True


def _fittest(best: _Tried | None, tried: _Tried) -> _Tried:
    """The few instances nearest to a witness so far."""
    drawn, scores = tried.drawn, tried.scores
    if best is not None:
        drawn, scores = _joined(best.drawn, drawn), np.concatenate([best.scores, scores])
    order = np.argsort(scores, kind="stable")[:_PARENTS]
    nothing = np.empty(0)
    return _Tried(drawn.take(order), nothing, scores[order], nothing)


def _children(
    best: _Tried, draws: Draws, rng: np.random.Generator, count: int
) -> RationalInstances:
    """Neighbours of the fittest instances."""
    parents = best.drawn.take(rng.integers(0, len(best.drawn), count - count // 2))
    steps = draws.rational(rng, len(parents))
    spread = rng.choice(_SPREADS, len(parents))

    def moved(value: Array, step: Array) -> Array:
        factor = spread.reshape(-1, *(1,) * (value.ndim - 1))
        return value + np.rint(factor * step).astype(np.int64)

    student = {name: moved(value, steps.student[name]) for name, value in parents.student.items()}
    teacher = {name: moved(value, steps.teacher[name]) for name, value in parents.teacher.items()}
    inputs = None
    if parents.inputs is not None and steps.inputs is not None:
        inputs = moved(parents.inputs, steps.inputs)
    return RationalInstances(student, teacher, inputs)


def _joined(one: RationalInstances, other: RationalInstances) -> RationalInstances:
    def both(a: Array, b: Array) -> Array:
        return np.concatenate([a, b])

    student = {name: both(value, other.student[name]) for name, value in one.student.items()}
    teacher = {name: both(value, other.teacher[name]) for name, value in one.teacher.items()}
    inputs = None
    if one.inputs is not None and other.inputs is not None:
        inputs = both(one.inputs, other.inputs)
    return RationalInstances(student, teacher, inputs)
