"""Prediction against measurement: the only module that sees both `classify` and `measure`."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from ..answers.classification import classify
from ..computing.deadline import Deadline
from ..computing.effort import DEFAULT_EFFORT, Effort, checked
from ..computing.progress import Watch, watching
from ..display.paragraphs import WARNING, Paragraph
from ..display.shown import Shown
from ..errors import OutOfTimeError
from ..measurement.estimate import Estimate, measure
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..problem.files import problem_to_dict
from ..verdict import Expressivity, Verdict
from ..version import __version__

_MOST_UNDECIDED = 0.05  # share of draws, for a maximal verdict to agree
# Methods whose single match may be a chance of rounding; certified ones are proofs.
_BY_ROUNDING = ("least squares", "comparison")

_STYLE = {"agree": "bold green", "refuted": "bold red", "inconclusive": "bold yellow"}


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """What a measurement says of a verdict: `outcome` is agree, refuted or inconclusive.

    `settings` are the arguments that, with the allocation, repeat it.
    """

    outcome: str
    reason: str
    verdict: Verdict
    estimate: Estimate
    problem: dict[str, Any]
    settings: dict[str, Any]

    def paragraphs(self) -> list[Paragraph]:
        """The verdict's warnings, the outcome, the verdict and how it was measured."""
        verdict, estimate = self.verdict, self.estimate
        by = f"{verdict.theorem}: " if verdict.theorem else ""
        draws = f"{estimate.trials} draws, {estimate.law}, seed {estimate.seed}"
        said = f"{str(verdict.expressivity).upper()}, {by}{verdict.reason}"
        return [
            *(paragraph for paragraph in verdict.paragraphs() if paragraph.label == WARNING),
            Paragraph(self.outcome.upper(), self.reason, _STYLE[self.outcome]),
            Paragraph("verdict", said),
            Paragraph("measured", f"by {estimate.method}, {draws}, {estimate.backend}"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON with everything needed to repeat the comparison; seconds inf are null."""
        effort = {name: None if x == inf else x for name, x in self.settings["effort"].items()}
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "verdict": self.verdict.to_dict(),
            "estimate": self.estimate.to_dict(),
            "allocation": self.problem,
            "settings": {**self.settings, "effort": effort},
            "versions": _versions(self.estimate.backend),
        }


def compare(
    allocation: Allocation,
    samples: int,
    *,
    trials: int = 1000,
    seed: int = 0,
    backend: str = "auto",
    law: str = "normal",
    restarts: int = 20,
    effort: Effort = DEFAULT_EFFORT,
    verdict: Verdict | None = None,
    deadline: Deadline | None = None,
    progress: Watch = False,
) -> Comparison:
    """Whether a measurement refutes the verdict on `allocation`; arguments as for `measure`.

    `verdict` is that of `classify` with `seed` and `effort`, or the one given. Inputs from data are
    not offered: the theory speaks of generic ones. `effort` limits the time of verdict and draws,
    or `deadline` does, that of a larger question. `progress` is as for `classify`.

    >>> from theorycheck import LinearFeedforward
    >>> student = Allocation.layer(LinearFeedforward([2, 3, 2]), "W2")
    >>> compare(student, samples=2, trials=50, backend="numpy").outcome
    'agree'
    """
    check_allocation(allocation)
    end = checked(effort).start() if deadline is None else deadline
    draws: dict[str, Any] = {"trials": trials, "seed": seed, "law": law, "restarts": restarts}
    with watching(progress, "compare") as tell:
        if verdict is None:
            verdict = classify(
                allocation, samples, seed=seed, effort=effort, deadline=end, progress=tell
            )
        try:
            estimate = measure(
                allocation, samples, **draws, backend=backend, deadline=end, progress=tell
            )
        except OutOfTimeError as error:
            why = f"the verdict is {verdict.expressivity}, and {error}"
            raise OutOfTimeError(f"{why}; --seconds (effort=...) allows more") from None
    outcome, reason = judge(verdict, estimate)
    settings = {**draws, "backend": estimate.backend, "effort": effort.limits()}
    problem = problem_to_dict(allocation, samples)
    return Comparison(outcome, reason, verdict, estimate, problem, settings)


@dataclass(frozen=True)
class _Counts:
    """The draws that the verdict speaks of."""

    matches: int
    trials: int
    undecided: int
    interval: tuple[float, float]

    @property
    def unmatched(self) -> int:
        return self.trials - self.matches - self.undecided

    def __str__(self) -> str:
        return (
            f"of {self.trials} draws {self.matches} matched, {self.unmatched} did not, "
            f"{self.undecided} stayed undecided"
        )


def judge(verdict: Verdict, estimate: Estimate) -> tuple[str, str]:
    """Outcome and reason, by numbers only.

    A measured rank, target dimension or degree that differs refutes any linear verdict; then draws
    are counted.
    """
    counts = _counts(verdict, estimate)
    said = f"the verdict is {verdict.expressivity}"
    if not verdict.conditioned_on:
        wrong = _wrong_number(verdict, estimate)
        if wrong:
            return "refuted", f"{said}, but {wrong} ({counts})"
    outcome = "inconclusive"
    if verdict.expressivity in _RULES:
        outcome = _RULES[verdict.expressivity](estimate, counts)
    unknown = bool(verdict.conditioned_on) and estimate.regular is None
    if unknown and outcome == "refuted" and verdict.expressivity is Expressivity.MINIMAL:
        outcome = "inconclusive"  # the teachers that were matched need not be regular
    link = "but" if outcome == "refuted" else "and"
    low, high = counts.interval
    rank, target = (
        "unclear" if x is None else x for x in (estimate.rank, estimate.target_dimension)
    )
    ranks = f"measured rank {rank} of {target}"
    if outcome == "agree" and not counts.matches and not counts.unmatched:
        ranks += ", on which alone they agree: the draws decide nothing"
    parts = f"{said}, {link} {counts} (95 % interval {low:.4f} to {high:.4f})"
    if unknown:
        parts += "; which teachers are regular is not measured"
    return outcome, parts if verdict.conditioned_on else f"{parts}; {ranks}"


def _counts(verdict: Verdict, estimate: Estimate) -> _Counts:
    if verdict.conditioned_on and estimate.regular is not None:
        return _Counts(**{**estimate.regular, "interval": tuple(estimate.regular["interval"])})
    return _Counts(estimate.matches, estimate.trials, estimate.undecided, estimate.interval)


def _wrong_number(verdict: Verdict, estimate: Estimate) -> str | None:
    """The first measured number that contradicts the verdict, None without one."""
    for name in ("rank", "target_dimension", "degree"):
        stated, measured = getattr(verdict, name), getattr(estimate, name)
        if None not in (stated, measured) and stated != measured:
            words = name.replace("_", " ")
            return f"the {words} is {measured} as measured, not {stated} as it states"
    rank, target = estimate.rank, estimate.target_dimension
    if rank is None or target is None or verdict.expressivity is Expressivity.UNDECIDED:
        return None
    if (rank < target) == (verdict.expressivity is Expressivity.MINIMAL):
        return None
    relation = "is below" if rank < target else "reaches"
    return f"the measured rank {rank} {relation} the measured target dimension {target}"


def _minimal(estimate: Estimate, counts: _Counts) -> str:
    # More equations than unknowns are met up to rounding only: then `degree` is None.
    is_proof = estimate.method not in _BY_ROUNDING and not (
        estimate.method == "homotopy" and estimate.degree is None
    )
    if counts.matches > (0 if is_proof else 1):
        return "refuted"
    rank, target = estimate.rank, estimate.target_dimension
    is_short = rank is not None and target is not None and rank < target
    return "agree" if not counts.matches and (counts.unmatched or is_short) else "inconclusive"


def _maximal(estimate: Estimate, counts: _Counts) -> str:
    if counts.interval[1] < 1:
        return "refuted"
    few_open = counts.undecided <= _MOST_UNDECIDED * counts.trials
    return "agree" if counts.matches and few_open else "inconclusive"


def _intermediate(estimate: Estimate, counts: _Counts) -> str:
    return "agree" if counts.matches and counts.unmatched else "inconclusive"


def _positive(estimate: Estimate, counts: _Counts) -> str:
    return "agree" if counts.matches else "inconclusive"


_RULES: dict[Expressivity, Callable[[Estimate, _Counts], str]] = {
    Expressivity.MINIMAL: _minimal,
    Expressivity.MAXIMAL: _maximal,
    Expressivity.INTERMEDIATE: _intermediate,
    Expressivity.POSITIVE: _positive,
}


def _versions(backend: str) -> dict[str, str]:
    import importlib

    found = {"theorycheck": __version__, "python": platform.python_version()}
    for name in ("numpy", "scipy", *([] if backend == "numpy" else [backend])):
        found[name] = importlib.import_module(name).__version__
    return found
