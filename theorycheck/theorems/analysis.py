"""One allocation under analysis: what several theorems need is computed once, on first use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..computing.options import Options
from ..errors import OutOfTimeError, SizeError
from ..problem.allocation import Allocation, Mask
from ..problem.files import problem_to_dict
from ..problem.masks import Entry
from ..problem.networks.base import Network, positive_integer
from ..ranks.bases import greedy_basis
from ..ranks.exactness import why_not_exact
from ..ranks.generic_rank import GenericRank, generic_rank
from ..ranks.given_inputs import GivenInputs
from ..ranks.given_points import GivenPoints
from ..ranks.given_weights import GivenWeights
from ..ranks.target_dimension import TargetDimension, closed_form, target_dimension, upper_bound
from ..structure.conflicts import Conflict, find_conflict
from ..structure.peeling import Peeled, can_peel, peel
from ..structure.support import Support, jacobian_support

if TYPE_CHECKING:
    from ..degrees.reuse import Reuse
    from ..degrees.solving import Solving
    from ..ranks.piecewise_search import PiecewiseSearch
    from ..ranks.relu_search import ReluSearch

Answer = TypeVar("Answer")

# What depends neither on the effort nor on the deadline.
_KEPT = ("support", "target", "rank", "peeled", "conflict", "learnable_layers")
_BYTES_PER_SECOND = 5e8  # of patterns
_MOST_EQUATIONS = 500  # up to here a rank takes a fraction of a second


@dataclass(frozen=True)
class Analysis:
    """An allocation, a number of samples m and the options of the question.

    With `given` inputs only the weights are random. Those of linear networks do not span, and m is
    their rank. With `weights` frozen ones have the values that these give; the teacher's are
    random, so that the target dimension is the same.
    `reuse` has what was solved for other allocations; `whole` is the analysis, if any, of which
    this one asks about fewer of the learnables, and with which it shares the target. `answers` are
    what theorems have said already, and `limits` what has ended a search.
    """

    allocation: Allocation
    samples: int
    options: Options = field(default_factory=Options)
    given: GivenInputs | GivenPoints | None = None
    weights: GivenWeights | None = None
    reuse: Reuse | None = None
    whole: Analysis | None = field(default=None, repr=False, compare=False)
    answers: dict[Any, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    limits: list[str] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", positive_integer(self.samples, "samples"))

    def once(self, question: Callable[[Analysis], Answer]) -> Answer:
        """What `question` answers about this analysis, computed on first use."""
        if question not in self.answers:
            self.answers[question] = question(self)
        return self.answers[question]

    @property
    def network(self) -> Network:
        """The allocation's network."""
        return self.allocation.network

    @property
    def problem(self) -> dict[str, Any]:
        """What is asked, as certificates have it, but for given inputs."""
        problem = problem_to_dict(self.allocation, self.samples)
        return problem if self.weights is None else problem | {"weights": self.weights.to_dict()}

    @property
    def is_linear(self) -> bool:
        """Whether the network is linear."""
        return self.network.is_linear

    @property
    def is_polynomial(self) -> bool:
        """Whether outputs are polynomials, and the network of a form whose degrees are sought."""
        network = self.network
        has_form = network.is_linear or network.is_layered or network.is_recurrent
        return network.is_polynomial and has_form

    @property
    def is_affine(self) -> bool:
        """Whether outputs are affine in the learnables, of a linear network."""
        return self.is_linear and self.conflict is None

    @property
    def effective_samples(self) -> int:
        """m_e, the number of samples that count."""
        return self.network.effective_samples(self.samples)

    @property
    def n_equations(self) -> int:
        """Equations that count: outputs x effective samples, times steps if all are read."""
        return self.network.n_equations(self.samples)

    @cached_property
    def why_not_exact(self) -> str | None:
        """Why ranks modulo a prime need not be those of a nonlinear network (T11b), or None."""
        if self.is_linear:
            return "the network is linear"
        if not self.network.is_analytic:
            return "the network has activations that are not analytic"
        assert not isinstance(self.given, GivenInputs), "these are inputs of linear networks"
        return why_not_exact(self.allocation, self.given, self.options.deadline)

    @property
    def why_no_bound(self) -> str | None:
        """Why nothing bounds the error of a rank with given weights, or None."""
        names = sorted({"exp", "softplus"} & set(self.network.activations))
        if self.weights is None or not names:
            return None
        return f"given weights are not covered with {names[0]}"

    @property
    def why_only_a_bound(self) -> str | None:
        """Why the rank modulo a prime may be larger than the true one (T17), or None.

        With given weights pre-activations that differ may yet depend on each other.
        """
        network = self.network
        if self.weights is None or network.is_linear or network.is_polynomial:
            return None
        return "the rank modulo a prime is only an upper bound with given weights"

    @property
    def is_spanning(self) -> bool:
        """Whether the samples span the inputs, so that each can be taken as a unit vector."""
        return self.network.is_spanned_by(self.effective_samples)

    @cached_property
    def support(self) -> Support:
        """Which learnables act on which equations (random inputs, or linear); or `SizeError`."""
        assert not isinstance(self.given, GivenPoints), "on these points 0 means more than no path"
        inputs = None if self.given is None else self.given.matrix != 0
        needed = 3 * self.n_equations * self.allocation.n_learnable  # while it is put together
        if needed > self.options.memory_limit:
            raise SizeError(
                f"the pattern of the Jacobian ({self.n_equations} equations x "
                f"{self.allocation.n_learnable} weights) needs about {needed / 2**30:.3g} GiB, "
                f"more than the limit of {self.options.memory_limit / 2**30:.3g} GiB"
            )
        self.options.deadline.afford(needed / _BYTES_PER_SECOND, "the pattern of the Jacobian")
        return jacobian_support(
            self.allocation, self.effective_samples, self.is_spanning, inputs, self.options.deadline
        )

    @cached_property
    def target(self) -> TargetDimension:
        """The target dimension D(m), whatever is learnable; may raise `SizeError`."""
        if self.whole is not None:
            return self.whole.target
        if self._reaching is not None:
            name, rank = self._reaching
            return TargetDimension(rank.value, "learnables", name, rank)
        return target_dimension(self.allocation, self.samples, **self.for_ranks)

    @property
    def reaches_target(self) -> bool:
        """Whether rank(A) = D, as surely as is asked; may raise `SizeError`."""
        target = self.target
        if self.rank.value < target.value:
            return False
        return target.error_bound <= self.options.error_bound

    @property
    def for_ranks(self) -> dict[str, Any]:
        """The options that ranks take, and the inputs if they are given."""
        options = self.options
        return {
            "given": self.given,
            "seed": options.seed,
            "error_bound": options.error_bound,
            "memory_limit": options.memory_limit,
            "xp": options.xp,
            "deadline": options.deadline,
        }

    @cached_property
    def _reaching(self) -> tuple[str, GenericRank] | None:
        """The rank of the learnables if it reaches a proved bound of D, and its name (nonlinear).

        Then it is D, and no second matrix, as large as that of all weights, has to be looked at.
        """
        if self.is_linear or self.weights is not None:
            return None  # of given weights it is a bound from above alone (T17)
        name, bound = upper_bound(self.allocation, self.samples)
        if self.allocation.n_learnable < bound:
            return None
        rank = generic_rank(self.allocation, self.samples, upper=bound, **self.for_ranks)
        return (name, rank) if rank.value == bound else None

    @property
    def stated_target(self) -> int | None:
        """D(m) for the record, where no theorem asks for it; None where it would be expensive."""
        if "piecewise" in self.__dict__:
            return self.piecewise.target
        if not self.is_linear and self.why_not_exact is not None:
            return None
        formula = closed_form(self.allocation, self.samples)
        if formula is not None or self.n_equations > _MOST_EQUATIONS:
            return formula
        try:
            return self.target.value
        except (OutOfTimeError, SizeError):
            return None

    @cached_property
    def rank(self) -> GenericRank:
        """The generic rank of the allocation; may raise `SizeError`."""
        if self._reaching is not None:
            return self._reaching[1]
        return generic_rank(
            self.allocation,
            self.samples,
            upper=min(self.allocation.n_learnable, self.target.value),
            frozen=self.weights,
            **self.for_ranks,
        )

    @cached_property
    def relu(self) -> ReluSearch:
        """Activation patterns and their ranks (shallow ReLU only); may raise `SizeError`."""
        from ..ranks.relu_search import ReluSearch

        return ReluSearch(
            self.allocation,
            self.samples,
            self.options.seed,
            self.options.error_bound,
            self.options.memory_limit,
            self.options.deadline,
        )

    @cached_property
    def piecewise(self) -> PiecewiseSearch:
        """Bounds on ranks, and points (piecewise linear networks); may raise `SizeError`."""
        from ..ranks.piecewise_search import PiecewiseSearch

        options = self.options
        return PiecewiseSearch(
            self.allocation, self.samples, options.seed, options.memory_limit, options.deadline
        )

    @cached_property
    def peeled(self) -> Peeled:
        """What peeling leaves (dense feed-forward networks without biases only)."""
        return peel(self.allocation, self.samples)

    @cached_property
    def core(self) -> Analysis | None:
        """The same question about what peeling leaves (T9); None if nothing is left."""
        if (
            self.weights is not None
            or self.given is not None
            or not can_peel(self.allocation)
            or not self.peeled.steps
        ):
            return self
        if self.peeled.allocation is None:
            return None
        left = self.peeled
        return replace(self, allocation=left.allocation, samples=left.samples, whole=None)

    @cached_property
    def solving(self) -> Solving | None:
        """The equations to solve; None unless r = D = rank, not affine, on random inputs."""
        target = self.target.value
        if not self.is_polynomial or self.allocation.n_learnable != target or not target:
            return None
        if self.is_affine:
            return None
        if self.rank.value < target or self.given is not None or self.weights is not None:
            return None
        if not self.options.effort.seeks_degrees:
            return None
        from ..degrees.solving import Solving
        from ..degrees.system import SquareSystem, chosen_equations

        equations, is_faithful = chosen_equations(
            self.network,  # type: ignore[arg-type]
            self.effective_samples,
            self.n_equations,
            target,
            self.rank.best.rows,
        )
        system = SquareSystem(
            self.allocation, self.effective_samples, equations, tuple(range(target))
        )
        reuse = {} if self.reuse is None else {"reuse": self.reuse}
        return Solving(
            system,
            self.support,
            is_faithful,
            self.options.seed,
            self.options.effort,
            deadline=self.options.deadline,
            **reuse,
        )

    @property
    def known_degree(self) -> int | None:
        """The degree, for r = D = rank, if that is plain or was computed before."""
        core = self.core
        if self.has_one_affine_layer or core is None or core.has_one_affine_layer:
            return 1
        return self.solved.degree if self.solved is not None else None

    @property
    def solved(self) -> Solving | None:
        """`solving` of the core, if a theorem has asked for it; asking would compute it."""
        return self.core.__dict__.get("solving") if self.core is not None else None

    @property
    def has_one_affine_layer(self) -> bool:
        """Whether all learnables are in one layer, in which the output is surely affine."""
        if len(self.learnable_layers) != 1 or not self.is_linear:
            return False
        carried = any(self.network.lag(name) for name in self.allocation.counts)
        return not carried or self.network.steps <= 2

    @cached_property
    def conflict(self) -> Conflict | None:
        """A path through two learnables, or None if the output is affine in them."""
        return find_conflict(self.allocation, self.options.deadline)

    @cached_property
    def learnable_layers(self) -> tuple[tuple[str, ...], ...]:
        """The layers with learnables, each as its weight names (`W2`, or `W2` and `b2`)."""
        counts = self.allocation.counts
        layers = (tuple(filter(counts.__contains__, names)) for names in self.network.weight_layers)
        return tuple(names for names in layers if names)

    def layer_mask(self, layer: int) -> Mask:
        """Learnables of feed-forward layer `layer` (from 1); a bias is one more column."""
        masks = [self.allocation.mask(name) for name in self.network.weight_layers[layer - 1]]
        # A huge layer that is learnable as a whole has no entries of its own: no copy of it.
        return masks[0] if len(masks) == 1 else np.column_stack(masks)

    def restricted_to(self, names: tuple[str, ...]) -> Analysis:
        """The same question about the sub-allocation with the learnables of `names` only."""
        return self.part(self.allocation.restricted_to(names))

    def basis(self, order: Sequence[Entry], most: int) -> list[Entry]:
        """The first basis along the order, of at most `most` entries; may raise `SizeError`."""
        return greedy_basis(
            self.network,
            self.allocation.given_present(),
            self.samples,
            order,
            self.options.seed,
            most=most,
            memory_limit=int(self.options.memory_limit),
            xp=self.options.xp,
            given=self.given,
            deadline=self.options.deadline,
            frozen=self.weights,
        )

    def part(self, allocation: Allocation, **changes: Any) -> Analysis:
        """The same question about an allocation with fewer learnables (and changed options).

        What does not depend on the learnables is computed once for both.
        """
        options = replace(self.options, **changes)
        return replace(self, allocation=allocation, options=options, whole=self.whole or self)

    def again(self, **changes: Any) -> Analysis:
        """The same question with another effort or deadline: ranks and the support are kept."""
        other = replace(self, options=replace(self.options, **changes))
        known = {name: self.__dict__[name] for name in _KEPT if name in self.__dict__}
        other.__dict__.update(known)
        core = self.__dict__.get("core", self)
        if core is not self:
            other.__dict__["core"] = None if core is None else core.again(**changes)
        return other
