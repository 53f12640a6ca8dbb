"""Certificates of T12 that are changed by hand, one hypothesis at a time, are refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import theorycheck as tc
from tests.checker.test_certificates import certificate_of, redigested

Json = dict[str, Any]


def forged(name: str, change: Callable[[Json], None]) -> tuple[bool, str]:
    """Whether the certificate of an example is accepted after a change, and why not."""
    before = json.dumps(certificate_of(name).to_dict())
    data = json.loads(before)
    change(data)
    assert json.dumps(data) != before
    result = tc.check(redigested(data))
    return bool(result), str(result.reason)


def put(value: Any, *path: Any) -> Callable[[Json], None]:
    def change(data: Json) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return change


def evidence(value: Any, *path: Any) -> Callable[[Json], None]:
    return put(value, "evidence", *path)


def activation(name: Any) -> Callable[[Json], None]:
    return put(name, "problem", "network", "activation")


def learnable(mask: Any, name: str, number: int) -> Callable[[Json], None]:
    """Other learnables of a weight, `number` in all."""

    def change(data: Json) -> None:
        data["problem"]["learnable"][name] = mask
        data["learnable"] = number

    return change


FORGERIES = [
    ("readout_rank", learnable([[1, 0], [0, 0], [0, 0]], "W1", 4), "outside of the readout"),
    ("readout_rank", put("intermediate", "expressivity"), "shows maximal"),
    ("readout_rank", put(2, "rank"), "must"),
    ("readout_rank", put(4, "problem", "samples"), "equations is 4"),
    ("readout_rank", activation("relu"), ""),
    ("readout_rank recurrent", activation("hardtanh"), ""),
    ("interpolating_units", evidence([0, 0], "units"), "distinct"),
    ("interpolating_units", evidence([0, 1], "units"), "frozen"),
    ("interpolating_units", evidence([1, None], "units"), "has no unit"),
    ("interpolating_units", evidence([1, 2], "units"), "units must be in"),
    ("interpolating_units", evidence([True, 0], "units"), "units must be in"),
    ("interpolating_units", activation("softplus"), "inside of the range"),
    ("interpolating_units", activation(["silu", "square"]), "inside of the range"),
    ("interpolating_units", learnable([[1, 0], [1, 1]], "W2", 5), "do not have rank m"),
    ("interpolating_units", put("intermediate", "expressivity"), "shows maximal"),
    ("interpolating_units sparse", evidence([0, None], "units"), "frozen"),
    ("solving_order", evidence([[0, 0], [1, 1]], "steps"), "solved before"),
    ("solving_order", evidence([[0, 1], [1, 0]], "steps"), "frozen"),
    ("solving_order", evidence([[0, 0], [0, 1]], "steps"), "distinct"),
    ("solving_order", evidence([[1, 1], [0, None]], "steps"), "does not have rank m"),
    ("solving_order", evidence([[1, None], [0, 0]], "steps"), ""),
    ("solving_order", activation("sigmoid"), "is not odd and increasing"),
    ("solving_order", activation("sin"), "is not odd and increasing"),
    ("solving_order", put("positive", "expressivity"), "shows maximal"),
    ("solving_order others", activation("cube"), "do not solve outputs"),
    ("solving_order others", evidence([[0, 1]], "steps"), "do not solve outputs"),
    ("solving_order at once", evidence([[0, 0], [1, 1]], "steps"), "do not solve outputs"),
    ("solving_order at once", evidence([[[0, 1], [0, 0]]], "steps"), "distinct"),
    ("solving_order at once", evidence([[[0, 1], [0]]], "steps"), "two or more"),
    ("solving_order at once", evidence([[[0], [0]], [1, 1]], "steps"), "two or more"),
    ("solving_order at once", evidence([[0, [0]], [1, 1]], "steps"), "one unit, or null"),
    ("solving_order at once", activation("linear"), ""),
    ("solving_order at once", activation("cube"), "at once"),
    ("solving_order at once", learnable([[1, 0], [0, 0]], "W1", 5), ""),
    ("solving_order at once", learnable([[1, 0], [1, 1]], "W2", 5), ""),
    ("solving_order deep", activation("erf"), "do not solve outputs"),
    ("solving_order deep", activation(["sin", "tanh"]), "do not solve outputs"),
    ("solving_order bias", put([0], "problem", "learnable", "b2"), ""),
    ("solving_order before", evidence([[1, 0], [0, 1]], "steps"), ""),
    ("resting_units", evidence([], "groups"), "rank at rest"),
    ("resting_units", evidence([[0]], "groups"), "two or more"),
    ("resting_units", evidence([[0, 0]], "groups"), "distinct"),
    ("resting_units", evidence([[0, 2]], "groups"), "units must be in"),
    ("resting_units", evidence([[0, True]], "groups"), "units must be in"),
    ("resting_units", evidence([[0, 0]], "steps"), "distinct"),
    ("resting_units", evidence([0], "zero"), "distinct"),
    ("resting_units", evidence({}, "zero"), "zero is a list"),
    ("resting_units", put("positive", "expressivity"), "shows maximal"),
    ("resting_units", learnable([[0, 1], [0, 0]], "W1", 5), "cannot have the same weights"),
    ("resting_units", learnable([[0, 1]], "W2", 6), "rank at rest"),
    ("resting_units steps", evidence([], "steps"), "rank at rest"),
    ("resting_units steps", evidence([[0, 2]], "steps"), "is frozen"),
    ("resting_units steps", evidence([[1, 1]], "steps"), "distinct"),
    ("resting_units steps", activation("sin"), "is not odd and increasing"),
    ("resting_units zero", evidence([0], "zero"), "distinct"),
    ("resting_units zero", activation("sigmoid"), ""),
    ("resting_units zero", learnable([[1, 0], [1, 0]], "W1", 4), "not of rank m"),
    ("onto_layers", evidence(0, "layer"), "must be in 1..2"),
    ("onto_layers", evidence(True, "layer"), "must be in 1..2"),
    ("onto_layers", evidence(2, "layer"), "have to be matched"),
    ("onto_layers", evidence([[0, 2], [0, 1]], "matched"), "do not have rank m"),
    ("onto_layers", evidence([[0, 0], [0, 1]], "matched"), "distinct"),
    ("onto_layers", evidence([[0, 3], [0, 1]], "matched"), "columns must be in"),
    ("onto_layers", evidence([[0, 1], [0]], "matched"), "every row"),
    ("onto_layers", activation("hardtanh"), "not onto"),
    ("onto_layers", activation("tanh"), "not onto"),
    ("onto_layers", put(4, "problem", "samples"), "do not have rank m"),
    ("onto_layers features", learnable([[1, 0, 0], [0, 1, 1]], "W2", 3), "do not have rank m"),
    ("onto_layers features", activation(["relu", "cube"]), ""),
    ("missed_signs", evidence(1, "output"), "not one learnable weight"),
    ("missed_signs", evidence(False, "output"), "no such output"),
    ("missed_signs", activation("sin"), "has not the sign"),
    ("missed_signs", activation("softplus"), "has not the sign"),
    ("missed_signs", put(2, "problem", "samples"), ""),
    ("missed_signs", learnable([[1, 1], [1, 0], [0, 0]], "W1", 7), "not bounded"),
    ("one_sided_output", activation("cube"), "bounded on no side"),
    ("one_sided_output", evidence(1, "output"), "no such output"),
    ("one_sided_output", evidence(False, "output"), "no such output"),
    ("one_sided_output", put("maximal", "expressivity"), "shows intermediate"),
    ("one_sided_output", learnable([[1, 0]], "W2", 3), "is learnable"),
    ("one_sided_output recurrent", activation("linear"), ""),
    ("bounded_readout", activation("sin"), "o-minimal"),
    ("bounded_readout", activation("gelu"), "not bounded"),
    ("bounded_readout", evidence(1, "rank"), "the rank is 2 in trial"),
    ("bounded_readout", evidence(3, "rank"), "must be below 3"),
    ("bounded_readout", evidence(1e-3, "rank_error_bound"), ""),
    ("bounded_readout", put("maximal", "expressivity"), "shows intermediate"),
    ("bounded_readout", learnable([[1, 1]], "W2", 4), ""),
]


@pytest.mark.parametrize(("name", "change", "reason"), FORGERIES)
def test_a_forged_certificate_of_t12_is_refused(name, change, reason):
    accepted, why = forged(name, change)
    assert not accepted
    assert reason in why


def test_what_a_change_leaves_true_is_accepted():
    """The refusals above are not due to the changes as such."""
    assert forged("one_sided_output", activation("softplus"))[0]
    assert forged("solving_order", activation("tanh"))[0]
    assert forged("interpolating_units", activation("tanh"))[0]
    assert forged("bounded_readout", activation("sigmoid"))[0]
    assert forged("missed_signs", activation("gelu"))[0]
    assert forged("onto_layers", activation("cube"))[0]
    assert forged("resting_units", activation("exp"))[0]
    assert forged("resting_units steps", activation("tanh"))[0]
