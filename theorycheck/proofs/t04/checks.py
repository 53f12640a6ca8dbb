"""What the steps of T4 check exactly: rules of one layer against ranks of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product, repeat

import numpy as np

from ...problem.networks.feedforward import LinearFeedforward
from ..shared import exhaustive, rigidity
from ..shared.rigidity import Entries
from . import rules as layer_rules
from .rules import Rule, Said, ScopedRule

Shapes = Sequence[tuple[int, int]]
Independence = Callable[[Entries, int, int, int, int], Said]
Construction = Callable[[np.random.Generator, int, int, int, int], Entries | None]
LayerRule = Callable[[LinearFeedforward, int, int, Entries], Said]


def spanning(masks: Entries, d: int, m: int) -> Said:
    """Which masks of the first layer of q-p-d have rank d m, exactly.

    >>> spanning(np.eye(2, dtype=bool)[None], 1, 2).tolist()
    [True]
    """
    _, p, q = masks.shape
    network = LinearFeedforward((q, p, d))
    flat = masks.reshape(len(masks), p * q)
    return exhaustive.ranks(network, m, ["W1"], flat) == d * m


def _outcomes(wrong: Said, masks: Entries, where: str) -> Iterator[str | None]:
    """None per mask up to the first that is wrong, which is shown."""
    if not wrong.any():
        yield from repeat(None, len(wrong))
        return
    first = int(np.argmax(wrong))
    yield from repeat(None, first)
    yield f"{where}, learnable {masks[first].astype(int).tolist()}"


def _layers(shapes: Shapes) -> Iterator[tuple[Entries, int, int, str]]:
    """All masks of each shape, with each d <= p and m_e <= q."""
    for p, q in shapes:
        masks = exhaustive.all_masks(p * q).reshape(-1, p, q)
        for d, m in product(range(1, p + 1), range(1, q + 1)):
            yield masks, d, m, f"d = {d}, m_e = {m}"


def case_decides(case: ScopedRule, shapes: Shapes) -> Iterator[str | None]:
    """The rule is right on every mask of the shapes wherever the case applies."""
    for masks, d, m, where in _layers(shapes):
        if case.applies(masks.shape[1] - d, masks.shape[2] - m, d, m):
            said = case.rule(masks, d, m)
            yield from _outcomes(said != spanning(masks, d, m), masks, where)


def case_suffices(case: ScopedRule, shapes: Shapes) -> Iterator[str | None]:
    """Whenever the rule says maximal, the rank is full."""
    for masks, d, m, where in _layers(shapes):
        if case.applies(masks.shape[1] - d, masks.shape[2] - m, d, m):
            said = case.rule(masks, d, m)
            yield from _outcomes(said & ~spanning(masks, d, m), masks, where)


def case_is_needed(case: ScopedRule, shapes: Shapes) -> Iterator[str | None]:
    """Whenever the rank is full, the rule says maximal."""
    for masks, d, m, where in _layers(shapes):
        if case.applies(masks.shape[1] - d, masks.shape[2] - m, d, m):
            said = case.rule(masks, d, m)
            yield from _outcomes(spanning(masks, d, m) & ~said, masks, where)


def on(
    check: Callable[[ScopedRule, Shapes], Iterator[str | None]], *shapes: tuple[int, int]
) -> Callable[[ScopedRule], Iterator[str | None]]:
    """A check on all masks of these shapes only.

    >>> next(on(case_decides, (2, 2))(layer_rules.CASES[0])) is None
    True
    """
    return lambda case: check(case, shapes)


def duality(frozen_independent: Independence) -> Iterator[str | None]:
    """A mask spans iff its frozen entries are independent; every mask up to 3 x 4."""
    for masks, d, m, where in _layers([(p, q) for p in (1, 2, 3) for q in (1, 2, 3, 4)]):
        said = frozen_independent(~masks, masks.shape[1] - d, masks.shape[2] - m, d, m)
        yield from _outcomes(said != spanning(masks, d, m), masks, where)


def complete_rank(rank: Callable[[int, int, int, int], int]) -> Iterator[str | None]:
    """The rank of all entries of I x J, for |I|, |J| up to 6 and a, b up to 4."""
    for n_rows, n_columns in product(range(1, 7), repeat=2):
        for a, b in product(range(5), repeat=2):
            if n_rows >= a and n_columns >= b:
                everything = np.ones((1, n_rows, n_columns), dtype=bool)
                found = int(rigidity.rank_of(everything, a, b)[0])
                said = rank(n_rows, n_columns, a, b)
                where = f"|I| = {n_rows}, |J| = {n_columns}, a = {a}, b = {b}"
                yield None if found == said else f"{where}: the rank is {found}, not {said}"


def circuits(size: Callable[[int, int, int], int]) -> Iterator[str | None]:
    """a = 1: every circuit on exactly the rows I and columns J has size(|I|, |J|, b) entries."""
    for p, q, b in ((3, 3, 1), (3, 3, 2), (3, 4, 1), (3, 4, 2), (4, 3, 2), (4, 4, 2)):
        entries = exhaustive.all_masks(p * q)
        shaped = entries.reshape(-1, p, q)
        is_free = rigidity.independent(shaped, 1, b)
        codes = np.arange(len(entries))
        is_circuit = ~is_free
        for entry in range(p * q):
            is_circuit &= is_free[codes & ~(1 << entry)] | ~entries[:, entry]
        for circuit in shaped[is_circuit]:
            n_rows, n_columns = (int(circuit.any(axis=axis).sum()) for axis in (1, 0))
            same = int(circuit.sum()) == size(n_rows, n_columns, b)
            yield None if same else f"b = {b}, circuit {circuit.astype(int).tolist()}"


def peeling_keeps(core: Callable[[Entries, int, int], Entries]) -> Iterator[str | None]:
    """Entries are independent iff those of the core are, for every set of entries up to 3 x 4."""
    for p, q in ((2, 2), (2, 3), (3, 3), (3, 4)):
        entries = exhaustive.all_masks(p * q).reshape(-1, p, q)
        for a, b in product(range(min(p, 3)), range(min(q, 3))):
            same = rigidity.independent(entries, a, b)
            same = same == rigidity.independent(core(entries, a, b), a, b)
            yield from _outcomes(~same, ~entries, f"a = {a}, b = {b}")


def constructed(make: Construction, sizes: tuple[int, int] = (2, 7)) -> Iterator[str | None]:
    """Sets of frozen entries made at random as a sufficient condition asks for are independent."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        p, q = (int(side) for side in rng.integers(*sizes, size=2, endpoint=True))
        a, b = int(rng.integers(1, p)), int(rng.integers(1, q))
        frozen = make(rng, p, q, a, b)
        free = frozen is None or rigidity.independent(frozen[None], a, b)[0]
        where = "" if frozen is None else f"{frozen.astype(int).tolist()}"
        yield None if free else f"a = {a}, b = {b}, frozen {where}"


def bernstein(split: Rule) -> Iterator[str | None]:
    """a = b = 2, p = q = 4: every basis (12 entries) and no other set of 12 entries splits."""
    frozen = exhaustive.all_masks(16, 12).reshape(-1, 4, 4)
    said = split(~frozen, 2, 2)
    yield from _outcomes(said != rigidity.independent(frozen, 2, 2), ~frozen, "a = b = 2")


def any_layer(rule: LayerRule, bias: bool = False) -> Iterator[str | None]:
    """The whole statement: every mask of every layer of all small networks, by the rank.

    Without biases widths up to 3 and depth up to 3; with them widths up to 2 and depth up to 3, or
    widths up to 3 and depth up to 2 with at most 18 weights.
    """
    if bias:
        networks = list(exhaustive.feedforward_networks((1, 2), (1, 2, 3), 20, bias))
        networks += exhaustive.feedforward_networks((1, 2, 3), (1, 2), 18, bias)
    else:
        networks = list(exhaustive.feedforward_networks((1, 2, 3), (1, 2, 3), 27))
    for network in networks:
        for samples in range(1, network.inputs + bias + 2):
            dimension = exhaustive.target(network, samples)
            for layer in range(1, network.depth + 1):
                yield from _every_mask(rule, network, layer, samples, dimension)


def _every_mask(
    rule: LayerRule, network: LinearFeedforward, layer: int, samples: int, dimension: int
) -> Iterator[str | None]:
    names = [f"W{layer}", f"b{layer}"] if network.bias else [f"W{layer}"]
    p, sources = network.widths[layer], network.widths[layer - 1]
    masks = exhaustive.all_masks(p * (sources + network.bias))
    maximal = exhaustive.ranks(network, samples, names, masks) == dimension
    weights, biases = np.split(masks, [p * sources], axis=1)
    count = len(masks)
    parts = [weights.reshape(count, p, sources), biases.reshape(count, p, int(network.bias))]
    wrong = rule(network, layer, samples, np.concatenate(parts, axis=2)) != maximal
    return exhaustive.outcomes(wrong, network, samples, names, masks)


def statement_rule(
    network: LinearFeedforward, layer: int, samples: int, masks: Entries, shift: tuple[int, int]
) -> Said:
    """T4: bottlenecks first, then the exact cases; shift = (0, 0), or what a false variant adds.

    shift[0] units are added to the widths behind the layer, shift[1] to those before it.

    >>> statement_rule(LinearFeedforward((2, 1, 2)), 1, 2, np.ones((1, 1, 2)), (0, 0)).tolist()
    [False]
    """
    d, m = network.outputs, min(samples, network.inputs + network.bias)
    behind = [width + shift[0] for width in network.widths[layer:-1]]
    before = [width + network.bias + shift[1] for width in network.widths[1:layer]]
    if min(behind, default=d) < d or min(before, default=m) < m:
        return np.zeros(len(masks), dtype=bool)
    d, m = min(d, masks.shape[1]), min(m, masks.shape[2])  # only a false variant needs this
    return layer_rules.exact(masks, d, m)
