"""Cases from the domains of single theorems, where no public strategy or `verify` has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from theorycheck import strategies
from theorycheck.problem.allocation import Allocation
from theorycheck.problem.files import Problem
from theorycheck.problem.networks.base import Network
from theorycheck.problem.networks.feedforward import LinearFeedforward
from theorycheck.problem.networks.recurrent import LinearRecurrent
from theorycheck.ranks.target_dimension import target_dimension
from theorycheck.strategies.masks import chosen, drawn_mask
from theorycheck.verification.base import Case
from theorycheck.verification.cases import with_seed

Cases = Callable[[], SearchStrategy[Case]]


def cases_of(problems: Callable[..., SearchStrategy[Problem]], **options: Any) -> Cases:
    """Cases of a public strategy."""
    return lambda: with_seed(problems(**options))


def critical_in(
    networks: SearchStrategy[Network], names: tuple[str, ...], spare: int, most: int = 5
) -> Cases:
    """D(m) learnables and up to `spare` more, all in the named weights; m up to `most`."""

    @st.composite
    def problems(draw: st.DrawFn) -> Problem:
        network, m = draw(networks), draw(st.integers(1, most))
        shapes = network.weight_shapes
        entries = [(name, index) for name in names for index in np.ndindex(*shapes[name])]
        budget = target_dimension(Allocation.none(network), m).value + draw(st.integers(0, spare))
        assume(budget <= len(entries))
        return Problem(Allocation(network, masks_of(network, chosen(draw, entries, budget))), m)

    return lambda: with_seed(problems())


def two_square_layers() -> Cases:
    """Two square layers: some units with all inputs and some outputs, and a few learnables more."""

    @st.composite
    def problems(draw: st.DrawFn) -> Problem:
        n = draw(st.sampled_from([2, 3, 3]))
        network = LinearFeedforward([n, n, n])
        masks = {name: np.zeros((n, n), dtype=bool) for name in ("W1", "W2")}
        units = draw(st.integers(1, n - 1))
        masks["W1"][:units] = True
        masks["W2"][: draw(st.integers(1, n)), :units] = True
        n_learnable = sum(int(mask.sum()) for mask in masks.values())
        missing = max(n * n + draw(st.integers(0, 3)) - n_learnable, 0)
        free = [(name, index) for name in masks for index in np.argwhere(~masks[name]).tolist()]
        for name, index in chosen(draw, free, min(missing, len(free))):
            masks[name][tuple(index)] = True
        return Problem(Allocation(network, masks), n)

    return lambda: with_seed(problems())


def three_square_layers() -> Cases:
    """Three square layers: a unit with all inputs, one with all outputs, and others between."""

    @st.composite
    def problems(draw: st.DrawFn) -> Problem:
        n = draw(st.sampled_from([2, 3, 3]))
        network = LinearFeedforward([n, n, n, n])
        masks = {name: np.zeros((n, n), dtype=bool) for name in ("W1", "W2", "W3")}
        masks["W1"][draw(st.integers(0, n - 1))] = True
        masks["W3"][draw(st.integers(0, n - 1))] = True
        missing = n * n + draw(st.integers(0, 2)) - 2 * n
        free = [(name, tuple(index)) for name in masks
                for index in np.argwhere(~masks[name]).tolist() if name < "W3"]  # fmt: skip
        for name, index in chosen(draw, free, min(missing, len(free))):
            masks[name][index] = True
        return Problem(Allocation(network, masks), n)

    return lambda: with_seed(problems())


def masks_of(network: Network, entries: list[Any]) -> dict[str, np.ndarray]:
    """Masks with these entries."""
    masks = {name: np.zeros(shape, dtype=bool) for name, shape in network.weight_shapes.items()}
    for name, index in entries:
        masks[name][index] = True
    return masks


@st.composite
def last_of_three(draw: st.DrawFn) -> Problem:
    """Learnables in the last of three layers, the first hidden layer often a bottleneck."""
    least = (2, 1, 2, 1)
    network = LinearFeedforward([draw(st.integers(number, 3)) for number in least])
    mask = drawn_mask(draw, network.weight_shapes["W3"])
    return Problem(Allocation(network, {"W3": mask}), draw(st.integers(1, 4)))


@st.composite
def square_layers(draw: st.DrawFn) -> Problem:
    """Layers with d = m_e = 3, one or two rows and columns more, and 9 or 10 learnables."""
    rows, columns = draw(st.integers(4, 5)), draw(st.integers(4, 5))
    network = LinearFeedforward([columns, rows, 3])
    entries = [("W1", index) for index in np.ndindex(rows, columns)]
    kept = chosen(draw, entries, draw(st.integers(9, 10)))
    return Problem(Allocation(network, masks_of(network, kept)), 3)


@st.composite
def two_outside_the_last_layer(draw: st.DrawFn) -> Problem:
    """Two layers, r = D = d m_e: two learnables in the first, the others in the last."""
    inputs, hidden, d = (draw(st.integers(2, most)) for most in (2, 3, 3))
    network = LinearFeedforward([inputs, hidden, d])
    first = [("W1", index) for index in np.ndindex(hidden, inputs)]
    last = [("W2", index) for index in np.ndindex(d, hidden)]
    kept = chosen(draw, first, 2) + chosen(draw, last, 2 * d - 2)
    return Problem(Allocation(network, masks_of(network, kept)), 2)


@st.composite
def whole_rows(draw: st.DrawFn) -> Problem:
    """C2 with fewer inputs than samples: rows of recurrent weights, d m learnables in all."""
    d, m = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    hidden = max(d, m) + draw(st.integers(0, 1))
    network = LinearRecurrent(draw(st.integers(1, m - 1)), hidden, d, 1 + max(d, m))
    order = draw(st.permutations(range(hidden)))
    entries = [("recurrent", (row, column)) for row in order for column in range(hidden)]
    whole = d * m // hidden * hidden
    kept = entries[:whole] + chosen(draw, entries[whole:], d * m - whole)
    return Problem(Allocation(network, masks_of(network, kept)), m)


def _recurrent(**most: Any) -> SearchStrategy[LinearRecurrent]:
    return strategies.recurrent_networks(readout="final", **most)


_SCALAR = {"max_inputs": 1, "max_hidden": 2, "max_outputs": 1}
_WIDE = _recurrent(max_inputs=3, max_hidden=5, max_steps=3)
ONE_RECURRENT = critical_in(_recurrent(**_SCALAR), ("recurrent",), spare=0, most=1)
TWO_RECURRENT = critical_in(_recurrent(**_SCALAR, max_steps=3), ("recurrent",), spare=0, most=2)
RECURRENT_ONLY = critical_in(_recurrent(), ("recurrent",), spare=1)
INPUT_ONLY = critical_in(_WIDE, ("input",), spare=8)
SQUARES = cases_of(
    strategies.critical_problems, networks=st.just(LinearFeedforward([2, 2, 2])), over=(1,)
)
