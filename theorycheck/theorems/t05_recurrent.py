"""T5 Dense recurrent networks: readout only, input only and recurrent only, by counts."""

from __future__ import annotations

from ..problem.networks.base import Network
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .counts import bottleneck, by_degrees, name_lines
from .evidence import below_target
from .one_layer import decide_mask
from .outside_counts import starved_outside

_LAYERS = (("input",), ("recurrent",), ("readout",))


def why_not(analysis: Analysis) -> str | None:
    """T5 needs a dense linear recurrent network with learnables in one weight matrix only."""
    network = analysis.network
    if not (network.is_recurrent and network.is_linear):
        return "the network is not linear recurrent"
    if network.weight_layers != _LAYERS:
        return "the network has other weights than input, recurrent and readout"
    if not analysis.allocation.is_dense:
        return "the network is sparse"
    names = set(analysis.allocation.counts)
    if len(names) != 1:
        return "the learnable weights are not in one of input, recurrent and readout alone"
    if network.reads_every_step and names != {"recurrent"}:
        return "every step is read (T1 and T2 decide)"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """Readout by its rows; recurrent by the direct path; recurrent and input by counts (*)."""
    name = next(iter(analysis.allocation.counts))
    mask = analysis.allocation.mask(name)
    if name == "readout":
        return by_degrees("T5", name, mask, 0, analysis.effective_samples)
    network = analysis.network
    if name == "recurrent":
        settled = _direct_path(analysis, network) or _two_steps(analysis, network)
        if settled is not None:
            return settled
    return _outside(analysis, name, network.steps - (1 if name == "recurrent" else 0))


def _direct_path(analysis: Analysis, network: Network) -> Finding | None:
    delayed = network.inputs * (network.steps - 1)
    if network.reads_every_step:
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


def _two_steps(analysis: Analysis, network: Network) -> Finding | None:
    """T = 2: y - D B x_2 = D W (B x_1), so W is the one learnable layer of T4."""
    if network.steps != 2:
        return None
    for needed in (network.outputs, analysis.samples):
        if network.widths[1] < needed:
            return bottleneck("T5", "the hidden layer", "units", network.widths[1], needed)
    mask = analysis.allocation.mask("recurrent")
    question = "T5", "recurrent", mask, network.outputs, analysis.samples
    return decide_mask(*question, analysis.options.deadline)


def _outside(analysis: Analysis, name: str, reach: int) -> Finding | None:
    """The count (*), where all d m_e dimensions are needed."""
    outputs, samples = analysis.network.outputs, analysis.effective_samples
    mask = analysis.allocation.mask(name)
    outside = starved_outside(mask, outputs, samples, reach, analysis.options.deadline)
    if outside is None or analysis.target.value < outputs * samples:
        return None
    rows, columns, found, needed = outside
    sides = (("rows", rows), ("columns", columns))
    lines = " and ".join(name_lines(word, side, len(side)) for word, side in sides if side)
    reason = f"{found} weights outside {lines} of {name} are learnable, {needed} are needed there"
    evidence = {
        "place": name,
        "rows": rows,
        "columns": columns,
        "found": found,
        "needed": needed,
    }
    return below_target("T5", analysis, reason, "outside_count", evidence)


THEOREM = Theorem("T5", why_not, decide, only_counts=True)
