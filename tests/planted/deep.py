"""Wrong theorems about levels with layers behind them (T16)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theorycheck.plans.algebra import Residues
from theorycheck.plans.climbing import Climb
from theorycheck.plans.deep import Deep, construct_deep, deep_pairs
from theorycheck.plans.levels import Levels
from theorycheck.plans.pairs import Counts
from theorycheck.plans.states import masks_of
from theorycheck.theorems import t16_deep_levels
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.verification import domains
from theorycheck.verification.predictions import properties_of

from .base import MAXIMAL, Planted, said
from .domains import three_square_layers
from .plans import PRIME, dense

_MOVES = 40


class _Anywhere(Climb):
    """Levels that ask nothing of the Jacobian."""

    def lacking(self, reached: Counts) -> int:
        """Right: as many learnables as it has rows."""
        return 0

    def most_infinite(self, units: Counts) -> int:
        """Right: as many as can be independent."""
        return len(units)


def _proposed(analysis: Analysis) -> Iterator[tuple[Deep, Levels]]:
    """Levels that counts allow, for all pairs with layers behind them."""
    masks, widths = masks_of(analysis.allocation), tuple(analysis.network.widths)
    rng = np.random.default_rng(analysis.options.seed)
    for pair, behind, choices in deep_pairs(masks, widths, analysis.effective_samples):
        for bases in choices:
            deep = Deep(pair, behind, bases)
            yield from ((deep, each) for each in _Anywhere(deep, PRIME, rng).proposals(_MOVES))


def by_counts(analysis: Analysis) -> Finding | None:
    """Right: the linear systems need the ranks that counts allow."""
    if next(_proposed(analysis), None) is None:
        return None
    return said("T16", MAXIMAL, "learnables enough in every column")


def whatever_the_rank(analysis: Analysis) -> Finding | None:
    """Right: at infinity the Jacobian has to be regular."""
    for deep, levels in _proposed(analysis):
        rng = np.random.default_rng(0)
        if construct_deep(deep, levels, Residues(PRIME), rng, PRIME - 1) is not None:
            return said("T16", MAXIMAL, "all systems are solved, some columns at infinity")
    return None


_CASES = three_square_layers()
_RIGHT = properties_of(t16_deep_levels.THEOREM, domains.behind)[0]

DEEP = {
    "levels behind which a layer lies, by counts alone": Planted(
        Theorem("T16", dense, by_counts), _CASES, most=27, right=_RIGHT
    ),
    "levels behind which a layer lies, without rank at infinity": Planted(
        Theorem("T16", dense, whatever_the_rank), _CASES, most=27, right=_RIGHT
    ),
}
