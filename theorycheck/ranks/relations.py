"""Short integer relations between given points, and forms that exclude them.

A sum n_1 x_1 + ... + n_k x_k = 0 of rational points is *short* if |n_c| <= D_c for all c. A form is
an integer vector a with a modulus M: where a . x_c = q_c M + v_c and the sum of all D_c |v_c| is
below M, a short relation satisfies n_1 q_1 + ... + n_k q_k = 0 as well. With enough forms that
leaves n = 0 alone. They are found from a reduced basis of all relations: the dual basis has short
vectors where the basis has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import reduce
from ..field.elimination import Elimination
from .point import draw_prime

if TYPE_CHECKING:
    from flint import fmpz_mat

MOST_POINTS = 120  # a reduction takes a few seconds
MOST_BITS = 256  # of a coordinate
_WEIGHT = 1 << 10  # of a point with the largest bound
_WHAT = "relations between the inputs"


@dataclass(frozen=True)
class Forms:
    """Integer vectors `rows`, one entry for each coordinate of a point, and their modulus."""

    modulus: int
    rows: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """As a certificate has them."""
        return {"modulus": self.modulus, "rows": [list(row) for row in self.rows]}


def rounded(
    row: Sequence[int], modulus: int, points: Sequence[Sequence[int]], bounds: Sequence[int]
) -> list[int] | None:
    """The numbers q_c of a form; None if what is left is too large to say anything.

    >>> rounded([1], 10, [[21], [-10]], [1, 1])
    [2, -1]
    >>> rounded([1], 10, [[21], [-10]], [10, 1])
    """
    found, left = [], 0
    for point, bound in zip(points, bounds, strict=True):
        value = sum(a * x for a, x in zip(row, point, strict=True))
        quotient = (2 * value + modulus) // (2 * modulus)
        found.append(quotient)
        left += bound * abs(value - quotient * modulus)
    return found if left < modulus else None


def exclude(
    points: Sequence[Sequence[int]], bounds: Sequence[int], forms: Forms | None = None
) -> bool:
    """Whether it is proved that no short relation but 0 holds, perhaps with `forms`.

    >>> exclude([[1, 0], [0, 1]], [5, 5]), exclude([[1], [100]], [5, 5])
    (True, False)
    >>> exclude([[1], [100]], [5, 5], Forms(100, ((1,),)))
    True
    """
    rows = [list(row) for row in zip(*points, strict=True)]
    for row in forms.rows if forms is not None else ():
        found = rounded(row, forms.modulus if forms is not None else 1, points, bounds)
        if found is None:
            return False
        rows.append(found)
    return _rank(rows, 0) == len(points) or _rank(rows, 1) == len(points)


def _rank(rows: list[list[int]], trial: int) -> int:
    prime = draw_prime(0, trial)
    elimination = Elimination(len(rows[0]), prime)
    residues = np.array([[x % prime for x in row] for row in rows], dtype=np.float64)
    elimination.extend(reduce(residues, prime).T)
    return elimination.rank


def find_forms(
    points: Sequence[Sequence[int]], bounds: Sequence[int], deadline: Deadline = NEVER
) -> Forms | None:
    """Forms that exclude short relations between points, none of them 0; None if none are found.

    Raises `OutOfTimeError` after the deadline.

    >>> find_forms([[1], [100]], [5, 5]) is not None, find_forms([[1], [2]], [5, 5])
    (True, None)
    """
    bits = max(abs(x) for point in points for x in point).bit_length()
    if len(points) > MOST_POINTS or bits > MOST_BITS:
        return None
    from flint import fmpz_mat  # here, since most points have no relations

    deadline.check(_WHAT)
    matrix = fmpz_mat([list(point) for point in points])
    rank = matrix.rank()
    reduced, n_relations = _reduced(matrix, bounds, len(points) - rank)
    deadline.check(_WHAT)
    modulus = 1 << (bits + (len(points) * len(points[0]) * max(bounds)).bit_length() + 8)
    duals = reduced.transpose().inv()  # rational in type, integers
    rows = [[duals[i, j] for j in range(len(points))] for i in range(n_relations)]
    forms = Forms(modulus, tuple(_nearest(rows, matrix, modulus)))
    deadline.check(_WHAT)
    return forms if exclude(points, bounds, forms) else None


def _reduced(matrix: fmpz_mat, bounds: Sequence[int], n_relations: int) -> tuple[fmpz_mat, int]:
    """A unimodular matrix whose first rows are a reduced basis of all relations, and their number.

    Reduced in lengths in which a point with a large bound counts little.
    """
    from flint import fmpz_mat

    size, width, least = matrix.nrows(), matrix.ncols(), min(bounds)
    weights = [max(1, _WEIGHT * least // bound) for bound in bounds]
    bits = size + max(abs(int(x)) for x in matrix.entries()).bit_length()
    while True:
        rows = [
            [weights[i] * (i == j) for j in range(size)]
            + [int(matrix[i, j]) << bits for j in range(width)]
            for i in range(size)
        ]
        found = fmpz_mat(rows).lll()
        head = [[int(found[i, j]) for j in range(size)] for i in range(size)]
        is_relation = [not any(int(found[i, size + j]) for j in range(width)) for i in range(size)]
        if is_relation.count(True) == n_relations and all(is_relation[:n_relations]):
            return fmpz_mat(
                [[x // weight for x, weight in zip(row, weights, strict=True)] for row in head]
            ), n_relations
        bits *= 2


def _nearest(rows: list[list[Any]], matrix: fmpz_mat, modulus: int) -> list[tuple[int, ...]]:
    """The forms whose values at the points, divided by the modulus, are nearest to each row."""
    from flint import fmpq_mat, fmpz_mat

    used = _independent_columns(matrix)
    part = fmpz_mat([[int(matrix[i, j]) for j in used] for i in range(matrix.nrows())])
    transposed = part.transpose()
    right = transposed * fmpz_mat([[int(x.p) for x in row] for row in rows]).transpose()
    solved = fmpq_mat(transposed * part).solve(fmpq_mat(right))
    forms = [
        [int(solved[i, k].p) * modulus // int(solved[i, k].q) % modulus for i in range(len(used))]
        for k in range(len(rows))
    ]
    left = []
    for form in forms:
        values = [sum(a * int(part[c, i]) for i, a in enumerate(form)) for c in range(part.nrows())]
        left.append([v - (2 * v + modulus) // (2 * modulus) * modulus for v in values])
    _, change = fmpz_mat(left).lll(transform=True)  # pyright: ignore[reportCallIssue]
    better = change * fmpz_mat(forms)
    found = []
    for k in range(len(rows)):
        row = [0] * matrix.ncols()
        for place, column in enumerate(used):
            row[column] = int(better[k, place]) % modulus
        found.append(tuple(row))
    return found


def _independent_columns(matrix: fmpz_mat) -> list[int]:
    """The first columns that are a basis of all."""
    reduced, _, rank = matrix.rref()
    found = []
    for i in range(rank):
        found.append(next(j for j in range(matrix.ncols()) if reduced[i, j] != 0))
    return found
