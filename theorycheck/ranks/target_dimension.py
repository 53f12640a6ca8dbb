"""Target dimension D(m): dimension of the closure of the teacher's outputs on m samples."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from ..problem.networks.base import Network
from .generic_rank import GenericRank, Given, generic_rank


@dataclass(frozen=True)
class TargetDimension:
    """D(m) and what proves it from below and from above.

    `lower` is `closed form`, `minor` (of `rank.best`), `learnables` (a minor of theirs) or `none`
    (D = 0); `upper` is `closed form`, `equations`, `weights`, `gauge`, `widths`, or `trials`: then
    `error_bound` is positive and D may be larger with at most that probability.
    """

    value: int
    lower: str
    upper: str
    rank: GenericRank | None = None

    @property
    def error_bound(self) -> float:
        """Probability that D is larger than `value`, at most; 0 where it is proved."""
        return self.rank.error_bound if self.rank is not None and self.upper == "trials" else 0.0


def closed_form(allocation: Allocation, samples: int) -> int | None:
    """D(m) of a dense network where a formula is proved, else None.

    Feed-forward without biases: the outputs on m_e = min(m, n_0) samples are the d x m_e matrices
    of rank at most k = min(d, m_e, hidden widths). With biases the last bias shifts all samples
    freely, and the differences to the first sample are such matrices with min(m - 1, n_0) columns.
    Recurrent: generic states on c samples (and steps, if all are read) have rank min(N, c), so with
    N >= c the readout alone reaches all d c outputs.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> closed_form(Allocation.none(LinearFeedforward([3, 2, 3])), 3)
    8
    """
    network = allocation.network
    if not (allocation.is_dense and network.is_linear):
        return None
    if network.has_one_state:
        equations = network.n_equations(samples)
        return equations if network.widths[1] * network.outputs >= equations else None
    if not network.is_layered:
        return None
    outputs, hidden = network.outputs, network.widths[1:-1]
    columns = min(samples - network.bias, network.inputs)
    rank = min(outputs, columns, *hidden)
    return rank * (outputs + columns - rank) + (outputs if network.bias else 0)


def upper_bounds(allocation: Allocation, samples: int) -> dict[str, int]:
    """Proved upper bounds on D(m) by name.

    `equations`: the outputs on the samples that count; `weights`: the weights that exist; `gauge`
    (dense recurrent): a change of basis of the hidden units leaves all outputs alone and moves
    generic weights in N^2 dimensions, so at most N (d + n_in) of N (N + d + n_in) are left;
    `widths` (T11e; nonlinear, layer behind layer, dense): activations are local diffeomorphisms, so
    the values of a layer move in as many dimensions as its pre-activations, which are matrices of
    rank at most min(widths, m), after centring with biases.
    """
    network = allocation.network
    bounds = {"equations": network.n_equations(samples), "weights": allocation.n_present}
    if network.has_one_state and network.is_linear and allocation.is_dense:
        bounds["gauge"] = network.widths[1] * (network.outputs + network.inputs)
    if network.is_layered and not network.is_linear and allocation.is_dense:
        bounds["widths"] = _bound_by_widths(network, samples)
    return bounds


def upper_bound(allocation: Allocation, samples: int) -> tuple[str, int]:
    """The least of `upper_bounds`, with its name.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> upper_bound(Allocation.none(LinearFeedforward([3, 2, 3])), 1)
    ('equations', 3)
    """
    bounds = upper_bounds(allocation, samples)
    return min(bounds.items(), key=lambda item: item[1])


def _bound_by_widths(network: Network, samples: int) -> int:
    """T11e: layer by layer, R_(l+1) = min(R_l + weights, what matrices of bounded rank span)."""
    bias, (inputs, *later) = int(network.bias), network.widths
    columns = samples - bias
    bound = later[0] * min(samples, inputs + bias)
    for before, after in pairwise(later):
        rank = min(after, before, columns)
        reached = bias * after + rank * (after + columns - rank)
        bound = min(bound + after * (before + bias), reached)
    return bound


def target_dimension(
    allocation: Allocation,
    samples: int,
    *,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    xp: ModuleType = np,
    given: Given | None = None,
    deadline: Deadline = NEVER,
) -> TargetDimension:
    """D(m) in closed form where that is proved, else the generic rank of all present weights.

    With `given` inputs `samples` is their rank; the closed form needs no more of the inputs. Raises
    `SizeError` where the rank is needed and its Jacobian exceeds `memory_limit` bytes,
    `OutOfTimeError` after the deadline.

    >>> from theorycheck import Allocation, LinearRecurrent
    >>> allocation = Allocation.none(LinearRecurrent(inputs=1, hidden=2, outputs=1, steps=5))
    >>> target_dimension(allocation, 5)  # doctest: +ELLIPSIS
    TargetDimension(value=4, lower='minor', upper='gauge', rank=...)
    """
    formula = closed_form(allocation, samples)
    if formula is not None:
        return TargetDimension(formula, "closed form", "closed form")
    name, bound = upper_bound(allocation, samples)
    rank = generic_rank(
        allocation,
        samples,
        upper=bound,
        which="present",
        seed=seed,
        error_bound=error_bound,
        memory_limit=memory_limit,
        xp=xp,
        given=given,
        deadline=deadline,
    )
    upper = name if rank.value == bound else "trials"
    return TargetDimension(rank.value, "minor" if rank.value else "none", upper, rank)
