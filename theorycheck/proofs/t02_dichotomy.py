r"""# T2 Dichotomy of affine allocations

**Statement.** Linear networks: the output is jointly affine in the learnables if and only if no
input-output path (unrolled in time) runs through two of them. Then the match probability is 0 or
1, and it is 1 if and only if rank(A) = D(m).

**Assumptions.** Linear feed-forward or recurrent (either readout), dense or sparse, with or without
biases (a bias is a connection from a constant input). Draws as in T1. A path of a recurrent network
goes through input weight, recurrent weights of successive steps, and readout weight; it may run
through one recurrent weight several times, and that is running through two.

**Proof.** *Affine iff no path through two.* Multiply out: every output is the sum, over all
input-output paths, of the product of the weights on the path and the input at its start. Paths with
the same monomial add up with a positive integer coefficient, so **nothing cancels**: a monomial
occurs in the output if and only if some path has it. Read the output as a polynomial in the
learnables $\theta$, with coefficients that are polynomials in frozen weights and inputs. If no path
has two learnables, every term has degree at most 1 in $\theta$. If some path has two (or one
twice), the coefficient of the corresponding monomial in $\theta$ is a non-zero polynomial, hence
not 0 almost surely, and the output is not affine.

*Dichotomy.* Let the output be $J(f, X)\,\theta + c(f, X)$, with $J$ independent of $\theta$; for
almost every $(f, X)$ the rank of $J$ is $\rho$ = rank(A). A draw is matched iff $y - c$ is in the
column space of $J$ (Rouché and Capelli; over the reals, since all is linear), that is iff all
minors of size $\rho + 1$ of $[\,J \mid y - c\,]$ vanish. These are polynomials in the draw
(teacher, frozen weights, inputs): either all are identically 0, and almost every draw is matched,
or they vanish together on a null set only, and almost none is. By T1 the probability is positive
iff $\rho = D(m)$.

*Dense recurrent networks*, $B$ input, $W$ recurrent, $R$ readout weights: two learnables share a
path exactly in these cases (either readout). A path is a walk $i_1, i_2, \dots, i_t$, $t \le T$,
over hidden units, with $B_{i_1 j}$ first, $W_{i_{s+1} i_s}$ between and $R_{o i_t}$ last; all
walks exist.

| pair | T = 1 | T = 2 | T = 3 | T >= 4 |
|---|---|---|---|---|
| $B_{ij}, R_{kl}$ | iff $i = l$ | always | always | always |
| $B_{ij}, W_{ab}$ | never | iff $b = i$ | always | always |
| $R_{kl}, W_{ab}$ | never | iff $a = l$ | always | always |
| $W_{ab}, W_{cd}$, also with itself | never | never | iff $a = d$ or $b = c$ | always |

Each row counts the hidden units that the two prescribe and the free steps between them: one free
step suffices to go anywhere. Two input weights, or two readout weights, never share a path.

*Dense feed-forward networks* without biases: two weights of one layer share no path, weights of
layers $l$ and $l + 1$ share one iff they meet in a hidden unit, weights further apart always do. So
the output is affine iff the learnables lie in one layer, or in two successive ones with no hidden
unit that has both a learnable input and a learnable output.

**What is checked.** The polynomial outputs against listed paths and the rules above; solvability
at random points (exact) against the rank, for all affine allocations; and that without affinity
neither side of the dichotomy need hold.

**Source.** This file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..field.batched import batched_rank
from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from .base import ProofStep
from .shared import exhaustive
from .shared.evaluation import compared, in_words, split, tangent
from .shared.polynomial_systems import draw, entries_of, equations, solve
from .shared.transformations import numbered
from .t02.paths import Numbers, Pairs, on_paths, products, rolled

Weight: TypeAlias = tuple[str, int, int]


def _other_layers_only(network: Network, present: Numbers | None = None) -> Pairs:
    """As if the output were affine in each weight matrix."""
    of = np.concatenate([np.full(a.size, k) for k, a in enumerate(numbered(network).values())])
    return {(a, b) for a, b in on_paths(network, present) if of[a] != of[b]}


def _distinct_only(network: Network, present: Numbers | None = None) -> Pairs:
    return {(a, b) for a, b in on_paths(network, present) if a != b}


def _cases() -> Iterator[tuple[Network, Numbers | None]]:
    for bias in (False, True):
        for network in exhaustive.feedforward_networks((1, 2), (1, 2, 3), 30, bias):
            yield network, None
    for network in exhaustive.recurrent_networks((1, 2), (1, 2, 3, 4), ("final", "all"), 20):
        yield network, None
    sparse = (LinearFeedforward((2, 2, 2)), LinearFeedforward((1, 1, 2, 1), bias=True))
    for network in (*sparse, *(LinearRecurrent(1, 2, 1, steps) for steps in (2, 3))):
        for present in product((1, 0), repeat=network.n_weights):
            yield network, np.array(present)


def monomials(paths: Callable[[Network, Numbers | None], Pairs]) -> Iterator[str | None]:
    """Products of two weights in the output polynomials against pairs on paths."""
    for network, present in _cases():
        found, said = products(network, present), paths(network, present)
        words = f"{network.describe()}, present {present}, weights"
        for b in range(network.n_weights):
            for a in range(b + 1):
                yield None if ((a, b) in found) == ((a, b) in said) else f"{words} {a} and {b}"


def share_a_path(steps: int, first: Weight, second: Weight) -> bool:
    """The table for dense recurrent networks; `first` is before `second` in its order."""
    (one, i, j), (other, k, last) = first, second
    if (one, other) == ("input", "readout"):
        return steps >= 2 or (steps == 1 and i == last)
    if (one, other) == ("input", "recurrent"):
        return steps >= 3 or (steps == 2 and last == i)
    if (one, other) == ("recurrent", "readout"):
        return steps >= 3 or (steps == 2 and i == last)
    if (one, other) == ("recurrent", "recurrent"):
        return steps >= 4 or (steps == 3 and (i == last or j == k))
    return False


def _shifted(steps: int, first: Weight, second: Weight) -> bool:
    return share_a_path(steps - 1, first, second)


def _self_never(steps: int, first: Weight, second: Weight) -> bool:
    return first != second and share_a_path(steps, first, second)


def _one_side(steps: int, first: Weight, second: Weight) -> bool:
    """As if two recurrent weights were on a path only with the first of them first."""
    if first[0] == second[0] == "recurrent" and steps == 3:
        return first[1] == second[2]
    return share_a_path(steps, first, second)


def table(rule: Callable[[int, Weight, Weight], bool]) -> Iterator[str | None]:
    """The table against products in the output polynomials."""
    readouts = ("final", "all")
    for network in exhaustive.recurrent_networks((1, 2, 3), (1, 2, 3, 4, 5), readouts, 16):
        found = products(network)
        weights = [
            (name, *index)
            for name, shape in network.weight_shapes.items()
            for index in np.ndindex(shape)
        ]
        for b, second in enumerate(weights):
            for a, first in enumerate(weights[: b + 1]):
                same = rule(network.steps, first, second) == ((a, b) in found)  # type: ignore
                yield None if same else f"{network.describe()}: {first} and {second}"


def no_unit_has_both(network: LinearFeedforward, masks: dict[str, NDArray[np.bool_]]) -> bool:
    """The rule for dense feed-forward networks: is the output affine in the learnables?"""
    layers = [layer for layer in range(1, network.depth + 1) if masks[f"W{layer}"].any()]
    if len(layers) <= 1:
        return True
    if len(layers) > 2 or layers[1] > layers[0] + 1:
        return False
    entering, leaving = (masks[f"W{layer}"] for layer in layers)
    return not bool((entering.any(axis=1) & leaving.any(axis=0)).any())


def _one_layer(network: LinearFeedforward, masks: dict[str, NDArray[np.bool_]]) -> bool:
    return sum(bool(mask.any()) for mask in masks.values()) <= 1


def _successive(network: LinearFeedforward, masks: dict[str, NDArray[np.bool_]]) -> bool:
    layers = [layer for layer in range(1, network.depth + 1) if masks[f"W{layer}"].any()]
    return len(layers) <= 1 or (len(layers) == 2 and layers[1] == layers[0] + 1)


def affine_masks(network: Network) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """All masks, and which have no product of two learnables in the output polynomials."""
    masks = exhaustive.all_masks(network.n_weights)
    meets = np.zeros((network.n_weights, network.n_weights), dtype=int)
    for pair in products(network):
        meets[pair] = 1
    return masks, ((masks @ meets) * masks).sum(axis=1) == 0


def layers(rule: Callable[[LinearFeedforward, dict[str, Any]], bool]) -> Iterator[str | None]:
    """The rule for feed-forward networks against the output polynomials, for every mask."""
    for network in exhaustive.feedforward_networks((1, 2), (1, 2, 3, 4), 10):
        masks, affine = affine_masks(network)
        said = np.array([rule(network, split(network, mask)) for mask in masks])
        yield from compared(affine == said, in_words(network, 1, masks))


def solvable(rule: Callable[[Numbers, int, Numbers], NDArray[np.bool_]]) -> Iterator[str | None]:
    """At three random points each affine mask is matched iff the rule says so, of rank, D, r."""
    networks: tuple[Iterator[Network], ...] = (
        exhaustive.feedforward_networks((1, 2, 3), (1, 2, 3), 9),
        exhaustive.feedforward_networks((1, 2), (1, 2), 9, bias=True),
        exhaustive.recurrent_networks((1, 2, 3), (1, 2, 3, 4), ("final", "all"), 8),
    )
    for network in chain(*networks):
        masks, affine = affine_masks(network)
        masks, names = masks[affine], list(network.weight_shapes)
        for samples in (1, 2):
            ranks = exhaustive.ranks(network, samples, names, masks)
            said = rule(ranks, exhaustive.target(network, samples), masks.sum(axis=1))
            for seed in (1, 2, 3):
                point = tangent(network, samples, seed)
                columns = point.columns[None] * masks[:, None, :]
                misfit = np.broadcast_to(point.misfit[:, None], (*columns.shape[:2], 1))
                extended = np.concatenate([columns, misfit], axis=2)
                matched = batched_rank(extended, point.prime) == ranks
                yield from compared(matched == said, in_words(network, samples, masks))


def without_affinity(claim: set[int]) -> Iterator[str | None]:
    """Numbers of real matches over draws, for full-rank masks of 2-2-2 that are not affine."""
    network = LinearFeedforward((2, 2, 2))
    names = list(network.weight_shapes)
    diagonal = np.array([True, False, False, True])
    for first, second in product((diagonal, ~diagonal), repeat=2):
        mask = np.concatenate([first, second])
        rng = np.random.default_rng(0)
        found = set()
        for _ in range(30):
            unknown = entries_of(network, mask, names)
            found.add(solve(equations(network, unknown, draw(network, 2, rng, 999))).real)
        words = f"{exhaustive.shown(network, 2, names, mask)}: {found}"
        yield None if found == claim else words


STEPS = (
    ProofStep(
        "two weights are in one product of the output iff they are on one path, unrolled in time",
        monomials,
        on_paths,
        {
            "paths not unrolled in time": partial(on_paths, graph_of=rolled),
            "one weight matrix is always affine": _other_layers_only,
            "a weight never meets itself": _distinct_only,
        },
        "sizes up to 2, depth up to 3 with and without biases, T up to 4; all sparse 2-2-2, "
        "1-1-2-1 with biases, 1-2-1 recurrent with T = 2, 3",
    ),
    ProofStep(
        "the table of dense recurrent pairs that share a path",
        table,
        share_a_path,
        {
            "T - 1 for T": _shifted,
            "a recurrent weight never meets itself": _self_never,
            "T = 3: only a = d": _one_side,
        },
        "networks of up to 16 weights, sizes up to 3, T up to 5, both readouts",
    ),
    ProofStep(
        "dense feed-forward: affine iff one layer, or two successive ones without a common unit",
        layers,
        no_unit_has_both,
        {"one layer only": _one_layer, "any two successive layers": _successive},
        "every mask of networks of up to 10 weights, widths up to 2, depth up to 4",
    ),
    ProofStep(
        "affine allocations are matched by all of three random draws or by none, by their rank",
        solvable,
        lambda ranks, target, learnable: ranks == target,
        {
            "as many learnables as D suffice": lambda ranks, target, learnable: learnable >= target,
            "independent columns suffice": lambda ranks, target, learnable: ranks == learnable,
            "none is matched": lambda ranks, target, learnable: ranks > target,
        },
        "every affine mask of networks of up to 9 weights (recurrent 8), T up to 4, m = 1, 2",
    ),
    ProofStep(
        "without affinity, at full rank, some draws have two matches and some have none (2-2-2)",
        without_affinity,
        {0, 2},
        {"every draw is matched": {2}, "no draw is matched": {0}, "one match": {1}},
    ),
)
