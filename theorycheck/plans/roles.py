"""How far many graded plans of one recurrent network get, all of them at once, modulo a prime.

A plan is a *role* of each learnable, with one system at most; read at the end. A leading walk has
as many growing weights as any, so each part of it has: it runs over *tight* weights only, which
take the largest degree to where they lead. So leading forms and their derivatives are sums over
tight weights, without polynomials. Arrays have the plans last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..field.arithmetic import fold, inverse
from ..field.batched import batched_rank
from .algebra import Matrix, Residues
from .graded import Data, Graded, GradedPlan

DRAWN, GROWS, ZERO, SOLVED, SOLVED_GROWS = range(5)
N_ROLES = 5
_NOWHERE = -(2**12)  # the degree where there is no walk
_NONE, _ONE, _MORE = 1, 2, 4  # bits: walks through no weight that is solved for, through one, more

Roles = NDArray[np.int8]  # (learnables, plans)
Flags = NDArray[np.bool_]
Degrees = NDArray[np.int16]
Counts = NDArray[np.int64]
Bits = NDArray[np.uint8]


class _Tight(NamedTuple):
    """Tight weights of each step, (N, N + n_in, m, plans), and those read: (outputs, N, m, plans).

    And the degrees of the equations: (outputs, m, plans).
    """

    steps: list[Flags]
    readout: Flags
    degrees: Degrees


class _Places(NamedTuple):
    """Learnables of a matrix: their places among the roles, their rows and columns."""

    numbers: Counts
    rows: Counts
    columns: Counts


class Rated:
    """Rates plans of one network whose outputs `fitted` are left out.

    A step multiplies what is before, the states and the inputs shown, by [recurrent input]. `ends`
    of the learnables, to and from, are neurons, then inputs, then outputs; `matrices` are 0 for
    recurrent ones, 1 for the input and 2 for the readout.
    """

    def __init__(
        self,
        graded: Graded,
        fitted: Sequence[int],
        data: Data,
        algebra: Residues,
        rng: np.random.Generator,
    ) -> None:
        network, entries = graded.network, graded.entries
        self._fitted, self.prime = tuple(fitted), algebra.prime
        outputs = [o for o in range(network.outputs) if o not in self._fitted]
        self.numbers = [
            k for k, (name, index) in enumerate(entries)
            if name != "readout" or index[0] in outputs
        ]  # fmt: skip
        self.hidden, self.shown = network.widths[1], data.inputs
        self.size = len(outputs) * graded.samples
        self.targets = data.targets[-1, outputs][:, :, None]
        present, weights = dict(graded.allocation.masks("present")), data.weights
        self._present = (
            np.hstack([present["recurrent"], present["input"]]), present["readout"][outputs]
        )  # fmt: skip
        self.drawn = (
            np.hstack([weights["recurrent"], weights["input"]]), weights["readout"][outputs]
        )  # fmt: skip
        self.n_nodes = self.hidden + network.inputs + len(outputs)
        ends, layers = [], []
        for name, (i, j) in (entries[k] for k in self.numbers):
            to = outputs.index(i) + self.hidden + network.inputs if name == "readout" else i
            ends.append((to, j + self.hidden * (name == "input")))
            layers.append(("recurrent", "input", "readout").index(name))
        self.ends: Counts = np.array(ends, dtype=int).reshape(-1, 2).T
        self.matrices: Counts = np.array(layers, dtype=int)
        self.learnables = np.array([weights[name][index] for name, index in
                                    (entries[k] for k in self.numbers)])  # fmt: skip
        self.mixing = algebra.draw(rng, (len(self.numbers), self.size))
        to, source = self.ends
        read = self.matrices == 2
        inner, last = np.flatnonzero(~read), np.flatnonzero(read)
        first_output = self.hidden + network.inputs
        self.places = (
            _Places(inner, to[inner], source[inner]),
            _Places(last, to[last] - first_output, source[last]),
        )

    @property
    def entries_each(self) -> int:
        """Of the largest array, for each plan."""
        n_outputs, m = self.targets.shape[:2]
        return n_outputs * m * max(self._present[0].size, len(self.numbers))

    def plan(self, roles: Roles) -> GradedPlan:
        """The plan of the roles of the learnables, (learnables,)."""
        growing, zero, solved = (
            tuple(k for k, role in zip(self.numbers, roles.tolist(), strict=True) if role in these)
            for these in ((GROWS, ZERO, SOLVED_GROWS), (ZERO,), (SOLVED, SOLVED_GROWS))
        )
        return GradedPlan(self._fitted, growing, zero, (solved,) if solved else ())

    def scores(self, roles: Roles) -> Counts:
        """How many equations each plan meets, plus the rank of the Jacobian if it meets all."""
        tight = self._tight(roles)
        system, met = self._classes(roles, tight)
        lacking = system.sum(axis=(0, 1)) - np.count_nonzero(roles >= SOLVED, axis=0)
        n_met = met.sum(axis=(0, 1)) - np.maximum(lacking, 0)
        scores = np.where((tight.degrees >= 0).all(axis=(0, 1)), n_met, 0)
        good = np.flatnonzero(scores == self.size)
        if len(good):
            steps = [step[..., good] for step in tight.steps]
            some = _Tight(steps, tight.readout[..., good], tight.degrees[..., good])
            scores[good] = _Forms(self, roles[:, good], some, system[..., good]).scores()
        return scores

    def _spread(self, layer: int, values: NDArray[Any], default: Any) -> NDArray[Any]:
        """Values of the learnables, (learnables, plans), in a matrix of default ones else."""
        shape = *self._present[layer].shape, values.shape[1]
        result = np.empty(shape, dtype=values.dtype)
        result[...] = np.asarray(default)[..., None]
        places = self.places[layer]
        result[places.rows, places.columns] = values[places.numbers]
        return result

    def _tight(self, roles: Roles) -> _Tight:
        """Where the degrees come from."""
        grows = ((roles != DRAWN) & (roles != SOLVED)).astype(np.int16)
        default = [np.where(mask, 0, _NOWHERE) for mask in self._present]
        step, readout = (self._spread(k, grows, default[k])[:, :, None] for k in (0, 1))
        n_in, m = self.shown.shape[1:]
        before = np.full((self.hidden + n_in, m, roles.shape[1]), _NOWHERE, dtype=np.int16)
        steps = []
        for shown in self.shown:
            before[self.hidden :] = np.where(shown, 0, _NOWHERE)[:, :, None]
            sums = step + before
            largest = sums.max(axis=1)
            there = largest >= 0
            steps.append((sums == largest[:, None]) & there[:, None])
            before[: self.hidden] = np.where(there, largest, _NOWHERE)
        sums = readout + before[: self.hidden]
        degrees = sums.max(axis=1)
        return _Tight(steps, sums == degrees[:, None], degrees)

    def _classes(self, roles: Roles, tight: _Tight) -> tuple[Flags, Flags]:
        """Which equations the system solves, and which are solved or have no walk left."""
        every, nothing = np.uint8(_NONE | _ONE | _MORE), np.uint8(0)
        stays, solves = (roles == DRAWN) | (roles == GROWS), roles >= SOLVED
        plain = [self._spread(k, stays * every, every)[:, :, None] for k in (0, 1)]
        solved = [self._spread(k, solves * every, nothing)[:, :, None] for k in (0, 1)]

        def through(layer: int, chosen: Flags, bits: Bits) -> Bits:
            counted = (bits << 1) & (_ONE | _MORE) | bits & _MORE
            found = (plain[layer] & bits) | (solved[layer] & counted)
            return np.bitwise_or.reduce(np.where(chosen, found, nothing), axis=1)

        n_in, m = self.shown.shape[1:]
        before = np.zeros((self.hidden + n_in, m, roles.shape[1]), dtype=np.uint8)
        for shown, step in zip(self.shown, tight.steps, strict=True):
            before[self.hidden :] = (shown != 0)[:, :, None]
            before[: self.hidden] = through(0, step, before)
        found = through(1, tight.readout, before[: self.hidden])
        one, more = (found & _ONE) != 0, (found & _MORE) != 0
        empty = (found == 0) & (tight.degrees > 0)
        return one & ~more, np.where(one | more, ~more, empty)


class _Forms:
    """The leading forms of plans, their unknowns being solved for, and the Jacobian."""

    def __init__(self, rated: Rated, roles: Roles, tight: _Tight, system: Flags) -> None:
        self._rated, self._roles, self._tight, self._p = rated, roles, tight, rated.prime
        self._system = system.reshape(rated.size, -1)
        self._values = [
            np.repeat(drawn[:, :, None], roles.shape[1], axis=2) for drawn in rated.drawn
        ]
        self._put(np.where(roles == ZERO, 0.0, rated.learnables[:, None]))

    def _put(self, values: Matrix) -> None:
        """Give the learnables these values, (learnables, plans)."""
        self._learnables = values
        for matrix, places in zip(self._values, self._rated.places, strict=True):
            matrix[places.rows, places.columns] = values[places.numbers]

    def scores(self) -> Counts:
        """How many equations of the systems are independent, or the rank as well."""
        outputs, jacobian = self._derived()
        if self._system.any():
            unknown, p = self._roles >= SOLVED, self._p
            matrix = self._mixed(jacobian * unknown * self._system[:, None])
            wanted = np.where(self._tight.degrees > 0, 0.0, self._rated.targets) - outputs
            right = fold(wanted.reshape(self._system.shape), p) * self._system
            moves, rank = solved(matrix, right, p)
            moves = fold(np.tensordot(self._rated.mixing, moves, axes=1), p) * unknown
            self._put(fold(self._learnables + moves, p))
            _, jacobian = self._derived()
            lost = self._system.sum(axis=0) - rank
        else:
            lost = np.zeros(self._roles.shape[1], dtype=int)
        rank = batched_rank(self._mixed(jacobian).transpose(2, 0, 1), self._p)
        return self._rated.size + np.where(lost > 0, -lost, rank)

    def _mixed(self, matrix: Matrix) -> Matrix:
        """As many random combinations of the columns as there are rows: the rank stays."""
        mixed = np.tensordot(self._rated.mixing.T, matrix, axes=(1, 1))
        return fold(mixed, self._p).swapaxes(0, 1)

    def _derived(self) -> tuple[Matrix, Matrix]:
        """The leading forms, (outputs, m, plans), and (equations, learnables, plans)."""
        p, rated, tight = self._p, self._rated, self._tight
        (step, readout), hidden = (x[:, :, None] for x in self._values), rated.hidden
        n_in, m = rated.shown.shape[1:]
        before = np.zeros((hidden + n_in, m, step.shape[3]))
        shown_before, steps = [], []
        for shown, chosen in zip(rated.shown, tight.steps, strict=True):
            before[hidden:] = shown[:, :, None]
            shown_before.append(before.copy())
            steps.append(step * chosen)
            before[:hidden] = fold((steps[-1] * before).sum(axis=1), p)
        behind = readout * tight.readout
        outputs = fold((behind * before[:hidden]).sum(axis=1), p)
        inner, last = rated.places
        n_outputs = len(outputs)
        jacobian = np.zeros((n_outputs, m, len(self._roles), step.shape[3]))
        jacobian[last.rows, :, last.numbers] = (
            tight.readout[last.rows, last.columns] * before[last.columns]
        )
        for at in reversed(range(len(steps))):
            chosen = tight.steps[at][inner.rows, inner.columns]
            read = shown_before[at][inner.columns] * chosen
            jacobian[:, :, inner.numbers] += (behind[:, inner.rows] * read).transpose(0, 2, 1, 3)
            if at:
                through = behind[:, :, None] * steps[at][None, :, :hidden]
                behind = fold(through.sum(axis=1), p)
        return outputs, fold(jacobian.reshape(rated.size, len(self._roles), -1), p)


def solved(matrix: Matrix, right: Matrix, p: int) -> tuple[Matrix, Counts]:
    """Solutions of systems (rows, columns, systems), 0 where free, and the ranks, modulo p.

    The solution is one if the rows that are not 0 are independent.
    """
    rows, n = matrix.shape[:2]
    matrix = np.concatenate([matrix, right[:, None]], axis=1)
    here = np.arange(matrix.shape[2])
    pivots, found = np.zeros((2, rows, len(here)), dtype=int)
    for k in range(rows):
        line = matrix[k]
        pivots[k] = (line[:n] != 0).argmax(axis=0)
        pivot = line[pivots[k], here]
        found[k] = pivot != 0
        if not found[k].any():
            continue
        line = fold(line * inverse(np.where(found[k], pivot, 1.0), p), p)
        factors = matrix[:, pivots[k], here] * found[k]
        factors[k] = 0
        matrix = fold(matrix - factors[:, None] * line, p)
        matrix[k] = line
    values = np.zeros((n, len(here)))
    chosen, system = np.nonzero(found)
    values[pivots[chosen, system], system] = matrix[chosen, n, system]
    return values, found.sum(axis=0)
