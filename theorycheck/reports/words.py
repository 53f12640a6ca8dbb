"""What the pictures show, in words: for whoever listens to a page instead of looking at it."""

from __future__ import annotations

import numpy as np

from ..measurement.estimate import Estimate
from ..plots.marks.base import Marks
from ..problem.allocation import Allocation
from ..problem.masks import Mask, count
from ..problem.networks.unrolled import as_matrix

_MOST_ENTRIES, _MOST_LAYERS = 64, 12


def masks_in_words(allocation: Allocation, marks: Marks, kind: str) -> str:
    """The masks, entry by entry where they are small, and what the certificate points at."""
    sentences = []
    shapes = allocation.network.weight_shapes
    for name, shape in list(shapes.items())[:_MOST_LAYERS]:
        mask, size = allocation.mask(name), " x ".join(map(str, shape))
        n_learnable, n_present = count(mask), count(allocation.present_mask(name))
        text = f"{name}, {size}: {n_learnable} of {n_present} weights learnable"
        absent = int(np.prod(shape)) - n_present
        plural = "s" if absent > 1 else ""
        text += f", {absent} connection{plural} absent" if absent else ""
        if 0 < n_learnable < n_present and mask.size <= _MOST_ENTRIES:
            text += f" ({_entries(mask)})"
        sentences.append(f"{text}.")
    if len(shapes) > _MOST_LAYERS:
        sentences.append(f"{len(shapes) - _MOST_LAYERS} more weights are not listed.")
    if marks.notes:
        notes = "; ".join(marks.notes)
        sentences.append(f"Certificate ({kind}): {notes}.")
    return " ".join(sentences)


def _entries(mask: Mask) -> str:
    if mask.ndim == 1:
        return f"units {', '.join(map(str, np.flatnonzero(mask)))}"
    rows = [(i, np.flatnonzero(row)) for i, row in enumerate(as_matrix(mask))]
    return "; ".join(
        f"row {i}: column{'s' if len(j) > 1 else ''} {', '.join(map(str, j))}"
        for i, j in rows
        if len(j)
    )


def network_in_words(allocation: Allocation, marks: Marks) -> str:
    """The layered network: how many units and connections of each kind."""
    n_learnable, n_present = allocation.n_learnable, allocation.n_present
    absent = allocation.network.n_weights - n_present
    text = (
        f"Units as circles, level after level, of a {allocation.network.describe()} network. "
        f"{n_learnable} learnable connections are thick lines, {n_present - n_learnable} frozen "
        f"ones thin"
    )
    text += f", {absent} absent ones are not drawn." if absent else "."
    if marks.path:
        path = ", ".join(f"{name}{list(index)}" for name, index in marks.path)
        text += f" Highlighted is the path through {path}."
    return text


def estimate_in_words(estimate: Estimate) -> str:
    """Share of matches, interval and draws."""
    low, high = estimate.interval
    text = f"{estimate.matches} of {estimate.trials} draws matched"
    text += f", {estimate.undecided} undecided" if estimate.undecided else ""
    return f"{text}; 95 % interval of the match probability {low:.4f} to {high:.4f}"
