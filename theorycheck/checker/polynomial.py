"""Networks whose activations are powers, evaluated in any algebra: degrees, residues, balls.

Written from docs/certificates.md; nothing here is shared with what finds degrees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..problem.networks.recurrent import Recurrent
from .claim import Claim
from .oracle import hidden_activations

Value = TypeVar("Value")

POWERS = {"linear": 1, "square": 2, "cube": 3}


@dataclass(frozen=True)
class Algebra(Generic[Value]):
    """What a weight makes of the units that it reads, the sum of two such, and their powers."""

    through: Callable[[str, Value], Value]
    plus: Callable[[Value, Value], Value]
    power: Callable[[Value, int], Value]


def require_powers(claim: Claim) -> None:
    """Equations of a nonlinear network have a degree if its activations are powers."""
    if claim.is_nonlinear:
        others = [name for name in hidden_activations(claim.network) if name not in POWERS]
        words = f"the equations are polynomials, which {', '.join(others)} is not"
        claim.require(not others, words)


def outputs_of(
    claim: Claim, algebra: Algebra[Value], inputs: Sequence[Value], constant: Value
) -> list[Value]:
    """The outputs of a nonlinear network, time after time, of the inputs of each step."""
    network, through = claim.network, algebra.through
    powers = [POWERS[name] for name in hidden_activations(network)]

    def summed(bias: str, *parts: Value) -> Value:
        total = parts[0]
        for part in (*parts[1:], *((through(bias, constant),) if network.bias else ())):
            total = algebra.plus(total, part)
        return total

    if not isinstance(network, Recurrent):
        [level] = inputs
        for layer, power in enumerate([*powers, 1], start=1):
            level = algebra.power(summed(f"b{layer}", through(f"W{layer}", level)), power)
        return [level]
    state: list[Value] = []
    outputs = []
    for step in inputs:
        before = [through("recurrent", value) for value in state]
        state = [algebra.power(summed("bias", through("input", step), *before), powers[0])]
        outputs.append(state[0])
    read = outputs if network.readout == "all" else outputs[-1:]
    return [summed("readout_bias", through("readout", value)) for value in read]
