"""Verdicts for given inputs: against exact ranks and fits on the data, and what is refused."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpz_mat

import theorycheck as tc
from tests.cli.test_cli import check_one_line, run
from tests.shared import oracles
from tests.shared.strategies import WORK_ONLY
from theorycheck.answers.classification import classify
from theorycheck.certificates import Certificate, digest
from theorycheck.checker.inputs import _coprime
from theorycheck.computing.effort import Effort
from theorycheck.problem.files import save
from theorycheck.ranks.generic_rank import trial_error
from theorycheck.ranks.given_inputs import coprime, given_inputs, independent_columns
from theorycheck.structure.conflicts import find_conflict
from theorycheck.theorems import t06_odd_degree, t18_given_inputs

__all__ = ["run"]  # a fixture

FF = tc.LinearFeedforward
QUICK = replace(WORK_ONLY, instances=50)
SHAPES = ([5, 4, 3], [6, 3, 2], [4, 3, 3, 2], [6, 5, 1], [3, 2])


def cases(count: int, seed: int = 1) -> Iterator[tuple[tc.Allocation, int, np.ndarray]]:
    """Networks with and without biases, some sparse, on data of any rank, in quarters."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        network = FF(SHAPES[number % 5], bias=number % 2 == 1)
        n_0, m = network.inputs, int(rng.integers(1, network.inputs + 3))
        rank = int(rng.integers(1, n_0 + 1))
        data = rng.integers(-2, 3, (m, rank)) @ rng.integers(-2, 3, (rank, n_0))
        data[:, rng.random(n_0) < 0.2] = 0
        if not data.any():
            continue
        shapes = network.weight_shapes
        present = {name: rng.random(shape) < 0.8 for name, shape in shapes.items()}
        given = present if number % 3 == 0 else None
        most = sum(map(np.sum, present.values())) if given else network.n_weights
        allocation = tc.Allocation.random(network, int(rng.integers(1, most)), rng, present=given)
        yield allocation, m, data / 4 if number % 4 < 2 else data


def jacobian(allocation: tc.Allocation, which: str, data: np.ndarray, seed: int) -> np.ndarray:
    """Derivatives of all outputs on all points by the `which` weights, at random integers."""
    rng = np.random.default_rng(seed)
    network = allocation.network
    weights = {
        name: rng.integers(-99, 100, shape) * allocation.present_mask(name)
        for name, shape in network.weight_shapes.items()
    }
    before = oracles.forward(network, weights, data)
    rows = []
    for name, mask in allocation.masks(which):
        for index in np.argwhere(mask):
            changed = {**weights, name: weights[name].copy()}
            changed[name][tuple(index)] += 1  # linear in every single weight
            rows.append(oracles.forward(network, changed, data) - before)
    return np.array(rows)


def exact_rank(matrix: np.ndarray) -> int:
    """Of a matrix of quarters."""
    rows = [[int(4 * value) for value in row] for row in matrix]
    return fmpz_mat(rows).rank() if rows else 0


def fits(allocation: tc.Allocation, data: np.ndarray, seed: int) -> bool:
    """Whether an affine student fits a random teacher on the data, by least squares."""
    rng = np.random.default_rng(seed)
    network = allocation.network

    def weights() -> dict[str, np.ndarray]:
        shapes = network.weight_shapes.items()
        return {name: rng.normal(size=s) * allocation.present_mask(name) for name, s in shapes}

    teacher, student = weights(), weights()
    start = {n: student[n] * ~allocation.mask(n) for n in student}
    offset = oracles.forward(network, start, data)
    target = oracles.forward(network, teacher, data) - offset
    columns = []
    for name, mask in allocation.masks("learnable"):
        for index in np.argwhere(mask):
            one = {**start, name: start[name].copy()}
            one[name][tuple(index)] = 1.0
            columns.append(oracles.forward(network, one, data) - offset)
    matrix = np.array(columns).reshape(-1, target.size).T
    solution = np.linalg.lstsq(matrix, target, rcond=1e-11)[0]
    return bool(np.linalg.norm(matrix @ solution - target) < 1e-7 * np.linalg.norm(target))


def test_ranks_and_classes_on_data_are_those_of_an_exact_jacobian():
    seen: Counter[tuple[str, str | None]] = Counter()
    for number, (allocation, m, data) in enumerate(cases(150)):
        verdict = tc.classify(allocation, m, inputs=data, effort=QUICK)
        target = exact_rank(jacobian(allocation, "present", data, number))
        rank = exact_rank(jacobian(allocation, "learnable", data, number))
        assert (str(verdict.expressivity) == "minimal") == (rank < target), number
        assert verdict.target_dimension in (target, None)
        assert verdict.rank in ((rank, None) if rank < target else (target, None))
        assert verdict.learnable == allocation.n_learnable
        seen[str(verdict.expressivity), verdict.theorem] += 1
    assert {("minimal", "T1"), ("maximal", "T2"), ("maximal", "T0"), ("positive", "T1")} <= set(
        seen
    )


def test_affine_students_fit_the_data_just_where_they_are_maximal():
    seen: Counter[str] = Counter()
    for number, (allocation, m, data) in enumerate(cases(120, seed=2)):
        if find_conflict(allocation) is not None:
            continue
        verdict = tc.classify(allocation, m, inputs=data, effort=QUICK)
        if not verdict.target_dimension:
            continue
        assert (str(verdict.expressivity) == "maximal") == fits(allocation, data, number), number
        seen[str(verdict.expressivity)] += 1
    assert min(seen["minimal"], seen["maximal"]) >= 3


@pytest.mark.long
def test_points_that_span_are_as_good_as_random_ones():
    rng = np.random.default_rng(3)
    for number in range(25):
        network = FF(SHAPES[number % 5], bias=number % 2 == 1)
        m = network.inputs + 1 + number % 3
        allocation = tc.Allocation.random(network, int(rng.integers(1, network.n_weights)), rng)
        data = rng.normal(size=(m, network.inputs))
        generic = tc.classify(allocation, m, effort=QUICK)
        given = tc.classify(allocation, m, inputs=data, effort=QUICK)
        assert given.expressivity is generic.expressivity
        assert given.target_dimension == generic.target_dimension
        assert given.input_rank == network.inputs + network.bias


@pytest.mark.long
def test_few_random_points_give_the_random_class():
    rng = np.random.default_rng(4)
    for number in range(25):
        network = FF([[5, 4, 3], [6, 3, 2], [4, 3, 3, 2]][number % 3], bias=number % 2 == 1)
        m = int(rng.integers(1, network.inputs))
        allocation = tc.Allocation.random(network, int(rng.integers(1, network.n_weights)), rng)
        generic = tc.classify(allocation, m, effort=QUICK)
        given = tc.classify(allocation, m, inputs=rng.normal(size=(m, network.inputs)))
        assert given.expressivity.possible & generic.expressivity.possible
        minimal = tc.Expressivity.MINIMAL
        assert (given.expressivity is minimal) == (generic.expressivity is minimal)


def test_bounds_on_the_degree_hold_on_data():
    seen: Counter[tuple[str, str]] = Counter()
    rng = np.random.default_rng(5)
    for number in range(60):
        network, m = FF([[3, 2, 2], [4, 2, 2], [4, 3, 2]][number % 3]), 2
        data = rng.integers(-2, 3, (m, network.inputs))
        data = np.vstack([data, data.sum(axis=0)]).astype(
            float
        )  # one sample more, of the same rank
        full = tc.Allocation.full(network)
        if not data.any():
            continue
        target = tc.classify(full, m + 1, inputs=data).target_dimension or 0
        allocation = tc.Allocation.random(network, min(target, network.n_weights - 1), rng)
        for theorem in (t06_odd_degree, t18_given_inputs):
            verdict = classify(allocation, m + 1, inputs=data, effort=Effort(seconds=0),
                               theorems=[theorem.THEOREM])  # fmt: skip
            if verdict.certificate is None:
                continue
            assert tc.check(verdict.certificate)
            found = tc.measure(allocation, m + 1, inputs=data, trials=12, backend="numpy")
            assert found.matches == (12 if str(verdict.expressivity) == "maximal" else 0)
            seen[str(verdict.expressivity), verdict.certificate.kind] += 1
    kinds = ("group_bezout", "sub_allocation")
    assert {("minimal", "structural_cover"), *(("maximal", kind) for kind in kinds)} <= set(seen)


DATA = np.array([[1, 0, 2], [0, 0, 1], [3, 0, 5.5], [1, 0, 2]])


def test_weights_on_an_input_that_is_always_zero_count_for_nothing():
    network = FF([3, 2])
    alone = tc.classify(tc.Allocation.columns(network, {"W1": [0, 2]}), 4, inputs=DATA)
    assert (str(alone.expressivity), alone.target_dimension, alone.input_rank) == ("maximal", 4, 2)
    assert str(tc.classify(tc.Allocation.columns(network, {"W1": [0, 2]}), 4).expressivity) == (
        "minimal"
    )
    idle = tc.classify(tc.Allocation.columns(network, {"W1": [0, 1]}), 4, inputs=DATA)
    assert str(idle.expressivity) == "minimal"
    assert idle.learnable == 4
    assert "left out with the 2 learnable weights on it: input 1; the others" in idle.reason


def test_samples_that_repeat_lower_the_target_dimension():
    allocation = tc.Allocation.rows(FF([3, 4, 2]), {"W2": [0, 1]})
    for points, dimension in ((DATA[:1], 2), (DATA[[0, 0, 3]], 2), (DATA[:2], 4), (DATA, 4)):
        verdict = tc.classify(allocation, len(points), inputs=points)
        assert verdict.target_dimension == dimension
        assert verdict.input_rank == dimension // 2
    assert tc.classify(allocation, 2, inputs=np.eye(3)).input_rank == 2  # only the first two


def test_bases_are_exact_where_floating_point_is_not():
    rng = np.random.default_rng(5)
    for number in range(30):
        shape, rank = rng.integers(3, 9, 2), int(rng.integers(1, 4))
        high = 10 ** int(rng.integers(1, 16))
        one = rng.integers(-high, high, (shape[0], rank)).astype(object)
        matrix = one @ rng.integers(-high, high, (rank, shape[1])).astype(object)
        basis = independent_columns(matrix)
        assert len(basis) == fmpz_mat(matrix.tolist()).rank()
        assert fmpz_mat(matrix[:, list(basis)].tolist()).rank() == len(basis)
        if number % 2:  # one unit more, far below the rounding errors
            matrix[0, 0] += 1
            assert len(independent_columns(matrix)) == fmpz_mat(matrix.tolist()).rank()
    assert given_inputs(FF([2, 1]), 2, [[1, 3], [0.1, 0.3]]).rank == 2  # 0.3 is not 3 x 0.1
    assert given_inputs(FF([2, 1]), 2, [[1, 2], [0.1, 0.2]]).rank == 1
    for point in ([0.1, -3.0, 1e-300], [2, 4, 6], [0.0, 0.0, 0.0]):
        for bias in (False, True):
            assert coprime(point, bias) == _coprime(point, bias)


def test_the_error_bound_counts_the_size_of_the_integers():
    allocation = tc.Allocation.none(FF([3, 4, 2]))
    network = allocation.network
    small = given_inputs(network, 2, [[1, 2, 3], [0, 1, 1]])
    large = given_inputs(network, 2, [[0.1, 2, 3], [0, 1e-9, 1e5]])
    bounds = [trial_error(allocation, 2, 4, data) for data in (None, small, large)]
    assert bounds == sorted(set(bounds))
    assert bounds[-1] < 1


# certificates


def resealed(certificate: Certificate, change: dict[str, Any]) -> dict[str, Any]:
    """The certificate as JSON, with changes in the problem, and a digest that fits."""
    data = json.loads(json.dumps(certificate.to_dict()))
    data["problem"] |= change
    return {**data, "digest": digest({k: v for k, v in data.items() if k != "digest"})}


def test_certificates_hold_after_a_trip_through_json():
    kinds: Counter[str] = Counter()
    for allocation, m, data in cases(100, seed=6):
        verdict = tc.classify(allocation, m, inputs=data, effort=QUICK)
        assert verdict.certificate is not None
        result = tc.check(resealed(verdict.certificate, {}))
        assert result.valid, result.reason
        assert result.expressivity == str(verdict.expressivity)
        kinds[verdict.certificate.kind] += 1
    needed = {"count", "deficient_rank", "full_rank", "affine_full_rank", "sub_allocation"}
    assert needed <= set(kinds)


# W1 alone, on two of three inputs: a minor and its bounds; rank 2 of 3 points.
AFFINE = tc.Allocation.columns(FF([3, 4, 2]), {"W1": [0, 1]})
FLAT = np.array([[1.5, 0.0, 2.0], [0.25, 1.0, 1.0], [1.75, 1.0, 3.0]])


def affine_certificate() -> Certificate:
    verdict = tc.classify(AFFINE, 3, inputs=FLAT)
    assert (str(verdict.expressivity), verdict.theorem) == ("maximal", "T2")
    assert verdict.certificate is not None
    return verdict.certificate


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"inputs": [[1.5, 0, 2], [0.25, 1, 1], [1.75, 1, 3.5]]},
            "the rank of the inputs is not 2",
        ),
        (
            {"inputs": [[1.5, 0, 2], [3, 0, 4], [4.5, 0, 6]]},
            "the points of the basis are dependent",
        ),
        ({"inputs": [[1.5, 0, 2], [0.25, 1, 1]]}, "inputs need 3 points"),
        ({"inputs": [[1.5, 0, 2], [0.25, 1, 1], [1.75, 1]]}, "a point of the inputs has 3 numbers"),
        ({"inputs": [[1.5, 0, 2], [0.25, 1, 1], [1.75, 1, "3"]]}, "must be finite numbers"),
        ({"inputs": [[1.5, 0, 2], [0.25, 1, 1], [1.75, 1, True]]}, "must be finite numbers"),
        ({"inputs": [[0, 0, 0]] * 3}, "the inputs are all 0"),
        ({"inputs": None}, "inputs need 3 points"),
        ({"basis": [0]}, "the rank of the inputs is not 1"),
        ({"basis": [0, 1, 2]}, "the points of the basis are dependent"),
        ({"basis": [0, 0]}, "the basis lists distinct points"),
        ({"basis": [0, 3]}, "the basis lists distinct points"),
        ({"basis": []}, "the basis lists distinct points"),
        ({"samples": 2}, "inputs need 2 points"),
        ({"network": {"kind": "shallow_relu", "widths": [3, 4, 2]}}, "feed-forward"),
        ({"more": 1}, "unknown key 'more'"),
    ],
)
def test_changed_inputs_are_refused(change: dict[str, Any], reason: str):
    result = tc.check(resealed(affine_certificate(), change))
    assert not result.valid
    assert reason in result.reason


@pytest.mark.parametrize(
    "change",
    [{"inputs": [[1.5, 0, 2], [0.5, 1, 1], [2.0, 1, 3]]}, {"basis": [1, 2]}],
)
def test_evidence_serves_other_inputs_of_which_the_claim_is_true(change: dict[str, Any]):
    data = resealed(affine_certificate(), change)
    result = tc.check(data)
    assert result.valid, result.reason
    assert str(tc.classify(AFFINE, 3, inputs=data["problem"]["inputs"]).expressivity) == "maximal"


def test_nothing_about_random_inputs_passes_for_given_ones():
    certificate = affine_certificate()
    assert not tc.check(replace(certificate, learnable=7))
    data = resealed(certificate, {})
    del data["problem"]["basis"]
    data["digest"] = digest({k: v for k, v in data.items() if k != "digest"})
    assert "given inputs come with a basis" in tc.check(data).reason
    # T3 is about random inputs: on these the rows of W2 decide otherwise.
    generic = tc.classify(tc.Allocation.layer(FF([3, 4, 2]), "W2"), 3).certificate
    assert generic is not None
    assert generic.kind == "degree_count"
    given = resealed(generic, {"inputs": FLAT.tolist(), "basis": [0, 1]})
    assert tc.check(given).reason == "degree_count is about random inputs, here they are given"


# what is refused


@pytest.mark.parametrize(
    ("inputs", "parts"),
    [
        (np.ones((4, 2)), ("inputs", "(points, 3)", "(4, 2)")),
        (np.ones(3), ("inputs", "(points, 3)", "(3,)")),
        (np.ones((3, 3)), ("inputs have 3 points", "4 samples", "give more points")),
        (np.full((4, 3), np.nan), ("inputs[0, 0] is nan", "finite")),
        (np.array([[1.0, 1, 1]] * 3 + [[1, -np.inf, 1]]), ("inputs[3, 1] is -inf", "finite")),
        (np.ones((4, 3), dtype=complex), ("inputs must hold real numbers", "complex128")),
        (np.ones((4, 3), dtype=np.longdouble), ("inputs must hold real numbers", "64 bits")),
        ([["a"] * 3] * 4, ("inputs must hold real numbers",)),
        (np.zeros((4, 3)), ("inputs are all 0 in the first 4 points", "give points")),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs: Any, parts: tuple[str, ...]):
    with pytest.raises(tc.InputError) as caught:
        tc.classify(tc.Allocation.full(FF([3, 2])), 4, inputs=inputs)
    for part in parts:
        assert part in str(caught.value)


def test_other_networks_and_diagnostics_are_refused():
    recurrent = tc.LinearRecurrent(inputs=3, hidden=2, outputs=1, steps=2)
    shallow = tc.ShallowReLU([3, 2, 1])
    for network, end in ((recurrent, "ones$"), (shallow, "ones, or measure on them$")):
        refusal = rf"linear feed-forward networks are.*leave the inputs out.* random {end}"
        with pytest.raises(tc.InputError, match=refusal):
            tc.classify(tc.Allocation.full(network), 2, inputs=DATA)
    with pytest.raises(tc.InputError, match="diagnose tells about random inputs"):
        tc.classify(tc.Allocation.full(FF([3, 2])), 2, inputs=DATA, diagnose=True)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    allocation, data = tmp_path / "a.json", tmp_path / "data.npy"
    save(allocation, AFFINE, 3)
    np.save(data, FLAT)
    return allocation, data


def test_the_command_asks_about_the_points_of_a_file(run: Any, files: tuple[Path, Path]):
    allocation, data = files
    out = allocation.with_name("c.json")
    result = run("classify", allocation, "--inputs", data, "--certificate", out)
    assert (result.status, result.err) == (0, "")
    text = " ".join(result.out.split())
    assert "3 given inputs of rank 2; 8 of 20 weights learnable, 4 needed MAXIMAL" in text
    assert run("check", out).status == 0
    line = json.loads(run("classify", allocation, "--inputs", data, "--json").out)
    assert (line["input_rank"], line["expressivity"]) == (2, "maximal")
    assert json.loads(run("classify", allocation, "--json").out)["expressivity"] == "minimal"
    save(allocation, tc.Allocation.rows(FF([3, 4, 2]), {"W2": [0]}), 3)
    assert "repair" not in run("classify", allocation, "--inputs", data).out


@pytest.mark.parametrize(
    ("array", "parts"),
    [
        (np.ones((3, 2)), ("a.json: inputs", "(points, 3)", "(3, 2)")),
        (FLAT[:2], ("a.json: inputs have 2 points", "give more points or lower samples")),
        (np.full((3, 3), np.nan), ("inputs[0, 0] is nan", "must be finite")),
        (np.array([["a"]]), ("data.npy: the array must hold real numbers",)),
        (b"no array", ("data.npy: array in the file is damaged",)),
        (None, ("data.npy: no such file",)),
    ],
)
def test_a_wrong_file_is_one_line(run: Any, files: tuple[Path, Path], array: Any, parts: Any):
    allocation, data = files
    data.unlink()
    if isinstance(array, bytes):
        data.write_bytes(array)
    elif array is not None:
        np.save(data, array)
    check_one_line(run("classify", allocation, "--inputs", data), *parts)
