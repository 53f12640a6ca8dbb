"""T12 (f*), (f#): outputs solved one after the other, or some at once, by units of their own.

A step has q outputs and q units K, with learnable readout weights v into all of them. Let F be
learnable inputs of a unit of K on the m samples, c the sum of its other inputs, times their
weights, G the values of g other units that learnable readout weights of all these outputs read, and
L the span of G and of what the outputs have still to produce. A step holds if (1) q = 1, F has
rank m and 0 lies inside of the range of sigma: the values of the unit may be any close to 0. Or (2)
sigma is odd and increasing, F has rank delta = m - q - g, and [F, c] rank delta + 1. Modulo L, of
dimension delta, the map w -> sigma(F w + c) has no zero on a large sphere |w| = R, on which it is
homotopic, through (1 - s) sigma(F w + c) + s sigma(F w - c), to a map that is odd at s = 1/2: so it
has an odd degree (Borsuk), and a zero inside. At zeros of all units of K these and G span L.

Units of K have no frozen readout weight into an output solved before, and are in one step only; in
G are units of steps before, and of none. Given the outputs before, the targets of a step have a
density, if D = d m: null sets do not matter. Last come outputs whose learnable readout weights read
m values of rank m on the samples. `proofs/t12_readout.py` has the proof in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice

import numpy as np

from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from ..evidence import at_full_rank
from .readout import Readout, readout_of
from .rest import AWAKE, Rest
from .steps import Solving, Step, units_of

_MOST_TRIED = 10_000  # sets of outputs, and of units for them
_MOST_AT_ONCE, _MOST_UNITS = 4, 8  # outputs of a step, and sets of units for these


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if D = d m and the outputs can be solved step by step."""
    network = analysis.network
    if network.is_recurrent or not network.is_layered or analysis.given is not None:
        return None
    if analysis.target.value < network.outputs * analysis.samples:
        return None
    if not analysis.reaches_target:
        return None
    steps = Search(Solving(analysis.once(readout_of), analysis.samples)).steps()
    if steps is None:
        return None
    reason = (
        "outputs can be solved one after the other, or some at once: as many hidden units turn to "
        "what is left of them, and learnable readout weights scale that"
    )
    evidence = {"steps": [step.in_json for step in steps]}
    return at_full_rank("T12", Expressivity.MAXIMAL, analysis, reason, "solving_order", evidence)


class Search:
    """Units for outputs, from the outputs that are solved last to the first.

    The units of the last step have no frozen readout weight into any of the other outputs; of what
    remains the same holds.
    """

    def __init__(self, solving: Solving) -> None:
        self.solving, self._left = solving, _MOST_TRIED
        self._dead: set[tuple[tuple[int, ...], frozenset[int]]] = set()

    def steps(self) -> list[Step] | None:
        """The steps in their order; None if none were found."""
        solving = self.solving
        n_outputs, none = len(solving.layer.present), frozenset()
        last = [i for i in range(n_outputs) if solving.holds(Step((i,), ()), none)]
        first = [i for i in range(n_outputs) if i not in last]
        for steps in self.orders(tuple(first), ()):
            used = units_of(steps)
            lasts = [Step((i,), ()) for i in last]
            if all(solving.holds(step, used) for step in lasts):
                return [*steps, *lasts]
        return None

    def orders(
        self, outputs: tuple[int, ...], after: tuple[Step, ...]
    ) -> Iterator[tuple[Step, ...]]:
        """Ways to solve these outputs in steps before those `after`."""
        if not outputs:
            yield after
            return
        later = units_of(after)
        state, found = (outputs, later), False
        if state in self._dead:
            return
        for step in self._last_steps(outputs, later):
            others = tuple(i for i in outputs if i not in step.outputs)
            for steps in self.orders(others, (step, *after)):
                found = True
                yield steps
        if not found:
            self._dead.add(state)

    def _last_steps(self, outputs: tuple[int, ...], later: frozenset[int]) -> Iterator[Step]:
        """Steps that may be the last one for some of these outputs, those of few outputs first."""
        most = min(len(outputs), _MOST_AT_ONCE if self.solving.may_add else 1)
        for size in range(1, most + 1):
            for chosen in combinations(outputs, size):
                if self._left < 0:
                    return
                self._left -= 1
                for units in self._units(outputs, chosen, later):
                    self._left -= 1
                    step = Step(chosen, units)
                    if self.solving.holds(step, later):
                        yield step

    def _units(
        self, outputs: tuple[int, ...], chosen: tuple[int, ...], later: frozenset[int]
    ) -> Iterator[tuple[int, ...]]:
        """Units for the chosen outputs; first those that the other outputs need least."""
        solving, size = self.solving, len(chosen)
        layer, n_units = solving.layer, solving.n_units
        others = [i for i in outputs if i not in chosen]
        free = layer.learnable[list(chosen), :n_units].all(axis=0)
        free &= ~layer.frozen[others, :n_units].any(axis=0)
        wanted = layer.learnable[others, :n_units].sum(axis=0)
        able = [unit for unit in np.flatnonzero(free).tolist() if unit not in later]
        if size > 1:  # each delta at least 1, and m less what all these outputs read
            least = max(1, solving.samples - solving.n_common(chosen, later) - 1)
            able = [unit for unit in able if solving.most_inputs(unit) >= least]
        able.sort(key=lambda unit: int(wanted[unit]))
        found = combinations(able, size)
        return found if size == 1 else islice(found, _MOST_UNITS)


class Chains:
    """Ways to solve some outputs, next to units at rest: the same search."""

    def __init__(self, readout: Readout, samples: int) -> None:
        self._search = Search(Solving(readout, samples))

    def of(self, outputs: tuple[int, ...]) -> Iterator[list[Step]]:
        """The steps for these outputs."""
        for steps in self._search.orders(outputs, ()):
            yield list(steps)

    def hold(self, steps: Sequence[Step], rest: Rest = AWAKE) -> bool:
        """Whether all steps hold, other units being at rest."""
        solving = self._search.solving
        return all(
            solving.holds(step, units_of(steps[number + 1 :]), rest)
            for number, step in enumerate(steps)
        )
