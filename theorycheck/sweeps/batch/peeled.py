"""T9 and the counts of T6 for many masks of one linear feed-forward network at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mask_space import Masks, MaskSpace
from .conflicts import Booleans, by_weight


@dataclass(frozen=True)
class Left:
    """What peeling (T9) leaves of each allocation; everything where it does not apply.

    `masks` are the learnables left; `outputs` (outputs, allocations) and `inputs` tell which lines
    are left, `samples` (allocations,) how many samples.
    """

    masks: Masks
    outputs: Booleans
    inputs: Booleans
    samples: NDArray[np.int64]

    @property
    def is_peeled(self) -> Booleans:
        """Whether some line has been deleted."""
        is_whole = np.logical_and.reduce(self.outputs) & np.logical_and.reduce(self.inputs)
        return ~is_whole

    @property
    def is_nothing(self) -> Booleans:
        """Whether no output or no sample is left: then every teacher is matched (T9)."""
        return (np.count_nonzero(self.outputs, axis=0) == 0) | (self.samples == 0)


def peel_all(space: MaskSpace, samples: int, masks: Masks) -> Left:
    """`peeling.peel` for many masks; dense networks of two or more layers without biases only.

    Networks have layer behind layer (`is_layered`).

    The order of the deletions does not matter: with two layers or more no deletion takes a
    learnable from another line, and each makes the conditions on the others weaker. Before a
    bottleneck, where not all lines that could be deleted are, rows come first, then columns.

    >>> from theorycheck import LinearFeedforward
    >>> space = MaskSpace(LinearFeedforward([2, 2, 2]), ("W2",))
    >>> peel_all(space, 2, np.array([[1, 1, 1, 1], [1, 1, 1, 0]], dtype=bool)).is_nothing.tolist()
    [True, False]
    """
    network = space.network
    n_samples = network.effective_samples(samples)
    outputs = np.ones((network.outputs, len(masks)), dtype=bool)
    inputs = np.ones((network.inputs, len(masks)), dtype=bool)
    left = np.full(len(masks), n_samples)
    if len(network.weight_layers) == 1 or network.bias or not space.empty.is_dense:
        return Left(masks, outputs, inputs, left)
    first, last = network.weight_layers[0][0], network.weight_layers[-1][0]
    weights, narrowest = by_weight(space, masks), min(network.widths[1:-1])
    none = np.zeros((1, 1, len(masks)), dtype=bool)
    rows = np.count_nonzero(weights.get(last, none), axis=1)
    columns = np.count_nonzero(weights.get(first, none), axis=0)
    if narrowest < n_samples:
        outputs &= ~_shortest(rows, narrowest, len(outputs) - narrowest)
    gone = _shortest(columns, narrowest, n_samples - narrowest)
    inputs &= ~(gone & (np.count_nonzero(outputs, axis=0) > narrowest))
    left -= np.count_nonzero(~inputs, axis=0)
    while True:
        gone_rows = outputs & (rows >= left) & (left <= narrowest) & (left > 0)
        outputs &= ~gone_rows
        n_outputs = np.count_nonzero(outputs, axis=0)
        can = (n_outputs <= narrowest) & (n_outputs > 0)
        gone_columns = inputs & (columns >= n_outputs) & can
        inputs &= ~gone_columns
        # No more samples can go than there are, though more inputs may be ready to.
        left = np.maximum(left - np.count_nonzero(gone_columns, axis=0), 0)
        if not (gone_rows.any() or gone_columns.any()):
            break
    kept = np.ones_like(masks)
    for name, entries, start in space.numbered():
        rows_of, columns_of = np.divmod(entries, network.weight_shapes[name][-1])
        if name == last:
            kept[:, start : start + len(entries)] = outputs[rows_of].T
        if name == first:
            kept[:, start : start + len(entries)] = inputs[columns_of].T
    return Left(masks & kept, outputs, inputs, left)


def _shortest(counts: NDArray[np.int64], least: int, most: int) -> Booleans:
    """At most so many lines with at least so many learnables, those of the fewest: (lines, masks).

    `counts` are the learnables of the lines, perhaps one row of zeros for all of them.
    """
    enough = counts >= least
    order = np.argsort(np.where(enough, counts, np.iinfo(np.int64).max), axis=0, kind="stable")
    places = np.argsort(order, axis=0, kind="stable")
    return enough & (places < most)


def has_bezout_one(space: MaskSpace, samples: int, left: Left) -> Booleans:
    """Whether a group Bezout number of T6 is 1, so that all equations have at most one solution.

    The equations must be all of what is left. prod_i C(e_i, r_i) (sum_l r_l)! / prod_l r_l! is 1 if
    and only if each line i of the edge layer has all of its e_i learnables or none, and at most one
    other layer has learnables.

    >>> from theorycheck import LinearFeedforward
    >>> space = MaskSpace(LinearFeedforward([1, 1, 2]), ("W1", "W2"))
    >>> masks = np.array([[True, True, False], [False, True, True]])
    >>> has_bezout_one(space, 1, peel_all(space, 1, masks)).tolist()
    [True, True]
    """
    network = space.network
    weights = by_weight(space, left.masks)
    count = len(left.masks)
    layers = np.zeros((len(network.weight_layers), count), dtype=np.int64)
    rows = np.zeros((network.outputs, count), dtype=np.int64)
    for layer, names in enumerate(network.weight_layers):
        for mask in (weights[name] for name in names if name in weights):
            flat = mask if mask.ndim == 2 else np.count_nonzero(mask, axis=1)
            layers[layer] += flat.sum(axis=0)
            if names == network.weight_layers[-1]:
                rows += flat
    n_outputs = np.count_nonzero(left.outputs, axis=0)
    is_one = ((rows == 0) | (rows == left.samples)).all(axis=0)
    is_one &= np.count_nonzero(layers[:-1], axis=0) <= 1
    first = network.weight_layers[0][0]
    if not network.bias and samples >= network.input_dimension and first in weights:
        columns = np.count_nonzero(weights[first], axis=0)
        by_columns = ((columns == 0) | (columns == n_outputs)).all(axis=0)
        is_one |= by_columns & (np.count_nonzero(layers[1:], axis=0) <= 1)
    return is_one
