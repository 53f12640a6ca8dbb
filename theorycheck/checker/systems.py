"""Linear systems modulo a prime in plain integers, for the checks of levels (T14)."""

from __future__ import annotations

from . import plain
from .budget import STEP, Budget


def solve(
    rows: plain.Matrix, right: plain.Row, start: plain.Row, p: int, budget: Budget
) -> tuple[plain.Row | None, int]:
    """A solution of rows x = right in which free unknowns are as in `start`, and the rank.

    The solution is None if there is none.

    >>> solve([[2, 1]], [3], [0, 1], 7, Budget.of(1000))
    ([1, 1], 1)
    """
    width, what = len(start), "a linear system"
    budget.foresee(plain.rank_operations(len(rows), width + 1), what)
    pivots: list[tuple[int, int]] = []
    reduced: list[tuple[int, plain.Row]] = []
    for row, wanted in zip(rows, right, strict=True):
        budget.charge(plain.row_operations(len(pivots), width + 1) + STEP * width, what)
        rest = (wanted - sum(a * x for a, x in zip(row, start, strict=True))) % p
        own = plain.reduce_row([*row, rest], pivots, p)
        column = next((j for j, value in enumerate(own) if value), None)
        if column is None:
            continue
        if column == width:
            return None, len(pivots)
        inverse = pow(own[column], -1, p)
        own = [value * inverse % p for value in own]
        pivots.append((column, plain.pack(own)))
        reduced.append((column, own))
    change = [0] * width
    budget.charge(STEP * len(reduced) ** 2, what)
    for place in range(len(reduced) - 1, -1, -1):
        column, own = reduced[place]
        later = sum(own[other] * change[other] for other, _ in reduced[place + 1 :])
        change[column] = (own[width] - later) % p
    return [(x + y) % p for x, y in zip(start, change, strict=True)], len(pivots)


def rank(rows: plain.Matrix, p: int, budget: Budget) -> int:
    """The rank of a matrix.

    >>> rank([[1, 2], [2, 4]], 7, Budget.of(1000))
    1
    """
    return plain.eliminate(rows, p, budget)[0]


def times_inverse(
    left: plain.Matrix, square: plain.Matrix, p: int, budget: Budget
) -> plain.Matrix | None:
    """left square^-1; None if there is no inverse.

    >>> times_inverse([[1, 2]], [[2, 0], [0, 4]], 7, Budget.of(10000))
    [[4, 4]]
    """
    n, what = len(square), "an inverse"
    budget.foresee(2 * plain.rank_operations(n, n + len(left)), what)
    pivots: list[tuple[int, int]] = []
    reduced: list[tuple[int, plain.Row]] = []
    for i in range(n):
        budget.charge(plain.row_operations(len(pivots), n + len(left)), what)
        row = [line[i] for line in square] + [line[i] for line in left]
        own = plain.reduce_row(row, pivots, p)
        column = next((j for j in range(n) if own[j]), None)
        if column is None:
            return None
        inverse = pow(own[column], -1, p)
        own = [value * inverse % p for value in own]
        pivots.append((column, plain.pack(own)))
        reduced.append((column, own))
    solved: list[tuple[int, int]] = []
    result = [[0] * n for _ in left]
    for column, own in reversed(reduced):
        budget.charge(plain.row_operations(len(solved), n + len(left)), what)
        row = plain.reduce_row(own, solved, p)
        solved.append((column, plain.pack(row)))
        for line, value in zip(result, row[n:], strict=True):
            line[column] = value
    return result
