"""Square systems of polynomial equations: D of the equations, in as many learnables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..problem.allocation import Allocation
from ..problem.masks import Entry, entries_of
from ..problem.matchings import maximum_matching
from ..problem.networks.base import Network
from ..structure.support import Support


@dataclass(frozen=True)
class SquareSystem:
    """The equations phi_E(theta) = y_E in the learnables `unknowns`; all other weights are given.

    `samples` is the effective number m_e. `equations` and `unknowns` are numbered as in
    `ranks.jacobian` (equation o * samples + s, and so on; learnables weight by weight, row by row),
    both ascending and equally many. With a generic y_E it has finitely many complex solutions, all
    simple: as many as its degree.
    """

    allocation: Allocation
    samples: int
    equations: tuple[int, ...]
    unknowns: tuple[int, ...]

    @property
    def network(self) -> Network:
        """The network, whose activations are polynomials."""
        return self.allocation.network

    @property
    def entries(self) -> list[Entry]:
        """The unknown weights, in order."""
        masks = {name: self.allocation.mask(name) for name in self.allocation.counts}
        entries = entries_of(masks)
        return [entries[number] for number in self.unknowns]

    def blocks(self, support: Support) -> list[SquareSystem]:
        """Smaller systems that can be solved one after the other: the degree is their product.

        `support` is that of the Jacobian (all equations x all learnables). Every block's equations
        depend on the unknowns of that block and of blocks before it only.

        >>> from theorycheck import LinearFeedforward
        >>> net = LinearFeedforward([1, 2, 2])
        >>> allocation = Allocation(net, {"W1": [[1], [0]], "W2": [[0, 1], [0, 0]]})
        >>> system = SquareSystem(allocation, 1, (0, 1), (0, 1))
        >>> support = np.array([[True, True], [True, False]])
        >>> [(block.equations, block.unknowns) for block in system.blocks(support)]
        [((1,), (0,)), ((0,), (1,))]
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        own = support[np.ix_(self.equations, self.unknowns)]
        column_of = maximum_matching(own)
        assert (column_of >= 0).all(), "the system has no matching, so no generic solution"
        # Equation e (with its matched unknown) waits for equation f if e depends on f's unknown.
        waits = csr_array(own[:, column_of])
        n_blocks, label = connected_components(waits, directed=True, connection="strong")
        dependent = np.zeros((n_blocks, n_blocks), dtype=bool)
        rows, columns = waits.nonzero()
        dependent[label[rows], label[columns]] = True
        np.fill_diagonal(dependent, False)
        blocks: list[SquareSystem] = []
        left = list(range(n_blocks))
        while left:
            index = next(i for i in left if not dependent[i, left].any())
            left.remove(index)
            members = np.flatnonzero(label == index)
            equations = sorted(self.equations[e] for e in members)
            unknowns = sorted(self.unknowns[c] for c in column_of[members])
            blocks.append(replace(self, equations=tuple(equations), unknowns=tuple(unknowns)))
        return blocks

    def with_ancestors(self, blocks: list[SquareSystem], support: Support) -> SquareSystem:
        """This block together with those of `blocks` that it depends on, as one system."""
        unknowns, equations = set(self.unknowns), set(self.equations)
        for block in reversed(blocks):
            own = np.ix_(sorted(equations), block.unknowns)
            if block is not self and support[own].any():
                unknowns |= set(block.unknowns)
                equations |= set(block.equations)
        whole = tuple(sorted(equations)), tuple(sorted(unknowns))
        return (
            self
            if len(equations) == len(self.equations)
            else replace(self, equations=whole[0], unknowns=whole[1])
        )


def chosen_equations(
    network: Network,
    samples: int,
    n_equations: int,
    target: int,
    independent: Sequence[int],
) -> tuple[tuple[int, ...], bool]:
    """`target` = D equations of full rank, and whether they determine the others (rationally).

    `independent` are D equations that are so at a random point.

    >>> from theorycheck import LinearFeedforward
    >>> chosen_equations(LinearFeedforward([2, 1, 2]), 2, 4, 3, (0, 1, 3))
    ((0, 1, 2), True)
    """
    if n_equations == target:
        return tuple(range(target)), True
    if network.is_linear and network.is_layered and not network.bias:  # Y = W_L ... W_1 X
        rank = min(network.outputs, samples, *network.widths[1:-1])
        if target == rank * (network.outputs + samples - rank):
            # A matrix of rank k is determined by k of its rows and k of its columns.
            numbers = np.arange(n_equations).reshape(network.outputs, samples)
            chosen = np.append(numbers[:rank].ravel(), numbers[rank:, :rank].ravel())
            return tuple(sorted(chosen.tolist())), True
    return tuple(sorted(independent)), False
