"""All complex solutions of each trial, by parameter homotopy: real ones are matches.

Without a real solution among all of them there is no match, which no search can tell. The number
of solutions comes from monodromy, with seeds of its own; a trial in which a solution was lost or
two of them met is undecided.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array, on_host
from ..computing.deadline import Deadline
from ..computing.pieces import by_pieces, that_fit
from ..numeric.instances import Equations, Instance
from ..numeric.monodromy import Monodromy, all_differ, find_solutions, follow
from .existence import certify
from .least_squares import MATCH, NO_MATCH, UNDECIDED
from .trials import LinearTrials

_QUIET_LOOPS = 12
_REAL, _NOT_REAL = 1e-7, 1e-5  # relative imaginary parts
FITS = 1e-9  # relative residual of all equations, where only some were solved for


@dataclass(frozen=True)
class Start:
    """All solutions found of one complex instance of a square choice of the equations."""

    equations: Equations
    chosen: tuple[int, ...]
    search: Monodromy

    @property
    def count(self) -> int:
        """The number of solutions, 0 if the search was not completed."""
        return self.search.count if self.search.is_complete else 0

    @property
    def doubles(self) -> int:
        """How many numbers the paths of one trial take, about: instances, points and Jacobians."""
        n = len(self.chosen)
        return 2 * self.count * (6 * self.equations.n_numbers + n * (n + 10))


def find_start(trials: LinearTrials, seed: int, *, most: int, deadline: Deadline) -> Start | None:
    """Solutions to begin with; None if two monodromy searches do not agree on their number.

    `most` solutions are followed at most. The equations chosen are as many as learnables, the best
    conditioned at one random point.
    """
    rng = trials.generator(seed, 11)
    chosen = chosen_equations(trials, rng, len(trials.entries))
    equations = trials.equations(chosen)

    def draw(own: np.random.Generator, count: int) -> Instance:
        return restricted(trials.complex(own, count), chosen, trials.xp)

    searches = []
    for number in range(2):
        own = trials.generator(seed, 12, number)
        search = find_solutions(
            equations, draw, own, quiet_loops=_QUIET_LOOPS, most=most, deadline=deadline
        )
        if not search.is_complete or search.count > most:
            return None
        searches.append(search)
    if searches[0].count != searches[1].count:
        return None
    return Start(equations, chosen, searches[0])


def decide(trials: LinearTrials, start: Start, instances: Instance, seed: list[int]) -> Array:
    """MATCH, NO_MATCH or UNDECIDED for each instance (all equations given), for the host."""

    def work(part: slice) -> Array:
        rng = trials.generator(*seed, 13, *([part.start] if part.start else []))
        some = instances.take(part)
        decisions = _attempt(trials, start, some, rng)
        # Two paths may have jumped onto one: they are unlikely to do so again on another way.
        again = np.flatnonzero(decisions == UNDECIDED)
        if len(again):
            others = some.take(trials.xp.asarray(again))
            decisions[again] = _attempt(trials, start, others, rng, detour=True)
        return decisions

    if not len(instances):
        return np.zeros(0, dtype=int)
    size = that_fit(len(instances), start.doubles, trials.xp)
    return np.concatenate([found for _, found in by_pieces(work, len(instances), size)])


def _attempt(
    trials: LinearTrials,
    start: Start,
    instances: Instance,
    rng: np.random.Generator,
    *,
    detour: bool = False,
) -> Array:
    shape, ends = (len(instances), start.count), _ends(trials, start, instances, rng, detour)
    fits, fails = ends.misfit < FITS, ends.misfit > np.sqrt(FITS)
    matched = np.asarray((ends.proved & fits).reshape(shape).any(axis=1))
    is_far = ends.arrived & (ends.imaginary > _NOT_REAL)
    is_clear = (is_far | (ends.is_real & fails)).reshape(shape)
    may_serve = (ends.is_real & fits).reshape(shape)
    unmatched = np.zeros(shape[0], dtype=bool)
    for index in np.flatnonzero(ends.arrived.reshape(shape).all(axis=1) & ~matched):
        solutions = ends.theta.reshape(*shape, -1)[index]
        if not all_differ(solutions):
            continue
        unmatched[index] = is_clear[index].all()
        served = np.flatnonzero(may_serve[index]).tolist()
        matched[index] = any(_is_own_conjugate(solutions, int(k)) for k in served)
    return np.where(matched, MATCH, np.where(unmatched, NO_MATCH, UNDECIDED))


@dataclass(frozen=True)
class _Ends:
    """Where the paths of some trials ended, for the host, which compares them with each other."""

    theta: Array
    arrived: Array
    imaginary: Array  # relative
    is_real: Array
    proved: Array
    misfit: Array  # of all equations


def _ends(
    trials: LinearTrials, start: Start, instances: Instance, rng: np.random.Generator, detour: bool
) -> _Ends:
    xp = trials.xp
    own = xp.repeat(xp.arange(len(instances)), start.count)
    theta, arrived = _followed(trials, start, instances, rng, detour)
    imaginary = abs(theta.imag).max(axis=1) / (abs(theta).max(axis=1) + 1e-3)
    is_real = arrived & (imaginary < _REAL)
    proved, misfit = xp.zeros(len(own), dtype=bool), xp.zeros(len(own))
    positions = xp.flatnonzero(is_real)
    if len(positions):
        real, every = theta[positions].real, instances.take(own[positions])
        some = restricted(every, start.chosen, xp)
        proved[positions] = certify(start.equations, real, some, xp).proved
        if len(start.chosen) < trials.n_equations:
            misfit[positions] = misfits(trials, real, every)
    parts = (theta, arrived, imaginary, is_real, proved, misfit)
    return _Ends(*(on_host(part) for part in parts))


def _is_own_conjugate(solutions: Array, number: int) -> bool:
    """Whether no other solution can be the conjugate of this one, which then is real.

    All solutions are here and they come in conjugate pairs. It serves where rounding leaves no
    proof at the solution itself: some reach 1e8, with condition numbers of 1e12.
    """
    point = solutions[number]
    distance = abs(np.delete(solutions, number, axis=0) - point.conj()).max(axis=1)
    return bool((distance > _NOT_REAL * abs(point).max()).all())


def _followed(
    trials: LinearTrials, start: Start, instances: Instance, rng: np.random.Generator, detour: bool
) -> tuple[NDArray[np.complex128], Array]:
    """Where all solutions end on every instance, and which of them arrived."""

    def draw(source: np.random.Generator, number: int) -> Instance:
        return restricted(trials.complex(source, number), start.chosen, xp)

    xp, count = trials.xp, len(instances)
    own = xp.repeat(xp.arange(count), start.count)
    theta = xp.tile(xp.asarray(start.search.solutions), (count, 1))
    begin = start.search.instance.take(0 * own)
    arrived = xp.ones(len(own), dtype=bool)
    if detour:
        middle = draw(rng, count).take(own)
        theta, arrived = follow(
            start.equations, theta, [begin, middle], draw, rng, trials.source.deadline
        )
        begin = middle
    end = restricted(instances, start.chosen, xp).take(own)
    ends = xp.full(theta.shape, np.nan, dtype=complex)
    under_way = xp.flatnonzero(arrived)
    ends[under_way], arrived[under_way] = follow(
        start.equations,
        theta[under_way],
        [begin.take(under_way), end.take(under_way)],
        draw,
        rng,
        trials.source.deadline,
    )
    return ends, arrived


def chosen_equations(trials: LinearTrials, rng: np.random.Generator, count: int) -> tuple[int, ...]:
    """`count` independent equations, by QR with pivoting of the Jacobian at a random point."""
    if trials.n_equations == count:
        return tuple(range(count))
    from scipy.linalg import qr

    whole = trials.equations()
    theta = rng.standard_normal((1, len(trials.entries)))
    _, jacobian = whole.residual(theta, trials.draw(rng, 1).instance)
    _, pivots = qr(on_host(jacobian[0]).T, mode="r", pivoting=True)  # type: ignore[misc]
    return tuple(sorted(int(k) for k in pivots[:count]))


def restricted(instance: Instance, chosen: tuple[int, ...], xp: ModuleType = np) -> Instance:
    """The same instance with the chosen equations only."""
    if len(chosen) == instance.outputs.shape[1]:
        return instance
    return Instance(
        instance.weights, instance.inputs, instance.outputs[:, xp.asarray(list(chosen))]
    )


def misfits(trials: LinearTrials, theta: Array, instances: Instance) -> Array:
    """How much solutions of some of the equations miss all of them, relative to the outputs.

    The chosen equations may determine the others badly: near a solution of all, some Gauss-Newton
    steps reach it.
    """
    whole = trials.equations()
    for _ in range(3):
        residual, jacobian = whole.residual(theta, instances)
        theta = theta - (trials.xp.linalg.pinv(jacobian, rcond=1e-9) @ residual[..., None])[..., 0]
    residual, _ = whole.residual(theta, instances)
    return abs(residual).max(axis=1) / (abs(instances.outputs).max(axis=1) + 1e-12)
