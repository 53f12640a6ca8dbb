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
from .activations import ORACLES, Oracle, Pair, Variables
from .arguments import Place, places_of, tells_structure
from .budget import STEP
from .claim import Claim, Entry
from .given_weights import GivenWeights
from .residual import residual_layers

_PER_INTEGER = 100  # bytes of an integer in a list, with what it is made of
_EVALUATION = 60 * STEP  # of an activation, modulo two primes
_SECOND = "second/"  # before the names of the streams for the second prime


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


class Draws:
    """The streams of a trial, modulo its first prime and, from other words, perhaps its second.

    `places` tell which pre-activations are equal; None where residues have to, modulo both, as
    with `frozen` weights that are given.
    """

    def __init__(
        self,
        claim: Claim,
        trial: int,
        places: list[Place] | None,
        frozen: GivenWeights | None = None,
    ) -> None:
        self._claim, self._key, self._trial = claim, claim.context.key, trial
        self._places = places = None if frozen is not None else places
        self._frozen = frozen
        self.primes: tuple[int, ...] = (claim.prime(trial),)
        if places is None:
            self.primes += (claim.context.prime(trial, _SECOND + "prime", 3),)
        self._known: dict[str, dict[tuple[int, ...], list[Variables]]] = {}
        self._drawn: dict[int, list[list[Variables]]] = {}  # by layer or step, then by prime
        self._sparse = claim.allocation.given_present().keys()  # asks all weights: only once

    def _streams(self, name: str) -> list[tuple[str, int]]:
        return list(zip((name, _SECOND + name), self.primes, strict=False))

    def matrices(self, name: str, shape: tuple[int, ...]) -> list[plain.Matrix]:
        """The matrix of a stream modulo each prime."""
        return [
            plain.random_matrix(self._key, self._trial, stream, shape, p)
            for stream, p in self._streams(name)
        ]

    def weights(self, name: str, shape: tuple[int, ...]) -> list[plain.Matrix]:
        """A weight modulo each prime, absent connections 0."""
        found = self.matrices(name, shape)
        if self._frozen is not None:
            pairs = zip(found, self.primes, strict=True)
            found = [self._frozen.put_into(name, drawn, p) for drawn, p in pairs]
        if name not in self._sparse:
            return found
        bits = self._claim.rows(name, "present")
        return [[_chosen(*pair) for pair in zip(rows, bits, strict=True)] for rows in found]

    def inputs(self) -> list[plain.Matrix]:
        """The inputs modulo each prime, those of step after step; perhaps they are given."""
        network, given = self._claim.network, self._claim.inputs
        if given is None:
            return self.matrices("inputs", (network.steps * network.inputs, self._claim.samples))
        scale = 1 if self._frozen is None else self._claim.scale
        factors = [pow(scale, -1, p) for p in self.primes]
        return [
            [[value * factor % p for value in row] for row in given]
            for factor, p in zip(factors, self.primes, strict=True)
        ]

    def _units(self, name: str, count: int) -> list[list[int]]:
        """Residues of a stream modulo each prime, none of them 0."""
        return [
            [1 + word % (p - 1) for word in plain.words(self._key, self._trial, stream, count)]
            for stream, p in self._streams(name)
        ]

    def activated(
        self, name: str, place: int, z: Sequence[plain.Matrix]
    ) -> list[tuple[plain.Matrix, plain.Matrix]]:
        """Values and slopes of the activation `name` at z, modulo each prime.

        `place` is the number of the layer or step.
        """
        row, n_samples = ORACLES[name], len(z[0][0])
        zero = [self._at_zero(name, row, k) for k in range(len(z))]
        result: list[tuple[plain.Matrix, plain.Matrix]] = [([], []) for _ in z]
        self._drawn[place] = self._fresh(row, place, len(z[0]) * n_samples)
        for unit, lines in enumerate(zip(*z, strict=True)):
            numbers = [] if self._places is None else self._places[place - 1].of_unit(unit)
            found = []
            for sample, residues in enumerate(zip(*lines, strict=True)):
                if numbers:
                    pair = self._by_number(row, place, unit, numbers[sample], residues)
                else:
                    pair = self._by_residues(name, place, unit * n_samples + sample, residues)
                found.append(pair or zero)
            for k, (values, slopes) in enumerate(result):
                values.append([both[k][0] for both in found])
                slopes.append([both[k][1] for both in found])
        return result

    def _fresh(self, row: Oracle, place: int, count: int) -> list[list[Variables]]:
        """Variables of so many evaluations, modulo each prime."""
        streams = [self._units(f"oracle/{place}/{v}", count) for v in range(row.n_variables)]
        pairs = ([pair[k] for pair in streams] for k in range(len(self.primes)))
        return [list(zip(*lines, strict=True)) if lines else [()] * count for lines in pairs]

    def _by_number(
        self, row: Oracle, place: int, unit: int, number: int, z: tuple[int, ...]
    ) -> list[Pair] | None:
        """Value and slope where the sum has this number; None where it is 0."""
        if not number:
            return None
        n_samples = self._claim.samples
        step, sample = divmod(abs(number) - 1, n_samples)
        origin = step + 1 if isinstance(self._claim.network, Recurrent) else place
        known = [self._drawn[origin][0][unit * n_samples + sample]]
        return self._values(row, known, z, number < 0)

    def _by_residues(
        self, name: str, place: int, evaluation: int, z: tuple[int, ...]
    ) -> list[Pair] | None:
        """Value and slope of an evaluation; None where z is 0."""
        if not any(z):
            return None
        first, second = self.primes
        is_mirrored = 2 * z[0] > first if z[0] else 2 * z[1] > second
        key = (-z[0] % first, -z[1] % second) if is_mirrored else z
        new = [line[evaluation] for line in self._drawn[place]]
        known = self._known.setdefault(name, {}).setdefault(key, new)
        return self._values(ORACLES[name], known, z, is_mirrored)

    def _values(
        self, row: Oracle, known: list[Variables], z: tuple[int, ...], is_mirrored: bool
    ) -> list[Pair]:
        """Value and slope at z modulo each prime; `known` are the variables at z, or at -z."""
        if is_mirrored:
            places = zip(z, known, self.primes, strict=True)
            known = [row.mirrored(-value % p, variables, p) for value, variables, p in places]
        places = zip(z, known, self.primes, strict=True)
        return [row.at(value, variables, p) for value, variables, p in places]

    def _at_zero(self, name: str, row: Oracle, k: int) -> tuple[int, int]:
        """Value and slope where the pre-activation is 0; what is not rational is a variable."""
        p, constants = self.primes[k], []
        for constant in row.at_zero:
            if constant is None:
                constants.append(self._units(f"constant/{name}", 1)[k][0])
            else:
                constants.append(constant.numerator * pow(constant.denominator, -1, p) % p)
        return constants[0], constants[1]


def _chosen(values: plain.Row, bits: list[bool]) -> plain.Row:
    return [value if bit else 0 for value, bit in zip(values, bits, strict=True)]


def stacked(parts: Sequence[plain.Matrix]) -> plain.Matrix:
    """Matrices side by side."""
    return [[x for row in rows for x in row] for rows in zip(*parts, strict=True)]


def _sums(one: plain.Matrix, other: plain.Matrix, p: int) -> plain.Matrix:
    """Of two matrices of the same shape."""
    return [
        [(x + y) % p for x, y in zip(*rows, strict=True)] for rows in zip(one, other, strict=True)
    ]


def by_sample(matrix: plain.Matrix) -> list[tuple[int, ...]]:
    """The columns of a matrix."""
    return list(zip(*matrix, strict=True))


class FeedforwardOracle:
    """Entries of the Jacobian of a nonlinear feed-forward network at the point of a trial."""

    def __init__(self, claim: Claim, trial: int, frozen: GivenWeights | None = None) -> None:
        network, draws = claim.network, Draws(claim, trial, known_places(claim), frozen)
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
                z.append(plain.product(stacked(parts), source, p))
            found = draws.activated(names[layer - 1], layer, z)
            values = [
                _sums(part[0], values[k], p) if layer in self._residual else part[0]
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

    def __init__(self, claim: Claim, trial: int, frozen: GivenWeights | None = None) -> None:
        network, draws = claim.network, Draws(claim, trial, known_places(claim), frozen)
        self._p, self._samples, self._network = draws.primes[0], claim.samples, network
        weights = {
            name: draws.weights(name, shape) for name, shape in network.weight_shapes.items()
        }
        self._readout, n_in = weights["readout"][0], network.inputs
        rows = draws.inputs()
        names = ("recurrent", "input", *(("bias",) if network.bias else ()))
        both = range(len(draws.primes))
        rows_of_all = [stacked([weights[name][k] for name in names]) for k in both]
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
    claim: Claim, trial: int, frozen: GivenWeights | None = None
) -> FeedforwardOracle | RecurrentOracle:
    """The Jacobian at the point of a trial, after asking whether it is not too much."""
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
    return (RecurrentOracle if is_recurrent else FeedforwardOracle)(claim, trial, frozen)


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
