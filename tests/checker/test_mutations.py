"""No certificate that was changed or forged is accepted, unless an exact oracle says it is true."""

import copy
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from tests.mutations.campaign import Tally, changes, forged, tally
from tests.mutations.corpus import corpus
from tests.mutations.forgers import FORGERS
from tests.mutations.leaf_changes import Data, at, leaves, put, redigested
from tests.mutations.problems import is_affine, rank, read
from tests.mutations.truth import degree, refuted, truth_of
from theorycheck.certificate_kinds import KINDS

pytestmark = pytest.mark.long

KNOWN = Path(__file__).parents[1] / "known"
# Those about parameters: tests/checker/test_parametrised_certificates.py.
OF_WEIGHTS = [name for name, kind in KINDS.items() if not kind.parametrised]
CLASSES = ("minimal", "positive", "intermediate", "maximal")
MUTANTS, FORGED = 40, 30  # of each kind; python -m tests.mutations tries more


# The oracle itself


def test_the_oracle_knows_all_allocations_of_a_small_network():
    """8 of the 70 are minimal, 58 maximal with one solution, 4 intermediate with two."""
    found = Counter()
    for entry in json.loads((KNOWN / "lffn_222.json").read_text()):
        problem = read(entry)
        classes = truth_of({"problem": entry, "evidence": {}}).classes()
        found[tuple(classes), rank(problem, "learnable"), degree(problem)] += 1
    assert found == {
        (("minimal",), 3, 0): 8,
        (("maximal",), 4, 1): 58,
        (("intermediate",), 4, 2): 4,
    }


@pytest.mark.parametrize(
    ("mask", "expected"), [([[1, 0], [0, 1]], 6), ([[0, 1], [1, 0]], 4), ([[1, 1], [0, 0]], 3)]
)
def test_the_oracle_knows_degrees_of_recurrent_networks(mask: Any, expected: int):
    network = {"kind": "linear_recurrent", "inputs": 1, "hidden": 2, "outputs": 1, "steps": 4}
    problem = read({"network": network, "samples": 2, "learnable": {"recurrent": mask}})
    assert degree(problem) == expected
    assert not is_affine(problem)


def test_the_corpus_shows_every_kind_and_the_oracle_agrees_with_all_of_it():
    assert corpus().keys() == set(OF_WEIGHTS) == FORGERS.keys()
    for found in corpus().values():
        for data in found:
            assert tc.check(data)
            assert refuted(data) is None


def test_the_oracle_refutes_other_claims():
    """Another class, rank or dimension: nearly all are known to be false."""
    n_known = n_all = 0
    for data in (data for found in corpus().values() for data in found[:3]):
        for expressivity in CLASSES:
            if {expressivity, data["expressivity"]} not in (
                {data["expressivity"]}, {"positive", "maximal"}, {"positive", "intermediate"}
            ):  # fmt: skip
                n_all += 1
                n_known += refuted({**data, "expressivity": expressivity}) is not None
        for key in ("rank", "target_dimension"):
            if data[key] is not None:
                other = {**data, key: data[key] + 1}
                is_pattern_rank = key == "rank" and data["kind"].startswith("relu")
                assert refuted(other) is not None or is_pattern_rank
    assert n_known > 0.9 * n_all > 100


# Mutants and forgeries


@pytest.mark.parametrize("kind", OF_WEIGHTS)
def test_what_is_accepted_is_true(kind: str):
    found = tally(kind, MUTANTS, FORGED)
    assert not found.wrong
    assert found.tried > MUTANTS


def test_enough_is_accepted_for_that_to_mean_something():
    """Forgeries that pass every check of a kind, so that what the checks forget would be seen."""
    accepted = [
        any(tc.check(data) for data in forged(kind, 4 * FORGED, seed=1)) for kind in FORGERS
    ]
    assert sum(accepted) > 0.8 * len(FORGERS)


def numbers(data: Data) -> list[tuple[Any, ...]]:
    """The paths of all integers but the version."""
    return [path for path in leaves(data) if type(at(data, path)) is int and path != ("version",)]


@pytest.mark.parametrize("kind", OF_WEIGHTS)
def test_integers_are_of_no_other_type(kind: str):
    """1.0 and true are equal to 1 in Python and index like it; the format has integers."""
    for data in corpus()[kind][:3]:
        for path in numbers(data):
            value = at(data, path)
            for other in [float(value), str(value), [value], *[bool(value)] * (value in (0, 1))]:
                changed = copy.deepcopy(data)
                put(changed, path, other)
                is_input = path[:2] == ("problem", "inputs") and type(other) is float
                if path[:3] == ("problem", "network", "layers") and type(other) is list:
                    continue  # a size for each axis of a filter: in one dimension a list of one
                assert is_input or not tc.check(redigested(changed)), (path, other)


@pytest.mark.parametrize("kind", OF_WEIGHTS)
def test_negative_numbers_do_not_count_from_the_end(kind: str):
    for data in corpus()[kind][:3]:
        for path in numbers(data):
            for other in (-1, -2, -at(data, path) - 1):
                changed = copy.deepcopy(data)
                put(changed, path, other)
                if tc.check(redigested(changed)):  # a number of an instance, a point, an input
                    assert {"weights", "inputs", "student", "teacher"} & set(path), (path, other)
                    assert refuted(changed) is None


# Planted faults: what a checker that forgets a question accepts is noticed


def wrong_ones(kinds: list[str], count: int) -> int:
    found = Tally()
    for kind in kinds:
        for data in (*forged(kind, count, seed=2), *changes(kind, count, seed=2)):
            found.add(data)
    return len(found.wrong)


def test_a_checker_that_forgets_which_networks_a_kind_is_about_is_caught(monkeypatch):
    monkeypatch.setattr("theorycheck.checker.registry._require_problem", lambda *_: None)
    monkeypatch.setattr("theorycheck.problem.allocation.Allocation.is_dense", True)
    assert wrong_ones(["degree_count", "count", "frozen_direct_path"], 150)


@pytest.mark.parametrize("name", ["bottlenecks", "recurrent_bottlenecks"])
def test_a_checker_that_forgets_bottlenecks_is_caught(monkeypatch, name: str):
    monkeypatch.setattr(f"theorycheck.checker.question.{name}", lambda *_: {})
    assert wrong_ones(["degree_count", "colouring"], 400)


def test_a_checker_that_sees_no_path_is_caught(monkeypatch):
    monkeypatch.setattr("theorycheck.checker.rank.most_learnables", lambda claim: 1)
    assert wrong_ones(["affine_full_rank"], 150)


def test_a_checker_that_counts_learnables_of_sparse_lines_is_caught(monkeypatch):
    monkeypatch.setattr("theorycheck.checker.drawn_plans.rank", lambda rows, p, budget: len(rows))
    assert wrong_ones(["drawn_plan"], 100)
