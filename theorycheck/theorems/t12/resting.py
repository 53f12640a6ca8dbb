"""T12 (h): outputs made onto by units at rest, others solved by units of their own.

Let units of the last hidden layer rest: at 0, or in groups of the same weights. Let v be learnable
readout weights into some outputs that cancel on them, and e be small. With readout weights v / e,
and weights of the units at rest that differ by e u from those at which they rest, these outputs are
affine in u and in the other readout weights, up to terms that vanish with e. Where the linear part
has full rank, everything is reached for small e (implicit functions), whatever frozen weights add.
The other outputs are solved one after the other, as (f*) says: units at rest are as good as fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np

from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from ..evidence import at_full_rank
from .readout import Readout, readout_of
from .rest import Rest, may_be_same, rank_at_rest
from .solvable import Chains
from .steps import Step, units_of

_MOST_RANKS = 150
_MOST_OPERATIONS = 4e9  # of all these ranks
_MOST_MOVES = 150  # of units, for each way to solve other outputs
_MOST_WAYS, _MOST_ORDERS = 60, 8  # in all, and for the same outputs


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if D = d m and some units at rest leave only outputs that can be solved."""
    network = analysis.network
    if network.is_recurrent or not network.is_layered or analysis.given is not None:
        return None
    if analysis.target.value < network.outputs * analysis.samples or not analysis.reaches_target:
        return None
    found = _Search(analysis, analysis.once(readout_of)).found()
    if found is None:
        return None
    steps, rest = found
    reason = (
        "hidden units can rest where they cancel, and from there change outputs in all directions; "
        "other outputs can be solved one after the other"
    )
    evidence = {
        "steps": [step.in_json for step in steps],
        "zero": sorted(rest.zero),
        "groups": sorted(sorted(group) for group in rest.groups),
    }
    return at_full_rank("T12", Expressivity.MAXIMAL, analysis, reason, "resting_units", evidence)


class _Search:
    """Which outputs are solved, and which units rest: a random walk, counts before ranks."""

    def __init__(self, analysis: Analysis, readout: Readout) -> None:
        self._analysis, self._readout = analysis, readout
        self._samples, self._left = analysis.samples, _MOST_OPERATIONS
        self._layer, self._units = readout.layer, readout.units
        self._outputs = range(len(self._layer.present))
        self._rng = np.random.default_rng([analysis.options.seed, 12])
        self._chains = Chains(readout, analysis.samples)
        movable = np.flatnonzero(self._units.learnable.any(axis=1)).tolist()
        self._movable: list[int] = movable
        self._zeros = {unit for unit in movable if self._may_be_zero(unit)}

    def found(self) -> tuple[list[Step], Rest] | None:
        """Steps for some outputs, and units at rest for all others."""
        for steps in self._ways():
            rest = self._walked(steps)
            if rest is not None:
                return steps, rest
            if self._left <= 0:
                break
        return None

    def _ways(self) -> Iterator[list[Step]]:
        """Ways to solve some of the outputs, few first."""
        chosen = (c for size in self._outputs for c in combinations(self._outputs, size))
        for outputs in islice(chosen, _MOST_WAYS):
            seen: set[frozenset[int]] = set()
            for steps in self._chains.of(outputs):
                used = units_of(steps)
                if used not in seen:
                    yield steps
                seen.add(used)
                if len(seen) == _MOST_ORDERS:
                    break

    def _walked(self, steps: list[Step]) -> Rest | None:
        """Units at rest next to these steps; moves that lose nothing are kept."""
        used, solved = units_of(steps), {i for step in steps for i in step.outputs}
        outputs = [output for output in self._outputs if output not in solved]
        rest, free, wanted = Rest(), self._free(used), len(outputs) * self._samples
        best = self._score(rest, outputs, used)
        for _ in range(_MOST_MOVES if free else 0):
            if best == wanted or self._left <= 0:
                break
            self._analysis.options.deadline.check("units at rest (T12)")
            moved = self._moved(rest, free)
            if moved is None or not self._chains.hold(steps, moved):
                continue
            score = self._score(moved, outputs, used)
            if score >= best:
                rest, best = moved, score
        return rest if best == wanted else None

    def _free(self, used: frozenset[int]) -> list[int]:
        """Units that may rest."""
        return [unit for unit in self._movable if unit not in used]

    def _may_be_zero(self, unit: int) -> bool:
        value, slope = self._readout.activation.at_zero
        if value != 0 or slope == 0:
            return False
        if not self._units.frozen[unit].any():
            return True
        inputs = np.flatnonzero(self._units.learnable[unit]).tolist()
        enough = len(inputs) >= self._samples
        return enough and self._readout.rank_of_inputs(inputs) == self._samples

    def _may_join(self, group: frozenset[int]) -> bool:
        return may_be_same(self._units, sorted(group))

    def _moved(self, rest: Rest, free: list[int]) -> Rest | None:
        """One unit at rest elsewhere, or no longer."""
        unit, other = (int(x) for x in self._rng.choice(free, size=2))
        groups = {group - {unit} for group in rest.groups}
        zero, what = rest.zero - {unit}, self._rng.integers(3)
        if what == 0:
            if unit not in self._zeros:
                return None
            zero |= {unit}
        elif what == 1:
            joined = next((group for group in groups if other in group), frozenset({other}))
            if other == unit or other in zero or not self._may_join(joined | {unit}):
                return None
            groups = (groups - {joined}) | {joined | {unit}}
        return Rest(zero, frozenset(group for group in groups if len(group) > 1))

    def _score(self, rest: Rest, outputs: list[int], used: frozenset[int]) -> int:
        """The rank, or a bound of it that is below what it has to be."""
        most, wanted = self._most(rest, outputs, used), len(outputs) * self._samples
        if most < wanted:
            return most
        n_columns = int(self._layer.learnable.sum() + self._units.learnable.sum())
        self._left -= wanted**2 * n_columns + _MOST_OPERATIONS / _MOST_RANKS
        if self._left < 0:
            return 0
        return rank_at_rest(self._analysis, self._readout, rest, outputs, used)

    def _most(self, rest: Rest, outputs: list[int], used: frozenset[int]) -> int:
        """A bound of the rank, by counting."""
        leaders, learnable, m = rest.leaders, self._layer.learnable, self._samples
        read = [
            {leaders.get(k, k) for k in np.flatnonzero(learnable[i]).tolist()} - used - rest.zero
            for i in outputs
        ]
        kept = [min(m, len(units)) for units in read]
        added, every = [0] * len(outputs), 0
        for group in [*(frozenset({unit}) for unit in rest.zero), *rest.groups]:
            members = sorted(group)
            for place, i in enumerate(outputs):
                live = [k for k in members if learnable[i, k]]
                if len(live) > 1 or (live and len(group) == 1):
                    added[place] += int(self._units.learnable[live].any(axis=0).sum())
            every += int(self._units.learnable[members].sum())
        single = sum(min(m, a + b) for a, b in zip(kept, added, strict=True))
        return min(single, sum(kept) + every)
