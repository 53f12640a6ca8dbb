"""The fitted law: one minus the match probability falls with the degree of the equations.

The few numbers below are least squares fits by examples/experiments/fit_heuristic.py on the
measurements in examples/experiments/data, which examples/experiments/heuristic_data.py repeats.
They hold for Gaussian weights and inputs, and mean nothing beyond that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..problem.networks.base import Network
from .features import BlockFeatures, narrowness

OFFSET = 0.01  # keeps the logarithm finite where every draw matched


@dataclass(frozen=True)
class Law:
    """log(1.01 - MP) of a block is `numbers` times its `terms`, within `spread` of that.

    `spread` is how far below and above the measured logarithms of nine in ten blocks lie.
    """

    numbers: tuple[float, ...]
    spread: tuple[float, float]


FEEDFORWARD = Law((-2.02, -1.31, -0.37), (-0.38, 0.29))
# Estimate and range over budget where extra learnables reach every equation, and without a degree.
HELPED = {"feedforward": (0.999, (0.99, 1.0)), "recurrent": (0.99, (0.88, 1.0))}
UNKNOWN = {"feedforward": (0.98, (0.85, 1.0)), "recurrent": (0.97, (0.75, 1.0))}
RECURRENT = Law((-1.75, -0.76, 0.37, 0.52, 1.14), (-0.81, 0.66))


def terms(network: Network, block: BlockFeatures) -> tuple[float, ...]:
    """What the numbers of the law are multiplied with.

    1 and log2(degree / 2); for feed-forward networks the narrowness; for recurrent ones the share
    of diagonal recurrent learnables, whether they are two or more, and whether they are all.

    >>> from theorycheck import LinearFeedforward
    >>> terms(LinearFeedforward([2, 2, 2]), BlockFeatures(4, 4, 0))
    (1.0, 1.0, 0.5)
    """
    growth = math.log2(block.degree / 2)
    if not network.is_recurrent:
        return (1.0, growth, narrowness(network))
    share = block.diagonal / block.unknowns
    return (1.0, growth, share, float(block.diagonal >= 2), float(share == 1))


def law_of(network: Network) -> Law | None:
    """The law for a kind of network; None for kinds that none is fitted for."""
    if not network.is_linear or not (network.is_recurrent or network.is_layered):
        return None
    return RECURRENT if network.is_recurrent else FEEDFORWARD


def probability(
    network: Network, blocks: Iterable[BlockFeatures], law: Law | None = None
) -> tuple[float, tuple[float, float]]:
    """The estimate and its range for equations whose blocks of even degree are `blocks`.

    Blocks count as independent, so their probabilities multiply.

    >>> from theorycheck import LinearFeedforward
    >>> point, (low, high) = probability(LinearFeedforward([2, 2, 2]), [BlockFeatures(2, 4, 0)])
    >>> 0.85 < low < point < high < 0.95
    True
    """
    law = law_of(network) if law is None else law
    assert law is not None
    low, point, high = 1.0, 1.0, 1.0
    for block in blocks:
        log = sum(a * b for a, b in zip(law.numbers, terms(network, block), strict=True))
        low *= _matched(log + law.spread[1])
        point *= _matched(log)
        high *= _matched(log + law.spread[0])
    return point, (low, high)


def _matched(log: float) -> float:
    return min(max(1 + OFFSET - math.exp(log), 0.0), 1.0)
