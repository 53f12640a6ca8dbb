"""A nonlinear network at the point of one of the check's trials, its activations from an oracle.

Each pre-activation that is new, up to sign, gets random values of its activation's free variables
(docs/certificates.md, "The oracle of nonlinear networks"). Equal ones are told from different ones
by structure (`arguments`). Where that is not known everything is computed modulo two primes. What
is then taken to be equal and is not lowers the rank, so that minors remain proofs; how likely that
is counts in the bound of a trial (`oracle_bounds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..problem.networks.convolutional import Convolutional
from ..problem.networks.feedforward import Feedforward
from ..problem.networks.recurrent import Recurrent
from . import plain
from .arguments import Place, places_of, tells_structure
from .budget import STEP
from .claim import Claim, Entry
from .given_weights import GivenWeights
from .oracle_draws import Draws, Weights, by_sample
from .residual import residual_layers

_PER_INTEGER = 100  # bytes of an integer in a list, with what it is made of
_EVALUATION = 60 * STEP  # of an activation, modulo two primes


def hidden_activations(network: Feedforward | Recurrent | Convolutional) -> list[str]:
    """The activations of the hidden layers; of the state of a recurrent network."""
    if isinstance(network, Recurrent):
        return [network.activation]
    given, n_hidden = network.activation, len(network.widths) - 2
    return [given] * n_hidden if isinstance(given, str) else list(given)


def known_places(claim: Claim) -> list[Place] | None:
    """Which pre-activations are equal by structure, found once; None where residues tell."""
    names = hidden_activations(claim.network)
    if not tells_structure(claim, names):
        return None
    if "places" not in claim.answers:
        claim.answers["places"] = places_of(claim, names)
    return claim.answers["places"]


class FeedforwardOracle:
    """Entries of the Jacobian of a nonlinear feed-forward network at the point of a trial."""

    def __init__(
        self,
        claim: Claim,
        trial: int,
        frozen: GivenWeights | None = None,
        own: Weights | None = None,
    ) -> None:
        network, draws = claim.network, Draws(claim, trial, known_places(claim), frozen, own)
        self._p, self._samples, self._bias = draws.primes[0], claim.samples, network.bias
        self._depth = len(network.widths) - 1
        weights = {
            name: draws.weights(name, shape) for name, shape in network.weight_shapes.items()
        }
        names, self._residual = hidden_activations(network), residual_layers(network)
        values = draws.inputs()
        # By layer: the values that it reads, and its slopes, both sample by sample.
        self._read, self._slopes = [by_sample(values[0])], [[]]
        for layer in range(1, self._depth):
            z = []
            for k, p in enumerate(draws.primes):
                parts, source = [weights[f"W{layer}"][k]], values[k]
                if network.bias:
                    parts, source = (
                        [*parts, weights[f"b{layer}"][k]],
                        [*source, [1] * self._samples],
                    )
                z.append(plain.product(plain.stacked(parts), source, p))
            found = draws.activated(names[layer - 1], layer, z)
            values = [
                plain.sums(part[0], values[k], p) if layer in self._residual else part[0]
                for k, (part, p) in enumerate(zip(found, draws.primes, strict=True))
            ]
            self._read.append(by_sample(values[0]))
            self._slopes.append(by_sample(found[0][1]))
        self._last = weights[f"W{self._depth}"][0]
        self._packed = {
            layer: [plain.pack(row) for row in weights[f"W{layer}"][0]]
            for layer in range(2, self._depth)
        }

    def row(self, equation: int, entries: Sequence[Entry]) -> plain.Row:
        """The derivatives of one equation by the weights `entries` (name, index)."""
        output, sample = divmod(equation, self._samples)
        p, behind = self._p, self._behind(output, sample)
        read = [values[sample] for values in self._read]
        result: plain.Row = []
        for name, index in entries:
            layer = int(name[1:])
            value = read[layer - 1][index[1]] if name[0] == "W" else 1
            if layer == self._depth:
                result.append(value if index[0] == output else 0)
            else:
                result.append(behind[layer][index[0]] * value % p)
        return result

    def factors(self, equation: int) -> plain.Factors:
        """What lies behind the targets of each weight, and what it reads."""
        output, sample = divmod(equation, self._samples)
        behind = self._behind(output, sample)
        behind[self._depth] = [int(i == output) for i in range(len(self._last))]
        found = {}
        for layer, line in behind.items():
            found[f"W{layer}"] = [(line, self._read[layer - 1][sample])]
            found[f"b{layer}"] = [(line, (1,))]
        return found

    def _behind(self, output: int, sample: int) -> dict[int, plain.Row]:
        """What lies behind the pre-activations of each hidden layer; `line` behind its values."""
        p, behind, line = self._p, {}, self._last[output]
        for layer in range(self._depth - 1, 0, -1):
            slopes = self._slopes[layer][sample]
            behind[layer] = [x * slope % p for x, slope in zip(line, slopes, strict=True)]
            if layer > 1:
                width, after = len(self._read[layer - 1][sample]), line
                line = plain.combine(behind[layer], self._packed[layer], width, p)
                if layer in self._residual:
                    line = [(x + y) % p for x, y in zip(line, after, strict=True)]
        return behind


class RecurrentOracle:
    """Entries of the Jacobian of a nonlinear recurrent network at the point of a trial."""

    def __init__(
        self,
        claim: Claim,
        trial: int,
        frozen: GivenWeights | None = None,
        own: Weights | None = None,
    ) -> None:
        network, draws = claim.network, Draws(claim, trial, known_places(claim), frozen, own)
        self._p, self._samples, self._network = draws.primes[0], claim.samples, network
        weights = {
            name: draws.weights(name, shape) for name, shape in network.weight_shapes.items()
        }
        self._readout, n_in = weights["readout"][0], network.inputs
        rows = draws.inputs()
        names = ("recurrent", "input", *(("bias",) if network.bias else ()))
        both = range(len(draws.primes))
        rows_of_all = [plain.stacked([weights[name][k] for name in names]) for k in both]
        ones = [[1] * claim.samples] if network.bias else []
        states = [[[0] * claim.samples for _ in range(network.hidden)] for _ in both]
        # By step: inputs, states (from h_0 on) and slopes, sample by sample.
        self._inputs, self._states, self._slopes = [], [by_sample(states[0])], []
        for step in range(1, network.steps + 1):
            inputs = [part[(step - 1) * n_in : step * n_in] for part in rows]
            z = [
                plain.product(rows_of_all[k], states[k] + inputs[k] + ones, p)
                for k, p in enumerate(draws.primes)
            ]
            found = draws.activated(network.activation, step, z)
            states = [state for state, _ in found]
            self._inputs.append(by_sample(inputs[0]))
            self._states.append(by_sample(found[0][0]))
            self._slopes.append(by_sample(found[0][1]))
        self._packed = [plain.pack(row) for row in weights["recurrent"][0]]

    def row(self, equation: int, entries: Sequence[Entry]) -> plain.Row:
        """The derivatives of one equation by the weights `entries` (name, index)."""
        rest, sample = divmod(equation, self._samples)
        first, output = divmod(rest, self._network.outputs)
        time = first + 1 if self._network.readout == "all" else self._network.steps
        behind = self._behind(time, output, sample)
        states = [state[sample] for state in self._states[: time + 1]]
        inputs = [values[sample] for values in self._inputs[:time]]
        return [self._entry(name, index, output, behind, states, inputs) for name, index in entries]

    def factors(self, equation: int) -> plain.Factors:
        """What lies behind the targets of each weight, and what it reads, at each step."""
        rest, sample = divmod(equation, self._samples)
        first, output = divmod(rest, self._network.outputs)
        time = first + 1 if self._network.readout == "all" else self._network.steps
        unit = [int(i == output) for i in range(self._network.outputs)]
        found: dict[str, list] = {"input": [], "recurrent": [], "bias": []}
        for step, line in enumerate(self._behind(time, output, sample)):
            found["input"].append((line, self._inputs[step][sample]))
            found["recurrent"].append((line, self._states[step][sample]))
            found["bias"].append((line, (1,)))
        readout = [(unit, self._states[time][sample])]
        return {**found, "readout": readout, "readout_bias": [(unit, (1,))]}

    def _entry(
        self,
        name: str,
        index: tuple[int, ...],
        output: int,
        behind: list[plain.Row],
        states: list[tuple[int, ...]],
        inputs: list[tuple[int, ...]],
    ) -> int:
        """`behind` and `inputs` are those of the steps up to the output, `states` from h_0 on."""
        i, j = index[0], index[-1]
        if name == "readout":
            return states[-1][j] if i == output else 0
        if name == "readout_bias":
            return int(i == output)
        if name == "bias":
            return sum(line[i] for line in behind) % self._p
        sources = inputs if name == "input" else states
        return sum(line[i] * x[j] for line, x in zip(behind, sources, strict=False)) % self._p

    def _behind(self, time: int, output: int, sample: int) -> list[plain.Row]:
        """What lies behind the pre-activations of steps 1 to `time` of one output."""
        p, line, behind = self._p, self._readout[output], []
        for step in range(time, 0, -1):
            slopes = self._slopes[step - 1][sample]
            behind.append([x * slope % p for x, slope in zip(line, slopes, strict=True)])
            if step > 1:
                line = plain.combine(behind[-1], self._packed, len(line), p)
        return behind[::-1]


def oracle_at(
    claim: Claim, trial: int, frozen: GivenWeights | None = None, own: Weights | None = None
) -> FeedforwardOracle | RecurrentOracle:
    """The Jacobian at the point of a trial, after asking whether it is not too much.

    Weights may be one's `own`, modulo the prime of the trial, where no other is needed.
    """
    network, m = claim.network, claim.samples
    is_recurrent = isinstance(network, Recurrent)
    if is_recurrent:
        inner = network.hidden + network.inputs + 1
        n_hidden = network.steps * network.hidden
        n_values = network.steps * (2 * network.hidden + network.inputs)
        products = network.steps * plain.product_operations(network.hidden, inner, m)
    else:
        n_hidden, n_values = sum(network.widths[1:-1]), 2 * sum(network.widths)
        pairs = pairwise(network.widths[:-1])
        products = sum(plain.product_operations(after, before + 1, m) for before, after in pairs)
    charge_point(claim, n_hidden, n_values, products)
    return (RecurrentOracle if is_recurrent else FeedforwardOracle)(claim, trial, frozen, own)


def charge_point(claim: Claim, n_hidden: int, n_values: int, products: float) -> None:
    """Ask for a point: of so many hidden units and values on each sample.

    `products` are the operations of all products of matrices modulo one prime.
    """
    network, m = claim.network, claim.samples
    operations = 2 * products + m * (_EVALUATION * n_hidden + 4 * STEP * n_values)
    operations += 6 * STEP * network.n_weights
    digits = max((abs(x).bit_length() for row in claim.inputs or [] for x in row), default=0)
    operations += 2 * digits * network.inputs * network.steps * m
    what = f"a point of {network.n_weights} weights and {m} samples"
    # Weights and values modulo two primes, the words they are made of, and values by sample.
    claim.foresee(operations, _PER_INTEGER * (3 * network.n_weights + 3 * n_values * m), what)
    claim.charge(operations, what)


def operations_per_row(claim: Claim, n_entries: int) -> float:
    """Operations of the derivatives of one equation by so many weights."""
    network = claim.network
    if isinstance(network, Recurrent):
        back = network.steps * plain.product_operations(1, network.hidden, network.hidden)
        return back + (8 + 2 * network.steps) * STEP * n_entries
    pairs = pairwise(network.widths[1:])
    back = sum(plain.product_operations(1, after, before) for before, after in pairs)
    return back + 6 * STEP * n_entries
