"""What a check asks all layers for, it asks once, not layer by layer again."""

from __future__ import annotations

import json
from typing import Any

import pytest

import theorycheck as tc
from theorycheck.checker import oracle_bounds


def deep(depth: int) -> dict[str, Any]:
    """`bounded_readout` of a network with `depth` hidden layers of two units."""
    network = tc.Feedforward([2, *[2] * depth, 1], bias=True, activation="sigmoid")
    allocation = tc.Allocation(network, {"W1": [[1, 0], [0, 0]], f"b{depth + 1}": [1]})
    certificate = tc.classify(allocation, 2).certificate
    assert certificate is not None
    assert certificate.kind == "bounded_readout"
    return json.loads(json.dumps(certificate.to_dict()))


def calls(monkeypatch: pytest.MonkeyPatch, data: dict[str, Any]) -> tuple[int, int]:
    """How often all masks and all activations are asked for by a check with its own seed."""
    counted = {"masks": 0, "activations": 0}
    masks, activations = tc.Allocation.given_present, oracle_bounds.hidden_activations

    def count_masks(self):
        counted["masks"] += 1
        return masks(self)

    def count_activations(network):
        counted["activations"] += 1
        return activations(network)

    with monkeypatch.context() as patch:
        patch.setattr(tc.Allocation, "given_present", count_masks)
        patch.setattr(oracle_bounds, "hidden_activations", count_activations)
        assert tc.check(data, seed=1)
    return counted["masks"], counted["activations"]


def test_what_all_layers_are_asked_for_does_not_grow_with_their_number(monkeypatch):
    """Else a small file of 10^5 layers takes hours, whatever time is allowed."""
    few, many = calls(monkeypatch, deep(3)), calls(monkeypatch, deep(30))
    assert few[0] > 0
    assert few[1] > 0
    # Deeper networks may need a trial more.
    assert many[0] <= 2 * few[0]
    assert many[1] == few[1]
