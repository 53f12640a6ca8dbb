"""What the steps of T5 check: rules of recurrent networks against ranks, and their formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Matrix

from ...problem.networks.recurrent import LinearRecurrent
from . import exhaustive, rigidity
from .rigidity import Entries

Said: TypeAlias = NDArray[np.bool_]
Rule: TypeAlias = Callable[[LinearRecurrent, int, Entries], Said]
# (k, samples that count) for learnables `name` of a network with m samples
Reach: TypeAlias = Callable[[LinearRecurrent, str, int], tuple[int, int]]

_SIZES = (1, 2, 3)


def effective(network: LinearRecurrent, samples: int) -> int:
    """m_e = min(m, n_in T) of a network read at the end.

    >>> effective(LinearRecurrent(2, 3, 1, 2), 5)
    4
    """
    return min(samples, network.inputs * network.steps)


def readout_rows(network: LinearRecurrent, samples: int, masks: Entries) -> Said:
    """Every row of the readout has m_e learnables."""
    return (masks.sum(axis=2) >= effective(network, samples)).all(axis=1)


def two_steps(network: LinearRecurrent, samples: int, masks: Entries) -> Said:
    """Recurrent only, T = 2: T4 for p = q = N, d outputs and m samples; minimal for m > n_in."""
    hidden, outputs = network.hidden, network.outputs
    if samples > network.inputs or hidden < max(outputs, samples):
        return np.zeros(len(masks), dtype=bool)
    return rigidity.independent(~masks, hidden - outputs, hidden - samples)


def rule_decides(rule: Rule, name: str, steps: tuple[int, ...]) -> Iterator[str | None]:
    """The rule against the rank on every mask of `name`, read at the end, sizes up to 3."""
    for network in exhaustive.recurrent_networks(_SIZES, steps, ["final"], 27):
        shape = network.weight_shapes[name]
        masks = exhaustive.all_masks(shape[0] * shape[1])
        for samples in range(1, network.inputs * network.steps + 2):
            found = exhaustive.ranks(network, samples, [name], masks)
            maximal = found == exhaustive.target(network, samples)
            wrong = rule(network, samples, masks.reshape(-1, *shape)) != maximal
            yield from exhaustive.outcomes(wrong, network, samples, [name], masks)


def direct_path(frozen: Callable[[LinearRecurrent, int], bool]) -> Iterator[str | None]:
    """Where `frozen`, even all recurrent weights have a rank below D (fewer have not more)."""
    for network in exhaustive.recurrent_networks(_SIZES, (1, 2, 3), ["final", "all"], 27):
        everything = np.ones((1, network.hidden**2), dtype=bool)
        delayed, all_inputs = network.inputs * (network.steps - 1), network.inputs * network.steps
        for samples in sorted({max(delayed, 1), delayed + 1, all_inputs + 1}):
            if frozen(network, samples):
                rank = int(exhaustive.ranks(network, samples, ["recurrent"], everything)[0])
                full = rank == exhaustive.target(network, samples)
                shown = exhaustive.shown(network, samples, ["recurrent"], everything[0])
                yield shown if full else None


def starved(masks: Entries, d: int, m: int, k: int) -> Said:
    """Whether for some I, J fewer than (d - k|I|)^+ (m - k|J|)^+ learnables are outside of them.

    >>> starved(np.array([[[1, 1], [1, 0], [1, 0]]], dtype=bool), 2, 2, 1).tolist()
    [True]
    """
    _, p, q = masks.shape
    rows, columns = exhaustive.all_masks(p), exhaustive.all_masks(q)
    outputs_left = np.maximum(d - k * rows.sum(axis=1), 0)
    samples_left = np.maximum(m - k * columns.sum(axis=1), 0)
    needed = np.outer(outputs_left, samples_left).ravel()
    outside = (~rows[:, None, :, None] & ~columns[None, :, None, :]).reshape(-1, p * q)
    found = masks.reshape(-1, p * q).astype(np.float32) @ outside.T.astype(np.float32)
    return np.logical_or.reduce(found < needed, axis=1)


def starved_is_minimal(reach: Reach) -> Iterator[str | None]:
    """D = d m_e: masks that the count starves have a rank below d m_e; all masks, sizes up to 3."""
    for network in exhaustive.recurrent_networks(_SIZES, (1, 2, 3), ["final"], 27):
        for name, samples in product(
            ("input", "recurrent"), range(1, network.inputs * network.steps + 2)
        ):
            dimension = network.outputs * effective(network, samples)
            if exhaustive.target(network, samples) < dimension:
                continue
            shape = network.weight_shapes[name]
            masks = exhaustive.all_masks(shape[0] * shape[1])
            k, counted = reach(network, name, samples)
            said = starved(masks.reshape(-1, *shape), network.outputs, counted, k)
            full = exhaustive.ranks(network, samples, [name], masks) == dimension
            yield from exhaustive.outcomes(said & full, network, samples, [name], masks)


def count_is_not_sufficient(suffices: bool) -> Iterator[str | None]:
    """N = 5, n_in = 3, d = 3, T = 2, m = 5, all of B: not starved, rank 14 < 15."""
    network = LinearRecurrent(3, 5, 3, 2)
    everything = np.ones((1, 15), dtype=bool)
    rank = int(exhaustive.ranks(network, 5, ["input"], everything)[0])
    said = bool(starved(everything.reshape(1, 5, 3), 3, 5, 2)[0])
    yield "the count starves it" if said else None
    yield None if exhaustive.target(network, 5) == 15 else "D is not 15"
    yield None if rank == (15 if suffices else 14) else f"not starved, the rank is {rank}"


def _symbols(name: str, rows: int, columns: int) -> Matrix:
    return Matrix(rows, columns, sympy.symbols(f"{name}:{rows * columns}"))


def _unrolled(
    inputs: int, hidden: int, outputs: int, steps: int
) -> tuple[dict[str, Matrix], list[Matrix], list[Matrix]]:
    """Symbolic weights, inputs x_1..x_T and states h_0..h_T."""
    weights = {
        "input": _symbols("b", hidden, inputs),
        "recurrent": _symbols("w", hidden, hidden),
        "readout": _symbols("d", outputs, hidden),
    }
    xs = [_symbols(f"x{t}_", inputs, 1) for t in range(1, steps + 1)]
    states = [sympy.zeros(hidden, 1)]
    for x in xs:
        states.append((weights["recurrent"] * states[-1] + weights["input"] * x).expand())
    return weights, xs, states


def frozen_inputs(is_frozen: Callable[[int, int], bool]) -> Iterator[str | None]:
    """The coefficient of x_t in y_T involves the recurrent weights unless is_frozen(t, T)."""
    for inputs, hidden, steps in product((1, 2), (1, 2), (1, 2, 3)):
        weights, xs, states = _unrolled(inputs, hidden, 1, steps)
        output = (weights["readout"] * states[-1]).expand()
        for time, x in enumerate(xs, start=1):
            used = output.jacobian(x).free_symbols & weights["recurrent"].free_symbols
            yield None if is_frozen(time, steps) != bool(used) else f"x_{time}, T = {steps}"


def derivatives_are_sums(first: Callable[[str], int]) -> Iterator[str | None]:
    """dy/dw_ij = sum over t >= first(name) of D W^(T-t) e_i times x_t[j] (input) or h_(t-1)[j]."""
    for inputs, hidden, steps in ((1, 1, 3), (1, 2, 3), (2, 2, 2)):
        weights, xs, states = _unrolled(inputs, hidden, 2, steps)
        output = (weights["readout"] * states[-1]).expand()
        for name in ("input", "recurrent"):
            for i, j in product(*map(range, weights[name].shape)):
                total = sympy.zeros(2, 1)
                for t in range(first(name), steps + 1):
                    source = xs[t - 1] if name == "input" else states[t - 1]
                    behind = weights["readout"] * weights["recurrent"] ** (steps - t)
                    total += behind[:, i] * source[j]
                same = (output.diff(weights[name][i, j]) - total).expand() == sympy.zeros(2, 1)
                yield None if same else f"{name} {i, j}, N = {hidden}, T = {steps}"
