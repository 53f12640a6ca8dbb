"""Supports: which growing weights of any matrix are not 0, nothing being solved for.

Where input or readout weights grow, too, only walks through these lead: the frozen weights beside
them count for nothing, and a support that carries no leading walk need not be a grading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .graded import Graded, GradedPlan

Flags = NDArray[np.bool_]
_MOST_GRADES = 4
_SHARES = (0.0, 0.5, 1.0)  # of the input weights that grow, and of the readout weights


@dataclass(frozen=True)
class Support:
    """Which learnables grow, and which are not 0: (r,) each."""

    grows: Flags
    not_zero: Flags


class Supports:
    """Random supports of one network; readout weights of fitted outputs are in none."""

    def __init__(self, graded: Graded, fitted: tuple[int, ...], rng: np.random.Generator) -> None:
        self._fitted, self._rng = fitted, rng
        self._hidden = graded.network.widths[1]
        entries = graded.entries
        self._names = np.array([name for name, _ in entries])
        self._ends = np.array([index for _, index in entries], dtype=int).reshape(-1, 2)
        gone = np.isin(self._ends[:, 0], fitted) & (self._names == "readout")
        self._may_grow = ~gone

    def new(self) -> Support:
        """One that starts from a grading of the neurons: any of the other weights are 0."""
        rng, names = self._rng, self._names
        shares = {"recurrent": 1.0, "input": rng.choice(_SHARES), "readout": rng.choice(_SHARES)}
        chances = np.array([shares[name] for name in names.tolist()])
        grades = rng.integers(int(rng.integers(2, _MOST_GRADES + 1)), size=self._hidden)
        grows = self._may_grow & (rng.random(len(names)) < chances)
        not_zero = rng.random(len(names)) < 0.5
        inner = names == "recurrent"
        to, source = self._ends[inner].T
        not_zero[inner] = grades[to] > grades[source]
        return Support(grows, not_zero)

    def changed(self, support: Support) -> Support:
        """One to three weights less, or more, that are not 0."""
        places = np.flatnonzero(support.grows)
        not_zero = support.not_zero.copy()
        for k in self._rng.choice(places, min(int(self._rng.integers(1, 4)), len(places))):
            not_zero[k] = not not_zero[k]
        return replace(support, not_zero=not_zero)

    def plan(self, support: Support) -> GradedPlan:
        """The plan of a support."""
        growing = tuple(np.flatnonzero(support.grows).tolist())
        zero = tuple(np.flatnonzero(support.grows & ~support.not_zero).tolist())
        return GradedPlan(self._fitted, growing, zero, ())
