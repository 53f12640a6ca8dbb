"""Ask theorems, first what is cheap: counts, matchings and graphs, then ranks and degrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ..errors import ContradictionError, OutOfTimeError, SizeError
from .analysis import Analysis
from .base import PHASES, Finding, Theorem


@dataclass(frozen=True)
class Answers:
    """What theorems say, and what kept others from saying anything: too little memory or time."""

    findings: list[Finding]
    errors: list[OutOfTimeError | SizeError | MemoryError]

    @property
    def is_late(self) -> bool:
        """Whether the time was up before every theorem had been asked."""
        return any(isinstance(error, OutOfTimeError) for error in self.errors)

    @property
    def is_too_large(self) -> bool:
        """Whether only memory was too little."""
        return bool(self.errors) and not self.is_late

    @property
    def why(self) -> str:
        """The errors in words."""
        return "; ".join(dict.fromkeys(str(e) or "not enough memory" for e in self.errors))

    @property
    def limited_by(self) -> str | None:
        """What was too little, as a verdict names it."""
        return "seconds" if self.is_late else "memory" if self.errors else None


def ask_all(
    analysis: Analysis, theorems: Sequence[Theorem], *, cross_check: bool = False
) -> Answers:
    """Ask the theorems until one decides, or all with `cross_check`.

    First comes what counts, matchings and graphs say (`Theorem.count`) of each of them, then what
    needs the rank of the learnables or a degree, and only then a `Theorem.search`.
    """
    findings: list[Finding] = []
    errors: list[OutOfTimeError | SizeError | MemoryError] = []
    for ask in (Theorem.ask,) if cross_check else PHASES:
        for theorem in theorems:
            if theorem.only_positivity and findings and not cross_check:
                continue
            try:
                analysis.options.effort.report(theorem.title)
                finding = ask(theorem, analysis)
            except (OutOfTimeError, SizeError, MemoryError) as error:
                # What is known by now may be enough for the others: they end at once if it is not.
                errors.append(error)
                continue
            if finding is not None:
                findings = consistent([*findings, finding])
                if finding.expressivity.is_final and not cross_check:
                    return Answers(findings, [])
    return Answers(findings, errors)


def consistent(findings: list[Finding]) -> list[Finding]:
    """The findings, if no two of them disagree; else `ContradictionError` naming both theorems."""
    for old, new in combinations(findings, 2):
        if not old.expressivity.possible & new.expressivity.possible:
            raise ContradictionError(
                f"{old.theorem} says {old.expressivity} ({old.reason}), but {new.theorem} says "
                f"{new.expressivity} ({new.reason}): please report this allocation"
            )
        for what in ("rank", "target_dimension", "degree"):
            one, other = getattr(old, what), getattr(new, what)
            if one is not None and other is not None and one != other:
                raise ContradictionError(
                    f"{old.theorem} finds {what} {one}, but {new.theorem} finds {other}: "
                    "please report this allocation"
                )

    return findings
