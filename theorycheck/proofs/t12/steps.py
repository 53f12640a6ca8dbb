"""The steps of the proof of T12."""

from __future__ import annotations

from ..base import ProofStep
from .at_once import Solved, at_once, at_the_ends
from .resting import TURNED, Rest, at_zero, groups, mixed
from .rules import always_or_never, distant, fitted, one_sided
from .signs import backwards, never_all_signs
from .turning import Turning, degrees, half_turns, in_order, independent

_SMOOTH = ("tanh", "softplus", "sin")
_LOWER = {
    "softplus": 0.0,
    "exp": 0.0,
    "sigmoid": 0.0,
    "square": 0.0,
    "tanh": -1.0,
    "silu": -0.2784645427610738,
}
_TURNED = {
    "sigma is increasing, but not odd: sigmoid": Turning(("sigmoid",)),
    "sigma is even: square": Turning(("square",)),
    "no frozen part": Turning(frozen=False),
    "the constant counts in G": Turning(constant=True),
}


def _by_rank(ranks: list[int], _: list[int], target: int) -> bool:
    return sum(ranks) == target


STEPS = (
    ProofStep(
        "(a) all learnables in the readout: always matched if the rank is D, otherwise never",
        always_or_never,
        (_by_rank, _SMOOTH),
        {
            "as many learnables as D": (lambda _, count, target: sum(count) >= target, ("tanh",)),
            "rank D - 1 is enough": (lambda ranks, _, target: sum(ranks) >= target - 1, ("tanh",)),
            "also for ReLU": (_by_rank, ("relu",)),
        },
        "all masks of the readouts of 2-2-2, m = 2, and 1-2-1 and 1-1-2, m = 3, with biases; 6 "
        "draws each",
    ),
    ProofStep(
        "(c') with positive frozen readout weights the output stays above its bound",
        one_sided,
        (_LOWER, False),
        {
            "linear units are bounded, too": ({"linear": -1.0}, False),
            "silu is bounded by 0": ({"silu": 0.0}, False),
            "a learnable readout bias does no harm": (_LOWER, True),
        },
        "all masks of the inputs of 1-2-1 with biases, six activations",
    ),
    ProofStep(
        "(c*) directions of targets stay away from a cone of smaller dimension",
        distant,
        ("tanh", 3),
        {"also for sin": ("sin", 3), "from a cone of dimension m": ("tanh", 1)},
    ),
    ProofStep(
        "(c'') a unit never has the signs of a vector that is orthogonal to all it is made of",
        never_all_signs,
        ("tanh", "silu", "cube"),
        {
            "whatever the activation: sin": ("sin",),
            "sigma(z) need not have the sign of z: softplus": ("softplus",),
        },
    ),
    ProofStep(
        "(d) from the outputs back: the weights that are found give every target",
        backwards,
        (("cube", "leaky"), 0, False),
        {
            "sigma need not be onto the reals": (("tanh",), 0, False),
            "m - 1 learnable inputs are enough": (("cube",), 1, False),
            "rows need not be matched": (("cube",), 0, True),
        },
        "masks of the layer behind in 2-3-3-2 with biases, m = 3",
    ),
    ProofStep(
        "(e) units of m learnable inputs fit every target, with large readout weights",
        fitted,
        ("tanh", 0, False),
        {
            "m - 1 learnable inputs are enough": ("tanh", 1, False),
            "two outputs may share a unit": ("tanh", 0, True),
            "0 at the end of the range: softplus": ("softplus", 0, False),
        },
        "all masks of the inputs of 2-2-2 with biases, m = 2",
    ),
    ProofStep(
        "(f*) units, the turning one at any w, and 1 are linearly independent",
        independent,
        (True, False),
        {
            "without a frozen part": (False, False),
            "a unit may read no input": (True, True),
        },
    ),
    ProofStep(
        "(f*) delta = 1: the values modulo G make an odd number of half turns, never through 0",
        half_turns,
        Turning(),
        _TURNED,
    ),
    ProofStep(
        "(f*) delta = 2: the glued map has an odd degree, by solid angles",
        degrees,
        Turning(),
        _TURNED,
    ),
    ProofStep(
        "(f*) two outputs, one after the other, each by a unit of one learnable input",
        in_order,
        False,
        {"the second unit may have a frozen weight into the first output": True},
    ),
    ProofStep(
        "(f#) two outputs at once, by units of one learnable input, of one layer and two",
        at_once,
        Solved(),
        {
            "sigma need not be odd: sigmoid": Solved(("sigmoid",)),
            "no frozen part": Solved(frozen=False),
            "one sample more": Solved(more=1),
        },
    ),
    ProofStep(
        "(f#) the bias in G: modulo what is wanted the values at both ends have opposite signs",
        at_the_ends,
        False,
        {"the learnable input may be the constant": True},
    ),
    ProofStep(
        "(h) two units at rest with the same weights: outputs tend to those wanted",
        groups,
        Rest(),
        {
            "the readout weights need not cancel": Rest(cancels=False),
            "frozen weights may differ": Rest(same=False),
            "the rank may be less": Rest(less=1),
        },
    ),
    ProofStep(
        "(h) a unit at rest at 0",
        at_zero,
        Rest(("tanh", "erf", "sin", "silu")),
        {
            "sigma(0) need not be 0: softplus": Rest(("softplus",)),
            "the rank may be less": Rest(("tanh",), less=1),
        },
    ),
    ProofStep(
        "(h) an output at rest, and one that is solved, each acting on the other",
        mixed,
        TURNED,
        {"frozen weights may differ": Rest(TURNED.names, same=False)},
    ),
)
