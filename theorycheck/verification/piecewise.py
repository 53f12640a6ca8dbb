"""Piecewise linear networks (T11) judged by exact ranks at rational points of many patterns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ..problem.allocation import Allocation
from ..problem.masks import entries_of
from ..proofs.t11.piecewise import columns_at, rank_modulo
from ..ranks.piecewise_bounds import dimension_bound, small_cover
from .base import Case, Cases, Inapplicable, Property
from .cases import with_seed

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Bounds: TypeAlias = "tuple[int | None, int | None]"
Rule: TypeAlias = Callable[[Allocation, int], Bounds]

_POINTS = 6
_MOST_WEIGHTS = 60


def proved_bounds(allocation: Allocation, samples: int) -> Bounds:
    """The most that the ranks of the learnables and of all weights can be, in any pattern."""
    return small_cover(allocation, samples).size(samples), dimension_bound(allocation, samples)


def shown_ranks(allocation: Allocation, samples: int, seed: int) -> tuple[int, int]:
    """The largest ranks of the learnables and of all weights at a few random points.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([1, 1, 1], activation="leaky_relu")
    >>> shown_ranks(Allocation.layer(network, "W1"), 1, seed=0)
    (1, 1)
    """
    network = allocation.network
    present = {name: allocation.present_mask(name) for name in network.weight_shapes}
    learnable = entries_of(dict(allocation.masks("learnable")))
    ranks = []
    for number in range(_POINTS):
        columns = columns_at(network, present, samples, _POINTS * seed + number)
        ranks.append(
            (
                rank_modulo([columns[entry] for entry in learnable]),
                rank_modulo(list(columns.values())),
            )
        )
    return max(rank for rank, _ in ranks), max(rank for _, rank in ranks)


def pattern_bounds(
    rule: Rule = proved_bounds, what: str = "bounds", cases: Cases | None = None, share: int = 1
) -> Property:
    """That no point shows a rank above what `rule` says (None: nothing).

    >>> pattern_bounds().name
    'bounds in every pattern'
    """

    def refute(case: Case) -> str | None:
        network = case.allocation.network
        if not network.is_piecewise_linear or network.n_weights > _MOST_WEIGHTS:
            raise Inapplicable
        said = rule(case.allocation, case.samples)
        shown = shown_ranks(case.allocation, case.samples, case.seed)
        for name, most, rank in zip(("rank", "target dimension"), said, shown, strict=True):
            if most is not None and rank > most:
                return f"the {name} should be {most} at most, but is {rank} at a rational point"
        return None

    drawn = piecewise_cases if cases is None else cases
    return Property("T11", f"{what} in every pattern", drawn, refute, share)


def piecewise_cases() -> SearchStrategy[Case]:
    """Small networks of ReLU, leaky ReLU and hardtanh, dense and sparse."""
    from dataclasses import replace

    from hypothesis import strategies as st

    from .. import strategies as public

    names = ("relu", "leaky_relu", "hardtanh")
    networks = st.one_of(
        public.deep_networks(max_depth=3, max_width=3),
        public.deep_networks(max_depth=3, max_width=3, bias=True),
        public.nonlinear_recurrent_networks(),
    ).map(lambda network: replace(network, activation=names[network.n_weights % 3]))
    kinds = [public.random_problems(networks), public.sparse_problems(networks)]
    return with_seed(st.one_of(kinds))
