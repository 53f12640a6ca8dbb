"""Target dimension D(m): dimension of the closure of the teacher's outputs on m samples."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from .generic_rank import GenericRank, generic_rank
from .given_inputs import GivenInputs


@dataclass(frozen=True)
class TargetDimension:
    """D(m) and what proves it from below and from above.

    `lower` is `closed form`, `minor` (of `rank.best`) or `none` (D = 0); `upper` is `closed form`,
    `equations`, `weights`, `gauge`, or `trials`: then `error_bound` is positive and D may be larger
    with at most that probability.
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
    if network.is_recurrent and network.is_fully_connected:
        equations = network.n_equations(samples)
        has_room = network.widths[1] * network.outputs >= equations
        return equations if has_room and not network.bias else None
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
    generic weights in N^2 dimensions, so at most N (d + n_in) of N (N + d + n_in) are left.
    """
    network = allocation.network
    bounds = {"equations": network.n_equations(samples), "weights": allocation.n_present}
    has_gauge = network.is_recurrent and not network.bias and network.is_fully_connected
    if has_gauge and network.is_linear and allocation.is_dense:
        bounds["gauge"] = network.widths[1] * (network.outputs + network.inputs)
    return bounds


def target_dimension(
    allocation: Allocation,
    samples: int,
    *,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    xp: ModuleType = np,
    given: GivenInputs | None = None,
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
    bounds = upper_bounds(allocation, samples)
    name = min(bounds, key=lambda key: bounds[key])
    rank = generic_rank(
        allocation,
        samples,
        upper=bounds[name],
        which="present",
        seed=seed,
        error_bound=error_bound,
        memory_limit=memory_limit,
        xp=xp,
        given=given,
        deadline=deadline,
    )
    upper = name if rank.value == bounds[name] else "trials"
    return TargetDimension(rank.value, "minor" if rank.value else "none", upper, rank)
