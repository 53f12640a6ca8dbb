"""Two checkers agree: ours, and the one of tests/page_checker that knows docs/certificates.md only.

The second accepts every certificate that is found, and what is changed is refused by both or by
none. A disagreement is a fault of the page, of `tc.check` or of the second checker.
"""

from __future__ import annotations

import ast
import copy
import itertools
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests import page_checker
from tests.checker.test_certificates import EXAMPLES, certificate_of, redigested
from tests.checker.test_parametrised_certificates import PARAMETRISED, parametrised_certificate
from tests.page_checker.checker import rows
from tests.ranks.test_inputs import cases
from theorycheck.certificate_kinds import KINDS
from theorycheck.computing.effort import Effort
from theorycheck.problem.networks.activations import ACTIVATIONS

pytestmark = pytest.mark.long

HERE = Path(__file__).parents[1]
NO_DEGREES = Effort(seconds=0)
SEED = 20
Json = dict[str, Any]
DATA = np.array([[1, 2, 0, 0.5], [2, 4, 0, 1], [0, 1, 0, -3], [1, 3, 0, -2.5]])  # of rank 2
GIVEN = tc.LinearFeedforward([4, 3, 2])
# More than the examples of every kind: allocation, samples, inputs.
MORE: dict[str, tuple[tc.Allocation, int, Any]] = {
    "given": (tc.Allocation(GIVEN, {"W1": np.eye(3, 4), "W2": np.eye(2, 3)}), 4, DATA),
    "given that span": (
        tc.Allocation(GIVEN, {"W1": np.eye(3, 4) + np.eye(3, 4, 1)}), 4, DATA + np.eye(4)
    ),
    "packed": (
        tc.Allocation(tc.LinearFeedforward([101, 100]), {"W1": np.tri(100, 101)}), 2, None
    ),
}  # fmt: skip
NAMES = [*EXAMPLES, *MORE, *PARAMETRISED]


def verdicts(data: Any) -> tuple[bool, bool, str]:
    """Whether ours and the other checker accept; and the reasons."""
    ours = tc.check(data, seed=SEED)
    other, reason = page_checker.check(data, str(SEED))
    return bool(ours), other, f"ours: {ours.reason}; from the page: {reason}"


def is_accepted(data: Any, about: object) -> bool:
    """What both say, which must be the same."""
    ours, other, reasons = verdicts(data)
    assert ours == other, (about, reasons)
    return ours


@cache
def example(name: str) -> str:
    """The certificate as JSON text."""
    if name in PARAMETRISED:
        return json.dumps(parametrised_certificate(name).to_dict())
    if name not in MORE:
        return json.dumps(certificate_of(name).to_dict())
    allocation, m, inputs = MORE[name]
    return json.dumps(found(allocation, m, NO_DEGREES, inputs))


def found(allocation: tc.Allocation, m: int, effort: Effort, inputs: Any = None) -> Json | None:
    certificate = tc.classify(allocation, m, inputs=inputs, effort=effort).certificate
    return json.loads(json.dumps(certificate.to_dict())) if certificate else None


def test_the_other_checker_knows_nothing_of_the_package():
    for file in (HERE / "page_checker").glob("*.py"):
        imported = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
        roots = {name.split(".")[0] for name in imported} - {"tests", "flint"}
        assert roots <= sys.stdlib_module_names
        assert all(name.startswith("tests.page_checker") for name in imported if "tests" in name)
    code = "import sys, tests.page_checker; sys.exit('theorycheck' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE.parent)


def test_examples_of_every_kind_are_accepted():
    kinds = set()
    for name in NAMES:
        data = json.loads(example(name))
        kinds.add(data["kind"])
        assert is_accepted(data, name), verdicts(data)
        assert page_checker.check(data, "other draws") == (True, "verified")
    assert kinds == KINDS.keys() == rows().keys()


def nonlinear(rng: np.random.Generator) -> Any:
    """A small nonlinear network, analytic or not."""
    bias = bool(rng.integers(2))
    if rng.integers(2):
        widths = [int(n) for n in rng.integers(1, 4, rng.integers(3, 5))]
        names = [str(name) for name in rng.choice(list(ACTIVATIONS), len(widths) - 2)]
        return tc.Feedforward(widths, bias, activation=names if rng.integers(2) else names[0])
    sizes = [int(n) for n in rng.integers(1, 4, 4)]
    name: Any = str(rng.choice(list(ACTIVATIONS)))
    readout: Any = ("final", "all")[rng.integers(2)]
    return tc.Recurrent(*sizes, readout=readout, bias=bias, activation=name)


def random_problems(n: int, seed: int) -> Iterator[tuple[tc.Allocation, int]]:
    """Small networks of all kinds, a third of them sparse, some with learnables in one layer."""
    rng = np.random.default_rng(seed)

    def draw(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    for number in range(n):
        network: Any
        if number % 4 == 3:
            network = nonlinear(rng)
        elif number % 3 == 0:
            widths = [draw(1, 5) for _ in range(draw(2, 4))]
            network = tc.LinearFeedforward(widths, bias=draw(0, 1) == 1)
        elif number % 3 == 1:
            readout = ("final", "all")[draw(0, 1)]
            network = tc.LinearRecurrent(draw(1, 3), draw(1, 4), draw(1, 3), draw(1, 4), readout)
        else:
            widths = [draw(1, 3), draw(1, 3), draw(1, 2)]
            network = tc.ShallowReLU(widths, bias=draw(0, 1) == 1)
        shapes = network.weight_shapes
        if draw(0, 3) == 0:
            name = list(shapes)[draw(0, len(shapes) - 1)]
            allocation = tc.Allocation(network, {name: rng.random(shapes[name]) < 0.7})
        else:
            present = {name: rng.random(shape) < 0.8 for name, shape in shapes.items()}
            present = present if draw(0, 2) == 0 else None
            most = sum(int(mask.sum()) for mask in present.values()) if present else None
            most = network.n_weights if most is None else most
            allocation = tc.Allocation.random(network, draw(0, most), rng, present=present)
        yield allocation, draw(1, 5)


def test_certificates_of_random_allocations_are_accepted_and_forgeries_are_not():
    rng, kinds, forged = random.Random(1), Counter(), Counter()
    problems = [(*problem, None) for problem in random_problems(150, seed=5)]
    for allocation, m, inputs in [*problems, *cases(40)]:
        data = found(allocation, m, NO_DEGREES, inputs)
        if data is None:
            continue
        assert is_accepted(data, data), verdicts(data)
        kinds[data["kind"]] += 1
        every = list(forgeries(data, rng))
        for what, changed in rng.sample(every, min(4, len(every))):
            forged[is_accepted(changed, (what, changed))] += 1
    assert len(kinds) >= 15
    assert forged[False] > 400


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all leaves, lists and objects of a JSON value."""
    yield path
    for key, value in data.items() if isinstance(data, dict) else ():
        yield from leaves(value, (*path, key))
    for index, value in enumerate(data) if isinstance(data, list) else ():
        yield from leaves(value, (*path, index))


CLASSES = ["minimal", "maximal", "positive", "intermediate"]
WORDS = ["rows", "columns", "row", "column", "closed form", "equations", "weights", "gauge",
         "widths", "tanh", "linear", "relu", "bezout", "final", "all", "W1", "[W1 b1]", "recurrent",
         "the hidden layer"]  # fmt: skip


def wrong_values(value: Any, key: Any, rng: random.Random) -> list[Any]:
    """Other values for one place of a certificate."""
    if key == "expressivity":
        return CLASSES
    if key == "kind":
        return [rng.choice(NAMES).split()[0]]
    if isinstance(value, bool) or value is None:
        return [0, 1, not value]
    if isinstance(value, int):
        return [value + 1, value - 1, rng.choice([0, 2, -value, value + 7, float(value), 2**40])]
    if isinstance(value, float):
        return [value / 2, value * 1.5, 0, 1e-9, str(value)]
    if isinstance(value, str):
        return [rng.choice(WORDS), value + "1", value[:-1]]
    if isinstance(value, dict):
        gone = rng.choice([*value, None])
        return [{k: v for k, v in value.items() if k != gone}, {**value, "more": 1}]
    shuffled = rng.sample(value, len(value))
    return [value[:-1], [*value, *value[-1:]], shuffled, rng.choice([[], {}, None, [*value, 0]])]


def forgeries(data: Json, rng: random.Random) -> Iterator[tuple[Any, Json]]:
    """Copies with one place changed and the digest computed again."""
    for path in leaves(data):
        value = at(data, path)
        for wrong in wrong_values(value, path[-1] if path else None, rng) if path else ():
            if path == ("digest",) or (type(wrong) is type(value) and wrong == value):
                continue
            changed = copy.deepcopy(data)
            at(changed, path[:-1])[path[-1]] = wrong
            yield (path, wrong), redigested(changed)


@pytest.mark.parametrize("name", NAMES)
def test_both_say_the_same_of_what_is_changed(name):
    data, rng = json.loads(example(name)), random.Random(name)
    every = list(forgeries(data, rng))
    some = every if len(every) < 150 else rng.sample(every, 150)
    seen = Counter(is_accepted(changed, (name, what)) for what, changed in some)
    assert seen[False] > max(40, seen[True])
    for key, wrong in (("digest", "0" * 64), ("version", 1)):
        assert not is_accepted({**data, key: wrong}, (name, key))


def test_both_say_the_same_of_degrees_without_an_instance():
    seen: Counter[bool] = Counter()
    for name in EXAMPLES:
        if not name.startswith(("odd_degree", "witness")):
            continue
        for degree, way in itertools.product(range(8), ("monodromy", "elimination", "univariate")):
            data = json.loads(example(name))
            blocks = data["evidence"].get("blocks", [data["evidence"].get("block")])
            blocks[0] |= {"instance": None, "solutions": None, "degree": degree}
            blocks[0]["degree_by"] = {"by": way, "error_bound": 1e-9}
            blocks[0]["degree_by"] |= {"unknown": 0} if way == "univariate" else {}
            data["error_bound"] = 1e-9
            seen[is_accepted(redigested(data), (name, degree, way))] += 1
    assert seen[True] > 3
    assert seen[False] > 60


def test_both_say_the_same_of_other_learnables_and_connections():
    """Every bit of every mask turned, with the number of learnables that follows."""
    seen: Counter[bool] = Counter()
    for name in EXAMPLES:
        data = json.loads(example(name))
        masks = [(which, path) for which in ("learnable", "present")
                 for path in leaves(data["problem"].get(which, {}))]  # fmt: skip
        for which, path in masks:
            changed = copy.deepcopy(data)
            parent: Any = at(changed["problem"].get(which), path[:-1])
            if not path or not isinstance(parent[path[-1]], int):
                continue
            parent[path[-1]] ^= 1
            changed["learnable"] += (2 * parent[path[-1]] - 1) * (which == "learnable")
            seen[is_accepted(redigested(changed), (name, which, path))] += 1
    assert seen[True] > 150
    assert seen[False] > 250


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


def test_both_say_the_same_of_the_evidence_of_another_kind():
    """Every claim, with its evidence, on the problem of every example: all kinds, all networks."""
    seen: Counter[bool] = Counter()
    for name in sorted(set(NAMES) - {"packed"}):
        problem = json.loads(example(name))
        for other in NAMES:
            data = {**json.loads(example(other)), "problem": problem["problem"]}
            data["learnable"] = problem["learnable"]
            for rank in ("rank", "target_dimension"):  # of this problem, where it states them
                if data[rank] is not None and problem[rank] is not None:
                    data[rank] = problem[rank]
            accepted = is_accepted(redigested(data), (name, other))
            assert accepted or name != other
            seen[accepted] += 1
    assert seen[False] > 2500


def test_a_fault_in_one_of_the_two_is_seen(monkeypatch):
    monkeypatch.setattr(page_checker.graphs, "is_forest", lambda entries: True)
    with pytest.raises(AssertionError, match="from the page: verified"):
        test_both_say_the_same_of_what_is_changed("two_forests")
