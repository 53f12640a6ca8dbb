"""Lines of a feed-forward network that T9 deletes: rows of the last layer, columns of the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...problem.networks.feedforward import LinearFeedforward
from ..shared.polynomial_systems import IntegerInstance
from ..shared.transformations import Source, numbered, without_input, without_output


@dataclass(frozen=True)
class Lines:
    """What is peeled: rows of the last layer or columns of the first, and when.

    With m_e samples that count, a row needs m_e - `fewer` learnables (a column d - `fewer`), or,
    if `wide`, as many as the least hidden width, where that is smaller and there are more than so
    many rows (samples), or are not, if not `spare`; a column takes `samples` samples along.

    >>> Lines(rows=True).needed(LinearFeedforward([3, 2]), 2)
    2
    """

    rows: bool
    fewer: int = 0
    wide: bool = True
    spare: bool = True
    samples: int = 1

    def needed(self, network: LinearFeedforward, samples: int) -> int | None:
        """How many learnables a line needs; None if no line can be deleted."""
        sizes = network.outputs, min(samples, network.inputs)
        lines, most = sizes if self.rows else sizes[::-1]
        narrowest = min(network.widths[1:-1], default=most)
        if narrowest >= most or not self.wide:
            return most - self.fewer
        return None if self.spare and lines <= narrowest else narrowest - self.fewer

    def entries(self, network: LinearFeedforward, index: int) -> Source:
        """The numbers of a line's weights."""
        numbers = numbered(network)
        return numbers[f"W{network.depth}"][index] if self.rows else numbers["W1"][:, index]

    def rest(
        self, network: LinearFeedforward, samples: int, index: int
    ) -> tuple[LinearFeedforward, int, Source] | None:
        """Network, samples and weights that are left; None if there is nothing left."""
        m = min(samples, network.inputs)
        if self.rows:
            if network.outputs == 1:
                return None
            smaller, source = without_output(network, index)
            return smaller, m, source
        if network.inputs == 1 or m - self.samples < 1:
            return None
        smaller, source = without_input(network, index)
        return smaller, m - self.samples, source

    def count(self, network: LinearFeedforward) -> int:
        """How many lines there are."""
        return network.outputs if self.rows else network.inputs


def without_row(instance: IntegerInstance, network: LinearFeedforward, row: int) -> IntegerInstance:
    """A draw without output `row`: nothing else changes."""
    last = f"W{network.depth}"

    def rest(weights: Any) -> dict[str, NDArray[Any]]:
        return {**weights, last: np.delete(weights[last], row, axis=0)}

    return IntegerInstance(rest(instance.student), rest(instance.teacher), instance.inputs)


def without_column(
    instance: IntegerInstance, column: int, eliminated: bool = True
) -> IntegerInstance:
    """A draw without input `column` and one sample, which takes that input from all others.

    Each other sample, times the first one's input `column`, less the first sample times its own.
    If not `eliminated`, the first sample is only dropped.
    """

    def rest(weights: Any) -> dict[str, NDArray[Any]]:
        return {**weights, "W1": np.delete(weights["W1"], column, axis=1)}

    inputs = instance.inputs
    others = inputs[:, 1:]
    if eliminated:
        others = inputs[column, 0] * others - inputs[:, :1] * inputs[column, 1:]
    left = np.delete(others, column, axis=0)
    return IntegerInstance(rest(instance.student), rest(instance.teacher), left)
