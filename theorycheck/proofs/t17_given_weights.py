r"""# T17 Given weights

**Statement.** Frozen weights F of the student are given numbers; learnables, other frozen weights
and the teacher are random, inputs too unless given. Linear networks, and those with analytic
activations: MP(A, m | F) = 0 if and only if rank(A | F) < D(m), the largest rank of the Jacobian in
the learnables at F and the target dimension of the random teacher. Hence what is minimal with
random frozen weights is so with all. T0, T2, T12 (a) and, of T6, the bounds by the structure of the
Jacobian and by Bezout numbers hold with rank(A | F) in place of rank(A). The rank of the oracle
(T11) at F is never smaller than rank(A | F), and is it if all activations are polynomials.

**Assumptions.** The teacher has random weights in all places that are present, with densities that
are positive everywhere. What is 0 at F is present all the same: the teacher has a weight there.

**Proof.** Let $w^*$ be the teacher's weights, $X$ the inputs, $\phi(w, X)$ the outputs.

*If.* For every $X$ and every choice of the frozen weights that are not given, the student's outputs
are the image of an analytic map of rank at most rank(A | F) $< D$: by Sard's theorem (Federer
3.4.3) it has Hausdorff dimension below $D$. Off a null set of $w^*$ the map $\phi(\cdot, X)$ has
constant rank $D$, so that the teacher's law has no mass on it, as in T11.

*Only if.* The rank of an analytic map is the largest one off a null set. So it is $D$ in L at $(L,
F)$ for almost all of what is not given. There $\phi$ has, in all weights, at least the rank $D$,
and no larger one anywhere; near $w = (L, F)$ it is therefore of constant rank, and its local image
is a manifold $M_X$ of dimension $D$. The student moves on $M_X$, of which it covers a neighbourhood
of $\phi(w, X)$, and it does so, in the same way, for other frozen weights and inputs nearby.
Teachers near $w$ put out points there, and have positive probability: a density is positive at $w$,
be it special or not. *It is the teacher that is near the student, with given weights and all*; its
own weights need not be special for that.

*The other theorems.* T0: whatever the values of learnables that are not used, those of a part
suffice for almost all of them; these are then random frozen weights, others stay given. T2: a path
through two learnables is one of present weights, so outputs are affine in L at every F; the draws
that match are, in what is not given, a set closed but for a null set, so MP is 0 or 1. T6: a rank
is at most what the support of the Jacobian allows, at every F. Bounds on the number of solutions
hold for equations with any coefficients, F among them. At full rank the map is dominant, so that
there is a solution; if the bound is 1 there is one, and it is real. T12 (a) is T2 of the last
layer.

*The oracle.* At F, as at any weights, true values specialise free variables (T11a). Values are
taken to be equal where their arguments are, as polynomials in what is free at F. Two that differ
may yet depend on each other (rows of $W_1$ of which one is twice the other, and $W_1$ with more
rows than inputs): so T11b is not claimed. Without free variables there is nothing to specialise.

*What is not claimed.* T3, T4, T5, T9 and T13 to T18 use that matrices of frozen weights are
generic, and so do the other rules of T12; T7 and degrees that are computed are about random draws.

**What is checked.** Minors and ranks of the learnables with the given values modulo the prime in
place of residues that are drawn; those of the target dimension without them.

**Source.** This file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..problem.networks.base import Network
from .base import ProofStep
from .shared import exhaustive
from .shared.polynomial_systems import (
    PRIME,
    IntegerInstance,
    draw,
    entries_of,
    equations,
    independent,
    number_of_solutions,
)

_DRAWS = 4  # of given weights, for each network


@dataclass(frozen=True)
class Ranks:
    """Where the rank is taken, and whose dimension it has to reach."""

    at_given: bool = True
    random_teacher: bool = True


def solvable_at_full_rank(claim: Ranks) -> Iterator[str | None]:
    """Of a random teacher the equations have solutions if and only if the rank is full."""
    for network, m in _networks():
        names = list(network.weight_shapes)
        target = exhaustive.target(network, m)
        masks = exhaustive.all_masks(network.n_weights, target)
        generic = exhaustive.ranks(network, m, names, masks)
        for number in range(_DRAWS):
            instance = _special(network, m, number)
            for mask, random_rank in zip(masks, generic, strict=True):
                entries = entries_of(network, mask, names)
                system = equations(network, entries, instance, PRIME)
                rank = len(independent(system)) if claim.at_given else int(random_rank)
                needed = target if claim.random_teacher else rank
                is_solvable = number_of_solutions(system) != 0
                if is_solvable == (rank == needed):
                    yield None
                    continue
                words = exhaustive.shown(network, m, names, mask)
                yield f"{words}, given weights {number}: rank {rank}, solvable {is_solvable}"


def _networks() -> Iterator[tuple[Network, int]]:
    """With the number of samples m."""
    for network in exhaustive.feedforward_networks((1, 2), (2,), 8):
        yield network, 2
    yield from ((each, 1) for each in exhaustive.feedforward_networks((1, 2), (2,), 7, bias=True))
    yield from ((each, 2) for each in exhaustive.recurrent_networks((1, 2), (3,), ("final",), 8))


def _special(network: Network, m: int, number: int) -> IntegerInstance:
    """A random teacher and inputs; frozen weights from -1 to 2, in some draws with equal rows."""
    rng = np.random.default_rng([number, 17])
    instance, student = draw(network, m, rng, PRIME - 1), {}
    for name, shape in network.weight_shapes.items():
        values = rng.integers(-1, 3, size=shape)
        if number % 2 and len(values) > 1:
            values[1] = values[0]
        student[name] = values.astype(object)
    return replace(instance, student=student)


STEPS = (
    ProofStep(
        "random teachers are matched if and only if the rank at given weights is full",
        solvable_at_full_rank,
        Ranks(),
        {
            "the rank at random frozen weights": Ranks(at_given=False),
            "the dimension of teachers that have the given weights": Ranks(random_teacher=False),
        },
        "every mask of r = D of networks of up to 8 weights, four draws of special weights each",
    ),
)
"""What the steps of the proof of T17 check."""
