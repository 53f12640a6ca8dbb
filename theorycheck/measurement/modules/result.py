"""What the measurement of a module's Jacobian found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...display.paragraphs import WARNING, Paragraph, list_some
from ...display.shown import Shown
from ...problem.masks import Mask, count, mask_to_json
from .spectrum import STEEPER, WIDE, Spectrum


@dataclass(frozen=True)
class ExactRank:
    """The generic rank of the network that a module computes: exact, on the same inputs.

    `value` bounds the rank at any values of the weights; the probability that it is too small is
    at most `error_bound`. `network` is described in words.
    """

    value: int
    error_bound: float
    network: str


@dataclass(frozen=True, repr=False, eq=False)
class MeasuredRank(Shown):
    """What `measured_rank` returns: measured in floating point at one point, proved by nothing.

    `rank` is the numerical rank of the Jacobian of all `equations` outputs in the chosen
    `parameters`, None where it is not clear. `spectrum` has the singular values around the gap, the
    gap, and the tolerance. Masks by parameter name: `idle` entries move no output; `redundant` ones
    can be removed, any one of them, without a loss of rank; `basis` has as many independent ones as
    the rank (both None where the rank is not clear, or of a sketch). `unreached` are the indices of
    outputs that no chosen parameter moves, in the array of outputs (sample first, as a rule; None
    where outputs are combined). `sketch` has the sides of the matrix that was looked at, if
    that was not the whole Jacobian: the rank is then a lower estimate. `exact` is the generic rank
    of the network that the module computes, or None: `not_compared` says why. `warnings` are
    sentences that change how the result is read.
    """

    rank: int | None
    equations: int
    parameters: int
    spectrum: Spectrum
    idle: Mapping[str, Mask]
    redundant: Mapping[str, Mask] | None
    basis: Mapping[str, Mask] | None
    unreached: tuple[tuple[int, ...], ...] | None
    sketch: tuple[int, int] | None
    epsilon: float
    seed: int
    seconds: float
    warnings: tuple[str, ...] = ()
    exact: ExactRank | None = None
    not_compared: str = ""
    rigor: str = "measured"

    @property
    def is_clear(self) -> bool:
        """Whether the singular values show one rank."""
        return self.rank is not None

    @property
    def is_saturated(self) -> bool:
        """Whether the rank is a side of the sketch, so that a larger sketch may show more."""
        if self.sketch is None or self.rank is None:
            return False
        return self.rank == min(self.sketch) < min(self.equations, self.parameters)

    def paragraphs(self) -> list[Paragraph]:
        """Warnings, the rank, what it rests on, what is wasted, and what the theory says."""
        found = [Paragraph(WARNING, sentence, "bold yellow") for sentence in self.warnings]
        of = f"of {self.parameters} parameters and {self.equations} equations"
        if self.rank is None:
            number = self.spectrum.above
            text = f"not clear: {number} singular values are above the tolerance, {of}"
        else:
            text = f"{self._bound}{self.rank} {of}"
        found.append(Paragraph("RANK", text, "bold"))
        found.append(Paragraph("values", self._values()))
        if self.sketch is not None:
            found.append(Paragraph("sketch", self._sketched(self.sketch)))
        found += self._waste()
        if self.exact is not None:
            found.append(Paragraph("exact", _compared(self.rank, self.exact)))
        elif self.not_compared:
            reason = self.not_compared.split("; ")[0]  # without the cures that it goes on with
            found.append(Paragraph("exact", f"not compared: {reason}"))
        return [*found, Paragraph("rigor", "measured at the module's own values: no proof")]

    @property
    def _bound(self) -> str:
        is_full = self.rank == min(self.equations, self.parameters)
        return "" if self.sketch is None or is_full else "at least "

    def _values(self) -> str:
        known = self.spectrum
        if known.gap is None:
            return f"all are up to the tolerance {known.tolerance:.1e}, which is rounding"
        last = known.around[known.above - 1]
        text = f"{last:.1e} is the last above the tolerance {known.tolerance:.1e}"
        following = known.around.get(known.above)
        text += ", there is no next" if following is None else f", the next is {following:.1e}"
        text += f"; gap {known.gap:.1e}"
        if self.rank is None:
            text += f", and {WIDE:.0e}, {STEEPER:.0f} times any step before, would be clear"
        return text

    def _sketched(self, sides: tuple[int, int]) -> str:
        text = f"of {sides[0]} x {sides[1]} random combinations"
        if self.is_saturated:
            return f"{text}, of which this is a side: sketch={2 * min(sides)} may show more"
        if not self._bound:
            return f"{text}; more than all is not possible"
        return f"{text}: a lower estimate, for almost all random numbers the rank itself"

    def _waste(self) -> list[Paragraph]:
        found = []
        if any(map(count, self.idle.values())):
            found.append(Paragraph("idle", f"{_counts(self.idle)} move no output"))
        if self.redundant is not None and any(map(count, self.redundant.values())):
            text = f"{_counts(self.redundant)}: removing any one of them keeps the rank"
            found.append(Paragraph("redundant", text))
        if self.unreached:
            names = list_some([str(index) for index in self.unreached])
            found.append(Paragraph("unreached", f"no parameter moves the outputs {names}"))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; masks as in allocation files."""
        exact = None
        if self.exact is not None:
            exact = {"value": self.exact.value, "error_bound": self.exact.error_bound}
            exact["network"] = self.exact.network
        return {
            "rank": self.rank,
            "equations": self.equations,
            "parameters": self.parameters,
            "spectrum": self.spectrum.to_dict(),
            "idle": _json(self.idle),
            "redundant": _json(self.redundant),
            "basis": _json(self.basis),
            "unreached": None if self.unreached is None else [list(i) for i in self.unreached],
            "sketch": None if self.sketch is None else list(self.sketch),
            "epsilon": self.epsilon,
            "exact": exact,
            "not_compared": self.not_compared,
            "rigor": self.rigor,
            "warnings": list(self.warnings),
            "seed": self.seed,
            "seconds": self.seconds,
        }


def _counts(masks: Mapping[str, Mask]) -> str:
    """How many entries of each parameter are in a mask."""
    counts = {name: (count(mask), mask.size) for name, mask in masks.items()}
    return list_some([f"{n} of {size} of {name}" for name, (n, size) in counts.items() if n])


def _json(masks: Mapping[str, Mask] | None) -> dict[str, Any] | None:
    return None if masks is None else {name: mask_to_json(mask) for name, mask in masks.items()}


def _compared(rank: int | None, exact: ExactRank) -> str:
    text = f"{exact.value} for random weights ({exact.network}, the same inputs)"
    if rank is None or rank == exact.value:
        return text
    return f"{text}: these weights are special, as trained or initial ones may be"
