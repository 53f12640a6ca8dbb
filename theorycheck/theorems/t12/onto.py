"""T12 (d): layers whose activations take all values, behind units of m learnable inputs.

From the outputs back: a matrix of full row rank has a solution for whatever is wanted, and an
activation that is onto the reals a pre-activation for whatever its unit has to be. So it goes to a
layer in which enough units have learnable inputs of rank m on the samples, which reach every
pre-activation. Weights of the layers behind are generic, learnable ones fixed: such a matrix has
full row rank if its rows can be matched to columns in which they have a present weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...problem.allocation import Allocation
from ...problem.matchings import maximum_matching
from ...problem.networks.activations import ACTIVATIONS
from ...problem.networks.unrolled import as_matrix
from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from .readout import Bools, readout_of


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if some layer has such units, and all layers behind it are onto."""
    if analysis.network.is_recurrent or not analysis.network.is_layered:
        return None
    found = matched_layers(analysis)
    if found is None:
        return None
    layer, matched = found
    reason = (
        f"units of hidden layer {layer} reach any pre-activations on the {analysis.samples} "
        "samples by their learnable inputs; from there activations that take all values, and "
        "weights of full row rank, lead to any outputs"
    )
    evidence = {"layer": layer, "matched": matched}
    return Finding("T12", Expressivity.MAXIMAL, reason, "onto_layers", evidence)


def matched_layers(analysis: Analysis) -> tuple[int, list[list[int]]] | None:
    """The layer, from 1, and for every row of each matrix behind it the column it is matched to."""
    network, matched = analysis.network, list[list[int]]()
    presents = [_mask(analysis.allocation, names[:1]) for names in network.weight_layers]
    for layer in range(len(presents) - 1, 0, -1):
        row = ACTIVATIONS[network.activations[layer - 1]]
        if not (row.is_increasing and np.isinf(row.lower) and np.isinf(row.upper)):
            return None
        able = presents[layer] & reaching(analysis, layer)
        chosen = _matching(able)
        if chosen is not None:
            return layer, [chosen, *matched]
        behind = _matching(presents[layer])
        if behind is None:
            return None
        matched.insert(0, behind)
    return None


def _mask(allocation: Allocation, names: Sequence[str]) -> Bools:
    return np.column_stack([as_matrix(allocation.present_mask(name)) for name in names])


def _matching(mask: Bools) -> list[int] | None:
    """A column for every row; None if there are not enough."""
    chosen = maximum_matching(mask)
    return None if (chosen < 0).any() else chosen.tolist()


def reaching(analysis: Analysis, layer: int) -> Bools:
    """Which units of a layer, from 1, have learnable inputs of rank m on the samples."""
    learnable = analysis.layer_mask(layer)
    enough = learnable.sum(axis=1) >= analysis.samples
    if (layer == 1 and analysis.given is None) or not enough.any():
        return enough  # columns of random inputs, and a constant, are independent
    if not analysis.network.is_analytic:
        return np.zeros_like(enough)
    ranks = analysis.once(readout_of).rank_before
    for unit in np.flatnonzero(enough).tolist():
        inputs = np.flatnonzero(learnable[unit]).tolist()
        enough[unit] = ranks(layer, inputs) == analysis.samples
    return enough
