"""T18: given inputs against exact ranks on them, matches that are constructed, and forgeries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.page_checker import checker as page_checker
from tests.shared.plans import random_allocation
from theorycheck.answers.classification import classify
from theorycheck.certificates import Certificate, digest
from theorycheck.plans.algebra import Rationals
from theorycheck.plans.execution import carry_out
from theorycheck.plans.reading import plan_of
from theorycheck.plans.states import whole
from theorycheck.ranks.given_inputs import given_inputs
from theorycheck.theorems import t18_given_inputs
from theorycheck.theorems.analysis import Analysis

FF = tc.LinearFeedforward


def cases(count: int, seed: int) -> Iterator[tuple[tc.Allocation, np.ndarray, Analysis]]:
    """Dense networks, also with bottlenecks, on small integers: many inputs are dependent."""
    rng = np.random.default_rng(seed)
    shapes = ((3, 2, 2), (5, 4, 3), (4, 2, 3), (4, 3, 3, 2), (5, 3, 2, 3))
    for number in range(count):
        widths = shapes[number % len(shapes)]
        m = int(rng.integers(1, widths[0]))
        data = rng.integers(-1, 2, (m, widths[0]))
        given = given_inputs(FF(widths), m, np.where(data.any(axis=0), data, 1))
        k = min(given.rank, *widths[1:])
        budget = k * (widths[-1] + given.rank - k) + int(rng.integers(0, 5))
        if given.is_spanning or budget > FF(widths).n_weights:
            continue
        allocation = random_allocation(widths, budget, rng)
        yield allocation, np.array(given.points), Analysis(allocation, given.rank, given=given)


def test_t18_agrees_with_the_exact_rank_on_the_inputs():
    decided = 0
    for _, _, analysis in cases(50, 0):
        finding = t18_given_inputs.THEOREM.ask(analysis)
        if finding is not None:
            decided += 1
            assert analysis.rank.value == analysis.target.value
    assert decided > 10


def test_t18_is_carried_out_on_the_given_inputs():
    """The first layer as it is on unit vectors, less what the other inputs add to it."""
    rng, algebra, carried = np.random.default_rng(1), Rationals(), 0
    for allocation, _, analysis in cases(60, 1):
        finding = t18_given_inputs.THEOREM.ask(analysis)
        if finding is None:
            continue
        chosen, m = list(finding.evidence["inputs"]), analysis.samples
        inner = finding.evidence["certificate"]
        part = t18_given_inputs._on(allocation, tuple(chosen))
        plan = plan_of(part, m, inner["kind"], inner["evidence"])
        if plan is None or (plan.levels is not None and not plan.levels.is_finite):
            continue
        teacher, student = (
            [
                algebra.array(rng.integers(-(10**6), 10**6, shape))
                for shape in allocation.network.weight_shapes.values()
            ]
            for _ in range(2)
        )
        given: Any = analysis.given
        values = algebra.array(given.matrix)
        others = [j for j in range(len(values)) if j not in chosen]
        inverse = np.array([
            algebra.solve(values[chosen].T, row, algebra.array([0] * m)).values
            for row in values[others]
        ]).reshape(len(others), m)  # fmt: skip
        added = student[0][:, others] @ inverse if others else 0 * student[0][:, chosen]
        target = product(teacher, np.vstack([algebra.array(np.eye(m, dtype=int)), inverse])
                         [np.argsort([*chosen, *others])])  # fmt: skip
        weights = dict(enumerate([student[0][:, chosen] + added, *student[1:]], start=1))
        unit = algebra.array(np.eye(m, dtype=int))
        found = carry_out(plan, whole(part, m), weights, unit, target, algebra)
        assert found is not None
        first = student[0].copy()
        first[:, chosen] = found[1] - added
        layers = [first, *(found[layer] for layer in range(2, len(student) + 1))]
        for name, new, old in zip(allocation.network.weight_shapes, layers, student, strict=True):
            frozen = ~allocation.mask(name)
            assert (new[frozen] == old[frozen]).all()
        assert (product(layers, values) == product(teacher, values)).all()
        carried += 1
    assert carried > 5


def product(layers: list[np.ndarray], values: np.ndarray) -> np.ndarray:
    """What the layers make of the values."""
    for layer in layers:
        values = layer @ values
    return values


def example() -> tuple[dict[str, Any], np.ndarray]:
    """A certificate whose inputs 0 and 1 are the same on all points, input 3 is their sum."""
    points = np.array([[1, 1, 0, 1], [0, 0, 1, 1], [2, 2, 3, 5]])
    allocation = tc.Allocation(
        FF([4, 2, 3, 2]),
        {"W1": [[0, 0, 1, 0], [0, 1, 0, 0]], "W2": [[1, 1]] * 3, "W3": [[1] * 3] * 2},
    )
    verdict = classify(allocation, 3, inputs=points, theorems=[t18_given_inputs.THEOREM])
    assert verdict.theorem == "T18"
    assert verdict.certificate is not None
    return verdict.certificate.to_dict(), points


def both(data: dict[str, Any]) -> bool:
    """Whether the checker accepts it; that of the page must say the same."""
    data = {key: value for key, value in data.items() if key != "digest"}
    data = {**data, "digest": digest(data)}
    valid = bool(tc.check(Certificate.from_dict(data)))
    assert page_checker.check(data)[0] == valid
    return valid


def test_t18_certificates_are_accepted_and_forged_ones_are_not():
    data, _ = example()
    assert both(data)
    assert data["evidence"]["inputs"] == [1, 2]
    for inputs, fits in (([1, 2], True), ([2, 1], False), ([0, 2], False), ([1, 1], False),
                         ([2], False), ([1, 2, 3], False), ([1, 4], False), ([-1, 2], False),
                         ([1, 3], False), (None, False)):  # fmt: skip
        assert both({**data, "evidence": {**data["evidence"], "inputs": inputs}}) == fits
    without = {key: value for key, value in data["evidence"].items() if key != "inputs"}
    assert not both({**data, "evidence": without})
    assert not both({**data, "theorem": "T0"})
    problem = {
        key: value for key, value in data["problem"].items() if key not in ("inputs", "basis")
    }
    assert not both({**data, "problem": problem})
    masks = data["evidence"]["learnable"]
    wider = {**masks, "W1": [[0, 0, 1, 1], [0, 1, 0, 0]]}
    assert not both({**data, "evidence": {**data["evidence"], "learnable": wider}})


def test_t18_does_not_take_dependent_inputs_for_a_basis():
    """On inputs 0 and 1, the same on all points, the two learnables act as one."""
    data, points = example()
    learnable = {"W1": [[1, 1, 0, 0], [1, 1, 0, 0]]}
    verdict = classify(tc.Allocation(FF([4, 2, 3, 2]), learnable), 3, inputs=points)
    assert verdict.expressivity == "minimal"
    problem = {**data["problem"], "learnable": learnable}
    inner = classify(tc.Allocation(FF([2, 2, 3, 2]), {"W1": [[1, 1], [1, 1]]}), 2).certificate
    assert inner is not None
    kept = {key: inner.to_dict()[key] for key in data["evidence"]["certificate"]}
    evidence = {"learnable": learnable, "inputs": [0, 1], "certificate": kept}
    assert not both({**data, "problem": problem, "learnable": 4, "evidence": evidence})


@pytest.mark.parametrize(
    ("network", "present", "inputs", "word"),
    [
        (FF([3, 2, 2]), None, None, "random"),
        (FF([3, 2, 2]), {"W2": [[1, 0], [1, 1]]}, [[1, 0, 2]], "sparse"),
        (FF([3, 2, 2], bias=True), None, [[1, 0, 2]], "biases"),
    ],
)
def test_t18_says_when_it_is_not_asked(network, present, inputs, word):
    given = None if inputs is None else given_inputs(network, 1, np.array(inputs))
    left = tc.Allocation.none(network, present)
    analysis = Analysis(left, 1, given=given)
    reason = t18_given_inputs.why_not(analysis)
    assert reason is not None
    assert word in reason
