"""Networks, numbers of samples and seeds: what every other strategy starts from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.base import Network
from ..problem.networks.convolutional import Convolutional
from ..problem.networks.feedforward import Feedforward, LinearFeedforward, ShallowReLU
from ..problem.networks.recurrent import LinearRecurrent, Recurrent

_Readout: TypeAlias = Literal["final", "all"]


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
    readout: _Readout | None = None,
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


def activations(analytic: bool = False) -> list[str]:
    """The names of all activations, or of the analytic ones, tanh first.

    >>> activations(analytic=True)[:2], "relu" in activations()
    (['tanh', 'sigmoid'], True)
    """
    names = [name for name, row in ACTIVATIONS.items() if row.is_analytic or not analytic]
    return sorted(names, key=lambda name: name == "linear")


def _is_plainest(network: Network) -> bool:
    """Whether no other kind has the same network: it is neither linear nor shallow ReLU."""
    return network.plainest == network


@st.composite
def _deep(
    draw: st.DrawFn, names: Sequence[str], max_depth: int, max_width: int, bias: bool | None
) -> Feedforward:
    depth = draw(st.integers(2, max_depth))
    widths = [draw(st.integers(1, max_width)) for _ in range(depth + 1)]
    is_mixed = depth > 2 and draw(st.booleans())
    given = [draw(st.sampled_from(names)) for _ in range(depth - 1 if is_mixed else 1)]
    has_bias = draw(st.booleans()) if bias is None else bias
    return Feedforward(widths, has_bias, activation=given if is_mixed else given[0])


def deep_networks(
    max_depth: int = 3, max_width: int = 3, bias: bool | None = None, analytic: bool = False
) -> SearchStrategy[Feedforward]:
    """Nonlinear feed-forward networks, of one activation or of one for each layer.

    All activations, or the `analytic` ones; none of the networks is linear or shallow ReLU. They
    shrink to tanh networks of one unit in each layer.

    >>> from theorycheck.strategies import smallest
    >>> smallest(deep_networks(), lambda network: network.depth > 2).describe()
    'tanh feed-forward 1-1-1-1'
    """
    return _deep(activations(analytic), max_depth, max_width, bias).filter(_is_plainest)


@st.composite
def _with_state(
    draw: st.DrawFn,
    names: Sequence[str],
    most: Sequence[int],
    readout: _Readout | None,
    bias: bool | None,
) -> Recurrent:
    sizes = [draw(st.integers(1, size)) for size in most]
    kind = draw(st.sampled_from(["final", "all"])) if readout is None else readout
    has_bias = draw(st.booleans()) if bias is None else bias
    name = draw(st.sampled_from(names))
    return Recurrent(*sizes, readout=kind, bias=has_bias, activation=name)  # type: ignore[arg-type]


def nonlinear_recurrent_networks(
    max_inputs: int = 2,
    max_hidden: int = 3,
    max_outputs: int = 2,
    max_steps: int = 3,
    readout: _Readout | None = None,
    bias: bool | None = None,
    analytic: bool = False,
) -> SearchStrategy[Recurrent]:
    """Recurrent networks of all activations, or of the `analytic` ones; no linear ones.

    With biases even the activation `linear` counts: the outputs are then affine.

    >>> from theorycheck.strategies import smallest
    >>> smallest(nonlinear_recurrent_networks(), lambda network: network.steps > 1).describe()
    'tanh recurrent 1-1-1, 2 steps, readout final'
    """
    most = max_inputs, max_hidden, max_outputs, max_steps
    found = _with_state(activations(analytic), most, readout, bias)
    return found.filter(_is_plainest)


@st.composite
def _residual(
    draw: st.DrawFn, names: Sequence[str], max_depth: int, max_width: int, bias: bool | None
) -> Feedforward:
    depth = draw(st.integers(2, max_depth))
    widths = [draw(st.integers(1, max_width)) for _ in range(depth + 1)]
    around = draw(st.integers(1, depth - 1))  # this layer at least
    widths[around] = widths[around - 1]
    is_mixed = depth > 2 and draw(st.booleans())
    given = [draw(st.sampled_from(names)) for _ in range(depth - 1 if is_mixed else 1)]
    has_bias = draw(st.booleans()) if bias is None else bias
    return Feedforward(widths, has_bias, activation=given if is_mixed else given[0], skip=True)


def residual_networks(
    max_depth: int = 3, max_width: int = 3, bias: bool | None = None, analytic: bool = False
) -> SearchStrategy[Feedforward]:
    """Feed-forward networks with residual layers, of all activations or the `analytic` ones.

    >>> from theorycheck.strategies import smallest
    >>> smallest(residual_networks(), lambda network: len(network.residual) > 1).describe()
    'residual tanh feed-forward 1-1-1-1'
    """
    return _residual(activations(analytic), max_depth, max_width, bias)


@st.composite
def _filters(
    draw: st.DrawFn, names: Sequence[str], axes: int | None, max_layers: int, bias: bool | None
) -> Convolutional:
    n_axes = draw(st.integers(1, 2)) if axes is None else axes
    most = 5 if n_axes == 1 else 3
    positions = [draw(st.integers(1, most)) for _ in range(n_axes)]
    given, layers = [draw(st.integers(1, 2)), *positions], []
    for _ in range(draw(st.integers(1, max_layers))):
        layer: dict[str, int | list[int]] = {"channels": draw(st.integers(1, 2))}
        sizes = []
        for before in positions:
            kernel = draw(st.integers(1, 3 if n_axes == 1 else 2))
            least = max(0, kernel - before + 1) // 2
            padding = draw(st.integers(least, max(least, kernel - 1)))
            stride = draw(st.integers(1, 2))
            after = (before + 2 * padding - kernel) // stride + 1
            sizes.append((kernel, stride, padding, draw(st.integers(1, min(2, after))), after))
        keys = ("kernel", "stride", "padding", "pool")
        layer |= {key: [size[k] for size in sizes] for k, key in enumerate(keys)}
        positions = [after // pool for *_, pool, after in sizes]
        layers.append(layer)
    is_mixed = len(layers) > 1 and draw(st.booleans())
    chosen = [draw(st.sampled_from(names)) for _ in range(len(layers) if is_mixed else 1)]
    outputs = draw(st.integers(1, 2))
    has_bias = draw(st.booleans()) if bias is None else bias
    activation = chosen if is_mixed else chosen[0]
    return Convolutional(given, layers, outputs, activation=activation, bias=has_bias)


def convolutional_networks(
    axes: int | None = None, max_layers: int = 2, bias: bool | None = None, analytic: bool = False
) -> SearchStrategy[Convolutional]:
    """Convolutional networks in 1 or 2 dimensions (`axes`), with strides, padding and pooling.

    Lengths are 5 at most, in two dimensions 3. All activations, or the `analytic` ones.

    >>> from theorycheck.strategies import smallest
    >>> smallest(convolutional_networks(), lambda network: len(network.layers) > 1).describe()
    'tanh convolutional 1 x 1, 1 filter 1, 1 filter 1, 1 output'
    """
    return _filters(activations(analytic), axes, max_layers, bias)


def analytic_networks() -> SearchStrategy[Network]:
    """Nonlinear networks with analytic activations, of all kinds: those of T11.

    >>> from theorycheck.strategies import smallest
    >>> smallest(analytic_networks(), lambda network: network.bias).describe()
    'tanh feed-forward 1-1-1 with biases'
    """
    return st.one_of(
        deep_networks(analytic=True),
        nonlinear_recurrent_networks(analytic=True),
        residual_networks(analytic=True),
        convolutional_networks(analytic=True),
    )


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
    return st.one_of(
        feedforward_networks(),
        recurrent_networks(),
        relu_networks(bias=None),
        deep_networks(),
        nonlinear_recurrent_networks(),
        residual_networks(),
        convolutional_networks(),
    )


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
