"""The matrices that the terms of an unrolled network name, made of its weights.

Most terms name a weight, which is a matrix, or a bias, which is a column. A filter is a stack of
matrices, one for each of its offsets, and a dense layer that reads positions one of column blocks:
their terms name such `Part`s. What no weight moves (the way around a residual layer, an average
over positions) is a `Multiple` of the identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .unrolled import Unrolled, as_matrix, ends_of

if TYPE_CHECKING:  # the command line offers the kinds of networks before NumPy is loaded
    import numpy as np
    from numpy.typing import NDArray

    from .base import Network


def matrices_of(
    unrolled: Unrolled,
    weights: Mapping[str, Any],
    multiple: Callable[[Fraction, int], Any],
    matrix: Callable[[Any], Any] = as_matrix,
) -> dict[str, Any]:
    """The matrix of each name that terms have, in an algebra.

    `weights` are arrays of the shapes of the weights, any further axes last; `matrix` makes one of
    a weight that terms name as it is, `multiple(factor, size)` a multiple of the identity.

    >>> import numpy as np
    >>> from theorycheck import Feedforward
    >>> network = Feedforward([2, 2, 1], activation="tanh", skip=True)
    >>> weights = {name: np.ones(shape) for name, shape in network.weight_shapes.items()}
    >>> found = matrices_of(network.unrolled, weights, lambda c, n: float(c) * np.eye(n))
    >>> {name: found[name].tolist() for name in found}
    {'W1': [[1.0, 1.0], [1.0, 1.0]], 'W2': [[1.0, 1.0]], '1 x 2': [[1.0, 0.0], [0.0, 1.0]]}
    """
    split = {part.weight for part in unrolled.parts.values()}
    found = {name: matrix(value) for name, value in weights.items() if name not in split}
    for name, part in unrolled.parts.items():
        found[name] = weights[part.weight][part.at]
    for name, (factor, size) in unrolled.multiples.items():
        found[name] = multiple(factor, size)
    return found


class Place(NamedTuple):
    """Entries of a weight in the matrix that a term names: which they are, and where there."""

    name: str
    positions: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


def places_of(
    unrolled: Unrolled, shape: tuple[int, ...], weight: str, entries: NDArray[np.int64]
) -> Iterator[Place]:
    """Where `entries`, one row of indices each, of a weight of that shape are; each is once.

    >>> import numpy as np
    >>> from theorycheck import Feedforward
    >>> network = Feedforward([2, 2, 1], activation="tanh")
    >>> [place] = places_of(network.unrolled, (2, 2), "W1", np.array([[0, 1], [1, 1]]))
    >>> place.name, place.positions.tolist(), place.rows.tolist(), place.columns.tolist()
    ('W1', [0, 1], [0, 1], [1, 1])
    """
    import numpy as np

    parts = [(name, part) for name, part in unrolled.parts.items() if part.weight == weight]
    if not parts:
        yield Place(weight, np.arange(len(entries)), *ends_of(entries))
        return
    asked = np.full(shape, -1)
    asked[tuple(entries.T)] = np.arange(len(entries))
    for name, part in parts:
        own = asked[part.at]
        rows, columns = np.nonzero(own >= 0)
        if len(rows):
            yield Place(name, own[rows, columns], rows, columns)


class _Masked(Protocol):
    """An allocation, as far as its masks are concerned."""

    @property
    def network(self) -> Network: ...

    def masks(self, which: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Names and masks of all weights."""
        ...


def masks_of_terms(allocation: _Masked, which: str) -> dict[str, NDArray[np.bool_]]:
    """The masks, `"learnable"` or `"present"`, of the matrices that terms name.

    A multiple of the identity is present, and not learnable.
    """
    import numpy as np

    def multiple(_: Fraction, size: int) -> NDArray[np.bool_]:
        return np.eye(size, dtype=bool) & (which == "present")

    return matrices_of(allocation.network.unrolled, dict(allocation.masks(which)), multiple)
