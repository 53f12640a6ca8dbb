"""What a heuristic says: a number, a range, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..display.paragraphs import Paragraph
from ..display.shown import Shown


@dataclass(frozen=True, repr=False)
class HeuristicEstimate(Shown):
    """An estimate of the match probability that nothing proves.

    `range` held the measured value of at least nine in ten allocations of held-out network families
    (docs/heuristics.md); `law` is that of weights and inputs for which it was fitted; `basis` says
    in words what it rests on.

    >>> HeuristicEstimate(0.9, (0.85, 0.93), "a degree of 2").to_dict()["rigor"]
    'heuristic'
    """

    estimate: float
    range: tuple[float, float]
    basis: str
    law: str = "normal"
    rigor: str = "heuristic"

    def paragraphs(self) -> list[Paragraph]:
        """The estimate, and what it rests on."""
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
        low, high = self.range
        law = {"normal": "Gaussian"}.get(self.law, self.law)
        return f"{self.estimate:.2f} ({low:.2f} to {high:.2f}), heuristic for {law} weights"
