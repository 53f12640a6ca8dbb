"""Checks of (a), (c'), (c*) and (e) of T12, on networks with one hidden layer and biases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product
from typing import TypeAlias

import numpy as np

from .small import SIGMA, Bools, Floats, full_rank, hidden, in_span, masks, outputs, with_constant

Always: TypeAlias = Callable[[list[int], list[int], int], bool]


def always_or_never(claim: tuple[Always, tuple[str, ...]]) -> Iterator[str | None]:
    """(a): with learnables in the readout a network matches all draws or none, as claimed.

    The claim is told, for every row, the rank and the number of what its learnables read, and D.
    """
    says, names = claim
    for name, (widths, samples) in product(names, [((2, 2, 2), 2), ((1, 2, 1), 3), ((1, 1, 2), 3)]):
        n_inputs, n_hidden, n_outputs = widths
        target, rng = full_rank(name, widths, samples), np.random.default_rng(1)
        for mask in masks(n_outputs, n_hidden + 1):
            found, ranks = [], [0] * n_outputs
            for _ in range(6):
                first, other = rng.normal(size=(2, n_hidden, n_inputs + 1))
                last, frozen = rng.normal(size=(2, n_outputs, n_hidden + 1))
                x = rng.normal(size=(n_inputs, samples))
                wanted = outputs(SIGMA[name], other, last, x)
                read = with_constant(hidden(SIGMA[name], first, x))
                rest = wanted - np.where(mask, 0, frozen) @ read
                rows = list(zip(mask, rest, strict=True))
                found.append(all(in_span(read[row].T, left) for row, left in rows))
                ranks = [_rank(read[row]) for row in mask]
            expected = says(ranks, mask.sum(axis=1).tolist(), target)
            holds = set(found) == {expected}
            yield None if holds else f"{name} {widths}, m = {samples}: {mask.astype(int).tolist()}"


def _rank(matrix: Floats) -> int:
    """NumPy before 2 refuses a matrix without entries."""
    return int(np.linalg.matrix_rank(matrix)) if matrix.size else 0


def one_sided(claim: tuple[dict[str, float], bool]) -> Iterator[str | None]:
    """(c'): with positive frozen readout weights the output stays above the bound.

    The claim has the lower bounds of activations, and whether the readout bias may be learnable.
    """
    lower, free_bias = claim
    rng = np.random.default_rng(2)
    for name, bound in lower.items():
        for mask in masks(2, 2):
            first, x = rng.normal(size=(2, 2)), rng.normal(size=(1, 2))
            last = np.abs(rng.normal(size=(1, 3)))
            at = hidden(SIGMA[name], first, x)
            least = last[0, 2] + sum(
                last[0, k] * (bound if mask[k].any() else at[k]) for k in range(2)
            )
            lowest = np.inf
            for _ in range(400):
                drawn = np.where(mask, rng.normal(size=(2, 2)) * rng.choice([1, 4]), first)
                final = last.copy()
                final[0, 2] += free_bias * 10 * rng.normal()
                lowest = min(lowest, float((outputs(SIGMA[name], drawn, final, x) - least).min()))
            yield None if lowest >= -1e-9 else f"{name}, inputs {mask.astype(int).tolist()}"


def distant(claim: tuple[str, int]) -> Iterator[str | None]:
    """(c*): some directions of targets stay away from the cone of the learnable readout weight.

    The claim has the activation, and m: the cone of b sigma(a x) has dimension min(m, 2).
    """
    name, samples = claim
    rng = np.random.default_rng(3)
    weights = rng.normal(size=200_000) * 10.0 ** rng.uniform(-2, 4, size=200_000)
    far = 0
    for _ in range(12):
        x, y = rng.normal(size=(2, samples))
        cone = SIGMA[name](weights[:, None] * x)
        cone /= np.linalg.norm(cone, axis=1, keepdims=True)
        cosine = np.abs(cone @ y).max() / np.linalg.norm(y)
        far += bool(np.sqrt(max(0.0, 1 - cosine**2)) > 0.05)
    yield None if far >= 3 else f"{name}, m = {samples}: {far} of 12 directions are far"


def fitted(claim: tuple[str, int, bool]) -> Iterator[str | None]:
    """(e): the weights of the proof, made as it says, give the wanted outputs.

    The claim has the activation, how many learnable inputs less than m a unit needs, and whether
    two outputs may have the same unit. All masks of the inputs of two units with biases, two
    samples and two outputs, all their units.
    """
    name, less, may_share = claim
    inverse = {"tanh": np.arctanh, "sin": np.arcsin, "cube": np.cbrt, "softplus": _inverse_softplus}
    rng, samples = np.random.default_rng(4), 2
    for mask in masks(2, 3):
        enough = [k for k in range(2) if mask[k].sum() >= samples - less]
        pairs = product(enough, repeat=2) if may_share else permutations(enough, 2)
        for units in pairs:
            first, last = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
            x, wanted = rng.normal(size=(2, samples)), rng.normal(size=(2, samples))
            gap = _gap(SIGMA[name], inverse[name], (first, last), mask, list(units), x, wanted)
            text = f"{name}: inputs {mask.astype(int).tolist()}, units {list(units)}"
            yield None if gap < 1e-6 else text


def _inverse_softplus(h: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.log(np.expm1(h))


def _gap(
    sigma: Callable[[Floats], Floats],
    inverse: Callable[[Floats], Floats],
    weights: tuple[Floats, Floats],
    mask: Bools,
    units: list[int],
    x: Floats,
    wanted: Floats,
) -> float:
    """How far the outputs stay from those wanted, with large matched readout weights."""
    first, last = (matrix.copy() for matrix in weights)
    for output, unit in enumerate(units):
        last[output, unit] = 100.0
    kept = sorted(set(units))
    others = [k for k in range(3) if k not in kept]
    rest = last[:, others] @ with_constant(hidden(sigma, first, x))[others]
    values = np.linalg.lstsq(last[:, kept], wanted - rest, rcond=None)[0]
    for unit, value in zip(kept, values, strict=True):
        free = mask[unit]
        read = with_constant(x)
        asked = inverse(value) - first[unit, ~free] @ read[~free]
        if not np.isfinite(asked).all():
            return np.inf
        first[unit, free] = np.linalg.lstsq(read[free].T, asked, rcond=None)[0]
    return float(np.abs(outputs(sigma, first, last, x) - wanted).max())
