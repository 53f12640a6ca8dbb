"""Short relations between points: what forms exclude, against a search of all."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from theorycheck.ranks import relations
from theorycheck.ranks.relations import Forms, exclude, find_forms


def short_relations(points: list[list[int]], bounds: list[int]) -> bool:
    """Whether there are any but 0: all are tried."""
    matrix = np.array(points)
    boxes = np.array(list(itertools.product(*(range(-bound, bound + 1) for bound in bounds))))
    return bool(((boxes @ matrix == 0).all(axis=1) & boxes.any(axis=1)).any())


def random_points(rng: np.random.Generator) -> tuple[list[list[int]], list[int]]:
    """At most five points of at most two coordinates and perhaps a constant, and bounds."""
    n, width = int(rng.integers(2, 6)), int(rng.integers(1, 3))
    size = int(rng.choice([3, 10, 100, 1000]))
    points = rng.integers(-size, size + 1, (n, width))
    if rng.random() < 0.4:
        points = np.column_stack([points, np.ones(n, dtype=int)])
    return points.tolist(), rng.integers(1, 5 if n < 5 else 4, n).tolist()


def test_what_is_excluded_is_not_there():
    """And hardly anything that is not there is not excluded."""
    rng, seen = np.random.default_rng(0), Counter()
    for _ in range(500):
        points, bounds = random_points(rng)
        if any(not any(point) for point in points):
            continue
        proved = exclude(points, bounds)
        forms = None if proved else find_forms(points, bounds)
        proved |= forms is not None and exclude(points, bounds, forms)
        exists = short_relations(points, bounds)
        assert not (proved and exists)
        seen[proved, exists, forms is not None] += 1
    assert seen[True, False, True] > 50
    assert seen[False, True, False] > 50
    assert seen[False, False, False] < 0.2 * seen[True, False, True]


def test_forms_hold_for_the_bounds_they_are_made_for():
    """With bounds that a relation meets they leave too much, or too small a rank."""
    rng, refused = np.random.default_rng(1), 0
    for _ in range(300):
        points, bounds = random_points(rng)
        if exclude(points, bounds) or any(not any(point) for point in points):
            continue
        forms = find_forms(points, bounds)
        if forms is None:
            continue
        for factor in (2, 4):
            larger = [factor * bound for bound in bounds]
            if len(points) < 5 and max(larger) < 9 and short_relations(points, larger):
                assert not exclude(points, larger, forms)
                refused += 1
    assert refused > 10


@pytest.mark.parametrize("change", ["a row less", "a small modulus", "another row"])
def test_other_forms_prove_nothing(change: str):
    points, bounds = [[1], [7], [50]], [3, 3, 3]
    assert not exclude(points, bounds)
    forms = find_forms(points, bounds)
    assert forms is not None
    assert len(forms.rows) == 2
    wrong = {
        "a row less": replace(forms, rows=forms.rows[:1]),
        "a small modulus": replace(forms, modulus=7),
        "another row": replace(forms, rows=(forms.rows[0], forms.rows[0])),
    }[change]
    assert exclude(points, bounds, forms)
    assert not exclude(points, bounds, wrong)


def test_float_data_of_several_times_as_many_points_as_inputs_is_separated():
    rng = np.random.default_rng(2)
    for inputs, points in ((1, 6), (2, 16), (4, 30), (8, 50)):
        data = (rng.normal(size=(points, inputs)) * 2.0**52).astype(int).astype(object)
        with_constant = [[*map(int, point), 1] for point in data]
        assert find_forms(with_constant, [4] * points) is not None


def test_many_or_long_points_are_not_tried(monkeypatch: pytest.MonkeyPatch):
    assert find_forms([[1], [2**300]], [1, 1]) is None
    monkeypatch.setattr(relations, "MOST_POINTS", 2)
    assert find_forms([[1], [10], [100]], [1, 1, 1]) is None
    assert find_forms([[1], [10]], [1, 1]) is not None


def test_an_empty_form_is_none():
    assert not exclude([[1], [2]], [1, 1], Forms(1, ()))
