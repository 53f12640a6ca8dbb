"""What the steps of the proof of T11 check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from flint import arb, nmod, nmod_mat

from ...problem.networks.activations import ACTIVATIONS
from ...problem.networks.base import Network
from ...problem.networks.convolutional import Convolutional
from ...problem.networks.feedforward import Feedforward
from ...problem.networks.recurrent import Recurrent
from ..shared.nonlinear import TRUE, jacobian_columns, output_values, proved_rank, true_columns
from .oracle import PRIME, Oracle, compared, every_mask, everything, rank_of

Claim: TypeAlias = Callable[..., Any]
_Z = sp.Symbol("z", real=True)

# What stands for what: the activation, and its free variables.
_SIGMOID, _CDF = 1 / (1 + sp.exp(-_Z)), (1 + sp.erf(_Z / sp.sqrt(2))) / 2
_SYMBOLIC: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "linear": (_Z, ()),
    "tanh": (sp.tanh(_Z), (sp.tanh(_Z),)),
    "sigmoid": (_SIGMOID, (_SIGMOID,)),
    "softplus": (sp.log(1 + sp.exp(_Z)), (sp.log(1 + sp.exp(_Z)), _SIGMOID)),
    "silu": (_Z * _SIGMOID, (_SIGMOID,)),
    "gelu": (_Z * _CDF, (_CDF, sp.exp(-(_Z**2) / 2) / sp.sqrt(2 * sp.pi))),
    "erf": (sp.erf(_Z), (sp.erf(_Z), 2 * sp.exp(-(_Z**2)) / sp.sqrt(sp.pi))),
    "sin": (sp.sin(_Z), (sp.tan(_Z / 2),)),
    "exp": (sp.exp(_Z), (sp.exp(_Z),)),
    "arctan": (sp.atan(_Z), (sp.atan(_Z),)),
    "square": (_Z**2, ()),
    "cube": (_Z**3, ()),
}


def _is_zero(expression: Any) -> bool:
    """Whether it is 0 for all z: at z = 0, and its derivative everywhere."""
    at_zero = sp.simplify(expression.subs(_Z, 0))
    return at_zero == 0 and sp.simplify(sp.diff(expression, _Z).rewrite(sp.exp)) == 0


def identities(claim: Mapping[str, Claim]) -> Iterator[str | None]:
    """`claim[name, what]` in place of the oracle, or of the values at -z, of that activation."""
    for name, (sigma, variables) in _SYMBOLIC.items():
        row = ACTIVATIONS[name]
        oracle = claim.get(f"oracle of {name}", row.oracle)
        assert oracle is not None
        value, slope = oracle(_Z, *variables)
        holds = _is_zero(sp.sympify(value - sigma)) and _is_zero(slope - sp.diff(sigma, _Z))
        yield None if holds else f"{name}: value or slope"
        reflected = claim.get(f"{name} at -z", row.reflected)(_Z, *variables)
        opposite = [variable.subs(_Z, -_Z) for variable in variables]
        same = all(_is_zero(a - b) for a, b in zip(reflected, opposite, strict=True))
        yield None if same else f"{name}: variables at -z"


def _networks() -> Iterator[tuple[Network, dict[str, Any], int]]:
    """Small networks of all activations, what is absent, and samples."""
    for name in (name for name, row in ACTIVATIONS.items() if row.is_analytic and name != "linear"):
        yield Feedforward([1, 2, 1], activation=name), {}, 3
        yield Feedforward([1, 1, 1], activation=name, bias=True), {}, 4
        yield Recurrent(1, 1, 1, 3, "all", activation=name, bias=True), {}, 1
    for name in ("tanh", "sigmoid", "softplus", "exp"):
        yield Feedforward([1, 2, 1, 1], activation=name), {"W2": (0, 0)}, 3
        yield Feedforward([1, 2, 1], activation=name), {"W1": (0, 0)}, 3
        yield Feedforward([1, 2, 1], activation=name, bias=True), {"W1": (0, 0)}, 3
        yield Recurrent(1, 2, 1, 2, activation=name), {"input": (1, 0)}, 2
        yield Recurrent(1, 2, 1, 3, activation=name), {}, 3
        yield Recurrent(1, 2, 1, 3, "all", activation=name), {"input": (1, 0)}, 2
    yield Feedforward([1, 2, 1, 1], activation=["tanh", "sin"]), {}, 3
    yield Feedforward([1, 1, 1, 1], activation=["softplus", "cube"], bias=True), {}, 3
    yield Feedforward([1, 2, 2, 1], activation=["square", "tanh"]), {}, 4
    for name in ("tanh", "softplus", "erf", "gelu", "arctan"):
        yield Feedforward([1, 1, 1, 1], activation=name, bias=True, skip=True), {}, 3
        yield Feedforward([1, 2, 2, 1], activation=name, skip=True), {"W1": (0, 0)}, 2
        yield Feedforward([2, 2, 1], activation=name, skip=True), {"W1": (0, 1)}, 3
    for name in ("tanh", "sigmoid", "softplus", "arctan"):
        yield from _with_filters(name)


def _with_filters(name: str) -> Iterator[tuple[Network, dict[str, Any], int]]:
    """Tiny convolutions: stride, padding, pooling, biases, two layers, two dimensions, sparse."""
    wide = {"channels": 1, "kernel": 2}
    yield Convolutional([1, 3], [wide], 1, activation=name), {}, 3
    yield Convolutional([1, 2], [{**wide, "padding": 1}], 1, activation=name, bias=True), {}, 3
    yield Convolutional([1, 4], [{**wide, "padding": 1, "stride": 2}], 1, activation=name), {}, 3
    yield Convolutional([1, 3], [{**wide, "pool": 2}], 2, activation=name, bias=True), {}, 2
    yield Convolutional([1, 2, 2], [{**wide, "kernel": [2, 1]}], 1, activation=name), {}, 3
    yield Convolutional([1, 3], [wide, wide], 2, activation=name), {}, 2
    yield Convolutional([1, 3], [wide, wide], 1, activation=["linear", name]), {}, 2
    channels = {"channels": 2, "kernel": 2, "padding": 1, "stride": 2}
    absent = {"W1": (0, 0, 1)}
    yield Convolutional([1, 3], [channels], 1, activation=name), absent, 2


# Nothing reads the inputs: the values of the first layer are 1/2, in the padding of the second 0.
CONSTANTS = (
    (
        Convolutional(
            [1, 2],
            [{"channels": 1, "kernel": 1}, {"channels": 1, "kernel": 2, "padding": 1}],
            1,
            activation="sigmoid",
        ),
        {"W1": (0, 0, 0)},
        1,
    ),
)


def oracle_ranks(claim: Callable[[int], Oracle]) -> Iterator[str | None]:
    """The ranks by the oracle that `claim` makes and the true ones, over all masks."""
    for network, absent, samples in _networks():
        yield from compared(network, everything(network, **absent), samples, claim)


def _drawn_arguments(
    network: Network, present: Any, samples: int, inputs: list[int] | None, makers: Any
) -> tuple[list[list[int]], int]:
    """[1 | arguments that are new up to sign], of more draws than there are, and their number."""
    rows: list[list[int]] = []
    count = 1
    while len(rows) < count + 5:
        oracle = makers(len(rows))
        given = iter(inputs or [])
        n_weights = [sum(int(mask.sum()) for mask in present.values())]

        def draw(oracle: Oracle = oracle, given: Any = given, left: list[int] = n_weights) -> Any:
            left[0] -= 1
            return oracle.draw() if left[0] >= 0 or not inputs else nmod(next(given), PRIME)

        jacobian_columns(network, present, samples, draw, oracle)
        count = len(oracle.arguments)
        rows.append([1, *oracle.arguments])
    return rows, count


def independent_arguments(
    claim: tuple[Callable[[int], Oracle], bool, Sequence[Any]],
) -> Iterator[str | None]:
    """[1 | z] over more draws than arguments z has full column rank; random or given inputs.

    Of the networks of this module, and of others.
    """
    make, is_random, others = claim
    for network, absent, samples in (*_networks(), *others):
        if all(ACTIVATIONS[name].family == "polynomial" for name in network.activations):
            continue
        number = samples * network.steps * network.inputs
        inputs = None if is_random else [k * k + 1 for k in range(number)]
        present = everything(network, **absent)
        rows, count = _drawn_arguments(network, present, samples, inputs, make)
        rank = nmod_mat(rows, PRIME).rank()
        what = f"{network.describe()}, m = {samples}: {count} arguments, rank {rank} with 1"
        yield None if rank == count + 1 else what


def _floats(name: str, z: Any) -> tuple[Any, Any]:
    row, at = ACTIVATIONS[name], np.array([float(z)])
    return float(row.value(at, np)[0]), float(row.slope(at, np)[0])


def matched_nearby(claim: Callable[[int, int, int], bool]) -> Iterator[str | None]:
    """Whether a teacher near the student is matched, by Newton's method, iff claim(rank, D, r)."""
    for network, samples in (
        (Feedforward([1, 2, 1], activation="tanh"), 2),
        (Feedforward([2, 2, 1], activation="sigmoid"), 2),
        (Feedforward([1, 1, 2], activation="exp", bias=True), 2),
        (Recurrent(1, 1, 1, 2, "all", activation="tanh", bias=True), 2),
        (Feedforward([1, 1, 1, 1], activation="tanh", bias=True, skip=True), 3),
        (Convolutional([1, 2], [{"channels": 2, "kernel": 1}], 1, activation="softplus"), 3),
    ):
        present = everything(network)
        true = true_columns(network, present, samples, seed=0)
        target = proved_rank(list(true.values()))
        for entries in every_mask(true):
            rank = proved_rank([true[entry] for entry in entries])
            found = _is_matched(network, samples, [list(true).index(one) for one in entries])
            what = f"{network.describe()}, m = {samples}, {entries}: rank {rank} of {target}"
            same = found == claim(rank, target, len(entries))
            yield None if same else f"{what}, {'a' if found else 'no'} match"


def _is_matched(network: Network, samples: int, learnable: list[int]) -> bool:
    """Newton's method from the student's weights, for a teacher that is near in all weights."""
    present, rng = everything(network), np.random.default_rng(1)
    weights = rng.normal(size=network.n_weights)
    inputs = rng.normal(size=samples * network.inputs * network.steps)
    teacher = weights + 1e-3 * rng.normal(size=len(weights))

    def at(function: Any, theta: Any) -> Any:
        numbers = iter([*theta, *inputs])
        return function(network, present, samples, lambda: next(numbers), _floats)

    target, theta = np.array(at(output_values, teacher), dtype=float), weights.copy()
    for _ in range(20):
        misfit = target - np.array(at(output_values, theta), dtype=float)
        if abs(misfit).max() < 1e-11:
            return True
        columns = list(at(jacobian_columns, theta).values())
        jacobian = np.array([columns[k] for k in learnable], dtype=float).T
        theta[learnable] += np.linalg.lstsq(jacobian, misfit, rcond=1e-8)[0]
    return False


def widths_bound(widths: tuple[int, ...], bias: bool, m: int, *, centred: bool = True) -> int:
    """T11e: D of a dense network, m samples.

    >>> widths_bound((1, 2, 1), False, 5), widths_bound((2, 1, 2), True, 2)
    (4, 4)
    """
    b, (inputs, *later) = int(bias), widths
    x = m - b * centred
    bound = later[0] * min(m, inputs + b)
    for before, after in pairwise(later):
        k = min(after, before, x)
        bound = min(bound + after * (before + b), b * after + k * (after + x - k))
    return bound


def dense_dimensions(claim: tuple[Claim, tuple[str, ...]]) -> Iterator[str | None]:
    """D of dense networks of these activations, by the oracle and at real points."""
    bound, names = claim
    shapes = [shape for depth in (3, 4) for shape in product((1, 2, 3), repeat=depth)]
    for name, bias, (number, widths) in product(names, (False, True), enumerate(shapes)):
        network = Feedforward(widths, activation=name, bias=bias)
        for m in {1 + number % 3, 2 + number % 5}:
            present = everything(network)
            found = rank_of(list(Oracle(0).columns(network, present, m).values()))
            what = f"{network.describe()}, m = {m}: D = {found}"
            yield None if found == bound(widths, bias, m) else what
            if number % 9 == 0:
                true = proved_rank(list(true_columns(network, present, m, seed=0).values()))
                yield None if found == true else f"{what}, at a real point {true}"


def true_slopes(claim: Mapping[str, Claim]) -> Iterator[str | None]:
    """The values and slopes that real points are evaluated by: a slope is a quotient, nearly."""
    for name, (sigma, _) in _SYMBOLIC.items():
        value, slope = claim.get(name, TRUE[name])(arb("0.7"))
        for found, wanted in ((value, sigma), (slope, sp.diff(sigma, _Z))):
            exact = arb(str(sp.N(wanted.subs(_Z, sp.Rational(7, 10)), 30)))
            yield None if abs(found - exact) < arb("1e-12") else f"{name} at 0.7"
