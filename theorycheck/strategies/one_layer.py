"""All learnables in one layer, at the edge between minimal and maximal (T3 and T4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import networkx as nx
import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..problem.allocation import Allocation
from ..problem.files import Problem
from ..problem.masks import Mask
from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward
from .masks import LayerWithBias, chosen, layers
from .networks import samples

Entry: TypeAlias = tuple[int, int]
Kind: TypeAlias = Callable[[st.DrawFn, "SingleLayer"], Mask]


class SingleLayer(NamedTuple):
    """One layer of a network on `samples` inputs, to hold all learnables."""

    network: Network
    layer: LayerWithBias
    samples: int

    @property
    def columns_needed(self) -> int:
        """m_e: the samples that count."""
        return self.network.effective_samples(self.samples)

    @property
    def spare(self) -> tuple[int, int]:
        """a = rows - d and b = columns - m_e of T4."""
        rows, columns = self.layer.shape
        return rows - self.network.outputs, columns - self.columns_needed


@st.composite
def single_layers(
    draw: st.DrawFn,
    rows: SearchStrategy[int] | None = None,
    columns: SearchStrategy[int] | None = None,
    least: int = 1,
) -> SingleLayer:
    """Feed-forward layers of d + a rows and m_e + b columns that no other layer narrows.

    a is drawn from `rows`, b from `columns` (0 to 2 by default), d and m_e from `least` on.
    """
    d, m_e = draw(st.integers(least, 3)), draw(st.integers(least, 3))
    a = draw(st.integers(0, 2) if rows is None else rows)
    b = draw(st.integers(0, 2) if columns is None else columns)
    ahead, extra = draw(st.booleans()), draw(st.integers(0, 1))
    spare_inputs = extra if ahead else b
    bias = min(m_e + b, m_e + spare_inputs) > 1 and draw(st.booleans())
    widths = [m_e + b - bias, d + a]
    if ahead:
        widths.insert(0, m_e + spare_inputs - bias)
    if draw(st.booleans()) and a == 0:
        widths.append(d + extra)
    if widths[-1] != d:
        widths.append(d)
    network = LinearFeedforward(widths, bias=bias)
    more = draw(st.integers(0, 1)) if spare_inputs == 0 else 0
    return SingleLayer(network, layers(network)[ahead], m_e + more)


@st.composite
def single_layers_of(draw: st.DrawFn, networks: SearchStrategy[Network]) -> SingleLayer:
    """Any layer of the given linear networks on any number of samples."""
    network = draw(networks)
    return SingleLayer(network, draw(st.sampled_from(layers(network))), draw(samples()))


@st.composite
def one_layer_problems(draw: st.DrawFn, networks: SearchStrategy[Network] | None = None) -> Problem:
    """One layer with one learnable less than d m_e up to all, the bias being one more column.

    The default networks have layers of d to d + 2 rows and m_e to m_e + 2 columns which no other
    layer narrows, so that the place of the frozen entries decides.

    >>> from theorycheck.strategies import smallest
    >>> smallest(one_layer_problems(), lambda problem: len(problem.allocation.counts) > 0).samples
    1
    """
    single = draw(single_layers() if networks is None else single_layers_of(networks))
    rows, columns = single.layer.shape
    edge = min(single.network.outputs * single.columns_needed, rows * columns)
    budget = draw(st.integers(edge - 1, rows * columns))
    return _problem(single, _mask(single, chosen(draw, _entries(single), budget)))


@st.composite
def near_extremal_problems(
    draw: st.DrawFn, networks: SearchStrategy[Network] | None = None
) -> Problem:
    """One learnable more or fewer than a condition of T3 or T4 asks for, in one layer.

    Rows of m_e learnables, one of them at times with one fewer; columns likewise with d; frozen
    entries that form a forest, or a forest and an edge that closes a cycle; as many frozen entries
    as the count allows, or one more or fewer; and two complete blocks of frozen entries that share
    one entry, itself learnable: what passes every count and still may be dependent.
    """
    if networks is None:
        kind, fitting = draw(st.sampled_from(list(_default_layers().items())))
        single = draw(fitting)
    else:
        single = draw(single_layers_of(networks))
        kind = draw(st.sampled_from([kind for kind in _KINDS if _fits(kind, single)]))
    mask = kind(draw, single)
    rows, columns = single.layer.shape
    order = np.ix_(draw(st.permutations(range(rows))), draw(st.permutations(range(columns))))
    return _problem(single, mask[order])


def full_rows(draw: st.DrawFn, single: SingleLayer) -> Mask:
    """Every row has m_e learnables, or the last one fewer."""
    return _lines(draw, single.layer.shape, single.columns_needed)


def full_columns(draw: st.DrawFn, single: SingleLayer) -> Mask:
    """Every column has d learnables, or the last one fewer."""
    rows, columns = single.layer.shape
    return _lines(draw, (columns, rows), single.network.outputs).T


def _lines(draw: st.DrawFn, shape: tuple[int, int], needed: int) -> Mask:
    mask = np.zeros(shape, dtype=bool)
    for row in mask:
        row[chosen(draw, range(shape[1]), needed)] = True
    if draw(st.booleans()):
        mask[-1, np.argmax(mask[-1])] = False
    return mask


def forest(draw: st.DrawFn, single: SingleLayer) -> Mask:
    """The frozen entries form a forest of rows and columns, or a forest and one edge too many."""
    rows, columns = single.layer.shape
    tree: list[Entry] = [(0, 0)]
    i, j = 1, 1
    while i < rows or j < columns:
        if j == columns or (i < rows and draw(st.booleans())):
            tree.append((i, draw(st.integers(0, j - 1))))
            i += 1
        else:
            tree.append((draw(st.integers(0, i - 1)), j))
            j += 1
    left_out = draw(st.integers(0, 2))
    kept = tree[: len(tree) - left_out]
    closing = _closing(kept, _entries(single))
    if closing and draw(st.booleans()):
        kept.append(draw(st.sampled_from(closing)))
    return ~_mask(single, kept)


def _closing(edges: list[Entry], entries: list[Entry]) -> list[Entry]:
    """The entries that would close a cycle."""
    graph = nx.Graph((("row", i), ("column", j)) for i, j in edges)
    part = {node: k for k, nodes in enumerate(nx.connected_components(graph)) for node in nodes}
    return [
        (i, j)
        for i, j in entries
        if (i, j) not in edges and part.get(("row", i), -1) == part.get(("column", j), -2)
    ]


def counted(draw: st.DrawFn, single: SingleLayer) -> Mask:
    """d m_e learnables anywhere in the layer, or one more or fewer."""
    budget = single.network.outputs * single.columns_needed + draw(st.sampled_from([0, 1, -1]))
    return _mask(single, chosen(draw, _entries(single), budget))


def glued_blocks(draw: st.DrawFn, single: SingleLayer) -> Mask:
    """Two complete blocks of (a + 1) x (b + 1) frozen entries share one entry, which is learnable.

    A block is a circuit of the rigidity matroid, so that the two without their common entry are one
    too. For a = b = 2 no count sees it: on (5, 5, 3) with 3 samples the rank is 8 < 9.
    """
    a, b = single.spare
    frozen = np.zeros(single.layer.shape, dtype=bool)
    frozen[: a + 1, : b + 1] = True
    frozen[np.ix_([0, *range(a + 1, 2 * a + 1)], [0, *range(b + 1, 2 * b + 1)])] = True
    frozen[0, 0] = False
    return ~frozen


_KINDS: tuple[Kind, ...] = (counted, full_rows, full_columns, forest, glued_blocks)


def _default_layers() -> dict[Kind, SearchStrategy[SingleLayer]]:
    """Each kind with layers made for it."""
    none, one, two = st.just(0), st.just(1), st.just(2)
    return {
        counted: single_layers(),
        full_rows: single_layers(rows=none),
        full_columns: single_layers(columns=none),
        forest: single_layers(one, one),
        glued_blocks: st.one_of(single_layers(one, one, least=2), single_layers(two, two, least=3)),
    }


def _fits(kind: Kind, single: SingleLayer) -> bool:
    """Whether the sizes of a layer are those that a kind asks for."""
    a, b = single.spare
    rows, columns = single.layer.shape
    if kind is glued_blocks:
        return a == b and a in (1, 2) and min(rows, columns) > 2 * a
    if kind is forest:
        return a == b == 1
    return kind is counted or (a == 0 <= b if kind is full_rows else b == 0 <= a)


def _entries(single: SingleLayer) -> list[Entry]:
    rows, columns = single.layer.shape
    return [(i, j) for i in range(rows) for j in range(columns)]


def _mask(single: SingleLayer, entries: Iterable[Entry]) -> Mask:
    mask = np.zeros(single.layer.shape, dtype=bool)
    for entry in entries:
        mask[entry] = True
    return mask


def _problem(single: SingleLayer, mask: Mask) -> Problem:
    return Problem(Allocation(single.network, single.layer.masks(mask)), single.samples)
