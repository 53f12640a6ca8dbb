"""The bench on which recipes work: one student, whose learnables are fitted part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..computing.arrays import Array
from ..computing.deadline import Deadline
from ..errors import OutOfTimeError, SizeError
from ..problem.masks import Entry, Mask
from ..problem.networks.base import Network
from .arithmetic import Arithmetic, Weights

_REFINEMENTS = 3
_GOOD = 1e-14  # relative residuals of floats that no further step makes smaller
_SMALL = 1e-12  # and those of the whole that are left as they are


_Column = tuple[str, tuple[int, ...]]  # a weight of the last layer, and the rest of an index


class Task(NamedTuple):
    """What is to be fitted: learnables, and the equations that they are to fulfil.

    These are some outputs on combinations of the samples, the columns of `mix` (samples, any), in
    which only some `inputs`, numbered as the rows of the inputs, are not 0.
    """

    entries: list[Entry]
    outputs: list[int]
    inputs: list[int]
    mix: Array

    @property
    def n_samples(self) -> int:
        """How many combinations of samples there are."""
        return self.mix.shape[1]


@dataclass
class Bench:
    """A student on which recipes work: `weights` change, what it is to put out does not.

    Inputs are those of `Arithmetic`, `wanted` is (reads x outputs, samples). `teacher` is None
    where only its outputs are known, `present` has the masks of matrices that are not dense.
    `steps` are told in words, `fitted` are the learnables that took part.
    """

    network: Network
    arithmetic: Arithmetic
    weights: Weights
    inputs: Array
    wanted: Array
    teacher: Weights | None
    deadline: Deadline
    report: Callable[[str], None]
    present: Mapping[str, Mask] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    fitted: list[Entry] = field(default_factory=list)

    def tell(self, words: str) -> None:
        """Note a step in words, before it is done."""
        self.deadline.check(words)
        self.report(words)
        self.steps.append(words)

    def whole(self, entries: Sequence[Entry]) -> Task:
        """All outputs on all samples, for some learnables."""
        mix = self.arithmetic.numbers(np.eye(self.inputs.shape[-1]))
        outputs, inputs = range(self.network.outputs), range(len(self.rows))
        return Task(list(entries), list(outputs), list(inputs), mix)

    @property
    def rows(self) -> Array:
        """The inputs as a matrix: of a recurrent network those of step after step."""
        return self.inputs.reshape(-1, self.inputs.shape[-1])

    def fit(self, task: Task, chosen: Sequence[int] | None = None) -> None:
        """Solve the equations of a task, which are affine in its learnables, all else held.

        With `chosen` only these of them count, numbered o * samples + s for the o-th output on the
        s-th combination. Floats take a few steps: each begins at what the one before has left.
        """
        self.fitted += task.entries
        self._newton(task, _REFINEMENTS, chosen)

    def fit_rows(self, task: Task) -> None:
        """The same for learnables of the last layer: each acts on the output of its row alone.

        The derivative by an entry of a row is what the entry reads, for all rows the same, so that
        rows with the same learnable entries have the same matrix.
        """
        self.fitted += task.entries
        rows: dict[int, list[_Column]] = {}
        for name, index in task.entries:
            rows.setdefault(index[0], []).append((name, index[1:]))
        alike: dict[tuple[_Column, ...], list[int]] = {}
        for row, columns in rows.items():
            alike.setdefault(tuple(columns), []).append(row)
        read = self._read_by(list(dict.fromkeys(c for columns in alike for c in columns)), task)
        lacking = self._lacking(task)
        for _ in range(1 if self.arithmetic.is_exact else _REFINEMENTS):
            kept, before = self.weights, lacking
            for columns, outputs in alike.items():
                self.deadline.check("the rows of the last layer")
                matrix = np.stack([read[column] for column in columns], axis=1)
                change = self.arithmetic.solve(matrix, lacking[:, outputs])
                entries = [(name, (row, *rest)) for row in outputs for name, rest in columns]
                self.weights = self._moved(entries, change.T.reshape(-1))
            if self.arithmetic.is_exact:
                return
            lacking = self._lacking(task)
            if not np.linalg.norm(lacking) < np.linalg.norm(before):
                self.weights = kept
                return

    def _read_by(self, columns: Sequence[_Column], task: Task) -> dict[_Column, Array]:
        """What the entries of columns of the last layer read at every read and sample."""
        samples, outputs = task.n_samples, self.network.outputs
        numbers = [read * outputs for read in range(self.network.n_reads)]  # of the first output
        chosen = [number * samples + sample for number in numbers for sample in range(samples)]
        entries = [(name, (0, *rest)) for name, rest in columns]
        _, found = self.arithmetic.linearised(
            self.network, self.weights, self.inputs @ task.mix, entries, chosen
        )
        return dict(zip(columns, found.T, strict=True))

    def _lacking(self, task: Task) -> Array:
        """What each output lacks at every read and sample, (reads x samples, outputs)."""
        made = self.arithmetic.outputs(self.network, self.weights, self.inputs @ task.mix)
        lacking = (self.wanted @ task.mix - made).reshape(self.network.n_reads, -1, task.n_samples)
        return lacking.swapaxes(1, 2).reshape(-1, self.network.outputs)

    def refine(self) -> None:
        """In floats, unless it is too much work: Newton's steps on all that took part."""
        if self.arithmetic.is_exact or self.residual <= _SMALL:
            return
        with suppress(SizeError, OutOfTimeError):
            self._newton(self.whole(self.fitted), _REFINEMENTS)

    @property
    def residual(self) -> float:
        """The largest difference of the outputs from those wanted, relative to the largest."""
        found = self.arithmetic.outputs(self.network, self.weights, self.inputs)
        return self.arithmetic.relative(found - self.wanted, self.wanted)

    def _newton(self, task: Task, most: int, only: Sequence[int] | None = None) -> None:
        """At most so many steps, one if it is exact; one that makes no better is taken back."""
        if not task.entries or not task.outputs or not task.n_samples:
            return
        rows = [
            read * self.network.outputs + output
            for read in range(self.network.n_reads)
            for output in task.outputs
        ]
        inputs, wanted = self.inputs @ task.mix, (self.wanted @ task.mix)[rows].reshape(-1)
        samples = range(task.n_samples)
        chosen = [row * task.n_samples + sample for row in rows for sample in samples]
        if only is not None:
            chosen, wanted = [chosen[k] for k in only], wanted[list(only)]
        best, kept = np.inf, self.weights
        for number in range(most + 1):
            value, jacobian = self.arithmetic.linearised(
                self.network, self.weights, inputs, task.entries, chosen
            )
            if self.arithmetic.is_exact:
                change = self.arithmetic.solve(jacobian, wanted - value)
                self.weights = self._moved(task.entries, change)
                return
            residual = self.arithmetic.relative(value - wanted, wanted)
            if not residual < best and number:
                self.weights = kept
                return
            best, kept = residual, self.weights
            if residual <= _GOOD or number == most:
                return
            change = self.arithmetic.solve(jacobian, wanted - value)
            self.weights = self._moved(task.entries, change)

    def _moved(self, entries: Sequence[Entry], change: Array) -> Weights:
        names = {name for name, _ in entries}
        weights = {n: w.copy() if n in names else w for n, w in self.weights.items()}
        for (name, index), step in zip(entries, change, strict=True):
            weights[name][index] = weights[name][index] + step
        return weights
