"""Which learnables act on which outputs at all: the support of the Jacobian, from paths alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation, Mask
from ..problem.networks.unrolled import Derivatives, Level, as_matrix, ends_of

Support = NDArray[np.bool_]

_WHAT = "the pattern of the Jacobian"


def jacobian_support(
    allocation: Allocation,
    samples: int,
    spanning: bool,
    inputs: Support | None = None,
    deadline: Deadline = NEVER,
) -> Support:
    """Boolean matrix (equations x learnables): true where the entry is not identically zero.

    `samples` is the effective number; `spanning` tells whether they span the inputs and have been
    turned into unit vectors; `inputs`, for given ones, which entries of them are not 0. Equations
    and learnables are numbered as in `ranks.jacobian`. An entry is a sum of products over paths,
    each a monomial of its own, so it vanishes only without a path. (Powers between them, in place
    of linear activations, change nothing: they keep 0, and no other polynomial is 0.) Raises
    `OutOfTimeError` after the deadline.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([1, 2, 2])
    >>> allocation = Allocation(net, {"W1": [[1], [0]], "W2": [[0, 1], [0, 0]]})
    >>> jacobian_support(allocation, 1, True).tolist()
    [[True, True], [True, False]]
    """
    network = allocation.network
    shape = (sum(level.size for level in network.unrolled.starts), samples)
    if inputs is None:
        inputs = np.eye(*shape, dtype=bool) if spanning else np.ones(shape, dtype=bool)
    present = {name: as_matrix(mask) for name, mask in allocation.masks("present")}

    def ahead(_: Level, terms: list[tuple[str, Support]]) -> Support:
        return _product([(present[name], value) for name, value in terms])

    def back(_: Level, terms: list[tuple[str, Support]]) -> Support:
        return _product([(value, present[name]) for name, value in terms])

    unrolled = network.unrolled
    derivatives = Derivatives(
        unrolled,
        unrolled.split(inputs),
        ahead=ahead,
        unit=lambda level: np.eye(level.size, dtype=bool),
        back=back,
        deadline=deadline,
        what=_WHAT,
    )
    if not allocation.n_learnable:
        return np.zeros((network.outputs * network.n_reads * samples, 0), dtype=bool)
    rows: list[Support] = []
    for read in unrolled.read:
        shape = unrolled.levels[read].size, samples
        blocks = [
            _block(derivatives.acting(name, read), allocation.mask(name), shape, deadline)
            for name in allocation.counts
        ]
        rows.append(np.concatenate(blocks, axis=2))
    whole = np.concatenate(rows) if len(rows) > 1 else rows[0]
    return whole.reshape(len(whole) * samples, -1)


def _block(
    acting: Iterable[tuple[Support, Support]],
    mask: Mask,
    shape: tuple[int, int],
    deadline: Deadline,
) -> Support:
    """Whether the learnables of one weight act on one level that is read, (*shape, learnables)."""
    units, sources = ends_of(np.argwhere(mask))
    block = None
    for behind, before in acting:
        deadline.check(_WHAT)
        part = behind[:, None, units] & before[sources].T[None]
        block = part if block is None else block | part
        if block.all():
            break
    return np.zeros((*shape, len(units)), dtype=bool) if block is None else block


def _product(pairs: list[tuple[Support, Support]]) -> Support:
    """The sum of the products of pairs of boolean matrices."""
    found = np.zeros((), dtype=np.float32)
    for one, other in pairs:
        found = found + one.astype(np.float32) @ other.astype(np.float32)
    return found > 0
