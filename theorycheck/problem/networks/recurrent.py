"""Recurrent networks: one hidden state, carried from step to step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal, TypeVar

from ...errors import InputError, nearest, shown
from .activations import activation_name
from .base import Network, positive_integer
from .unrolled import CONSTANT, Group, Level, Term, Unrolled

_MOST_KEPT = 20_000  # steps whose levels are kept, not made anew for every pass

_Same = TypeVar("_Same", bound="_Recurrent")


@dataclass(frozen=True)
class _Recurrent(Network):
    """Shared by the recurrent kinds: one hidden state h_t, h_0 = 0."""

    inputs: int
    hidden: int
    outputs: int
    steps: int
    readout: Literal["final", "all"] = "final"
    widths: Sequence[int] = field(init=False, repr=False, compare=False)
    bias: bool = field(init=False, repr=False, compare=False, default=False)
    is_recurrent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("inputs", "hidden", "outputs", "steps"):
            size = positive_integer(getattr(self, name), f"network.{name}")
            object.__setattr__(self, name, size)
        object.__setattr__(self, "widths", (self.inputs, self.hidden, self.outputs))
        if self.readout not in ("final", "all"):
            wrong = f"{shown(self.readout)}{nearest(self.readout, ('final', 'all'))}"
            raise InputError(f'network.readout must be "final" or "all", not {wrong}')

    @cached_property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Weight name -> shape: input, recurrent, readout, biases behind those they join."""
        shapes: dict[str, tuple[int, ...]] = {
            "input": (self.hidden, self.inputs),
            "recurrent": (self.hidden, self.hidden),
            "bias": (self.hidden,),
            "readout": (self.outputs, self.hidden),
            "readout_bias": (self.outputs,),
        }
        return {name: shape for name, shape in shapes.items() if self.bias or len(shape) == 2}

    @cached_property
    def weight_layers(self) -> tuple[tuple[str, ...], ...]:
        """Each of its matrices is a layer; biases belong to the recurrent one and the readout."""
        if self.bias:
            return ("input",), ("recurrent", "bias"), ("readout", "readout_bias")
        return ("input",), ("recurrent",), ("readout",)

    @cached_property
    def groups(self) -> dict[Group, int]:
        """The groups `input`, `hidden` and `output`."""
        return {"input": self.inputs, "hidden": self.hidden, "output": self.outputs}

    def ends(self, weight: str) -> tuple[Group, Group]:
        """The groups that a weight leads from and to; for a bias both are its own."""
        ends = {
            "input": ("input", "hidden"),
            "readout": ("hidden", "output"),
            "readout_bias": ("output", "output"),
        }
        return ends.get(weight, ("hidden", "hidden"))

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """Linear."""
        return ("linear",)

    @cached_property
    def unrolled(self) -> Unrolled:
        """The inputs of all steps, the constant, the hidden states of all, then the outputs."""
        levels = _Steps(self)
        kept = tuple(levels) if self.steps <= _MOST_KEPT else levels
        return Unrolled(kept, range(2 * self.steps + self.bias, len(levels)))

    def input_shape(self, samples: int) -> tuple[int, ...]:
        """Steps, inputs, samples."""
        return (self.steps, self.inputs, samples)

    @property
    def reads_every_step(self) -> bool:
        """For readout `all`."""
        return self.readout == "all"

    @property
    def input_dimension(self) -> int:
        """n_in T for readout `final`; n_in for `all`, where x_1 shows every Markov parameter."""
        return self.inputs * (self.steps if self.readout == "final" else 1)

    @property
    def same_paths(self: _Same) -> _Same:
        """At most 3 N steps, the last of them read.

        A shortest path through two learnables has three stretches of at most N - 1 recurrent edges,
        so more than 3 N steps show nothing new; both readouts see the same paths.
        """
        return replace(self, steps=min(self.steps, 3 * self.hidden), readout="final")

    def resized(self: _Same, *, inputs: int | None = None, outputs: int | None = None) -> _Same:
        """The same hidden state and steps."""
        return replace(self, inputs=inputs or self.inputs, outputs=outputs or self.outputs)

    def describe(self) -> str:
        """The network in words, for example `linear recurrent 1-2-1, 4 steps, readout final`."""
        sizes = f"{self.inputs}-{self.hidden}-{self.outputs}{' with biases' if self.bias else ''}"
        return f"{self.title} {sizes}, {self.steps} steps, readout {self.readout}"


@dataclass(frozen=True)
class LinearRecurrent(_Recurrent):
    """h_0 = 0, h_t = W h_(t-1) + B x_t, and y = D h_T (`final`) or y_t = D h_t for all t (`all`).

    `input` is B (hidden x inputs), `recurrent` W (hidden x hidden), `readout` D (outputs x hidden).
    Raises `InputError` for sizes that are not positive integers or an unknown `readout`.

    >>> LinearRecurrent(inputs=1, hidden=2, outputs=1, steps=4).weight_shapes
    {'input': (2, 1), 'recurrent': (2, 2), 'readout': (1, 2)}
    """

    kind: ClassVar[str] = "linear_recurrent"
    title: ClassVar[str] = "linear recurrent"

    def transposed(self) -> tuple[Network, dict[str, str]]:
        """Inputs and outputs exchanged, and their weights."""
        other = replace(self, inputs=self.outputs, outputs=self.inputs)
        return other, {"input": "readout", "recurrent": "recurrent", "readout": "input"}

    @property
    def path_bounds(self) -> tuple[int, float]:
        """At most T times N^T n_in paths, through the recurrent weights T times at most.

        The documentation of certificates promises these numbers.
        """
        log_paths = 2 * math.log2(self.steps) + self.steps * math.log2(self.hidden)
        return self.steps + 1, log_paths + math.log2(self.inputs)


@dataclass(frozen=True)
class Recurrent(_Recurrent):
    """h_0 = 0, h_t = sigma(W h_(t-1) + B x_t + b), and y = D h_T + c, or y_t at every step (`all`).

    `activation` is the name of sigma, one of `ACTIVATIONS`. With `bias` there are `bias` b (hidden)
    and `readout_bias` c (outputs). Raises `InputError` for sizes that are not positive integers, an
    unknown `readout` or `activation`.

    >>> list(Recurrent(1, 2, 1, 4, activation="tanh", bias=True).weight_shapes)
    ['input', 'recurrent', 'bias', 'readout', 'readout_bias']
    """

    bias: bool = field(default=False, kw_only=True)
    activation: str = field(kw_only=True)
    kind: ClassVar[str] = "recurrent"
    title: ClassVar[str] = "recurrent"

    def __post_init__(self) -> None:
        super().__post_init__()
        activation_name(self.activation, "network.activation")
        if not isinstance(self.bias, bool):
            raise InputError(f"network.bias must be true or false, not {shown(self.bias)}")

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """That of the hidden units."""
        return (self.activation,)

    @cached_property
    def is_linear(self) -> bool:
        """Whether it is, without biases: the linear theorems speak of such ones alone."""
        return self.activation == "linear" and not self.bias

    @property
    def plainest(self) -> Network:
        """A linear one without biases as of that kind."""
        if not self.is_linear:
            return self
        return LinearRecurrent(self.inputs, self.hidden, self.outputs, self.steps, self.readout)

    def describe(self) -> str:
        """The network in words, for example `tanh recurrent 1-2-1, 4 steps, readout final`."""
        return f"{self.activation} {super().describe()}"


@dataclass(frozen=True)
class _Steps(Sequence[Level]):
    """The levels of a recurrent network, made on demand; steps count from 1."""

    network: _Recurrent

    def __len__(self) -> int:
        network = self.network
        n_read = network.steps if network.readout == "all" else 1
        return 2 * network.steps + network.bias + n_read

    def __getitem__(self, number: int) -> Level:  # type: ignore[override]
        network, steps = self.network, self.network.steps
        if not 0 <= number < len(self):
            raise IndexError(number)
        if number < steps:
            return Level("input", number + 1, network.inputs)
        if network.bias and number == steps:
            return Level(CONSTANT, 0, 1)
        part, step = divmod(number - network.bias, steps)  # steps from 0, as numbers of levels
        first = steps + network.bias  # level of the first state
        if part == 1:
            before = (Term("recurrent", number - 1),) if step else ()
            terms = (*before, Term("input", step), *self._constant("bias"))
            return Level("hidden", step + 1, network.hidden, terms, network.activations[0])
        step = step if network.readout == "all" else steps - 1
        terms = (Term("readout", first + step), *self._constant("readout_bias"))
        return Level("output", step + 1, network.outputs, terms)

    def _constant(self, weight: str) -> tuple[Term, ...]:
        return (Term(weight, self.network.steps),) if self.network.bias else ()
