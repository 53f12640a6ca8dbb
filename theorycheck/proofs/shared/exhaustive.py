"""Every mask of a network and its exact rank: what exhaustive steps are made of.

Ranks are those modulo a random prime at a random point, the larger of two draws: each is a proved
lower bound, and both together miss the generic rank with probability below 1e-8 at these sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, product, repeat

import numpy as np
from numpy.typing import NDArray

from ...field.batched import batched_rank
from ...problem.allocation import Allocation, Mask
from ...problem.networks.base import Network
from ...problem.networks.feedforward import LinearFeedforward
from ...problem.networks.recurrent import LinearRecurrent
from ...ranks.jacobian import Jacobian, entries
from ...ranks.point import draw_point, draw_prime

_TRIALS = 2
_AT_ONCE = 2**14


def all_masks(n_entries: int, budget: int | None = None) -> NDArray[np.bool_]:
    """All 0/1 vectors of `n_entries` entries, or those with `budget` ones; shape (count,
    n_entries).

    >>> all_masks(2).astype(int).tolist(), all_masks(3, 2).astype(int).tolist()
    ([[0, 0], [1, 0], [0, 1], [1, 1]], [[1, 1, 0], [1, 0, 1], [0, 1, 1]])
    """
    if budget is None:
        codes = np.arange(2**n_entries)[:, None]
        return (codes >> np.arange(n_entries) & 1).astype(bool)
    chosen = np.array(list(combinations(range(n_entries), budget)), dtype=int)
    masks = np.zeros((math.comb(n_entries, budget), n_entries), dtype=bool)
    if budget:
        np.put_along_axis(masks, chosen, True, axis=1)
    return masks


def ranks(
    network: Network,
    samples: int,
    names: Sequence[str],
    masks: NDArray[np.bool_],
    present: dict[str, Mask] | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Exact generic ranks of many allocations of one network.

    `masks` has one row per allocation and one column per entry of the weights `names` (row-major,
    one weight after the other); all other weights are frozen.

    >>> network = LinearFeedforward([2, 2])
    >>> ranks(network, 2, ["W1"], all_masks(4, 3)).tolist()
    [3, 3, 3, 3]
    """
    best = np.zeros(len(masks), dtype=np.int64)
    for trial in range(_TRIALS):
        prime = draw_prime(seed, trial)
        columns = _columns(network, samples, names, present, prime, seed, trial)
        for start in range(0, len(masks), _AT_ONCE):
            some = masks[start : start + _AT_ONCE]
            found = batched_rank(columns[None] * some[:, None, :], prime)
            best[start : start + _AT_ONCE] = np.maximum(best[start : start + _AT_ONCE], found)
    return best


def target(
    network: Network,
    samples: int,
    present: dict[str, Mask] | None = None,
) -> int:
    """The target dimension D(m) as a rank, without any formula.

    >>> target(LinearFeedforward([2, 1, 2]), 2)
    3
    """
    names = list(network.weight_shapes)
    everything = np.ones((1, network.n_weights), dtype=bool)
    return int(ranks(network, samples, names, everything, present)[0])


def _columns(
    network: Network,
    samples: int,
    names: Sequence[str],
    present: dict[str, Mask] | None,
    prime: int,
    seed: int,
    trial: int,
) -> NDArray[np.float64]:
    """The Jacobian's columns of the weights `names` at a random point, absent ones 0."""
    empty = Allocation.none(network, present)
    point = draw_point(empty, samples, prime, seed, trial, np)
    at_point = Jacobian(network, point, np)
    full = Allocation(network, {name: np.ones(network.weight_shapes[name]) for name in names})
    blocks = dict(entries(full, "learnable", 2**20))
    parts = [
        at_point.columns(name, blocks[name]) * empty.present_mask(name).ravel() for name in names
    ]
    return np.concatenate(parts, axis=1)


def feedforward_networks(
    sizes: Sequence[int], depths: Sequence[int], most_weights: int, bias: bool = False
) -> Iterator[LinearFeedforward]:
    """All linear feed-forward networks with widths in `sizes` and at most `most_weights` weights.

    >>> [network.widths for network in feedforward_networks([1, 2], [1], 2)]
    [(1, 1), (1, 2), (2, 1)]
    """
    for depth in depths:
        for widths in product(sizes, repeat=depth + 1):
            network = LinearFeedforward(widths, bias=bias)
            if network.n_weights <= most_weights:
                yield network


def recurrent_networks(
    sizes: Sequence[int], steps: Sequence[int], readouts: Sequence[str], most_weights: int
) -> Iterator[LinearRecurrent]:
    """All linear recurrent networks with inputs, hidden units and outputs in `sizes`.

    >>> [network.hidden for network in recurrent_networks([1, 2], [2], ["final"], 3)]
    [1]
    """
    for inputs, hidden, outputs in product(sizes, repeat=3):
        for count, readout in product(steps, readouts):
            network = LinearRecurrent(inputs, hidden, outputs, count, readout)  # type: ignore
            if network.n_weights <= most_weights:
                yield network


def outcomes(
    wrong: NDArray[np.bool_],
    network: Network,
    samples: int,
    names: Sequence[str],
    masks: NDArray[np.bool_],
) -> Iterator[str | None]:
    """None for each of the masks, or the first of them that is `wrong` in words.

    >>> list(outcomes(np.array([False]), LinearFeedforward([1, 1]), 1, ["W1"], np.ones((1, 1))))
    [None]
    """
    if wrong.any():
        yield shown(network, samples, names, masks[int(np.argmax(wrong))])
    else:
        yield from repeat(None, len(masks))


def shown(
    network: Network,
    samples: int,
    names: Sequence[str],
    mask: NDArray[np.bool_],
) -> str:
    """An allocation in words, for a counterexample.

    >>> shown(LinearFeedforward([2, 1]), 1, ["W1"], np.array([True, False]))
    'linear feed-forward 2-1, m = 1, W1 = [[1, 0]]'
    """
    shapes = [network.weight_shapes[name] for name in names]
    parts = np.split(mask.astype(int), np.cumsum([math.prod(shape) for shape in shapes])[:-1])
    words = ", ".join(
        f"{name} = {part.reshape(shape).tolist()}"
        for name, part, shape in zip(names, parts, shapes, strict=True)
    )
    return f"{network.describe()}, m = {samples}, {words}"
