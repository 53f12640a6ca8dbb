"""Cases from the domain of each theorem, so that most of them are decided by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..problem.allocation import Allocation
from ..problem.files import Problem
from ..problem.masks import Mask
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from .base import Case
from .cases import with_seed

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy


def over_budget() -> SearchStrategy[Case]:
    """T0: from the critical budget to three more, and whole lines of some layers."""
    from hypothesis import strategies as st

    from .. import strategies as public

    kinds = [
        public.critical_problems(over=(1, 2, 3)),
        public.critical_problems(public.feedforward_networks(max_width=2), over=(1, 2)),
        public.critical_problems(public.feedforward_networks(2, 3), over=(2, 3)),
        public.rows_problems(),
        public.columns_problems(),
    ]
    return with_seed(st.one_of(kinds))


def staged() -> SearchStrategy[Case]:
    """T13: dense feed-forward networks of two or three layers, one to four over the budget."""
    from hypothesis import strategies as st

    from .. import strategies as public

    shapes = ((2, 2, 2), (3, 3, 3), (2, 3, 2), (2, 2, 2, 2), (2, 2, 2, 1), (2, 1, 2, 1))
    shapes += ((3, 2, 3, 1), (1, 2, 2, 2), (2, 3, 2, 2), (3, 3, 2, 2))
    networks = st.sampled_from([LinearFeedforward(widths) for widths in shapes])
    return with_seed(public.critical_problems(networks, over=(1, 2, 2, 3, 4), dense=True))


def narrow() -> SearchStrategy[Case]:
    """T9, T13: dense, and a layer narrower than inputs or outputs; about the critical budget."""
    from hypothesis import strategies as st

    from .. import strategies as public

    shapes = ((2, 1, 2), (3, 1, 2), (2, 1, 3), (3, 2, 3), (2, 2, 1, 2), (2, 1, 2, 2))
    shapes += ((3, 1, 1, 3), (3, 3, 2, 3), (3, 2, 3, 3), (2, 2, 1, 2, 2), (2, 1, 1), (3, 2, 2))
    networks = st.sampled_from([LinearFeedforward(widths) for widths in shapes])
    return with_seed(public.critical_problems(networks, over=(-1, 0, 1, 1, 2, 3), dense=True))


def wide() -> SearchStrategy[Case]:
    """T18: dense feed-forward networks of several inputs, slightly over budget."""
    from hypothesis import strategies as st

    from .. import strategies as public

    shapes = ((3, 2, 2), (3, 1, 2), (4, 2, 3), (2, 2, 2), (4, 3, 3, 2), (3, 2, 1, 2))
    networks = st.sampled_from([LinearFeedforward(widths) for widths in shapes])
    return with_seed(public.critical_problems(networks, over=(0, 1, 2), dense=True))


def planned() -> SearchStrategy[Case]:
    """T13: with bottlenecks and without."""
    from hypothesis import strategies as st

    return st.one_of(staged(), staged(), narrow())


def levelled() -> SearchStrategy[Case]:
    """T14: the same of larger layers, which peeling leaves some of."""
    from hypothesis import strategies as st

    from .. import strategies as public

    shapes = ((3, 3, 3), (4, 4, 4), (2, 3, 3, 2), (3, 4, 3, 2), (3, 3, 3, 3))
    networks = st.sampled_from([LinearFeedforward(widths) for widths in shapes])
    return with_seed(public.critical_problems(networks, over=(1, 2, 2, 3, 4), dense=True))


def not_generic() -> SearchStrategy[Case]:
    """T13, T14: sparse networks and networks with biases, one to four over the budget."""
    from hypothesis import strategies as st

    from .. import strategies as public

    shapes = ((2, 2, 2), (2, 3, 2), (3, 3, 3), (2, 2, 1), (2, 3, 3, 2), (1, 2, 2, 2))
    networks = [LinearFeedforward(widths) for widths in shapes]
    networks += [LinearFeedforward(widths, bias=True) for widths in shapes]
    over = (1, 2, 2, 3, 4)
    return with_seed(public.critical_problems(st.sampled_from(networks), over=over))


def behind() -> SearchStrategy[Case]:
    """T16: three square layers with a learnable in every column of the last or row of the first."""
    from hypothesis import strategies as st

    return with_seed(st.composite(_three_layers)())


def _three_layers(draw: DrawFn) -> Problem:
    """One to five learnables over budget, few lines of which can be peeled."""
    from hypothesis import strategies as st

    n = draw(st.sampled_from([2, 3, 3]))
    network = LinearFeedforward([n, n, n, n])
    masks = {name: np.zeros((n, n), dtype=bool) for name in ("W1", "W2", "W3")}
    by_columns = draw(st.booleans())
    for line in range(n):
        at = draw(st.integers(0, n - 1))
        masks["W3" if by_columns else "W1"][(at, line) if by_columns else (line, at)] = True
    free = [(name, i, j) for name in masks for i in range(n) for j in range(n)
            if not masks[name][i, j]]  # fmt: skip
    left = n * n - n + draw(st.integers(1, 2 * n - 1))
    for k in draw(st.permutations(range(len(free)))):
        name, i, j = free[k]
        row, column = masks[name][i], masks[name][:, j]
        if left and max(np.count_nonzero(row), np.count_nonzero(column)) < n - 1:
            masks[name][i, j] = True
            left -= 1
    return Problem(Allocation(network, masks), n)


def affine() -> SearchStrategy[Case]:
    """T2: one layer, few paths through two learnables, dense and sparse."""
    from hypothesis import strategies as st

    from .. import strategies as public

    kinds = [
        public.one_layer_problems(),
        public.near_extremal_problems(),
        public.near_extremal_problems(public.recurrent_networks(readout="final", max_steps=3)),
        public.critical_problems(public.feedforward_networks(max_depth=2), over=(0, 1)),
        public.columns_problems(public.recurrent_networks(max_steps=2)),
    ]
    return with_seed(st.one_of(kinds))


def last_layer() -> SearchStrategy[Case]:
    """T3: rows of the last layer with about m_e learnables each."""
    from hypothesis import strategies as st

    def drawn(draw: DrawFn) -> Problem:
        depth = draw(st.integers(1, 3))
        widths = [draw(st.integers(1, 4)) for _ in range(depth + 1)]
        network = LinearFeedforward(widths)
        m = draw(st.integers(1, 5))
        return Problem(_lines(draw, network, f"W{depth}", min(m, network.inputs)), m)

    return with_seed(st.composite(drawn)())


def _lines(draw: DrawFn, network: LinearFeedforward, name: str, needed: int) -> Allocation:
    """At least `needed` learnables in every row of a weight, or one fewer in one of them."""
    mask = _rows(draw, network.weight_shapes[name], needed)
    return Allocation(network, {name: mask})


def _rows(draw: DrawFn, shape: tuple[int, ...], needed: int) -> Mask:
    from hypothesis import strategies as st

    rows, columns = shape
    mask = np.zeros((rows, columns), dtype=bool)
    short = draw(st.integers(0, 2 * rows))  # of these rows half are none: all rows have enough
    for i in range(rows):
        least = min(needed - (i == short), columns)
        kept = draw(st.sets(st.integers(0, columns - 1), min_size=least))
        mask[i, list(kept)] = True
        if i == short and mask[i].sum() >= needed > 0:
            mask[i, np.flatnonzero(mask[i])[needed - 1 :]] = False
    return mask


def one_layer() -> SearchStrategy[Case]:
    """T4: one layer at the edge, and at times behind or before a bottleneck."""
    from hypothesis import strategies as st

    from .. import strategies as public

    networks = public.feedforward_networks()
    kinds = [
        public.one_layer_problems(),
        public.near_extremal_problems(),
        public.near_extremal_problems(),
        public.one_layer_problems(networks),
    ]
    return with_seed(st.one_of(kinds))


def recurrent() -> SearchStrategy[Case]:
    """T5: learnables in one weight matrix of a dense recurrent network."""
    from hypothesis import strategies as st

    from .. import strategies as public

    networks = public.recurrent_networks(readout="final", max_inputs=3)
    kinds = [
        public.near_extremal_problems(networks),
        public.near_extremal_problems(networks),
        public.recurrent_problems(),
        public.one_layer_problems(networks),
    ]
    return with_seed(st.one_of(kinds))


def graded() -> SearchStrategy[Case]:
    """T15: recurrent networks over budget, dense and sparse, read at the end or at every step."""
    from hypothesis import strategies as st

    from .. import strategies as public

    def reaches(problem: Problem) -> bool:
        """Whether each sample shows an input on which recurrent weights act, that are learnable."""
        network, counts = problem.allocation.network, problem.allocation.counts
        return bool(counts.get("recurrent")) and problem.samples <= (
            network.inputs * (network.steps - 1)
        )

    sizes = ((1, 2, 1, 3), (1, 3, 1, 4), (2, 2, 1, 3), (2, 2, 2, 4), (1, 2, 1, 4), (2, 3, 2, 3))
    final = st.sampled_from([LinearRecurrent(*size) for size in sizes])
    kinds = [
        public.critical_problems(public.recurrent_networks(max_steps=4), over=(1, 2, 3, 4)),
        public.critical_problems(final, over=(1, 2, 3)).filter(reaches),
        public.critical_problems(final, over=(2, 3, 4), dense=True).filter(reaches),
        public.critical_problems(final, over=(3, 4, 5), dense=True).filter(reaches),
    ]
    return with_seed(st.one_of(kinds))


def critical() -> SearchStrategy[Case]:
    """T6: r = D learnables in small networks, most of them in conflict, and bottlenecks."""
    from hypothesis import strategies as st

    from .. import strategies as public

    small = public.feedforward_networks(bias=False)
    recurrent = public.recurrent_networks(max_steps=3)
    square = [LinearFeedforward(widths) for widths in ((2, 2, 2), (3, 2, 2), (2, 3, 2))]
    kinds = [
        public.critical_problems(small, over=(0,)),
        public.critical_problems(small, over=(0, 1, 2)),
        public.critical_problems(recurrent, over=(0,)),
        public.critical_problems(recurrent, over=(0,)),
        public.critical_problems(st.sampled_from(square), over=(0,)),
        public.sparse_problems(public.feedforward_networks()),
        public.bottleneck_problems(),
        st.composite(_mostly_last)(),
    ]
    return with_seed(st.one_of(kinds))


def _mostly_last(draw: DrawFn) -> Problem:
    """m_e learnables in every row of the last layer, then some of them moved to other layers."""
    from hypothesis import strategies as st

    m, d = draw(st.integers(2, 3)), draw(st.integers(1, 3))
    hidden = [m + draw(st.integers(0, 1)) for _ in range(draw(st.integers(1, 2)))]
    network = LinearFeedforward([m, *hidden, d])
    last = f"W{network.depth}"
    masks = {name: np.zeros(shape, bool) for name, shape in network.weight_shapes.items()}
    for row in masks[last]:
        order = draw(st.permutations(range(len(row))))
        row[order[:m]] = True
    for _ in range(draw(st.integers(1, min(3, m * d)))):
        taken = np.argwhere(masks[last])
        masks[last][tuple(taken[draw(st.integers(0, len(taken) - 1))])] = False
        other = masks[f"W{draw(st.integers(1, network.depth - 1))}"]
        free = np.argwhere(~other)
        other[tuple(free[draw(st.integers(0, len(free) - 1))])] = True
    return Problem(Allocation(network, masks), m)


def intermediate() -> SearchStrategy[Case]:
    """T7: r = D, mostly with more than one solution."""
    return with_seed(with_few_solutions())


def with_few_solutions() -> SearchStrategy[Problem]:
    """Permutation matrices in two layers, or D recurrent weights: often of an even degree."""
    from hypothesis import strategies as st

    return st.one_of(st.composite(_two_diagonals)(), st.composite(_recurrent_only)())


def _two_diagonals(draw: DrawFn) -> Problem:
    """Feed-forward k-k-k with one learnable in most rows and columns of both layers."""
    from hypothesis import strategies as st

    network = LinearFeedforward([2, 2, 2])
    masks = {}
    for name in ("W1", "W2"):
        order = draw(st.permutations(range(2)))
        masks[name] = np.eye(2, dtype=bool)[list(order)]
    return Problem(Allocation(network, masks), draw(st.integers(2, 3)))


def _recurrent_only(draw: DrawFn) -> Problem:
    """Scalar input and output: m recurrent weights for m samples, mostly in three steps."""
    from hypothesis import strategies as st

    hidden = draw(st.integers(1, 2))
    m = draw(st.integers(1, min(hidden, 2)))
    network = LinearRecurrent(1, hidden, 1, draw(st.sampled_from([3, 2, 3, 3, 4])))
    entries = [(i, j) for i in range(hidden) for j in range(hidden)]
    mask = np.zeros((hidden, hidden), dtype=bool)
    for _ in range(m):
        mask[entries.pop(draw(st.integers(0, len(entries) - 1)))] = True
    return Problem(Allocation(network, {"recurrent": mask}), m)


def peelable() -> SearchStrategy[Case]:
    """T9: rows of the last layer with m_e learnables, columns of the first with d, and more."""
    from hypothesis import strategies as st

    return with_seed(st.composite(_peelable)())


def _peelable(draw: DrawFn) -> Problem:
    from hypothesis import strategies as st

    inputs, d, m = (draw(st.integers(1, 3)) for _ in range(3))
    needed = max(d, min(m, inputs))
    hidden = [needed - draw(st.sampled_from([0, 0, 0, 1])) + draw(st.integers(0, 1))
              for _ in range(draw(st.integers(1, 2)))]  # fmt: skip
    network = LinearFeedforward([inputs, *(max(width, 1) for width in hidden), d])
    first, last = "W1", f"W{network.depth}"
    masks: dict[str, Mask] = {
        first: _rows(draw, tuple(reversed(network.weight_shapes[first])), d).T,
        last: _rows(draw, network.weight_shapes[last], network.effective_samples(m)),
    }
    for mask in masks.values():
        values = [draw(st.integers(0, 3)) for _ in range(mask.size)]
        mask &= np.array(values).reshape(mask.shape) < 3
    return Problem(Allocation(network, masks), m)


def spanning() -> SearchStrategy[Case]:
    """T8: as many samples as inputs or more, of networks that can be transposed."""
    from hypothesis import strategies as st

    from .. import strategies as public

    feedforward = public.feedforward_networks(bias=False)
    recurrent = public.recurrent_networks(readout="final", max_inputs=2, max_steps=3)
    kinds = [
        public.critical_problems(feedforward),
        public.random_problems(feedforward),
        public.one_layer_problems(feedforward),
        public.critical_problems(recurrent),
        public.recurrent_problems(recurrent),
    ]

    def with_enough(problem: Problem, extra: int) -> Problem:
        return Problem(problem.allocation, problem.allocation.network.input_dimension + extra)

    return with_seed(st.builds(with_enough, st.one_of(kinds), st.integers(0, 1)))
