"""Networks, numbers of samples and seeds: what every other strategy starts from."""

from __future__ import annotations

from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward, ShallowReLU
from ..problem.networks.recurrent import LinearRecurrent


@st.composite
def feedforward_networks(
    draw: st.DrawFn, max_depth: int = 3, max_width: int = 4, bias: bool | None = None
) -> LinearFeedforward:
    """Linear feed-forward networks of 1 to `max_depth` layers; with `bias` None, both kinds.

    They shrink to one layer from one input to one output.

    >>> from theorycheck.strategies import smallest
    >>> smallest(feedforward_networks(), lambda network: network.depth > 1)
    LinearFeedforward(widths=(1, 1, 1), bias=False)
    """
    # Depth, then widths: fewer choices than a list of widths, so that this is the simplest network.
    depth = draw(st.integers(1, max_depth))
    widths = [draw(st.integers(1, max_width)) for _ in range(depth + 1)]
    return LinearFeedforward(widths, bias=draw(st.booleans()) if bias is None else bias)


@st.composite
def recurrent_networks(
    draw: st.DrawFn,
    max_inputs: int = 2,
    max_hidden: int = 3,
    max_outputs: int = 3,
    max_steps: int = 4,
    readout: Literal["final", "all"] | None = None,
) -> LinearRecurrent:
    """Linear recurrent networks; with `readout` None, both kinds.

    They shrink to one input, hidden unit, output and step, and to readout `final`.

    >>> from theorycheck.strategies import smallest
    >>> smallest(recurrent_networks(), lambda network: network.steps > 1)
    LinearRecurrent(inputs=1, hidden=1, outputs=1, steps=2, readout='final')
    """
    sizes = [
        draw(st.integers(1, most)) for most in (max_inputs, max_hidden, max_outputs, max_steps)
    ]
    kind = draw(st.sampled_from(["final", "all"])) if readout is None else readout
    return LinearRecurrent(*sizes, readout=kind)  # type: ignore[arg-type]


@st.composite
def relu_networks(draw: st.DrawFn, max_width: int = 3, bias: bool | None = False) -> ShallowReLU:
    """Shallow ReLU networks; with `bias` None, both kinds.

    >>> from theorycheck.strategies import smallest
    >>> smallest(relu_networks(), lambda network: True)
    ShallowReLU(widths=(1, 1, 1), bias=False)
    """
    widths = [draw(st.integers(1, max_width)) for _ in range(3)]
    return ShallowReLU(widths, bias=draw(st.booleans()) if bias is None else bias)


@st.composite
def bottleneck_networks(draw: st.DrawFn, max_hidden: int = 2) -> LinearFeedforward:
    """Feed-forward networks with a hidden width below their numbers of inputs and of outputs.

    >>> from theorycheck.strategies import smallest
    >>> smallest(bottleneck_networks(), lambda network: True)
    LinearFeedforward(widths=(2, 1, 2), bias=False)
    """
    narrow = draw(st.integers(1, max_hidden))
    ends = [draw(st.integers(narrow + 1, narrow + 2)) for _ in range(2)]
    widths = [ends[0], narrow, ends[1]]
    if draw(st.booleans()):
        widths.insert(draw(st.integers(1, 2)), draw(st.integers(1, narrow + 2)))
    return LinearFeedforward(widths, bias=draw(st.booleans()))


def linear_networks() -> SearchStrategy[Network]:
    """Linear networks, feed-forward or recurrent, for which the theory gives verdicts.

    >>> from theorycheck.strategies import smallest
    >>> smallest(linear_networks(), lambda network: True)
    LinearFeedforward(widths=(1, 1), bias=False)
    """
    return st.one_of(feedforward_networks(), recurrent_networks())


def networks() -> SearchStrategy[Network]:
    """Networks of all kinds.

    >>> from theorycheck.strategies import smallest
    >>> smallest(networks(), lambda network: network.kind == "shallow_relu").widths
    (1, 1, 1)
    """
    return st.one_of(feedforward_networks(), recurrent_networks(), relu_networks(bias=None))


def samples(most: int = 6) -> SearchStrategy[int]:
    """Numbers m of samples from 1 to `most`.

    >>> from theorycheck.strategies import smallest
    >>> smallest(samples(), lambda m: m >= 2)
    2
    """
    return st.integers(1, most)


def seeds() -> SearchStrategy[int]:
    """Seeds of random generators, 32 bits; they shrink towards 0.

    >>> from theorycheck.strategies import smallest
    >>> smallest(seeds(), lambda seed: seed >= 2**20) < 2**22
    True
    """
    return st.integers(0, 2**32 - 1)
