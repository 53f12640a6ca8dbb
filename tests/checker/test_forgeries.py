"""Certificates that somebody made on purpose: lucky draws, other networks, old versions."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.checker.test_certificates import EXAMPLES, certificate_of, redigested
from theorycheck.certificate_kinds import KINDS, NC, NF, NR, NS, F, R, S
from theorycheck.certificates import digest
from theorycheck.checker import plain
from theorycheck.computing.effort import Effort
from theorycheck.problem.files import load, problem_from_dict, problem_to_dict

pytestmark = pytest.mark.long

FF, LR, RELU = tc.LinearFeedforward, tc.LinearRecurrent, tc.ShallowReLU
FOUND = Path(__file__).parents[1] / "known" / "found"
NO_DEGREES = Effort(seconds=0)
CHAIN = {  # W1 reaches the output unless one of 29 frozen weights is 0
    "network": {"kind": "linear_feedforward", "widths": [1] * 31},
    "samples": 1,
    "learnable": {"W1": [[1]]},
}


def certificate(kind: str, problem: dict[str, Any], evidence: Any, **claim: Any) -> dict[str, Any]:
    """A certificate of this kind with a digest that fits; theorem and class are its only ones."""
    row = KINDS[kind]
    if "learnable" not in claim:
        alone = {k: v for k, v in problem.items() if k not in ("inputs", "basis")}
        claim["learnable"] = problem_from_dict(alone).allocation.n_learnable
    data = {
        "kind": kind,
        "version": 2,
        "theorem": row.scopes[0].theorem,
        "expressivity": row.classes[0],
        "learnable": 0,
        "rank": None,
        "target_dimension": None,
        "error_bound": 0,
        **claim,
        "problem": problem,
        "evidence": evidence,
    }
    return redigested(data)


def refused(data: Any, reason: str = "", **options: Any) -> None:
    result = tc.check(data, **options)
    assert not result
    assert reason in result.reason, result.reason
    assert "\n" not in result.reason
    assert "malformed" not in result.reason or not reason


# Old files, and what they would say today


@pytest.mark.parametrize("name", ["forged_minimal_rank_trials", "forged_relu_count"])
def test_a_certificate_of_version_1_is_refused_in_one_line(name):
    data = json.loads((FOUND / f"{name}.json").read_text())
    refused(data, "version 1 of a certificate")
    refused(data, "classify again: theorycheck classify")
    refused(redigested({**data, "version": 2}))


def chain_claims() -> Iterator[dict[str, Any]]:
    """The file of 31 widths of 1 in every way that format 2 could be told lucky trials."""
    old = json.loads((FOUND / "forged_minimal_rank_trials.json").read_text())
    lower = {"target_lower": {"by": "closed form"}}
    claim = {"rank": 0, "target_dimension": 1, "error_bound": 1e-10}
    for more in ({}, {"seed": 0}, {"trials": old["evidence"]["trials"]}, {"trials": [85199]}):
        yield certificate("deficient_rank", CHAIN, {**lower, **more}, **claim)
    yield redigested({**old, "version": 2, "kind": "deficient_rank"})
    problem = {**CHAIN, "seed": 0}
    yield redigested({**old, "version": 2, "kind": "deficient_rank", "problem": problem})
    upper = {"minor": {"rows": [], "columns": []}, "target_upper": old["evidence"]["trials"]}
    upper["target_upper"] = {"by": "trials", "error_bound": 1e-10}
    zero = {"rank": 0, "target_dimension": 0, "error_bound": 1e-10}
    yield certificate("affine_full_rank", CHAIN, upper, **zero)


def test_lucky_trials_of_the_chain_are_of_no_use():
    """Three trials in 300,000 have rank 0: the file names them, the check draws its own."""
    old = json.loads((FOUND / "forged_minimal_rank_trials.json").read_text())
    for trial in old["evidence"]["trials"]["trials"]:
        assert chain_product("0", trial["trial"]) == 0
    for data in chain_claims():
        for seed in (None, *range(10)):
            refused(data, seed=seed)


# Grinding: chain, and the primes between 2^22 and 2^23 as a table


def primes_up_to(n: int) -> np.ndarray:
    sieve = np.ones(n, dtype=bool)
    sieve[:2] = False
    for i in range(2, math.isqrt(n) + 1):
        if sieve[i]:
            sieve[i * i :: i] = False
    return sieve


PRIMES = primes_up_to(2**23)


def chain_product(key: str, trial: int) -> int:
    """Which multiple of W1 the output of the chain is, modulo the prime of a trial."""
    start = f"theorycheck/{key}/{trial}/"
    stream = hashlib.shake_256(f"{start}prime".encode())
    p = 0
    for count in (64, 4096):  # 64 words mostly hold a prime
        words = struct.unpack(f"<{count}Q", stream.digest(8 * count))
        p = p or next((c for c in (2**22 + word % 2**22 for word in words) if PRIMES[c]), 0)
        if p:
            break
    product = 1
    for layer in range(2, 31):
        word = hashlib.shake_256(f"{start}W{layer}".encode()).digest(8)
        product = product * int.from_bytes(word, "little") % p
    return product


def test_the_chain_is_computed_as_the_checker_does():
    from theorycheck.certificates import Certificate
    from theorycheck.checker.budget import Budget
    from theorycheck.checker.claim import Claim
    from theorycheck.checker.context import Context
    from theorycheck.checker.points import entries_at, rows_of

    claim = Claim(
        Certificate("", "", "", 1, None, None, 0.0, CHAIN, {}), Context.of("", Budget.of(0), 5)
    )
    key = claim.context.key
    for trial in range(5):
        assert PRIMES[plain.prime_of(key, trial)]
        [[value]] = rows_of(claim, entries_at(claim, trial), [0], claim.entries("learnable"))
        assert value == chain_product(key, trial) != 0


def test_grinding_100000_trial_numbers_finds_lucky_ones_that_nobody_asks_for():
    lucky = [trial for trial in range(100_000) if chain_product("0", trial) == 0]
    assert lucky == [85199]
    claim = {"rank": 0, "target_dimension": 1, "error_bound": 1e-10}
    for trials in (lucky, lucky * 2, [{"trial": lucky[0], "prime": 6908653, "rank": 0}]):
        evidence = {"target_lower": {"by": "closed form"}, "trials": trials}
        refused(certificate("deficient_rank", CHAIN, evidence, **claim), "has the keys", seed=0)


def ground(comment: int, error_bound: float = 1e-4) -> dict[str, Any]:
    """The false claim with free content, so that its digest, and its key, is another one."""
    evidence = {"target_lower": {"by": "closed form"}}
    problem = {**CHAIN, "comment": str(comment)}
    claim = {"rank": 0, "target_dimension": 1, "error_bound": error_bound}
    return certificate("deficient_rank", problem, evidence, **claim)


LUCKY_COMMENT = 299_332  # the first for which trial 0 of seed 0 has rank 0


def test_a_known_seed_can_be_ground_and_fresh_randomness_cannot():
    """What docs/certificates.md says of `--seed`: one trial, a large bound, and a known seed."""
    data = ground(LUCKY_COMMENT)
    assert tc.check(data, seed=0, error_bound=1e-3)
    refused(data, "--error-bound", seed=0)
    for seed in range(1, 50):
        refused(data, "the rank is 1", seed=seed, error_bound=1e-3)
    for _ in range(50):
        refused(data, "the rank is 1", error_bound=1e-3)
    # With two trials, as the default asks for, the luck of one is not enough.
    refused(ground(LUCKY_COMMENT, 1e-9), "the rank is 1", seed=0)


def test_grinding_free_content_against_a_known_seed_needs_as_many_as_the_bound_says():
    evidence = {"target_lower": {"by": "closed form"}}
    data = {key: value for key, value in ground(0, 1e-9).items() if key != "digest"}
    data["problem"]["comment"] = "@"
    head, tail = json.dumps(data, sort_keys=True, separators=(",", ":")).split('"@"')
    both = 0
    for comment in range(20_000):
        own = hashlib.sha256(f'{head}"{comment}"{tail}'.encode()).hexdigest()
        key = hashlib.sha256(f"0/{own}".encode()).hexdigest()
        both += chain_product(key, 0) == 0 and chain_product(key, 1) == 0
    assert both == 0
    assert (
        digest({**data, "problem": {**data["problem"], "comment": "7"}})
        == hashlib.sha256(f'{head}"7"{tail}'.encode()).hexdigest()
    )
    assert data["evidence"] == evidence


# The other probabilistic kinds: false claims, refused whatever the seed


def cycle_of_twenty() -> dict[str, Any]:
    """One learnable weight on a cycle of 20 units: y = c w^2 + ..., so every second y is missed."""
    network = LR(1, 20, 1, 42)
    present = {name: np.zeros(shape, dtype=bool) for name, shape in network.weight_shapes.items()}
    for unit in range(20):
        present["recurrent"][(unit + 1) % 20, unit] = True
    present["input"][0] = present["readout"][:, 0] = True
    learnable = {"recurrent": np.zeros((20, 20), dtype=bool)}
    learnable["recurrent"][1, 0] = True
    return problem_to_dict(tc.Allocation(network, learnable, present), 1)


def block_of_one(degree: int, by: dict[str, Any]) -> dict[str, Any]:
    block = {"equations": [0], "unknowns": [0], "degree": degree, "degree_by": by}
    return {**block, "instance": None, "solutions": None}


def univariate_claims() -> Iterator[dict[str, Any]]:
    full = {"minor": {"rows": [0], "columns": [0]}, "target_upper": {"by": "equations"}}
    claim = {"rank": 1, "target_dimension": 1, "error_bound": 1e-8}
    old = {"seed": 0, "trial": 3, "prime": 4194319, "count": 1}
    for more in ({}, {"draws": [old]}, {"seed": 0}):
        by = {"by": "univariate", "unknown": 0, "error_bound": 1e-8, **more}
        evidence = {"blocks": [block_of_one(1, by)], **full}
        yield certificate("odd_degree", cycle_of_twenty(), evidence, **claim)


def relu_claims() -> Iterator[dict[str, Any]]:
    """One unit for each output: the rank is d m in the pattern that has all of them active."""
    network = RELU([1, 4, 4])
    allocation = tc.Allocation(network, {"W2": np.eye(4)}, {"W2": np.eye(4)})
    regular = certificate_of("relu_count").evidence["regular"]
    claim = {"rank": 3, "target_dimension": 4, "error_bound": 1e-10}
    for more in ({}, {"seed": 0}, {"trials": [{"trial": 7, "prime": 4194319, "rank": 3}]}):
        evidence = {"patterns": 16, "regular": regular, **more}
        yield certificate("relu_patterns", problem_to_dict(allocation, 1), evidence, **claim)


def upper_claims() -> Iterator[dict[str, Any]]:
    """The target dimension 4 of a sparse network, said to be 3 by trials."""
    sparse = {"W1": [[1, 0], [1, 1]], "W2": [[1, 1], [1, 1]]}
    allocation = tc.Allocation(FF([2, 2, 2]), {"W2": [[1, 1], [1, 0]]}, sparse)
    claim = {"rank": 3, "target_dimension": 3, "error_bound": 1e-10}
    for more in ({}, {"trials": [1]}, {"seed": 0}):
        upper = {"by": "trials", "error_bound": 1e-10, **more}
        evidence = {"minor": {"rows": [0, 1, 2], "columns": [0, 1, 2]}, "target_upper": upper}
        yield certificate("affine_full_rank", problem_to_dict(allocation, 2), evidence, **claim)


@pytest.mark.parametrize("claims", [univariate_claims, relu_claims, upper_claims])
def test_false_probabilistic_claims_are_refused_whatever_is_drawn(claims):
    first, *others = claims()
    reasons = {tc.check(first, seed=seed).reason for seed in range(30)}
    assert len(reasons) == 1
    assert re.search("rank (is )?4|rank 4 in|there are 2 solutions", reasons.pop())
    for data in others:
        for seed in (None, 0, 1):
            refused(data, seed=seed)


def test_given_inputs_that_the_old_primes_could_not_tell_apart():
    """Points that are dependent modulo every prime of seed 0, and independent over the integers."""
    product = math.prod({plain.prime_of("0", trial) for trial in range(8)})
    allocation = tc.Allocation.full(FF([2, 1]))
    problem = problem_to_dict(allocation, 2)
    problem |= {"inputs": [[1, 0], [1, product]], "basis": [0, 1]}
    assert tc.check(certificate("full", problem, {}))
    problem |= {"basis": [0]}
    refused(certificate("full", problem, {}), "the rank of the inputs is not 1")


# One table: kinds, theorems, networks


NETWORKS: dict[str, tc.Allocation] = {
    "F": tc.Allocation.rows(FF([2, 3, 2]), {"W2": [0]}),
    "F whole": tc.Allocation.full(FF([2, 3, 2])),
    "F bias": tc.Allocation.layer(FF([2, 3, 2], bias=True), "W2", "b2"),
    "F sparse": tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2)}, {"W2": np.eye(2)}),
    "R": tc.Allocation.layer(LR(2, 3, 2, 2), "recurrent"),
    "R readout": tc.Allocation.layer(LR(2, 3, 2, 2), "readout"),
    "R all": tc.Allocation.layer(LR(2, 3, 2, 2, "all"), "recurrent"),
    "R sparse": tc.Allocation(LR(1, 2, 1, 2), {"input": [[1], [0]]}, {"recurrent": np.eye(2)}),
    "S": tc.Allocation(RELU([2, 2, 1]), {"W1": [[1, 1], [0, 0]], "W2": [[1, 0]]}),
    "S bias": tc.Allocation(RELU([2, 2, 1], bias=True), {"W2": [[1, 0]], "b2": [1]}),
    "S nothing": tc.Allocation.none(RELU([1, 1, 1])),
}
TYPES = {"F": FF, "R": LR, "S": RELU}


@pytest.mark.parametrize("where", NETWORKS)
def test_every_kind_on_every_network(where):
    allocation, kind_of_network = NETWORKS[where], TYPES[where[0]]
    for m in (1, 2):
        problem = problem_to_dict(allocation, m)
        truth = tc.classify(allocation, m, effort=NO_DEGREES).expressivity
        for name in EXAMPLES:
            own = certificate_of(name).to_dict()
            data = {**own, "problem": problem, "learnable": allocation.n_learnable}
            result = tc.check(redigested(copy.deepcopy(data)))
            scopes = {scope.theorem: scope for scope in KINDS[own["kind"]].scopes}
            is_about = kind_of_network.kind in scopes[own["theorem"]].networks
            if not is_about:
                assert f"{own['kind']} (by {own['theorem']}) is about" in result.reason
            if result:
                assert truth.possible <= tc.Expressivity(own["expressivity"]).possible
                assert is_about


def test_a_count_says_nothing_about_shallow_relu_networks():
    data = json.loads((FOUND / "forged_relu_count.json").read_text())
    refused(redigested({**data, "version": 2}), "count (by T1) is about linear feed-forward")


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_other_theorem_class_or_key_serves(name):
    data = certificate_of(name).to_dict()
    for theorem in [f"T{number}" for number in range(12)] + ["", None, "T4 T5"]:
        if theorem not in {scope.theorem for scope in KINDS[data["kind"]].scopes}:
            refused(redigested({**data, "theorem": theorem}), "the theorem of")
    classes = set(KINDS[data["kind"]].classes)
    for wrong in {"minimal", "maximal", "positive", "intermediate", "", "undecided"} - classes:
        refused(redigested({**data, "expressivity": wrong}), "shows")
    evidence = {**data["evidence"], "seed": 0}
    refused(redigested({**data, "evidence": evidence}), "has the keys")


def test_the_page_has_the_same_table():
    page = (Path(__file__).parents[2] / "docs" / "certificates.md").read_text()
    table = page.split("## Which kind speaks for which network")[1].split("`error_bound` is 0 but")[
        0
    ]
    states = {"- -": (False, False), "- D": (False, True), "rank, D": (True, True)}
    states["D, D"] = (True, True)
    found = set()
    for line in table.splitlines():
        if not line.startswith("| `"):
            continue
        kinds, theorems, classes, sparse, biases, given_, stated = (
            part.strip() for part in line.strip("|").split("|")
        )
        for kind in re.findall("`(.*?)`", kinds):
            for theorem, networks in re.findall(r"(T\d+): ([CNFRS, ]+)", theorems):
                names = {"F": F, "R": R, "S": S, "NF": NF, "NS": NS, "NR": NR, "NC": NC}
                types = tuple(names[x] for x in re.findall("N?[CFRS]", networks))
                has_biases = biases in ("yes", theorem) and types != (R,)
                flags = sparse == "yes", has_biases, given_ == "yes"
                found.add(
                    (kind, theorem, types, tuple(classes.split(", ")), *flags, states[stated])
                )
    code = {
        (kind.name, scope.theorem, scope.networks, kind.classes, kind.sparse, scope.biases,
         kind.given, kind.states)
        for kind in KINDS.values()
        for scope in kind.scopes
    }  # fmt: skip
    assert {(*key[:3], frozenset(key[3]), *key[4:]) for key in found} == {
        (*key[:3], frozenset(key[3]), *key[4:]) for key in code
    }


# Inputs of any type


def test_boolean_inputs_are_numbers_in_a_certificate():
    allocation, m = load(FOUND / "bool_inputs.json")
    inputs = np.load(FOUND / "bool_inputs.npy")
    assert inputs.dtype == bool
    verdict = tc.classify(allocation, m, inputs=inputs)
    assert verdict.certificate is not None
    assert tc.check(json.loads(json.dumps(verdict.certificate.to_dict())))


TYPES_OF_INPUTS = ["?", "i1", "u1", "<i2", ">i4", "u4", "i8", "u8", "f2", "<f4", ">f8", "f8"]


@settings(max_examples=60)
@given(st.sampled_from(TYPES_OF_INPUTS), st.integers(0, 2**32), st.integers(0, 4))
def test_whatever_inputs_classify_accepts_check_accepts(dtype, seed, layout):
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, 3, (4, 3)).astype(dtype)
    inputs[0, 0] = 1
    forms = [inputs, np.asfortranarray(inputs), inputs[::-1], np.repeat(inputs, 2, 1)[:, ::2]]
    inputs = (*forms, np.broadcast_to(inputs[:1], (4, 3)))[layout]
    if not inputs.any():
        return
    allocation = tc.Allocation.random(FF([3, 2, 2]), int(rng.integers(0, 11)), rng)
    verdict = tc.classify(allocation, 4, inputs=inputs, effort=NO_DEGREES)
    assert verdict.certificate is not None
    result = tc.check(json.loads(json.dumps(verdict.certificate.to_dict())))
    assert result, result.reason
