"""The smallest example of a condition, and problems as text to be read in a failing example."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, find, settings
from hypothesis.strategies import SearchStrategy

from ..problem.allocation import Allocation

T = TypeVar("T")


def smallest(
    strategy: SearchStrategy[T],
    condition: Callable[[T], bool],
    *,
    examples: int = 1000,
    seed: int = 0,
) -> T:
    """A smallest value of `strategy` that meets `condition`: `hypothesis.find`, reproducible.

    At most `examples` values are tried before shrinking, all from `seed`; no database is read or
    written. Raises `hypothesis.errors.NoSuchExample` if none of them meets the condition.

    >>> from theorycheck.strategies import problems
    >>> found = smallest(problems(), lambda problem: problem.allocation.n_learnable >= 2)
    >>> found.allocation.n_learnable, found.allocation.network.n_weights
    (2, 2)
    """
    choices = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    return find(strategy, condition, settings=choices, random=Random(seed))


def describe(allocation: Allocation, samples: int) -> str:
    """The network and its masks: 1 learnable, 0 frozen, . absent.

    `describe(*problem)` in `hypothesis.note` makes a counterexample readable.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([2, 2, 1])
    >>> print(describe(Allocation(network, {"W1": [[1, 0], [0, 0]]}, {"W2": [[1, 0]]}), 2))
    linear feed-forward 2-2-1, m = 2, r = 1
      W1  10
          00
      W2  0.
    """
    lines = [f"{allocation.network.describe()}, m = {samples}, r = {allocation.n_learnable}"]
    width = max(len(name) for name in allocation.network.weight_shapes)
    for name, mask in allocation.masks("learnable"):
        present = allocation.present_mask(name)
        rows = zip(mask.reshape(len(mask), -1), present.reshape(len(mask), -1), strict=True)
        for number, (learnable, exists) in enumerate(rows):
            signs = [
                str(int(entry)) if there else "."
                for entry, there in zip(learnable, exists, strict=True)
            ]
            lines.append(f"  {'' if number else name:<{width}}  {''.join(signs)}")
    return "\n".join(lines)
