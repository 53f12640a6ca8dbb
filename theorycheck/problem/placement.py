"""Where learnables may be and the choice of some of them: rows, columns, at random, evenly."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError, shown
from .masks import Mask, both, check_name, count, masks_of
from .matchings import maximum_matching
from .networks.base import Network
from .networks.kinds import changed, check_network
from .networks.unrolled import as_matrix


def allowed_masks(
    network: Network,
    present: Mapping[str, ArrayLike] | None,
    within: Mapping[str, ArrayLike] | None,
) -> dict[str, Mask]:
    """Present weights as masks, narrowed to `within` where that is given."""
    check_network(network)
    shapes = network.weight_shapes
    masks = masks_of({} if present is None else present, shapes, "present", default=True)
    if within is None:
        return masks
    candidates = masks_of(within, shapes, "within", default=False)
    return {name: both(mask, candidates[name]) for name, mask in masks.items()}


def random_masks(
    allowed: Mapping[str, Mask], budget: int, rng: np.random.Generator
) -> dict[str, Mask]:
    """Masks with `budget` ones in total, uniform inside `allowed`."""
    check_choice(allowed, budget, rng)
    masks = [mask for mask in allowed.values() if count(mask)]
    entries = np.concatenate([np.zeros(0, dtype=bool), *(mask.ravel() for mask in masks)])
    candidates = np.flatnonzero(entries)
    chosen = np.zeros(entries.size, dtype=bool)
    chosen[candidates[rng.choice(len(candidates), budget, replace=False, shuffle=False)]] = True
    parts = iter(np.split(chosen, np.cumsum([mask.size for mask in masks])))
    return {name: next(parts).reshape(m.shape) for name, m in allowed.items() if count(m)}


def line_masks(
    network: Network,
    lines: Mapping[str, Iterable[int]],
    present: Mapping[str, ArrayLike] | None,
    axis: int,
) -> dict[str, Mask]:
    """Masks with the present entries of whole rows (`axis` 0) or columns (1), by weight name."""
    word = ("rows", "columns")[axis]
    allowed = allowed_masks(network, present, None)
    if not isinstance(lines, Mapping):
        raise InputError(f"{word} must map weight names to lists of indices, not {shown(lines)}")
    masks: dict[str, Mask] = {}
    for name, indices in lines.items():
        check_name(name, allowed, word)
        shape = allowed[name].shape
        place = f'{word}["{name}"]'
        if axis >= len(shape):
            raise InputError(f"{place}: a bias has no {word}")
        if isinstance(indices, str) or not isinstance(indices, Iterable):
            raise InputError(f"{place} must be a list of indices, not {shown(indices)}")
        chosen = np.zeros(shape, dtype=bool)
        for index in indices:
            _check_index(index, shape[axis], place)
            chosen[(slice(None),) * axis + (index,)] = True
        masks[name] = both(chosen, allowed[name])
    return masks


def spread_masks(
    layers: Sequence[Sequence[str]],
    allowed: Mapping[str, Mask],
    budget: int,
    rng: np.random.Generator | None,
) -> dict[str, Mask]:
    """Masks with `budget` ones in total inside `allowed`, even over layers, rows and columns.

    `layers` are those of a network, each a matrix and maybe a bias, which is one more column of it;
    a filter is a matrix with a column for each channel and offset.
    Raises `InputError` for a bad budget.

    >>> masks = spread_masks([("W1",)], {"W1": np.ones((2, 3), dtype=bool)}, 3, None)
    >>> masks["W1"].sum(axis=0).tolist()
    [1, 1, 1]
    """
    check_choice(allowed, budget, np.random.default_rng(0) if rng is None else rng)
    joined = [
        np.column_stack([as_matrix(allowed[matrix]), *(allowed[name] for name in bias)])
        if bias
        else as_matrix(allowed[matrix])
        for matrix, *bias in layers
    ]
    shares = level([int(np.count_nonzero(mask)) for mask in joined], budget)
    masks: dict[str, Mask] = {}
    for (matrix, *bias), mask, share in zip(layers, joined, shares, strict=True):
        chosen = _spread_layer(mask, share, rng)
        for name in bias:
            masks[name] = chosen[:, -1]
            chosen = chosen[:, :-1]
        masks[matrix] = chosen.reshape(allowed[matrix].shape)
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


def _spread_layer(allowed: Mask, count: int, rng: np.random.Generator | None) -> Mask:
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


def updated_masks(
    network: Network,
    learnable: Mapping[str, Mask],
    updates: Mapping[str, tuple[Mask, Mask]],
    absent: Collection[str] = (),
) -> tuple[Network, dict[str, Mask], dict[str, Mask]]:
    """Network, learnable and present masks of low-rank updates W + B A of some weights.

    The network is a chain of linear layers. `updates` maps a weight's name to the masks of A and of
    B. W + B A = [W' B] [G; A], so each of them is a layer more, of units with no bias; `learnable`
    holds all or nothing of its W, and what is learned of other weights and of biases. Biases named
    in `absent` are.

    >>> from theorycheck import LinearFeedforward
    >>> updates = {"W1": (np.ones((1, 2), bool), np.zeros((1, 1), bool))}
    >>> network, masks, present = updated_masks(LinearFeedforward([2, 1]), {}, updates)
    >>> network.widths, {name: mask.astype(int).tolist() for name, mask in masks.items()}
    ((2, 3, 1), {'W1': [[0, 0], [0, 0], [1, 1]], 'W2': [[0, 0, 0]]})
    """
    widths = [network.inputs]
    layers: list[tuple[Mask, Mask | None, bool]] = []  # matrix, bias, whether the bias is absent
    for matrix, *bias in network.weight_layers:
        outputs, inputs = network.weight_shapes[matrix]
        own = learnable.get(matrix, np.zeros((outputs, inputs), dtype=bool))
        if matrix in updates:
            one, other = updates[matrix]
            widths.append(inputs + len(one))
            layers.append((np.vstack([np.zeros((inputs, inputs), bool), one]), None, True))
            own = np.hstack([own, other])
        widths.append(outputs)
        name = "".join(bias)
        layers.append((own, learnable.get(name), name in absent))
    result = changed(network, widths=widths)
    masks, present = {}, {}
    for (matrix, *bias), (own, learned, is_absent) in zip(
        result.weight_layers, layers, strict=True
    ):
        masks[matrix] = own
        for name in bias:
            if is_absent:
                present[name] = np.zeros(result.weight_shapes[name], dtype=bool)
            elif learned is not None:
                masks[name] = learned
    return result, masks, present


def check_choice(allowed: Mapping[str, Mask], budget: object, rng: object) -> None:
    """Raise `InputError` for a budget out of range or something that is no generator."""
    available = sum(count(mask) for mask in allowed.values())
    integer = isinstance(budget, Integral) and not isinstance(budget, bool)
    if not integer or not 0 <= budget <= available:  # type: ignore[operator]
        raise InputError(f"budget must be an integer from 0 to {available}, not {shown(budget)}")
    if not isinstance(rng, np.random.Generator):
        raise InputError(f"rng must be made by numpy.random.default_rng(seed), not {shown(rng)}")


def _check_index(index: object, size: int, place: str) -> None:
    integer = isinstance(index, Integral) and not isinstance(index, bool)
    if not integer or not 0 <= index < size:  # type: ignore[operator]
        raise InputError(f"{place} must hold integers from 0 to {size - 1}, not {shown(index)}")
