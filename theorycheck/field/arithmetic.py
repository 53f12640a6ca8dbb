"""Exact arithmetic over GF(p) on plain float64 arrays (NumPy or CuPy), for odd primes p < 2**23.

Elements are integers held in float64.  *Balanced* representatives lie in [-(p-1)/2, (p-1)/2];
sums of up to ``MAX_INNER`` products of them stay below 2**53, so ordinary (BLAS) floating-point
matrix products are exact and only need reducing afterwards.

Why 512 products are safe: ``fold`` leaves integers with |x| <= (p-1)/2 + 2, the largest prime
below 2**23 is 2**23 - 15, so |x| <= 2**22 - 6, and
512 * (2**22 - 6)**2 + 2**22 < 2**53 - 2**33.
"""

import sys
from collections.abc import Iterable, Iterator
from math import isqrt
from types import ModuleType

import numpy as np

from ..computing.arrays import Array

MAX_INNER = 512  # products that may be summed before a reduction
_CACHED_ENTRIES = 1 << 16  # entries per piece, so that a chain of passes stays in a CPU's cache


def is_prime(n: int) -> bool:
    """Whether ``n`` is prime, by trial division (meant for n < 2**24).

    >>> is_prime(8388593), is_prime(8388595)
    (True, False)
    """
    if n < 4:
        return n >= 2
    return n % 2 != 0 and all(n % d for d in range(3, isqrt(n) + 1, 2))


def array_module(a: Array) -> ModuleType:
    """The module (``numpy`` or ``cupy``) that the array ``a`` belongs to; TypeError if neither.

    >>> array_module(np.zeros(3)).__name__
    'numpy'
    """
    name = type(a).__module__.partition(".")[0]
    if name not in ("numpy", "cupy"):
        raise TypeError(f"expected a NumPy or CuPy array, got {type(a).__name__}")
    return sys.modules[name]


def check_modulus(p: int) -> None:
    """Raise ValueError unless ``p`` is odd with 2 < p < 2**23 (primality is the caller's duty)."""
    if not 2 < p < 1 << 23 or p % 2 == 0:
        raise ValueError(f"modulus must be an odd prime below 2**23, got {p}")


def row_pieces(a: Array) -> Iterator[slice]:
    """Slices that cut the first axis of ``a`` into cache-sized pieces (one piece on a GPU).

    >>> list(row_pieces(np.zeros((3, 40_000))))
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    rows = len(a)
    step = rows if array_module(a) is not np else _CACHED_ENTRIES * rows // max(a.size, 1)
    step = max(step, 1)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def fold(a: Array, p: int) -> Array:
    """Reduce the float64 array ``a`` in place, nearly balanced, and return it.

    Entries may be sums of up to ``MAX_INNER`` products of results of ``fold``, plus one such
    result.  Afterwards |x| <= (p-1)/2 + 2, with 0 exactly where p divides the entry: the error of
    x * (1/p) is about |x|/p * 2**-52, which moves the remainder by less than 2 past p/2.

    >>> fold(np.array([7.0, 8.0, -14.0]), 7).tolist()
    [0.0, 1.0, 0.0]
    """
    if a.size > _CACHED_ENTRIES and len(a) > 1:
        for piece in row_pieces(a):
            _fold_piece(a[piece], p)
    else:
        _fold_piece(a, p)
    return a


def _fold_piece(a: Array, p: int) -> None:
    quotient = a * (1.0 / p)
    np.rint(quotient, out=quotient)  # NumPy hands a CuPy array to CuPy's function
    quotient *= p
    a -= quotient


def reduce(a: Array, p: int, out: Array | None = None) -> Array:
    """Balanced float64 representatives modulo ``p`` of an array of exact integers |x| < 2**53.

    ``a`` may have any integer, boolean or float dtype.  The result is a new array, or ``out``
    (float64, shape of ``a``; may be ``a`` itself).

    >>> reduce(np.array([3, 4, -4, 700]), 7).tolist()
    [3.0, -3.0, 3.0, 0.0]
    """
    check_modulus(p)
    if out is None:
        result = a.astype(np.float64, order="C")  # always a copy
    else:
        result = out
        result[...] = a
    rows = result if result.ndim else result.reshape(1)
    for piece in row_pieces(rows):
        # The correctly rounded x/p never reaches the next integer (|x| < 2**53), so truncation
        # gives the exact quotient, |quotient * p| <= |x|, and -p < remainder < p.  Rounding
        # straight away could overshoot 2**53 or, for large x, miss the balanced range by 1.
        quotient = rows[piece] / p
        np.trunc(quotient, out=quotient)
        quotient *= p
        rows[piece] -= quotient
        _fold_piece(rows[piece], p)
    return result


def matmul(a: Array, b: Array, p: int) -> Array:
    """Balanced product modulo ``p`` of balanced matrices, batched over leading axes like ``@``.

    ``a`` is (..., m, k), ``b`` is (..., k, n), the result (..., m, n).  ValueError if the inner
    sizes differ or an operand is not at least two-dimensional.

    >>> matmul(np.array([[3.0, 2.0]]), np.array([[3.0], [-1.0]]), 7).tolist()
    [[0.0]]
    """
    return dot([(a, b)], p)


def dot(pairs: Iterable[tuple[Array, Array]], p: int) -> Array:
    """The sum of the products of one or more pairs of balanced matrices, modulo ``p``, balanced.

    Shapes and errors are those of ``matmul``; all products have the same shape.

    >>> dot([(np.array([[3.0]]), np.array([[3.0]])), (np.array([[2.0]]), np.array([[-1.0]]))], 7)
    array([[0.]])
    """
    check_modulus(p)
    total, room = None, MAX_INNER  # how many products may be added before a reduction
    for a, b in pairs:
        if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
            raise ValueError(f"cannot multiply shapes {a.shape} and {b.shape} as matrices")
        inner = a.shape[-1]
        for start in range(0, max(inner, 1), MAX_INNER):
            size = min(inner - start, MAX_INNER)
            part = slice(start, start + size)
            product = a @ b if size == inner else a[..., part] @ b[..., part, :]
            if total is None:
                total = product
            else:
                if size > room:
                    fold(total, p)
                    room = MAX_INNER
                total += product
            room -= size
    if total is None:
        raise ValueError("a sum of no products has no shape")
    return reduce(total, p, out=total)


def inverse(a: Array, p: int) -> Array:
    """Balanced inverses modulo the prime ``p`` of the entries of a balanced array of any shape.

    ValueError if an entry is 0.  One modular power serves the whole array (Montgomery's trick).

    >>> inverse(np.array([1.0, 2.0, -2.0]), 7).tolist()
    [1.0, -3.0, 3.0]
    """
    check_modulus(p)
    if a.size == 0:
        return a.astype(np.float64)
    inverses = _inverse_by_products(a.reshape(-1), p).reshape(a.shape)
    return reduce(inverses, p, out=inverses)


def _inverse_by_products(values: Array, p: int) -> Array:
    """Nearly balanced inverses of a non-empty vector, through the inverses of pairwise products."""
    xp = array_module(values)
    if values.size == 1:
        return xp.full(1, float(scalar_inverse(int(values[0].item()), p)))
    pairs = values.size // 2
    half = values.size - pairs  # an odd size leaves values[pairs] on its own
    first, second = values[:pairs], values[half:]
    products = values[:half].copy()
    products[:pairs] *= second
    inverses = _inverse_by_products(fold(products, p), p)
    result = xp.concatenate((inverses, inverses[:pairs]))
    result[:pairs] *= second
    result[half:] *= first
    return fold(result, p)


def scalar_inverse(value: int, p: int) -> int:
    """The balanced inverse of ``value`` modulo the prime ``p``; ValueError if p divides it.

    >>> scalar_inverse(2, 7)
    -3
    """
    result = pow(value, -1, p)
    return result if result <= p // 2 else result - p
