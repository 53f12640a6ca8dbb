"""Allocations: which weights of a network are learnable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .errors import InputError
from .graphs import layer_graph, masks_from_graph, unit_graph
from .masks import Mask, check_name, count, equal, is_materialised, masks_of
from .networks import Network
from .placement import allowed_masks, check_network, line_masks, random_masks
from .spread import spread_masks

if TYPE_CHECKING:
    import networkx as nx


_MOST_SHOWN = 200  # weights of a network whose masks are shown in full


@dataclass(frozen=True, eq=False, repr=False)
class Allocation:
    """Masks bound to a network: `learnable` weights are trained, all others stay frozen.

    `learnable` and `present` map weight names to 0/1 arrays of the weight's shape. A weight that
    `learnable` does not name is frozen; one that `present` does not name is fully connected. An
    absent connection is fixed at 0 in teacher and student. After construction both mappings hold
    one read-only boolean array for every weight.

    Raises `InputError` for unknown names, wrong shapes, values other than 0 and 1, and learnable
    connections that are absent.

    >>> from theorycheck import LinearFeedforward
    >>> allocation = Allocation(LinearFeedforward([2, 2]), {"W1": [[1, 0], [1, 1]]})
    >>> allocation.n_learnable, allocation.is_dense
    (3, True)
    """

    network: Network
    learnable: Mapping[str, ArrayLike]
    present: Mapping[str, ArrayLike] | None = None

    def __post_init__(self) -> None:
        check_network(self.network)
        given = {} if self.present is None else self.present
        shapes = self.network.weight_shapes
        learnable = masks_of(self.learnable, shapes, "learnable", default=False)
        present = masks_of(given, shapes, "present", default=True)
        for name in given:
            _refuse_absent_learnables(name, learnable[name], present[name])
        object.__setattr__(self, "learnable", MappingProxyType(learnable))
        object.__setattr__(self, "present", MappingProxyType(present))

    @cached_property
    def counts(self) -> dict[str, int]:
        """Weight name -> number of learnable entries, only for weights that have some."""
        counts = {name: count(mask) for name, mask in self.masks("learnable")}
        return {name: number for name, number in counts.items() if number}

    @cached_property
    def n_learnable(self) -> int:
        """Number r of learnable weights."""
        return sum(self.counts.values())

    @cached_property
    def is_dense(self) -> bool:
        """Whether every connection of the network is present."""
        return self.n_present == self.network.n_weights

    @cached_property
    def n_present(self) -> int:
        """Number of weights that exist."""
        return sum(count(mask) for _, mask in self.masks("present"))

    def masks(self, which: str) -> Iterator[tuple[str, Mask]]:
        """Yield (name, mask) for every weight; `which` is `"learnable"` or `"present"`."""
        yield from getattr(self, which).items()

    def mask(self, name: str) -> Mask:
        """The learnable mask of weight `name`."""
        return self.learnable[name]  # type: ignore[return-value]

    def present_mask(self, name: str) -> Mask:
        """The mask of existing connections of weight `name`."""
        return self.present[name]  # type: ignore[index,return-value]

    def restricted_to(self, names: Iterable[str]) -> Allocation:
        """The sub-allocation whose learnables are those of the weights `names` only."""
        kept = {name: self.mask(name) for name in names}
        return Allocation(self.network, kept, self.given_present())

    def given_present(self) -> dict[str, Mask]:
        """The masks of existing connections, only for weights that were given one."""
        return {name: m for name, m in self.masks("present") if is_materialised(m)}

    def to_networkx(self, weight: str | None = None) -> nx.Graph:
        """The network's units as a directed graph, or one weight matrix as a bipartite graph.

        See `graphs.unit_graph` and `graphs.layer_graph` for nodes and attributes.

        >>> from theorycheck import LinearFeedforward
        >>> graph = Allocation.full(LinearFeedforward([2, 3])).to_networkx()
        >>> graph.number_of_edges(), Allocation.from_networkx(graph).n_learnable
        (6, 6)
        """
        return unit_graph(self) if weight is None else layer_graph(self, weight)

    @classmethod
    def from_networkx(cls, graph: nx.Graph) -> Allocation:
        """The allocation of a graph of units; the inverse of `to_networkx`.

        Raises `InputError` if the graph has no network or an edge fits no weight.
        """
        return cls(*masks_from_graph(graph))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as what it is made from; constant masks take no room."""
        learnable = {name: _packed(mask) for name, mask in self.masks("learnable")}
        present = {name: _packed(mask) for name, mask in self.masks("present")}
        return _unpacked, (self.network, learnable, present)

    def __repr__(self) -> str:
        """An expression that makes it again; for a large network the numbers of learnables only.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation(LinearFeedforward([2, 1]), {"W1": [[0, 1]]})
        Allocation(LinearFeedforward(widths=(2, 1), bias=False), {'W1': [[0, 1]]})
        """
        if self.network.n_weights > _MOST_SHOWN:
            return f"<Allocation of {self.network!r}: {self.counts} learnable>"
        learnable = {name: self.mask(name).astype(int).tolist() for name in self.counts}
        absent = {n: m.astype(int).tolist() for n, m in self.given_present().items() if not m.all()}
        return f"Allocation({self.network!r}, {learnable}{f', {absent}' if absent else ''})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Allocation):
            return NotImplemented
        return self.network == other.network and all(
            equal(mask, getattr(other, which)[name])
            for which in ("learnable", "present")
            for name, mask in self.masks(which)
        )

    __hash__ = None  # type: ignore[assignment]  # masks can be large; use a canonical form instead

    @classmethod
    def full(cls, network: Network, present: Mapping[str, ArrayLike] | None = None) -> Allocation:
        """Every present weight learnable.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation.full(LinearFeedforward([3, 2])).n_learnable
        6
        """
        return cls(network, allowed_masks(network, present, None), present)

    @classmethod
    def none(cls, network: Network, present: Mapping[str, ArrayLike] | None = None) -> Allocation:
        """No weight learnable.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation.none(LinearFeedforward([3, 2])).n_learnable
        0
        """
        return cls(network, {}, present)

    @classmethod
    def random(
        cls,
        network: Network,
        budget: int,
        rng: np.random.Generator,
        *,
        within: Mapping[str, ArrayLike] | None = None,
        present: Mapping[str, ArrayLike] | None = None,
    ) -> Allocation:
        """Exactly `budget` learnables, uniform among the present weights (and those in `within`).

        >>> from theorycheck import LinearFeedforward
        >>> rng = np.random.default_rng(0)
        >>> Allocation.random(LinearFeedforward([3, 4, 2]), 6, rng).n_learnable
        6
        """
        masks = random_masks(allowed_masks(network, present, within), budget, rng)
        return cls(network, masks, present)

    @classmethod
    def rows(
        cls,
        network: Network,
        rows: Mapping[str, Iterable[int]],
        present: Mapping[str, ArrayLike] | None = None,
    ) -> Allocation:
        """Whole rows of some weights (all connections into those units) learnable.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation.rows(LinearFeedforward([3, 2]), {"W1": [1]}).mask("W1").astype(int).tolist()
        [[0, 0, 0], [1, 1, 1]]
        """
        return cls(network, line_masks(network, rows, present, axis=0), present)

    @classmethod
    def columns(
        cls,
        network: Network,
        columns: Mapping[str, Iterable[int]],
        present: Mapping[str, ArrayLike] | None = None,
    ) -> Allocation:
        """Whole columns of some weights (all connections out of those units) learnable.

        >>> from theorycheck import LinearFeedforward
        >>> net = LinearFeedforward([3, 2])
        >>> Allocation.columns(net, {"W1": [0]}).mask("W1").astype(int).tolist()
        [[1, 0, 0], [1, 0, 0]]
        """
        return cls(network, line_masks(network, columns, present, axis=1), present)

    @classmethod
    def layer(
        cls, network: Network, *names: str, present: Mapping[str, ArrayLike] | None = None
    ) -> Allocation:
        """Every present entry of the weights `names` learnable, all others frozen.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation.layer(LinearFeedforward([3, 4, 2]), "W2").n_learnable
        8
        """
        allowed = allowed_masks(network, present, None)
        for name in names:
            check_name(name, allowed, "layer")
        return cls(network, {name: allowed[name] for name in names}, present)

    @classmethod
    def spread(
        cls,
        network: Network,
        budget: int,
        rng: np.random.Generator | None = None,
        present: Mapping[str, ArrayLike] | None = None,
    ) -> Allocation:
        """`budget` learnables spread as evenly as possible over layers, then rows and columns.

        In dense layers the numbers of learnables per row, and per column, differ by at most 1
        (a bias counts as one more column of its layer); in sparse layers the choice is greedy.
        With `rng` rows and columns are shuffled, without it the result is fixed.

        >>> from theorycheck import LinearFeedforward
        >>> allocation = Allocation.spread(LinearFeedforward([4, 4, 2]), 8)
        >>> allocation.counts
        {'W1': 4, 'W2': 4}
        >>> allocation.mask("W1").sum(axis=0).tolist(), allocation.mask("W1").sum(axis=1).tolist()
        ([1, 1, 1, 1], [1, 1, 1, 1])
        """
        masks = spread_masks(allowed_masks(network, present, None), budget, rng)
        return cls(network, masks, present)


def _packed(mask: Mask) -> Mask | bool:
    """The mask, or the one value of a constant."""
    return mask if is_materialised(mask) else bool(mask.flat[0])


def _unpacked(
    network: Network, learnable: Mapping[str, ArrayLike], present: Mapping[str, ArrayLike]
) -> Allocation:
    """The inverse of `_packed` for all masks of an allocation."""
    shapes = network.weight_shapes
    masks = [
        {name: np.broadcast_to(value, shapes[name]) for name, value in given.items()}
        for given in (learnable, present)
    ]
    return Allocation(network, *masks)


def _refuse_absent_learnables(name: str, learnable: Mask, present: Mask) -> None:
    if count(learnable) == 0 or count(present) == present.size:
        return
    wrong = learnable & ~present
    if wrong.any():
        cell = [int(i) for i in np.argwhere(wrong)[0]]
        raise InputError(
            f'learnable["{name}"]{cell} is 1 but present["{name}"]{cell} is 0: '
            "an absent connection cannot be learnable"
        )
