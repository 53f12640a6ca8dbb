"""The numerical rank of the Jacobian of a torch module, as it is, on given inputs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...computing.progress import Progress, Teller, nobody
from ...errors import InputError
from ...problem.interop.torch_slots import Module
from ...problem.masks import Mask
from .directions import Decomposition, decompose, independent, redundant
from .evaluation import Evaluation, Output
from .modes import warnings_of
from .products import Floats, Products
from .result import MeasuredRank
from .rounding import Trial, trial
from .samples import SamplesMix, agree, by_samples
from .selection import Selection
from .sketches import Compressed, Fold, Plan, compress, folding, plan, rows_together
from .spectrum import EPSILON, Spectrum, spectrum

_ROW = 3.0  # times what rounding does to a row on average


@dataclass(frozen=True)
class Limits:
    """What a measurement may use: a side of a sketch, or None; bytes of memory."""

    sketch: int | None = None
    memory: float = 8 * 2**30


def measure_module(
    module: Module,
    inputs: Any,
    selection: Selection,
    output: Output = None,
    *,
    seed: int = 0,
    limits: Limits = Limits(),
    tell: Teller = nobody,
) -> MeasuredRank:
    """What `measured_rank` returns, without a comparison; the arguments are checked already."""
    start, warnings = time.perf_counter(), warnings_of(module)
    evaluation = Evaluation(module, inputs, selection, output)
    volume, epsilon = evaluation.watched.volume, evaluation.watched.epsilon
    products = Products(evaluation.graph(), selection, volume, limits.memory)
    generator = np.random.default_rng(seed)
    tried = trial(evaluation, selection, products, generator, limits.memory)
    equations = math.prod(evaluation.shape)
    sizes = plan(equations, selection.size, limits.sketch, limits.memory)
    fold, done = folding(sizes, generator), _teller(tell, sizes.rows)
    found = None
    if not sizes.is_combined:
        blocks = by_samples(evaluation, selection, limits.memory)
        found = _if_apart(blocks, sizes, fold, done, tried)
    if found is None:
        found = compress(rows_together(products, sizes, generator), sizes, fold, done)
    if not np.isfinite(found.matrix).all():
        raise InputError("derivatives are not finite at these values: one is infinite or no number")
    matrix = decompose(found.matrix)
    known = spectrum(matrix.values, max(equations, selection.size), tried.noise, epsilon)
    warnings += _cautions(products.why_single, epsilon, tried.is_wrong)
    return MeasuredRank(
        known.rank,
        equations,
        selection.size,
        known,
        selection.by_name(_is_zero(found.column_lengths, known, tried.idle)),
        *(_needed(selection, matrix, known) if sizes.is_whole else (None, None)),
        _unreached(found, known, evaluation.shape, _ROW * tried.noise / equations**0.5),
        None if sizes.is_whole else (sizes.rows, sizes.columns),
        epsilon,
        seed,
        time.perf_counter() - start,
        tuple(warnings),
    )


def _if_apart(
    blocks: Iterator[Floats], sizes: Plan, fold: Fold, done: Callable[[int], None], tried: Trial
) -> Compressed | None:
    """The matrix from blocks of samples; None where these turn out to depend on each other."""
    try:
        found = compress(blocks, sizes, fold, done)
    except SamplesMix:
        return None
    return found if agree(found.matrix, fold, tried) else None


def _cautions(why_single: str, epsilon: float, is_wrong: bool) -> list[str]:
    found = []
    if why_single:
        found.append(f"backward passes are done one by one: {why_single}")
    if epsilon > EPSILON:
        what = f"forward casts to numbers of precision {epsilon:.0e} on its way"
        found.append(f"{what}, which the tolerance follows")
    if is_wrong:
        found.append(
            "the gradient is not the derivative of the outputs (detach, no_grad, a function with a "
            "backward of its own?): the rank is that of what the gradient says"
        )
    return found


def _teller(tell: Teller, total: int) -> Callable[[int], None]:
    return lambda done: tell(Progress("rows of the Jacobian", done, total))


def _needed(
    selection: Selection, matrix: Decomposition, known: Spectrum
) -> tuple[dict[str, Mask] | None, dict[str, Mask] | None]:
    """The redundant entries, and a basis; neither where the rank is not clear."""
    if known.rank is None:
        return None, None
    row_space = matrix.row_space(known.rank)
    spare = redundant(row_space, known.floor)
    return selection.by_name(spare), selection.by_name(independent(row_space))


def _is_zero(lengths: Floats, known: Spectrum, rounding: Floats | float) -> NDArray[np.bool_]:
    """Which rows or columns are nothing but rounding; one that is merely small is not."""
    if not known.above:
        return np.ones(len(lengths), dtype=bool)
    return lengths <= np.maximum(EPSILON * known.largest, rounding)


def _unreached(
    found: Compressed, known: Spectrum, shape: tuple[int, ...], rounding: float
) -> tuple[tuple[int, ...], ...] | None:
    """The indices of outputs whose rows are 0."""
    if found.row_lengths is None:
        return None
    places = np.flatnonzero(_is_zero(found.row_lengths, known, rounding))
    indices = zip(*np.unravel_index(places, shape), strict=True) if shape else [() for _ in places]
    return tuple(tuple(int(i) for i in index) for index in indices)
