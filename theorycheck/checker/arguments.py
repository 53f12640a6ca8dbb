"""Which pre-activations of a nonlinear network are equal or opposite, as formal sums.

From docs/certificates.md, "Equal arguments"; nothing here is shared with `ranks/`. A sum is known
by the values that it reads: two of one unit are equal if these are equal one by one, opposite if
they are opposite one by one. Units that read the same are of one kind, and compared once.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ..problem.networks.feedforward import Feedforward
from ..problem.networks.recurrent import Recurrent
from .budget import STEP
from .claim import Claim
from .residual import residual_layers

Numbers: TypeAlias = list[int]  # by sample
_Read: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], bool]

_FREE = {"tanh", "sigmoid", "erf", "sin", "exp", "arctan"}  # values without weights
ODD = {"linear", "tanh", "erf", "sin", "arctan", "cube"}
NOT_ZERO = {"sigmoid", "softplus", "exp"}  # at 0
_LARGE = 2**50  # more than any number of a sum
_WHAT = "which pre-activations are equal"


class Sources(NamedTuple):
    """What the units of a kind read: rows of the inputs, kinds of the place before, the constant.

    On random inputs which rows does not matter: there is row 0 alone, for all.
    """

    inputs: tuple[int, ...]
    before: tuple[int, ...]
    has_bias: bool


@dataclass(frozen=True)
class Place:
    """A hidden layer or step: the kind of each unit; what each kind reads, and its sums.

    `numbers` are by kind and sample: 0 where a sum is 0; else 1 + the number, counted through all
    samples of all steps, of where it occurs first, negative where it is opposite to that.
    """

    activation: str
    kinds: list[int]
    sources: list[Sources]
    numbers: list[Numbers]

    def of_unit(self, unit: int) -> Numbers:
        """The numbers of the sums of a unit."""
        return self.numbers[self.kinds[unit]]

    def values(self) -> list[Numbers]:
        """Numbers of the values: equal ones, and opposite ones, have such; 0 for the value 0."""
        if self.activation in ODD:
            return self.numbers
        zero = 2 * _LARGE if self.activation in NOT_ZERO else 0
        turned = 0 if self.activation == "square" else _LARGE
        return [[n if n > 0 else turned - n if n else zero for n in line] for line in self.numbers]


def tells_structure(claim: Claim, names: Sequence[str]) -> bool:
    """Whether pre-activations with these activations are told apart by structure, not residues.

    Shared filters and ways around a layer add up values that formal sums keep apart.
    """
    network = claim.network
    if isinstance(network, Recurrent):
        return set(names) <= _FREE
    return isinstance(network, Feedforward) and not residual_layers(network)


def places_of(claim: Claim, names: Sequence[str]) -> list[Place]:
    """The hidden layers, or steps, in computing order; `names` are the activations of layers."""
    is_recurrent = isinstance(claim.network, Recurrent)
    return _steps(claim, names[0]) if is_recurrent else _layers(claim, names)


def _layers(claim: Claim, names: Sequence[str]) -> list[Place]:
    found: list[Place] = []
    for layer, name in enumerate(names, start=1):
        bits = claim.rows(f"W{layer}", "present")
        has_bias = _biases(claim, f"b{layer}", len(bits))
        if layer == 1:
            read = [(_inputs_read(claim, row), (), bias)
                    for row, bias in zip(bits, has_bias, strict=True)]  # fmt: skip
            inputs, before = _inputs(claim, 0), []
        else:
            ends = found[-1].kinds
            claim.charge(STEP * len(bits) * len(ends), _WHAT)
            seen = ({kind for kind, bit in zip(ends, row, strict=True) if bit} for row in bits)
            read = [((), tuple(sorted(one)), bias)
                    for one, bias in zip(seen, has_bias, strict=True)]  # fmt: skip
            inputs, before = [], found[-1].values()
        kinds, distinct = _kinds(read)
        sources = [Sources(*one) for one in distinct]
        numbers = [_numbered(claim, one, inputs, before, {}, 0) for one in sources]
        found.append(Place(name, kinds, sources, numbers))
    return found


def _steps(claim: Claim, name: str) -> list[Place]:
    found: list[Place] = []
    network, m = claim.network, claim.samples
    bits = claim.rows("recurrent", "present") if network.steps > 1 else [[]] * network.hidden
    before = [tuple(k for k, bit in enumerate(row) if bit) for row in bits]
    read = [_inputs_read(claim, row) for row in claim.rows("input", "present")]
    has_bias = _biases(claim, "bias", network.hidden)
    kinds, distinct = _kinds(list(zip(read, before, has_bias, strict=True)))
    sources = [
        Sources(inputs, tuple(sorted({kinds[unit] for unit in units})), bias)
        for inputs, units, bias in distinct
    ]
    known: list[dict[Hashable, int]] = [{} for _ in sources]
    state = [[0] * m for _ in sources]
    for step in range(network.steps):
        inputs = _inputs(claim, step)
        numbers = [
            _numbered(claim, one, inputs, state, seen, step * m)
            for one, seen in zip(sources, known, strict=True)
        ]
        found.append(Place(name, kinds, sources, numbers))
        state = found[-1].values()
    return found


def _biases(claim: Claim, name: str, units: int) -> list[bool]:
    """Which units have one."""
    if not claim.network.bias:
        return [False] * units
    return [row[0] for row in claim.rows(name, "present")]


def _kinds(read: list[_Read]) -> tuple[list[int], list[_Read]]:
    """The kind of each unit, by what it reads, and what each kind reads."""
    numbers: dict[_Read, int] = {}
    return [numbers.setdefault(one, len(numbers)) for one in read], list(numbers)


def _inputs_read(claim: Claim, bits: list[bool]) -> tuple[int, ...]:
    if claim.inputs is None:
        return (0,) if any(bits) else ()
    return tuple(k for k, bit in enumerate(bits) if bit)


def _inputs(claim: Claim, step: int) -> list[Numbers]:
    """The inputs of a step: integers if they are given, else one number for each sample."""
    m, n = claim.samples, claim.network.inputs
    if claim.inputs is None:
        return [list(range(1 + step * m, 1 + step * m + m))]
    return claim.inputs[step * n : (step + 1) * n]


def _numbered(
    claim: Claim,
    sources: Sources,
    inputs: list[Numbers],
    before: list[Numbers],
    known: dict[Hashable, int],
    first: int,
) -> Numbers:
    """The numbers of the sums of a kind; `first` is the number of samples of all steps before."""
    rows = [inputs[k] for k in sources.inputs] + [before[kind] for kind in sources.before]
    claim.charge(3 * STEP * claim.samples * (4 + len(rows)), _WHAT)
    found = []
    for sample in range(claim.samples):
        read = (*(row[sample] for row in rows), int(sources.has_bias))
        number = 0
        if any(read):
            number = known.get(read) or -known.get(tuple(-x for x in read), 0)
            if not number:
                number = known[read] = 1 + first + sample
        found.append(number)
    return found
