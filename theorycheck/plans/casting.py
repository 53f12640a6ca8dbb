"""Search for the roles of learnables in a graded plan: many climbs at once, begun anew when stuck.

A climb begins with classes of the neurons, inputs and outputs: a weight's role is that of the pair
of classes that it joins, now and then such that recurrent weights which grow lead from lower to
higher classes only. Then single weights change, or those into or out of a neuron.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import Deadline
from ..ranks.point import draw_prime
from .algebra import Residues
from .choices import tried
from .graded import Graded
from .gradings import Found
from .roles import GROWS, N_ROLES, SOLVED_GROWS, ZERO, Counts, Rated, Roles

_MOST_EACH = 2**13  # entries of an array for each plan: for larger networks this is too slow
_ENTRIES, _MOST_CLIMBS = 2**16, 256  # of an array, which are handled together
_MOST_CLASSES = 4
_EVEN = 0.4  # how evenly the roles of a matrix are drawn at the start
_GRADED = 0.5  # of the starts: classes are grades
_TOGETHER = 0.3  # how often all weights at one place change, or half of them
_CHANGED = 0.6  # else a change is of one learnable so often, of two or more so often else, ...
_PATIENCE = 8  # times the number of learnables: changes in vain before the next start


def is_small(graded: Graded) -> bool:
    """Whether many plans can be rated at once; those of networks read at every step are not."""
    network, samples = graded.network, graded.samples
    steps = network.widths[1] * (network.widths[1] + network.inputs)
    equations = network.outputs * samples
    each = equations * max(steps, len(graded.entries))
    return not network.reads_every_step and each <= _MOST_EACH


def cast(graded: Graded, seed: int, deadline: Deadline, most: int) -> Found | None:
    """The first plan that is found and onto, among `most` that are tried before the deadline."""
    algebra, rng = Residues(draw_prime(seed, 0), deadline), np.random.default_rng(seed)
    data = graded.draw(algebra, rng)
    rated = Rated(graded, graded.fitted(data, algebra), data, algebra, rng)
    if not rated.size:
        return None
    climbs = min(_ENTRIES // rated.entries_each, _MOST_CLIMBS)
    casting = Casting(rated, climbs, rng)
    plans = (rated.plan(roles) for roles in casting.found(deadline, most))
    onto = (tried(graded, plan, seed, deadline=deadline) for plan in plans)
    return next((found for found in onto if found is not None), None)


class Casting:
    """Climbs on the scores of plans."""

    def __init__(self, rated: Rated, climbs: int, rng: np.random.Generator) -> None:
        self._rated, self._climbs, self._rng = rated, climbs, rng
        self.n_tried = 0

    def found(self, deadline: Deadline, most: int) -> Iterator[Roles]:
        """Roles of plans, (learnables,), which meet all equations and are onto.

        Until it is late, or `most` are tried.
        """
        best, patience = 2 * self._rated.size, _PATIENCE * len(self._rated.numbers)
        roles = self._new(self._climbs)
        scores, stalled = self._scored(roles), np.zeros(self._climbs, dtype=int)
        while True:
            for k in np.flatnonzero(scores == best).tolist():
                yield roles[:, k]
            if deadline.has_passed or self.n_tried >= most:
                return
            anew = np.flatnonzero((scores == best) | (stalled > patience))
            other = self._changed(roles)
            other[:, anew], scores[anew] = self._new(len(anew)), -1
            found = self._scored(other)
            stalled = np.where(found > scores, 0, stalled + 1)
            kept = found >= scores
            roles[:, kept], scores[kept] = other[:, kept], found[kept]

    def _scored(self, roles: Roles) -> Counts:
        self.n_tried += roles.shape[1]
        return self._rated.scores(roles)

    def _new(self, climbs: int) -> Roles:
        """Roles by classes."""
        rng, (to, source), matrices = self._rng, self._rated.ends, self._rated.matrices
        counts = rng.integers(2, _MOST_CLASSES + 1, size=climbs)
        classes = (rng.random((self._rated.n_nodes, climbs)) * counts).astype(int)
        chances = rng.dirichlet(np.full(N_ROLES, _EVEN), size=(3, climbs)).cumsum(axis=2)
        pairs = _MOST_CLASSES, _MOST_CLASSES, 3, climbs, 1
        roles = np.minimum((rng.random(pairs) > chances).sum(axis=-1), N_ROLES - 1)
        graded = np.flatnonzero(rng.random(climbs) < _GRADED)
        roles[:, :, 0, graded] = self._by_grade(counts[graded])
        here = np.arange(climbs)
        return roles[classes[to], classes[source], matrices[:, None], here].astype(np.int8)

    def _by_grade(self, n_grades: NDArray[np.int64]) -> NDArray[np.int64]:
        """Roles of recurrent weights, (to, from, climbs), by grades of their neurons."""
        to, source = np.indices((_MOST_CLASSES, _MOST_CLASSES))[..., None]
        roles = np.where(to > source, GROWS, np.full(len(n_grades), ZERO))
        kind = self._rng.integers(3, size=len(n_grades))
        last, first = (kind == 0) & (to == n_grades - 1), (kind == 1) & (source == 0)
        return np.where((to > source) & (last | first), SOLVED_GROWS, roles)

    def _changed(self, roles: Roles) -> Roles:
        """Another role of a learnable or a few, or of those at one end of a neuron."""
        rng, (n, climbs) = self._rng, roles.shape
        changed, counts = roles.copy(), rng.geometric(_CHANGED, size=climbs)
        together = rng.random(climbs) < _TOGETHER
        for least in range(1, min(int(counts.max()), n) + 1):
            here = np.flatnonzero(~together & (counts >= least))
            changed[rng.integers(n, size=len(here)), here] = rng.integers(N_ROLES, size=len(here))
        here = np.flatnonzero(together)
        end, node, role, share = (
            rng.integers(most, size=len(here)) for most in (2, self._rated.n_nodes, N_ROLES, 2)
        )
        hit = (node == self._rated.ends[end].T) & (rng.random((n, len(here))) < 0.5 + 0.5 * share)
        changed[:, here] = np.where(hit, role, changed[:, here])
        return changed
