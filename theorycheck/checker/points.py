"""The Jacobian of a network at the point of one of the check's trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from ..problem.networks.convolutional import Convolutional
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from . import oracle_convolutions, plain
from .budget import STEP
from .claim import Claim, Entry
from .given_weights import GivenWeights
from .oracle import FeedforwardOracle, RecurrentOracle, operations_per_row, oracle_at
from .oracle_convolutions import ConvolutionOracle

Linear: TypeAlias = plain.FeedforwardEntries | plain.RecurrentEntries
Entries: TypeAlias = Linear | FeedforwardOracle | RecurrentOracle | ConvolutionOracle

_PER_INTEGER = 100  # bytes of an integer in a list, with what it is made of


def jacobian_at(claim: Claim, trial: int, frozen: GivenWeights | None = None) -> Entries:
    """The Jacobian at the point of a trial, of a nonlinear network at one of its oracle.

    With the given weights `frozen`; the teacher's are random.
    """
    if isinstance(claim.network, Convolutional):
        return oracle_convolutions.convolution_at(claim, trial, frozen)
    if claim.is_nonlinear:
        return oracle_at(claim, trial, frozen)
    return entries_at(claim, trial, frozen=frozen)


def entries_at(
    claim: Claim,
    trial: int,
    given: Mapping[Entry, int] | None = None,
    frozen: GivenWeights | None = None,
) -> Linear:
    """The Jacobian of a linear network, with other values for the weights `given`, or `frozen`."""
    network, p = claim.network, claim.context.prime(trial)
    weights, inputs = point_at(claim, trial)
    if frozen is not None:
        weights = {name: frozen.put_into(name, drawn, p) for name, drawn in weights.items()}
    for (name, (i, *j)), value in (given or {}).items():
        weights[name][i][j[0] if j else 0] = value
    if isinstance(network, LinearFeedforward):
        return plain.FeedforwardEntries(network, weights, inputs, p)
    steps = [inputs[t : t + network.inputs] for t in range(0, len(inputs), network.inputs)]
    return plain.RecurrentEntries(network, weights, steps, p)


def point_at(claim: Claim, trial: int) -> tuple[dict[str, plain.Matrix], plain.Matrix]:
    """Weights in rows, absent ones 0, and the rows of the inputs, the constant last."""
    _charge_entries(claim)
    network, key, p = claim.network, claim.context.key, claim.context.prime(trial)
    weights = {
        name: plain.random_matrix(key, trial, name, shape, p)
        for name, shape in network.weight_shapes.items()
    }
    for name in claim.allocation.given_present():
        weights[name] = [
            [value if bit else 0 for value, bit in zip(values, bits, strict=True)]
            for values, bits in zip(weights[name], claim.rows(name, "present"), strict=True)
        ]
    return weights, _inputs(claim, trial, p)


def _inputs(claim: Claim, trial: int, p: int) -> plain.Matrix:
    """Rows of the inputs, those of step after step; a last row for the constant."""
    network, n_samples = claim.network, claim.effective_samples()
    if claim.inputs is not None:
        return [[value % p for value in row] for row in claim.inputs]
    is_feedforward = isinstance(network, LinearFeedforward)
    n_rows = network.inputs * (1 if is_feedforward else network.steps)
    constants = 1 if is_feedforward and network.bias else 0
    if n_samples == claim.input_dimension():
        zeros = [[0] * n_samples for _ in range(n_rows + constants - n_samples)]
        return plain.identity(n_samples) + zeros
    shape = (n_rows, n_samples)
    rows = plain.random_matrix(claim.context.key, trial, "inputs", shape, p)
    return rows + [[1] * n_samples] * constants


def rows_of(
    claim: Claim,
    jacobian: Entries,
    equations: Sequence[int],
    entries: Sequence[Entry],
    times: int = 1,
) -> Iterator[plain.Row]:
    """The rows of a Jacobian, one by one, after asking whether their rank is not too much.

    It will be asked for so many `times`, this one included.
    """
    per_row = _per_row(claim, len(entries))
    n_rows, width = len(equations), len(entries)
    rank = min(n_rows, width)
    what = f"the rank of {n_rows} equations by {width} weights"
    operations = n_rows * per_row + plain.rank_operations(n_rows, width)
    claim.foresee(times * operations, 8 * rank * width, what)
    for equation in equations:
        claim.charge(per_row, what)
        yield jacobian.row(equation, entries)


def _per_row(claim: Claim, n_entries: int) -> float:
    """Operations of the derivatives of one equation by so many weights."""
    network = claim.network
    if isinstance(network, Convolutional):
        return oracle_convolutions.operations_per_row(claim, n_entries)
    if claim.is_nonlinear:
        return operations_per_row(claim, n_entries)
    uses = 1 if isinstance(network, LinearFeedforward) else network.steps
    return (3 + 2 * uses) * STEP * n_entries


def _charge_entries(claim: Claim) -> None:
    """What the point, the states and the weights behind them take."""
    network, m = claim.network, claim.effective_samples()
    n_weights = network.n_weights
    if isinstance(network, LinearFeedforward):
        pairs = list(pairwise(network.widths))
        states = sum(network.widths) * (m + network.outputs)
        operations = sum(plain.product_operations(after, before, m) for before, after in pairs)
        operations += sum(
            plain.product_operations(network.outputs, after, before) for before, after in pairs
        )
    else:
        assert isinstance(network, LinearRecurrent)
        inner = network.hidden + network.inputs
        states = network.steps * (inner * m + network.outputs * network.hidden)
        operations = network.steps * (
            plain.product_operations(network.hidden, inner, m)
            + plain.product_operations(network.outputs, network.hidden, network.hidden)
            + STEP * network.hidden * inner
        )
    digits = max((abs(x).bit_length() for row in claim.inputs or [] for x in row), default=0)
    operations += 3 * STEP * n_weights + (STEP + digits) * states
    what = f"a point of {n_weights} weights and {m} samples"
    claim.foresee(operations, _PER_INTEGER * (n_weights + states), what)
    claim.charge(operations, what)
