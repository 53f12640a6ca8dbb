"""Confidence intervals of a probability, with trials left undecided."""

from __future__ import annotations


def clopper_pearson(
    matches: int, trials: int, undecided: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Exact interval of a probability; the undecided count as failures below, as matches above.

    >>> low, high = clopper_pearson(0, 10)
    >>> low, round(high, 12)
    (0.0, 0.308497107819)
    >>> clopper_pearson(9, 10, undecided=1)[1]
    1.0
    """
    from scipy.special import betaincinv

    if trials == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    most = matches + undecided
    low = float(betaincinv(matches, trials - matches + 1, tail)) if matches else 0.0
    high = float(betaincinv(most + 1, trials - most, 1 - tail)) if most < trials else 1.0
    return low, high
