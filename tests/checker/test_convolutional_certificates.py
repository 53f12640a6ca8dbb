"""Which certificates speak of convolutional and residual networks, and what is refused."""

from __future__ import annotations

import copy
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests import page_checker
from tests.checker.test_certificates import certificate_of, redigested
from tests.checker.test_convolutional_oracle import (
    Json,
    as_json,
    is_exact,
    problems,
    require_bounds,
)
from tests.checker.test_oracle import claim_of, jacobian, rank
from tests.page_checker.arguments import by_structure
from tests.page_checker.problem import read_problem
from tests.page_checker.ranks import Draws
from theorycheck.certificate_kinds import KINDS, NC, NF, NR, NS
from theorycheck.checker import oracle, oracle_bounds, plain
from theorycheck.checker.arguments import tells_structure
from theorycheck.checker.claim import Claim
from theorycheck.checker.convolution import Layer, layers_of
from theorycheck.checker.separation import require_separated, sees_independent_samples
from theorycheck.errors import CertificateError
from theorycheck.problem.files import problem_to_dict
from theorycheck.ranks.arguments import has_formal_arguments
from theorycheck.ranks.exactness import why_not_exact
from theorycheck.theorems.registry import THEOREMS
from theorycheck.theorems.t11_analytic import THEOREM as T11

FILTER = {"channels": 2, "kernel": 2}


# What is not exact


def convolved(name: Any, layers: list[Json], size: tuple[int, ...] = (1, 3), **more: Any) -> Any:
    return tc.Convolutional(list(size), layers, 1, activation=name, **more)


PADDED = [{"channels": 1, "kernel": 2, "padding": 1}]
TWO = [*PADDED, {"channels": 1, "kernel": 3, "padding": 1}]


@pytest.mark.parametrize(
    ("network", "present", "accepted"),
    [
        (convolved("tanh", PADDED), {}, True),
        (convolved("erf", PADDED), {}, False),
        (convolved("gelu", PADDED), {}, False),
        (convolved(["tanh", "square"], TWO), {}, False),
        (convolved(["tanh", "linear"], TWO), {}, True),
        (convolved(["cube", "square"], TWO), {}, True),
        (convolved(["tanh", "arctan"], TWO), {}, False),
        (convolved(["tanh", "relu"], TWO), {}, False),
        (convolved(["sin", "softplus"], TWO, bias=True), {}, True),
        (convolved("arctan", TWO, bias=True), {}, True),
        # The filter's first offset alone: at the first position it reads padding.
        (convolved("tanh", PADDED), {"W1": [[[1, 0]]]}, True),  # and is fed 0 there
        (convolved("tanh", PADDED, bias=True), {"W1": [[[1, 0]]]}, False),
        (convolved("linear", PADDED, bias=True), {"W1": [[[1, 0]]]}, True),
        (convolved("tanh", PADDED, bias=True), {"W1": [[[1, 0]]], "b1": [0]}, True),
        # Zeros stay 0 behind tanh; behind a sigmoid they are 1/2, the same on all samples.
        (convolved("tanh", TWO), {"W1": [[[0, 0]]]}, True),
        (convolved("sigmoid", TWO), {"W1": [[[0, 0]]]}, False),
        (convolved("sigmoid", TWO), {"W1": [[[0, 0]]], "W2": [[[0, 0, 0]]]}, True),
        (convolved("exp", TWO), {"W1": [[[1, 0]]], "W2": [[[1, 0, 0]]]}, False),
        (convolved("tanh", TWO), {"W1": [[[1, 0]]], "W2": [[[1, 0, 0]]]}, True),
        (convolved("exp", TWO), {"W1": [[[1, 0]]], "W2": [[[1, 1, 0]]]}, False),
        (convolved("exp", TWO), {"W1": [[[1, 0]]], "W2": [[[1, 1, 1]]]}, True),
        (tc.Feedforward([2, 2, 2, 1], activation="erf", skip=True), {}, True),
        (tc.Feedforward([2, 2, 2, 1], activation=["tanh", "erf"], skip=True), {}, False),
        (tc.Feedforward([2, 2, 2, 1], activation="linear", skip=True), {}, True),
        (tc.Feedforward([2, 2, 2, 1], activation=["gelu", "cube"], skip=True), {}, True),
    ],
)  # fmt: skip
def test_what_is_exact(network: Any, present: Json, accepted: bool):
    allocation = tc.Allocation.none(network, present)
    assert is_exact(allocation) == accepted == (why_not_exact(allocation) is None)
    if "relu" not in network.activations and not rank(allocation, 1, "present"):
        return  # it is always 0, and no minor is not
    evidence = {"target_lower": {"by": "minor", "minor": {"rows": [0], "columns": [-1]}}}
    evidence["target_lower"]["minor"]["columns"] = [allocation.n_present - 1]
    data = {**as_json(certificate_of("count nonlinear").to_dict()), "target_dimension": 1,
            "learnable": 0, "problem": as_json(problem_to_dict(allocation, 1)),
            "evidence": evidence}  # fmt: skip
    data = redigested(data)
    assert bool(tc.check(data, seed=3)) == accepted == page_checker.check(data, "3")[0]


def test_a_checker_that_forgets_padding_is_caught(monkeypatch):
    """A unit that sees padding and a bias alone would be taken to read the sample."""
    network = convolved("tanh", PADDED, bias=True)
    allocation = tc.Allocation.none(network, {"W1": [[[1, 0]]]})
    assert not is_exact(allocation)
    monkeypatch.setattr(oracle_bounds, "require_reading", lambda *_: None)
    with pytest.raises(AssertionError):
        test_what_is_exact(network, {"W1": [[[1, 0]]]}, False)


@pytest.mark.parametrize("wrong", ["no way around", "no way back", "positions"])
def test_a_wrong_evaluation_is_caught(monkeypatch, wrong: str):
    if wrong == "positions":
        reads = layers_of(convolved("tanh", PADDED))[0].reads
        turned = [list(reversed(read)) for read in reads]
        monkeypatch.setattr(Layer, "reads", turned)
        network = convolved("square", PADDED)
    else:
        network = tc.Feedforward([2, 2, 2, 1], activation="square", skip=True)
        if wrong == "no way around":
            monkeypatch.setattr(oracle, "residual_layers", lambda network: set())
        else:
            monkeypatch.setattr(plain, "sums", lambda one, other, p: one)
    claim = claim_of(tc.Allocation.full(network), 2)
    draws, problem = Draws(claim.context.key), read_problem(**as_json(claim.problem))
    columns = draws.jacobian(problem, 0, problem.presents)
    assert [list(row) for row in zip(*columns, strict=True)] != jacobian(claim, "present", 0)


def test_a_bound_that_forgets_ways_around_or_positions_is_noticed(monkeypatch):
    forms = oracle_bounds._forms

    def without(claim: Claim) -> Any:
        return [form._replace(uses=1, window=1, is_residual=False) for form in forms(claim)]

    monkeypatch.setattr(oracle_bounds, "_forms", without)
    with pytest.raises(AssertionError):
        require_bounds()


# Which certificates speak of them


@pytest.mark.long
def test_certificates_of_random_allocations_are_accepted_by_both_checkers():
    seen, rng = Counter(), np.random.default_rng(0)
    for allocation, m in problems(90, seed=8):
        for theorems in (THEOREMS, [T11]):
            certificate = tc.classify(allocation, m, theorems=theorems).certificate
            if certificate is None:
                continue
            data = as_json(certificate.to_dict())
            for changed in (data, *changes(data, rng)):
                ours, page = tc.check(changed, seed=4), page_checker.check(changed, "4")
                assert bool(ours) == page[0], (changed, ours.reason, page)
                assert ours or changed is not data, (data, ours.reason)
            seen[data["kind"]] += 1
    assert {"count", "deficient_rank", "full_rank", "full", "readout_rank"} <= seen.keys()


def changes(data: Json, rng: np.random.Generator) -> Iterator[Json]:
    """The same evidence about other sizes, without a way around or with other padding."""
    network = data["problem"]["network"]
    others = [{**network, "skip": not network.get("skip", False)}]
    others += [
        {**network, "bias": not network.get("bias", False)},
        {**network, "activation": "erf"},
    ]
    for number in range(len(network.get("layers", []))):
        for key in ("kernel", "stride", "padding", "pool", "channels"):
            changed = copy.deepcopy(network)
            changed["layers"][number][key] = int(rng.integers(-1, 4))
            others += [changed]
        more = copy.deepcopy(network)
        more["layers"][number] |= {"pool": [1] * (len(network["input"]) - 1), "dilation": 1}
        others += [more]
    for other in rng.permutation(len(others))[:4]:
        yield redigested({**data, "problem": {**data["problem"], "network": others[other]}})


def test_the_bound_by_widths_is_for_networks_without_ways_around():
    """A residual network moves in more dimensions than its widths and ranks would allow."""
    network = tc.Feedforward([2, 2, 2], activation="tanh", skip=True)
    certificate = tc.classify(tc.Allocation.full(network), 1, theorems=[T11]).certificate
    assert certificate is not None
    data = as_json(certificate.to_dict())
    assert tc.check(data)
    data["evidence"]["target_upper"] = {"by": "widths"}
    changed = redigested({**data, "error_bound": 0})
    assert "D from above" in tc.check(changed).reason
    assert page_checker.check(changed) == (False, "malformed: KeyError('widths')")


LAYERED = sorted(
    kind.name
    for kind in KINDS.values()
    if not kind.parametrised
    and any({NF, NR} & {*scope.networks} for scope in kind.scopes)
    and not any({NS, NC} & {*scope.networks} for scope in kind.scopes)
)


def test_which_kinds_speak_of_shared_filters_and_ways_around():
    """Nothing comes in because a kind speaks of feed-forward networks."""
    speaking = {
        name: {kind.name for kind in KINDS.values() for s in kind.scopes if name in s.networks}
        for name in (NS, NC)
    }
    assert speaking[NS] == speaking[NC] == {
        "full", "sub_allocation", "count", "deficient_rank", "full_rank", "readout_rank",
        "real_deficient_rank", "real_full_rank", "real_readout_rank",
    }  # fmt: skip
    assert {"odd_degree", "witness", "piecewise_point", "solving_order"} <= {*LAYERED}


@pytest.mark.parametrize("name", LAYERED)
def test_other_kinds_are_refused(name: str):
    """They rest on values that are what activations give, of units that share no weights."""
    data = as_json(certificate_of(name).to_dict())
    network = {"kind": "convolutional", "input": [1, 2], "layers": [FILTER], "outputs": 1,
               "activation": "tanh"}  # fmt: skip
    learnable = {"W1": [[[1, 1]], [[1, 1]]], "W2": [[1, 0]]}
    changed = {**data, "problem": {"network": network, "samples": 2, "learnable": learnable}}
    changed = redigested({**changed, "learnable": 5})
    assert "not convolutional ones" in tc.check(changed).reason
    assert page_checker.check(changed) == (False, "theorem and network")
    for activation in ("tanh", "square", "relu"):
        network = {"kind": "feedforward", "widths": [2, 2, 1], "activation": activation,
                   "skip": True}  # fmt: skip
        learnable = {"W1": [[1, 1], [1, 1]], "W2": [[1, 0]]}
        changed = {**data, "problem": {"network": network, "samples": 2, "learnable": learnable}}
        changed = redigested({**changed, "learnable": 5})
        assert "not residual feed-forward ones" in tc.check(changed).reason
        assert page_checker.check(changed) == (False, "theorem and network")


@pytest.mark.parametrize(
    ("network", "is_formal"),
    [
        (tc.Feedforward([2, 2, 1], activation="tanh"), True),
        (tc.Feedforward([2, 2, 1], activation="tanh", skip=True), False),
        (convolved("tanh", PADDED, (1, 2)), False),
    ],
)
def test_residues_tell_which_arguments_are_equal(network: Any, is_formal: bool):
    """Formal sums are compared weight by weight: here weights add up, and so may values."""
    claim = claim_of(tc.Allocation.full(network), 2)
    assert tells_structure(claim, ["tanh"]) == is_formal == has_formal_arguments(network)
    assert by_structure(read_problem(**as_json(claim.problem))) == is_formal
    places = oracle.known_places(claim)
    assert (places is not None) == is_formal
    assert len(oracle.Draws(claim, 0, places).primes) == 2 - is_formal
    claim.inputs = [[1, 0], [0, 1]]
    assert sees_independent_samples(claim) == is_formal
    if not is_formal:
        with pytest.raises(CertificateError):
            require_separated(claim)


@pytest.mark.parametrize("skip", [True, "true", 1, None])
def test_skip_is_said_only_where_there_is_a_way_around(skip: Any):
    network = {"kind": "feedforward", "widths": [1, 2, 3], "activation": "tanh", "skip": skip}
    data = as_json(certificate_of("full nonlinear").to_dict())
    problem = {"network": network, "samples": 1, "learnable": {}}
    changed = redigested({**data, "problem": problem, "learnable": 0})
    reason = tc.check(changed).reason
    assert "without skip" in reason or "true or false" in reason
    assert not page_checker.check(changed)[0]


def test_given_inputs_are_refused_unless_all_is_polynomial():
    """And where the first layer adds them: the factor that makes them integers is not taken up."""
    cases = [
        (tc.Convolutional([1, 2], [FILTER], 1, activation="tanh"), False),
        (tc.Convolutional([1, 2], [FILTER], 1, activation="square"), True),
        (tc.Feedforward([2, 3, 3, 1], activation="tanh", skip=True), False),
        (tc.Feedforward([2, 3, 3, 1], activation="square", skip=True), True),
        (tc.Feedforward([2, 2, 1], activation="square", skip=True), False),
        (tc.Feedforward([2, 3, 3, 1], activation="tanh"), True),
    ]
    for network, accepted in cases:
        allocation = tc.Allocation.none(network)
        problem = {**as_json(problem_to_dict(allocation, 1)), "inputs": [[0.5, 3]]}
        minor = {"rows": [0], "columns": [network.n_weights - 1]}
        data = {**as_json(certificate_of("count nonlinear").to_dict()), "target_dimension": 1,
                "evidence": {"target_lower": {"by": "minor", "minor": minor}},
                "learnable": 0, "problem": problem}  # fmt: skip
        data = redigested(data)
        assert bool(tc.check(data)) == accepted == page_checker.check(data)[0], network


def layers(*sizes: Json) -> list[Json]:
    return [{"channels": 1, "kernel": 1, **size} for size in sizes]


WIDE, LONG = 2**30, 2**29


@pytest.mark.parametrize(
    ("size", "given", "samples"),
    [
        ([1, WIDE], layers({}), 1),
        ([WIDE, WIDE, WIDE], layers({"channels": WIDE}), WIDE),
        ([1, 4, 4], layers({"kernel": LONG, "padding": LONG - 1}), 1),
        ([1, 4], layers({"channels": 2**20}, {"channels": 2**20, "kernel": 4}), 1),
        ([1, 3000], layers({"kernel": 1500, "padding": 1400}), 50),
        ([1, 300, 300], layers({"kernel": 30}, {"kernel": 30}), 1),
        ([1, 300], layers(*[{"channels": 30, "kernel": 9, "padding": 4}] * 40), 300),
        pytest.param([1, 1], layers(*[{}] * 20_000), 1, marks=pytest.mark.long),
    ],
)
def test_what_is_too_large_is_given_up_at_once(size: list[int], given: Any, samples: int):
    """A few hundred bytes may ask for anything; memory and time are asked for before."""
    network = {"kind": "convolutional", "input": size, "layers": given, "outputs": 1}
    problem = {"network": {**network, "activation": "tanh"}, "samples": samples, "learnable": {}}
    minor = {"rows": [0], "columns": [0]}
    evidence = {"target_lower": {"by": "minor", "minor": minor}}
    data = {**as_json(certificate_of("count nonlinear").to_dict()), "learnable": 0}
    data |= {"problem": problem, "evidence": evidence, "target_dimension": 1}
    deep = {**data, "kind": "deficient_rank", "rank": 0, "error_bound": 1e-10}
    for each in (data, deep):
        tracemalloc.start()
        result = tc.check(redigested(each), seconds=3)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert result.is_limited or not result
        assert peak < 2**29
