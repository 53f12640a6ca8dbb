"""What people give in place of what is asked for: one line says so, and what to do instead."""

from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from theorycheck.problem.files import problem_from_dict

CROSS = Path(__file__).parents[2] / "examples" / "allocations" / "cross.json"
NETWORK = tc.LinearFeedforward([4, 4, 3])
ALLOCATION = tc.Allocation.layer(NETWORK, "W2")


def refusal(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(tc.InputError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


ASKERS: dict[str, Any] = {
    "classify": lambda it: tc.classify(it, 3),
    "explain": lambda it: tc.explain(it, 3),
    "repair": lambda it: tc.repair(it, 3),
    "capacity": tc.capacity,
    "measure": lambda it: tc.measure(it, 3, trials=2, backend="numpy"),
    "compare": lambda it: tc.compare(it, 3, trials=2, backend="numpy"),
    "estimate": lambda it: tc.estimate(it, 3),
    "plot": lambda it: tc.plot(it, 3),
    "save": lambda it: tc.save("unwritten.json", it, 3),
}


@pytest.mark.parametrize("name", ASKERS)
@pytest.mark.parametrize(
    ("given", "cure"),
    [
        (CROSS, "allocation, samples = tc.load(FILE)"),
        (str(CROSS), "allocation, samples = tc.load(FILE)"),
        (NETWORK, "tc.Allocation.full(network)"),
        (tc.load(CROSS), "take .allocation of this Problem"),
        ({"W1": [[1]]}, "tc.Allocation(network, masks)"),
        (None, "tc.load(FILE) give one"),
    ],
)
def test_what_is_no_allocation_is_told_with_the_cure(name: str, given: Any, cure: str):
    if name == "plot":
        pytest.importorskip("matplotlib", reason="matplotlib is missing (extra plot)")
    message = refusal(ASKERS[name], given)
    assert message.startswith("allocation must be an Allocation, not ")
    assert cure in message


@pytest.mark.parametrize("name", ["classify", "explain", "compare", "estimate", "repair"])
@pytest.mark.parametrize("effort", [5, None, {"seconds": 5}])
def test_seconds_are_no_effort(name: str, effort: Any):
    message = refusal(getattr(tc, name), ALLOCATION, 3, effort=effort)
    assert message.startswith("effort must be an Effort, as in tc.Effort(seconds=5), not ")


def test_an_unknown_weight_is_told_with_those_there_are():
    for call in (ALLOCATION.mask, ALLOCATION.present_mask):
        assert refusal(call, "w1").endswith("(did you mean 'W1'?); this network has W1, W2")
    assert "no weight 'W9'" in refusal(ALLOCATION.restricted_to, ["W1", "W9"])


def test_a_file_that_is_refused_is_named():
    assert refusal(tc.load, "no/such.json") == "no/such.json: no such file"
    assert refusal(tc.load, Path("no/such.json")) == "no/such.json: no such file"


def test_what_is_no_certificate_is_told_with_the_cure():
    verdict = tc.classify(ALLOCATION, 3)
    assert tc.check(verdict).reason == "a Verdict is no certificate, but has one: .certificate"  # type: ignore[arg-type]
    assert "theorycheck check FILE" in tc.check(str(CROSS)).reason  # type: ignore[arg-type]
    assert verdict.certificate is not None
    certificate = verdict.certificate.to_dict()
    assert "theorycheck check reads it" in refusal(problem_from_dict, certificate)


def test_mixed_networks_are_refused_with_what_answers():
    mixed = tc.Feedforward([2, 3, 3, 1], activation=["relu", "tanh"])
    allocation = tc.Allocation.full(mixed)
    assert "classify and explain" in refusal(tc.repair, allocation, 2)
    assert "classify decides" in refusal(tc.capacity, allocation)
