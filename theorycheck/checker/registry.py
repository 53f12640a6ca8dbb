"""The one table of all kinds of certificates: for which theorem, network and class each speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..certificates import Certificate
from ..errors import CertificateError, shown
from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward, ShallowReLU
from ..problem.networks.recurrent import LinearRecurrent
from . import degree, graph, one_layer, rank, recurrent, reductions, relu, relu_bounds, solutions
from .claim import Check, Claim, read_network
from .context import Context

F, R, S = LinearFeedforward, LinearRecurrent, ShallowReLU
_BOTH = ("minimal", "maximal")
_STATED = {
    (False, False): "neither rank nor target dimension",
    (False, True): "a target dimension, and no rank",
    (True, True): "rank and target dimension",
}


@dataclass(frozen=True)
class Row:
    """A kind of certificate under one theorem.

    `networks` and `classes` are those that it speaks of; `keys` are those of its evidence, `may`
    others that it may have; `states` says which of rank and target dimension are stated (not null).
    `sparse`, `biases` and `given` tell whether absent connections, biases and given inputs that do
    not span are allowed.
    """

    kind: str
    theorem: str
    networks: tuple[type[Network], ...]
    classes: tuple[str, ...]
    keys: frozenset[str]
    check: Check
    may: frozenset[str] = frozenset()
    states: tuple[bool, bool] = (False, False)
    sparse: bool = False
    biases: bool = False
    given: bool = False

    def require(self, certificate: Certificate, network: Network) -> None:
        """Refuse a certificate whose network, class, restated numbers or keys are not these."""
        kind = self.kind
        _require(
            isinstance(network, self.networks),
            f"{kind} (by {self.theorem}) is about {_titles(self.networks)} networks, not "
            f"{type(network).title} ones",
        )
        _require(
            certificate.expressivity in self.classes,
            f"{kind} shows {' or '.join(self.classes)}, not {shown(certificate.expressivity)}",
        )
        restated = certificate.rank is not None, certificate.target_dimension is not None
        _require(restated == self.states, f"{kind} states {_STATED[self.states]}")
        keys = certificate.evidence.keys()
        fits = self.keys <= keys <= self.keys | self.may
        _require(fits, f"the evidence of {kind} has the keys {', '.join(sorted(self.keys))}")

    def require_problem(self, claim: Claim) -> None:
        """Refuse absent connections, biases and given inputs that this is not about."""
        network = claim.network
        dense = self.sparse or claim.allocation.is_dense
        _require(dense, f"{self.kind} is about dense networks")
        without = self.biases or not getattr(network, "bias", False)
        _require(without, f"{self.kind} (by {self.theorem}) is about networks without biases")
        _require(
            self.given or claim.inputs is None,
            f"{self.kind} is about random inputs, here they are given",
        )


def _layer(kind: str, classes: tuple[str, ...], keys: str, check: Check) -> Iterator[Row]:
    """A kind about the mask of one layer: T4, and T5 for two steps."""
    names = frozenset(f"place {keys}".split())
    yield Row(kind, "T4", (F,), classes, names, check, biases=True)
    yield Row(kind, "T5", (R,), classes, names, check)


def _linear(
    kind: str,
    theorem: str,
    expressivity: str,
    keys: str,
    check: Check,
    *,
    states: tuple[bool, bool] = (True, True),
    networks: tuple[type[Network], ...] = (F, R),
    may: str = "",
    given: bool = True,
) -> Row:
    """A kind about any linear network."""
    names, others = frozenset(keys.split()), frozenset(may.split())
    allowed = {"sparse": True, "biases": True, "given": given}
    return Row(kind, theorem, networks, (expressivity,), names, check, others, states, **allowed)


def _relu(kind: str, expressivity: str, keys: str, check: Check, *, has_rank: bool = True) -> Row:
    names, states = frozenset(keys.split()), (has_rank, True)
    allowed = {"states": states, "sparse": True, "biases": True}
    return Row(kind, "T10", (S,), (expressivity,), names, check, **allowed)


def _rows() -> Iterator[Row]:
    yield from _counts()
    yield from _general()
    yield from _shallow()


def _counts() -> Iterator[Row]:
    degrees = "axis needed deficient smallest"
    for kind, classes, keys, check in (
        ("degree_count", _BOTH, degrees, graph.degree_count),
        ("bottleneck", ("minimal",), "width needed", graph.bottleneck),
    ):
        yield Row(kind, "T3", (F,), classes, frozenset(f"place {keys}".split()), check)
        yield from _layer(kind, classes, keys, check)
    for kind, classes, keys, check in (
        ("support_count", _BOTH, "axis needed found", graph.support_count),
        ("cycle", ("minimal",), "cycle", graph.cycle),
        ("forest", ("maximal",), "frozen", graph.forest),
        ("two_dimensions", _BOTH, "axis full left found", one_layer.two_dimensions),
        ("rectangle", ("minimal",), "rows columns frozen most", one_layer.rectangle),
        ("peeling_order", ("maximal",), "peeled", one_layer.peeling_order),
        ("assignment", ("maximal",), "peeled axis cells", one_layer.assignment),
        ("two_forests", ("maximal",), "peeled order", one_layer.two_forests),
        ("colouring", ("maximal",), "axis colours", one_layer.colouring),
        ("block_forests", ("maximal",), "peeled rows columns", one_layer.block_forests),
    ):
        yield from _layer(kind, classes, keys, check)
    names = frozenset(["samples", "delayed_inputs"])
    yield Row("frozen_direct_path", "T5", (R,), ("minimal",), names, graph.frozen_direct_path)
    names = frozenset(["place", "rows", "columns", "found", "needed", "target_lower"])
    states = (False, True)
    check = recurrent.outside_count
    yield Row("outside_count", "T5", (R,), ("minimal",), names, check, states=states)


def _general() -> Iterator[Row]:
    no, target = (False, False), (False, True)
    every, full = (F, R, S), "minor target_upper"
    yield _linear("full", "T0", "maximal", "", graph.full, states=no, networks=every)
    keys = "learnable certificate"
    yield _linear("sub_allocation", "T0", "maximal", keys, reductions.sub_allocation, states=no)
    names, classes = frozenset(("steps", "certificate")), (*_BOTH, "intermediate")
    yield Row("peeled", "T9", (F,), classes, names, reductions.peeled)
    yield _linear("count", "T1", "minimal", "target_lower", rank.count, states=target)
    yield _linear("deficient_rank", "T1", "minimal", "target_lower", rank.deficient_rank)
    yield _linear("full_rank", "T1", "positive", full, rank.full_rank, may="conflict")
    yield _linear("affine_full_rank", "T2", "maximal", full, rank.affine_full_rank)
    keys = "equations learnables target_lower"
    yield _linear("structural_cover", "T6", "minimal", keys, degree.structural_cover, states=target)
    for name, check in (("side", degree.group_bezout), ("order", degree.triangular)):
        kind, keys = check.__name__, f"{name} {full}"
        yield _linear(kind, "T6", "maximal", keys, check, networks=(F,))
    keys = f"blocks {full}"
    yield _linear("odd_degree", "T6", "maximal", keys, solutions.odd_degree, given=False)
    keys = f"block {full}"
    yield _linear("witness", "T7", "intermediate", keys, solutions.witness, given=False)


def _shallow() -> Iterator[Row]:
    yield _relu("relu_count", "minimal", "regular", relu.relu_count, has_rank=False)
    keys = "equations learnables units regular"
    yield _relu("relu_cover", "minimal", keys, relu.relu_cover, has_rank=False)
    yield _relu("relu_patterns", "minimal", "patterns regular", relu.relu_patterns)
    yield _relu("relu_point", "positive", "point", relu.relu_point)
    check = relu_bounds.relu_bounded_output
    yield _relu("relu_bounded_output", "intermediate", "output point", check)
    keys = "output unit samples point regular"
    yield _relu("relu_missed_sample", "intermediate", keys, relu_bounds.relu_missed_sample)
    yield _relu("relu_interpolation", "maximal", "units", relu.relu_interpolation)


ROWS: tuple[Row, ...] = tuple(_rows())
KINDS: dict[str, tuple[Row, ...]] = {
    kind: tuple(row for row in ROWS if row.kind == kind)
    for kind in dict.fromkeys(row.kind for row in ROWS)
}


def check_certificate(certificate: Certificate, context: Context) -> Claim:
    """Verify a certificate by its kind; raises `TheorycheckError` with the reason if it is refused.

    Returns the claim with what its check has found.
    """
    row = _row_of(certificate)
    problem, evidence = certificate.problem, certificate.evidence
    _require(isinstance(problem, dict), "the problem must be the object of an allocation file")
    _require(isinstance(evidence, dict), "the evidence must be an object")
    row.require(certificate, read_network(problem, context.budget))
    claim = Claim(certificate, context)
    row.require_problem(claim)
    row.check(claim)
    return claim


def _row_of(certificate: Certificate) -> Row:
    kind, theorem = certificate.kind, certificate.theorem
    known = isinstance(kind, str) and kind in KINDS
    _require(known, f"unknown kind {shown(kind)}; known are {', '.join(KINDS)}")
    for row in KINDS[kind]:
        if row.theorem == theorem:
            return row
    theorems = ", ".join(row.theorem for row in KINDS[kind])
    raise CertificateError(f"the theorem of {kind} must be {theorems}, not {shown(theorem)}")


def _titles(networks: tuple[type[Network], ...]) -> str:
    return " or ".join(network.title for network in networks)


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise CertificateError(reason)
