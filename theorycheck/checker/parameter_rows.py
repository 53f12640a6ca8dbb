"""Derivatives in parameters at the point of a trial: weights and chain rule in plain integers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from ..problem.parametrization import Form, Parametrization
from . import plain
from .budget import STEP
from .claim import Claim
from .oracle import FeedforwardOracle, RecurrentOracle, oracle_at
from .points import Linear, point_at

_Entries: TypeAlias = Linear | FeedforwardOracle | RecurrentOracle
Parameter: TypeAlias = tuple[str, tuple[int, ...]]  # a block and an index; of a bias in one column


def parameters_of(claim: Claim, parametrization: Parametrization) -> list[Parameter]:
    """All parameters, in the order that numbers them."""
    count = parametrization.n_parameters
    claim.foresee(3 * STEP * count, 200 * count, f"a list of {count} parameters")
    claim.charge(3 * STEP * count, "a list of parameters")
    found: list[Parameter] = []
    for block in parametrization.blocks:
        if block.kind == "entries":
            mask = parametrization.forms[block.weight].entries
            rows = mask.reshape(len(mask), -1).tolist()
            found += [
                (block.name, (i, j))
                for i, row in enumerate(rows)
                for j, bit in enumerate(row)
                if bit
            ]
        elif len(block.shape) == 1:
            found += [(block.name, (i,)) for i in range(block.shape[0])]
        else:
            found += [
                (block.name, (i, j)) for i in range(block.shape[0]) for j in range(block.shape[1])
            ]
    return found


class _Weight:
    """A weight that is not tied, at the point of a trial: F + E + B A, its lines scaled."""

    def __init__(
        self, claim: Claim, parametrization: Parametrization, name: str, trial: int
    ) -> None:
        self.form = parametrization.forms[name]
        self.name, self._claim, self._trial = name, claim, trial
        self._p = claim.prime(trial)
        present = claim.rows(name, "present")
        self.size = len(present), len(present[0])
        n, width = self.size
        self._charge()
        self.rows = self._scales(self.form.rows, n)
        self.columns = self._scales(self.form.columns, width)
        inner = self._base(parametrization, present)
        self.lower: plain.Matrix = []
        self.upper: plain.Matrix = []
        if self.form.rank:
            self.lower = self._drawn(f"parameter/{name}.A", (self.form.rank, width))
            self.upper = self._drawn(f"parameter/{name}.B", (n, self.form.rank))
            inner = plain.sums(inner, plain.product(self.upper, self.lower, self._p), self._p)
        self.inner = inner
        self.matrix = [
            [x * s * c % self._p for x, c in zip(row, self.columns, strict=True)]
            for row, s in zip(inner, self.rows, strict=True)
        ]
        self._packed_upper = [plain.pack(row) for row in self.upper]
        self._packed_lower = [plain.pack(row) for row in zip(*self.lower, strict=True)]

    def _charge(self) -> None:
        (n, width), rank = self.size, self.form.rank
        operations = 12 * STEP * n * width + plain.product_operations(n, rank, width)
        what = f"the parameters of {self.name}"
        self._claim.foresee(operations, 400 * (n * width + rank * (n + width)), what)
        self._claim.charge(operations + 3 * STEP * rank * (n + width), what)

    def _drawn(self, stream: str, shape: tuple[int, ...]) -> plain.Matrix:
        return plain.random_matrix(self._claim.context.key, self._trial, stream, shape, self._p)

    def _scales(self, block: str, size: int) -> plain.Row:
        if not block:
            return [1] * size
        return [value for (value,) in self._drawn(f"parameter/{block}", (size,))]

    def _base(self, parametrization: Parametrization, present: list[list[bool]]) -> plain.Matrix:
        given, p = parametrization.values.get(self.name), self._p
        if given is None:
            base = self._drawn(self.name, self.size)
        else:
            base = [[_residue(x, p) for x in row] for row in given.reshape(self.size).tolist()]
        base = [[x if bit else 0 for x, bit in zip(*rows, strict=True)]
                for rows in zip(base, present, strict=True)]  # fmt: skip
        if not self.form.entries.any():
            return base
        bits = self.form.entries.reshape(self.size).tolist()
        free = self._drawn(f"parameter/{self.name}.entries", self.size)
        return [[(x + y * bit) % p for x, y, bit in zip(*rows, strict=True)]
                for rows in zip(base, free, bits, strict=True)]  # fmt: skip

    def derivatives(self, behind: Sequence[int], read: Sequence[int]) -> _Derivatives:
        """As the weight is between what lies behind its targets and what it reads."""
        return _Derivatives(self, behind, read, self._p)

    def through_upper(self, line: plain.Row) -> plain.Row:
        """A row times B."""
        return plain.combine(line, self._packed_upper, self.form.rank, self._p)

    def through_lower(self, line: plain.Row) -> plain.Row:
        """A times a column."""
        return plain.combine(line, self._packed_lower, self.form.rank, self._p)


class _Derivatives:
    """Vectors whose products are the derivatives of one output by the parameters of a weight."""

    def __init__(self, weight: _Weight, behind: Sequence[int], read: Sequence[int], p: int) -> None:
        form, self._form, self._p = weight.form, weight.form, p
        self._behind, self._read = behind, read
        self._after = [x * s % p for x, s in zip(behind, weight.rows, strict=True)]
        self._before = [x * c % p for x, c in zip(read, weight.columns, strict=True)]
        if form.rank:
            self._through_upper = weight.through_upper(self._after)
            self._through_lower = weight.through_lower(self._before)
        if form.rows:
            self._fed = [sum(map(int.__mul__, row, self._before)) % p for row in weight.inner]
        if form.columns:
            columns = zip(*weight.inner, strict=True)
            self._led = [sum(map(int.__mul__, line, self._after)) % p for line in columns]

    def of(self, kind: str, index: tuple[int, ...]) -> int:
        """By the parameter of this index in a block of this kind."""
        first, last = index[0], index[-1]
        if kind == "entries":
            return self._after[first] * self._before[last] % self._p
        if kind == "A":
            return self._through_upper[first] * self._before[last] % self._p
        if kind == "B":
            return self._after[first] * self._through_lower[last] % self._p
        if kind == "rows":
            return self._behind[first] * self._fed[first] % self._p
        return self._led[first] * self._read[first] % self._p


class ParameterRows:
    """Rows of the Jacobian in the parameters at the point of a trial."""

    def __init__(self, claim: Claim, parametrization: Parametrization, trial: int) -> None:
        self._claim, self._parametrization = claim, parametrization
        self.prime = claim.prime(trial)
        names = parametrization.forms
        self._weights = {name: _Weight(claim, parametrization, name, trial) for name in names}
        matrices = {name: weight.matrix for name, weight in self._weights.items()}
        for name, tied in parametrization.ties.items():
            other = matrices[tied.to]
            matrices[name] = [list(row) for row in zip(*other, strict=True)] if (
                tied.transposed) else other  # fmt: skip
        self._jacobian = _jacobian(claim, trial, matrices)
        self._acting = {block.name: list(self._places(block.name)) for block in
                        parametrization.blocks}  # fmt: skip

    def _places(self, block: str) -> Iterator[tuple[str, str]]:
        """The weights that parameters of a block are in, and as what: its kind."""
        for name, form in self._parametrization.forms.items():
            for axis in ("rows", "columns"):
                if block == getattr(form, axis):
                    yield name, axis
            for kind in ("entries", "A", "B"):
                if block == f"{name}.{kind}":
                    yield name, kind

    def _uses(self, name: str) -> list[tuple[str, bool]]:
        """The names under which a weight acts, and whether transposed."""
        ties = self._parametrization.ties.items()
        return [(name, False), *((other, t.transposed) for other, t in ties if t.to == name)]

    def operations(self, n_entries: int) -> float:
        """Of one row."""
        weights = [weight.size for weight in self._weights.values()]
        uses = self._claim.network.steps * (1 + len(self._parametrization.ties))
        inner = sum(
            STEP * (8 * (n + width) + bool(form.rows or form.columns) * n * width)
            + form.rank * (n + width)
            for (n, width), form in zip(weights, self._parametrization.forms.values(), strict=True)
        )
        units = sum(n + width for n, width in weights)
        behind = sum(n * (width + 3 * STEP) for n, width in weights)
        return uses * (inner + behind + 5 * STEP * n_entries + 5 * STEP * units)

    def row(self, equation: int, entries: Sequence[Parameter]) -> plain.Row:
        """The derivatives of one equation by parameters."""
        factors = self._jacobian.factors(equation)
        found: dict[str, list[_Derivatives]] = {}
        for name, weight in self._weights.items():
            pairs = [
                pair[::-1] if is_transposed else pair
                for used, is_transposed in self._uses(name)
                for pair in factors[used]
            ]
            found[name] = [weight.derivatives(*pair) for pair in pairs]
        return [
            sum(each.of(kind, index) for name, kind in self._acting[block] for each in found[name])
            % self.prime
            for block, index in entries
        ]


def _jacobian(claim: Claim, trial: int, matrices: dict[str, plain.Matrix]) -> _Entries:
    """The Jacobian of the network at weights of one's own, and random inputs."""
    network, p = claim.network, claim.prime(trial)
    if claim.is_nonlinear:
        return oracle_at(claim, trial, own=matrices)
    _, inputs = point_at(claim, trial)
    if isinstance(network, LinearFeedforward):
        return plain.FeedforwardEntries(network, matrices, inputs, p)
    assert isinstance(network, LinearRecurrent)
    steps = [inputs[t : t + network.inputs] for t in range(0, len(inputs), network.inputs)]
    return plain.RecurrentEntries(network, matrices, steps, p)


def _residue(value: float, p: int) -> int:
    exact = Fraction(value)
    return exact.numerator * pow(exact.denominator, -1, p) % p


def form_degree(form: Form) -> int:
    """The degree of the entries of a weight in parameters and base, at most."""
    return (2 if form.rank else 1) + bool(form.rows) + bool(form.columns)
