"""The answer to "is this allocation any good?": expressivity, theorem, rigor, certificate.

With what goes with it: what is wasted (`Diagnostics`), and a number where nothing is proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .certificates import Certificate
from .display.html import framed
from .display.paragraphs import WARNING, Paragraph, list_some
from .display.shown import Shown
from .problem.masks import Entry, entry_name
from .statements import STATEMENTS


class Expressivity(StrEnum):
    """Class of an allocation by its match probability MP.

    `POSITIVE` is MP > 0 with maximality open; `UNDECIDED` claims nothing.
    """

    MINIMAL = "minimal"
    INTERMEDIATE = "intermediate"
    MAXIMAL = "maximal"
    POSITIVE = "positive"
    UNDECIDED = "undecided"

    @property
    def is_final(self) -> bool:
        """Whether nothing is left open."""
        return self in (self.MINIMAL, self.INTERMEDIATE, self.MAXIMAL)

    @property
    def refutes_maximal(self) -> bool:
        """Whether this answer rules out that the allocation is maximal.

        >>> Expressivity.MINIMAL.refutes_maximal, Expressivity.POSITIVE.refutes_maximal
        (True, False)
        """
        return Expressivity.MAXIMAL not in self.possible

    @property
    def possible(self) -> frozenset[Expressivity]:
        """The final classes that this answer leaves possible.

        >>> sorted(Expressivity.POSITIVE.possible)
        [<Expressivity.INTERMEDIATE: 'intermediate'>, <Expressivity.MAXIMAL: 'maximal'>]
        """
        if self.is_final:
            return frozenset({self})
        upper = frozenset({Expressivity.INTERMEDIATE, Expressivity.MAXIMAL})
        return upper if self is self.POSITIVE else upper | {Expressivity.MINIMAL}

    @property
    def meaning(self) -> str:
        """What it says, in words.

        >>> Expressivity.MINIMAL.meaning
        'no random teacher is ever matched (probability 0)'
        """
        return _MEANING[self]


_MEANING = {
    Expressivity.MINIMAL: "no random teacher is ever matched (probability 0)",
    Expressivity.MAXIMAL: "every random teacher is matched (probability 1)",
    Expressivity.INTERMEDIATE: "some random teachers are matched, some are not",
    Expressivity.POSITIVE: "some random teachers are matched; whether all are is open",
    Expressivity.UNDECIDED: "no theorem decides",
}


_STYLE = {
    Expressivity.MINIMAL: "bold red",
    Expressivity.MAXIMAL: "bold green",
    Expressivity.INTERMEDIATE: "bold yellow",
    Expressivity.POSITIVE: "bold yellow",
    Expressivity.UNDECIDED: "bold",
}


@dataclass(frozen=True)
class Diagnostics:
    """Redundant learnables and unreached equations, as one random trial shows them.

    `rank` is that of the trial. `redundant`: removing any one of these weights keeps the rank (not
    all of them at once). `idle`: these act on no output at all. `unreached`: equations that no
    learnable acts on, as (output, sample) or, if every step is read, (step, output, sample), all
    from 0. `missing`: how many dimensions of the teacher's outputs the rank falls short of.
    Linear dependence modulo a random prime at a random point, fixed by `seed`, is not a proof.
    Where ranks differ between patterns of the units the trial is `in_pattern`: the one in which the
    learnables were found to have the largest rank. To keep that is then enough, not necessary.
    """

    rank: int
    missing: int
    redundant: tuple[Entry, ...]
    idle: tuple[Entry, ...]
    unreached: tuple[tuple[int, ...], ...]
    seed: int
    in_pattern: bool = False

    def paragraphs(self) -> list[Paragraph]:
        """What is wasted and what is not reached, in words."""
        found = []
        if self.redundant:
            names = list_some([entry_name(entry) for entry in self.redundant])
            text = f"{names}: removing any one of them keeps the rank"
            text += " in the pattern where it is largest" if self.in_pattern else ""
            found.append(Paragraph("redundant", text))
        if self.idle:
            names = list_some([entry_name(entry) for entry in self.idle])
            text = f"{names}: no path leads from there to an output that is asked"
            found.append(Paragraph("idle", text))
        if self.unreached:
            names = list_some([str(equation) for equation in self.unreached])
            text = f"no learnable weight acts on (output, sample) {names}"
            found.append(Paragraph("unreached", text))
        return found or [Paragraph("waste", "none: every learnable weight is needed for the rank")]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, weights as `W1[0,2]`."""
        return {
            "rank": self.rank,
            "missing": self.missing,
            "redundant": [entry_name(entry) for entry in self.redundant],
            "idle": [entry_name(entry) for entry in self.idle],
            "unreached": [list(equation) for equation in self.unreached],
            "seed": self.seed,
            "in_pattern": self.in_pattern,
        }


@dataclass(frozen=True, repr=False)
class HeuristicEstimate(Shown):
    """An estimate of the match probability that nothing proves.

    `range` held the measured value of at least nine in ten allocations of held-out network families
    (docs/heuristics.md); `law` is that of weights and inputs for which it was fitted; `basis` says
    in words what it rests on. Where nothing was fitted there is no estimate (`is_known` is False):
    `estimate` is then 0.5, for programs that need a number, its range all of [0, 1], `law` none.

    >>> HeuristicEstimate(0.9, (0.85, 0.93), "a degree of 2").to_dict()["rigor"]
    'heuristic'
    """

    estimate: float
    range: tuple[float, float]
    basis: str
    law: str = "normal"
    rigor: str = "heuristic"

    @classmethod
    def unknown(cls, basis: str) -> HeuristicEstimate:
        """No estimate, and why not.

        >>> print(HeuristicEstimate.unknown("no law was fitted for it"))
        no estimate: no law was fitted for it
        """
        return cls(0.5, (0.0, 1.0), basis, law="none")

    @property
    def is_known(self) -> bool:
        """Whether there is an estimate at all."""
        return self.law != "none"

    def paragraphs(self) -> list[Paragraph]:
        """The estimate, and what it rests on; or that there is none, and why."""
        if not self.is_known:
            return [Paragraph("estimate", str(self))]
        return [Paragraph("estimate", str(self)), Paragraph("basis", self.basis)]

    def to_dict(self) -> dict[str, Any]:
        """The object that `estimate --json` prints, without the key `file`."""
        return {
            "estimate": self.estimate,
            "range": list(self.range),
            "law": self.law,
            "basis": self.basis,
            "rigor": self.rigor,
        }

    @property
    def beta_prior(self) -> tuple[float, float]:
        """The law Beta(a, b) with this mean, and the range as its mean and 1.9 deviations.

        As a prior it is worth a + b draws of `measure`, as far as one believes the range; it has no
        part in any interval that `measure` reports. (0.5, 0.5) if it would be worth less than one.

        >>> a, b = HeuristicEstimate(0.9, (0.86, 0.93), "a degree of 2").beta_prior
        >>> 200 < a + b < 400
        True
        """
        mean = min(max(self.estimate, 0.005), 0.995)
        deviation = (self.range[1] - self.range[0]) / (2 * 1.9)
        worth = mean * (1 - mean) / deviation**2 - 1 if deviation else 0.0
        return (mean * worth, (1 - mean) * worth) if worth > 1 else (0.5, 0.5)

    def __str__(self) -> str:
        """One line for people."""
        if not self.is_known:
            return f"no estimate: {self.basis}"
        low, high = self.range
        law = {"normal": "Gaussian"}.get(self.law, self.law)
        return f"{self.estimate:.2f} ({low:.2f} to {high:.2f}), heuristic for {law} weights"


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """What `classify` returns.

    `match_probability` is the interval that is proved; `rank`, `target_dimension` and `degree` are
    None where they were not needed. `error_bound` is 0 for a proof, else it bounds the probability
    that the verdict is wrong, over the random draws that `seed` fixes. `reason` says in words why;
    `diagnostics` tells what is wasted or unreached, if that was asked; `degree_source` says in
    words how the degree is known, where it was sought; `input_rank` is the rank of the inputs (with
    their constant, if there are biases) where these were given; `given_weights` the number of
    frozen weights whose values were given; `estimate` is a heuristic number
    for an open match probability, where a degree is known (docs/heuristics.md); `limited_by` names
    what ended the search where more might have been found (`seconds`, `degree`, `memory` or
    `instances`); `warnings` are sentences that change how the verdict is read, as of outputs that
    are constant. `theorem` and `certificate` are None if and only if the verdict is `undecided`.
    """

    expressivity: Expressivity
    theorem: str | None
    reason: str
    certificate: Certificate | None
    learnable: int
    rank: int | None
    target_dimension: int | None
    degree: int | None
    error_bound: float
    seed: int
    seconds: float
    conditioned_on: str | None = None
    diagnostics: Diagnostics | None = None
    degree_source: str = ""
    input_rank: int | None = None
    given_weights: int = 0
    estimate: HeuristicEstimate | None = None
    limited_by: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def match_probability(self) -> tuple[int, int]:
        """The proved interval of the match probability: [0, 0], [1, 1] or [0, 1]."""
        if self.expressivity is Expressivity.MINIMAL:
            return (0, 0)
        return (1, 1) if self.expressivity is Expressivity.MAXIMAL else (0, 1)

    @property
    def rigor(self) -> str:
        """`proved` (a deterministic certificate) or `probabilistic` (see `error_bound`)."""
        return "probabilistic" if self.error_bound else "proved"

    @property
    def meaning(self) -> str:
        """What the class says of the teachers that the verdict is about, in words."""
        meaning = self.expressivity.meaning
        if self.conditioned_on:
            meaning = meaning.replace("random teacher", "regular random teacher")
        return meaning

    @property
    def rigor_in_words(self) -> str:
        """How sure the verdict is, with the bound and the seed of what was drawn."""
        if self.certificate is None:
            return "nothing is claimed"
        if not self.error_bound:
            return f"proved; certificate: {self.certificate.kind}"
        draws = "draws" if self.degree_source else "primes and points"
        return (
            f"probabilistic: wrong with probability at most {self.error_bound:.1e} over random "
            f"{draws}, seed {self.seed}"
        )

    def paragraphs(self) -> list[Paragraph]:
        """Warnings, the class, why, how sure that is and, if that was asked, what is wasted."""
        by = f"{self.theorem}: " if self.theorem else ""
        found = [
            *(Paragraph(WARNING, sentence, "bold yellow") for sentence in self.warnings),
            Paragraph(str(self.expressivity).upper(), self.meaning, _STYLE[self.expressivity]),
            Paragraph("because", by + self.reason),
        ]
        if self.degree_source:
            found.append(Paragraph("degree", f"{self.degree} ({self.degree_source})"))
        if self.certificate is not None:
            found.append(Paragraph("rigor", self.rigor_in_words))
        if self.estimate is not None:
            found.append(Paragraph("estimate", str(self.estimate)))
        return found + (self.diagnostics.paragraphs() if self.diagnostics else [])

    def __repr__(self) -> str:
        by = f"{self.theorem}, {self.rigor}" if self.theorem else self.reason
        return f"<Verdict {str(self.expressivity).upper()}: {by}>"

    def _repr_html_(self) -> str:
        """The verdict as a notebook shows it: class, reason, theorem, numbers, rigor, estimate."""
        title = STATEMENTS[self.theorem].name if self.theorem in STATEMENTS else ""
        by = f"{self.theorem} ({title})" if title else self.theorem or ""
        numbers = (
            ("learnable", self.learnable),
            ("rank", self.rank),
            ("target dimension", self.target_dimension),
            ("degree", self.degree),
        )
        rows = (
            ("because", self.reason),
            ("theorem", by),
            ("numbers", ", ".join(f"{name} {n}" for name, n in numbers if n is not None)),
            ("rigor", self.rigor_in_words),
            ("estimate", "" if self.estimate is None else str(self.estimate)),
        )
        head = Paragraph(str(self.expressivity).upper(), self.meaning)
        shown = [Paragraph(label, text) for label, text in rows if text]
        return framed(head, shown, self.warnings)

    def to_dict(self) -> dict[str, Any]:
        """The object that `classify --json` prints, without the key `file`."""
        result: dict[str, Any] = {
            "expressivity": str(self.expressivity),
            "match_probability": list(self.match_probability),
            "rank": self.rank,
            "target_dimension": self.target_dimension,
            "learnable": self.learnable,
            "degree": self.degree,
            "theorem": self.theorem,
            "rigor": self.rigor,
            "estimate": self.estimate.estimate if self.estimate else None,
            "limited_by": self.limited_by,
        }
        if self.error_bound:
            result["error_bound"] = self.error_bound
        if self.conditioned_on:
            result["conditioned_on"] = self.conditioned_on
        if self.input_rank is not None:
            result["input_rank"] = self.input_rank
        if self.given_weights:
            result["given_weights"] = self.given_weights
        none = {"kind": "none", "reason": self.reason}
        result["certificate"] = self.certificate.to_dict() if self.certificate else none
        if self.diagnostics is not None:
            result["diagnostics"] = self.diagnostics.to_dict()
        result["warnings"] = list(self.warnings)
        return {**result, "reason": self.reason, "seed": self.seed, "seconds": self.seconds}
