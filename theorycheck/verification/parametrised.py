"""T19 on parametrised weights that a case draws: ranks by dual numbers modulo a large prime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..computing.options import Options
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.unrolled import CONSTANT, Level, as_matrix, forward
from ..problem.parametrization import Entries, LowRank, Parametrization, Scaling, Term, Tied
from ..theorems import t19_parametrised
from ..theorems.analysis import Analysis
from ..theorems.base import Finding
from ..verdict import Expressivity
from .base import Case, Cases, Inapplicable, Property
from .cases import general
from .predictions import NO_DEGREES

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Decide = Callable[[Analysis], Finding | None]
Dual = NDArray[np.object_]  # the last axis: a value, then its derivatives

_PRIME = 2**61 - 1
_MOST = 40  # weights of a network whose ranks are computed in this way


def small_cases() -> SearchStrategy[Case]:
    """Linear networks of a few weights."""
    return general().filter(lambda case: case.allocation.network.n_weights <= _MOST)


def rank_law(
    decide: Decide = t19_parametrised.decide, cases: Cases = small_cases, share: int = 1
) -> Property:
    """What `decide` says is minimal has a rank below D, and nothing else has.

    >>> rank_law().name
    'parametrised weights, by exact rank'
    """

    def refute(case: Case) -> str | None:
        parametrization = drawn(case)
        finding = said(parametrization, case, decide)
        rank, target = ranks(parametrization, case)
        if (finding.expressivity is Expressivity.MINIMAL) == (rank < target):
            return None
        return f"{finding.expressivity}, but {parametrization} has rank {rank}, and D is {target}"

    return Property("T19", "parametrised weights, by exact rank", cases, refute, share)


def solved_law(
    decide: Decide = t19_parametrised.decide, cases: Cases = small_cases, share: int = 1
) -> Property:
    """What `decide` says is maximal because it is affine solves linear equations for a teacher.

    >>> solved_law().name
    'affine parameters, by solving'
    """

    def refute(case: Case) -> str | None:
        parametrization = drawn(case)
        finding = said(parametrization, case, decide)
        if "blocks" not in finding.evidence:
            raise Inapplicable
        point = _Point(parametrization, case)
        start, jacobian = point.student(finding.evidence["blocks"])
        moved = point.student(finding.evidence["blocks"], shift=1)[1]
        if (jacobian != moved).any():
            return f"the outputs of {parametrization} are not affine in what is said to be"
        wanted = (point.teacher()[0] - start) % _PRIME
        if _rank(np.column_stack([jacobian, wanted])) == _rank(jacobian):
            return None
        return f"maximal, but {parametrization} does not match a teacher"

    return Property("T19", "affine parameters, by solving", cases, refute, share)


def said(parametrization: Parametrization, case: Case, decide: Decide) -> Finding:
    """What `decide` finds; raises `Inapplicable` where T19 does not apply or is silent."""
    options = Options(case.seed, effort=NO_DEGREES)
    whole = parametrization.whole
    analysis = Analysis(whole, case.samples, options, parametrization=parametrization)
    finding = None if t19_parametrised.why_not(analysis) else decide(analysis)
    if finding is None:
        raise Inapplicable
    return finding


def drawn(case: Case) -> Parametrization:
    """Parametrised weights of the network of a case, drawn from its seed.

    Some have as free entries the learnables of the case; some bases are given, in small integers.
    """
    rng, network = np.random.default_rng([case.seed, 19]), case.allocation.network
    shapes, present = network.weight_shapes, case.allocation.given_present()
    weights: dict[str, list[Term]] = {}
    for name, shape in shapes.items():
        is_matrix, is_dense = len(shape) == 2, case.allocation.present_mask(name).all()
        terms: list[Term] = []
        if rng.random() < 0.5:
            terms.append(Entries(case.allocation.mask(name)))
        if is_matrix and is_dense and rng.random() < 0.4:
            train = (("A", "B"), ("A",), ("B",))[rng.integers(3)]
            terms.append(LowRank(int(rng.integers(1, 3)), train))
        for axis in ("rows", "columns") if is_matrix else ("rows",):
            if rng.random() < 0.25:
                terms.append(Scaling(axis))
        weights[name] = terms
    base = {name: rng.integers(-1, 2, shapes[name]) * case.allocation.present_mask(name)
            for name in shapes if rng.random() < 0.15}  # fmt: skip
    names, tied = list(shapes), {}
    for first, name in pairwise(names):
        fits = shapes[name] in (shapes[first], shapes[first][::-1]) and case.allocation.is_dense
        if fits and first not in tied and rng.random() < 0.4:
            tied[name] = Tied(first, transposed=shapes[name] != shapes[first])
    base = {name: values for name, values in base.items() if name not in tied}
    return Parametrization(network, {**weights, **tied}, present, base, bool(rng.random() < 0.5))


def ranks(parametrization: Parametrization, case: Case) -> tuple[int, int]:
    """The rank in the parameters, and D, at random points modulo a prime."""
    point = _Point(parametrization, case)
    names = [block.name for block in parametrization.blocks]
    return _rank(point.student(names)[1]), _rank(point.teacher()[1])


def _rank(matrix: Dual) -> int:
    from flint import nmod_mat

    rows = [[int(x) for x in row] for row in matrix]
    return int(nmod_mat(rows, _PRIME).rank()) if matrix.size else 0


class _Point:
    """Outputs and their derivatives, all numbers random modulo the prime, by dual numbers."""

    def __init__(self, parametrization: Parametrization, case: Case) -> None:
        self._own, self._case = parametrization, case
        rng = np.random.default_rng([case.seed, 20])
        network = parametrization.network
        shape = network.steps * network.inputs, case.samples
        self._inputs = self._random(rng, shape)
        self._teacher = {n: self._random(rng, shape) for n, shape in self._shapes().items()}
        self._base = {n: self._random(rng, shape) for n, shape in self._shapes().items()}
        for name, given in parametrization.values.items():
            self._base[name] = as_matrix(given.astype(int)).astype(object)
        self._parameters: dict[str, Dual] = {}
        for name, form in parametrization.forms.items():
            p, q = self._shapes()[name]
            sizes = {"entries": (p, q), "A": (form.rank, q), "B": (p, form.rank)}
            for kind, shape in sizes.items():
                self._parameters[f"{name}.{kind}"] = self._random(rng, shape)
            for scaling, size in ((form.rows, p), (form.columns, q)):
                self._parameters.setdefault(scaling, self._random(rng, (size,)))

    def _shapes(self) -> dict[str, tuple[int, int]]:
        masks = self._own.whole.masks("present")
        return {name: as_matrix(mask).shape for name, mask in masks}  # type: ignore[misc]

    def _random(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Dual:
        return rng.integers(0, _PRIME, shape).astype(object)

    def student(self, blocks: list[str], shift: int = 0) -> tuple[Dual, Dual]:
        """Outputs and derivatives by the parameters of some blocks, whose values are shifted."""
        own, free = self._own, {}
        start = 1
        total = 1 + sum(block.size for block in own.blocks if block.name in blocks)
        for name, value in self._parameters.items():
            dual = _constant(value, total)
            if name in blocks:
                mask = np.ones(value.shape, dtype=bool)
                if name.endswith(".entries"):
                    mask = as_matrix(own.forms[name.removesuffix(".entries")].entries)
                dual[..., 0] += shift * mask
                for index in np.argwhere(mask):
                    dual[(*index, start)] = 1
                    start += 1
            free[name] = dual
        weights = {name: self._weight(name, free, total) for name in own.forms}
        return self._outputs(self._with_ties(weights))

    def _weight(self, name: str, free: dict[str, Dual], total: int) -> Dual:
        form = self._own.forms[name]
        present = as_matrix(self._own.whole.present_mask(name))[..., None]
        weight = _constant(self._base[name], total)
        weight = weight + free[f"{name}.entries"] * as_matrix(form.entries)[..., None]
        if form.rank:
            weight = weight + _product(free[f"{name}.B"], free[f"{name}.A"])
        if form.rows:
            weight = _times(weight, free[form.rows][:, None])
        if form.columns:
            weight = _times(weight, free[form.columns][None])
        return weight * present % _PRIME

    def teacher(self) -> tuple[Dual, Dual]:
        """Outputs of a random teacher, and derivatives by all of its weights."""
        is_tied = self._own.tied_teacher
        names = [n for n in self._shapes() if not (is_tied and n in self._own.ties)]
        masks = {name: as_matrix(self._own.whole.present_mask(name)) for name in names}
        start, total = 1, 1 + sum(int(mask.sum()) for mask in masks.values())
        weights: dict[str, Dual] = {}
        for name, mask in masks.items():
            weights[name] = _constant(self._teacher[name] * mask, total)
            for i, j in np.argwhere(mask):
                weights[name][i, j, start] = 1
                start += 1
        return self._outputs(self._with_ties(weights))

    def _with_ties(self, weights: dict[str, Dual]) -> dict[str, Dual]:
        ties = {name: tied for name, tied in self._own.ties.items() if name not in weights}
        for name, tied in ties.items():
            other = weights[tied.to]
            weights[name] = other.swapaxes(0, 1) if tied.transposed else other
        return weights

    def _outputs(self, weights: dict[str, Dual]) -> tuple[Dual, Dual]:
        unrolled, total = self._own.network.unrolled, next(iter(weights.values())).shape[-1]

        def combine(level: Level, terms: list[tuple[str, Dual]]) -> Dual:
            products = [_product(weights[name], before) for name, before in terms]
            value: Dual = np.sum(products, axis=0) % _PRIME
            power = ACTIVATIONS[level.activation].power
            assert power is not None, "only polynomials are computed here"
            result = value
            for _ in range(power - 1):
                result = _times(result, value)
            return result

        values = forward(unrolled, self._starts(total), combine)
        read = np.concatenate([values[number] for number in unrolled.read])
        rows = read.reshape(-1, total)
        return rows[:, 0], rows[:, 1:]

    def _starts(self, total: int) -> Iterator[Dual]:
        row = 0
        for level in self._own.network.unrolled.starts:
            if level.group == CONSTANT:
                yield _constant(np.ones((1, self._case.samples), dtype=object), total)
            else:
                yield _constant(self._inputs[row : row + level.size], total)
                row += level.size


def _constant(values: Dual, total: int) -> Dual:
    found = np.zeros((*values.shape, total), dtype=object)
    found[..., 0] = values
    return found


def _times(one: Dual, other: Dual) -> Dual:
    """Entry by entry."""
    found = one[..., :1] * other + other[..., :1] * one
    found[..., 0] = one[..., 0] * other[..., 0]
    return found % _PRIME


def _product(one: Dual, other: Dual) -> Dual:
    """Of two matrices."""
    value: Any = np.tensordot(one[..., 0], other, (1, 0)) + np.tensordot(
        one, other[..., 0], (1, 0)
    ).swapaxes(1, 2)
    value[..., 0] = one[..., 0] @ other[..., 0]
    return value % _PRIME
