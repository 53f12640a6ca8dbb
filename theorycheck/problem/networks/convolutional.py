"""Convolutional networks: filters that act at every position, average pooling, a dense head."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any, ClassVar, NamedTuple, TypeAlias

from ...errors import InputError, nearest, shown
from .activations import activation_names
from .base import positive_integer
from .layers import LayerAfterLayer
from .unrolled import CONSTANT, Level, Multiple, Part, Term, Unrolled

Axes: TypeAlias = tuple[int, ...]  # one number for each axis of positions

_DEFAULTS = {"stride": 1, "padding": 0, "pool": 1}
_KEYS = ("channels", "kernel", *_DEFAULTS)


class Convolution(NamedTuple):
    """A convolution by `channels` filters, and an average over windows of `pool` positions.

    Its inputs have `before` positions, its values `after` convolution, and `pooled` in the end.
    """

    channels: int
    kernel: Axes
    stride: Axes
    padding: Axes
    pool: Axes
    before: Axes
    after: Axes
    pooled: Axes

    def reads(self, position: Axes) -> Iterator[tuple[Axes, Axes]]:
        """Offsets in the filter, and the positions that they read where it is put; no padding."""
        axes = zip(position, self.kernel, self.stride, self.padding, self.before, strict=True)
        read = [
            [(offset, at * stride - padding + offset) for offset in range(kernel)]
            for at, kernel, stride, padding, _ in axes
        ]
        within = [
            [(offset, at) for offset, at in pairs if 0 <= at < size]
            for pairs, size in zip(read, self.before, strict=True)
        ]
        for pairs in product(*within):
            yield tuple(offset for offset, _ in pairs), tuple(at for _, at in pairs)

    def window(self, position: Axes) -> Iterator[Axes]:
        """The positions whose average a pooled position is."""
        axes = zip(position, self.pool, strict=True)
        return product(*(range(at * size, (at + 1) * size) for at, size in axes))

    def __repr__(self) -> str:
        """As a network takes it."""
        return repr(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """As in an allocation file: one number where all axes have the same."""
        values: dict[str, Any] = {"channels": self.channels}
        for key in _KEYS[1:]:
            axes: Axes = getattr(self, key)
            values[key] = axes[0] if len(set(axes)) == 1 else list(axes)
        return {key: value for key, value in values.items() if value != _DEFAULTS.get(key)}

    def describe(self) -> str:
        """For example `8 filters 3 x 3, stride 2, pool 2`."""
        kernel = " x ".join(map(str, self.kernel))
        given = self.to_dict()
        rest = "".join(f", {key} {given[key]}" for key in _DEFAULTS if key in given)
        return f"{self.channels} filter{'s' * (self.channels > 1)} {kernel}{rest}"


@dataclass(frozen=True)
class Convolutional(LayerAfterLayer):
    """A stack of convolutions in one or two dimensions, flattened, and a dense linear head.

    `input` is (channels, length) or (channels, height, width). Each of `layers` has the keys
    `channels`, `kernel` and perhaps `stride`, `padding` (with zeros) and `pool`, the size of the
    windows, side by side, over which values are averaged; each but the first is one number, or one
    for each axis. Weights have torch's shapes: filters `W1`, ... (channels, channels before,
    *kernel), and last the head, which reads channel after channel. `activation` is the name of what
    follows the convolutions, or a list of names, one for each.

    Raises `InputError` for other sizes, filters larger than what they read, padding as large as
    the kernel (a filter must not see padding alone), and unknown keys and names.

    >>> filters = {"channels": 2, "kernel": 3, "pool": 2}
    >>> network = Convolutional([1, 6], [filters], 2, activation="tanh")
    >>> network.weight_shapes
    {'W1': (2, 1, 3), 'W2': (2, 4)}
    """

    input: Sequence[int]
    layers: Sequence[Any]
    outputs: int
    activation: str | Sequence[str] = field(kw_only=True)
    bias: bool = field(default=False, kw_only=True)
    inputs: int = field(init=False, repr=False, compare=False)
    steps: int = field(init=False, repr=False, compare=False, default=1)
    widths: Sequence[int] = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "convolutional"
    title: ClassVar[str] = "convolutional"

    def __post_init__(self) -> None:
        channels, *size = _sizes(self.input, "network.input", (2, 3))
        if not isinstance(self.layers, Sequence) or isinstance(self.layers, (str, bytes)):
            raise InputError(f"network.layers must be a list of objects, not {shown(self.layers)}")
        if not self.layers:
            raise InputError("network.layers must have at least one convolution")
        positions, layers = tuple(size), []
        for number, given in enumerate(self.layers):
            layers.append(_convolution(given, positions, f"network.layers[{number}]"))
            positions = layers[-1].pooled
        outputs = positive_integer(self.outputs, "network.outputs")
        if not isinstance(self.bias, bool):
            raise InputError(f"network.bias must be true or false, not {shown(self.bias)}")
        names = activation_names(self.activation, len(layers), "convolution")
        values = {
            "input": (channels, *size),
            "layers": tuple(layers),
            "outputs": outputs,
            "activation": names,
            "inputs": channels * math.prod(size),
            "widths": (channels, *(layer.channels for layer in layers), outputs),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @cached_property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Filters and their biases, layer by layer, then the head."""
        shapes: dict[str, tuple[int, ...]] = {}
        before, positions = self.input[0], self.input[1:]
        for number, layer in enumerate(self.layers, start=1):
            shapes[f"W{number}"] = (layer.channels, before, *layer.kernel)
            if self.bias:
                shapes[f"b{number}"] = (layer.channels,)
            before, positions = layer.channels, layer.pooled
        shapes[f"W{self.depth}"] = (self.outputs, before * math.prod(positions))
        if self.bias:
            shapes[f"b{self.depth}"] = (self.outputs,)
        return shapes

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """Those of the convolutions."""
        given = self.activation
        return (given,) * len(self.layers) if isinstance(given, str) else tuple(given)

    @cached_property
    def n_units(self) -> int:
        """The channels of all positions."""
        return sum(level.size for level in self.unrolled.levels)

    @cached_property
    def is_linear(self) -> bool:
        """No: the linear theorems speak of weights that act once, not of filters."""
        return False

    @cached_property
    def unrolled(self) -> Unrolled:
        """One level for each position, its units the channels; the inputs position by position."""
        return _Unrolling(self).unrolled

    def resized(self, *, inputs: int | None = None, outputs: int | None = None) -> Convolutional:
        """The same convolutions; the inputs are those of an image, and stay."""
        if inputs not in (None, self.inputs):
            raise InputError("a convolutional network cannot have another number of inputs")
        return replace(self, outputs=outputs or self.outputs)

    def rows_of_points(self, points: Any) -> Any:
        """Points, given channel after channel, as they are read: position by position."""
        by_channel = points.reshape(len(points), self.input[0], -1)
        return by_channel.swapaxes(1, 2).reshape(len(points), -1)

    def describe(self) -> str:
        """The network in words, for example `tanh convolutional 1 x 6, 2 filters 3, 2 outputs`."""
        names = "/".join(dict.fromkeys(self.activations))
        layers = ", ".join(layer.describe() for layer in self.layers)
        size = " x ".join(map(str, self.input))
        biases = " with biases" if self.bias else ""
        outputs = f"{self.outputs} output{'s' * (self.outputs > 1)}"
        return f"{names} {self.title} {size}, {layers}, {outputs}{biases}"

    def to_dict(self) -> dict[str, Any]:
        """As of every network, layers as objects."""
        found = super().to_dict()
        given = self.activation
        return {
            **found,
            "input": list(self.input),
            "layers": [layer.to_dict() for layer in self.layers],
            "activation": given if isinstance(given, str) else list(given),
        }


class _Unrolling:
    """The levels of a convolutional network, put together layer by layer."""

    def __init__(self, network: Convolutional) -> None:
        self._network, self._parts, self._multiples = network, {}, {}
        self._levels: list[Level] = []
        channels, *size = network.input
        sources: dict[Axes, int] = {}
        for position in product(*map(range, size)):
            sources[position] = self._add(Level((0, position), 0, channels))
        self._constant = ()
        if network.bias:
            self._constant = (self._add(Level(CONSTANT, 0, 1)),)
        for number, layer in enumerate(network.layers, start=1):
            values = self._convolved(number, layer, sources)
            sources = values if math.prod(layer.pool) == 1 else self._pooled(number, layer, values)
        self._head(sources)
        self.unrolled = Unrolled(
            tuple(self._levels), (len(self._levels) - 1,), self._parts, self._multiples
        )

    def _add(self, level: Level) -> int:
        self._levels.append(level)
        return len(self._levels) - 1

    def _bias(self, number: int) -> tuple[Term, ...]:
        return tuple(Term(f"b{number}", constant) for constant in self._constant)

    def _convolved(
        self, number: int, layer: Convolution, sources: Mapping[Axes, int]
    ) -> dict[Axes, int]:
        name, activation = f"W{number}", self._network.activations[number - 1]
        found = {}
        for position in product(*map(range, layer.after)):
            terms = []
            for offset, read in layer.reads(position):
                part = f"{name}[:,:,{','.join(map(str, offset))}]"
                self._parts.setdefault(part, Part(name, (slice(None), slice(None), *offset)))
                terms.append(Term(part, sources[read]))
            level = Level(
                ("convolved", number, position),
                0,
                layer.channels,
                (*terms, *self._bias(number)),
                activation,
            )
            found[position] = self._add(level)
        return found

    def _pooled(
        self, number: int, layer: Convolution, values: Mapping[Axes, int]
    ) -> dict[Axes, int]:
        share = Fraction(1, math.prod(layer.pool))
        name = f"{share} x {layer.channels}"
        self._multiples[name] = Multiple(share, layer.channels)
        found = {}
        for position in product(*map(range, layer.pooled)):
            terms = tuple(Term(name, values[at]) for at in layer.window(position))
            found[position] = self._add(Level((number, position), 0, layer.channels, terms))
        return found

    def _head(self, sources: Mapping[Axes, int]) -> None:
        number, n_positions = self._network.depth, len(sources)
        terms = []
        for k, source in enumerate(sources.values()):
            part = f"W{number}[:,{k}::{n_positions}]"
            columns = slice(k, None, n_positions)
            self._parts[part] = Part(f"W{number}", (slice(None), columns))
            terms.append(Term(part, source))
        self._add(Level(number, 0, self._network.outputs, (*terms, *self._bias(number))))


def _sizes(value: object, place: str, counts: tuple[int, ...]) -> Axes:
    """A list of positive integers, of one of these lengths."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise InputError(f"{place} must be a list of sizes, not {shown(value)}")
    if len(value) not in counts:
        wanted = " or ".join(map(str, counts))
        raise InputError(f"{place} must have {wanted} entries, not {len(value)}")
    return tuple(positive_integer(size, f"{place}[{i}]") for i, size in enumerate(value))


def _convolution(given: object, before: Axes, place: str) -> Convolution:
    """A layer as given: an object with its keys, or what another network made of one."""
    if isinstance(given, Convolution):
        given = given.to_dict()
    if not isinstance(given, Mapping):
        raise InputError(f"{place} must be an object, not {shown(given)}")
    for key in given:
        if key not in _KEYS:
            wrong = f"{shown(key)}{nearest(key, _KEYS) if isinstance(key, str) else ''}"
            raise InputError(f"{place} has no key {wrong}; a layer has {', '.join(_KEYS)}")
    for key in ("channels", "kernel"):
        if key not in given:
            raise InputError(f"{place}.{key} is missing; a convolution needs it")
    channels = positive_integer(given["channels"], f"{place}.channels")
    axes = {
        key: _axes(given.get(key, _DEFAULTS.get(key)), len(before), f"{place}.{key}", key)
        for key in _KEYS[1:]
    }
    after, pooled = [], []
    for size, kernel, stride, padding, pool in zip(before, *axes.values(), strict=True):
        if padding >= kernel:
            raise InputError(
                f"{place}.padding must be below the kernel, {kernel}, not {padding}: a filter must "
                "not see padding alone"
            )
        if kernel > size + 2 * padding:
            raise InputError(
                f"{place}.kernel must be at most {size + 2 * padding}, the size of what it reads "
                f"with its padding, not {kernel}"
            )
        after.append((size + 2 * padding - kernel) // stride + 1)
        if pool > after[-1]:
            raise InputError(
                f"{place}.pool must be at most {after[-1]}, the positions behind the convolution, "
                f"not {pool}"
            )
        pooled.append(after[-1] // pool)
    return Convolution(channels, **axes, before=before, after=tuple(after), pooled=tuple(pooled))


def _axes(value: object, n_axes: int, place: str, key: str) -> Axes:
    """One number for each axis; padding may be 0."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        value = [value] * n_axes
    if len(value) != n_axes:
        raise InputError(f"{place} must be one integer, or {n_axes}, not {len(value)}")
    shift = int(key == "padding")  # from 0 on
    found = []
    for size in value:
        if shift and size == 0 and not isinstance(size, bool):
            found.append(0)
        elif shift and isinstance(size, int) and size < 0:
            raise InputError(f"{place} must be an integer from 0 on, not {size}")
        else:
            found.append(positive_integer(size, place))
    return tuple(found)
