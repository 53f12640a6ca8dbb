"""What the steps of T4 check symbolically, and its counterexamples as facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import sympy
from sympy import Matrix

from ...problem.networks.feedforward import LinearFeedforward
from ..shared import exhaustive, rigidity
from ..shared.rigidity import Entries
from . import rules as layer_rules
from .checks import spanning


def _free(name: str, rows: int, columns: int) -> Matrix:
    return Matrix(rows, columns, sympy.symbols(f"{name}:{rows * columns}"))


def columns_are_products(
    product_of: Callable[[Matrix, Matrix, int, int], Matrix],
) -> Iterator[str | None]:
    """dY/dW_l[i, j] = (P e_i) (Q^T e_j)^T, symbolically, for Y = W_3 W_2 W_1 X and every layer."""
    for widths, samples in (((2, 1, 2, 2), 1), ((1, 2, 2, 1), 2), ((2, 2, 1, 2), 2)):
        weights = [_free(f"w{n}_", widths[n], widths[n - 1]) for n in (1, 2, 3)]
        inputs = _free("x", widths[0], samples)
        output = weights[2] * weights[1] * weights[0] * inputs
        for layer, weight in enumerate(weights):
            behind = sympy.eye(widths[3])
            for other in reversed(weights[layer + 1 :]):
                behind = behind * other
            before = inputs
            for other in weights[:layer]:
                before = other * before
            for i, j in product(*map(range, weight.shape)):
                said = product_of(behind, before, i, j)
                difference = (output.diff(weight[i, j]) - said).expand()
                right = difference == sympy.zeros(*difference.shape)
                yield None if right else f"widths {widths}, layer {layer + 1}, cell {i, j}"


def complement(orthogonal: Callable[[Matrix, Matrix], Matrix]) -> Iterator[str | None]:
    """The rows of `orthogonal` are a basis, up to relations, of the complement of row(U (x) V).

    U = [1 | U'] and V = [1 | V'] are generic up to invertible maps of R^d and R^m_e, with kernels
    K = [-U'^T | 1] and L = [-V'^T | 1]. All products vanish as polynomials, U (x) V has d m_e
    independent rows (it contains a unit matrix), and the rank of the others at a rational point,
    a lower bound, is p q - d m_e, all that is left.
    """
    for p, q in product((1, 2, 3), repeat=2):
        for d, m in product(range(1, p + 1), range(1, q + 1)):
            right, below = _free("u", d, p - d), _free("v", m, q - m)
            left = sympy.kronecker_product(sympy.eye(d).row_join(right), _joined(m, below))
            kernels = ((-right.T).row_join(sympy.eye(p - d)), (-below.T).row_join(sympy.eye(q - m)))
            dual = orthogonal(kernels[0], kernels[1])
            where = f"p = {p}, q = {q}, d = {d}, m_e = {m}"
            if dual.shape[0] == 0:
                yield None if p * q == d * m else f"{where}: nothing is orthogonal"
                continue
            vanishes = (left * dual.T).expand() == sympy.zeros(d * m, dual.shape[0])
            point = {s: 2 + n * n for n, s in enumerate(sorted(dual.free_symbols, key=str))}
            full = dual.subs(point).rank() == p * q - d * m
            yield None if vanishes and full else where


def _joined(m: int, below: Matrix) -> Matrix:
    return sympy.eye(m).row_join(below)


def both_kernels(k: Matrix, ell: Matrix) -> Matrix:
    """K_U (x) R^q + R^p (x) K_V as rows.

    >>> both_kernels(Matrix([[1, 2]]), Matrix([[3, 4]])).shape
    (4, 4)
    """
    p, q = k.shape[1], ell.shape[1]
    rows = sympy.zeros(0, p * q)
    if k.shape[0]:
        rows = rows.col_join(sympy.kronecker_product(k, sympy.eye(q)))
    if ell.shape[0]:
        rows = rows.col_join(sympy.kronecker_product(sympy.eye(p), ell))
    return rows


def one_kernel(k: Matrix, ell: Matrix) -> Matrix:
    """K_U (x) K_V only, a false variant."""
    if not k.shape[0] or not ell.shape[0]:
        return both_kernels(k, ell)
    return Matrix(sympy.kronecker_product(k, ell))


def graphic(scales: Callable[[Sequence, Sequence], list]) -> Iterator[str | None]:
    """a = b = 1: in scaled coordinates (rows, then columns) each entry's vector is an edge's."""
    for p, q in ((1, 1), (2, 3), (3, 3)):
        k, ell = sympy.symbols(f"k:{p}"), sympy.symbols(f"l:{q}")
        for i, j in product(range(p), range(q)):
            vector = Matrix.zeros(p + q, 1)
            vector[i], vector[p + j] = ell[j], k[i]  # l_j e_i + k_i e_j
            scaled = vector.multiply_elementwise(Matrix(scales(k, ell)))
            edge = Matrix.zeros(p + q, 1)
            edge[i], edge[p + j] = -1, 1
            ratio = (scaled - edge * scaled[p + j]).applyfunc(sympy.simplify)
            yield None if ratio == Matrix.zeros(p + q, 1) else f"cell {i, j}"


def trap() -> Entries:
    """Two copies of K_(3,3) less the edge (0, 0) that share row 0 and column 0, in K_(5,5).

    >>> int(trap().sum())
    16
    """
    frozen = np.zeros((5, 5), dtype=bool)
    for lines in ([0, 1, 2], [0, 3, 4]):
        frozen[np.ix_(lines, lines)] = True
    frozen[0, 0] = False
    return frozen


def count_misses_the_trap(is_exact: bool) -> Iterator[str | None]:
    """The trap satisfies the count, yet its rank is 8 < 9; `is_exact` claims it were 9."""
    masks = ~trap()[None]
    held = bool(layer_rules.count(masks, 3, 3)[0])
    network = LinearFeedforward((5, 5, 3))
    rank = int(exhaustive.ranks(network, 3, ["W1"], masks.reshape(1, 25))[0])
    yield None if held and int(masks.sum()) == 9 else "the trap violates the count"
    yield None if (rank == 9 if is_exact else rank == 8) else f"the count holds, the rank is {rank}"
    for entry in np.argwhere(trap()):  # it is a circuit: less any entry it is independent
        frozen = trap()
        frozen[tuple(entry)] = False
        yield None if rigidity.independent(frozen[None], 2, 2)[0] else f"less {entry}: dependent"


def sparse_fails(holds: bool) -> Iterator[str | None]:
    """n = (2, 3, 2), W_2 present [110; 001], rows 0, 1 of W_1, m = 2: rank 2, T4 would say 4."""
    network = LinearFeedforward((2, 3, 2))
    present = {"W2": np.array([[1, 1, 0], [0, 0, 1]], dtype=bool)}
    mask = np.array([[1, 1, 1, 1, 0, 0]], dtype=bool)
    rank = int(exhaustive.ranks(network, 2, ["W1"], mask, present)[0])
    dense = bool(spanning(mask.reshape(1, 3, 2), 2, 2)[0])
    rule = bool(layer_rules.columns(mask.reshape(1, 3, 2), 2, 2)[0])
    yield None if dense and rule else "the mask is not maximal in the dense network"
    yield None if exhaustive.target(network, 2, present) == 4 else "D is not 4"
    yield None if (rank == 4 if holds else rank == 2) else f"sparse, the rank is {rank}"
