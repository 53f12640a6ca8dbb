"""The degree of outputs in parameters of weights: where outputs are affine in some of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import inf

import numpy as np
from numpy.typing import NDArray

from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.unrolled import Level, as_matrix, forward
from ..problem.parametrization import Parametrization

_Degrees = NDArray[np.float64]  # -inf of what is 0


def weight_degrees(parametrization: Parametrization, names: Collection[str]) -> dict[str, _Degrees]:
    """Degrees of all weights, as matrices, in the parameters of the blocks `names`."""
    found: dict[str, _Degrees] = {}
    for name, form in parametrization.forms.items():
        present = as_matrix(parametrization.whole.present_mask(name))
        degrees = np.zeros(present.shape)
        if f"{name}.entries" in names:
            degrees[as_matrix(form.entries)] = 1
        factors = sum(f"{name}.{kind}" in names for kind in form.train)
        degrees = np.maximum(degrees, factors)
        degrees += (form.rows in names) + (form.columns in names)
        found[name] = np.where(present, degrees, -inf)
    for name, tied in parametrization.ties.items():
        found[name] = found[tied.to].T if tied.transposed else found[tied.to]
    return found


def output_degree(parametrization: Parametrization, names: Collection[str]) -> float:
    """A bound on the degree of the outputs in the parameters of the blocks `names`.

    >>> from theorycheck import LinearFeedforward
    >>> from theorycheck.problem.parametrization import LowRank
    >>> lora = Parametrization(LinearFeedforward([4, 3, 2]), {"W1": LowRank(1), "W2": LowRank(1)})
    >>> output_degree(lora, ["W1.A"]), output_degree(lora, ["W1.A", "W2.B"])
    (1.0, 2.0)
    """
    weights = weight_degrees(parametrization, names)

    def combine(level: Level, terms: list[tuple[str, _Degrees]]) -> _Degrees:
        sums = [_products(weights[name], before).max(axis=1) for name, before in terms]
        degrees = np.maximum.reduce([*sums, np.zeros(level.size)])
        power = ACTIVATIONS[level.activation].power
        powers = degrees[degrees > 0] * (inf if power is None else power)  # 0 stays 0
        degrees[degrees > 0] = powers
        return degrees

    unrolled = parametrization.network.unrolled
    starts = (np.zeros(level.size) for level in unrolled.starts)
    values = forward(unrolled, starts, combine)
    return float(max(values[number].max() for number in unrolled.read))


def _products(weights: _Degrees, before: _Degrees) -> _Degrees:
    """Degrees of weights times values; an absent weight makes 0 of a value of any degree."""
    return np.where(weights == -inf, -inf, np.maximum(weights, 0) + before)


def affine_blocks(parametrization: Parametrization) -> Iterator[tuple[str, ...]]:
    """Sets of blocks in which outputs are affine, jointly: for each block one that has it.

    All others are added if they can be, the largest first.
    """
    sizes = {block.name: block.size for block in parametrization.blocks}
    order = sorted(sizes, key=lambda name: -sizes[name])
    seen: set[frozenset[str]] = set()
    for first in order:
        chosen: list[str] = []
        for name in [first, *(other for other in order if other != first)]:
            if output_degree(parametrization, [*chosen, name]) <= 1:
                chosen.append(name)
            elif not chosen:
                break
        if chosen and frozenset(chosen) not in seen:
            seen.add(frozenset(chosen))
            yield tuple(name for name in sizes if name in chosen)
