"""Lower bounds of ranks: a minor of the true Jacobian that is not 0 at one real point (T11).

The generic rank of an analytic map is at least its rank at any point. The Jacobian is enclosed
there (`enclosures`), and a minor M is regular if some matrix R brings I - R M below 1 in a norm
(Rump), all roundings counted. No independence of values is needed (T11b): activations of several
families may be mixed, and inputs may be given. A minor that is not found says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from ..problem.networks.unrolled import CONSTANT
from .enclosures import Balls, Enclosure, Floats
from .given_points import GivenPoints
from .given_weights import GivenWeights
from .jacobian import entries
from .point import words
from .real_jacobian import Block, RealPoint, enclosed_jacobian
from .regular import Minor, minor_in_balls, regular_minor

_MOST_IN_BALLS = 60  # rows of a minor that is tried in balls where floats fail
_MOST_WORK = 4e6  # products of balls in an elimination
_BALL_BITS = (256, 1024)
_SCALES = (1.5, 0.75, 3.0)  # of the points that are tried, one after the other
_ROOM = 2**16  # numbers of a point are multiples of 1 / 2^15 before they are scaled
_MOST_TIMES = 16  # as many columns are looked at, where the first choice has no minor
_PER_SECOND = 2e9  # products of floats
_WHAT = "a minor at a real point"
_SPARE = 64  # columns that a first choice has beyond twice the size


def real_point(
    allocation: Allocation,
    samples: int,
    seed: int,
    trial: int,
    given: GivenPoints | None = None,
    weights: GivenWeights | None = None,
) -> RealPoint:
    """The point of a trial, of floats: sums have about the size 1; inputs are random or `given`.

    Frozen weights that are given stay as they are; all other weights are drawn.

    >>> from theorycheck import Feedforward
    >>> point = real_point(Allocation.none(Feedforward([2, 3, 1], activation="tanh")), 4, 0, 0)
    >>> point.weights["W1"].shape, point.inputs.shape
    ((3, 2), (2, 4))
    """
    network = allocation.network
    shape = sum(level.size for level in network.unrolled.starts if level.group != CONSTANT), samples
    inputs = _drawn(seed, trial, "inputs", shape) if given is None else given.floats
    scale, found = _SCALES[trial % len(_SCALES)], {}
    first = next(iter(network.weight_layers[0]))
    for name, shape in network.weight_shapes.items():
        present = allocation.present_mask(name)
        fan_in = max(int(present.reshape(len(present), -1).sum(axis=1).max()), 1)
        size = scale * np.sqrt(3 / fan_in) if len(shape) > 1 else scale / 2
        if name == first and given is not None:  # whose numbers may be of any size
            most = max(float(abs(inputs).max()), 1e-3)  # whose square may be no float
            size /= max(most * float(np.sqrt(np.mean((inputs / most) ** 2))), 1e-3)
        drawn = _drawn(seed, trial, name, shape) * 2.0 ** round(np.log2(size))
        if weights is not None and name in weights.values:
            values = weights.values[name]
            drawn = np.where(np.isnan(values), drawn, values)
        found[name] = np.where(present, drawn, 0.0)
    return RealPoint(found, inputs)


def _drawn(seed: int, trial: int, name: str, shape: tuple[int, ...]) -> Floats:
    """Dyadic numbers in [-1, 1)."""
    stream = words(seed, trial, f"real/{name}", int(np.prod(shape))) % np.uint64(_ROOM)
    return (stream.astype(np.float64) / (_ROOM // 2) - 1.0).reshape(shape)


def real_minor(
    allocation: Allocation,
    samples: int,
    size: int,
    *,
    which: str = "learnable",
    seed: int = 0,
    given: GivenPoints | None = None,
    weights: GivenWeights | None = None,
    preferred: Sequence[int] = (),
    memory_limit: float = 8 * 2**30,
    deadline: Deadline = NEVER,
) -> Minor | None:
    """A minor of the `which` weights, of this size, that is not 0 at a real point; None if unseen.

    It proves that the generic rank is at least `size` (analytic networks). Columns are numbered as
    by `entries`; the `preferred` ones are among those that are looked at. `weights` are those of
    `real_point`. Raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([2, 3, 3, 1], activation=["tanh", "erf"])
    >>> minor = real_minor(Allocation.layer(network, "W2"), 4, 4)
    >>> len(minor.rows), len(minor.columns)
    (4, 4)
    """
    equations = allocation.network.n_equations(samples)
    total = allocation.n_learnable if which == "learnable" else allocation.n_present
    if size == 0:
        return Minor((), ())
    if size > min(equations, total):
        return None
    for columns in _choices(total, size, seed, preferred):
        if 64.0 * equations * len(columns) > memory_limit:
            break
        products = 4.0 * equations * len(columns) * size  # of two decompositions and an inverse
        deadline.afford(products / _PER_SECOND, _WHAT)
        blocks = _blocks(allocation, which, columns)
        points = (
            real_point(allocation, samples, seed, trial, given, weights)
            for trial in range(len(_SCALES))
        )
        for point in points:
            jacobian = enclosed_jacobian(allocation.network, point, blocks, Enclosure, deadline)
            deadline.check(_WHAT)
            found = regular_minor(jacobian.mid, jacobian.rad, size)
            if found is not None:
                return Minor(found.rows, tuple(int(columns[k]) for k in found.columns))
        point = real_point(allocation, samples, seed, 0, given, weights)
        found = _in_balls(allocation, point, blocks, size, deadline)
        if found is not None:
            return Minor(found.rows, tuple(int(columns[k]) for k in found.columns))
    return None


def _choices(total: int, size: int, seed: int, preferred: Sequence[int]) -> list[NDArray[np.int64]]:
    """Sets of columns to look at: some, spread by chance, and then all unless they are many."""
    every, few = np.arange(total), 2 * size + _SPARE
    if total <= 2 * few:
        return [every]
    drawn = np.argsort(words(seed, 0, "real/columns", total), kind="stable")[:few]
    some = np.union1d(drawn, np.array(preferred, dtype=np.int64))
    return [some, every] if total <= _MOST_TIMES * few else [some]


def _blocks(allocation: Allocation, which: str, columns: NDArray[np.int64]) -> list[Block]:
    """The entries with these numbers, which rise."""
    found, start = [], 0
    for name, block in entries(allocation, which, 2**16):
        first, last = np.searchsorted(columns, [start, start + len(block)])
        if first < last:
            found.append((name, block[columns[first:last] - start]))
        start += len(block)
    return found


def _in_balls(
    allocation: Allocation, point: RealPoint, blocks: list[Block], size: int, deadline: Deadline
) -> Minor | None:
    """The same with more digits, for small sizes: floats do not tell near from 0."""
    from flint import ctx

    network, n_columns = allocation.network, sum(len(block) for _, block in blocks)
    work = network.n_equations(point.inputs.shape[1]) * n_columns * size
    if size > _MOST_IN_BALLS or work > _MOST_WORK or network.n_weights > _MOST_WORK / 100:
        return None
    for bits in _BALL_BITS:
        with ctx.workprec(bits):
            jacobian = enclosed_jacobian(network, point, blocks, Balls, deadline)
            found = minor_in_balls(jacobian.array, size, deadline)
        if found is not None:
            return found
    return None
