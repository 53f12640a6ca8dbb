"""Cases made of the public strategies: a problem and a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import Case

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def with_seed(problems: SearchStrategy[Any]) -> SearchStrategy[Case]:
    """Cases of problems (allocation, samples), each with a seed.

    The seed is made of small integers: large ones Hypothesis sometimes takes from the source of
    whatever modules are loaded, so that runs could not be repeated.
    """
    from hypothesis import strategies as st

    digits = st.integers(0, 99)
    return st.builds(
        lambda problem, low, high: Case(*problem, seed=100 * high + low), problems, digits, digits
    )


def general() -> SearchStrategy[Case]:
    """Problems of all kinds of linear networks, many of them at the edge of a statement."""
    from ..strategies import problems

    return with_seed(problems())
