"""Wrong theorems about networks with analytic activations (T11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from theorycheck import strategies
from theorycheck.problem.allocation import Allocation
from theorycheck.problem.masks import entries_of
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.proofs.t11.checks import widths_bound
from theorycheck.proofs.t11.oracle import Oracle, rank_of
from theorycheck.ranks.enclosures import Enclosure
from theorycheck.ranks.real_jacobian import enclosed_jacobian
from theorycheck.ranks.real_minor import real_point
from theorycheck.verification.analytic import (
    Ranks,
    critical_cases,
    over_budget,
    rank_law,
    real_ranks,
    true_ranks,
)
from theorycheck.verification.base import Case, Inapplicable, Property
from theorycheck.verification.cases import with_seed
from theorycheck.verification.laws import monotone
from theorycheck.verification.measured import exact_ranks
from theorycheck.verification.transformations import with_one_sample_less

from .base import Planted
from .laws import with_one_sample_more


def by_oracle(make: Callable[[int], Oracle]) -> Callable[[Allocation, int, int], Ranks]:
    """Both ranks by an oracle of the proof, right or wrong."""

    def rule(allocation: Allocation, samples: int, seed: int) -> Ranks:
        network = allocation.network
        present = {name: allocation.present_mask(name) for name in network.weight_shapes}
        columns = make(seed).columns(network, present, samples)
        learnable = entries_of(dict(allocation.masks("learnable")))
        return rank_of([columns[entry] for entry in learnable]), rank_of(list(columns.values()))

    return rule


def wrong_row(name: str, **changes: Any) -> Callable[[Allocation, int, int], Ranks]:
    """The oracle with another row for one activation; only about networks that have it."""

    def rule(allocation: Allocation, samples: int, seed: int) -> Ranks:
        if name not in allocation.network.activations:
            raise Inapplicable
        slopes = {name: replace(ACTIVATIONS[name], **changes).oracle}

        def slope(z: Any, *variables: Any) -> Any:
            return slopes[name](z, *variables)[1]  # type: ignore[misc]

        return by_oracle(lambda seed: Oracle(seed, slopes={name: slope}))(allocation, samples, seed)

    return rule


def of_dense(
    bound: Callable[[Any, bool, int], int],
) -> Callable[[Allocation, int, int], Ranks]:
    """A formula for D of dense feed-forward networks."""

    def rule(allocation: Allocation, samples: int, seed: int) -> Ranks:
        network = allocation.network
        if not network.is_layered or not allocation.is_dense:
            raise Inapplicable
        return None, bound(network.widths, network.bias, samples)

    return rule


def linear_ranks(allocation: Allocation, samples: int, seed: int) -> Ranks:
    """Right: activations make other directions, and more samples count."""
    network: Any = allocation.network
    linear: Any = replace(network, activation="linear").plainest
    if not linear.is_linear:
        raise Inapplicable
    same = Allocation(linear, dict(allocation.learnable), allocation.given_present())
    return exact_ranks(same, samples, seed)


def counted(allocation: Allocation, samples: int, seed: int) -> Ranks:
    """Right: r >= D is necessary only."""
    _, target = true_ranks(allocation, samples, seed)
    return min(allocation.n_learnable, target), None


def every_equation(allocation: Allocation, samples: int, seed: int) -> Ranks:
    """Right: a narrow layer behind a layer that it follows limits D."""
    return None, min(allocation.network.n_equations(samples), allocation.n_present)


def one_more_unit(widths: Any, bias: bool, m: int) -> int:
    """T11e with n + 1 in place of n, for the hidden widths."""
    first, *hidden, last = widths
    return min(
        widths_bound((first, *(n + 1 for n in hidden), last), bias, m),
        sum((a + bias) * b for a, b in pairwise(widths)),
    )


def dense_of(*names: str) -> Any:
    """Dense feed-forward networks of these activations, nothing or something learnable."""

    def cases() -> Any:
        networks = strategies.deep_networks(max_depth=3, analytic=True).map(
            lambda network: replace(network, activation=names[network.n_weights % len(names)])
        )
        return with_seed(strategies.random_problems(networks, dense=True))

    return cases


def biased_exponentials() -> Any:
    """Networks of exp with biases, where a bias and the readout weights do the same."""
    networks = strategies.deep_networks(max_depth=2, max_width=2, bias=True, analytic=True)
    exp = networks.map(lambda network: replace(network, activation="exp"))
    return with_seed(strategies.critical_problems(exp))


def asleep() -> Any:
    """Sparse networks, where some arguments are 0 or equal."""
    networks = st.one_of(
        strategies.deep_networks(max_depth=2, max_width=2, analytic=True),
        strategies.deep_networks(max_depth=2, max_width=2, bias=True, analytic=True),
        strategies.nonlinear_recurrent_networks(analytic=True),
    )
    return with_seed(strategies.sparse_problems(networks))


def planted(wrong: Property, right: Property) -> Planted:
    """Real points judge, no measurement."""
    return Planted(replace(wrong, claim=None), right=right, most=40, is_measurable=False)


def _refute_sub(case: Case) -> str | None:
    """rank(A) = D, whichever learnables are left out."""
    rank, target = true_ranks(case.allocation, case.samples, case.seed)
    if case.allocation.n_learnable <= target or rank < target:
        raise Inapplicable
    entries = entries_of(dict(case.allocation.masks("learnable")))[:target]
    masks = {name: 0 * mask for name, mask in case.allocation.masks("learnable")}
    for name, index in entries:
        masks[name][index] = 1
    left = Allocation(case.allocation.network, masks, case.allocation.given_present())
    found, _ = true_ranks(left, case.samples, case.seed)
    return None if found == target else f"any {target} learnables should do, these have {found}"


def float_pivots(allocation: Allocation, samples: int, seed: int) -> Ranks:
    """Right: a pivot of floats that is not 0 may be what roundings left of 0."""
    point = real_point(allocation, samples, seed, 0)
    entries = {
        which: [(name, np.argwhere(mask)) for name, mask in allocation.masks(which)]
        for which in ("learnable", "present")
    }
    found = []
    for blocks in entries.values():
        jacobian = enclosed_jacobian(allocation.network, point, blocks, Enclosure)
        pivots = np.diag(np.linalg.qr(jacobian.mid, mode="r"))
        found.append(int((pivots != 0).sum()))
    return found[0], found[1]


_SMOOTH = dense_of("tanh", "sigmoid", "softplus", "silu")


def _oracle(what: str, make: Callable[[int], Oracle], cases: Any) -> Planted:
    return planted(
        rank_law(by_oracle(make), what, cases),
        rank_law(by_oracle(Oracle), "ranks by an oracle", cases),
    )


NONLINEAR = {
    "r >= D suffices for rank D": planted(rank_law(counted, "r >= D"), rank_law()),
    "any D of more learnables of rank D do": planted(
        Property("T11", "learnables left out", over_budget, _refute_sub),
        monotone("T11", cases=over_budget),
    ),
    "D is the smaller of equations and weights": planted(
        rank_law(every_equation, "equations and weights"), rank_law()
    ),
    "ranks are those of the linear network": planted(
        rank_law(linear_ranks, "linear ranks"), rank_law()
    ),
    "an argument that is 0 is like any other": _oracle(
        "free values at 0", lambda seed: Oracle(seed, zero=True), asleep
    ),
    "equal arguments have independent values": _oracle(
        "fresh values", lambda seed: Oracle(seed, fresh=True), asleep
    ),
    "all arguments have one value": _oracle(
        "one value", lambda seed: Oracle(seed, same=True), critical_cases
    ),
    "the slope of exp is independent of its value": planted(
        rank_law(wrong_row("exp", oracle=lambda z, a: (a, a * a)), "a^2", biased_exponentials),
        rank_law(cases=biased_exponentials),
    ),
    "dense: D with hidden widths n + 1": planted(
        rank_law(of_dense(one_more_unit), "one unit more", _SMOOTH),
        rank_law(of_dense(widths_bound), "widths", _SMOOTH),
    ),
    "dense: D without centring by biases": planted(
        rank_law(
            of_dense(lambda widths, bias, m: widths_bound(widths, bias, m, centred=False)),
            "not centred",
            _SMOOTH,
        ),
        rank_law(of_dense(widths_bound), "widths", _SMOOTH),
    ),
    "dense: D is the bound by widths for exp and arctan as well": planted(
        rank_law(of_dense(widths_bound), "widths", dense_of("exp", "arctan")),
        rank_law(cases=dense_of("exp", "arctan")),
    ),
    "what is not 0 in floats is not 0": planted(
        rank_law(float_pivots, "pivots of floats"), rank_law(real_ranks, "minors")
    ),
    "more samples never hurt, nonlinear": planted(
        monotone("T11", "one sample more", with_one_sample_more, over_budget),
        monotone("T11", "one sample less", with_one_sample_less, over_budget),
    ),
}
