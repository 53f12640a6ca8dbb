"""T0 Monotonicity: more learnable weights never match less."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..computing.effort import Effort
from ..degrees.bezout import bezout_bound
from ..errors import OutOfTimeError
from ..problem.allocation import Allocation
from ..problem.masks import Entry, entries_of, mask_to_json
from ..ranks.bases import masks_with
from ..verdict import Expressivity
from . import (
    t02_dichotomy,
    t03_rows,
    t04_one_layer,
    t05_recurrent,
    t06_odd_degree,
    t09_peeling,
    t12_readout,
)
from .analysis import Analysis
from .base import Finding, Theorem, first_final
from .reductions import Reduction

_WHOLE_LAYERS = (t03_rows.THEOREM, t04_one_layer.THEOREM, t05_recurrent.THEOREM)
_BASES = (t09_peeling.THEOREM, t06_odd_degree.THEOREM, t02_dichotomy.THEOREM)
_NO_DEGREES = Effort(seconds=0, instances=0, bases=0)
_MOST_BASES = 12
_MOST_WORK = 2.5e9  # of all bases together, in equations^2 x learnables


def why_not(analysis: Analysis) -> str | None:
    """T0 needs a sub-allocation to start from: all weights, whole layers, or a smaller basis."""
    if analysis.allocation.n_learnable == analysis.allocation.n_present:
        return None
    if not analysis.is_linear:
        return _not_the_readout_too(analysis)
    if analysis.has_one_affine_layer:
        return "all learnable weights are in one layer, where T2 to T5 decide"
    return None


def count(analysis: Analysis) -> Finding | None:
    """Maximal if all weights are learnable, or if those of one layer suffice by counts."""
    if analysis.allocation.n_learnable == analysis.allocation.n_present:
        reason = "every weight is learnable, so the student can copy the teacher"
        return Finding("T0", Expressivity.MAXIMAL, reason, "full")
    if not analysis.is_linear:
        return None
    # On given inputs the counts of rows and columns do not decide: the rank does.
    return None if analysis.given is not None else _by_layer(analysis, _WHOLE_LAYERS)


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if all weights are learnable, or those of one layer, or a basis alone, suffice."""
    counted = analysis.once(count)
    if not analysis.is_linear:
        return counted or _by_readout(analysis)
    if counted is None and analysis.given is not None:
        counted = _by_layer(analysis, (t02_dichotomy.THEOREM,))
    return counted or analysis.once(_bases)[0]


def search(analysis: Analysis) -> Finding | None:
    """Maximal if the degree of some basis is odd."""
    if not analysis.is_linear:
        return None
    return _by_odd_basis(analysis, analysis.once(_bases)[1])


def _not_the_readout_too(analysis: Analysis) -> str | None:
    """Why the readout of a nonlinear network is no sub-allocation to start from, or None."""
    reason = analysis.why_not_exact
    learnable = analysis.allocation.counts.keys() & analysis.network.weight_layers[-1]
    if reason is not None or not learnable:
        return "not every weight is learnable"
    if learnable == analysis.allocation.counts.keys():
        return "all learnable weights are in the readout, where T12 decides"
    return None


def _by_readout(analysis: Analysis) -> Finding | None:
    """The learnable readout weights alone, if they suffice (T12 b)."""
    names = [
        name for name in analysis.network.weight_layers[-1] if name in analysis.allocation.counts
    ]
    part = analysis.restricted_to(tuple(names))
    if part.allocation.n_learnable < analysis.target.value:
        return None
    finding = _maximal(part, (t12_readout.THEOREM,))
    if finding is None:
        return None
    return Part(analysis, part, "the learnable readout weights").of_whole(finding)


def _by_layer(analysis: Analysis, theorems: tuple[Theorem, ...]) -> Finding | None:
    for names in analysis.learnable_layers:
        part = analysis.restricted_to(names)
        finding = _maximal(part, theorems)
        if finding is not None:
            what = f"the learnable weights of {' and '.join(names)}"
            return Part(analysis, part, what).of_whole(finding)
    return None


def _bases(analysis: Analysis) -> tuple[Finding | None, list[Analysis]]:
    """Over budget: D of the learnables that are a basis, and decided by themselves; else those."""
    target = analysis.target.value
    parts: list[Analysis] = []
    if analysis.allocation.n_learnable <= target or analysis.conflict is None:
        return None, parts
    if analysis.rank.value < target:
        return None, parts
    tried: list[set[Entry]] = []
    network, given = analysis.network, analysis.allocation.given_present()
    for order in _orders(analysis):
        basis = analysis.basis(order, target)
        if set(basis) in tried:
            continue
        tried.append(set(basis))
        allocation = Allocation(network, masks_with(network, basis), given)
        part = analysis.part(allocation, effort=_NO_DEGREES)
        finding = _maximal(part, _BASES)
        if finding is not None:
            return _basis(analysis, part).of_whole(finding), parts
        parts.append(part)
    return None, parts


def _by_odd_basis(analysis: Analysis, parts: list[Analysis]) -> Finding | None:
    """The degrees of the bases, those with the lower bounds on them first."""
    effort, tried = analysis.options.effort, min(analysis.options.effort.bases, len(parts))
    if not tried or not effort.seeks_degrees:
        return None
    share = effort.seconds / tried
    each = replace(effort, seconds=share, instances=0)
    bounds = [(_likely_degree(p), p) for p in (part.again(effort=each) for part in parts)]
    within = [pair for pair in bounds if pair[0] < math.inf]
    for _, basis in sorted(within, key=lambda pair: pair[0])[:tried]:
        part = basis.again(deadline=analysis.options.deadline.within(share))
        try:
            finding = _maximal(part, _BASES)
        except OutOfTimeError:
            if analysis.options.deadline.has_passed:
                raise
            continue
        if finding is not None:
            return _basis(analysis, part).of_whole(finding)
        limit = part.solved.limited_by if part.solved is not None else None
        analysis.limits.extend([limit] if limit is not None else [])
    return None


def _likely_degree(part: Analysis) -> float:
    """A bound on the degree of what peeling leaves: fewer solutions are found sooner.

    Infinite if no degree is within the effort, or needed.
    """
    core = part.core
    if core is None or core.solving is None:
        return math.inf
    if any(len(block.unknowns) > part.options.effort.unknowns for block in core.solving.blocks):
        return math.inf
    return math.prod(
        bezout_bound(block, core.options.deadline).value for block in core.solving.blocks
    )


def _orders(analysis: Analysis) -> Iterator[list[Entry]]:
    """Orders of the learnables: each layer first, then at random; fewer where they cost more."""
    allocation = analysis.allocation
    work = float(analysis.n_equations) ** 2 * allocation.n_learnable
    most = min(_MOST_BASES, int(_MOST_WORK / max(work, 1.0)))
    names = list(allocation.counts)
    rng = np.random.default_rng(analysis.options.seed)
    for number in range(most):
        if number < len(names):
            first = names[-1 - number]
            ordered = [first, *(name for name in names if name != first)]
            yield entries_of({name: allocation.mask(name) for name in ordered})
        else:
            entries = entries_of({name: allocation.mask(name) for name in names})
            yield [entries[i] for i in rng.permutation(len(entries))]


def _maximal(part: Analysis, theorems: tuple[Theorem, ...]) -> Finding | None:
    return first_final(theorems, part, lambda a: a is Expressivity.MAXIMAL, only_counts=False)


@dataclass(frozen=True)
class Part(Reduction):
    """A part of the learnables, `what` in words: if it is maximal, so is the whole."""

    what: str

    def of_whole(self, finding: Finding | None) -> Finding:
        """By T0, with the learnables of the part and its certificate."""
        assert self.rest is not None
        assert finding is not None
        assert finding.expressivity is Expressivity.MAXIMAL
        allocation = self.rest.allocation
        masks = {name: mask_to_json(allocation.mask(name)) for name in allocation.counts}
        evidence = {"learnable": masks, "certificate": self.inner_certificate(finding)}
        reason = f"{self.what} alone suffice ({finding.theorem}: {finding.reason})"
        return Finding(
            "T0",
            Expressivity.MAXIMAL,
            reason,
            "sub_allocation",
            evidence,
            error_bound=finding.error_bound,
        )


def _basis(analysis: Analysis, part: Analysis) -> Part:
    number = part.allocation.n_learnable
    return Part(analysis, part, f"{number} of the learnable weights, a basis,")


THEOREM = Theorem("T0", why_not, decide, count=count, search=search, on_given_weights=True)
