"""Which layers add what they read, found by the checker alone."""

from __future__ import annotations

from itertools import pairwise

from ..problem.networks.base import Network
from ..problem.networks.feedforward import Feedforward


def residual_layers(network: Network) -> set[int]:
    """The hidden layers of a feed-forward network that add what they read."""
    if not isinstance(network, Feedforward) or not network.skip:
        return set()
    pairs = enumerate(pairwise(network.widths[:-1]), start=1)
    return {layer for layer, (before, own) in pairs if before == own}
