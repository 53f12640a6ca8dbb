"""Orders of preference for weights to learn, from which designs and repairs take their bases.

A good order puts a set without conflicts first (T2): one layer, or two neighbouring ones in which
no hidden unit has both a learnable input and a learnable output. If such a set has full rank, the
basis stays inside it and is maximal. Other orders may give conflicts; `classify` judges them all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from ..problem.masks import Entry, Mask, both, entries_of
from ..problem.networks.base import Network
from ..problem.networks.unrolled import as_matrix

Prefer: TypeAlias = Literal["spread", "few-layers"]
PREFERENCES: tuple[Prefer, ...] = ("spread", "few-layers")
EVEN_TRIES = 8  # random even orders over all layers
SPLITS = 3  # random splits of the hidden units for every pair of neighbouring layers


class Plan(NamedTuple):
    """Groups of entries, the preferred ones first, and what they are in words."""

    kind: str  # "even", "staged", "layer", "split", "peel" or "stacked"
    what: str
    groups: tuple[list[Entry], ...]

    @property
    def order(self) -> list[Entry]:
        """All entries in their order of preference."""
        return [entry for group in self.groups for entry in group]

    def favouring(self, kept: Iterable[Entry], *, first: bool) -> list[Entry]:
        """The order with the entries `kept` before the others: in each group, or `first` of all."""
        favoured = set(kept)
        groups = (self.order,) if first else self.groups
        return [
            entry for group in groups for entry in sorted(group, key=lambda c: c not in favoured)
        ]


def plans(
    network: Network,
    allowed: Mapping[str, Mask],
    prefer: Prefer,
    rng: np.random.Generator,
    near: Mapping[str, Mask] | None = None,
) -> Iterator[Plan]:
    """Plans over all entries of the masks `allowed`, the most preferred first.

    With `near`, some splits of hidden units follow these masks.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([1, 2, 1])
    >>> allowed = {"W1": np.ones((2, 1), bool), "W2": np.ones((1, 2), bool)}
    >>> [plan.what for plan in plans(network, allowed, "few-layers", np.random.default_rng(0))][:2]
    ['in W1 only', 'in W2 only']
    """
    layers = _layers(network)
    spread = (Plan("even", "spread evenly", (even_order(allowed, rng),)) for _ in range(EVEN_TRIES))
    if prefer == "spread":
        yield from spread
    regions = [("layer", f"in {' and '.join(n)} only", [_whole(network, n)]) for n in layers]
    splits, peels = [], []
    if network.is_linear:  # without conflicts, and T9, mean something for these alone
        splits = [("split", what, [region]) for what, region in _splits(network, rng, near)]
        peels = [("peel", what, parts) for what, parts in _peels(network, rng)]
    elif not network.is_recurrent:
        regions.reverse()  # the output is affine in the last layer
    few = prefer == "few-layers"
    for kind, what, parts in regions + splits + peels if few else peels + splits + regions:
        groups = _groups(parts, allowed, rng)
        if len(groups) > len(parts):
            yield Plan(kind, what, groups)
    yield from _stacked(layers, allowed)
    if prefer == "few-layers":
        yield from spread


def _groups(
    parts: Iterable[Mapping[str, Mask]], allowed: Mapping[str, Mask], rng: np.random.Generator
) -> tuple[list[Entry], ...]:
    """The entries of each part, without those of earlier ones, and the rest; none empty but it."""
    groups: list[list[Entry]] = []
    seen: set[Entry] = set()
    for part in parts:
        inside = {name: both(allowed[name], mask) for name, mask in part.items()}
        group = [entry for entry in even_order(inside, rng) if entry not in seen]
        seen.update(group)
        groups += [group] if group else []
    return (*groups, [entry for entry in even_order(allowed, rng) if entry not in seen])


def even_order(allowed: Mapping[str, Mask], rng: np.random.Generator) -> list[Entry]:
    """All entries of `allowed` such that every first part is even over layers, rows and columns.

    A bias is one more column of its layer. In sparse layers rows and columns are only roughly even.

    >>> masks = {"W1": np.ones((2, 2), bool), "W2": np.ones((2, 2), bool)}
    >>> order = even_order(masks, np.random.default_rng(0))
    >>> sorted(name for name, _ in order[:4]), len({index[0] for name, index in order[:4]})
    (['W1', 'W1', 'W2', 'W2'], 2)
    """
    queues: list[list[Entry]] = []
    for name in allowed:
        bias = f"b{name[1:]}"
        if allowed[name].ndim > 1:
            queues.append(_diagonals(name, allowed[name], bias, allowed.get(bias), rng))
        elif f"W{name[1:]}" not in allowed:
            queues.append(
                [(name, (int(i),)) for i in rng.permutation(np.flatnonzero(allowed[name]))]
            )
    queues = [queues[i] for i in rng.permutation(len(queues))]
    longest = max(map(len, queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]


def extend_evenly(core: list[Entry], order: Iterable[Entry], budget: int) -> list[Entry]:
    """`core` and more entries along `order`, `budget` in all, kept even over weight matrices.

    >>> extend_evenly([("W1", (0,))], [("W1", (1,)), ("W2", (0,))], 2)
    [('W1', (0,)), ('W2', (0,))]
    """
    chosen = list(core)
    taken = set(core)
    queues: dict[str, list[Entry]] = {}
    for entry in order:
        if entry not in taken:
            queues.setdefault(entry[0], []).append(entry)
    counts = {name: sum(entry[0] == name for entry in core) for name in queues}
    taken_of = dict.fromkeys(queues, 0)
    while len(chosen) < budget and taken_of:
        name = min(taken_of, key=lambda key: counts[key])
        chosen.append(queues[name][taken_of[name]])
        counts[name] += 1
        taken_of[name] += 1
        if taken_of[name] == len(queues[name]):
            del taken_of[name]
    return chosen


def _diagonals(
    name: str, mask: Mask, bias: str, bias_mask: Mask | None, rng: np.random.Generator
) -> list[Entry]:
    """The entries of one layer along shuffled diagonals, as `placement.spread_masks` walks them."""
    matrix = as_matrix(mask)
    joined = matrix if bias_mask is None else np.column_stack([matrix, bias_mask])
    p, q = joined.shape
    t = np.arange(p * q)
    rows = rng.permutation(p)[t % p]
    columns = rng.permutation(q)[(t + t // math.lcm(p, q)) % q]
    keep = joined[rows, columns]
    found: list[Entry] = []
    for i, j in zip(rows[keep].tolist(), columns[keep].tolist(), strict=True):
        others = np.unravel_index(j, mask.shape[1:]) if j < matrix.shape[1] else ()
        found.append((name if others else bias, (i, *map(int, others))))
    return found


def _layers(network: Network) -> list[tuple[str, ...]]:
    """Its layers; of a recurrent network those that act once at every step before the others."""
    if not network.is_recurrent:
        return list(network.weight_layers)
    return sorted(reversed(network.weight_layers), key=lambda names: network.lag(names[0]))


def _whole(network: Network, names: Iterable[str]) -> dict[str, Mask]:
    return {name: np.broadcast_to(np.bool_(True), network.weight_shapes[name]) for name in names}


def _splits(
    network: Network,
    rng: np.random.Generator,
    near: Mapping[str, Mask] | None,
) -> Iterator[tuple[str, dict[str, Mask]]]:
    """Pairs of weight matrices with the hidden units split between them."""
    matrices = [names[0] for names in network.weight_layers]
    pairs = list(pairwise(matrices))
    if network.is_recurrent and network.steps != 2:
        # A recurrent weight meets another one only from 3 steps on, and always from 4 on (T2).
        inner = [matrix for matrix in matrices if network.lag(matrix)]
        pairs = [(matrix, matrix) for matrix in inner] if network.steps == 3 else []
    for lower, upper in pairs:
        units = network.weight_shapes[lower][0]
        if near is not None:
            outgoing = near[upper].sum(0)
            yield _split(network, lower, upper, near[lower].sum(1) >= outgoing)
        for _ in range(SPLITS if units > 1 else 0):
            receiving = np.zeros(units, dtype=bool)
            receiving[rng.permutation(units)[: units // 2 + int(rng.integers(units % 2 + 1))]] = (
                True
            )
            yield _split(network, lower, upper, receiving)


def _split(
    network: Network, lower: str, upper: str, receiving: Mask
) -> tuple[str, dict[str, Mask]]:
    """Learnable inputs for the units `receiving`, learnable outputs for the others."""
    shapes = network.weight_shapes
    rows = np.broadcast_to(receiving[:, None], shapes[lower])
    columns = np.broadcast_to(~receiving[None, :], shapes[upper])
    if lower == upper:
        return f"in {lower}, its units split", {lower: rows & columns}
    masks = {lower: rows, upper: columns}
    biases = {names[0]: names[1] for names in network.weight_layers if len(names) > 1}
    if lower in biases:
        # Constants start paths of their own, so they meet no learnable weight of their own layer.
        masks[biases[lower]] = receiving
        masks[biases[upper]] = np.ones(shapes[upper][0], dtype=bool)
    return f"in {lower} and {upper}, the units between them split", masks


def _peels(
    network: Network, rng: np.random.Generator
) -> Iterator[tuple[str, list[dict[str, Mask]]]]:
    """Whole rows of the last layer, whole columns of the first, then one layer for what is left.

    T9 peels rows and columns off, and one layer has no conflicts (T2, T4).
    """
    matrices = [names[0] for names in network.weight_layers]
    if not network.is_layered or len(matrices) == 1:
        return
    shapes = network.weight_shapes
    first, *between, last = matrices
    share = 1 / min(len(matrices), 3)
    for middle in between or [first]:
        rows, columns = np.zeros(shapes[last], bool), np.zeros(shapes[first], bool)
        rows[rng.permutation(len(rows))[: round(share * len(rows))]] = True
        parts = [{last: rows}]
        what = f"in rows of {last}, then in {first}"
        if between:
            columns[:, rng.permutation(network.inputs)[: round(network.inputs / 2)]] = True
            parts.append({first: columns})
            what = f"in rows of {last}, columns of {first}, then in {middle}"
        yield what, [*parts, _whole(network, [middle])]


def _stacked(layers: list[tuple[str, ...]], allowed: Mapping[str, Mask]) -> Iterator[Plan]:
    """One layer whole, then the next ones line by line, for bottlenecks: few are bilinear."""
    for start, names in enumerate(layers):
        following = [*layers[:start][::-1], *layers[start + 1 :]]
        for axis, lines in enumerate(("row", "column")):
            groups = []
            for layer in (names, *following):
                entries = entries_of({name: allowed[name] for name in layer})
                groups.append(
                    sorted(entries, key=lambda entry: entry[1][min(axis, len(entry[1]) - 1)])
                )
            yield Plan(
                "stacked", f"in {' and '.join(names)} first, then {lines} by {lines}", tuple(groups)
            )
