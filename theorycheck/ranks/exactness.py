"""Where the rank modulo a prime is that of the true network: T11b.

The rank of the oracle is always an upper bound (T11a). It is the true one if the distinct
pre-activations that are not 0 are linearly independent modulo constants, and their activations of
one family. They are for random inputs, in networks whose layers, residual or not, have weights of
their own, in recurrent ones, and in convolutional ones whose units all see the sample. For given
inputs they are if these are linearly independent for each first hidden unit, or as
`given_exactness` tells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.base import Network
from ..problem.networks.matrices import masks_of_terms
from ..problem.networks.unrolled import CONSTANT
from .given_exactness import separation
from .given_points import GivenPoints
from .oracle import oracle_prime


def why_not_exact(
    allocation: Allocation, given: GivenPoints | None = None, deadline: Deadline = NEVER
) -> str | None:
    """Why it is not proved that the rank is exact, on random or `given` inputs; None where it is.

    Raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import Feedforward
    >>> why_not_exact(Allocation.none(Feedforward([2, 3, 1], activation="tanh")))
    >>> mixed = Feedforward([2, 3, 3, 1], activation=["tanh", "erf"])
    >>> why_not_exact(Allocation.none(mixed))
    'values of erf and tanh are not known to be independent of each other'
    """
    network = allocation.network
    rows = [ACTIVATIONS[name] for name in network.activations]
    families = {row.family: row.name for row in rows if row.family != "polynomial"}
    if given is not None and any(tail == next(iter(network.groups)) for tail, _ in network.passes):
        return "given inputs of a residual first layer, which adds them, are not covered"
    if len(families) > 1:
        names = " and ".join(sorted(families.values()))
        return f"values of {names} are not known to be independent of each other"
    if not families:
        return None
    family, name = next(iter(families.items()))
    if given is not None:
        if _are_free(allocation, given):
            return None
        why = separation(allocation, given, deadline).why
        return why if why is None else f"on these inputs {why}"
    if network.unrolled.parts:
        return _why_not_with_filters(allocation, family, name)
    if not network.is_recurrent or family != "error function" or _reads_inputs(allocation):
        return None
    return (
        f"in recurrent networks values of {name} are known to be independent only if every unit "
        "reads an input"
    )


def _why_not_with_filters(allocation: Allocation, family: str, name: str) -> str | None:
    """Why values may depend on each other where filters act at several positions.

    The coefficient of w[c, k, offset] in a relation is a sum of values of unit k at distinct
    positions and samples. They are independent if each hidden unit that is not 0 reads some value
    that depends on the sample; where one sees padding and constants alone, relations do occur.
    """
    other = [
        row.name
        for row in map(ACTIVATIONS.__getitem__, allocation.network.activations)
        if row.family == "polynomial" and row.name != "linear"
    ]
    if family == "error function" or other:
        names = " and ".join([name, *other])
        return f"in convolutional networks values of {names} are not known to be independent"
    if _sees_constants_alone(allocation):
        return (
            "a hidden unit sees only constants and padding where a filter is put: values of "
            f"{name} are not known to be independent there"
        )
    return None


def _sees_constants_alone(allocation: Allocation) -> bool:
    """Whether some hidden unit is not 0 and the same on all samples, on random inputs."""
    unrolled, present = allocation.network.unrolled, masks_of_terms(allocation, "present")
    varies: list[NDArray[np.bool_]] = []  # by level and unit
    is_zero: list[NDArray[np.bool_]] = []
    for level in unrolled.levels:
        if not level.terms:
            varies.append(np.full(level.size, level.group != CONSTANT))
            is_zero.append(np.zeros(level.size, dtype=bool))
            continue
        reads = [(present[name], source) for name, source in level.terms]
        own = np.logical_or.reduce([(mask & varies[k]).any(axis=1) for mask, k in reads])
        zero = ~np.logical_or.reduce([(mask & ~is_zero[k]).any(axis=1) for mask, k in reads])
        if level.activation != "linear":
            if (~own & ~zero).any():
                return True
            zero &= ACTIVATIONS[level.activation].at_zero[0] == 0
        varies.append(own)
        is_zero.append(zero)
    return False


def _reads_inputs(allocation: Allocation) -> bool:
    """Whether every unit reads an input directly."""
    network = allocation.network
    inputs = next(iter(network.groups))
    entering = [name for name in network.matrices if network.ends(name)[0] == inputs]
    return all(allocation.present_mask(name).any(axis=1).all() for name in entering)


def _are_free(allocation: Allocation, given: GivenPoints) -> bool:
    """Whether the samples, as each first hidden unit sees them, are linearly independent.

    Then its pre-activations on the samples are free variables, as they are for random inputs, and
    what is proved for these holds (feed-forward, layer behind layer).
    """
    network, prime = allocation.network, oracle_prime(0, 0)
    if not network.is_layered:
        return False
    matrix, *bias = network.weight_layers[0]
    points = given.modulo(prime)
    seen = {}
    for unit, bits in enumerate(allocation.present_mask(matrix)):
        has_bias = any(allocation.present_mask(name)[unit] for name in bias)
        seen[bits.tobytes(), has_bias] = bits
    for (_, has_bias), bits in seen.items():
        if not bits.any():
            continue
        rows = [points[bits], *([np.ones((1, points.shape[1]))] if has_bias else [])]
        elimination = Elimination(points.shape[1], prime)
        elimination.extend(np.concatenate(rows).T)
        if elimination.rank < points.shape[1]:
            return False
    return True


def why_undecided_by_rank(allocation: Allocation) -> str | None:
    """Why the rank does not tell whether the match probability is 0; None where it does (T1, T11).

    On random inputs.

    >>> from theorycheck import Feedforward
    >>> why_undecided_by_rank(Allocation.none(Feedforward([2, 3, 1], activation="tanh")))
    >>> why_undecided_by_rank(Allocation.none(Feedforward([2, 3, 1], activation="hardtanh")))
    'with hardtanh ranks differ between patterns of the units'
    """
    network = allocation.network
    if network.is_linear:
        return None
    rough = [name for name in network.activations if not ACTIVATIONS[name].is_analytic]
    if rough:
        reason = f"with {rough[0]} ranks differ between patterns of the units"
        others = [name for name in network.activations if not ACTIVATIONS[name].pieces]
        if others:
            reason += f", which T11 knows only if all units are linear in pieces, not {others[0]}"
        return reason
    why = why_not_exact(allocation)
    return None if why is None else f"T11 does not decide: {why}"


def why_no_patterns(network: Network) -> str | None:
    """Why ranks in patterns (T10, T11) do not decide of a network with kinks; None where they do.

    >>> from theorycheck import Feedforward
    >>> why_no_patterns(Feedforward([2, 3, 1], activation="relu"))
    >>> why_no_patterns(Feedforward([2, 2, 1], activation="relu", skip=True))
    'of piecewise linear networks T11 decides those without filters or residual layers'
    """
    if not network.is_piecewise_linear:
        return "the network has activations that are neither linear in pieces nor analytic"
    if not (network.is_layered or network.is_recurrent):
        return "of piecewise linear networks T11 decides those without filters or residual layers"
    return None


def why_undecided_by_ranks(allocation: Allocation) -> str | None:
    """Why ranks, in patterns or not, do not tell whether MP is 0 (T1, T10, T11); None if they do.

    >>> from theorycheck import Feedforward
    >>> why_undecided_by_ranks(Allocation.none(Feedforward([2, 3, 1], activation="hardtanh")))
    """
    if allocation.network.is_piecewise_linear:
        return why_no_patterns(allocation.network)
    return why_undecided_by_rank(allocation)
