"""Recurrent networks: one hidden state, carried from step to step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

from ...errors import InputError, nearest, shown
from .base import Network, positive_integer
from .unrolled import Group, Level, Term, Unrolled

_MOST_KEPT = 20_000  # steps whose levels are kept, not made anew for every pass


@dataclass(frozen=True)
class LinearRecurrent(Network):
    """h_0 = 0, h_t = W h_(t-1) + B x_t, and y = D h_T (`final`) or y_t = D h_t for all t (`all`).

    `input` is B (hidden x inputs), `recurrent` W (hidden x hidden), `readout` D (outputs x hidden).
    Raises `InputError` for sizes that are not positive integers or an unknown `readout`.

    >>> LinearRecurrent(inputs=1, hidden=2, outputs=1, steps=4).weight_shapes
    {'input': (2, 1), 'recurrent': (2, 2), 'readout': (1, 2)}
    """

    inputs: int
    hidden: int
    outputs: int
    steps: int
    readout: Literal["final", "all"] = "final"
    widths: Sequence[int] = field(init=False, repr=False, compare=False)
    bias: bool = field(init=False, repr=False, compare=False, default=False)
    kind: ClassVar[str] = "linear_recurrent"
    title: ClassVar[str] = "linear recurrent"
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
        """Weight name -> shape: input, recurrent, readout."""
        return {
            "input": (self.hidden, self.inputs),
            "recurrent": (self.hidden, self.hidden),
            "readout": (self.outputs, self.hidden),
        }

    @cached_property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """Its three weights, each a layer of its own."""
        return ("input",), ("recurrent",), ("readout",)

    @cached_property
    def groups(self) -> dict[Group, int]:
        """The groups `input`, `hidden` and `output`."""
        return {"input": self.inputs, "hidden": self.hidden, "output": self.outputs}

    def ends(self, weight: str) -> tuple[Group, Group]:
        """The groups that a weight leads from and to."""
        ends = {"input": ("input", "hidden"), "recurrent": ("hidden", "hidden")}
        return ends.get(weight, ("hidden", "output"))

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """Linear."""
        return ("linear",)

    @cached_property
    def unrolled(self) -> Unrolled:
        """The inputs of all steps, the hidden states of all, then the outputs that are read."""
        levels = _Steps(self)
        kept = tuple(levels) if self.steps <= _MOST_KEPT else levels
        return Unrolled(kept, range(2 * self.steps, len(levels)))

    def transposed(self) -> tuple[Network, dict[str, str]]:
        """Inputs and outputs exchanged, and their weights."""
        other = replace(self, inputs=self.outputs, outputs=self.inputs)
        return other, {"input": "readout", "recurrent": "recurrent", "readout": "input"}

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
    def same_paths(self) -> LinearRecurrent:
        """At most 3 N steps, the last of them read.

        A shortest path through two learnables has three stretches of at most N - 1 recurrent edges,
        so more than 3 N steps show nothing new; both readouts see the same paths.
        """
        return replace(self, steps=min(self.steps, 3 * self.hidden), readout="final")

    @property
    def path_bounds(self) -> tuple[int, float]:
        """At most T times N^T n_in paths, through the recurrent weights T times at most.

        The documentation of certificates promises these numbers.
        """
        log_paths = 2 * math.log2(self.steps) + self.steps * math.log2(self.hidden)
        return self.steps + 1, log_paths + math.log2(self.inputs)

    def resized(self, *, inputs: int | None = None, outputs: int | None = None) -> LinearRecurrent:
        """The same hidden state and steps."""
        return replace(self, inputs=inputs or self.inputs, outputs=outputs or self.outputs)

    def describe(self) -> str:
        """The network in words, for example `linear recurrent 1-2-1, 4 steps, readout final`."""
        sizes = f"{self.inputs}-{self.hidden}-{self.outputs}"
        return f"{self.title} {sizes}, {self.steps} steps, readout {self.readout}"


@dataclass(frozen=True)
class _Steps(Sequence[Level]):
    """The levels of a recurrent network, made on demand; steps count from 1."""

    network: LinearRecurrent

    def __len__(self) -> int:
        network = self.network
        return 2 * network.steps + (network.steps if network.readout == "all" else 1)

    def __getitem__(self, number: int) -> Level:  # type: ignore[override]
        network = self.network
        if not 0 <= number < len(self):
            raise IndexError(number)
        part, step = divmod(number, network.steps)  # steps from 0, as numbers of levels
        if part == 0:
            return Level("input", step + 1, network.inputs)
        if part == 1:
            before = (Term("recurrent", number - 1),) if step else ()
            return Level("hidden", step + 1, network.hidden, (*before, Term("input", step)))
        step = step if network.readout == "all" else network.steps - 1
        terms = (Term("readout", network.steps + step),)
        return Level("output", step + 1, network.outputs, terms)
