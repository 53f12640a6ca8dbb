"""The check of every kind of certificates, and what comes before: theorem, network, class, keys."""

from __future__ import annotations

from ..certificate_kinds import KINDS, NS, CertificateKind, Scope, kind_of
from ..certificates import Certificate
from ..errors import CertificateError, shown
from ..problem.networks.base import Network
from ..problem.networks.feedforward import Feedforward
from ..problem.networks.kinds import KINDS as NETWORKS
from ..problem.networks.recurrent import Recurrent
from . import (
    deep_levels,
    degree,
    drawn_plans,
    graded,
    graph,
    levels,
    one_layer,
    piecewise,
    plans,
    rank,
    readout,
    real_rank,
    recurrent,
    reductions,
    relu,
    relu_bounds,
    resting,
    solutions,
    solving,
)
from .claim import Check, Claim, read_network
from .context import Context
from .oracle import hidden_activations
from .residual import residual_layers

_STATED = {
    (False, False): "neither rank nor target dimension",
    (False, True): "a target dimension, and no rank",
    (True, True): "rank and target dimension",
}
CHECKS: dict[str, Check] = {
    name: check
    for module in (
        graph,
        one_layer,
        recurrent,
        reductions,
        plans,
        levels,
        drawn_plans,
        deep_levels,
        graded,
        rank,
        real_rank,
        degree,
        solutions,
        readout,
        piecewise,
        solving,
        resting,
        relu,
        relu_bounds,
    )
    for name, check in module.CHECKS.items()
}


def check_certificate(certificate: Certificate, context: Context) -> Claim:
    """Verify a certificate by its kind; raises `TheorycheckError` with the reason if it is refused.

    Returns the claim with what its check has found.
    """
    kind, scope = _scope_of(certificate)
    problem, evidence = certificate.problem, certificate.evidence
    _require(isinstance(problem, dict), "the problem must be the object of an allocation file")
    _require(isinstance(evidence, dict), "the evidence must be an object")
    network = read_network(problem, context.budget)
    _require_form(certificate, kind, scope, network)
    _require_most_special(network)
    claim = Claim(certificate, context, check_certificate)
    _require_problem(claim, kind, scope)
    CHECKS[kind.name](claim)
    return claim


def _scope_of(certificate: Certificate) -> tuple[CertificateKind, Scope]:
    """The kind of a certificate, and of what that speaks under its theorem."""
    kind, theorem = kind_of(certificate.kind), certificate.theorem
    if kind is None:
        known = f"known are {', '.join(KINDS)}"
        raise CertificateError(f"unknown kind {shown(certificate.kind)}; {known}")
    for scope in kind.scopes:
        if scope.theorem == theorem:
            return kind, scope
    theorems = ", ".join(scope.theorem for scope in kind.scopes)
    raise CertificateError(f"the theorem of {kind.name} must be {theorems}, not {shown(theorem)}")


def _require_form(
    certificate: Certificate, kind: CertificateKind, scope: Scope, network: Network
) -> None:
    """Refuse a certificate whose network, class, restated numbers or keys are not of its kind."""
    around = "residual feed-forward"
    titles = " or ".join(around if name == NS else NETWORKS[name].title for name in scope.networks)
    is_residual = bool(residual_layers(network))
    own = around if is_residual else network.title
    _require(
        (NS if is_residual else network.kind) in scope.networks,
        f"{kind.name} (by {scope.theorem}) is about {titles} networks, not {own} ones",
    )
    classes, given = " or ".join(kind.classes), shown(certificate.expressivity)
    _require(certificate.expressivity in kind.classes, f"{kind.name} shows {classes}, not {given}")
    restated = certificate.rank is not None, certificate.target_dimension is not None
    _require(restated == kind.states, f"{kind.name} states {_STATED[kind.states]}")
    keys, names = certificate.evidence.keys(), ", ".join(sorted(kind.keys))
    fits = kind.keys <= keys <= kind.keys | kind.may
    _require(fits, f"the evidence of {kind.name} has the keys {names}")


def _require_most_special(network: Network) -> None:
    """Refuse a linear or shallow ReLU network that is written as one of a more general kind.

    And one that asks for ways around layers and has none.
    """
    if isinstance(network, Feedforward) and not residual_layers(network):
        _require(not network.skip, "a network without a way around a layer is written without skip")
        names = set(hidden_activations(network))
        _require(names - {"linear"} != set(), "a linear network is written as linear_feedforward")
        shallow = names == {"relu"} and len(network.widths) == 3
        _require(not shallow, "a shallow ReLU network is written as shallow_relu")
    if isinstance(network, Recurrent):
        linear = network.activation == "linear" and not network.bias
        _require(not linear, "a linear network without biases is written as linear_recurrent")


def _require_problem(claim: Claim, kind: CertificateKind, scope: Scope) -> None:
    """Refuse absent connections, biases and given inputs that the kind is not about."""
    dense = kind.sparse or claim.allocation.is_dense
    _require(dense, f"{kind.name} is about dense networks")
    without = scope.biases or not claim.network.bias
    _require(without, f"{kind.name} (by {scope.theorem}) is about networks without biases")
    taken = kind.weights or claim.weights is None
    _require(taken, f"{kind.name} is about random frozen weights, here they are given")
    random = kind.given or claim.inputs is None
    _require(random, f"{kind.name} is about random inputs, here they are given")


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise CertificateError(reason)
