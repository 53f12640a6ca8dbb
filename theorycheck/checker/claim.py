"""A certificate read for checking: the allocation it speaks of, and what all kinds must satisfy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NoReturn, TypeAlias

from ..certificates import Certificate
from ..errors import CertificateError, shown
from ..problem.allocation import Allocation, Mask
from ..problem.files import Problem, problem_from_dict
from ..problem.networks.base import Network
from ..problem.networks.convolutional import Convolutional
from ..problem.networks.feedforward import Feedforward, LinearFeedforward
from ..problem.networks.kinds import network_from_dict
from ..problem.networks.recurrent import LinearRecurrent, Recurrent
from .budget import STEP, Budget
from .context import LEAST_ERROR, Context, is_about, n_trials
from .convolution import layers_of
from .given_weights import GivenWeights, read_weights, with_columns
from .inputs import Integers, read_given, read_points
from .residual import residual_layers

Entry: TypeAlias = tuple[str, tuple[int, ...]]  # a weight: name, index


class Claim:
    """The problem and the claim of a certificate, with the facts that several checks need.

    `verify` is how certificates inside of this one are checked. `stated` sums up the error bounds
    of its parts as the certificate states them, `reached` as the check's own trials reach them.
    Raises `InputError`, `CertificateError` or `SizeError` if the problem is malformed, restated
    wrongly or too large.
    """

    def __init__(
        self, certificate: Certificate, context: Context, verify: Verify | None = None
    ) -> None:
        self.certificate, self.context, self._verify = certificate, context, verify
        self.problem = certificate.problem
        self.inputs: Integers | None = None  # given ones, unless they are as good as random ones
        self.scale = 1  # what given inputs of a nonlinear network are multiplied by
        self.weights: GivenWeights | None = None
        if "inputs" in certificate.problem:
            n_learnable = self._read_inputs()
        else:
            whole = {key: value for key, value in self.problem.items() if key != "weights"}
            self.allocation, self.samples = read_problem(whole, context.budget)
            n_learnable = self.allocation.n_learnable
            self._read_weights(self.allocation)
        self.evidence = certificate.evidence
        self.given: list[str] = []  # what the evidence states and no check computes again
        self.stated = self.reached = 0.0
        self.n_minors_in_balls = 0  # shown, those of certificates inside of this one included
        self._entries: dict[str, list[Entry]] = {}
        self.answers: dict[str, Any] = {}  # what checks found out about the allocation, once
        restated = _same(certificate.learnable, n_learnable)
        self.require(restated, f"{n_learnable} weights are learnable")

    def _read_weights(self, whole: Allocation) -> None:
        """Those that are given of all frozen ones."""
        if "weights" in self.problem:
            given = self.problem["weights"]
            self.weights = read_weights(given, whole, self.context.budget)

    def _read_inputs(self) -> int:
        """The problem that is left for given inputs; returns r of the whole."""
        problem = self.certificate.problem
        others = ("inputs", "basis", "forms", "weights")
        whole = {key: problem[key] for key in problem if key not in others}
        allocation, samples = read_problem(whole, self.context.budget)
        self._read_weights(allocation)
        network, is_linear = allocation.network, "basis" in problem
        if isinstance(network, (Feedforward, Recurrent, Convolutional)):
            self.require(not is_linear, "given inputs of nonlinear networks come without a basis")
            self.allocation, self.samples = allocation, samples
            width = network.steps * network.inputs
            points = read_points(problem["inputs"], width, samples, self.context)
            self.inputs, self.scale = points
            return allocation.n_learnable
        self.require(is_linear and "forms" not in problem, "given inputs come with a basis")
        given = read_given(problem, allocation, samples, self.context)
        self.problem, self.allocation = given.problem, given.allocation
        self.samples = len(given.matrix[0])
        self.inputs = given.matrix if self.samples < len(given.matrix) else None
        if self.weights is not None:
            self.weights = self.weights.with_columns("W1", given.kept)
            left = with_columns(problem["weights"], "W1", given.kept)
            self.problem = {**self.problem, "weights": left}
        return allocation.n_learnable

    @property
    def network(self) -> Any:
        """The network of the problem."""
        return self.allocation.network

    @property
    def is_nonlinear(self) -> bool:
        """Whether T11 speaks of the network: its ranks are then those of an oracle."""
        return isinstance(self.network, (Feedforward, Recurrent, Convolutional))

    @property
    def is_layered(self) -> bool:
        """Whether layer follows layer, and no layer adds what it reads."""
        network = self.network
        is_feedforward = isinstance(network, (LinearFeedforward, Feedforward))
        return is_feedforward and not residual_layers(network)

    def prime(self, trial: int) -> int:
        """The prime of a trial; that of an oracle leaves 3 when divided by 4."""
        return self.context.prime(trial, remainder=3 if self.is_nonlinear else None)

    def forget(self, allocation: Allocation) -> None:
        """Speak of another allocation of the same network from now on."""
        self.allocation, self._entries, self.answers = allocation, {}, {}

    def rest_on(self, certificate: Certificate) -> Claim:
        """Verify a certificate inside of this one; its errors and what it takes as given count."""
        assert self._verify is not None
        part = self._verify(certificate, self.context.inner())
        self.given += part.given
        self.stated += part.stated
        self.reached += part.reached
        self.n_minors_in_balls += part.n_minors_in_balls
        return part

    def refuse(self, reason: str) -> NoReturn:
        """Raise `CertificateError` with the reason."""
        raise CertificateError(reason)

    def require(self, condition: bool, reason: str) -> None:
        """Refuse the certificate unless the condition holds."""
        if not condition:
            self.refuse(reason)

    def charge(self, operations: float, what: str) -> None:
        """Spend operations of the budget; raises `SizeError` where too few are left."""
        self.context.budget.charge(operations, what)

    def foresee(self, operations: float, n_bytes: float, what: str) -> None:
        """Refuse what would take more operations or bytes than there are, before it begins."""
        self.context.budget.foresee(operations, what)
        self.context.budget.hold(n_bytes, what)

    def trials(self, stated: Any, bound: float, times: int = 1) -> range:
        """The numbers of the trials that a part of the claim needs, and what they reach.

        The part may be wrong with probability `stated`; `bound` is that of one trial, and the
        union of `times` statements is bounded.
        """
        fits = type(stated) is float and LEAST_ERROR <= stated < 1
        limits = f"from {LEAST_ERROR:g} on and below 1"
        self.require(fits, f"an error bound of trials must be {limits}, not {shown(stated)}")
        count = n_trials(bound, stated, times)
        self.stated += stated
        self.reached += times * bound**count
        return range(count)

    def require_claim(
        self, expressivity: str, rank: int | None = None, target: int | None = None
    ) -> None:
        """The claim must be this class, rank and target, with the error bound of its parts."""
        claim = self.certificate
        self.require(
            claim.expressivity == expressivity,
            f"the evidence shows {expressivity}, not {claim.expressivity}",
        )
        self.require(_same(claim.rank, rank), f"the rank must be {rank}, not {shown(claim.rank)}")
        self.require(
            _same(claim.target_dimension, target),
            f"the target dimension must be {target}, not {shown(claim.target_dimension)}",
        )
        self.require(
            is_about(claim.error_bound, self.stated),
            f"the error bound must be {self.stated}, not {shown(claim.error_bound)}",
        )

    def target(self) -> int:
        """The target dimension that the certificate states."""
        target = self.certificate.target_dimension
        if type(target) is not int or target < 0:
            self.refuse("the certificate must state the target dimension")
        return target

    def effective_samples(self) -> int:
        """m_e: samples beyond the dimension of the inputs say nothing new (linear kinds)."""
        if self.is_nonlinear:
            return self.samples
        return min(self.samples, self.input_dimension())

    def input_dimension(self) -> int:
        """Dimension of all inputs that a sample can show."""
        if isinstance(self.network, LinearFeedforward):
            return self.network.inputs + (1 if self.network.bias else 0)
        self.require(isinstance(self.network, LinearRecurrent), "the network must be linear")
        if self.network.readout == "all":
            return self.network.inputs
        return self.network.inputs * self.network.steps

    @property
    def is_spanning(self) -> bool:
        """Whether the samples span the inputs (linear kinds), so that they are unit vectors."""
        return not self.is_nonlinear and self.effective_samples() == self.input_dimension()

    def single_layer(self) -> tuple[int, Mask]:
        """The only feed-forward layer with learnables and its mask, the bias as last column."""
        self.require(isinstance(self.network, LinearFeedforward), "T4 is about feed-forward")
        self.require(self.allocation.is_dense, "the network must be dense")
        layers = {int(name[1:]) for name in self.allocation.counts}
        self.require(len(layers) == 1, "exactly one layer must have learnable weights")
        layer = layers.pop()
        mask = self.allocation.mask(f"W{layer}")
        if self.network.bias:
            import numpy as np

            self.foresee(mask.size, mask.size, "the mask of a layer with its bias")
            mask = np.column_stack([mask, self.allocation.mask(f"b{layer}")])
        return layer, mask

    def rows(self, name: str, which: str) -> list[list[bool]]:
        """The mask of a weight as lists, a bias with one entry in each, a filter as one list."""
        mask = getattr(self.allocation, which)[name]
        n_bytes = 8 * mask.size + 72 * len(mask)  # a list for each row
        self.foresee(30 * mask.size, n_bytes, f"the mask of {name}")
        self.charge(30 * mask.size + STEP * len(mask), f"the mask of {name}")
        return mask.reshape(len(mask), -1).tolist()

    def entries(self, which: str) -> list[Entry]:
        """The `which` weights in the order that numbers the columns: name by name, row by row."""
        if which not in self._entries:
            count = getattr(self.allocation, f"n_{which}")
            self.foresee(3 * STEP * count, 200 * count, f"a list of {count} weights")
            self.charge(3 * STEP * count, "a list of weights")
            self._entries[which] = [entry for name in self._names(which) for entry in
                                  self._entries_of(name, which)]  # fmt: skip
        return self._entries[which]

    def _names(self, which: str) -> list[str]:
        return [
            name
            for name, _ in self.allocation.masks(which)
            if which == "present" or name in self.allocation.counts
        ]

    def _entries_of(self, name: str, which: str) -> list[Entry]:
        rows, shape = self.rows(name, which), self.network.weight_shapes[name]
        others = list(product(*map(range, shape[1:])))  # of a bias the empty one alone
        return [
            (name, (i, *others[j]))
            for i, row in enumerate(rows)
            for j, bit in enumerate(row)
            if bit
        ]


def read_problem(problem: Mapping[str, Any], budget: Budget) -> Problem:
    """The allocation and the samples of a problem, unless its masks are larger than is allowed."""
    shapes = read_network(problem, budget).weight_shapes
    for which in ("learnable", "present"):
        named = problem.get(which, {})
        for name, mask in named.items() if isinstance(named, Mapping) else ():
            size, place = math.prod(shapes.get(name, ())), f"{which}[{shown(name)}]"
            budget.hold(10 * size, place)
            budget.charge(STEP * size, place)
            if isinstance(mask, list) and not _has_integers(mask):
                raise CertificateError(f"{place} must be a list of 0 and 1, or of rows of them")
    return problem_from_dict(problem)


def read_network(problem: Mapping[str, Any], budget: Budget) -> Network:
    """The network of a problem, unless it has more layers or units than are allowed."""
    data = problem.get("network")
    lists = [data.get(key) for key in ("widths", "layers")] if isinstance(data, Mapping) else []
    n_layers = sum(len(each) for each in lists if isinstance(each, list))
    budget.charge(500 * STEP * n_layers + STEP, "the network")
    network = network_from_dict(data)
    units = sum(network.widths)
    if isinstance(network, Convolutional):
        # Neither positions nor kernels are among the widths, and no array has 2^63 entries.
        units = network.inputs + sum(layer.units for layer in layers_of(network))
        budget.hold(network.n_weights, f"a network of {network.n_weights} weights")
    budget.hold(100 * units, f"a network of {units} units")
    budget.charge(STEP * units, f"a network of {units} units")
    return network


def _has_integers(mask: list[Any]) -> bool:
    """Whether all entries are integers: what else they must be is asked later."""
    return all(
        _has_integers(entry) if isinstance(entry, list) else type(entry) is int for entry in mask
    )


def _same(claimed: object, actual: int | None) -> bool:
    return claimed is actual if actual is None else type(claimed) is int and claimed == actual


Check: TypeAlias = Callable[[Claim], None]
Verify: TypeAlias = Callable[[Certificate, Context], Claim]
