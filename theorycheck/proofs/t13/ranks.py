"""Sparse masks, and biases, of which peeling by ranks leaves nothing, and their exact ranks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...field.arithmetic import reduce
from ...field.elimination import rank
from ...problem.allocation import Mask
from ...problem.networks.base import Network
from ..shared import exhaustive
from ..shared.evaluation import split

_PRIME = 8388593
_NETWORKS = (((2, 2, 1), 2, False), ((1, 2, 2), 1, False), ((1, 1, 1), 2, True))
_LARGER, _DRAWS = (2, 2, 2), 20


@dataclass(frozen=True)
class Ranks:
    """The rules: a rank, of `fewer` than needed, or a count; lines that are deleted are seen."""

    by_ranks: bool = True
    fewer: int = 0
    is_read: bool = True


@dataclass(frozen=True)
class _Left:
    """Weights and learnables of the layers left; what reads their rows, what columns read."""

    weights: tuple[NDArray[np.int64], ...]
    masks: tuple[Mask, ...]
    combine: NDArray[np.int64]  # outputs x rows
    samples: NDArray[np.int64]  # samples x columns


def nothing_is_left_of_sparse(rules: Ranks) -> Iterator[str | None]:
    """Every allocation of which nothing is left has rank d m."""
    rng = np.random.default_rng(0)
    for widths, samples, bias in _NETWORKS:
        network = _network(widths, bias)
        for bits in exhaustive.all_masks(network.n_weights):
            yield from _of_present(network, samples, bits, rules, rng, None)
    network = _network(_LARGER, bias=False)
    for bits in rng.random((_DRAWS, network.n_weights)) < 0.8:
        yield from _of_present(network, 2, bits, rules, rng, 40)


def _network(widths: tuple[int, ...], bias: bool) -> Network:
    """The linear feed-forward network of these widths."""
    found = exhaustive.feedforward_networks(sorted({*widths}), [len(widths) - 1], 10, bias)
    return next(network for network in found if network.widths == widths)


def _of_present(
    network: Network,
    samples: int,
    bits: NDArray[np.bool_],
    rules: Ranks,
    rng: np.random.Generator,
    most: int | None,
) -> Iterator[str | None]:
    """The learnable masks, or `most` of them at random, of one mask of present weights."""
    names, present = list(network.weight_shapes), split(network, bits)
    masks = exhaustive.all_masks(network.n_weights)
    masks = masks[~(masks & ~bits).any(axis=1)]
    if most is not None:
        masks = masks[rng.choice(len(masks), min(most, len(masks)), replace=False)]
    size = network.outputs * min(samples, _n_inputs(network))
    masks = masks[masks.sum(axis=1) >= size - rules.fewer * network.outputs]
    if not len(masks):
        return
    found = exhaustive.ranks(network, samples, names, masks, present)
    weights = _wide(network, {
        name: np.where(mask, rng.integers(1, _PRIME, mask.shape), 0)
        for name, mask in present.items()
    }, 1)  # fmt: skip
    n = _n_inputs(network)
    inputs = rng.integers(1, _PRIME, (min(samples, n), n))
    for mask, value in zip(masks, found, strict=True):
        learnable = _wide(network, split(network, mask), 0)
        eye = np.eye(network.outputs, dtype=np.int64)
        if _can_go(_Left(weights, learnable, eye, inputs), rules):
            words = exhaustive.shown(network, samples, names, mask)
            held = exhaustive.shown(network, samples, names, bits)
            yield None if value == size else f"{words}; present {held}: rank {value} of {size}"


def _n_inputs(network: Network) -> int:
    """Inputs, the constant among them."""
    return network.inputs + (len(network.weight_layers[0]) > 1)


def _wide(network: Network, known: Mapping[str, Any], one: int) -> tuple[Any, ...]:
    """The layers, a bias being the last column of its layer, of a unit that is `one`."""
    found = []
    for names in network.weight_layers:
        wide = np.column_stack([known[name] for name in names])
        if len(names) > 1 and names != network.weight_layers[-1]:
            row = np.array([[0] * (wide.shape[1] - 1) + [one]], dtype=wide.dtype)
            wide = np.concatenate([wide, row])
        found.append(wide)
    return tuple(found)


def _can_go(left: _Left, rules: Ranks) -> bool:
    """Whether some steps leave nothing; one line at a time."""
    if not (len(left.combine) and len(left.samples)):
        return True
    values = left.samples.T
    for weight in left.weights[:-1]:
        values = weight @ values % _PRIME
    for row, entries in enumerate(left.masks[-1]):
        if _goes(values[entries], len(left.samples), left.combine[:, row], rules):
            return _can_go(_without_row(left, row), rules)
    turned = _Left(tuple(w.T for w in left.weights[::-1]), tuple(m.T for m in left.masks[::-1]),
                   left.samples, left.combine)  # fmt: skip
    ways = turned.samples.T
    for weight in turned.weights[:-1]:
        ways = weight @ ways % _PRIME
    for column, entries in enumerate(turned.masks[-1]):
        if _goes(ways[entries], len(left.combine), turned.combine[:, column], rules):
            return _can_go(_without_row(turned, column), rules)
    if len(left.weights) == 1:
        return False
    first = replace(left, weights=left.weights[1:], masks=left.masks[1:],
                    samples=left.samples @ left.weights[0].T % _PRIME)  # fmt: skip
    last = replace(left, weights=left.weights[:-1], masks=left.masks[:-1],
                   combine=left.combine @ left.weights[-1] % _PRIME)  # fmt: skip
    return _can_go(first, rules) or _can_go(last, rules)


def _goes(reached: NDArray[np.int64], needed: int, seen: NDArray[np.int64], rules: Ranks) -> bool:
    """Whether a line may be deleted with an equation for each of `needed`."""
    needed = max(needed - rules.fewer, 1)
    if len(reached) < needed or (rules.is_read and not seen.any()):
        return False
    return not rules.by_ranks or rank(reduce(reached, _PRIME), _PRIME) >= needed


def _without_row(left: _Left, row: int) -> _Left:
    """The last layer without a row, the other outputs freed of it by the first that reads it."""
    combine = left.combine
    at = int(np.argmax(combine[:, row] != 0))
    inverse = pow(int(combine[at, row]), -1, _PRIME) if combine[at, row] else 0
    factors = combine[:, row] * inverse % _PRIME
    freed = (combine - factors[:, None] * combine[at]) % _PRIME
    kept = [i for i in range(len(combine)) if i != at]
    rows = [i for i in range(combine.shape[1]) if i != row]
    weights = (*left.weights[:-1], left.weights[-1][rows])
    masks = (*left.masks[:-1], left.masks[-1][rows])
    return _Left(weights, masks, freed[np.ix_(kept, rows)], left.samples)
