"""Constructors of allocations by what is selected: layers, rows, columns, a budget, biases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .masks import check_name
from .networks.base import Network, positive_integer
from .networks.kinds import check_network
from .placement import (
    allowed_masks,
    line_masks,
    random_masks,
    spread_masks,
    updated_masks,
)

if TYPE_CHECKING:
    from typing import Self


class Selections:
    """The constructors of `Allocation` that select learnable weights."""

    if TYPE_CHECKING:

        def __init__(
            self,
            network: Network,
            learnable: Mapping[str, ArrayLike],
            present: Mapping[str, ArrayLike] | None = None,
        ) -> None: ...

    @classmethod
    def full(cls, network: Network, present: Mapping[str, ArrayLike] | None = None) -> Self:
        """Every present weight learnable.

        >>> from theorycheck import Allocation, LinearFeedforward
        >>> Allocation.full(LinearFeedforward([3, 2])).n_learnable
        6
        """
        return cls(network, allowed_masks(network, present, None), present)

    @classmethod
    def none(cls, network: Network, present: Mapping[str, ArrayLike] | None = None) -> Self:
        """No weight learnable.

        >>> from theorycheck import Allocation, LinearFeedforward
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
    ) -> Self:
        """Exactly `budget` learnables, uniform among the present weights (and those in `within`).

        >>> from theorycheck import Allocation, LinearFeedforward
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
    ) -> Self:
        """Whole rows of some weights (all connections into those units) learnable.

        >>> from theorycheck import Allocation, LinearFeedforward
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
    ) -> Self:
        """Whole columns of some weights (all connections out of those units) learnable.

        >>> from theorycheck import Allocation, LinearFeedforward
        >>> net = LinearFeedforward([3, 2])
        >>> Allocation.columns(net, {"W1": [0]}).mask("W1").astype(int).tolist()
        [[1, 0, 0], [1, 0, 0]]
        """
        return cls(network, line_masks(network, columns, present, axis=1), present)

    @classmethod
    def layer(
        cls, network: Network, *names: str, present: Mapping[str, ArrayLike] | None = None
    ) -> Self:
        """Every present entry of the weights `names` learnable, all others frozen.

        >>> from theorycheck import Allocation, LinearFeedforward
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
    ) -> Self:
        """`budget` learnables spread as evenly as possible over layers, then rows and columns.

        In dense layers the numbers of learnables per row, and per column, differ by at most 1
        (a bias counts as one more column of its layer); in sparse layers the choice is greedy.
        With `rng` rows and columns are shuffled, without it the result is fixed.

        >>> from theorycheck import Allocation, LinearFeedforward
        >>> allocation = Allocation.spread(LinearFeedforward([4, 4, 2]), 8)
        >>> allocation.counts
        {'W1': 4, 'W2': 4}
        >>> allocation.mask("W1").sum(axis=0).tolist(), allocation.mask("W1").sum(axis=1).tolist()
        ([1, 1, 1, 1], [1, 1, 1, 1])
        """
        masks = spread_masks(
            network.weight_layers, allowed_masks(network, present, None), budget, rng
        )
        return cls(network, masks, present)

    @classmethod
    def biases(cls, network: Network, present: Mapping[str, ArrayLike] | None = None) -> Self:
        """Every present bias learnable, all weight matrices frozen (BitFit).

        Raises `InputError` for a network without biases.

        >>> from theorycheck import Allocation, LinearFeedforward
        >>> Allocation.biases(LinearFeedforward([3, 4, 2], bias=True)).counts
        {'b1': 4, 'b2': 2}
        """
        check_network(network)
        names = [name for name, shape in network.weight_shapes.items() if len(shape) == 1]
        if not names:
            raise InputError(f"the network has no biases: {network.describe()}")
        return cls.layer(network, *names, present=present)

    @classmethod
    def low_rank(cls, network: Network, ranks: Mapping[str, int]) -> Self:
        """Low-rank updates W + B A of some weights (LoRA), with W frozen and B, A learnable.

        `ranks` maps weight names to the rank k of their update. W + B A is no choice of entries of
        W, but it is one of the network in which k units are added to a copy of the inputs of W:
        `W + B A = [W' B] [G; A]` for W = W' G, and if W' and the square G are frozen at random, W
        is random too. So the result is an allocation of that network, which has one layer more for
        every weight in `ranks`; its teachers compute what those of `network` do, since an added
        layer is never narrower than the one below. Its units have no biases (absent, if the network
        has some). `InputError` for networks that are not linear feed-forward.

        >>> from theorycheck import Allocation, LinearFeedforward
        >>> allocation = Allocation.low_rank(LinearFeedforward([4, 3]), {"W1": 2})
        >>> allocation.network, allocation.counts
        (LinearFeedforward(widths=(4, 6, 3), bias=False), {'W1': 8, 'W2': 6})
        """
        check_network(network)
        if not (network.is_linear and network.is_layered):
            raise InputError(
                "low-rank updates are allocations of linear feed-forward networks only"
            )
        updates = {}
        for name in ranks:
            check_name(name, network.weight_shapes, "ranks")
            rank = positive_integer(ranks[name], f'ranks["{name}"]')
            shape = network.weight_shapes[name]
            if len(shape) == 1:
                raise InputError(f'ranks["{name}"] is that of a bias, which has no rank')
            ones = np.ones((rank, shape[1]), dtype=bool), np.ones((shape[0], rank), dtype=bool)
            updates[name] = ones
        return cls(*updated_masks(network, {}, updates))
