"""What every network is: a frozen specification with weight names and shapes, but no weights.

Weights have shape (outputs, inputs), biases (outputs,). Names follow the allocation file:
`W1`, `b1`, `W2`, ... for the feed-forward kinds, `input`, `recurrent`, `readout` for the recurrent.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property
from numbers import Integral
from typing import Any, ClassVar, NamedTuple

from ...errors import InputError, shown
from .activations import ACTIVATIONS
from .unrolled import CONSTANT, Group, Level, Unrolled, forward

# Larger sizes are typing errors; the bound keeps (rows x columns) within 63-bit array indices.
LARGEST_SIZE = 2**30


def positive_integer(value: object, place: str, largest: int = LARGEST_SIZE) -> int:
    """Return `value` as an int, or raise `InputError` naming the `place` unless 1 <= value.

    >>> positive_integer(3, "samples")
    3
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= largest:
        raise InputError(f"{place} must be an integer from 1 to {largest}, not {shown(value)}")
    return int(value)


class _Paths(NamedTuple):
    """The paths that lead to one unit of a level of `size` units.

    `degree` is that of the longest, `log_count` log2 of their number, `uses` how often, at most,
    one of them runs through each weight matrix.
    """

    size: int
    degree: int
    log_count: float
    uses: Counter[str]


def log2_sum(logs: Sequence[float]) -> float:
    """log2 of a sum of numbers whose log2 are given.

    >>> log2_sum([1.0, 1.0])
    2.0
    """
    largest = max(logs)
    return largest + math.log2(math.fsum(2 ** (log - largest) for log in logs))


class Network(ABC):
    """What every kind of network tells about itself; nothing else has to know its name.

    `widths` are the sizes of its groups of units from the inputs to the outputs, `steps` how often
    it is run, `bias` whether groups add a constant. `kind` names it in files, `title` for people.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    is_recurrent: ClassVar[bool] = False

    inputs: int
    outputs: int
    steps: int
    widths: Sequence[int]
    bias: bool

    @cached_property
    @abstractmethod
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Weight name -> shape, in the fixed order that numbers all weights."""

    @cached_property
    @abstractmethod
    def weight_layers(self) -> tuple[tuple[str, ...], ...]:
        """The weights of each layer: its matrix and, with biases, its bias."""

    @cached_property
    @abstractmethod
    def groups(self) -> dict[Group, int]:
        """The groups of units and their sizes, from the inputs to the outputs."""

    @abstractmethod
    def ends(self, weight: str) -> tuple[Group, Group]:
        """The groups that a weight leads from and to; a bias leads from its group to itself."""

    @cached_property
    @abstractmethod
    def activations(self) -> tuple[str, ...]:
        """What each hidden group applies to its sums: names of `ACTIVATIONS`."""

    @cached_property
    @abstractmethod
    def unrolled(self) -> Unrolled:
        """The network as levels, each computed from earlier ones: all that it computes."""

    @abstractmethod
    def describe(self) -> str:
        """The network in words."""

    @property
    def n_weights(self) -> int:
        """Number of weights, absent ones included."""
        return sum(math.prod(shape) for shape in self.weight_shapes.values())

    @cached_property
    def n_units(self) -> int:
        """Number of units, position by position and step by step."""
        return self.steps * sum(self.widths)

    def rows_of_points(self, points: Any) -> Any:
        """Points (points, inputs) in the order of the rows of the inputs."""
        return points

    @cached_property
    def is_linear(self) -> bool:
        """Whether the outputs are linear in the inputs (and the constant)."""
        return all(name == "linear" for name in self.activations)

    @cached_property
    def is_analytic(self) -> bool:
        """Whether all of its activations are real-analytic."""
        return all(ACTIVATIONS[name].is_analytic for name in self.activations)

    @cached_property
    def is_polynomial(self) -> bool:
        """Whether the outputs are polynomials in weights and inputs; linear networks are."""
        return all(ACTIVATIONS[name].power is not None for name in self.activations)

    @cached_property
    def is_piecewise_linear(self) -> bool:
        """Whether all of its activations are linear in pieces, and not all of them linear."""
        pieces = [len(ACTIVATIONS[name].pieces) for name in self.activations]
        return all(pieces) and max(pieces, default=1) > 1

    @property
    def is_shallow_relu(self) -> bool:
        """Whether there is one hidden layer, of ReLU units, and every weight acts once."""
        return self.activations == ("relu",) and self.is_layered

    @cached_property
    def is_layered(self) -> bool:
        """Whether layer follows layer, each with a matrix (and perhaps a bias) that acts once.

        >>> from theorycheck import LinearFeedforward, LinearRecurrent
        >>> LinearFeedforward([3, 4, 2]).is_layered, LinearRecurrent(1, 2, 1, 3).is_layered
        (True, False)
        """
        if self.is_recurrent:
            return False
        if self.unrolled.parts or self.unrolled.multiples:
            return False
        levels, before, used = self.unrolled.levels, 0, []
        for number, level in enumerate(levels):
            if level.terms:
                used += [weight for weight, _ in level.terms]
                shapes = [self.weight_shapes[weight] for weight, _ in level.terms]
                plain = [(level.size, levels[before].size), (level.size,)][: len(shapes)]
                if level.terms[0].source != before or shapes != plain:
                    return False
                before = number
        return sorted(used) == sorted(self.weight_shapes)

    @cached_property
    def is_fully_connected(self) -> bool:
        """Whether each matrix has a weight of its own for every pair of units that it joins."""
        for name, shape in self.weight_shapes.items():
            tail, head = (self.groups[group] for group in self.ends(name))
            if shape != (head, tail)[: len(shape)]:
                return False
        return True

    @cached_property
    def has_one_state(self) -> bool:
        """Whether h_t = sigma(W h_(t-1) + B x_t) and y = D h, fully connected and without biases.

        >>> from theorycheck import LinearFeedforward, LinearRecurrent
        >>> LinearFeedforward([3, 4, 2]).has_one_state, LinearRecurrent(1, 2, 1, 3).has_one_state
        (False, True)
        """
        if not self.is_recurrent or self.bias or len(self.groups) != 3:
            return False
        first, state, last = self.groups
        ends = sorted(map(self.ends, self.weight_shapes), key=str)
        wanted = sorted([(first, state), (state, state), (state, last)], key=str)
        return ends == wanted and self.is_fully_connected

    @cached_property
    def matrices(self) -> dict[str, tuple[Group, Group]]:
        """Weight matrix -> the groups that it leads from and to, in the order in which they act.

        Those that carry a group on to the next step act last.
        """
        names = [name for name, shape in self.weight_shapes.items() if len(shape) > 1]
        return {name: self.ends(name) for name in sorted(names, key=self.lag)}

    @property
    def passes(self) -> tuple[tuple[Group, Group], ...]:
        """The groups whose values are added, as they are, to those of another one."""
        return ()

    def lag(self, weight: str) -> int:
        """Steps from the units that a weight reads to those that it feeds.

        1 for the matrix of a group that is carried on from step to step, else 0.
        """
        tail, head = self.ends(weight)
        return int(tail == head and len(self.weight_shapes[weight]) > 1)

    @property
    def reads_every_step(self) -> bool:
        """Whether the outputs are read at every step, not once."""
        return False

    @property
    def n_reads(self) -> int:
        """How many times the outputs are read: once, or at every step."""
        return self.steps if self.reads_every_step else 1

    def transposed(self) -> tuple[Network, dict[str, str]] | None:
        """The network of the transposed weights, without biases, and the new name of each weight.

        None where transposing the weights does not transpose what the network computes (T8).
        """
        return None

    def input_shape(self, samples: int) -> tuple[int, ...]:
        """Shape of the inputs of some samples, the last axis: with biases the constant is a row.

        As a matrix its rows are the units of the levels without terms, in their order.
        """
        return (self.inputs + self.bias, samples)

    @property
    def input_dimension(self) -> int:
        """Dimension of all that samples show of a linear network.

        As many unit vectors serve, with ones in the first rows of the matrix of inputs.
        """
        return self.inputs + self.bias

    def effective_samples(self, samples: int) -> int:
        """m_e, the number of samples that count: outputs of linear kinds are linear in the inputs.

        min(m, n_0), with biases min(m, n_0 + 1); recurrent: min(m, n_in T) for readout `final` and
        min(m, n_in) for `all` (there x_1 alone reveals every Markov parameter).

        >>> from theorycheck import LinearFeedforward
        >>> LinearFeedforward([3, 4, 2]).effective_samples(5)
        3
        """
        return min(samples, self.input_dimension) if self.is_linear else samples

    def is_spanned_by(self, effective_samples: int) -> bool:
        """Whether so many samples span the inputs, so that each can be taken as a unit vector."""
        return self.is_linear and effective_samples == self.input_dimension

    def n_equations(self, samples: int) -> int:
        """Number of equations that count: outputs x effective samples x times read.

        >>> from theorycheck import LinearFeedforward
        >>> LinearFeedforward([3, 4, 2]).n_equations(5)
        6
        """
        return self.outputs * self.effective_samples(samples) * self.n_reads

    @property
    def path_bounds(self) -> tuple[int, float]:
        """Degree of an entry of the Jacobian in weights and inputs, and log2 of its norm at most.

        The norm, the sum of the absolute values of its coefficients, is at most the number of paths
        to an output times the number of times that a path uses one weight. Counted path by path; a
        kind whose certificates promise a formula states that instead.
        """

        def through(level: Level, terms: list[tuple[str, _Paths]]) -> _Paths:
            uses = Counter[str]()
            for weight, before in terms:
                uses |= before.uses + Counter([weight])
            return _Paths(
                level.size,
                1 + max(before.degree for _, before in terms),
                log2_sum([math.log2(before.size) + before.log_count for _, before in terms]),
                uses,
            )

        starts = [
            _Paths(level.size, int(level.group != CONSTANT), 0.0, Counter())
            for level in self.unrolled.starts
        ]
        values = forward(self.unrolled, starts, through)
        read = [values[number] for number in self.unrolled.read]
        log_norms = [paths.log_count + math.log2(max(paths.uses.values())) for paths in read]
        return max(paths.degree for paths in read) - 1, max(log_norms)

    @abstractmethod
    def resized(self, *, inputs: int | None = None, outputs: int | None = None) -> Network:
        """The same network with another number of inputs or outputs."""

    @property
    def plainest(self) -> Network:
        """The same network, of the same weights, as the most special kind that has it."""
        return self

    @property
    def same_paths(self) -> Network:
        """The smallest network that has the same paths through the same weights."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """The `network` object of an allocation file; the inverse of `network_from_dict`."""
        given = (field.name for field in fields(self) if field.init)  # type: ignore[arg-type]
        values = {name: getattr(self, name) for name in given}
        if "widths" in values:
            values["widths"] = list(values["widths"])
        values = {name: value for name, value in values.items() if value is not False}
        return {"kind": self.kind, **values}
