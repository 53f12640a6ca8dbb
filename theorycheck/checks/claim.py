"""A certificate read for checking: the allocation it speaks of, and what all kinds must satisfy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from ..allocation import Mask
from ..certificates import Certificate
from ..errors import CertificateError
from ..files import problem_from_dict
from ..networks import LinearFeedforward, LinearRecurrent
from .inputs import Integers, read_given


class Claim:
    """The problem and the claim of a certificate, with the facts that several checks need.

    Raises `InputError` or `CertificateError` if the problem is malformed or restated wrongly.
    """

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.problem = certificate.problem
        self.inputs: Integers | None = None  # given ones, unless they are as good as random ones
        if "inputs" in certificate.problem:
            n_learnable = self._read_inputs()
        else:
            self.allocation, self.samples = problem_from_dict(certificate.problem)
            n_learnable = self.allocation.n_learnable
        self.evidence = certificate.evidence
        self.given: list[str] = []  # what the evidence states and no check computes again
        self.require(certificate.learnable == n_learnable, f"{n_learnable} weights are learnable")

    def _read_inputs(self) -> int:
        """The problem that is left for given inputs; returns r of the whole."""
        given = read_given(self.certificate.problem)
        self.problem, self.allocation = given.problem, given.allocation
        self.samples = len(given.matrix[0])
        self.inputs = given.matrix if self.samples < len(given.matrix) else None
        return given.learnable

    @property
    def network(self) -> Any:
        """The network of the problem."""
        return self.allocation.network

    def refuse(self, reason: str) -> NoReturn:
        """Raise `CertificateError` with the reason."""
        raise CertificateError(reason)

    def require(self, condition: bool, reason: str) -> None:
        """Refuse the certificate unless the condition holds."""
        if not condition:
            self.refuse(reason)

    def require_claim(
        self,
        theorems: str,
        expressivity: str,
        rank: int | None = None,
        target: int | None = None,
        error_bound: float = 0.0,
    ) -> None:
        """The claim must name one of the theorems, and this class, rank, target and error bound."""
        claim = self.certificate
        self.require(claim.theorem in theorems.split(), f"the theorem must be {theorems}")
        self.require(
            claim.expressivity == expressivity,
            f"the evidence shows {expressivity}, not {claim.expressivity}",
        )
        self.require(_same(claim.rank, rank), f"the rank must be {rank}, not {claim.rank}")
        self.require(
            _same(claim.target_dimension, target),
            f"the target dimension must be {target}, not {claim.target_dimension}",
        )
        self.require_bound(claim.error_bound, error_bound)

    def require_bound(self, claimed: Any, bound: float) -> None:
        """A claimed error bound must be `bound`, up to rounding."""
        fits = type(claimed) in (int, float) and abs(claimed - bound) <= 1e-6 * bound
        self.require(fits, f"the error bound must be {bound}, not {claimed}")

    def target(self) -> int:
        """The target dimension that the certificate states."""
        target = self.certificate.target_dimension
        if type(target) is not int or target < 0:
            self.refuse("the certificate must state the target dimension")
        return target

    def effective_samples(self) -> int:
        """m_e: samples beyond the dimension of the inputs say nothing new (linear kinds)."""
        return min(self.samples, self.input_dimension())

    def input_dimension(self) -> int:
        """Dimension of all inputs that a sample can show."""
        if isinstance(self.network, LinearFeedforward):
            return self.network.inputs + (1 if self.network.bias else 0)
        self.require(isinstance(self.network, LinearRecurrent), "the network must be linear")
        if self.network.readout == "all":
            return self.network.inputs
        return self.network.inputs * self.network.steps

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

            mask = np.column_stack([mask, self.allocation.mask(f"b{layer}")])
        return layer, mask


def _same(claimed: object, actual: int | None) -> bool:
    return claimed is actual if actual is None else type(claimed) is int and claimed == actual


Check: TypeAlias = Callable[[Claim], None]
