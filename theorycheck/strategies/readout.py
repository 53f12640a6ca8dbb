"""Problems of small nonlinear networks in which the readout decides (T12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from ..problem.allocation import Allocation
from ..problem.files import Problem
from ..problem.masks import Mask, entries_of
from ..problem.networks.base import Network
from ..problem.networks.feedforward import Feedforward
from ..ranks.target_dimension import target_dimension
from .masks import chosen, present_masks
from .networks import convolutional_networks, residual_networks

ACTIVATIONS = ("tanh", "erf", "arctan", "sigmoid", "softplus", "silu", "gelu", "sin", "exp",
                "square", "cube")  # fmt: skip


def small_problems(
    activations: Sequence[str] = ACTIVATIONS,
    *,
    hidden: int = 3,
    over: int = 2,
    sparse: bool = True,
) -> st.SearchStrategy[Problem]:
    """Networks with one hidden layer or two, perhaps more learnables than D.

    Whole layers are frozen, and connections absent, at times; up to `over` more learnables than D.
    """

    def drawn(draw: st.DrawFn) -> Problem:
        n_layers = draw(st.sampled_from([1, 1, 1, 2]))
        widths = [draw(st.integers(1, 3)), *(draw(st.integers(1, 3)) for _ in range(n_layers))]
        network = Feedforward(
            [*widths, draw(st.integers(1, 2))],
            activation=draw(st.sampled_from(activations)),
            bias=draw(st.booleans()),
        )
        present = draw(present_masks(network))
        empty, m = Allocation.none(network, present), draw(st.integers(1, 4))
        target = target_dimension(empty, m).value
        fixed = draw(st.sampled_from([None, None, 0, len(network.weight_layers) - 1]))
        kept = [names for number, names in enumerate(network.weight_layers) if number != fixed]
        names = {name for layer in kept for name in layer}
        entries = [e for e in entries_of(dict(empty.masks("present"))) if e[0] in names]
        budget = target + draw(st.integers(0, over))
        assume(0 < budget <= len(entries))
        return Problem(_with(empty, chosen(draw, entries, budget)), m)

    return st.composite(drawn)()


def head_problems() -> st.SearchStrategy[Problem]:
    """Convolutional and residual networks, all learnables in the last layer, about D of them."""

    def drawn(draw: st.DrawFn) -> Problem:
        kinds = convolutional_networks(analytic=True), residual_networks(analytic=True)
        network = draw(st.one_of(kinds))
        empty, m = Allocation.none(network, draw(present_masks(network))), draw(st.integers(1, 3))
        last = network.weight_layers[-1]
        entries = [e for e in entries_of(dict(empty.masks("present"))) if e[0] in last]
        budget = target_dimension(empty, m).value + draw(st.integers(-1, 1))
        assume(0 < budget <= len(entries))
        return Problem(_with(empty, chosen(draw, entries, budget)), m)

    return st.composite(drawn)()


def unit_problems(
    activations: Sequence[str] = ACTIVATIONS,
    *,
    less: Sequence[int] = (1, 0, 2),
    shared: bool = False,
    more: int = 2,
) -> st.SearchStrategy[Problem]:
    """Every output with a unit, its readout weight and about m of its inputs learnable.

    The inputs are m less one of `less`; `shared` units may have several outputs; up to `more` other
    readout weights are learnable, and others are absent at times.
    """

    def drawn(draw: st.DrawFn) -> Problem:
        outputs = draw(st.integers(1, 2))
        n_hidden = draw(st.integers(1 if shared else outputs, 3))
        network = Feedforward(
            [draw(st.integers(1, 3)), n_hidden, outputs],
            activation=draw(st.sampled_from(activations)),
            bias=draw(st.booleans()),
        )
        m, first = draw(st.integers(1, 4)), entries_of(_all_of(network, network.weight_layers[0]))
        last = entries_of(_all_of(network, network.weight_layers[1]))
        units = chosen(draw, [*range(n_hidden)] * (1 + shared), outputs)
        kept = {("W2", (output, unit)) for output, unit in enumerate(units)}
        for unit in sorted(set(units)):
            inputs = [entry for entry in first if entry[1][0] == unit]
            kept |= set(chosen(draw, inputs, max(m - draw(st.sampled_from(less)), 0)))
        others = [entry for entry in last if entry not in kept]
        kept |= set(chosen(draw, others, draw(st.integers(0, more))))
        absent = [entry for entry in others if entry not in kept and draw(st.booleans())]
        present = _all_of(network, network.weight_shapes)
        for name, index in absent:
            present[name][index] = False
        empty = Allocation.none(network, present)
        assume(target_dimension(empty, m).value <= len(kept))
        return Problem(_with(empty, sorted(kept)), m)

    return st.composite(drawn)()


def _all_of(network: Network, names: Iterable[str]) -> dict[str, Mask]:
    return {name: np.ones(network.weight_shapes[name], dtype=bool) for name in names}


def fixed_readout_problems(
    activations: Sequence[str] = ACTIVATIONS, free_bias: bool = False
) -> st.SearchStrategy[Problem]:
    """One output, one or two hidden units, no learnable readout weight but perhaps the bias."""

    def drawn(draw: st.DrawFn) -> Problem:
        bias = free_bias or draw(st.booleans())
        widths = [draw(st.integers(1, 2)), draw(st.integers(1, 2)), 1]
        network = Feedforward(widths, activation=draw(st.sampled_from(activations)), bias=bias)
        empty, m = Allocation.none(network), draw(st.integers(1, 2))
        every = entries_of(dict(empty.masks("present")))
        entries = [entry for entry in every if entry[0] in network.weight_layers[0]]
        count = target_dimension(empty, m).value + draw(st.integers(0, 1)) - free_bias
        assume(0 < count <= len(entries))
        more = [("b2", (0,))] if free_bias else []
        return Problem(_with(empty, [*chosen(draw, entries, count), *more]), m)

    return st.composite(drawn)()


def _with(empty: Allocation, entries: Sequence[tuple[str, tuple[int, ...]]]) -> Allocation:
    """The same network with these learnables."""
    masks = {name: mask.copy() & False for name, mask in empty.masks("present")}
    for name, index in entries:
        masks[name][index] = True
    return Allocation(empty.network, masks, dict(empty.masks("present")))
