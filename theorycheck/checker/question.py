"""What a certificate about the mask of one layer is asked: place, mask, d and m_e, by theorem."""

from __future__ import annotations

from dataclasses import dataclass

from ..problem.allocation import Mask
from ..problem.networks.recurrent import LinearRecurrent
from .claim import Claim


@dataclass(frozen=True)
class Question:
    """Is the p x q `mask` maximal for d = `outputs` and m_e = `samples`?

    With `by_rows_only` the degrees of the rows decide, and nothing else is asked.
    """

    place: str
    mask: Mask
    outputs: int
    samples: int
    by_rows_only: bool = False

    @property
    def a(self) -> int:
        """Rows beyond the outputs."""
        return self.mask.shape[0] - self.outputs

    @property
    def b(self) -> int:
        """Columns beyond the samples."""
        return self.mask.shape[1] - self.samples


def last_layer(claim: Claim) -> tuple[int, Mask]:
    """T3: the last layer of a dense feed-forward network without biases."""
    layer, mask = claim.single_layer()
    claim.require(layer == claim.network.depth, "T3 is about the last layer")
    claim.require(not claim.network.bias, "T3 is about networks without biases")
    return layer, mask


def bottlenecks(claim: Claim, layer: int) -> dict[str, tuple[int, int]]:
    """Hidden layers too narrow for the outputs behind, or the samples before, layer `layer`."""
    network, samples = claim.network, claim.effective_samples()
    constant = 1 if network.bias else 0
    needs = {
        index: (network.widths[index] + constant, samples)
        if index < layer
        else (network.widths[index], network.outputs)
        for index in range(1, network.depth)
    }
    return {f"hidden layer {i}": pair for i, pair in needs.items() if pair[0] < pair[1]}


def degree_question(claim: Claim) -> Question:
    """The question of a certificate of T3, T4 or T5; its evidence must name the place.

    The layer is the only one with learnables, the network dense, and no hidden layer a bottleneck.
    """
    theorem = claim.certificate.theorem
    claim.require(theorem in ("T3", "T4", "T5"), "the theorem must be T3, T4 or T5")
    question = _recurrent(claim) if theorem == "T5" else _feedforward(claim, theorem)
    place = question.place
    claim.require(claim.evidence["place"] == place, f"the place must be {place}")
    return question


def one_layer_question(claim: Claim) -> Question:
    """As `degree_question`, where T4 decides: not only the degrees of the rows."""
    question = degree_question(claim)
    claim.require(not question.by_rows_only, "only the degrees of the rows decide here")
    return question


def _feedforward(claim: Claim, theorem: str) -> Question:
    layer, mask = last_layer(claim) if theorem == "T3" else claim.single_layer()
    claim.require(not bottlenecks(claim, layer), "a bottleneck decides here")
    place = f"[W{layer} b{layer}]" if claim.network.bias else f"W{layer}"
    outputs, samples = claim.network.outputs, claim.effective_samples()
    return Question(place, mask, outputs, samples, by_rows_only=theorem == "T3")


def _recurrent(claim: Claim) -> Question:
    network = claim.network
    claim.require(isinstance(network, LinearRecurrent), "T5 is about recurrent networks")
    claim.require(claim.allocation.is_dense, "the network must be dense")
    claim.require(network.readout == "final", "the readout must be final")
    if set(claim.allocation.counts) == {"recurrent"}:
        narrow = recurrent_bottlenecks(claim)
        claim.require(not narrow, "a bottleneck decides here")
        mask = claim.allocation.mask("recurrent")
        return Question("recurrent", mask, network.outputs, claim.samples)
    claim.require(set(claim.allocation.counts) == {"readout"}, "readout or recurrent only")
    mask = claim.allocation.mask("readout")
    return Question("readout", mask, network.outputs, claim.effective_samples(), by_rows_only=True)


def recurrent_bottlenecks(claim: Claim) -> dict[str, tuple[int, int]]:
    """Two steps, recurrent only, m <= n_in: the hidden units, if fewer than outputs or samples."""
    network = claim.network
    claim.require(isinstance(network, LinearRecurrent), "T5 is about recurrent networks")
    claim.require(claim.allocation.is_dense, "the network must be dense")
    claim.require(network.readout == "final" and network.steps == 2, "final readout of two steps")
    claim.require(set(claim.allocation.counts) == {"recurrent"}, "recurrent only")
    claim.require(claim.samples <= network.inputs, "more samples than delayed inputs")
    needs = [n for n in (network.outputs, claim.samples) if network.hidden < n]
    return {"the hidden layer": (network.hidden, needs[0])} if needs else {}
