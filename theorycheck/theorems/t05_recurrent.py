"""T5 Dense recurrent networks: readout only, and what the direct input path freezes."""

from __future__ import annotations

from ..analysis import Analysis
from ..networks import LinearRecurrent
from ..verdict import Expressivity
from .base import Finding, Theorem
from .counts import by_degrees


def obstacle(analysis: Analysis) -> str | None:
    """T5 needs a dense linear recurrent network with learnables in one weight matrix only."""
    network = analysis.network
    if not isinstance(network, LinearRecurrent):
        return "the network is not linear recurrent"
    if not analysis.allocation.is_dense:
        return "the network is sparse"
    names = set(analysis.allocation.counts)
    if names == {"recurrent"}:
        return None
    if names == {"readout"} and network.readout == "final":
        return None
    if names == {"readout"}:
        return "the readout is learnable but read at every step (T1 and T2 decide)"
    if names == {"input"}:
        return "input weights only: the output is affine in them, T2 decides"
    return "learnable weights are not in the readout only or in the recurrent weights only"


def decide(analysis: Analysis) -> Finding | None:
    """Readout only by its rows; recurrent only if the direct path makes it minimal; else None."""
    network = analysis.network
    assert isinstance(network, LinearRecurrent)
    if "readout" in analysis.allocation.counts:
        mask = analysis.allocation.mask("readout")
        return by_degrees("T5", "readout", mask, 0, analysis.effective_samples)
    delayed = network.inputs * (network.steps - 1)
    if network.readout == "all":
        reason = "only recurrent weights are learnable, and they do not act on the first output"
    elif network.steps == 1:
        reason = "only recurrent weights are learnable, and with one step they do not act at all"
    elif analysis.samples > delayed:
        reason = (
            "only recurrent weights are learnable, and they do not act on the last input: "
            f"{analysis.samples} samples are too many, {delayed} is the most"
        )
    else:
        return None
    evidence = {"samples": analysis.samples, "delayed_inputs": delayed}
    return Finding("T5", Expressivity.MINIMAL, reason, "frozen_direct_path", evidence)


THEOREM = Theorem(
    id="T5",
    name="Dense recurrent networks",
    statement=(
        "Dense linear recurrent network. Readout only, read at the end, m_e = min(m, n_in T): "
        "maximal if every row of the readout has at least m_e learnables, minimal if not. "
        "Recurrent only: minimal if m > n_in (T - 1) or T = 1 (the part D B x_T of the output is "
        "frozen), and minimal if every step is read (y_1 = D B x_1 is frozen)."
    ),
    source="theory.md T5",
    obstacle=obstacle,
    decide=decide,
)
