"""The numerical rank of the Jacobian of a torch module, as it is, on given inputs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...computing.progress import Progress, Teller, nobody
from ...errors import InputError
from ...problem.interop.torch_slots import Module
from .directions import decompose, independent, redundant
from .evaluation import Evaluation, Output
from .modes import warnings_of
from .products import Products
from .result import MeasuredRank
from .rounding import trial
from .samples import SamplesMix, agree, by_samples
from .selection import Selection
from .sketches import Compressed, compress, folding, plan, rows_together
from .spectrum import EPSILON, Spectrum, spectrum


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
    start = time.perf_counter()
    warnings = warnings_of(module)
    evaluation = Evaluation(module, inputs, selection, output)
    volume, epsilon = evaluation.watched.volume, evaluation.watched.epsilon
    graph = evaluation.graph()
    products = Products(graph, selection, volume, limits.memory)
    generator = np.random.default_rng(seed)
    tried = trial(evaluation, selection, products, generator, limits.memory)
    equations = graph.outputs.numel()
    sizes = plan(equations, selection.size, limits.sketch, limits.memory)
    fold, done = folding(sizes, generator), _teller(tell, sizes.rows)
    found = None
    if not sizes.is_combined:
        with suppress(SamplesMix):
            found = compress(by_samples(evaluation, selection, limits.memory), sizes, fold, done)
    if found is None or not agree(found.matrix, fold, tried):
        found = compress(rows_together(products, sizes, generator), sizes, fold, done)
    if not np.isfinite(found.matrix).all():
        raise InputError("derivatives are not finite at these values: one is infinite or no number")
    matrix = decompose(found.matrix)
    largest_side = max(sizes.equations, sizes.parameters)
    known = spectrum(matrix.values, largest_side, tried.noise, epsilon)
    needed = known.rank if sizes.is_whole else None
    row_space = None if needed is None else matrix.row_space(needed)
    warnings += _cautions(products.why_single, epsilon, tried.is_wrong)
    return MeasuredRank(
        known.rank,
        equations,
        selection.size,
        known,
        selection.by_name(found.column_lengths <= np.maximum(known.tolerance, tried.idle)),
        None if row_space is None else selection.by_name(redundant(row_space, known.floor)),
        None if row_space is None else selection.by_name(independent(row_space)),
        _unreached(found, known, evaluation.shape),
        None if sizes.is_whole else (sizes.rows, sizes.columns),
        epsilon,
        seed,
        time.perf_counter() - start,
        tuple(warnings),
    )


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


def _unreached(
    found: Compressed, known: Spectrum, shape: tuple[int, ...]
) -> tuple[tuple[int, ...], ...] | None:
    """The indices of outputs whose rows are 0."""
    if found.row_lengths is None:
        return None
    places = np.flatnonzero(found.row_lengths <= known.tolerance)
    indices = zip(*np.unravel_index(places, shape), strict=True) if shape else [() for _ in places]
    return tuple(tuple(int(i) for i in index) for index in indices)
