"""Allocations: which weights of a network are learnable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .interop.graphs import layer_graph, unit_graph
from .masks import Mask, check_name, count, equal, is_materialised, masks_of
from .networks.base import Network
from .networks.kinds import check_network
from .selections import Selections
from .sources import Sources

if TYPE_CHECKING:
    import networkx as nx
    import torch  # pyright: ignore[reportMissingImports]

    from .interop.torch_masks import Freeze


_MOST_SHOWN = 200  # weights of a network whose masks are shown in full


@dataclass(frozen=True, eq=False, repr=False)
class Allocation(Selections, Sources):
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
        object.__setattr__(self, "network", self.network.plainest)
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
        check_name(name, self.network.weight_shapes, "the allocation")
        return self.learnable[name]  # type: ignore[return-value]

    def present_mask(self, name: str) -> Mask:
        """The mask of existing connections of weight `name`."""
        check_name(name, self.network.weight_shapes, "the allocation")
        return self.present[name]  # type: ignore[index,return-value]

    def restricted_to(self, names: Iterable[str]) -> Allocation:
        """The sub-allocation whose learnables are those of the weights `names` only."""
        kept = {name: self.mask(name) for name in names}
        return Allocation(self.network, kept, self.given_present())

    def given_present(self) -> dict[str, Mask]:
        """The masks of existing connections: of all weights that are not present in full."""
        known = self.masks("present")
        return {name: m for name, m in known if is_materialised(m) or not count(m)}

    def to_networkx(self, weight: str | None = None) -> nx.Graph:
        """The network's units as a directed graph, or one weight matrix as a bipartite graph.

        See `graphs.unit_graph` and `graphs.layer_graph` for nodes and attributes.

        >>> from theorycheck import LinearFeedforward
        >>> graph = Allocation.full(LinearFeedforward([2, 3])).to_networkx()
        >>> graph.number_of_edges(), Allocation.from_networkx(graph).n_learnable
        (6, 6)
        """
        learnable, present = dict(self.masks("learnable")), dict(self.masks("present"))
        if weight is None:
            return unit_graph(self.network, learnable, present)
        return layer_graph(learnable, present, weight)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with one row per weight: name, row, column, present, learnable.

        `column` is missing for a bias. Raises `InputError` without pandas (extra `pandas`).

        >>> from theorycheck import LinearFeedforward
        >>> frame = Allocation.layer(LinearFeedforward([3, 4, 2]), "W2").to_pandas()
        >>> frame.groupby("name")["learnable"].sum().to_dict()
        {'W1': 0, 'W2': 8}
        """
        from .interop.frames import to_frame

        return to_frame(dict(self.masks("learnable")), dict(self.masks("present")))

    def apply_to_torch(
        self,
        module: torch.nn.Module,
        *,
        optimizer: torch.optim.Optimizer | None = None,
        recurrent: Mapping[str, str] | None = None,
    ) -> Freeze:
        """Freeze the entries of a torch module that are not learnable; returns the way back.

        Whole frozen weights get `requires_grad=False`, others a gradient hook that sets the
        gradient of frozen entries to 0. That alone keeps them where nothing but the gradient moves
        a weight: SGD or Adam begun afterwards without weight decay. With the `optimizer` given,
        frozen entries are also put back after each of its steps, so they stay as they are, to the
        bit, whatever the optimiser (weight decay, momentum from before). `recurrent` names the
        weights of a loop of one's own, as in `from_torch`.

        `Freeze.remove()` undoes everything; see `problem.interop.torch_masks.Freeze`. Raises
        `InputError` if the module is not one of this network, is pruned otherwise than `present`,
        or does not train what is learnable.
        """
        from .interop.torch_masks import Freeze

        learnable, present = dict(self.masks("learnable")), dict(self.masks("present"))
        return Freeze(self.network, learnable, present, module, optimizer, recurrent)

    def weights_from_torch(
        self, module: torch.nn.Module, *, recurrent: Mapping[str, str] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """The values of a torch module's weights by weight name: `weights` of `classify`.

        Of connections that are absent the value is 0. `recurrent` names the weights of a loop of
        one's own, as in `from_torch`. Raises `InputError` if the module is not one of this network,
        or is pruned otherwise than `present`.
        """
        from .interop.torch_masks import values_of

        return values_of(self.network, dict(self.masks("present")), module, recurrent)

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
    wrong = learnable > present
    if wrong.any():
        entry = [int(i) for i in np.argwhere(wrong)[0]]
        raise InputError(
            f'learnable["{name}"]{entry} is 1 but present["{name}"]{entry} is 0: '
            "an absent connection cannot be learnable"
        )
