"""Rows of a Jacobian some samples at a time, where outputs depend on no other sample.

A backward pass through all samples for every output of each takes as many times longer as there are
samples. That they do not mix is not taken on trust: outputs must be the same, and so must random
combinations of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...errors import InputError
from ...problem.interop.torch_modules import torch_module
from .evaluation import Evaluation
from .products import Floats, Products
from .rounding import Trial
from .selection import Selection
from .sketches import Fold

FEWEST = 8  # samples
_ROWS = 64  # of the samples that are run together
_AGREES = 1e-6


class SamplesMix(Exception):
    """Outputs on some of the samples are not those that all samples give."""


def by_samples(evaluation: Evaluation, selection: Selection, memory: float) -> Iterator[Floats]:
    """The rows, some samples at a time; raises `SamplesMix` where that is not all of them."""
    torch = torch_module()
    watched, samples = evaluation.watched, evaluation.samples
    if samples < FEWEST:
        raise SamplesMix
    per_sample = watched.outputs.numel() // samples
    together = max(1, _ROWS // per_sample)
    tolerance = float(watched.outputs.abs().max()) * watched.epsilon**0.5
    for start in range(0, samples, together):
        some = slice(start, min(start + together, samples))
        try:
            graph = evaluation.graph(samples=some)
        except InputError:
            raise SamplesMix from None
        whole = watched.outputs[some]
        if graph.outputs.shape != whole.shape or not torch.allclose(
            graph.outputs, whole, rtol=0.0, atol=tolerance
        ):
            raise SamplesMix
        volume = watched.volume * together // samples
        products = Products(graph, selection, volume, memory)
        yield products.times(np.eye(whole.numel()))


def agree(matrix: Floats, fold: Fold, tried: Trial) -> bool:
    """Whether the matrix of all rows gives the combinations that were computed from all samples."""
    wanted = fold(tried.rows)
    off = np.linalg.norm(tried.left @ matrix - wanted)
    return bool(off <= _AGREES * np.linalg.norm(wanted) + tried.noise * len(matrix) ** 0.5)
