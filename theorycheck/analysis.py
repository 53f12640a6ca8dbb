"""One allocation under analysis: what several theorems need is computed once, on first use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from .allocation import Allocation, Mask
from .degrees.effort import DEFAULT_EFFORT, Effort
from .errors import InputError
from .exact.generic_rank import GenericRank, generic_rank, n_equations
from .exact.point import effective_samples, input_dimension
from .exact.target_dimension import TargetDimension, closed_form, target_dimension
from .networks import LinearFeedforward, LinearRecurrent, Network, ShallowReLU, positive_integer
from .paths import Conflict, find_conflict
from .peeling import Peeled, peel
from .structure import Pattern, jacobian_pattern

if TYPE_CHECKING:
    from .degrees.reuse import Reuse
    from .degrees.solving import Solving
    from .exact.inputs import GivenInputs
    from .exact.relu_search import ReluSearch

_MOST_EQUATIONS = 500  # up to here a rank takes a fraction of a second


@dataclass(frozen=True)
class Analysis:
    """An allocation, a number of samples m and the effort allowed.

    `seed` fixes every random prime and point; `error_bound` is what probabilistic ranks must
    reach; `memory_limit` is in bytes; `xp` is NumPy or CuPy; `effort` limits degrees and witnesses.
    With `given` inputs, which do not span, m is their rank, and only the weights are random.
    `reuse` has what was solved for other allocations.
    """

    allocation: Allocation
    samples: int
    seed: int = 0
    error_bound: float = 1e-9
    memory_limit: int = 8 * 2**30
    xp: ModuleType = np
    effort: Effort = DEFAULT_EFFORT
    given: GivenInputs | None = None
    reuse: Reuse | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", positive_integer(self.samples, "samples"))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"seed must be an integer from 0, not {self.seed!r}")
        for name, below in (("error_bound", 1), ("memory_limit", 2**63)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InputError(f"{name} must be a number, not {value!r}")
            if not 0 < value < below:
                raise InputError(f"{name} must be between 0 and {below}, not {value!r}")

    @property
    def network(self) -> Network:
        """The allocation's network."""
        return self.allocation.network

    @property
    def is_linear(self) -> bool:
        """Whether the network is linear (feed-forward or recurrent)."""
        return not isinstance(self.network, ShallowReLU)

    @cached_property
    def effective_samples(self) -> int:
        """m_e, the number of samples that count (linear kinds only)."""
        assert not isinstance(self.network, ShallowReLU)
        return effective_samples(self.network, self.samples)

    @property
    def n_equations(self) -> int:
        """Equations that count: outputs x effective samples, times steps if all are read."""
        assert not isinstance(self.network, ShallowReLU)
        return n_equations(self.network, self.samples)

    @property
    def is_spanning(self) -> bool:
        """Whether the samples span the inputs, so that each can be taken as a unit vector."""
        assert not isinstance(self.network, ShallowReLU)
        return self.effective_samples == input_dimension(self.network)

    @cached_property
    def pattern(self) -> Pattern:
        """Which learnables act on which equations (linear kinds only)."""
        inputs = None if self.given is None else self.given.matrix != 0
        return jacobian_pattern(self.allocation, self.effective_samples, self.is_spanning, inputs)

    @cached_property
    def target(self) -> TargetDimension:
        """The target dimension D(m); may raise `SizeError`."""
        return target_dimension(
            self.allocation,
            self.samples,
            seed=self.seed,
            error_bound=self.error_bound,
            memory_limit=self.memory_limit,
            xp=self.xp,
            given=self.given,
        )

    @property
    def stated_target(self) -> int | None:
        """D(m) for the record, where no theorem asks for it; None where it would be dear."""
        network = self.network
        if isinstance(network, ShallowReLU):
            return None
        formula = closed_form(self.allocation, self.samples)
        is_dear = self.n_equations > _MOST_EQUATIONS
        return formula if formula is not None or is_dear else self.target.value

    @cached_property
    def rank(self) -> GenericRank:
        """The generic rank of the allocation; may raise `SizeError`."""
        return generic_rank(
            self.allocation,
            self.samples,
            upper=min(self.allocation.n_learnable, self.target.value),
            seed=self.seed,
            error_bound=self.error_bound,
            memory_limit=self.memory_limit,
            xp=self.xp,
            given=self.given,
        )

    @cached_property
    def relu(self) -> ReluSearch:
        """Activation patterns and their ranks (shallow ReLU only); may raise `SizeError`."""
        from .exact.relu_search import ReluSearch

        return ReluSearch(
            self.allocation, self.samples, self.seed, self.error_bound, self.memory_limit
        )

    @cached_property
    def peeled(self) -> Peeled:
        """What peeling leaves (dense feed-forward networks without biases only)."""
        return peel(self.allocation, self.samples)

    @cached_property
    def core(self) -> Analysis | None:
        """The same question about what peeling leaves (T9); None if nothing is left."""
        network = self.network
        can_peel = isinstance(network, LinearFeedforward) and not network.bias
        can_peel = can_peel and self.given is None
        if not can_peel or not self.allocation.is_dense or not self.peeled.steps:
            return self
        if self.peeled.allocation is None:
            return None
        return replace(self, allocation=self.peeled.allocation, samples=self.peeled.samples)

    @cached_property
    def solving(self) -> Solving | None:
        """The equations to solve; None unless r = D = rank, with conflicts, on random inputs."""
        target = self.target.value
        if self.allocation.n_learnable != target or self.conflict is None or not target:
            return None
        if self.rank.value < target or not self.effort.seconds or self.given is not None:
            return None
        from .degrees.solving import Solving
        from .degrees.system import SquareSystem

        equations, is_faithful = self._chosen_equations()
        system = SquareSystem(
            self.allocation, self.effective_samples, equations, tuple(range(target))
        )
        reuse = {} if self.reuse is None else {"reuse": self.reuse}
        return Solving(system, self.pattern, is_faithful, self.seed, self.effort, **reuse)

    @property
    def known_degree(self) -> int | None:
        """The degree, for r = D = rank, if that is plain or was computed before."""
        if self.has_one_affine_layer or self.core is None or self.core.has_one_affine_layer:
            return 1
        return self.solved.degree if self.solved is not None else None

    @property
    def solved(self) -> Solving | None:
        """`solving` of the core, if a theorem has asked for it; asking would compute it."""
        return self.core.__dict__.get("solving") if self.core is not None else None

    @property
    def has_one_affine_layer(self) -> bool:
        """Whether all learnables are in one layer, in which the output is surely affine."""
        if len(self.learnable_layers) != 1:
            return False
        network = self.network
        is_recurrent = (
            isinstance(network, LinearRecurrent) and "recurrent" in self.allocation.counts
        )
        return not is_recurrent or network.steps <= 2  # type: ignore[union-attr]

    def _chosen_equations(self) -> tuple[tuple[int, ...], bool]:
        """D equations of full rank, and whether they determine the others (rationally)."""
        network, m, target = self.network, self.effective_samples, self.target.value
        if self.n_equations == target:
            return tuple(range(target)), True
        if isinstance(network, LinearFeedforward) and not network.bias:
            rank = min(network.outputs, m, *network.widths[1:-1])
            if target == rank * (network.outputs + m - rank):
                # A matrix of rank k is determined by k of its rows and k of its columns.
                numbers = np.arange(self.n_equations).reshape(network.outputs, m)
                chosen = np.append(numbers[:rank].ravel(), numbers[rank:, :rank].ravel())
                return tuple(sorted(chosen.tolist())), True
        return tuple(sorted(self.rank.best.rows)), False

    @cached_property
    def conflict(self) -> Conflict | None:
        """A path through two learnables, or None if the output is affine in them."""
        return find_conflict(self.allocation)

    @cached_property
    def learnable_layers(self) -> tuple[tuple[str, ...], ...]:
        """The layers with learnables, each as its weight names (`W2`, or `W2` and `b2`)."""
        layers: dict[str, tuple[str, ...]] = {}
        for name in self.allocation.counts:
            layer = name[1:] if isinstance(self.network, LinearFeedforward) else name
            layers[layer] = (*layers.get(layer, ()), name)
        return tuple(layers.values())

    def layer_mask(self, layer: int) -> Mask:
        """Learnables of feed-forward layer `layer` (from 1); a bias is one more column."""
        mask = self.allocation.mask(f"W{layer}")
        if not getattr(self.network, "bias", False):
            return mask
        return np.column_stack([mask, self.allocation.mask(f"b{layer}")])

    def restricted_to(self, names: tuple[str, ...]) -> Analysis:
        """The same question about the sub-allocation with the learnables of `names` only."""
        return replace(self, allocation=self.allocation.restricted_to(names))
