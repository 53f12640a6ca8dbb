"""Search for the roles of learnables in a graded plan: many climbs at once, begun anew when stuck."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..computing.deadline import Deadline
from .roles import N_ROLES, Counts, Rated, Roles

_CHANGED = 0.6  # a change is of one learnable so often, of two or more so often else, and so on
_PATIENCE = 12  # times the number of learnables: changes in vain before the next start
_EVEN = 0.4  # how evenly roles are spread over a matrix at the start: less is less


class Casting:
    """Climbs on the scores of plans."""

    def __init__(self, rated: Rated, climbs: int, rng: np.random.Generator) -> None:
        self._rated, self._climbs, self._rng = rated, climbs, rng
        self.n_tried = 0

    def found(self, deadline: Deadline) -> Iterator[Roles]:
        """Roles of plans, (learnables,), whose systems are solved and that are onto, until late."""
        rated, best = self._rated, 2 * self._rated.size
        roles = self._new(self._climbs)
        scores, stalled = self._scored(roles), np.zeros(self._climbs, dtype=int)
        while not deadline.has_passed:
            for k in np.flatnonzero(scores == best).tolist():
                yield roles[:, k]
            stuck = np.flatnonzero((scores == best) | (stalled > _PATIENCE * len(rated.numbers)))
            other = self._changed(roles)
            other[:, stuck] = self._new(len(stuck))
            found = self._scored(other)
            scores[stuck] = -1
            stalled = np.where(found > scores, 0, stalled + 1)
            better = found >= scores
            roles[:, better], scores[better] = other[:, better], found[better]

    def _scored(self, roles: Roles) -> Counts:
        self.n_tried += roles.shape[1]
        return self._rated.scores(roles)

    def _new(self, climbs: int) -> Roles:
        """Random roles, those of one matrix drawn with the same chances."""
        rng, groups = self._rng, self._rated.groups
        chances = rng.dirichlet(np.full(N_ROLES, _EVEN), size=(int(groups.max()) + 1, climbs))
        drawn = rng.random((len(groups), climbs, 1)) > chances.cumsum(axis=2)[groups]
        return np.minimum(drawn.sum(axis=2), N_ROLES - 1).astype(np.int8)

    def _changed(self, roles: Roles) -> Roles:
        """Other roles of a learnable or a few."""
        rng, (n, climbs) = self._rng, roles.shape
        roles, counts = roles.copy(), rng.geometric(_CHANGED, size=climbs)
        for least in range(1, min(int(counts.max()), n) + 1):
            here = np.flatnonzero(counts >= least)
            roles[rng.integers(n, size=len(here)), here] = rng.integers(N_ROLES, size=len(here))
        return roles
