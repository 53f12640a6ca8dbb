"""Feed-forward networks: layers one behind the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

from ...errors import InputError, shown
from .activations import activation_names
from .base import Network, positive_integer
from .layers import LayerAfterLayer
from .unrolled import CONSTANT, Group, Level, Multiple, Term, Unrolled


@dataclass(frozen=True)
class _Feedforward(LayerAfterLayer):
    """Shared by the feed-forward kinds: `widths` n_0..n_L and optional biases in every layer."""

    widths: Sequence[int]
    bias: bool = False
    inputs: int = field(init=False, repr=False, compare=False)
    outputs: int = field(init=False, repr=False, compare=False)
    steps: int = field(init=False, repr=False, compare=False, default=1)

    def __post_init__(self) -> None:
        if isinstance(self.widths, (str, bytes)) or not isinstance(self.widths, Sequence):
            raise InputError(f"network.widths must be a list of sizes, not {shown(self.widths)}")
        self._check_depth(len(self.widths))
        widths = tuple(
            positive_integer(width, f"network.widths[{i}]") for i, width in enumerate(self.widths)
        )
        object.__setattr__(self, "widths", widths)
        object.__setattr__(self, "inputs", widths[0])
        object.__setattr__(self, "outputs", widths[-1])
        if not isinstance(self.bias, bool):
            raise InputError(f"network.bias must be true or false, not {shown(self.bias)}")

    def _check_depth(self, n_widths: int) -> None:
        if n_widths < 2:
            raise InputError(f"network.widths must have at least 2 entries, not {n_widths}")

    @cached_property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Weight name -> shape, layer by layer, each bias behind its weight matrix."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(1, self.depth + 1):
            shapes[f"W{layer}"] = (self.widths[layer], self.widths[layer - 1])
            if self.bias:
                shapes[f"b{layer}"] = (self.widths[layer],)
        return shapes

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """Linear throughout."""
        return ("linear",) * (self.depth - 1)

    @cached_property
    def residual(self) -> tuple[int, ...]:
        """The numbers of the hidden layers that add what they read."""
        return ()

    @cached_property
    def unrolled(self) -> Unrolled:
        """Inputs, with biases the constant, then one level for each layer.

        A residual layer has two: what it adds, and the sum.
        """
        levels = [Level(0, 0, self.inputs), *[Level(CONSTANT, 0, 1)] * self.bias]
        source, multiples = 0, {}
        for layer, names in enumerate(self.weight_layers, start=1):
            terms, width = tuple(map(Term, names, (source, 1))), self.widths[layer]
            hidden = self.activations[layer - 1] if layer < self.depth else "linear"
            group = ("added", layer) if layer in self.residual else layer
            levels.append(Level(group, 0, width, terms, hidden))
            if layer in self.residual:
                around = f"1 x {width}"
                multiples[around] = Multiple(Fraction(1), width)
                sums = Term(around, len(levels) - 1), Term(around, source)
                levels.append(Level(layer, 0, width, sums))
            source = len(levels) - 1
        return Unrolled(tuple(levels), (source,), multiples=multiples)

    def transposed(self) -> tuple[Network, dict[str, str]] | None:
        """The widths from the outputs to the inputs; of linear networks only."""
        if not self.is_linear:
            return None
        names = {f"W{k}": f"W{self.depth + 1 - k}" for k in range(1, self.depth + 1)}
        return type(self)(tuple(reversed(self.widths))), names

    @property
    def path_bounds(self) -> tuple[int, float]:
        """As many weights as layers; one unit more than each layer has, for the constant.

        The documentation of certificates promises these numbers.
        """
        return self.depth, sum(math.log2(width + 1) for width in self.widths[:-1])

    def resized(self, *, inputs: int | None = None, outputs: int | None = None) -> _Feedforward:
        """The same hidden layers."""
        first, *hidden, last = self.widths
        return replace(self, widths=(inputs or first, *hidden, outputs or last))

    def describe(self) -> str:
        """The network in words, for example `linear feed-forward 4-4-3`."""
        widths = list(map(str, self.widths))
        if self.depth > 20:
            widths[6:-3] = [f"..({self.depth} layers)..."]
        sizes = "-".join(widths)
        return f"{self.title} {sizes}{' with biases' if self.bias else ''}"


@dataclass(frozen=True)
class LinearFeedforward(_Feedforward):
    """y = W_L ... W_1 x with `widths` n_0..n_L; with `bias`, every layer adds a constant.

    Raises `InputError` unless there are at least two widths, all positive integers.

    >>> LinearFeedforward([3, 4, 2]).weight_shapes
    {'W1': (4, 3), 'W2': (2, 4)}
    """

    kind: ClassVar[str] = "linear_feedforward"
    title: ClassVar[str] = "linear feed-forward"


@dataclass(frozen=True)
class ShallowReLU(_Feedforward):
    """y = W_2 relu(W_1 x) with `widths` (n_0, n_1, d); with `bias`, both layers add a constant.

    Raises `InputError` unless there are exactly three widths, all positive integers.

    >>> ShallowReLU([2, 3, 1]).n_weights
    9
    """

    kind: ClassVar[str] = "shallow_relu"
    title: ClassVar[str] = "shallow ReLU"

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """That of the hidden layer."""
        return ("relu",)

    def _check_depth(self, n_widths: int) -> None:
        if n_widths != 3:
            raise InputError(f"network.widths must have 3 entries for shallow_relu, not {n_widths}")


@dataclass(frozen=True)
class Feedforward(_Feedforward):
    """h_l = sigma_l(W_l h_(l-1) + b_l), y = W_L h_(L-1) + b_L, with `widths` n_0..n_L.

    `activation` is the name of sigma for all hidden layers, or a list of names, one for each; the
    names are those of `ACTIVATIONS`. With `skip`, hidden layers as wide as what they read are
    residual: h_l = h_(l-1) + sigma_l(W_l h_(l-1) + b_l). Raises `InputError` unless there are at
    least two widths, all positive integers, and for unknown names or a list of another length.

    >>> Feedforward([3, 4, 4, 2], activation="tanh").activations
    ('tanh', 'tanh')
    """

    activation: str | Sequence[str] = field(kw_only=True)
    skip: bool = field(default=False, kw_only=True)
    kind: ClassVar[str] = "feedforward"
    title: ClassVar[str] = "feed-forward"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.skip, bool):
            raise InputError(f"network.skip must be true or false, not {shown(self.skip)}")
        names = activation_names(self.activation, self.depth - 1, "hidden layer")
        object.__setattr__(self, "activation", names)

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """Those of the hidden layers."""
        given = self.activation
        return (given,) * (self.depth - 1) if isinstance(given, str) else tuple(given)

    @cached_property
    def residual(self) -> tuple[int, ...]:
        """The numbers of the hidden layers that add what they read.

        >>> Feedforward([2, 4, 4, 4, 4], activation="tanh", skip=True).residual
        (2, 3)
        """
        pairs = enumerate(pairwise(self.widths[:-1]), start=1)
        return tuple(layer for layer, (before, own) in pairs if self.skip and before == own)

    @property
    def passes(self) -> tuple[tuple[Group, Group], ...]:
        """The layers that residual ones add."""
        return tuple((layer - 1, layer) for layer in self.residual)

    @cached_property
    def is_linear(self) -> bool:
        """Whether it is, and layer behind layer: the linear theorems speak of such ones alone."""
        return not self.residual and all(name == "linear" for name in self.activations)

    @property
    def plainest(self) -> Network:
        """Without `skip` where no widths agree; a linear or a shallow ReLU one as of that kind."""
        if self.residual:
            return self
        if self.skip:
            return replace(self, skip=False).plainest
        if self.is_linear:
            return LinearFeedforward(self.widths, self.bias)
        return ShallowReLU(self.widths, self.bias) if self.is_shallow_relu else self

    def describe(self) -> str:
        """The network in words, for example `tanh feed-forward 4-8-4 with biases`."""
        names = dict.fromkeys(self.activations)
        residual = "residual " if self.residual else ""
        return f"{residual}{'/'.join(names) or 'linear'} {super().describe()}"

    def to_dict(self) -> dict[str, Any]:
        """As of every network, a list of activations as such."""
        found = super().to_dict()
        given = found["activation"]
        return {**found, "activation": given if isinstance(given, str) else list(given)}
