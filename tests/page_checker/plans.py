"""Plans: what steps leave (T13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.page_checker.problem import Masks, Problem, integer, listed, need


def fittable(lines: int, equations: int, hidden: Sequence[int]) -> tuple[int, bool]:
    """How many learnables a line needs, and whether there are lines enough beside it."""
    needed = min([equations, *hidden])
    return needed, needed == equations or lines > needed


def left_by(problem: Problem, steps: Any) -> tuple[Masks, Problem | None]:
    """The masks and the problem (without them) that are left; None if nothing is to be matched."""
    widths, d, m = problem.widths, problem.d, problem.m_e
    first, last = 1, len(widths) - 1
    rows, columns = list(range(d)), list(range(widths[0]))
    for step in listed(steps):
        what, *rest = listed(step)
        between = widths[first:last]
        if not rest:
            need(first < last, "the only layer")
            if what == "first":
                need(widths[first] >= m, "the first layer is narrow")
                columns, first = list(range(widths[first])), first + 1
            else:
                need(what == "last" and widths[last - 1] >= d, "the last layer is narrow")
                rows, last = list(range(widths[last - 1])), last - 1
            continue
        (line,) = rest
        if what == "row":
            at = columns if first == last else range(widths[last - 1])
            count = sum(problem.learnable[f"W{last}"][integer(line)][j] for j in at)
            needed, spare = fittable(d, m, between)
            rows.remove(line)
            d -= 1
        else:
            at = rows if first == last else range(widths[first])
            count = sum(problem.learnable[f"W{first}"][i][integer(line)] for i in at)
            needed, spare = fittable(m, d, between)
            {"column": columns}[what].remove(line)
            m -= 1
        need(count >= needed > 0, "too few learnables")
        need(spare, "a bottleneck between")
    if not (d and m):
        return {}, None
    read = [d] if last < len(widths) - 1 else []
    masks: Masks = {}
    for layer in range(first, last + 1):
        masks[f"W{layer - first + 1}"] = [
            [v for j, v in enumerate(row) if layer > first or j in columns]
            for i, row in enumerate(problem.learnable[f"W{layer}"])
            if layer < last or i in rows
        ]
    return masks, Problem("F", [len(columns), *widths[first:last], len(rows), *read], m)
