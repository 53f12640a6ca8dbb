"""What the steps of T15 check: degrees, gradings, and solutions that points at infinity promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

_HIDDEN, _SAMPLES = 2, 2
_DRAWS, _STARTS, _ITERATIONS = 6, 150, 60
_SMALL, _FAR = 1e-9, 1e-6


def leading_forms(degree: Callable[[int, int], int]) -> Iterator[str | None]:
    """The degree in s of the output on a sample that is 0 before step g, and what leads."""
    s = sympy.Symbol("s")
    for hidden, steps in product((1, 2), (2, 3, 4)):
        names = sympy.symbols(f"w:{hidden * hidden} f:{hidden * hidden} b:{hidden} d:{hidden}")
        w, f = names[: hidden**2], names[hidden**2 : 2 * hidden**2]
        b, d = sympy.Matrix(names[-2 * hidden : -hidden]), sympy.Matrix([names[-hidden:]])
        for mask in product((0, 1), repeat=hidden * hidden):
            rows = sympy.Matrix(hidden, hidden, [a * x for a, x in zip(mask, w, strict=True)])
            rest = sympy.Matrix(hidden, hidden, [(1 - a) * x for a, x in zip(mask, f, strict=True)])
            for group in range(1, steps + 1):
                state = sympy.zeros(hidden, 1)
                for step in range(1, steps + 1):
                    x = 0 if step < group else 1 if step == group else sympy.Symbol(f"x{step}")
                    state = (s * rows + rest) * state + b * x
                form = sympy.expand((d * rows ** (steps - group) * b)[0])
                found = sympy.Poly(sympy.expand((d * state)[0]), s)
                leads = found.coeff_monomial(s ** degree(steps, group))
                same = sympy.expand(leads - form) == 0 and found.degree() <= degree(steps, group)
                yield None if same else f"N = {hidden}, T = {steps}, g = {group}, mask {mask}"


def graded_powers(claim: tuple[int, int]) -> Iterator[str | None]:
    """W^(p - less) = 0 and no walk enters the last `last` grades twice, in graded matrices."""
    less, last = claim
    for hidden in range(1, 5):
        for n_grades in range(2, 5):
            for grades in product(range(n_grades), repeat=hidden):
                grade = np.array(grades)
                downhill = (grade[:, None] > grade[None, :]).astype(int)
                vanishes = not np.linalg.matrix_power(downhill, n_grades - less).any()
                into = downhill * (grade >= n_grades - last)[:, None]
                powers = [np.linalg.matrix_power(downhill, k) for k in range(n_grades)]
                twice = any((into @ power @ into).any() for power in powers)
                words = f"grades {grades} of {n_grades}"
                yield None if vanishes and not twice else words


@dataclass(frozen=True)
class Assumed:
    """Which assumptions of T15 a rule for supports of 1-2-1 makes."""

    onto: bool = True
    vanishing: bool = True
    degree: bool = True

    def accepts(self, mask: Flags, support: Flags, steps: int) -> bool:
        """Whether random values on the support are such a point, all weights of the mask growing.

        The samples are 0 but in the first and in the second step, so the degrees are T - 1, T - 2.
        """
        rng = np.random.default_rng(0)
        w = np.where(support, rng.normal(size=mask.shape), 0.0)
        d, b = rng.normal(size=(1, _HIDDEN)), rng.normal(size=(_HIDDEN, 1))
        degrees = [steps - 1, steps - 2]
        if self.degree and min(degrees) < 1:
            return False
        degrees = [q for q in degrees if q > 0]
        powers = [np.linalg.matrix_power(w, k) for k in range(steps)]
        walks = [np.linalg.matrix_power(support.astype(int), q).any() for q in degrees]
        if self.vanishing and any(walks):
            return False
        columns = []
        for i, j in np.argwhere(mask).tolist():
            terms = ([(d @ powers[k])[0, i] * (powers[q - 1 - k] @ b)[j, 0] for k in range(q)]
                     for q in degrees)  # fmt: skip
            columns.append([sum(part) for part in terms])
        rank = np.linalg.matrix_rank(np.array(columns).T) if columns else 0
        return bool(rank == len(degrees)) if self.onto else bool(mask.any())


def solutions_follow(assumed: Assumed) -> Iterator[str | None]:
    """Where some support is accepted, every draw has a solution, as Newton's method finds."""
    bits = [np.array(x, dtype=bool).reshape(_HIDDEN, _HIDDEN) for x in product((0, 1), repeat=4)]
    for steps in (2, 3, 4):
        for mask in bits:
            supports = (part for part in bits if not (part & ~mask).any())
            if not any(assumed.accepts(mask, support, steps) for support in supports):
                continue
            for seed in range(_DRAWS):
                problem = Problem(mask, steps, 1, seed)
                words = f"T = {steps}, mask {mask.astype(int).tolist()}, draw {seed}"
                yield None if problem.solution(1) is not None else words


def fitted_afterwards(lacking: int) -> Iterator[str | None]:
    """The second output of two has m_e - lacking learnable readout weights, the first none."""
    for bits in product((False, True), repeat=4):
        mask = np.array(bits).reshape(_HIDDEN, _HIDDEN)
        for seed in range(2):
            problem = Problem(mask, 4, 2, seed)
            solved = problem.solution(1) if mask.sum() > _SAMPLES else None
            if solved is None:
                continue
            read = problem.states(solved)[: _HIDDEN - lacking]
            wanted = problem.targets[1] - problem.readout[1, _HIDDEN - lacking :] @ problem.states(
                solved)[_HIDDEN - lacking :]  # fmt: skip
            fit = np.linalg.lstsq(read.T, wanted, rcond=None)[0]
            error = np.abs(fit @ read - wanted).max() / np.abs(wanted).max()
            yield None if error < _FAR else f"mask {mask.astype(int).tolist()}, draw {seed}"


class Problem:
    """A draw of a network of two neurons and one input, its recurrent mask learnable."""

    def __init__(self, mask: Flags, steps: int, outputs: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.mask, self.steps = mask, steps
        self.inputs = self.rng.normal(size=(steps, 1, _SAMPLES))
        self._shapes = (_HIDDEN, 1), (_HIDDEN, _HIDDEN), (outputs, _HIDDEN)
        self.into, recurrent, self.readout = map(self.rng.normal, [0] * 3, [1] * 3, self._shapes)
        teacher = self.readout @ self.states(recurrent)
        self.targets = teacher
        self.into, self.frozen, self.readout = map(self.rng.normal, [0] * 3, [1] * 3, self._shapes)

    def states(self, recurrent: Matrix) -> Matrix:
        """h_T."""
        state = np.zeros((_HIDDEN, _SAMPLES))
        for x in self.inputs:
            state = recurrent @ state + self.into @ x
        return state

    def _jacobian(self, recurrent: Matrix, n_outputs: int) -> Matrix:
        columns = []
        for i, j in np.argwhere(self.mask).tolist():
            state, change = np.zeros((2, _HIDDEN, _SAMPLES))
            for x in self.inputs:
                change = recurrent @ change
                change[i] += state[j]
                state = recurrent @ state + self.into @ x
            columns.append((self.readout[:n_outputs] @ change).ravel())
        return np.array(columns).T

    def solution(self, n_outputs: int) -> Matrix | None:
        """Recurrent weights that meet the first outputs, from many starts; None: not found."""
        for _ in range(_STARTS):
            scale = 10.0 ** self.rng.uniform(-1, 2)
            weights = np.where(self.mask, scale * self.rng.normal(size=(2, 2)), self.frozen)
            for _ in range(_ITERATIONS):
                far = self.readout[:n_outputs] @ self.states(weights) - self.targets[:n_outputs]
                if not np.isfinite(far).all() or np.abs(far).max() > 1e100:
                    break
                if np.abs(far).max() < _SMALL * np.abs(self.targets).max():
                    return weights
                jacobian = self._jacobian(weights, n_outputs)
                step = np.linalg.lstsq(jacobian, far.ravel(), rcond=1e-14)[0]
                weights[self.mask] -= step
        return None
