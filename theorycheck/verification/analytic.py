"""Analytic networks judged by true Jacobians in many digits, which know no oracle (T11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ..computing.options import Options
from ..problem.allocation import Allocation
from ..problem.masks import entries_of
from ..proofs.shared.nonlinear import BITS, TooFewDigits, true_rank
from ..ranks.exactness import why_not_exact
from ..ranks.real_minor import real_minor
from ..theorems.analysis import Analysis
from .base import Case, Cases, Inapplicable, Property
from .cases import with_seed

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Ranks: TypeAlias = "tuple[int | None, int | None]"
Rule: TypeAlias = Callable[[Allocation, int, int], Ranks]

_DIGITS = (BITS, 4 * BITS)  # in bits: numbers that look like 0 sometimes have hundreds of zeros


def true_ranks(allocation: Allocation, samples: int, seed: int) -> tuple[int, int]:
    """The ranks of the learnables and of all weights at random real points.

    Both are proved from below; where one is lower than counting allows, a second point and four
    times as many digits have said the same. Raises `Inapplicable` where no number of digits helps.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([1, 2, 1], activation="tanh")
    >>> true_ranks(Allocation.layer(network, "W1"), 3, seed=0)
    (2, 3)
    """
    try:
        return tuple(_rank(allocation, which, samples, seed) for which in ("learnable", "present"))  # type: ignore[return-value]
    except TooFewDigits:
        raise Inapplicable("numbers too large or too small to compare") from None


def _rank(allocation: Allocation, which: str, samples: int, seed: int) -> int:
    network = allocation.network
    present = {name: allocation.present_mask(name) for name in network.weight_shapes}
    entries = entries_of(dict(allocation.masks(which)))
    most = min(len(entries), network.n_equations(samples))
    rank = 0
    for number, bits in enumerate(_DIGITS):
        if rank < most:
            found = true_rank(network, present, entries, samples, 2 * seed + number, bits)
            rank = max(rank, found)
    return rank


def critical_cases() -> SearchStrategy[Case]:
    """T11: about as many learnables as dimensions, dense, sparse, in lines, and any."""
    from hypothesis import strategies as st

    from .. import strategies as public

    networks = public.analytic_networks()
    shallow = public.deep_networks(max_depth=2, analytic=True)
    kinds = [
        public.critical_problems(networks),
        public.critical_problems(shallow, dense=True),
        public.sparse_problems(networks),
        public.rows_problems(networks),
        public.columns_problems(networks),
        public.random_problems(networks),
    ]
    return with_seed(st.one_of(kinds))


def over_budget() -> SearchStrategy[Case]:
    """T11: a few learnables more than dimensions."""
    from .. import strategies as public

    return with_seed(public.critical_problems(public.analytic_networks(), over=(0, 1, 2)))


def oracle_ranks(allocation: Allocation, samples: int, seed: int) -> Ranks:
    """The ranks of the learnables and of all weights by the oracle, modulo primes."""
    if why_not_exact(allocation) is not None:
        raise Inapplicable
    analysis = Analysis(allocation, samples, Options(seed=seed))
    return analysis.rank.value, analysis.target.value


def real_ranks(allocation: Allocation, samples: int, seed: int) -> Ranks:
    """The ranks by the oracle that minors at real points reach, whatever is mixed.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([1, 2, 1, 1], activation=["tanh", "erf"])
    >>> real_ranks(Allocation.layer(network, "W1"), 3, seed=0)
    (2, 3)
    """
    analysis = Analysis(allocation, samples, Options(seed=seed))
    oracle = {"learnable": analysis.rank.value, "present": analysis.target.value}
    found = [
        value if real_minor(allocation, samples, value, which=which, seed=seed) else None
        for which, value in oracle.items()
    ]
    return found[0], found[1]


def rank_law(
    rule: Rule = oracle_ranks,
    what: str = "ranks by the oracle",
    cases: Cases | None = None,
    share: int = 1,
) -> Property:
    """What `rule` says are the two ranks (None where it says nothing), against real points.

    >>> rank_law().name
    'ranks by the oracle, at real points'
    """

    def refute(case: Case) -> str | None:
        said = rule(case.allocation, case.samples, case.seed)
        if said == (None, None):
            raise Inapplicable
        found = true_ranks(case.allocation, case.samples, case.seed)
        for name, stated, true in zip(("rank", "target dimension"), said, found, strict=True):
            if stated is not None and stated != true:
                return f"the {name} should be {stated}, but is {true} at real points"
        return None

    drawn = critical_cases if cases is None else cases
    return Property("T11", f"{what}, at real points", drawn, refute, share=share)
