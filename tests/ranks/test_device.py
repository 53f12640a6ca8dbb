"""Verdicts and exact ranks on a device: residues are integers there, so nothing may differ."""

from __future__ import annotations

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.device import Device
from theorycheck.problem.masks import entries_of
from theorycheck.problem.networks.base import Network
from theorycheck.ranks.bases import greedy_basis
from theorycheck.ranks.generic_rank import generic_rank

NETWORKS: dict[str, tuple[Network, int]] = {
    "layers": (tc.LinearFeedforward([4, 5, 4], bias=True), 3),
    "recurrent": (tc.LinearRecurrent(2, 3, 2, 4), 2),
    "tanh": (tc.Feedforward([3, 4, 2], activation="tanh", bias=True), 4),
    "square": (tc.Feedforward([3, 3, 2], activation="square"), 4),
}


def some(network: Network, seed: int) -> tc.Allocation:
    rng = np.random.default_rng(seed)
    return tc.Allocation(
        network, {n: rng.random(s) < 0.5 for n, s in network.weight_shapes.items()}
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_verdicts_are_the_same_on_a_device(device: Device, name: str):
    network, samples = NETWORKS[name]
    for seed in range(3):
        allocation = some(network, seed)
        there, here = (
            {**tc.classify(allocation, samples, backend=backend).to_dict(), "seconds": 0}
            for backend in ("cupy", "numpy")
        )
        assert there == here
    assert device.transfers.to_device > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_ranks_and_bases_are_the_same_on_a_device(device: Device, name: str):
    network, samples = NETWORKS[name]
    allocation = some(network, 7)
    upper = min(allocation.n_learnable, network.n_equations(samples))
    there, here = (
        generic_rank(allocation, samples, upper=upper, which="learnable", seed=2, xp=xp)
        for xp in (device, np)
    )
    assert there == here
    order = entries_of(dict(allocation.masks("learnable")))
    there, here = (
        greedy_basis(network, None, samples, order, seed=2, xp=xp) for xp in (device, np)
    )
    assert there == here
