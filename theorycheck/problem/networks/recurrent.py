"""Recurrent networks: one hidden state, carried from step to step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from ...errors import InputError, nearest, shown
from .base import _Architecture, positive_integer


@dataclass(frozen=True)
class LinearRecurrent(_Architecture):
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
    kind: ClassVar[str] = "linear_recurrent"
    title: ClassVar[str] = "linear recurrent"

    def __post_init__(self) -> None:
        for name in ("inputs", "hidden", "outputs", "steps"):
            size = positive_integer(getattr(self, name), f"network.{name}")
            object.__setattr__(self, name, size)
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

    def describe(self) -> str:
        """The network in words, for example `linear recurrent 1-2-1, 4 steps, readout final`."""
        sizes = f"{self.inputs}-{self.hidden}-{self.outputs}"
        return f"{self.title} {sizes}, {self.steps} steps, readout {self.readout}"
