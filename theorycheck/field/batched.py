"""Ranks over GF(p) of many small matrices at once, vectorised over the batch."""

import numpy as np

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..computing.pieces import by_pieces, that_fit
from .arithmetic import MAX_INNER, array_module, check_modulus, fold, inverse, reduce

_CHUNK_ENTRIES = 1 << 17  # entries handled together: cached, yet many per call into NumPy
_WHAT = "ranks of small matrices"


def batched_rank(a: Array, p: int, deadline: Deadline = NEVER) -> Array:
    """Ranks modulo the odd prime ``p`` of matrices of exact integers |x| < 2**53.

    ``a`` is (..., m, n), NumPy or CuPy, of any integer or float dtype, and is not modified; the
    result is an int64 array of shape (...).  ValueError if ``a`` has fewer than two dimensions,
    ``OutOfTimeError`` after the deadline.

    >>> batched_rank(np.array([[[1, 2], [3, 6]], [[1, 2], [3, 4]]]), 8388593).tolist()
    [1, 2]
    """
    check_modulus(p)
    if a.ndim < 2:
        raise ValueError(f"expected matrices along the last two axes, got shape {a.shape}")
    xp = array_module(a)
    shape, (m, n) = a.shape[:-2], a.shape[-2:]
    ranks = xp.zeros(shape, dtype=np.int64)
    if a.size == 0:
        return ranks
    # Batch axis last, so that every step runs along it; as few columns as possible.
    order = (1, 2, 0) if n <= m else (2, 1, 0)
    matrices = a.reshape(-1, m, n).transpose(order)
    flat = ranks.reshape(-1)
    size = _CHUNK_ENTRIES // (m * n) if xp is np else that_fit(flat.size, m * n, xp)

    def work(part: slice) -> Array:
        deadline.check(_WHAT)
        chunk = xp.array(matrices[..., part], dtype=np.float64, order="C")
        return _chunk_rank(reduce(chunk, p, out=chunk), p, deadline)

    for part, found in by_pieces(work, flat.size, size):
        flat[part] = found
    return ranks


def _chunk_rank(a: Array, p: int, deadline: Deadline) -> Array:
    """Ranks of the matrices a[:, :, i], which are overwritten.

    No rows are exchanged: a pivot row cancels itself, its own factor being 1.  Only the column and
    the pivot row in use are reduced; other entries grow by one product of reduced factors a step.
    """
    xp = array_module(a)
    m, n, size = a.shape
    items = xp.arange(size)
    ranks = xp.zeros(size, dtype=np.int64)
    scratch = xp.empty((m, n, size))
    for j in range(n):
        deadline.check(_WHAT)
        if j and j % (MAX_INNER - 1) == 0:
            fold(a[:, j:], p)
        column = fold(a[:, j], p)
        found = column != 0
        row = found.argmax(axis=0)
        is_pivot = found[row, items]
        ranks += is_pivot
        if j == n - 1:
            break
        pivot = column[row, items]
        pivot[~is_pivot] = 1  # there the column is 0, and so are its factors
        factors = fold(column * inverse(pivot, p), p)
        pivot_row = fold(a[row, j + 1 :, items].T.copy(), p)
        update = xp.multiply(factors[:, None], pivot_row, out=scratch[:, j + 1 :])
        a[:, j + 1 :] -= update
    return ranks
