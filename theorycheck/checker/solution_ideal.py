"""How many solutions polynomials have modulo a prime: the dimension of the residue class ring.

Linear algebra finds it, in the space of polynomials of degree d at most, for d = 2, 3, ...: V is
spanned by the polynomials, and by x f for every unknown x and f in V of degree below d, until that
brings nothing new. B are the monomials that lead no member of V. Where B has no monomial of degree
d, each x b with b in B is congruent to a combination of B: B spans the residue classes. They are no
fewer if the matrices of x on B, by these combinations, commute and the polynomials vanish at them:
then 1 generates a module of that dimension, which all polynomials annihilate. Both together are a
proof, whatever led to V and B.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

from ..errors import SizeError
from .budget import STEP
from .solution_polynomials import MOST_DEGREE, Polynomial, Ring, first_unknown, product

_PER_MONOMIAL = 200  # bytes, of one that is made, with its place in a polynomial
_PER_TERM = 100  # bytes, of a term with a monomial that is there
_ENTRY = 5  # operations of an entry of a matrix, to make it and to look at it

Spend: TypeAlias = Callable[[float, float], None]  # operations, and bytes to hold at once


def count_solutions(polynomials: Sequence[Polynomial], n: int, p: int, spend: Spend) -> int:
    """Solutions in n unknowns, with multiplicity, over the closure of the integers modulo p.

    `spend` is told the operations and bytes of each step, and may raise `SizeError` to end it; a
    system with infinitely many solutions ends in no other way.

    >>> ring = Ring(2)
    >>> x, y = ring.variables
    >>> count_solutions([{x + x: 1, y: 3}, {y + y: 1, x: 2, 0: 1}], 2, 1009, lambda *_: None)
    4
    >>> count_solutions([{x + y: 1, 0: 5}, {x: 1, y: 1}], 2, 1009, lambda *_: None)
    2
    """
    counter = _Counter(p, spend)
    system = _PolynomialSystem(Ring(n), [terms for terms in polynomials if terms])
    while True:
        reduced = counter.without_linear(system)
        if reduced is None:
            return 0
        if reduced.ring.n == 0:
            return 1
        found = counter.closed(reduced)
        if isinstance(found, int):
            return found
        system = found


@dataclass(frozen=True)
class _PolynomialSystem:
    ring: Ring
    polynomials: list[Polynomial]


class _Counter:
    """The arithmetic modulo p, and who is told what it takes."""

    def __init__(self, p: int, spend: Spend) -> None:
        self._p, self._spend = p, spend

    def without_linear(self, system: _PolynomialSystem) -> _PolynomialSystem | None:
        """Equations of degree 1 solved for an unknown each, and put in; None if 1 = 0."""
        while True:
            ring, basis = system.ring, self._echelon(system.polynomials)
            if 0 in basis:
                return None
            solved = {m: terms for m, terms in basis.items() if m and ring.degree(m) == 1}
            others = [terms for m, terms in basis.items() if m not in solved]
            if not solved:
                return _PolynomialSystem(ring, others)
            system = self._substituted(_PolynomialSystem(ring, others), solved)

    def _substituted(
        self, system: _PolynomialSystem, solved: dict[int, Polynomial]
    ) -> _PolynomialSystem:
        """The unknowns that lead `solved` replaced by what the reduced equations say of them."""
        ring = system.ring
        left = [x for x in ring.variables if x not in solved]
        new = Ring(len(left))
        images: dict[int, Polynomial] = {0: {0: 1}}
        images |= {x: {y: 1} for x, y in zip(left, new.variables, strict=True)}
        renamed = {x: y for x, y in zip(left, new.variables, strict=True)} | {0: 0}
        for x, terms in solved.items():
            images[x] = {renamed[m]: self._p - value for m, value in terms.items() if m != x}

        def image(monomial: int) -> Polynomial:
            for m, i in _missing(monomial, ring, images):
                x = ring.variables[i]
                before = images[m - x]
                self._spend(STEP * (len(before) * len(images[x]) + 1), 0)
                images[m] = product(before, images[x], self._p)
            return images[monomial]

        found = []
        for terms in system.polynomials:
            total: Polynomial = {}
            for monomial, factor in terms.items():
                put = image(monomial)
                self._spend(STEP * len(put), 0)
                for m, value in put.items():
                    total[m] = (total.get(m, 0) + factor * value) % self._p
            found.append({m: value for m, value in total.items() if value})
        return _PolynomialSystem(new, [terms for terms in found if terms])

    def closed(self, system: _PolynomialSystem) -> int | _PolynomialSystem:
        """The count; or a system with an equation of degree 1 among its consequences."""
        ring, basis = system.ring, {max(terms): terms for terms in system.polynomials}
        most = max(map(ring.degree, basis), default=0)
        degree = max(2, min(map(ring.degree, basis), default=0))
        done: set[int] = set()
        while degree < MOST_DEGREE:
            new = [m for m in basis if ring.degree(m) < degree and m not in done]
            if new:
                done.update(new)
                n_terms = ring.n * sum(len(basis[m]) for m in new)
                self._spend(STEP * n_terms, (_PER_MONOMIAL + 2 * ring.n) * n_terms)
                rows = (basis[m] for m in new)
                basis = self._echelon([*basis.values(), *_multiples(rows, ring)])
                if any(ring.degree(m) <= 1 for m in basis):
                    kept = [terms for m, terms in basis.items() if ring.degree(m) <= most]
                    return _PolynomialSystem(ring, kept)
                continue
            standard = self._standard(ring, basis, degree)
            if standard is not None:
                size = len(standard)
                self._spend(ring.n * size * (size + STEP), 8 * ring.n * size**2)
                module = _ResidueModule(ring, standard, basis, self._p)
                if module.is_annihilated(system.polynomials, self._spend):
                    return len(standard)
            degree += 1
        raise SizeError(f"no count of solutions among polynomials of degree {degree}")

    def _standard(self, ring: Ring, leading: dict[int, Any], degree: int) -> list[int] | None:
        """The monomials that lead nothing, None if some have this degree."""
        level, found = [0], []
        for _ in range(degree):
            found += level
            self._spend(STEP * len(level) * ring.n, _PER_MONOMIAL * len(level) * ring.n)
            above = {m + x for m in level for x in ring.variables}
            level = [m for m in above if m not in leading]
        return None if level else found

    def _echelon(self, rows: Sequence[Polynomial]) -> dict[int, Polynomial]:
        """The reduced row echelon form of the span, by leading monomials."""
        from flint import nmod_mat

        monomials = sorted(set[int]().union(*rows), reverse=True)
        n_rows, width = len(rows), len(monomials)
        if not monomials:
            return {}
        entries = n_rows * width
        operations = entries * (_ENTRY + min(n_rows, width))
        self._spend(operations + 5 * STEP * sum(map(len, rows)), 3 * 8 * entries)
        place = {monomial: column for column, monomial in enumerate(monomials)}
        matrix = nmod_mat(n_rows, width, self._p)
        for i, terms in enumerate(rows):
            for monomial, value in terms.items():
                matrix[i, place[monomial]] = value
        reduced, rank = matrix.rref()
        pivots: list[int] = []
        for i in range(rank):
            column = pivots[-1] + 1 if pivots else 0
            while reduced[i, column] == 0:
                column += 1
            pivots.append(column)
        chosen = set(pivots)
        free = [column for column in range(width) if column not in chosen]
        n_terms = rank * (len(free) + 1)
        self._spend(STEP * n_terms, _PER_TERM * n_terms)
        found: dict[int, Polynomial] = {}
        for i, pivot in enumerate(pivots):
            terms = {monomials[pivot]: 1}
            for column in free:
                value = int(reduced[i, column])
                if value:
                    terms[monomials[column]] = value
            found[monomials[pivot]] = terms
        return found


def _multiples(rows: Iterator[Polynomial], ring: Ring) -> Iterator[Polynomial]:
    for terms in rows:
        for x in ring.variables:
            yield {monomial + x: value for monomial, value in terms.items()}


class _ResidueModule:
    """What the unknowns do to the monomials `standard`, modulo the polynomials `basis`."""

    def __init__(
        self, ring: Ring, standard: list[int], basis: dict[int, Polynomial], p: int
    ) -> None:
        from flint import nmod_mat

        self._ring, self._p, size = ring, p, len(standard)
        place = {monomial: number for number, monomial in enumerate(standard)}
        self._matrices = []
        for x in ring.variables:
            matrix = nmod_mat(size, size, p)
            for number, monomial in enumerate(standard):
                if monomial + x in place:
                    matrix[place[monomial + x], number] = 1
                    continue
                for m, value in basis[monomial + x].items():
                    if m != monomial + x:
                        matrix[place[m], number] = p - value
            self._matrices.append(matrix)
        unit = nmod_mat(size, 1, p)
        unit[place[0], 0] = 1
        self._vectors = {0: unit}

    def is_annihilated(self, polynomials: Sequence[Polynomial], spend: Spend) -> bool:
        """Whether the matrices commute and the polynomials vanish at them, applied to 1."""
        size = self._vectors[0].nrows()
        for one, other in combinations(self._matrices, 2):
            spend(2 * size**3 + STEP, 0)
            if one * other != other * one:
                return False
        zero = self._vectors[0] - self._vectors[0]
        for terms in polynomials:
            total = zero
            for monomial, value in terms.items():
                spend(2 * size**2 + 4 * STEP, 0)
                total += self._vector(monomial, spend) * value
            if total != zero:
                return False
        return True

    def _vector(self, monomial: int, spend: Spend) -> Any:
        for m, i in _missing(monomial, self._ring, self._vectors):
            size = self._vectors[0].nrows()
            spend(2 * size**2 + 4 * STEP, 8 * size * len(self._vectors))
            self._vectors[m] = self._matrices[i] * self._vectors[m - self._ring.variables[i]]
        return self._vectors[monomial]


def _missing(monomial: int, ring: Ring, known: dict[int, Any]) -> list[tuple[int, int]]:
    """The monomials on the way to this one that are not known, each with its first unknown."""
    found: list[tuple[int, int]] = []
    while monomial not in known:
        i = first_unknown(monomial)
        found.append((monomial, i))
        monomial -= ring.variables[i]
    return found[::-1]
