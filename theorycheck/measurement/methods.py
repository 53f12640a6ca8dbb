"""How trials of a linear network are decided: the method is chosen by what is measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType

import numpy as np

from ..computing.arrays import Array, on_host
from ..computing.pieces import by_pieces, that_fit
from ..numeric.instances import Equations, Instance
from ..problem.masks import entries_of
from .batched_linalg import measured_rank
from .homotopy import FITS, Start, chosen_equations, decide, find_start, misfits, restricted
from .least_squares import MATCH, NO_MATCH, UNDECIDED, decide_affine
from .levenberg import fit
from .restrictions import SquarePart, matched, square_parts
from .trials import LinearTrials, Source

CHUNK = 500  # trials drawn from one seed together: the same whatever the memory
_DEVICE_CHUNK, _NUMBERS = 2**14, 2**26  # on a device more, up to so many numbers in all
_RANK_TRIALS = 8
_MOST_SOLUTIONS = 200
_MONODROMY_SECONDS = 60.0
_RESTRICTION_SECONDS = 20.0  # of monodromy for square parts of students over budget
# What a factorisation costs at least, which nothing interrupts: per entry and line, and per entry.
_TERM_SECONDS, _ENTRY_SECONDS = 1e-9, 3e-8
_MOST_UNKNOWNS = 40
_CROSS_CHECKED = 50  # unmatched ones of 500 trials that a search tries to refute


@dataclass(frozen=True)
class Method:
    """`decide(chunk, count)`: MATCH (1), NO_MATCH (0) or UNDECIDED (-1) for the trials of a chunk.

    `is_regular(chunk, count)` tells which of the same trials have a regular teacher: one whose
    Jacobian has as large a rank as there are equations (activations with corners only). If that is
    regular only where some are (`must_be_shown`), nothing is told of them until one is drawn.
    `is_refuted()` tells whether solutions turned out to be missing: then no answer NO_MATCH counts,
    earlier ones included, nor does `degree`. `chunk` is the number of draws from one seed.
    """

    name: str
    decide: Callable[[int, int], Array]
    rank: int | None = None
    target_dimension: int | None = None
    degree: int | None = None
    is_regular: Callable[[int, int], Array] | None = None
    must_be_shown: bool = False
    backend: str = "numpy"  # where the decisions are really computed
    generator: str = "numpy"  # whose random numbers the draws are
    chunk: int = CHUNK
    is_refuted: Callable[[], bool] = lambda: False


def linear_method(source: Source, seed: int, restarts: int, xp: ModuleType) -> Method:
    """Least squares if the outputs are affine in the learnables, else homotopy, else a search."""
    trials = LinearTrials(source, xp)
    method = _chosen(trials, seed, restarts)
    name = xp.__name__
    return replace(method, backend=name, generator=name, chunk=_draws_at_once(trials))


def _draws_at_once(trials: LinearTrials) -> int:
    """How many trials come from one seed: it depends on the module and the student alone."""
    if trials.xp is np:
        return CHUNK
    numbers = 2 * trials.network.n_weights + trials.n_equations * len(trials.entries)
    numbers += math.prod(trials.network.input_shape(trials.source.samples))
    return max(CHUNK, min(_DEVICE_CHUNK, _NUMBERS // numbers))


def _chosen(trials: LinearTrials, seed: int, restarts: int) -> Method:
    source = trials.source
    if not trials.entries:
        return Method("comparison", lambda chunk, count: _same(trials, seed, chunk, count), 0)
    probe = _Probe(trials, seed)
    if probe.is_affine:
        return Method(
            "least squares",
            lambda chunk, count: _affine(trials, seed, chunk, count),
            rank=probe.rank,
            target_dimension=probe.target_dimension,
        )
    start = None
    if probe.rank == len(trials.entries) <= _MOST_UNKNOWNS:
        deadline = source.deadline.within(_MONODROMY_SECONDS)
        start = find_start(trials, seed, most=_MOST_SOLUTIONS, deadline=deadline)
    search = _StudentSearch(trials, seed, restarts, start, probe)
    if start is None:
        return Method("Levenberg-Marquardt", search.decide, probe.rank, probe.target_dimension)
    is_square = trials.n_equations == len(trials.entries)
    degree = start.count if is_square else None
    return Method(
        "homotopy",
        search.decide,
        probe.rank,
        probe.target_dimension,
        degree,
        is_refuted=lambda: search.is_refuted,
    )


class _Probe:
    """What a few trials show: numerical ranks, and whether the Jacobian is constant."""

    def __init__(self, trials: LinearTrials, seed: int) -> None:
        xp, rng = trials.xp, trials.generator(seed, 10)
        sizes = (len(trials.entries), trials.source.allocation.n_present)
        size = _RANK_TRIALS * trials.n_equations * sum(sizes)
        each = min(trials.n_equations, max(sizes)) * _TERM_SECONDS + _ENTRY_SECONDS
        trials.source.deadline.afford(size * each, "the ranks that a measurement begins with")
        drawn = trials.draw(rng, _RANK_TRIALS)
        student = trials.equations()
        points = rng.standard_normal((2, _RANK_TRIALS, len(trials.entries)))
        jacobians = [student.residual(points[k], drawn.instance)[1] for k in range(2)]
        scale = abs(jacobians[0]).max(axis=(1, 2), keepdims=True)
        self.is_affine = (abs(jacobians[0] - jacobians[1]) <= 1e-12 * scale).all().item()
        self.rank = _agreed(jacobians[0], xp)
        entries = entries_of(dict(trials.source.allocation.masks("present")))
        everything = range(trials.n_equations)
        teacher = Equations(trials.network, trials.n_samples, entries, everything, xp)
        # Equations depend on each other as they do for teachers without structure.
        plain = trials.source.structure is None
        weights = drawn.teacher if plain else trials.source.weights(rng, _RANK_TRIALS, xp)
        values = [weights[name][(slice(None), *index)] for name, index in entries]
        theta = xp.stack(values, axis=1)
        self.target_dimension = _agreed(teacher.residual(theta, drawn.instance)[1], xp)


def _agreed(jacobians: Array, xp: ModuleType) -> int | None:
    """The numerical rank that all trials show, None if one is unclear or they differ."""
    found = set(measured_rank(jacobians, xp).rank.tolist())
    rank = found.pop()
    return None if found or rank < 0 else rank


def _drawn(trials: LinearTrials, seed: int, chunk: int, count: int) -> Instance:
    numbers = count * trials.network.n_weights
    trials.source.deadline.afford(numbers * _ENTRY_SECONDS, f"{count} random teachers")
    return trials.draw(trials.generator(seed, 0, chunk), count).instance


def _same(trials: LinearTrials, seed: int, chunk: int, count: int) -> Array:
    """Without learnables a match needs equal outputs, up to rounding."""
    instances = _drawn(trials, seed, chunk, count)
    equations = trials.equations()
    wanted: Array = instances.outputs
    difference = abs(equations.outputs(instances.weights, instances.inputs) - wanted)
    is_same = on_host(difference <= 1e-12 * (1 + abs(wanted)))
    return np.where(is_same.all(axis=1), MATCH, NO_MATCH)


def _affine(trials: LinearTrials, seed: int, chunk: int, count: int) -> Array:
    xp, equations = trials.xp, trials.equations()
    instances = _drawn(trials, seed, chunk, count)
    entries = count * trials.n_equations * len(trials.entries)
    each = min(trials.n_equations, len(trials.entries)) * _TERM_SECONDS + _ENTRY_SECONDS
    trials.source.deadline.afford(entries * each, f"{count} least squares problems")
    zero = xp.zeros((count, len(trials.entries)))

    def work(part: slice) -> Array:
        value, jacobian = equations.residual(zero[part], instances.take(part))
        return decide_affine(jacobian, -value, xp).decision

    size = that_fit(count, trials.n_equations * (len(trials.entries) + 1), xp)
    return on_host(xp.concatenate([found for _, found in by_pieces(work, count, size)]))


class _StudentSearch:
    """Homotopy where there is a start; what stays open is searched by Levenberg-Marquardt.

    Over budget square parts of the student are tried on what is open even then.
    The search also tries to refute some of the answers "no match": one proved match among them
    shows that solutions are missing, and from then on none of these answers is given.
    """

    def __init__(
        self, trials: LinearTrials, seed: int, restarts: int, start: Start | None, probe: _Probe
    ) -> None:
        self._trials, self._seed, self._restarts = trials, seed, restarts
        self._start, self._probe, self.is_refuted = start, probe, False
        # No proof where equations depend on each other, so those that follow are left out at first.
        count = trials.n_equations
        if probe.rank is not None and probe.rank == probe.target_dimension:
            count = probe.rank
        rng = trials.generator(seed, 14)
        self._chosen = chosen_equations(trials, rng, count)
        self._equations = trials.equations(self._chosen)

    def decide(self, chunk: int, count: int) -> Array:
        instances = _drawn(self._trials, self._seed, chunk, count)
        decisions = np.full(count, UNDECIDED)
        if self._start is not None:
            decisions = decide(self._trials, self._start, instances, [self._seed, chunk])
            self._cross_check(decisions, instances, chunk)
        open_ones = np.flatnonzero(decisions == UNDECIDED)
        self._improve(decisions, open_ones, instances, chunk, self._restarts)
        self._restrict(decisions, instances, chunk)
        return decisions

    def _restrict(self, decisions: Array, instances: Instance, chunk: int) -> None:
        """Search matches for the trials that are open, with some learnables at random values."""
        open_ones = np.flatnonzero(decisions == UNDECIDED)
        if not len(open_ones) or not self._parts:
            return
        rng = self._trials.generator(self._seed, 2, chunk)
        some = instances.take(self._trials.xp.asarray(open_ones))
        deadline = self._trials.source.deadline
        decisions[open_ones[matched(self._parts, some, rng, deadline)]] = MATCH

    @cached_property
    def _parts(self) -> list[SquarePart]:
        rank, trials = self._probe.rank, self._trials
        if rank is None or rank != self._probe.target_dimension or rank > _MOST_UNKNOWNS:
            return []
        if rank == len(trials.entries):
            return []
        deadline = trials.source.deadline.within(_RESTRICTION_SECONDS)
        return square_parts(trials, rank, self._seed, most=_MOST_SOLUTIONS, deadline=deadline)

    def _cross_check(self, decisions: Array, instances: Instance, chunk: int) -> None:
        most = _CROSS_CHECKED * math.ceil(len(decisions) / CHUNK)
        unmatched = np.flatnonzero(decisions == NO_MATCH)[:most]
        self._improve(decisions, unmatched, instances, chunk, 2)
        if (decisions[unmatched] == MATCH).any():
            self.is_refuted = True
        if self.is_refuted:
            decisions[decisions == NO_MATCH] = UNDECIDED

    def _improve(
        self, decisions: Array, positions: Array, instances: Instance, chunk: int, restarts: int
    ) -> None:
        """Search matches for some of the trials."""
        if not len(positions):
            return
        trials, xp = self._trials, self._trials.xp
        rng, some = trials.generator(self._seed, 1, chunk), instances.take(xp.asarray(positions))
        wanted, deadline = restricted(some, self._chosen, xp), trials.source.deadline
        found = fit(self._equations, wanted, rng, restarts=restarts, xp=xp, deadline=deadline)
        matched = xp.flatnonzero(found.matched)
        if len(self._chosen) < trials.n_equations and len(matched):
            misfit = misfits(trials, found.theta[matched], some.take(matched))
            matched = matched[misfit < FITS]
        decisions[positions[on_host(matched)]] = MATCH
