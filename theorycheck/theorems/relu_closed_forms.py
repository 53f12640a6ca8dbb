"""MP_reg of shallow ReLU networks in closed form, learnables in W_2 only (T10).

They tell more than the class, and are no part of a certificate.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..problem.allocation import Allocation, Mask

_MOST_OUTPUTS = 10
_ALL_OF_222 = Fraction(43, 100)


class ClosedForm(NamedTuple):
    """The match probability given a regular teacher, and the laws that it holds for."""

    value: Fraction
    law: str


def regular_match_probability(allocation: Allocation, samples: int) -> ClosedForm | None:
    """MP_reg, where a formula is proved (see the proof of T10); else None.

    Dense networks without biases and learnables in W_2 only: one sample and up to 10 outputs;
    n_0 = m = 2 with one output; all of W_2 of (2, 2, 2) with m = 2.

    >>> from theorycheck import ShallowReLU
    >>> all_outputs = Allocation.layer(ShallowReLU([2, 2, 1]), "W2")
    >>> regular_match_probability(all_outputs, 2)
    ClosedForm(value=Fraction(57, 140), law='Gaussian weights and inputs')
    """
    network = allocation.network
    if not network.is_shallow_relu or network.bias or not allocation.is_dense:
        return None
    if set(allocation.counts) - {"W2"}:
        return None
    mask = allocation.mask("W2")
    if samples == 1 and network.outputs <= _MOST_OUTPUTS:
        return ClosedForm(one_sample(mask), "symmetric laws of the weights")
    if (network.inputs, samples) != (2, 2):
        return None
    if network.outputs == 1:
        value = two_samples(network.widths[1], allocation.n_learnable)
        return ClosedForm(value, "Gaussian weights and inputs")
    if network.widths == (2, 2, 2) and mask.all():
        return ClosedForm(_ALL_OF_222, "Gaussian weights and inputs")
    return None


def one_sample(rows: Mask) -> Fraction:
    """P(every row has an active unit): sum_I (-1)^|I| 2^(-units of the rows in I).

    >>> one_sample(np.array([[True, True], [True, False]]))
    Fraction(1, 2)
    """
    unions: dict[int, int] = {0: 1}  # set of units -> sum of signs over the sets of rows
    for row in rows:
        code = sum(1 << k for k in np.flatnonzero(row).tolist())
        for units, sign in list(unions.items()):
            unions[units | code] = unions.get(units | code, 0) - sign
    return sum((Fraction(sign, 2 ** units.bit_count()) for units, sign in unions.items()),
               Fraction(0))  # fmt: skip


def two_samples(units: int, learnable: int) -> Fraction:
    """(2, n_1, 1) with m = 2 and s learnable output weights, Gaussian weights and inputs.

    At an angle q pi of the samples, z = (1-q)/2: teachers are regular with probability
    1 - 2^(1-n_1) + z^n_1 (no sample is dead), H_S has rank 2 with 1 - 2^(1-s) + (1-s) z^s, and the
    mean of z^k over q is 1 / (2^k (k+1)).

    >>> two_samples(2, 2)
    Fraction(57, 140)
    """
    n, s = units, learnable
    regular, full = 1 - Fraction(2, 2**n), 1 - Fraction(2, 2**s)
    both = regular * full + full * _mean(n) + (1 - s) * (regular * _mean(s) + _mean(n + s))
    return both / (regular + _mean(n))


def _mean(power: int) -> Fraction:
    return Fraction(1, 2**power * (power + 1))
