"""How findings by levels say what was found (T14, T16): for certificates, and in words."""

from __future__ import annotations

from typing import Any

from ..plans.levels import Levels
from ..plans.pairs import Pair


def evidence_of(
    pair: Pair, levels: Levels, minor: list[int] | None, lines: list[int] | None = None
) -> dict[str, Any]:
    """What certificates say of levels; `lines` are those of the pair unless given."""
    return {
        "pair": pair.layer,
        "axis": pair.axis,
        "lines": list(pair.lines) if lines is None else lines,
        "units": list(levels.units),
        "columns": list(levels.columns),
        "chosen": levels.chosen,
        "minor": minor,
    }


def reason_of(pair: Pair, levels: Levels, after: str = "") -> str:
    """That two layers are solved, `after` what, and how many lines come from infinity."""
    reason = f"W{pair.layer} and W{pair.layer + 1} are solved by linear systems one after the other"
    infinite = sum(level is None for level in levels.columns)
    line = "samples" if pair.axis == "columns" else "outputs"
    at_infinity = f", {infinite} of {pair.columns} {line} from a regular point at infinity"
    return reason + after + (at_infinity if infinite else "")
