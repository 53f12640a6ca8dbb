"""The streams of a trial of a nonlinear network: weights, inputs, and values of activations.

Each pre-activation that is new, up to sign, gets random values of its activation's free variables
(docs/certificates.md, "The oracle of nonlinear networks").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ..problem.networks.recurrent import Recurrent
from . import plain
from .activations import ORACLES, Oracle, Pair, Variables
from .arguments import Place
from .claim import Claim
from .given_weights import GivenWeights

Weights: TypeAlias = Mapping[str, plain.Matrix]

_SECOND = "second/"  # before the names of the streams for the second prime


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
        own: Weights | None = None,
    ) -> None:
        self._claim, self._key, self._trial = claim, claim.context.key, trial
        self._places = places = None if frozen is not None else places
        self._frozen, self._own = frozen, own
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
        """A weight modulo each prime, absent connections 0; or one's own, modulo the only one."""
        if self._own is not None:
            return [self._own[name]]
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


def by_sample(matrix: plain.Matrix) -> list[tuple[int, ...]]:
    """The columns of a matrix."""
    return list(zip(*matrix, strict=True))
