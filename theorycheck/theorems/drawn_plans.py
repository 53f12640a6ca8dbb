"""T13 and T14 where layers are not generic: sparse networks, and networks with biases.

Their plans are tested at random points, step by step; widths tell nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..computing.deadline import Deadline
from ..errors import OutOfTimeError
from ..field.elimination import Elimination
from ..plans.antichains import find_choice
from ..plans.constants import without_biases
from ..plans.drawn import DrawnPair, Left, drawn, drawn_states, layers_of, pairs_of
from ..plans.search import find_levels
from ..problem.allocation import Mask
from ..ranks.point import draw_prime
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, not_random_inputs
from .level_findings import evidence_of, reason_of

_SHARE = 0.3  # of the time that is left, for each of both theorems
_MOST_WEIGHTS = 4_000_000  # of networks whose weights are drawn


def is_generic(analysis: Analysis) -> bool:
    """Whether the network is dense and has no biases: then widths tell what is generic."""
    return analysis.allocation.is_dense and not getattr(analysis.network, "bias", False)


def why_not_drawn(analysis: Analysis) -> str | None:
    """Why plans of such a linear feed-forward network are not looked for, or None."""
    reason = not_random_inputs(analysis)
    if reason is not None:
        return reason
    if analysis.network.n_weights > _MOST_WEIGHTS:
        return f"plans of sparse networks, or with biases, are for {_MOST_WEIGHTS} weights at most"
    if analysis.allocation.n_learnable <= analysis.n_equations:
        return "there are no more learnable weights than equations"
    return None if analysis.conflict is not None else "the output is affine in the learnables"


def by_stages(analysis: Analysis) -> Finding | None:
    """Maximal if nothing is left, or learnables that no path has two of solve it (T13)."""
    if not _can_be(analysis):
        return None
    deadline = analysis.options.deadline.within(_SHARE * analysis.options.deadline.left)
    try:
        for left in analysis.once(_states):
            if left.state.is_done:
                return _finding("T13", left, None, "nothing is left")
            chosen = _stage(left, analysis.options.seed, deadline)
            if chosen is not None:
                count = sum(int(np.count_nonzero(mask)) for mask in chosen.values())
                what = f"{count} learnable weights, none behind another, solve what is left"
                return _finding("T13", left, {"affine": _entries(left, chosen)}, what)
    except OutOfTimeError:
        analysis.options.deadline.check("plans of stages")
    return None


def by_levels(analysis: Analysis) -> Finding | None:
    """Maximal if levels are found for two adjacent layers of what is left (T14)."""
    if not _can_be(analysis):
        return None
    options = analysis.options
    deadline = options.deadline.within(_SHARE * options.deadline.left)
    try:
        states = analysis.once(_states)
        of_pair = [(pair, left) for left in states for pair in pairs_of(left, deadline)]
        found = find_levels(
            [pair for pair, _ in of_pair], draw_prime(options.seed, 0), options.seed, deadline
        )
    except OutOfTimeError:
        options.deadline.check("the search for levels")
        return None
    if found is None:
        return None
    left = next(left for pair, left in of_pair if pair is found.pair)
    assert isinstance(found.pair, DrawnPair)
    rest = evidence_of(found.pair, found.levels, found.minor, _lines(left, found.pair))
    return _finding("T14", left, rest, reason_of(found.pair, found.levels))


def _can_be(analysis: Analysis) -> bool:
    """Whether learnables have as large a rank as there are equations."""
    return analysis.rank.value == analysis.n_equations


def _states(analysis: Analysis) -> list[Left]:
    """What peeling and freezing leave, where there are learnables enough."""
    options = analysis.options
    deadline = options.deadline.within(_SHARE * options.deadline.left)
    wide = without_biases(analysis.allocation)
    # Its algebra serves both theorems, so that it has all of the time.
    prime, found = draw_prime(options.seed, 0), []
    start = drawn(wide, analysis.samples, prime, options.seed, options.deadline)
    try:
        for left in drawn_states(start, deadline):
            if left.state.is_done:
                return [left]
            if left.n_learnable >= left.n_equations:
                found.append(left)
    except OutOfTimeError:
        options.deadline.check("what peeling and freezing leave")
    return found


def _stage(left: Left, seed: int, deadline: Deadline) -> dict[int, Mask] | None:
    """Learnables of full rank that no path has two of: all, or of two adjacent layers."""
    if not left.has_conflict():
        chosen = {layer: left.mask(layer) for layer in left.state.layers(left.masks)}
        return chosen if _has_full_rank(left, chosen, deadline) else None
    for layers in layers_of(left):
        choice = find_choice(layers, seed, deadline)
        if choice is not None:
            inner, outer = layers.inner & choice[:, None], layers.outer & ~choice
            return {layers.layer: inner, layers.layer + 1: outer}
    return None


def _has_full_rank(left: Left, chosen: dict[int, Mask], deadline: Deadline) -> bool:
    """Whether these learnables have as large a rank as there are equations."""
    elimination = Elimination(left.n_equations, left.algebra.prime, deadline=deadline)
    for layer in chosen:
        elimination.extend(left.derivatives(layer, chosen[layer]))
    return elimination.rank == left.n_equations


def _entries(left: Left, chosen: dict[int, Mask]) -> list[list[int]]:
    """Learnables as [layer, row, column] of the network, a constant being the last column."""
    state, found = left.state, []
    for layer, mask in sorted(chosen.items()):
        for i, j in np.argwhere(mask).tolist():
            row = state.rows[i] if layer == state.last else i
            column = state.columns[j] if layer == state.first else j
            found.append([layer, row, column])
    return found


def _lines(left: Left, pair: DrawnPair) -> list[int]:
    """The lines of a pair as numbered in the network."""
    state = left.state
    if pair.axis == "columns":
        numbers = state.columns if pair.layer == state.first else None
    else:
        numbers = state.rows if pair.layer + 1 == state.last else None
    return list(pair.lines) if numbers is None else [numbers[t] for t in pair.lines]


def _finding(theorem: str, left: Left, rest: dict[str, Any] | None, what: str) -> Finding:
    steps = [
        [step.what] if step.index is None else [step.what, step.index] for step in left.state.steps
    ]
    evidence = {"steps": steps, "rest": rest}
    reason = f"{_in_words(left)}{what}"
    return Finding(theorem, Expressivity.MAXIMAL, reason, "drawn_plan", evidence)


def _in_words(left: Left) -> str:
    """The steps, by their numbers."""
    whats = [step.what for step in left.state.steps]
    lines = [
        f"{count} {name}{'s' if count > 1 else ''}"
        for name, count in ((name, whats.count(name)) for name in ("row", "column"))
        if count
    ]
    parts = [f"{' and '.join(lines)} can be fitted afterwards"] if lines else []
    frozen = [
        f"the {end} layer" if whats.count(end) == 1 else f"the {end} {whats.count(end)} layers"
        for end in ("first", "last")
        if end in whats
    ]
    if frozen:
        parts.append(f"{' and '.join(frozen)} can be frozen")
    return ", ".join(parts) + ": " if parts else ""
