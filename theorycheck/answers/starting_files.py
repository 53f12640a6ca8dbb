"""Allocation files to start from: commented, and laid out so that masks can be edited by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..computing.effort import Effort
from ..errors import InputError
from ..problem.allocation import Allocation
from ..problem.masks import PACK_ABOVE, Mask, count, mask_to_json
from ..problem.networks.base import Network, positive_integer
from ..problem.placement import allowed_masks, spread_masks
from ..ranks.target_dimension import upper_bound
from .classification import classify

LARGEST = 20_000  # weights of a network whose file someone may want to edit by hand
_MOST_NAMED = 12  # weights whose shapes a comment tells


def starting_allocation(
    network: Network,
    samples: int,
    budget: int | None = None,
    seed: int | None = None,
    *,
    within: Mapping[str, ArrayLike] | None = None,
    present: Mapping[str, ArrayLike] | None = None,
) -> Allocation:
    """As many learnables as a match needs (or `budget`), spread over layers, rows and columns.

    Of a sparse network with `present` connections; `within` some of these, where it is given.

    The number needed is the target dimension D(m) (T1, T10, T11), or all weights where there are
    fewer; where D(m) is not known, a bound on it. With a `seed` rows and columns are shuffled,
    without it the result is fixed.

    Raises `InputError` for a budget out of range, and above `LARGEST` weights.

    >>> from theorycheck import LinearFeedforward
    >>> starting_allocation(LinearFeedforward([3, 4, 2]), samples=3).counts
    {'W1': 3, 'W2': 3}
    """
    if network.n_weights > LARGEST and present is None:
        raise InputError(
            f"{network.describe()} has {network.n_weights} weights; a file to edit by hand has at "
            f"most {LARGEST}: make larger allocations in Python (tc.Allocation, tc.save)"
        )
    allowed = allowed_masks(network, present, within)
    if budget is None:
        most = sum(count(mask) for mask in allowed.values())
        needed = needed_learnables(network, samples, present)
        if needed is None and not (network.is_linear or network.is_shallow_relu):
            # No more than this is ever needed.
            needed = upper_bound(Allocation.none(network, present), samples)[1]
        budget = most if needed is None else min(needed, most)
    rng = None if seed is None else np.random.default_rng(seed)
    return Allocation(network, spread_masks(network.weight_layers, allowed, budget, rng), present)


def needed_learnables(
    network: Network, samples: int, present: Mapping[str, ArrayLike] | None = None
) -> int | None:
    """The target dimension D(m), below which no allocation has matches; None if it is not known.

    >>> from theorycheck import LinearFeedforward
    >>> needed_learnables(LinearFeedforward([3, 4, 2]), samples=3)
    6
    """
    positive_integer(samples, "samples")
    none = Allocation.none(network, present)
    return classify(none, samples, effort=Effort(seconds=0)).target_dimension


def template(allocation: Allocation, samples: int, notes: Sequence[str] = ()) -> str:
    """The text of a commented allocation file (JSON): all masks, one row a line.

    Masks above 10,000 entries are packed, as `files.save` does. `notes` are comments more.

    Comments stand in the list `comment`, which readers of the format skip (`files.load`).

    >>> from theorycheck import LinearFeedforward
    >>> text = template(Allocation.full(LinearFeedforward([2, 3])), samples=2)
    >>> print(text[text.index('  "learnable"'):])
      "learnable": {
        "W1": [
          [1, 1],
          [1, 1],
          [1, 1]
        ]
      }
    }
    <BLANKLINE>
    """
    lines = [*notes, *_comments(allocation, samples)]
    comment = ",\n    ".join(json.dumps(line) for line in lines)
    masks = {"learnable": dict(allocation.masks("learnable"))}
    if not allocation.is_dense:
        masks["present"] = {n: m for n, m in allocation.given_present().items() if not m.all()}
    if allocation.network.n_weights > LARGEST:
        masks["learnable"] = {name: allocation.mask(name) for name in allocation.counts}
    parts = []
    for which, members in masks.items():
        rows = [f"    {json.dumps(name)}: {_layout(mask)}" for name, mask in members.items()]
        parts.append(f'  "{which}": {{\n{_lines(rows)}\n  }}')
    return (
        f'{{\n  "comment": [\n    {comment}\n  ],\n'
        f'  "network": {json.dumps(allocation.network.to_dict())},\n'
        f'  "samples": {samples},\n{_lines(parts)}\n}}\n'
    )


def _comments(allocation: Allocation, samples: int) -> list[str]:
    network = allocation.network
    needed = needed_learnables(network, samples, allocation.given_present() or None)
    teacher = "regular random teacher" if network.is_shallow_relu else "random teacher"
    bound = "" if needed is None else f"; fewer than {needed} match no {teacher}"
    inputs = "1 random input" if samples == 1 else f"{samples} random inputs (samples)"
    shapes = [_shape(name, shape) for name, shape in network.weight_shapes.items()]
    if len(shapes) > _MOST_NAMED:
        shapes[_MOST_NAMED - 1 : -1] = ["and so on"]
    existing = [
        "All connections exist. If some do not, add masks under the key present (0: no",
        "connection), in the same form; what does not exist cannot be learnable.",
    ]
    if not allocation.is_dense:
        existing = [
            "Connections that are 0 in the masks under the key present do not exist; those",
            "cannot be learnable. Where no such mask is given, all exist.",
        ]
    return [
        f"{network.describe()[0].upper()}{network.describe()[1:]}.",
        f"A teacher of the same kind is to be matched on {inputs}.",
        f"{allocation.n_learnable} of {allocation.n_present} weights are learnable{bound}.",
        "In the masks below 1 is a learnable weight and 0 a frozen one. Edit them.",
        "A row holds the weights into one unit, a column those out of one unit:",
        *(f"  {shape}" for shape in shapes),
        "A weight that is not named under learnable is frozen.",
        *existing,
        "This list is for people only: change it, or leave it out.",
    ]


def _shape(name: str, shape: tuple[int, ...]) -> str:
    words = ("row", "column") if len(shape) > 1 else ("bias",)
    plural = {"row": "rows", "column": "columns", "bias": "biases"}
    parts = [
        f"{n} {word if n == 1 else plural[word]}" for n, word in zip(shape, words, strict=False)
    ]
    offsets = " x ".join(map(str, shape[2:]))
    parts += [f"each a list of {offsets} weights, those of a filter"] if offsets else []
    return f"{name}: {', '.join(parts)}"


def _layout(mask: Mask) -> str:
    """A bias on one line, a matrix with one row a line; a large one packed."""
    if mask.size > PACK_ABOVE:
        return json.dumps(mask_to_json(mask))
    entries: list[Any] = mask.astype(int).tolist()
    if mask.ndim == 1:
        return json.dumps(entries)
    return f"[\n{_lines([f'      {json.dumps(row)}' for row in entries])}\n    ]"


def _lines(parts: list[str]) -> str:
    return ",\n".join(parts)
