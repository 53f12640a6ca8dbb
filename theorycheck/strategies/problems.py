"""Problems of all kinds together."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..problem.files import Problem
from ..problem.networks.base import Network
from .allocations import (
    bottleneck_problems,
    columns_problems,
    critical_problems,
    crosses_problems,
    random_problems,
    recurrent_problems,
    rows_problems,
    sparse_problems,
)
from .one_layer import near_extremal_problems, one_layer_problems


def problems(
    networks: SearchStrategy[Network] | None = None, dense: bool = False
) -> SearchStrategy[Problem]:
    """Problems of all kinds, each of them as likely: the strategy to begin with.

    Without `networks` every kind has networks of its own, all of them linear: feed-forward with and
    without biases, recurrent with both readouts. With `networks` all problems have these, in the
    kinds that they allow. With `dense` no connection is absent.

    >>> from theorycheck.strategies import smallest
    >>> found = smallest(problems(), lambda problem: problem.allocation.n_learnable > 0)
    >>> found.allocation.network, found.samples
    (LinearFeedforward(widths=(1, 1), bias=False), 1)
    """
    if networks is not None:
        return networks.flatmap(lambda network: _kinds_of(network, dense))
    kinds = [
        random_problems(dense=dense),
        critical_problems(dense=dense),
        rows_problems(),
        columns_problems(),
        crosses_problems(),
        one_layer_problems(),
        near_extremal_problems(),
        recurrent_problems(),
        bottleneck_problems(),
    ]
    return st.one_of(kinds if dense else [*kinds, sparse_problems()])


def _kinds_of(network: Network, dense: bool) -> SearchStrategy[Problem]:
    """The kinds of problems that a network allows."""
    only = st.just(network)
    kinds = [
        random_problems(only, dense),
        rows_problems(only),
        columns_problems(only),
        crosses_problems(only),
    ]
    if network.is_analytic:
        kinds.append(critical_problems(only, dense=dense))
    if network.is_linear:
        kinds += [one_layer_problems(only), near_extremal_problems(only)]
    if network.is_linear and network.is_recurrent:
        kinds.append(recurrent_problems(only))
    return st.one_of(kinds if dense else [*kinds, sparse_problems(only)])
