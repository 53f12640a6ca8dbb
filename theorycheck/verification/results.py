"""What a verification came to: per statement its properties, per property a counterexample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..display.paragraphs import Paragraph
from ..display.shown import Shown
from ..problem.allocation import Allocation
from ..problem.files import problem_to_dict
from ..statements import STATEMENTS
from .base import Case
from .comparison import Comparison


@dataclass(frozen=True)
class Counterexample:
    """The smallest case found that refutes a property of the statement `id`.

    `message` is the contradiction in words; `examples` were tried until the first one like it.
    `allocation` and `samples` are the problem about which the statement is wrong, `case` is where
    it came from (the same, unless the statement compares two problems). `comparison` is `compare`
    of the claim made there, None if it made none that a measurement can judge.
    """

    id: str
    property: str
    message: str
    allocation: Allocation
    samples: int
    seed: int
    examples: int
    case: Case
    comparison: Comparison | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the problem as an allocation file, the contradiction, the comparison."""
        return {
            "property": self.property,
            "message": self.message,
            "allocation": problem_to_dict(self.allocation, self.samples),
            "seed": self.seed,
            "examples": self.examples,
            "comparison": self.comparison.to_dict() if self.comparison else None,
        }


@dataclass(frozen=True)
class PropertyResult:
    """How one property went: `examples` tried, of which it `decided` some.

    `failure` says what went wrong with the check itself: it broke, or it decided nothing.
    """

    id: str
    name: str
    examples: int
    decided: int
    seconds: float
    counterexample: Counterexample | None = None
    failure: str | None = None

    @property
    def paragraph(self) -> Paragraph:
        """How it went, in words."""
        if self.failure is not None:
            return Paragraph("NO CHECK", f"{self.name}: {self.failure}")
        if self.counterexample is not None:
            return Paragraph("REFUTED", f"{self.name}: {self.counterexample.message}")
        return Paragraph("holds", f"{self.name}: {self.examples} examples, {self.decided} decided")

    @property
    def passed(self) -> bool:
        """Whether examples were decided and none was a counterexample."""
        return self.counterexample is None and self.failure is None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, with the counterexample if there is one."""
        return {
            "property": self.name,
            "examples": self.examples,
            "decided": self.decided,
            "passed": self.passed,
            "failure": self.failure,
            "seconds": self.seconds,
            "counterexample": self.counterexample.to_dict() if self.counterexample else None,
        }


@dataclass(frozen=True, repr=False)
class Verification(Shown):
    """All properties of one statement, but the `missing` ones that an interrupt left out.

    `passed` tells whether nothing contradicts it. A conjecture that is refuted is news, no failure:
    `failed` is whether a theorem is refuted, or a check broke or decided nothing.
    """

    id: str
    properties: tuple[PropertyResult, ...]
    missing: int = 0

    @property
    def is_conjecture(self) -> bool:
        """Whether the statement is tested only."""
        return STATEMENTS[self.id].is_conjecture

    @property
    def counterexamples(self) -> tuple[Counterexample, ...]:
        """Those of all properties."""
        found = (result.counterexample for result in self.properties)
        return tuple(each for each in found if each is not None)

    @property
    def passed(self) -> bool:
        """Whether every property passed; False if some are missing."""
        return not self.missing and all(result.passed for result in self.properties)

    @property
    def failed(self) -> bool:
        """Whether a theorem is wrong or a check is no check."""
        broken = any(result.failure for result in self.properties)
        return broken or (bool(self.counterexamples) and not self.is_conjecture)

    @property
    def examples(self) -> int:
        """Examples of all properties together."""
        return sum(result.examples for result in self.properties)

    @property
    def seconds(self) -> float:
        """Time of all properties together, in seconds of one process."""
        return sum(result.seconds for result in self.properties)

    def paragraphs(self) -> list[Paragraph]:
        """How many properties hold, then each of them with what contradicts it."""
        held = sum(item.passed for item in self.properties)
        total = len(self.properties) + self.missing
        text = f"{STATEMENTS[self.id].name}: {held} of {total} properties hold"
        style = "bold red" if self.failed else "bold green" if self.passed else "bold yellow"
        return [Paragraph(self.id, text, style), *(item.paragraph for item in self.properties)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: what `verify --json` prints."""
        return {
            "theorem": self.id,
            "name": STATEMENTS[self.id].name,
            "conjecture": self.is_conjecture,
            "passed": self.passed,
            "examples": self.examples,
            "seconds": self.seconds,
            **({"missing": self.missing} if self.missing else {}),
            "properties": [result.to_dict() for result in self.properties],
        }
