"""Hypothesis strategies for networks and allocations that the tests share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from theorycheck import Allocation, Effort, LinearFeedforward, LinearRecurrent, ShallowReLU

seeds = st.integers(0, 2**32 - 1)

# Degrees take seconds where ranks take milliseconds: none, and those of small systems only.
NO_DEGREES = Effort(seconds=0)
SMALL_DEGREES = Effort(seconds=20, degree=6, unknowns=4, instances=50, bases=1)


@st.composite
def feedforward_networks(draw, max_depth: int = 4, max_width: int = 4, bias: bool | None = None):
    """Linear feed-forward networks of depth 1 to `max_depth`."""
    widths = draw(st.lists(st.integers(1, max_width), min_size=2, max_size=max_depth + 1))
    return LinearFeedforward(widths, bias=draw(st.booleans()) if bias is None else bias)


@st.composite
def recurrent_networks(draw, max_hidden: int = 3, max_steps: int = 4):
    """Linear recurrent networks of both readouts."""
    return LinearRecurrent(
        inputs=draw(st.integers(1, 3)),
        hidden=draw(st.integers(1, max_hidden)),
        outputs=draw(st.integers(1, 3)),
        steps=draw(st.integers(1, max_steps)),
        readout=draw(st.sampled_from(["final", "all"])),
    )


@st.composite
def relu_networks(draw, max_width: int = 4):
    """Shallow ReLU networks."""
    widths = draw(st.lists(st.integers(1, max_width), min_size=3, max_size=3))
    return ShallowReLU(widths, bias=draw(st.booleans()))


linear_networks = st.one_of(feedforward_networks(), recurrent_networks())
networks = st.one_of(linear_networks, relu_networks())


@st.composite
def present_masks(draw, network):
    """None (dense), or masks with about a third of the connections of some weights absent."""
    if draw(st.booleans()):
        return None
    rng = np.random.default_rng(draw(seeds))
    names = draw(st.sets(st.sampled_from(sorted(network.weight_shapes))))
    return {name: rng.random(network.weight_shapes[name]) < 0.7 for name in sorted(names)}


@st.composite
def allocations(draw, network_strategy=networks, dense: bool = False):
    """Random allocations: some weights frozen as a whole, the others learnable at random."""
    network = draw(network_strategy)
    present = None if dense else draw(present_masks(network))
    rng = np.random.default_rng(draw(seeds))
    names = draw(st.sets(st.sampled_from(sorted(network.weight_shapes)), min_size=1))
    share = draw(st.sampled_from([0.3, 0.6, 0.85, 1.0]))
    learnable = {}
    for name in sorted(names):
        mask = rng.random(network.weight_shapes[name]) < share
        learnable[name] = mask & present[name] if present and name in present else mask
    return Allocation(network, learnable, present)


samples = st.integers(1, 6)
