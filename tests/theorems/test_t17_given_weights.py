"""T17: frozen weights that are given, against ranks over the rationals and real ranks."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp
from typer.testing import CliRunner

import theorycheck as tc
from tests import page_checker
from tests.checker.test_certificates import EXAMPLES, certificate_of, redigested
from tests.page_checker.checker import with_weights
from tests.problem.test_unrolled import DIRECT
from theorycheck.certificate_kinds import KINDS
from theorycheck.cli.app import app
from theorycheck.problem.files import problem_from_dict
from theorycheck.problem.networks.kinds import network_from_dict
from theorycheck.ranks.given_points import given_points
from theorycheck.ranks.given_weights import given_weights
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS

SPECIAL = (-1.0, 0.0, 0.0, 1.0, 1.0, 2.0, 0.5)
ASKED = {"T0", "T1", "T2", "T6", "T11", "T12"}


def rank_of(rows: list[list[Any]]) -> int:
    """Over the rationals."""
    rows, rank = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((k for k in range(rank, len(rows)) if rows[k][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for k in range(rank + 1, len(rows)):
            factor = rows[k][column] / rows[rank][column]
            if factor:
                rows[k] = [x - factor * y for x, y in zip(rows[k], rows[rank], strict=True)]
        rank += 1
    return rank


class Dual:
    """A number with its derivatives, of any arithmetic; activations are methods, as NumPy asks."""

    def __init__(self, value: Any, slopes: Any) -> None:
        self.value, self.slopes = value, slopes

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.slopes + other.slopes)
        return Dual(self.value + other, self.slopes)

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            slopes = self.slopes * other.value + other.slopes * self.value
            return Dual(self.value * other.value, slopes)
        return Dual(self.value * other, self.slopes * other)

    def __truediv__(self, other: int) -> Dual:
        return Dual(self.value / other, self.slopes / other)

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self) -> Dual:
        value = mp.tanh(self.value)
        return Dual(value, self.slopes * (1 - value * value))

    def sin(self) -> Dual:
        return Dual(mp.sin(self.value), self.slopes * mp.cos(self.value))


def jacobian(
    allocation: tc.Allocation, samples: int, given: dict[str, Any], which: str, seed: int,
    inputs: Any, number: Any,
) -> list[list[Any]]:  # fmt: skip
    """The derivatives by all `which` weights, from the definition of the network.

    At random integers, the given values in place of frozen ones; `number` makes them exact ones.
    """
    network, rng = allocation.network, np.random.default_rng(seed)
    masks = [(name, index) for name, mask in allocation.masks(which)
             for index in map(tuple, np.argwhere(mask).tolist())]  # fmt: skip
    places = {entry: k for k, entry in enumerate(masks)}
    weights = {}
    for name, shape in network.weight_shapes.items():
        values = rng.integers(-(10**6), 10**6, shape) / 2**18
        if name in given and which == "learnable":
            values = np.where(allocation.mask(name), values, given[name])
        values = values * allocation.present_mask(name)
        weights[name] = np.empty(shape, dtype=object)
        for index, value in np.ndenumerate(values):
            slopes = np.full(len(masks), number(0.0), dtype=object)
            if (name, index) in places:
                slopes[places[name, index]] = number(1.0)
            weights[name][index] = Dual(number(float(value)), slopes)
    shape = (network.steps, network.inputs, samples)
    points = rng.integers(-(10**6), 10**6, shape) / 2**18
    if inputs is not None:
        points = np.asarray(inputs, dtype=float).reshape(samples, *shape[:2]).transpose(1, 2, 0)
    points = np.vectorize(number, otypes=[object])(points)
    outputs = DIRECT[network.kind](network, weights, points if network.is_recurrent else points[0])
    return [output.slopes.tolist() for output in outputs.ravel()]


def rational_rank(
    allocation: tc.Allocation, samples: int, given: dict[str, Any], which: str, seed: int,
    inputs: Any = None,
) -> int:  # fmt: skip
    """Of a network of polynomials, never larger than the generic one."""
    return rank_of(jacobian(allocation, samples, given, which, seed, inputs, Fraction))


def special_weights(allocation: tc.Allocation, rng: np.random.Generator) -> dict[str, Any]:
    """Values full of coincidences: zeros, equal and opposite rows, orthogonal ones."""
    found = {}
    for name, shape in allocation.network.weight_shapes.items():
        if rng.random() < 0.15:
            continue
        values = rng.choice(SPECIAL, shape)
        if len(values) > 1 and rng.random() < 0.3:
            values[1] = values[0] * rng.choice([1.0, -1.0, 2.0])
        if rng.random() < 0.1:
            values = np.zeros(shape)
        if rng.random() < 0.2:
            values = rng.normal(size=shape)
        found[name] = values * allocation.present_mask(name)
    return found


def random_allocation(network: Any, rng: np.random.Generator) -> tc.Allocation:
    shapes = network.weight_shapes
    share = rng.uniform(0.3, 0.9)
    present = None
    if rng.random() < 0.3:
        present = {name: rng.random(shape) < 0.8 for name, shape in shapes.items()}
    masks = {name: rng.random(shape) < share for name, shape in shapes.items()}
    masks = {
        name: mask if present is None else mask & present[name] for name, mask in masks.items()
    }
    return tc.Allocation(network, {n: m for n, m in masks.items() if m.any()}, present)


def random_network(rng: np.random.Generator, kind: str) -> Any:
    """Feed-forward, residual, recurrent or convolutional."""
    bias, form = bool(rng.random() < 0.3), rng.integers(6)
    if form == 0:
        sizes = [*rng.integers(1, 3, 3).tolist(), int(rng.integers(1, 4))]
        names = ("inputs", "hidden", "outputs", "steps")
        recurrent: dict[str, Any] = dict(zip(names, sizes, strict=True))
        recurrent["readout"] = str(rng.choice(["final", "all"]))
        if kind == "linear":
            return network_from_dict({**recurrent, "kind": "linear_recurrent"})
        return network_from_dict(
            {**recurrent, "kind": "recurrent", "activation": kind, "bias": bias}
        )
    widths = rng.integers(1, 4, rng.integers(2, 5)).tolist()
    if kind == "linear":
        return tc.LinearFeedforward(widths, bias=bias)
    if form == 1:
        pool = {"channels": 2, "kernel": 2, "pool": int(rng.integers(1, 3))}
        return tc.Convolutional([1, 4], [pool], 2, activation=kind, bias=bias)
    widths = [*widths, 2] if len(widths) < 3 else widths[:4]
    if form == 2:
        return tc.Feedforward([2, 2, *widths[2:]], activation=kind, bias=bias, skip=True)
    return tc.Feedforward(widths, activation=kind, bias=bias)


def random_problem(seed: int, kind: str) -> tuple[tc.Allocation, int, dict[str, Any], Any]:
    rng = np.random.default_rng([seed, 17])
    network = random_network(rng, kind)
    allocation, m = random_allocation(network, rng), int(rng.integers(1, 4))
    inputs, is_plain = (
        None,
        network.kind.endswith("feedforward") and not getattr(network, "skip", False),
    )
    if (is_plain or network.kind == "recurrent") and rng.random() < 0.4:
        shape = (m, network.steps * network.inputs)
        inputs = rng.integers(-2, 3, shape) / rng.choice([1, 2])
        inputs[0, 0] = 1
    return allocation, m, special_weights(allocation, rng), inputs


def verdict_fits(seed: int, kind: str) -> str:
    """The class found, after comparing it with ranks over the rationals."""
    allocation, m, given, inputs = random_problem(seed, kind)
    verdict = tc.classify(
        allocation, m, inputs=inputs, weights=given, effort=tc.Effort(seconds=5, degree=20)
    )
    count = dict(allocation.counts)
    rank = max(
        (rational_rank(allocation, m, given, "learnable", seed + k, inputs) for k in range(2)),
        default=0,
    ) if count else 0  # fmt: skip
    target = max(rational_rank(allocation, m, {}, "present", seed + k, inputs) for k in range(2))
    words = f"{seed}, {kind}: {verdict.expressivity} ({verdict.reason}), rank {rank} of {target}"
    found = str(verdict.expressivity)
    assert found == "undecided" or (found == "minimal") == (rank < target), words
    if verdict.certificate is not None:
        result = tc.check(verdict.certificate)
        assert result, (words, result.reason)
        forged = forgery(verdict.certificate, rank < target)
        assert not tc.check(forged), words
    return found


def forgery(certificate: tc.Certificate, is_minimal: bool) -> dict[str, Any]:
    """The same evidence for the other claim."""
    other = "maximal" if is_minimal else "minimal"
    return redigested(replace(certificate, expressivity=other).to_dict())


def test_t17_linear_networks_agree_with_ranks_over_the_rationals():
    found = {verdict_fits(seed, "linear") for seed in range(60)}
    assert found >= {"minimal", "maximal"}


def test_t17_cubic_networks_agree_with_ranks_over_the_rationals():
    found = {verdict_fits(seed, "cube") for seed in range(25)}
    assert "minimal" in found


def real_rank(
    allocation: tc.Allocation, samples: int, given: dict[str, Any], seed: int, inputs: Any
) -> int:
    """The rank at random reals of 60 digits: never larger than the generic one."""
    return numeric_rank(jacobian(allocation, samples, given, "learnable", seed, inputs, mp.mpf))


def numeric_rank(rows: list[list[Any]]) -> int:
    """By elimination with complete pivoting, in 60 digits: what is below 1e-40 is 0."""
    left, rank = [list(row) for row in rows], 0
    while left and left[0]:
        size, i, j = max((abs(x), i, j) for i, row in enumerate(left) for j, x in enumerate(row))
        if size < mp.mpf(10) ** -40:
            break
        pivot = left.pop(i)
        rank += 1
        left = [
            [x - row[j] / pivot[j] * y for k, (x, y) in enumerate(zip(row, pivot, strict=True))
             if k != j]
            for row in left
        ]  # fmt: skip
    return rank


def oracle_bounds_true_rank(seed: int, kind: str) -> bool:
    """Whether the oracle's rank is the true one; it is never smaller."""
    allocation, m, given, inputs = random_problem(seed, kind)
    if not allocation.counts:
        return True
    verdict = tc.classify(allocation, m, inputs=inputs, weights=given, theorems=by_rank())
    analysis = Analysis(allocation, m)
    weights = given_weights(allocation, given)
    points = None if inputs is None else given_points(allocation.network, m, inputs)
    analysis = replace(analysis, weights=weights, given=points)
    with mp.workdps(60):
        true = max(real_rank(allocation, m, given, seed + k, inputs) for k in range(2))
    assert true <= analysis.rank.value or true <= analysis.target.value == analysis.rank.value, seed
    if str(verdict.expressivity) == "minimal":
        assert true < analysis.target.value == verdict.target_dimension, seed
    else:
        is_claimed = verdict.theorem is not None and verdict.given_weights
        assert not is_claimed, "nothing else is claimed of the oracle's rank"
    return true == analysis.rank.value


def by_rank() -> list[Any]:
    return [theorem for theorem in THEOREMS if theorem.id in ("T1", "T11")]


@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "sin"])
def test_t17_true_ranks_are_never_above_those_of_the_oracle(kind: str):
    assert any(oracle_bounds_true_rank(seed, kind) for seed in range(6))


@pytest.mark.parametrize("kind", ["linear", "cube", "tanh"])
def test_both_checkers_agree_on_given_weights_and_on_changed_ones(kind: str):
    verdicts = set()
    for seed in range(30):
        allocation, m, given, inputs = random_problem(seed, kind)
        effort = tc.Effort(seconds=5, degree=20)
        found = tc.classify(allocation, m, inputs=inputs, weights=given, effort=effort)
        if found.certificate is None:
            continue
        data = json.loads(json.dumps(found.certificate.to_dict()))
        for changed in (data, changed_weight(data, seed), without_weights(data)):
            ours, other = tc.check(changed, seed=20), page_checker.check(changed, "20")
            assert bool(ours) == other[0], (seed, ours.reason, other[1])
            verdicts.add((changed is data, bool(ours)))
    assert verdicts == {(True, True), (False, True), (False, False)}


def changed_weight(data: dict[str, Any], seed: int) -> dict[str, Any]:
    """One of the given numbers, or of those that are not given, is another."""
    data, rng = copy.deepcopy(data), random.Random(seed)
    holder: Any = data["problem"].get("weights")
    if not holder:
        return data
    key = rng.choice(sorted(holder))
    while isinstance(holder[key], list):
        holder, key = holder[key], rng.randrange(len(holder[key]))
    holder[key] = rng.choice([None, 0.0, 1.0, -2.5, 3, 1e300, 5e-324, 2**60, "x", True])
    return redigested(data)


def without_weights(data: dict[str, Any]) -> dict[str, Any]:
    data = copy.deepcopy(data)
    data["problem"].pop("weights", None)
    return redigested(data)


def test_kinds_that_do_not_speak_of_given_weights_refuse_them():
    """A right certificate of every other kind, with weights added that change nothing it knows."""
    refused = set()
    for name in EXAMPLES:
        data = certificate_of(name).to_dict()
        others = ("inputs", "basis", "forms")
        plain = {key: value for key, value in data["problem"].items() if key not in others}
        allocation, _ = problem_from_dict(plain)
        frozen = {
            weight: [[None] * mask.shape[1] for _ in mask]
            for weight, mask in allocation.masks("learnable")
            if mask.ndim == 2
        }
        data["problem"]["weights"] = frozen
        result, page = (
            tc.check(redigested(data), seed=20),
            page_checker.check(redigested(data), "20"),
        )
        assert bool(result) == page[0], (name, result.reason)
        assert KINDS[data["kind"]].weights or not result, name
        refused |= set() if result else {data["kind"]}
    of_weights = {name for name, kind in KINDS.items() if not kind.parametrised}
    assert refused >= {name for name in of_weights if not KINDS[name].weights}


def test_the_page_tells_which_kinds_speak_of_given_weights():
    assert with_weights() == {name for name, kind in KINDS.items() if kind.weights}


def test_weights_added_or_dropped_without_a_new_digest_are_refused():
    network = tc.LinearFeedforward([2, 3, 2])
    allocation = tc.Allocation.layer(network, "W2")
    equal = {"W1": [[1, 2], [1, 2], [1, 2]]}
    verdict = tc.classify(allocation, 2, weights=equal)
    assert (verdict.expressivity, verdict.given_weights) == (tc.Expressivity.MINIMAL, 6)
    assert verdict.certificate is not None
    data = verdict.certificate.to_dict()
    assert data["problem"]["weights"] == equal
    assert tc.check(data)
    dropped = {**data, "problem": {k: v for k, v in data["problem"].items() if k != "weights"}}
    assert "digest" in tc.check(dropped).reason
    # With a digest of its own, it claims something false: random weights are matched.
    assert not tc.check(redigested(dropped))
    usual = tc.classify(allocation, 2, theorems=by_rank()).certificate
    assert usual is not None
    added = usual.to_dict()
    added["problem"]["weights"] = equal
    assert "digest" in tc.check(added).reason
    assert not tc.check(redigested(added))


def test_theorems_that_need_random_weights_are_not_asked():
    network = tc.LinearFeedforward([2, 3, 2])
    analysis = Analysis(tc.Allocation.layer(network, "W2"), 2)
    given = replace(analysis, weights=given_weights(analysis.allocation, {"W1": np.ones((3, 2))}))
    speaking = {theorem.id for theorem in THEOREMS if theorem.ask(analysis) is not None}
    asked = {theorem.id for theorem in THEOREMS if theorem.obstacle(given) is None}
    assert {"T3", "T4", "T9"} <= speaking
    assert {theorem.id for theorem in THEOREMS if theorem.on_given_weights} == ASKED
    assert asked <= ASKED
    explained = tc.explain(given.allocation, 2, weights={"W1": np.ones((3, 2))})
    words = "it is about frozen weights that are random, and here they are given"
    refusing = {one.theorem for one in explained.opinions if one.obstacle == words}
    assert refusing == {theorem.id for theorem in THEOREMS} - ASKED
    assert (explained.verdict.theorem, explained.diagnostics) == ("T1", None)


def test_the_reason_names_what_is_special():
    network = tc.LinearFeedforward([3, 4, 4, 2])
    allocation = tc.Allocation.layer(network, "W3")
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(4, 3)), rng.normal(size=(4, 4))
    second[2:] = second[:2]
    reason = tc.classify(allocation, 3, weights={"W1": first, "W2": second}).reason
    assert "W2 alone: rows 0, 2 of W2 are equal, rows 1, 3 of W2 are equal" in reason
    second = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]])
    orthogonal = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1]])
    reason = tc.classify(allocation, 3, weights={"W1": orthogonal, "W2": second}).reason
    assert "the product W2 W1 has rank 1, not 2" in reason
    tanh = tc.Feedforward([2, 3, 1], activation="tanh")
    allocation = tc.Allocation.layer(tanh, "W2")
    reason = tc.classify(allocation, 3, weights={"W1": [[1, 2], [-1, -2], [2, 4]]}).reason
    assert "rows 0, 1 of W1 are opposite" in reason
    assert "proportional" not in reason


def test_names_left_out_and_learnable_entries_are_random():
    network = tc.LinearFeedforward([2, 2, 2])
    allocation = tc.Allocation(network, {"W1": [[1, 1], [1, 0]], "W2": [[1, 1], [1, 1]]})
    some = tc.classify(allocation, 2, weights={"W1": [[9, 9], [9, 0]]})
    other = tc.classify(allocation, 2, weights={"W1": [[1, 2], [3, 0]], "W2": np.zeros((2, 2))})
    assert some.certificate is not None
    assert other.certificate is not None
    assert some.certificate.problem == other.certificate.problem
    whole = tc.classify(tc.Allocation.full(network), 2, weights={"W1": np.zeros((2, 2))})
    assert whole.certificate is not None
    assert "weights" not in whole.certificate.problem


@pytest.mark.parametrize("activation", ["relu", "exp", "softplus"])
def test_what_is_not_covered_says_so(activation: Any):
    network = tc.Feedforward([2, 3, 2], activation=activation)
    verdict = tc.classify(tc.Allocation.layer(network, "W2"), 2, weights={"W1": np.ones((3, 2))})
    assert verdict.certificate is None
    assert "weights" in verdict.reason


def test_equal_units_move_outputs_alike_whatever_families_are_mixed():
    """Hidden units that are all equal leave one number of each row of W2."""
    network = tc.Feedforward([2, 3, 3, 2], activation=["tanh", "erf"])
    verdict = tc.classify(tc.Allocation.layer(network, "W2"), 2, weights={"W1": np.ones((3, 2))})
    assert verdict.expressivity.value == "minimal"
    assert verdict.certificate is not None
    assert verdict.certificate.evidence["rank"] == 3


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ({"W9": [[1]]}, "W9"),
        ({"W1": [[1, 2]]}, "shape"),
        ({"W1": [[1, 2], [3, np.inf], [1, 2]]}, "finite"),
        ([[1, 2]], "weight names"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights: Any, reason: str):
    allocation = tc.Allocation.layer(tc.LinearFeedforward([2, 3, 2]), "W2")
    with pytest.raises(tc.InputError, match=reason):
        tc.classify(allocation, 2, weights=weights)


def test_classify_reads_a_file_of_weights(tmp_path: Path):
    network = tc.LinearFeedforward([2, 3, 2])
    problem, weights, out = (tmp_path / name for name in ("a.json", "w.npz", "c.json"))
    tc.save(problem, tc.Allocation.layer(network, "W2"), 2)
    np.savez(weights, W1=np.ones((3, 2)))
    arguments = ["classify", str(problem), "--weights", str(weights), "--certificate", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, "MINIMAL" in result.output) == (0, True)
    assert "6 of 12 weights learnable, 6 given" in result.output
    assert tc.check(json.loads(out.read_text()))
    np.savez(weights, W7=np.ones((3, 2)))
    assert CliRunner().invoke(app, arguments[:4]).exit_code == 2


@pytest.mark.torch
def test_weights_of_a_torch_module():
    torch = pytest.importorskip("torch")
    hidden = torch.nn.Linear(2, 3)
    module = torch.nn.Sequential(hidden, torch.nn.Tanh(), torch.nn.Linear(3, 1))
    hidden.requires_grad_(False)
    allocation = tc.Allocation.from_torch(module)
    weights = allocation.weights_from_torch(module)
    assert weights.keys() == {"W1", "b1", "W2", "b2"}
    np.testing.assert_array_equal(weights["W1"], hidden.weight.numpy().astype(float))
    prune = pytest.importorskip("torch.nn.utils.prune")
    prune.custom_from_mask(hidden, "weight", torch.eye(3, 2))
    sparse = tc.Allocation.from_torch(module)
    pruned = sparse.weights_from_torch(module)["W1"]
    np.testing.assert_array_equal(pruned, weights["W1"] * np.eye(3, 2))
    with pytest.raises(tc.InputError, match="is not pruned"):
        tc.Allocation(sparse.network, {}, {"W1": np.eye(3, 2)[::-1]}).weights_from_torch(module)


def test_integers_that_are_no_floats_are_refused():
    """det W1 = -1, but rounded to floats both rows are equal."""
    big = 2**53
    readout = tc.Allocation.layer(tc.LinearFeedforward([2, 2, 2]), "W2")
    with pytest.raises(tc.TheorycheckError, match=r"W1.*at most 2\^53"):
        tc.classify(readout, 2, weights={"W1": np.array([[big, 1], [big + 1, 1]])})


def test_given_numbers_of_any_size_are_answered():
    """Their squares are no floats."""
    network = tc.Feedforward([3, 4, 4, 2], activation=["tanh", "erf"])
    inputs = np.random.default_rng(0).normal(size=(6, 3)) * 1e200
    tc.classify(tc.Allocation.layer(network, "W2"), 4, inputs=inputs)


def test_a_trained_readout_on_given_tanh_features_is_maximal_unless_they_depend():
    """On real points: the oracle alone would prove no positive class at given weights."""
    network, generator = tc.Feedforward([3, 4, 2], activation="tanh"), np.random.default_rng(3)
    readout = tc.Allocation.layer(network, "W2")
    rows = generator.normal(size=(4, 3))
    verdict = tc.classify(readout, 4, weights={"W1": rows})
    assert verdict.certificate is not None
    kind = verdict.certificate.kind
    assert (verdict.expressivity.value, kind) == ("maximal", "real_readout_rank")
    assert tc.check(verdict.certificate)
    rows[3] = -rows[0]
    assert tc.classify(readout, 4, weights={"W1": rows}).expressivity.value == "minimal"
