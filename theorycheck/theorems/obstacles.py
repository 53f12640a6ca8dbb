"""Obstacles that several theorems share."""

from __future__ import annotations

from ..problem.networks.feedforward import LinearFeedforward
from .analysis import Analysis


def not_dense_feedforward(analysis: Analysis, *, biases: bool) -> str | None:
    """Why the network is not dense linear feed-forward (with `biases` allowed or not), or None."""
    network = analysis.network
    if not isinstance(network, LinearFeedforward):
        return "the network is not linear feed-forward"
    if not analysis.allocation.is_dense:
        return "the network is sparse"
    if network.bias and not biases:
        return "the network has biases"
    return given_inputs(analysis)


def given_inputs(analysis: Analysis) -> str | None:
    """Why a theorem about random inputs says nothing, or None."""
    return None if analysis.given is None else "the inputs are given, not random"
