"""T13 Staged plans: peel, freeze outer layers, then one affine part of what is left decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..plans.antichains import find_choice, layers_of
from ..plans.states import State, masks_of, states
from ..problem.allocation import Allocation
from ..ranks.point import draw_prime
from ..verdict import Expressivity
from . import drawn_plans, t02_dichotomy, t04_one_layer
from .analysis import Analysis
from .base import Finding, Theorem, first_final, not_random_inputs
from .counts import name_lines
from .reductions import Reduction
from .t00_monotonicity import Part


def why_not(analysis: Analysis) -> str | None:
    """Plans need a linear feed-forward network over budget."""
    return why_not_plans(analysis, over=1)


def why_not_plans(analysis: Analysis, over: int) -> str | None:
    """The same, of at least so many learnables more than the target dimension."""
    network = analysis.network
    if not (network.is_linear and network.is_layered):
        return "the network is not linear feed-forward"
    if not drawn_plans.is_generic(analysis):
        return drawn_plans.why_not_drawn(analysis)
    reason = not_random_inputs(analysis)
    if reason is not None:
        return reason
    if analysis.allocation.n_learnable < analysis.target.value + over:
        few = "no more" if over else "fewer"
        return f"there are {few} learnable weights than the target dimension"
    return None if analysis.conflict is not None else "the output is affine in the learnables"


def count(analysis: Analysis) -> Finding | None:
    """Maximal if after peeling and freezing nothing is left, or one layer suffices by T4."""
    if not drawn_plans.is_generic(analysis):
        return None  # of other networks counts show nothing
    for staged in staged_states(analysis, together=1):
        if staged.rest is None:
            return staged.of_whole(None)
        # Where nothing was deleted or frozen T0 says whether one layer suffices.
        for names in staged.rest.learnable_layers if staged.state.steps else ():
            part = staged.rest.restricted_to(names)
            finding = _maximal(part, t04_one_layer.THEOREM)
            if finding is not None:
                return staged.of_whole(_of_rest(staged.rest, part, " and ".join(names), finding))
    return None


def decide(analysis: Analysis) -> Finding | None:
    """As `count`, or maximal by learnables of two layers of what is left, none on one path."""
    if not drawn_plans.is_generic(analysis):
        return drawn_plans.by_stages(analysis)
    counted = analysis.once(count)
    if counted is not None or analysis.is_deficient:
        return counted
    for staged in staged_states(analysis, together=2):
        finding = None if staged.rest is None else _by_antichain(staged.rest)
        if finding is not None:
            return staged.of_whole(finding)
    return None


def staged_states(analysis: Analysis, together: int = 0) -> Iterator[Staged]:
    """What peeling and freezing leave, where there are learnables enough and no bottleneck.

    With `together` so many adjacent layers have enough: then deep networks leave little to look at.
    """
    masks = masks_of(analysis.allocation)
    counts = {layer: int(np.count_nonzero(mask)) for layer, mask in masks.items()}
    for state in states(analysis.allocation, analysis.samples, analysis.options.deadline):
        needed = state.outputs * state.samples
        if state.is_done:
            yield Staged(analysis, None, state)
        elif state.is_narrow:
            continue  # what is left cannot be affine, nor a pair of layers without a bottleneck
        elif together and _most(counts, state, together) < needed:
            continue
        elif state.n_learnable(masks) >= needed:
            allocation, rest = state.allocation(masks), analysis
            if state.steps:
                rest = replace(analysis, allocation=allocation, samples=state.samples, whole=None)
            yield Staged(analysis, rest, state)


def _most(counts: Mapping[int, int], state: State, together: int) -> int:
    """A bound on the learnables that so many adjacent layers of a state have."""
    starts = range(state.first, max(state.last - together + 1, state.first) + 1)
    stop = state.last + 1
    return max(
        sum(counts.get(k, 0) for k in range(start, min(start + together, stop))) for start in starts
    )


def _by_antichain(rest: Analysis) -> Finding | None:
    """Maximal by learnables of two adjacent layers, or of one, that have full rank (T2)."""
    if rest.conflict is None:
        return _maximal(rest, t02_dichotomy.THEOREM)
    seed, deadline = rest.options.seed, rest.options.deadline
    masks, widths = masks_of(rest.allocation), tuple(rest.network.widths)
    prime = draw_prime(seed, 0)
    for layers in layers_of(masks, widths, rest.effective_samples, prime, seed):
        choice = find_choice(layers, seed, deadline)
        if choice is None:
            continue
        chosen = {
            f"W{layers.layer}": layers.inner & choice[:, None],
            f"W{layers.layer + 1}": layers.outer & ~choice,
        }
        kept = {name: mask for name, mask in chosen.items() if mask.any()}
        part = rest.part(Allocation(rest.network, kept))
        finding = _maximal(part, t02_dichotomy.THEOREM)
        if finding is not None:
            what = f"{part.allocation.n_learnable} learnable weights, none behind another,"
            return _of_rest(rest, part, what, finding)
    return None


def _of_rest(rest: Analysis, part: Analysis, what: str, finding: Finding) -> Finding:
    """A finding about a part of the learnables as one about all that are left."""
    if part.allocation.n_learnable == rest.allocation.n_learnable:
        return finding
    return Part(rest, part, what).of_whole(finding)


def _maximal(part: Analysis, theorem: Theorem) -> Finding | None:
    is_wanted = Expressivity.MAXIMAL.__eq__
    return first_final((theorem,), part, is_wanted, only_counts=False)


@dataclass(frozen=True)
class Staged(Reduction):
    """What a `state` leaves: if it is maximal, so is the whole."""

    state: State

    def of_whole(self, finding: Finding | None, theorem: str = "T13") -> Finding:
        """By `theorem`, with the steps and the certificate of what is left."""
        steps = [
            [step.what] if step.index is None else [step.what, step.index]
            for step in self.state.steps
        ]
        evidence = {"steps": steps, "certificate": self.inner_certificate(finding)}
        reason = f"{self._steps_in_words()}: nothing is left"
        if finding is not None and not steps:
            reason = finding.reason
        elif finding is not None and self.rest is not None:
            reason = (
                f"{self._steps_in_words()}; what is left ({self.rest.network.describe()}, "
                f"{self.rest.samples} samples) is maximal by {finding.theorem}: {finding.reason}"
            )
        error = finding.error_bound if finding else 0.0
        return Finding(theorem, Expressivity.MAXIMAL, reason, "plan", evidence, error_bound=error)

    def _steps_in_words(self) -> str:
        """Runs of the same step together, in order."""
        parts: list[str] = []
        steps = list(self.state.steps)
        while steps:
            what = steps[0].what
            run = []
            while steps and steps[0].what == what:
                run.append(steps.pop(0).index)
            if what in ("first", "last"):
                parts.append(f"the {what} layer is frozen" if len(run) == 1 else
                             f"the {what} {len(run)} layers are frozen")  # fmt: skip
            else:
                lines = name_lines(f"{what}s", sorted(i for i in run if i is not None), len(run))
                parts.append(f"{lines} can be fitted afterwards")
        return ", then ".join(parts)


THEOREM = Theorem("T13", why_not, decide, count=count)
