"""Whether hidden units of a convolutional network read what depends on the sample (T11).

From docs/certificates.md, "The oracle of nonlinear networks"; nothing here is shared with `ranks/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .activations import ORACLES
from .budget import STEP
from .claim import Claim
from .convolution import Layer, layers_of

_ZERO, _CONSTANT, _MOVING = range(3)  # what a value is: 0, the same on all samples, or neither


def foresee_positions(claim: Claim, layers: Sequence[Layer]) -> None:
    """Ask whether the lists of what positions read are not too long; they are made once each."""
    n_read = sum(layer.after * (layer.offsets + 1) for layer in layers)
    claim.foresee(10 * STEP * n_read, 40 * n_read, f"a list of {n_read} positions that are read")
    claim.charge(10 * STEP * n_read, "the positions that are read")


def require_reading(claim: Claim, names: Sequence[str]) -> None:
    """Each hidden unit that is not fed 0 reads, at its position, one that depends on the sample.

    Each with an activation that is not linear: only their pre-activations have to be independent.
    `names` are the activations. By T11 they are: at different positions and samples a filter reads
    different values, which are so.
    """
    layers = layers_of(claim.network)
    foresee_positions(claim, layers)
    n_products = sum(layer.units * (layer.inner + 1) for layer in layers)
    claim.charge(STEP * n_products, "what hidden units read")
    before = [_MOVING] * (layers[0].sources * layers[0].before)
    for number, (layer, name) in enumerate(zip(layers, names, strict=True), start=1):
        sums = list(_sums(claim, number, layer, before))
        reading = name == "linear" or _CONSTANT not in sums
        claim.require(reading, "T11: a hidden unit reads nothing that depends on the sample")
        at_zero = _ZERO if ORACLES[name].at_zero[0] == 0 else _CONSTANT
        values = [at_zero if kind == _ZERO else kind for kind in sums]
        before = [
            max(values[channel * layer.after + at] for at in window)
            for channel in range(layer.channels)
            for window in layer.windows
        ]


def _sums(claim: Claim, number: int, layer: Layer, before: list[int]) -> Iterator[int]:
    """What the pre-activations of a layer are, unit by unit."""
    biases = [[False]] * layer.channels
    if claim.network.bias:
        biases = claim.rows(f"b{number}", "present")
    for bits, (bias,) in zip(claim.rows(f"W{number}", "present"), biases, strict=True):
        there = [divmod(column, layer.offsets) for column, bit in enumerate(bits) if bit]
        for read in layer.reads:
            places = ((source, read[offset]) for source, offset in there)
            kinds = (before[source * layer.before + at] for source, at in places if at is not None)
            yield max([_CONSTANT if bias else _ZERO, *kinds])
