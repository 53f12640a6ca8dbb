"""T12 on given inputs: its certificates are accepted, and mean these inputs."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np

import theorycheck as tc
from tests.checker.test_certificates import redigested
from tests.checker.test_oracle_inputs import verdicts

KINDS = ("readout_rank", "interpolating_units", "one_sided_output", "bounded_readout")


def innermost(data: dict) -> dict:
    return data["evidence"]["certificate"] if data["kind"] == "sub_allocation" else data


def drawn(rng: np.random.Generator) -> tuple[tc.Allocation, int, np.ndarray]:
    """A network, most often one hidden layer, with masks, and samples that may be dependent."""
    names = ["tanh", "sigmoid", "silu", "erf", "arctan", "exp", "square", "cube"]
    widths = [3, *rng.integers(1, 4, rng.integers(1, 3)), rng.integers(1, 3)]
    network = tc.Feedforward(
        [int(n) for n in widths], bool(rng.integers(2)), activation=str(rng.choice(names))
    )
    p, q = rng.choice([0.7, 1.0]), rng.choice([0.3, 0.6, 0.9])
    present = {name: rng.random(s) < p for name, s in network.weight_shapes.items()}
    learnable = {name: mask & (rng.random(mask.shape) < q) for name, mask in present.items()}
    m = int(rng.integers(1, 4))
    return tc.Allocation(network, learnable, present), m, rng.integers(-2, 3, (m, 3)) / 2


def test_own_certificates_on_given_inputs_are_accepted_by_both_checkers():
    rng, seen = np.random.default_rng(3), Counter()
    for _ in range(250):
        allocation, m, inputs = drawn(rng)
        certificate = tc.classify(allocation, m, inputs=inputs).certificate
        if certificate is None:
            continue
        data = json.loads(json.dumps(certificate.to_dict()))
        assert verdicts(data) == {True}, tc.check(data).reason
        seen[innermost(data)["kind"]] += "inputs" in data["problem"]
    assert min(seen[kind] for kind in KINDS) > 1, seen


def test_solving_order_is_about_random_inputs():
    """In (f*) inputs are generic: without biases it fails for X = (1, 0)."""
    network = tc.Feedforward([1, 1, 1], bias=True, activation="tanh")
    allocation = tc.Allocation(network, {"W1": [[1]], "W2": [[1]]})
    certificate = tc.classify(allocation, 2).certificate
    assert certificate is not None
    assert certificate.kind == "solving_order"
    data = json.loads(json.dumps(certificate.to_dict()))
    assert verdicts(data) == {True}
    given = redigested({**data, "problem": {**data["problem"], "inputs": [[1.0], [0.5]]}})
    assert verdicts(given) == {False}
    assert "is about random inputs" in tc.check(given).reason
    verdict = tc.classify(allocation, 2, inputs=[[1.0], [0.0]])
    assert verdict.expressivity.value != "maximal"


def test_inputs_at_the_ends_of_the_range_of_float64():
    """Over their common denominator such numbers are integers that no float holds."""
    network = tc.Feedforward([2, 1, 2], activation="cube")
    allocation = tc.Allocation(network, {"W1": [[1, 1]], "W2": [[1], [0]]})
    inputs = [[1e308, 5e-324], [5e307, -1], [3, 4]]
    verdict = tc.classify(allocation, 3, inputs=inputs)
    certificate = verdict.certificate
    assert certificate is not None
    assert certificate.error_bound > 0  # the sizes of the integers count in it
    assert verdicts(json.loads(json.dumps(certificate.to_dict()))) == {True}
