"""Where the rank of the oracle is the true one (T11), and how likely a trial misses it.

From docs/certificates.md, "The oracle of nonlinear networks"; nothing here is shared with `ranks/`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ..problem.networks.convolutional import Convolutional
from ..problem.networks.recurrent import Recurrent
from .activations import ONE, ORACLES, Size, Sizes, log2_sum
from .arguments import tells_structure
from .budget import STEP
from .claim import Claim
from .convolution import layers_of
from .convolution_reading import require_reading
from .given_weights import GivenWeights
from .oracle import hidden_activations
from .residual import residual_layers
from .separation import require_separated, sees_independent_samples

N_PRIMES = 134_241  # primes between 2^22 and 2^23 that leave 3 when divided by 4
_NOTHING = Size(math.inf, math.inf)


def require_exact(claim: Claim) -> None:
    """T11 is about activations that are analytic and of one family, polynomials aside.

    In recurrent networks those of erf and GELU are known to be independent only if every hidden
    unit reads an input, in convolutional ones not at all.
    """
    network = claim.network
    names = hidden_activations(network)
    other = [name for name in names if name not in ORACLES]
    claim.require(not other, f"T11 is about analytic activations, not {', '.join(other)}")
    families = {ORACLES[name].family for name in names} - {"polynomial"}
    mixed = " and ".join(sorted(families))
    claim.require(len(families) < 2, f"T11 is about activations of one family, not {mixed}")
    if claim.inputs is not None:
        # Only first weights take up the factor that makes the inputs integers.
        around = 1 in residual_layers(network)
        claim.require(not around, "given inputs are about networks without a way around layer 1")
        if families and not sees_independent_samples(claim):
            require_separated(claim)
    if isinstance(network, Convolutional) and families:
        plain_ = families <= {"exponential", "arctan"} and not {"square", "cube"} & set(names)
        which = "error function, and no powers next to others"
        claim.require(plain_, f"T11 on convolutional networks is about no {which}")
        require_reading(claim, names)
    if isinstance(network, Recurrent) and families == {"error function"}:
        reading = all(any(row) for row in claim.rows("input", "present"))
        claim.require(reading, "T11: with erf or GELU every hidden unit must read an input")


def _input(claim: Claim) -> Size:
    """An input is a variable; a given one is an integer."""
    if claim.inputs is None:
        return Size(1.0, 0.0)
    largest = max((abs(value) for row in claim.inputs for value in row), default=1)
    return Size(0.0, math.log2(max(largest, 1)))


@dataclass(frozen=True)
class _Level:
    """A hidden layer (or step): its units, and the sizes of their z, values and slopes.

    `below` is the divisor of all z together: of the values of sin that they read. `value` is the
    size of what is read of it.
    """

    form: _Form
    has_variables: bool
    z: Size
    sizes: Sizes
    below: Size
    value: Size


class _Form(NamedTuple):
    """How a hidden layer (or step) is made.

    A pre-activation sums up `inner` values before, `ways` of them read one of these, and a weight
    acts on `uses` of the pre-activations. `window` values are summed up to one that is read; a
    residual layer adds what it reads.
    """

    units: int
    inner: int
    ways: int
    uses: int = 1
    window: int = 1
    is_residual: bool = False


def _forms(claim: Claim) -> list[_Form]:
    """The hidden layers, or a hidden state for each step."""
    network = claim.network
    if isinstance(network, Recurrent):
        return [_Form(network.hidden, network.hidden, network.hidden)] * network.steps
    if isinstance(network, Convolutional):
        return [
            _Form(layer.units, layer.inner, layer.channels * layer.offsets, layer.after,
                  layer.window)
            for layer in layers_of(network)
        ]  # fmt: skip
    around = residual_layers(network)
    return [
        _Form(own, before, own, is_residual=number in around)
        for number, (before, own) in enumerate(pairwise(network.widths[:-1]), start=1)
    ]


def _levels(claim: Claim) -> Iterator[_Level]:
    """The hidden layers, or the hidden state of step after step."""
    network, bias = claim.network, int(claim.network.bias)
    names, value, below = hidden_activations(network), _input(claim), ONE
    is_recurrent = isinstance(network, Recurrent)
    for number, form in enumerate(_forms(claim)):
        sources = [(form.inner, value)]
        if is_recurrent:
            sources = [(network.inputs, _input(claim)), *(sources if number else [])]
        name = names[0 if is_recurrent else number]
        z = _sum_of_products(sources, bias)
        oracle, is_divided = ORACLES[name], below.degree > 0
        if is_divided and oracle.reads and name != "linear":
            z = _NOTHING
        sizes = oracle.sizes(z)
        own = sizes.value.times(Size(0.0, math.log2(form.window)))
        value = own.plus(value) if form.is_residual else own
        yield _Level(form, oracle.n_variables > 0, z, sizes, below, value)
        if name != "linear":
            divisor = sizes.divisor.power(form.units) if sizes.is_value_divided else ONE
            below = divisor.times(below) if form.is_residual else divisor


def _sum_of_products(parts: list[tuple[int, Size]], bias: int) -> Size:
    """A sum of weights times values, so many of each size, and perhaps a bias."""
    logs = [math.log2(number) + size.log_norm for number, size in parts] + [0.0] * bias
    return Size(1 + max(size.degree for _, size in parts), log2_sum(*logs))


def entry_bounds(claim: Claim) -> Size:
    """The size of the entries of the Jacobian, each row multiplied by the divisors of its units."""
    network = claim.network
    n_levels = network.steps if isinstance(network, Recurrent) else len(network.widths)
    claim.charge(200 * STEP * n_levels, "the bound of a trial")
    levels, entering = list(_levels(claim)), _input(claim)
    last = levels[-1].value if levels else entering
    sizes = {"readout": [last]}
    reached = _sum_of_products([(network.outputs, ONE)], 0)  # what lies behind values
    for number in range(len(levels) - 1, -1, -1):
        level = levels[number]
        behind = reached.times(level.sizes.slope)  # what lies behind pre-activations
        before = levels[number - 1].value if number else entering
        through = _sum_of_products([(level.form.ways, behind)], 0)
        reached = through.plus(reached) if level.form.is_residual else through
        if isinstance(network, Recurrent):
            sizes.setdefault("input", []).append(behind.times(entering))
            sizes.setdefault("bias", []).append(behind)
            if number:
                sizes.setdefault("recurrent", []).append(behind.times(before))
        else:
            everywhere = Size(0.0, math.log2(level.form.uses))
            sizes[f"layer {number}"] = [behind.times(before).times(everywhere)]
    degree = max(size.degree for found in sizes.values() for size in found)
    log_norm = max(log2_sum(*(size.log_norm for size in found)) for found in sizes.values())
    for level in levels:
        degree += level.form.units * level.sizes.divisor.degree
        log_norm += level.form.units * level.sizes.divisor.log_norm
    return Size(degree, log_norm)


def output_size(claim: Claim) -> Size:
    """The size of an output of a network of powers, a polynomial in weights and inputs."""
    network = claim.network
    last = list(_levels(claim))[-1]
    return _sum_of_products([(last.form.units, last.value)], int(network.bias))


def require_polynomials(claim: Claim) -> None:
    """With given weights the rank of the oracle is the true one for polynomials; else a bound."""
    names = hidden_activations(claim.network)
    exact = all(name in ORACLES and ORACLES[name].family == "polynomial" for name in names)
    claim.require(exact, "with given weights minors are those of networks of polynomials")


def _per_degree(claim: Claim, frozen: GivenWeights | None) -> float:
    """What each degree adds to log2 of a norm, with given weights.

    The weights and inputs over their denominators, the means of pooling that random weights would
    take up, and 1 since opposite pre-activations have 1 - a for a variable a.
    """
    if frozen is None:
        return 0.0
    names = set(hidden_activations(claim.network))
    claim.require(not names & {"exp", "softplus"}, "given weights are not about exp and softplus")
    network = claim.network
    layers = layers_of(network) if isinstance(network, Convolutional) else []
    pool = max((layer.window for layer in layers), default=1)
    return 1 + frozen.log_size + math.log2(pool) + math.log2(claim.scale)


def trial_bound(claim: Claim, size: int, frozen: GivenWeights | None = None) -> float:
    """The probability that a trial misses a rank of at most `size`, at most.

    That a non-zero minor vanishes; or, where residues tell pre-activations apart, that two that
    differ are taken to be equal, or opposite, or one of them to be 0.
    """
    added = _per_degree(claim, frozen)
    entry = _with_halves(entry_bounds(claim), _has_halves(claim), added)
    minor = Size(size * entry.degree, size * (math.log2(size) + entry.log_norm))
    is_structural = tells_structure(claim, hidden_activations(claim.network))
    if is_structural and frozen is None:
        return _vanishing(minor)
    return _vanishing(minor) + collision_bound(claim, added)


def collision_bound(claim: Claim, added: float = 0.0) -> float:
    """The probability that pre-activations that differ agree modulo both primes of a trial.

    `added` is what given weights add to log2 of a norm for each degree.
    """
    total, before, largest, below, has_halves = 0.0, 0.0, ONE, ONE, _has_halves(claim)
    for level in _levels(claim):
        if not level.has_variables:
            continue
        z = _with_halves(level.z, has_halves, added)
        largest = Size(max(largest.degree, z.degree), max(largest.log_norm, z.log_norm))
        below = Size(
            max(below.degree, level.below.degree), max(below.log_norm, level.below.log_norm)
        )
        under = _with_halves(below, False, added)
        both = largest.times(under.power(2)).times(Size(0.0, 1.0))
        count = level.form.units * float(claim.samples)
        total += count * (count + 2 * before) * _vanishing(both) ** 2
        before += count
    return total


def _vanishing(size: Size) -> float:
    """The probability that a non-zero polynomial of this size vanishes in a trial, at most."""
    return (1 + 1e-9) * (size.degree / 2**22 + size.log_norm / 22 / N_PRIMES)


def _has_halves(claim: Claim) -> bool:
    """Whether values or slopes at 0 have denominators, which are 2 or 4."""
    names = set(hidden_activations(claim.network))
    constants = [constant for name in names for constant in ORACLES[name].at_zero]
    return any(constant is not None and constant.denominator > 1 for constant in constants)


def _with_halves(size: Size, has_halves: bool, added: float = 0.0) -> Size:
    """The norm after the denominators of values at 0 are cleared: a factor 2 for each degree.

    And those of given weights, which add so much.
    """
    added += float(has_halves)
    return Size(size.degree, size.log_norm + added * size.degree) if added else size
