"""What the steps of C1 and C2 check: ranks of long recurrent networks, and how modes enter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Matrix

from ...field.batched import batched_rank
from ...problem.networks.recurrent import LinearRecurrent
from ...ranks.point import draw_prime
from . import exhaustive

# Whether n_in, N, d, T and the number of samples that count are as a conjecture asks.
Hypothesis: TypeAlias = Callable[[LinearRecurrent, int], bool]
Slack: TypeAlias = tuple[int, ...]  # by how much each assumption may fail, for false variants
Edge: TypeAlias = tuple[int, int]  # column of B, group
Colouring: TypeAlias = Callable[[Sequence[Edge], int], dict[Edge, int]]
Residues: TypeAlias = Callable[[Sequence[int], int], list[list[int]]]


def networks(largest: int, most_hidden: int, most_steps: int) -> Iterator[LinearRecurrent]:
    """Networks read at the end with n_in and d up to `largest`, N and T up to their bounds.

    >>> sum(1 for _ in networks(1, 2, 2))
    4
    """
    sizes = range(1, largest + 1)
    for hidden, steps in product(range(1, most_hidden + 1), range(1, most_steps + 1)):
        for inputs, outputs in product(sizes, repeat=2):
            yield LinearRecurrent(inputs, hidden, outputs, steps)


def every_allocation(
    hypothesis: Hypothesis, name: str, most_hidden: int, most_steps: int
) -> Iterator[str | None]:
    """All allocations of d m_e weights `name` (of all if there are fewer) have independent columns.

    n_in, d and m_e are up to 3.
    """
    for network in networks(3, most_hidden, most_steps):
        shape = network.weight_shapes[name]
        for samples in range(1, min(3, network.inputs * network.steps) + 1):
            budget = network.outputs * samples
            is_input = name == "input"
            if not hypothesis(network, samples) or (is_input and budget > shape[0] * shape[1]):
                continue
            budget = min(budget, shape[0] * shape[1])
            masks = exhaustive.all_masks(shape[0] * shape[1], budget)
            # Input weights are to be maximal, recurrent weights to have this rank.
            needed = exhaustive.target(network, samples) if is_input else budget
            yield from _have_rank(network, samples, name, masks, needed)


def _have_rank(
    network: LinearRecurrent, samples: int, name: str, masks: NDArray[np.bool_], needed: int
) -> Iterator[str | None]:
    wrong = exhaustive.ranks(network, samples, [name], masks) != needed
    return exhaustive.outcomes(wrong, network, samples, [name], masks)


def random_allocations(
    hypothesis: Hypothesis, name: str, crowded: bool = False
) -> Iterator[str | None]:
    """Seeded random allocations of d m_e weights in networks of up to 7 hidden units.

    Half of them prefer few columns; with `crowded` all put more than T into one (input only).
    """
    rng = np.random.default_rng(0)
    found = 0
    while found < 150:
        inputs, hidden, outputs, steps = (int(n) for n in rng.integers(1, (6, 8, 5, 7)))
        samples = int(rng.integers(1, 5))
        network = LinearRecurrent(inputs, hidden, outputs, steps)
        p, q = network.weight_shapes[name]
        budget = outputs * samples
        fits = samples <= inputs * steps and budget <= p * q and (not crowded or p > steps)
        if not fits or not hypothesis(network, samples) or (crowded and budget <= steps):
            continue
        found += 1
        taste = rng.random((10, p, q))
        taste[::2] += 2 * rng.random((5, 1, q))
        if crowded:
            taste[:, : steps + 1, 0] += 4
        order = np.argsort(-taste.reshape(10, p * q), axis=1)[:, :budget]
        masks = np.zeros((10, p * q), dtype=bool)
        np.put_along_axis(masks, order, True, axis=1)
        yield from _have_rank(network, samples, name, masks, budget)


def few_per_column(
    case: tuple[Slack, int], hypothesis: Callable[[LinearRecurrent, int, Slack], bool], name: str
) -> Iterator[str | None]:
    """The proved part: rank min(r, d m_e) if no column has more than T + shift learnables.

    `case` are the slack of the hypothesis and the shift. Every mask; n_in, d, N up to 3, T up to 4,
    m_e up to 4.
    """
    slack, shift = case
    for network in networks(3, 3, 4):
        shape = network.weight_shapes[name]
        masks = exhaustive.all_masks(shape[0] * shape[1])
        thin = masks.reshape(-1, *shape).sum(axis=1).max(axis=1) <= network.steps + shift
        for samples in range(1, min(4, network.inputs * network.steps) + 1):
            if hypothesis(network, samples, slack):
                needed = np.minimum(masks.sum(axis=1), network.outputs * samples)
                wrong = exhaustive.ranks(network, samples, [name], masks) != needed
                yield from exhaustive.outcomes(wrong[thin], network, samples, [name], masks[thin])


def modes(power: Callable[[int], int]) -> Iterator[str | None]:
    """D W^k e_i = sum over modes v of lambda_v^power(k) f_iv g_v, for W = S^-1 Lambda S."""
    for hidden, k in product((1, 2, 3), (0, 1, 2)):
        values = sympy.symbols(f"v:{hidden}")
        change = sympy.eye(hidden) + Matrix(hidden, hidden, lambda i, j: (i + 1) * (j + 2))
        readout = Matrix(2, hidden, sympy.symbols(f"d:{2 * hidden}"))
        recurrent = change.inv() * sympy.diag(*values) * change
        directions = readout * change.inv()
        for i in range(hidden):
            total = sympy.zeros(2, 1)
            for mode, value in enumerate(values):
                total += value ** power(k) * change[mode, i] * directions[:, mode]
            difference = (readout * recurrent**k)[:, i] - total
            same = difference.applyfunc(sympy.expand) == sympy.zeros(2, 1)
            yield None if same else f"N = {hidden}, power {k}"


def in_turn(counts: Sequence[int], n: int) -> list[list[int]]:
    """The next counts[j] residues modulo n for column j.

    >>> in_turn([2, 2, 1], 3)
    [[0, 1], [2, 0], [1]]
    """
    starts = np.cumsum([0, *counts[:-1]]).tolist()
    pairs = zip(starts, counts, strict=True)
    return [[(start + s) % n for s in range(count)] for start, count in pairs]


def special_point(residues: Residues) -> Iterator[str | None]:
    """The special point of the proof: the columns of random thin allocations are independent."""
    rng = np.random.default_rng(0)
    prime = draw_prime(0, 0)
    for _ in range(200):
        d, m = (int(n) for n in rng.integers(1, 5, size=2))
        n = d + int(rng.integers(3))
        counts: list[int] = []
        while sum(counts) < d * m:
            counts.append(int(rng.integers(1, min(n, d * m - sum(counts)) + 1)))
        f, g = rng.integers(prime, size=(n + 2, n)), rng.integers(prime, size=(d, n))
        used = residues(counts, n)
        pairs = sorted((v, j) for j, of_column in enumerate(used) for v in of_column)
        group = {pair: place % m for place, pair in enumerate(pairs)}
        columns = []
        for j, of_column in enumerate(used):
            for i in rng.permutation(n + 2)[: len(of_column)]:
                column = np.zeros((d, m), dtype=np.int64)
                for v in of_column:
                    column[:, group[v, j]] += f[i, v] * g[:, v] % prime
                columns.append(column.ravel() % prime)
        rank = int(batched_rank(np.array(columns), prime))
        yield None if rank == d * m else f"d = {d}, m = {m}, n = {n}, columns of {counts}"


def edge_colours(edges: Sequence[Edge], n: int) -> dict[Edge, int]:
    """A colour below n for each edge, none twice at a node; n is at least every degree (Koenig).

    >>> edge_colours([(0, 0), (0, 1), (1, 1)], 2)
    {(0, 0): 0, (0, 1): 1, (1, 1): 0}
    """
    ends: dict[tuple[str, int], dict[int, tuple[str, int]]] = defaultdict(dict)
    for column, group in edges:
        u, v = ("column", column), ("group", group)
        a = next(c for c in range(n) if c not in ends[u])
        b = next(c for c in range(n) if c not in ends[v])
        path, node, colour = [], v, a
        while colour in ends[node]:  # exchanging a and b along it frees a at v
            path.append((node, ends[node][colour], colour))
            node, colour = ends[node][colour], a + b - colour
        for x, y, c in path:
            del ends[x][c], ends[y][c]
        for x, y, c in [*((x, y, a + b - c) for x, y, c in path), (u, v, a)]:
            ends[x][c], ends[y][c] = y, x
    found = {(j, ends["column", j][c][1]): c for j, _ in edges for c in ends["column", j]}
    return {edge: found[edge] for edge in edges}


def leading_term(colouring: Colouring) -> Iterator[str | None]:
    """N >= d T: the vectors of the leading term are independent, T = max(d, m_e)."""
    rng = np.random.default_rng(0)
    prime = draw_prime(0, 0)
    for _ in range(200):
        d, m = (int(n) for n in rng.integers(1, 5, size=2))
        g = rng.integers(prime, size=(max(d, m), d, d))
        cuts = rng.choice(d * m - 1, size=int(rng.integers(d * m)), replace=False) + 1
        column_of = np.searchsorted(np.sort(cuts), np.arange(d * m), side="right")
        pairs = list(zip(column_of.tolist(), (np.arange(d * m) // d).tolist(), strict=True))
        sizes = {edge: pairs.count(edge) for edge in pairs}
        colours = colouring(list(sizes), max(d, m))
        vectors = [
            np.outer(g[colours[edge]][:, v], np.arange(m) == edge[1]).ravel()
            for edge, size in sizes.items()
            for v in range(size)
        ]
        twice = len({(edge[0], colour) for edge, colour in colours.items()}) < len(sizes)
        full = int(batched_rank(np.array(vectors), prime)) == d * m
        yield None if full and not twice else f"d = {d}, m = {m}, {sizes}"
