"""Even placement of a budget over layers, rows and columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .matchings import maximum_matching
from .placement import check_choice


def spread_masks(
    allowed: Mapping[str, NDArray[np.bool_]], budget: int, rng: np.random.Generator | None
) -> dict[str, NDArray[np.bool_]]:
    """Masks with `budget` ones in total inside `allowed`, even over layers, rows and columns.

    A bias `b1` is one more column of its layer `W1`. Raises `InputError` for a bad budget.

    >>> masks = spread_masks({"W1": np.ones((2, 3), dtype=bool)}, 3, None)
    >>> masks["W1"].sum(axis=0).tolist()
    [1, 1, 1]
    """
    check_choice(allowed, budget, np.random.default_rng(0) if rng is None else rng)
    layers = [
        (name, f"b{name[1:]}" if f"b{name[1:]}" in allowed else None)
        for name, mask in allowed.items()
        if mask.ndim == 2
    ]
    joined = [
        allowed[name] if bias is None else np.column_stack([allowed[name], allowed[bias]])
        for name, bias in layers
    ]
    shares = level([int(np.count_nonzero(mask)) for mask in joined], budget)
    masks: dict[str, NDArray[np.bool_]] = {}
    for (name, bias), mask, share in zip(layers, joined, shares, strict=True):
        chosen = _spread_layer(mask, share, rng)
        if bias is not None:
            masks[bias] = chosen[:, -1]
            chosen = chosen[:, :-1]
        masks[name] = chosen
    return masks


def level(capacities: Sequence[int], total: int) -> list[int]:
    """Split `total` as evenly as the capacities allow; earlier entries take the remainder.

    >>> level([1, 10, 10], 8)
    [1, 4, 3]
    """
    shares = [0] * len(capacities)
    left = total
    open_indices = list(range(len(capacities)))
    while left and open_indices:
        portion = max(left // len(open_indices), 1)
        for index in open_indices:
            step = min(portion, capacities[index] - shares[index], left)
            shares[index] += step
            left -= step
        open_indices = [i for i in open_indices if shares[i] < capacities[i]]
    return shares


def _spread_layer(
    allowed: NDArray[np.bool_], count: int, rng: np.random.Generator | None
) -> NDArray[np.bool_]:
    p, q = allowed.shape
    rows = np.arange(p) if rng is None else rng.permutation(p)
    columns = np.arange(q) if rng is None else rng.permutation(q)
    chosen = np.zeros((p, q), dtype=bool)
    if allowed.all():
        # Walking diagonals: entry t lies in row t mod p and in a column that moves on by one each
        # step and once more each time the walk would close, so all p q entries are met once.
        t = np.arange(count)
        chosen[rows[t % p], columns[(t + t // math.lcm(p, q)) % q]] = True
        return chosen
    # Round after round of matchings, so that no line gains two learnables while others gain none;
    # the lines with the fewest so far come first.
    free = allowed[rows][:, columns]
    taken = np.zeros((p, q), dtype=bool)
    while count:
        by_row, by_column = np.argsort(taken.sum(1), kind="stable"), np.argsort(taken.sum(0))
        matched = maximum_matching(free[by_row][:, by_column])
        i = np.flatnonzero(matched >= 0)[:count]
        entries = by_row[i], by_column[matched[i]]
        free[entries], taken[entries] = False, True
        count -= len(i)
    chosen[np.ix_(rows, columns)] = taken
    return chosen
