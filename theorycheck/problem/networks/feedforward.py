"""Feed-forward networks: layers one behind the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

from ...errors import InputError, shown
from .base import Network, positive_integer
from .unrolled import CONSTANT, Group, Level, Term, Unrolled


@dataclass(frozen=True)
class _Feedforward(Network):
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

    @property
    def depth(self) -> int:
        """Number of weight layers L."""
        return len(self.widths) - 1

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
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """The weights of layers 1 to L: `("W1",)`, with biases `("W1", "b1")`, and so on."""
        names = ("W", "b") if self.bias else ("W",)
        return tuple(
            tuple(f"{name}{layer}" for name in names) for layer in range(1, self.depth + 1)
        )

    @cached_property
    def groups(self) -> dict[Group, int]:
        """Number of the layer -> its width, 0 for the inputs."""
        return dict(enumerate(self.widths))

    def ends(self, weight: str) -> tuple[Group, Group]:
        """The layers that a weight leads from and to; for a bias both are its own."""
        layer = int(weight[1:])
        return (layer - 1 if weight[0] == "W" else layer), layer

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """Linear throughout."""
        return ("linear",) * (self.depth - 1)

    @cached_property
    def unrolled(self) -> Unrolled:
        """Inputs, with biases the constant, then one level for each layer."""
        first = 1 + self.bias  # level of layer 1
        levels = [Level(0, 0, self.inputs)]
        if self.bias:
            levels.append(Level(CONSTANT, 0, 1))
        for layer, names in enumerate(self.layers, start=1):
            sources = (first + layer - 2 if layer > 1 else 0, 1)
            terms = tuple(map(Term, names, sources))
            hidden = self.activations[layer - 1] if layer < self.depth else "linear"
            levels.append(Level(layer, 0, self.widths[layer], terms, hidden))
        return Unrolled(tuple(levels), (len(levels) - 1,))

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
