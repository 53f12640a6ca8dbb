"""Parametrised weights for tests, and their ranks from the definition, in exact rational numbers.

Nothing of `ranks` is used: outputs and derivatives by dual numbers in Fractions, ranks by FLINT.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

import theorycheck as tc
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.problem.networks.base import Network
from theorycheck.problem.networks.unrolled import CONSTANT, as_matrix

TRAIN = (("A", "B"), ("A",), ("B",))


def random_parametrization(
    network: Network, rng: np.random.Generator, coincident: float = 0.2
) -> tc.Parametrization:
    """Terms of all kinds; some bases are given, of few small numbers, two lines of them equal."""
    weights: dict[str, Any] = {}
    base: dict[str, Any] = {}
    for name, shape in network.weight_shapes.items():
        is_matrix, terms = len(shape) == 2, []
        if rng.random() < 0.4:
            terms.append(tc.Entries(rng.integers(0, 2, shape)))
        if is_matrix and rng.random() < 0.5:
            terms.append(tc.LowRank(int(rng.integers(1, 4)), TRAIN[rng.integers(3)]))
        if rng.random() < 0.3:
            shared = "s" if rng.random() < 0.5 and shape[0] == network.widths[1] else None
            terms.append(tc.Scaling("rows", shared))
        if is_matrix and rng.random() < 0.3:
            terms.append(tc.Scaling("columns"))
        weights[name] = terms
        if rng.random() < coincident:
            base[name] = rng.integers(-1, 2, shape) / 2
            base[name][0] = base[name][-1]
    shapes = network.weight_shapes
    for name, other in permutations(shapes, 2):
        fits = shapes[other] in (shapes[name], shapes[name][::-1])
        if fits and rng.random() < 0.15 and isinstance(weights[name], list):
            weights[other] = tc.Tied(name, transposed=shapes[other] != shapes[name])
            base.pop(other, None)
            break
    return tc.Parametrization(network, weights, base=base, tied_teacher=rng.random() < 0.5)


def exact_ranks(own: tc.Parametrization, samples: int, seed: int = 0) -> tuple[int, int]:
    """The generic rank in the parameters, and D; the largest at two points of random integers."""
    found = [_ranks_at(own, samples, np.random.default_rng([seed, k])) for k in range(2)]
    return max(rank for rank, _ in found), max(target for _, target in found)


def _ranks_at(own: tc.Parametrization, samples: int, rng: np.random.Generator) -> tuple[int, int]:
    shapes = {n: as_matrix(m).shape for n, m in own.whole.masks("present")}

    def drawn(*shape: int) -> Any:
        return rng.integers(-999, 1000, shape).astype(object)

    blocks = {block.name: drawn(*block.shape) for block in own.blocks}
    for name, form in own.forms.items():
        for kind, shape in (
            ("A", (form.rank, shapes[name][1])),
            ("B", (shapes[name][0], form.rank)),
        ):
            blocks.setdefault(f"{name}.{kind}", drawn(*shape))
    base = {name: drawn(*shape) for name, shape in shapes.items()}
    for name, values in own.values.items():
        base[name] = as_matrix(np.vectorize(Fraction, otypes=[object])(values))
    inputs = drawn(own.network.steps * own.network.inputs, samples)

    def student(moved: tuple[str, tuple[int, ...]] | None) -> dict[str, Any]:
        """Weights, and how they change as one parameter is larger by 1: exact, for each is linear
        in every parameter."""
        own_blocks = {name: value.copy() for name, value in blocks.items()}
        if moved is not None:
            own_blocks[moved[0]][moved[1]] += 1
        return _weights(own, base, own_blocks)

    start = student(None)
    entries = [
        (block.name, tuple(index))
        for block in own.blocks
        for index in np.argwhere(
            own.forms[block.weight].entries if block.kind == "entries" else np.ones(block.shape)
        )
    ]
    rows = []
    for entry in entries:
        after = student(entry)
        rows.append(_slope(own.network, start, {n: after[n] - start[n] for n in start}, inputs))
    teacher = {name: drawn(*shape) for name, shape in shapes.items()}
    ties = own.ties if own.tied_teacher else {}
    teacher = _tied(own, teacher, ties)
    free = []
    for name in shapes:
        for index in np.ndindex(*shapes[name]) if name not in ties else ():
            change = {n: np.zeros(s, dtype=object) for n, s in shapes.items()}
            change[name][index] = 1
            free.append(_slope(own.network, teacher, _tied(own, change, ties), inputs))
    return _rank(rows), _rank(free)


def _weights(own: tc.Parametrization, base: Any, blocks: Any) -> dict[str, Any]:
    found = {}
    for name, form in own.forms.items():
        weight = base[name].copy()
        if form.entries.any():
            weight = weight + as_matrix(blocks[f"{name}.entries"] * form.entries)
        if form.rank:
            weight = weight + blocks[f"{name}.B"] @ blocks[f"{name}.A"]
        weight = weight * blocks[form.rows][:, None] if form.rows else weight
        found[name] = weight * blocks[form.columns] if form.columns else weight
    return _tied(own, found, own.ties)


def _tied(own: tc.Parametrization, weights: Any, ties: Any) -> dict[str, Any]:
    found = dict(weights)
    for name, tie in ties.items():
        found[name] = weights[tie.to].T if tie.transposed else weights[tie.to]
    return found


def _slope(network: Network, weights: Any, change: Any, inputs: Any) -> list[Any]:
    """How the outputs change, to first order."""
    values, row = [], 0
    for level in network.unrolled.levels:
        if not level.terms:
            is_constant = level.group == CONSTANT
            here = np.ones((1, inputs.shape[1]), dtype=object)
            if not is_constant:
                here, row = inputs[row : row + level.size], row + level.size
            values.append((here, 0 * here))
            continue
        z = sum(weights[name] @ values[k][0] for name, k in level.terms)
        dz = sum(
            weights[name] @ values[k][1] + change[name] @ values[k][0] for name, k in level.terms
        )
        power = ACTIVATIONS[level.activation].power
        assert power is not None
        values.append((z**power, power * z ** (power - 1) * dz))
    return np.concatenate([values[k][1] for k in network.unrolled.read]).ravel().tolist()


def _rank(rows: list[list[Any]]) -> int:
    if not rows:
        return 0
    exact = [[fmpq(*Fraction(x).as_integer_ratio()) for x in row] for row in rows]
    return int(fmpq_mat(exact).rank())
