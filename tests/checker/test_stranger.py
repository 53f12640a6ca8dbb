"""The checker takes from networks what they are made of, and works out by itself what follows."""

import ast
import re
from pathlib import Path

import pytest

import theorycheck as tc
from tests.checker.test_certificates import EXAMPLES, certificate_of
from theorycheck import checker
from theorycheck.problem.networks import base, convolutional, feedforward, recurrent

# What the finders go by: a fault there must not reach the checker.
FACTS = ("unrolled", "effective_samples", "n_equations", "input_dimension", "n_reads", "same_paths",
         "path_bounds", "reads_every_step", "input_shape", "n_units", "passes",
         "rows_of_points", "residual", "activations", "is_linear")  # fmt: skip
OWN = ("residual", "activations", "is_linear")  # networks ask themselves for them
FILES = sorted(Path(checker.__file__ or "").parent.glob("*.py"))


def facts_used(text: str) -> set[str]:
    """The facts that a module asks of networks; those of claims are the checker's own."""
    used = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr in FACTS:
            if ast.unparse(node.value) not in ("claim", "self", "self.claim", "self._claim"):
                used.add(node.attr)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            used |= {"unrolled"} & set(re.findall(r"\w+", ast.unparse(node)))
    return used


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_module_of_the_checker_asks_networks_for_what_follows(file):
    assert not facts_used(file.read_text())


@pytest.mark.parametrize("text", [
    "m = claim.network.effective_samples(3)", "levels = network.unrolled.levels",
    "from ..problem.networks.unrolled import forward",
    "import theorycheck.problem.networks.unrolled as u",
])  # fmt: skip
def test_a_planted_question_is_noticed(text):
    assert facts_used(text)


def broken(*_: object) -> object:
    raise AssertionError("the checker asks a network for what follows from what it is")


def forget(monkeypatch) -> None:
    """Networks that tell none of the facts."""
    for module in (base, feedforward, recurrent, convolutional):
        for cls in vars(module).values():
            if isinstance(cls, type) and issubclass(cls, base.Network):
                for name in FACTS:
                    if name in vars(cls) and name not in OWN:
                        monkeypatch.setattr(cls, name, property(broken))
    for name in ("reads", "window"):  # the checker has its own, of the same names
        monkeypatch.setattr(convolutional.Convolution, name, broken)


@pytest.mark.parametrize("name", EXAMPLES)
def test_certificates_are_checked_where_networks_tell_nothing(monkeypatch, name):
    data = certificate_of(name).to_dict()
    forget(monkeypatch)
    result = tc.check(data)
    assert result, result.reason


def test_a_checker_that_asks_its_network_is_caught(monkeypatch):
    certificate = certificate_of("full_rank")
    asking = lambda claim: claim.network.effective_samples(claim.samples)  # noqa: E731
    monkeypatch.setattr("theorycheck.checker.claim.Claim.effective_samples", asking)
    assert tc.check(certificate)
    forget(monkeypatch)
    assert "asks a network" in tc.check(certificate).reason
