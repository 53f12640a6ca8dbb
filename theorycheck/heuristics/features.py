"""What the heuristics look at: the blocks of the equations that may have no real solution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..computing.options import Options
from ..degrees.degree import Degree
from ..degrees.solving import Solving
from ..degrees.system import SquareSystem
from ..problem.allocation import Allocation
from ..problem.matchings import maximum_matching
from ..problem.networks.base import Network
from ..structure.support import Support


class BlockFeatures(NamedTuple):
    """A block of the equations: its degree, unknowns, and diagonal recurrent ones among these.

    All three stay the same when hidden units, inputs and outputs are permuted (T8).
    """

    degree: int
    unknowns: int
    diagonal: int


def block_features(degrees: Iterable[Degree]) -> tuple[BlockFeatures, ...]:
    """The blocks of even degree: those of odd degree always have a real solution (T6)."""
    return tuple(_features(degree) for degree in degrees if degree.value % 2 == 0)


def _features(degree: Degree) -> BlockFeatures:
    ends = degree.system.network.ends
    diagonal = sum(
        len(index) == 2 and index[0] == index[1] and len(set(ends(name))) == 1
        for name, index in degree.system.entries
    )
    return BlockFeatures(degree.value, len(degree.system.unknowns), diagonal)


def narrowness(network: Network) -> float:
    """Sum of 1 / width over the hidden layers of a feed-forward network.

    Outputs of deep and narrow networks are products of many Gaussians, with heavy tails.

    >>> from theorycheck import LinearFeedforward
    >>> narrowness(LinearFeedforward([3, 2, 4, 3]))
    0.75
    """
    return sum(1 / width for width in network.widths[1:-1])


def determined_part(
    allocation: Allocation,
    samples: int,
    support: Support,
    options: Options,
) -> Solving | None:
    """The equations that more learnables than equations leave determined; None if there are none.

    `support` is that of the Jacobian, with as many rows as the target dimension, `samples` the
    effective number. Starting from learnables that a maximum matching leaves over, alternating
    paths reach the underdetermined equations; the others depend on as many learnables as they are
    (the square part of the Dulmage-Mendelsohn decomposition).
    """
    column_of = maximum_matching(support)
    if (column_of < 0).any():
        return None
    spare = set(range(support.shape[1])) - set(column_of.tolist())
    reached = set(_underdetermined(support, column_of.tolist(), spare))
    equations = tuple(e for e in range(len(support)) if e not in reached)
    if not equations:
        return None
    unknowns = tuple(sorted(int(column_of[e]) for e in equations))
    system = SquareSystem(allocation, samples, equations, unknowns)
    return Solving(system, support, True, options.seed, options.effort, deadline=options.deadline)


def _underdetermined(support: Support, column_of: list[int], spare: set[int]) -> Iterator[int]:
    """Equations that alternating paths from the spare learnables reach."""
    seen: set[int] = set()
    queue = sorted(spare)
    while queue:
        column = queue.pop()
        for equation in support[:, column].nonzero()[0].tolist():
            if equation not in seen:
                seen.add(equation)
                queue.append(column_of[equation])
                yield equation
