"""Levels of T16 carried out in floats: the point at infinity, and Newton steps from there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from theorycheck.plans.algebra import Reals
from theorycheck.plans.deep import Deep, DeepPoint, jacobian, solve_behind
from theorycheck.plans.levels import Built, Levels, construct
from theorycheck.plans.pairs import random_data

Numbers = NDArray[np.float64]
_SCALES = tuple(10.0**-k for k in (1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6))
_TRIES, _STEPS = 30, 40


def matched(deep: Deep, levels: Levels, rng: np.random.Generator) -> bool:
    """Whether C_q ... C_1 A B = y, all Gaussian, is solved by learnables alone."""
    rows, columns = deep.pair.rows, deep.pair.columns
    masks = [*reversed(deep.behind), deep.pair.outer, deep.pair.inner]
    frozen = [rng.normal(size=mask.shape) for mask in masks]
    target = rng.normal(size=(rows, columns))
    infinite = np.array([level is None for level in levels.columns])
    for _ in range(_TRIES):
        start = [np.where(mask, rng.normal(size=mask.shape), values)
                 for mask, values in zip(masks, frozen, strict=True)]  # fmt: skip
        point = _point(deep, levels, start, target, rng)
        for scale in _SCALES if point is not None else ():
            scales = np.where(infinite, scale, 1.0)
            assert point is not None
            found = _newton(deep, point, frozen, target, scales)
            if found is None:
                continue
            value = np.linalg.multi_dot(found)
            for mask, values, own in zip(masks, frozen, found, strict=True):
                assert (own == values)[~mask].all()
            if np.abs(value - target).max() < 1e-6 * np.abs(target).max():
                return True
    return False


def _point(
    deep: Deep, levels: Levels, start: list[Numbers], target: Numbers, rng: np.random.Generator
) -> DeepPoint | None:
    """The point of T16 with these frozen weights and outputs."""
    algebra, rows = Reals(), deep.pair.rows
    finite = target[:, [level is not None for level in levels.columns]].T
    zero = np.zeros(len(finite))
    z = np.array([algebra.solve(finite, zero, row).values
                  for row in rng.normal(size=(deep.base, rows))])  # fmt: skip
    others = rng.normal(size=(rows - deep.base, rows))
    behind = solve_behind(deep, z, start[-3::-1], algebra)
    if behind is None:
        return None
    through = np.linalg.multi_dot([others, *reversed(behind)])
    data = replace(
        random_data(deep.left, algebra, rng, 9),
        through=through, outer=start[-2], inner=start[-1], target=others @ target,
        extra=rng.normal(size=(rows - deep.base, rows - deep.base)),
    )  # fmt: skip
    built = construct(deep.left, levels, data, algebra)
    return None if built is None else DeepPoint(tuple(behind), built, data)


def _newton(
    deep: Deep, point: DeepPoint, frozen: list[Numbers], target: Numbers, scales: Numbers
) -> list[Numbers] | None:
    """All factors, infinite columns being 1 / scale of what they are here."""
    inner = np.where(deep.pair.inner, point.built.inner, frozen[-1] * scales)
    factors = [
        *(matrix.copy() for matrix in reversed(point.behind)),
        point.built.outer.copy(),
        inner,
    ]
    masks = [deep.pair.outer, deep.pair.inner, *deep.behind]
    for _ in range(_STEPS):
        rest = target * scales - np.linalg.multi_dot(factors)
        if not np.isfinite(rest).all() or np.abs(rest).max() > 1e8:
            return None
        if np.abs(rest).max() < 1e-14:
            break
        built = Built(factors[-2], point.built.through, factors[-1])
        at = DeepPoint(tuple(factors[-3::-1]), built, point.data)
        matrix = jacobian(deep, at, Reals())
        change = np.linalg.lstsq(matrix, rest.ravel(), rcond=1e-13)[0]
        for mask, factor in zip(masks, [factors[-2], factors[-1], *factors[-3::-1]], strict=True):
            own, change = np.split(change, [int(mask.sum())])
            factor[mask] += own
    return [*factors[:-1], np.where(deep.pair.inner, factors[-1] / scales, frozen[-1])]
