"""Given inputs with relations: forms that are not what they must be, and planted wrong checks."""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.checker.test_oracle_inputs import Json, found, verdicts, with_points
from tests.ranks.test_arguments import random_points
from tests.ranks.test_given_exactness import EXPONENTIAL, random_network
from theorycheck.checker import separation

POINTS = [[0.3, 1.7], [-1.1, 0.25], [2.2, 0.9], [0.61, -0.77], [1.37, 3.01]]


def example(widths: list[int] | None = None) -> Json:
    network = tc.Feedforward(widths or [2, 2, 1], True, activation="tanh")
    data = found(tc.Allocation.none(network), len(POINTS), POINTS)
    assert data is not None
    assert len(data["problem"]["forms"]) == 1
    return data


def with_forms(data: Json, forms: Any) -> Json:
    return with_points(data, data["problem"]["inputs"], forms=forms)


def test_certificates_on_inputs_with_relations_are_accepted_by_both_checkers():
    rng, seen = np.random.default_rng(0), Counter[Any]()
    for _ in range(300):
        network = random_network(rng, EXPONENTIAL)
        present = {n: rng.random(s) < 0.9 for n, s in network.weight_shapes.items()}
        learnable = {n: mask & (rng.random(mask.shape) < 0.6) for n, mask in present.items()}
        points = random_points(rng, int(rng.integers(1, 6)), network.inputs * network.steps)
        allocation = tc.Allocation(network, learnable, present)
        certificate = tc.classify(allocation, len(points), inputs=points).certificate
        if certificate is None or certificate.kind == "full":
            continue
        data = json.loads(json.dumps(certificate.to_dict()))
        assert verdicts(data) == {True}, tc.check(data).reason
        seen["recurrent"] += network.is_recurrent
        seen["forms"] += "forms" in data["problem"]
        seen["duplicates"] += len(np.unique(points, axis=0)) < len(points)
    assert min(seen.values()) >= 8, seen


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda forms: None, "list"),
        (lambda forms: [], "may satisfy short relations"),
        (lambda forms: forms * 2, "more forms than"),
        (lambda forms: [{**forms[0], "modulus": 0}], "modulus"),
        (lambda forms: [{**forms[0], "modulus": -forms[0]["modulus"]}], "modulus"),
        (lambda forms: [{**forms[0], "modulus": float(forms[0]["modulus"])}], "modulus"),
        (lambda forms: [{**forms[0], "modulus": 3}], "leaves too much"),
        (lambda forms: [{**forms[0], "rows": forms[0]["rows"][:-1]}], "leave room"),
        (lambda forms: [{**forms[0], "rows": forms[0]["rows"][:1] * 2}], "leave room"),
        (lambda forms: [{**forms[0], "rows": [[0, 0, 0]] * 2}], "leave room"),
        (lambda forms: [{**forms[0], "rows": [row[:2] for row in forms[0]["rows"]]}], "entries"),
        (lambda forms: [{**forms[0], "rows": [[True, 0, 0]]}], "integers"),
        (lambda forms: [{**forms[0], "more": 1}], "a modulus and rows"),
    ],
)
def test_forged_forms_are_refused(change: Any, reason: str):
    data = example()
    assert verdicts(data) == {True}
    changed = with_forms(data, change(copy.deepcopy(data["problem"]["forms"])))
    assert verdicts(changed) == {False}
    assert reason in tc.check(changed).reason


def test_forms_serve_no_points_with_a_short_relation():
    data = example()
    x, y = POINTS[:2]
    twice = [2 * value for value in x]
    for related in ([twice, [0.0, 0.0], x, y, POINTS[2]], [x, x, twice, [0.0, 0.0], y]):
        assert verdicts(with_points(data, related)) == {False}


def test_forms_for_fewer_samples_at_a_point_leave_too_much_for_more():
    """D_c grows with them: 5 times the first point is the second, short for three samples."""
    network = tc.Feedforward([1, 1, 1], activation="tanh")
    data = found(tc.Allocation.none(network), 2, [[1], [5]])
    assert data is not None
    for times, accepted in ((1, True), (3, False)):
        points = [*times * [[1]], [5]]
        changed = with_points(data, points, samples=len(points))
        assert verdicts(changed) == {accepted}
    assert "leaves too much" in tc.check(changed).reason


def test_without_inputs_or_in_linear_networks_there_are_no_forms():
    data = example()
    problem = {key: value for key, value in data["problem"].items() if key != "inputs"}
    assert verdicts({**with_forms(data, []), "problem": problem}) == {False}
    linear = {"network": {"kind": "linear_feedforward", "widths": [2, 2, 1]}, "samples": 1}
    assert verdicts(with_points(data, [[1, 2]], basis=[0], **linear)) == {False}


GRID = [[1], [-1], [100], [-100]]  # sums of the second unit at x and -x are the same for all x


def forged(points: Any) -> Json:
    network = tc.Feedforward([1, 1, 1, 1], activation="sigmoid")
    data = found(tc.Allocation.none(network), 2, [[1], [100]])
    assert data is not None
    return with_points(data, points, samples=len(points))


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("_atoms", lambda column, names: dict.fromkeys(enumerate(column), 1)),
        ("_are_independent", lambda claim, sums: True),
    ],
)
def test_a_checker_that_takes_antipodes_twice_is_seen(monkeypatch: Any, what: str, wrong: Any):
    data = forged(GRID)
    assert "depend on each other" in tc.check(data).reason
    monkeypatch.setattr(separation, what, wrong)
    assert "depend on each other" not in tc.check(data).reason


def test_a_checker_with_boxes_of_one_is_seen(monkeypatch: Any):
    """n = (2, -1) for the points 1 and 2 is short for D = 2 d = 2, not for 1."""
    network = tc.Feedforward([1, 1, 1], activation="tanh")
    data = found(tc.Allocation.none(network), 2, [[1], [100]])
    assert data is not None
    changed = with_points(data, [[1], [2]], forms=[{"modulus": 8, "rows": [[3]]}])
    assert verdicts(changed) == {False}
    right = separation._require_no_relation
    monkeypatch.setattr(
        separation, "_require_no_relation",
        lambda claim, points, bounds, form: right(claim, points, [1 for _ in bounds], form),
    )  # fmt: skip
    assert tc.check(changed)
