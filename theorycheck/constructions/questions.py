"""What the theorems are asked about a student: on random inputs, or on those that are given."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import ArrayLike

from ..answers.classification import OnInputs, left_on, verdict_of, verdict_on_inputs
from ..errors import InputError
from ..problem.files import problem_to_dict
from ..ranks.given_inputs import GivenInputs, given_inputs
from ..theorems.analysis import Analysis
from ..theorems.asking import Answers
from ..theorems.base import Finding
from ..verdict import Verdict
from .arithmetic import Arithmetic
from .data import Givens


@dataclass(frozen=True)
class Question:
    """What is asked about the `whole`: the `rest`, which is all of it, or what `data` leave.

    Without data inputs are random, as many as count.
    """

    whole: Analysis
    rest: Analysis
    data: GivenInputs | None = None

    @property
    def problem(self) -> dict[str, Any]:
        """The problem as certificates write it."""
        if self.data is None:
            return problem_to_dict(self.rest.allocation, self.rest.samples)
        return OnInputs(self.whole, self.rest, self.data).problem

    @property
    def basis(self) -> list[int] | None:
        """The samples that evidence speaks of, if it is any that matters which."""
        if self.data is None or self.data.is_spanning:
            return None
        return list(self.data.basis)

    @property
    def kept(self) -> list[int]:
        """The inputs that are asked about."""
        if self.data is None:
            return list(range(self.whole.network.inputs))
        return list(self.data.kept)

    @property
    def is_of_its_own(self) -> bool:
        """Whether it is another one than that on random inputs, as many as span those given."""
        is_narrower = len(self.kept) < self.whole.network.inputs
        return self.data is None or self.basis is not None or is_narrower

    def verdict(self, finding: Finding) -> Verdict:
        """That of one finding about the rest."""
        answers, start = Answers([finding], []), time.perf_counter()
        if self.data is None:
            return verdict_of(self.rest, answers, start)
        return verdict_on_inputs(self.whole, self.rest, self.data, answers, start)


def questions(whole: Analysis, givens: Givens, arithmetic: Arithmetic) -> list[Question]:
    """On the inputs that are given, of a linear feed-forward network; then on random ones.

    Of the second there are as many as span those of a linear network that are given. Raises
    `InputError` if all are 0.
    """
    if not whole.is_linear or givens.inputs is None:
        return [Question(whole, whole)]
    points = givens.points(arithmetic)
    rank = len(arithmetic.independent(points.reshape(-1, points.shape[-1])))
    if rank == 0:
        raise InputError("inputs are all 0: then every network of this kind puts out 0")
    fewer = replace(whole, samples=rank) if rank < whole.effective_samples else whole
    given = on_inputs(whole, givens.inputs)
    # Points that are nearly dependent count as fewer in double precision than they are.
    exact = [] if given is None or given.rest.samples != rank else [given]
    return [*exact, Question(whole, fewer)]


def on_inputs(whole: Analysis, inputs: ArrayLike) -> Question | None:
    """The question on given inputs, as `classify` asks it; None where it has another one."""
    network = whole.network
    if not (network.is_linear and network.is_layered):
        return None
    data = given_inputs(network, whole.samples, inputs, whole.options.deadline)
    return Question(whole, left_on(whole, data), data)
