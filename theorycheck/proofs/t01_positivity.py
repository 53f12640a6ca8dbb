r"""# T1 Positivity

**Statement.** Linear networks, dense or sparse, with or without biases: MP(A, m) = 0 if and only if
rank(A) < D(m). In particular fewer than D(m) learnable weights are minimal.

**Assumptions.** Linear feed-forward or recurrent (either readout). Teacher weights, the student's
frozen weights and the inputs are independent, all with densities positive everywhere. Absent
weights are 0 in teacher and student. rank(A) is the generic rank of the Jacobian $J_A$ of the
outputs with respect to the learnables, and $D = D(m)$ is that rank with every present weight
learnable.

**Proof.** Let $\psi_X(w)$ be the outputs of the network with weights $w$ on the inputs $X$; split
$w = (\theta, f)$ into learnables and frozen weights and write $\phi(\theta, f, X)$ for the same
polynomial map. $J_A$ consists of columns of the Jacobian $J$ of $\psi_X$, so rank(A) $\le D$.

*If rank(A) < D, then MP = 0.* All minors of $J_A$ of size rank(A) + 1 are the zero polynomial, so
for **every** $(f, X)$ the map $\theta \mapsto \phi$ has rank at most rank(A) everywhere. Its image
$S$ is semialgebraic (Tarski and Seidenberg), of dimension at most rank(A) $< D$ (Sard on strata).
For almost every $X$ the rank of $J$ is $D$ off a null set of $w$. The set $\psi_X^{-1}(S)$ is
semialgebraic; were it not null, it would contain an open set, hence a smaller open set on which $J$
has constant rank $D$, and the image of that is a piece of a $D$-dimensional manifold inside $S$:
impossible. So, given $(f, X)$, the teacher's output lies in $S$ with probability 0, the teacher
being independent of $f$ with a density; integrate over $(f, X)$ (Fubini).

*If rank(A) = D, then MP > 0.* Take a point $w_0 = (\theta_0, f_0)$, $X_0$ with rank $J_A = D$. Then
rank $J = D$ there, and near it both ranks are $D$, since minors that do not vanish stay so and
neither rank can exceed $D$. Consider $\Psi(w, X) = (\psi_X(w), X)$, of constant rank $D + \dim X$
near $(w_0, X_0)$: by the constant rank theorem it maps a neighbourhood $U$ onto a manifold $Z$ of
that dimension, and as an open map onto $Z$. Consider $\Phi(\theta, f, X) = (\phi, X, f)$, of
constant rank $D + \dim X + \dim f$: as the student with weights $w = (\theta, f)$ **is** a network
with weights $w$, its image near the point lies in $Z \times \mathbb{R}^{\dim f}$, a manifold of
the same dimension, so $\Phi$ is open onto that. Hence all $(y, X, f)$ of a neighbourhood in
$Z \times \mathbb{R}^{\dim f}$ are matched, and its preimage under
$(w^*, f, X) \mapsto (\psi_X(w^*), X, f)$ contains an open, non-empty set of draws, which has
positive probability. $\square$

*In particular*: rank(A) is at most the number of columns $r$.

**Closed forms of D.** Dense linear feed-forward networks; the outputs depend on the product of all
layers only.

- Without biases: after an invertible change of samples $X$ has $m_e = \min(m, n_0)$ columns, and
  the outputs are exactly the $d \times m_e$ matrices of rank at most $k = \min(d, m_e, \text{hidden
  widths})$. Counting a generic one by its column space and coordinates in it,
  $D = k(d - k) + k m_e = k(d + m_e - k)$.
- With biases in every layer: subtract the first sample from the others; what is left is a network
  without biases on $x = \min(m - 1, n_0)$ samples, and the first sample's output is arbitrary
  thanks to the last bias. So $D = d + k(d + x - k)$ with $k = \min(d, x, \text{hidden widths})$.
- Recurrent (input $B$, recurrent $W$, readout $R$): an upper bound only.
  $(W, B, R) \mapsto (S W S^{-1}, S B, R S^{-1})$ changes no output, and for generic weights only
  $S = 1$ fixes all three, so the fibres have dimension at least
  $N^2$ and $D \le N (n_{in} + d)$. The outputs are linear functions of the $T$ matrices
  $R W^s B$, so $D \le d \min(m, n_{in} T)$, or with every step read $D \le d T \min(m, n_{in})$.

**What is checked.** The rank modulo a prime, which all other steps use, against minors as
polynomials; the theorem against Newton's method in floating point: near a common point of teacher
and student the proof says that all draws are matched if rank(A) = D, and almost none if not; and
the closed forms against the exact rank.

**Source.** This file; Schlisselberg and Darshan (2025) for conditions in special cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy.polys.matrices import DomainMatrix

from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from .base import ProofStep
from .shared import exhaustive
from .shared.evaluation import (
    Entries,
    compared,
    in_words,
    input_shape,
    outputs,
    split,
    symbolic_jacobian,
)

Numbers: TypeAlias = NDArray[np.int64]
# Which allocations match at all, by their ranks, the target dimension and numbers of learnables.
Rule: TypeAlias = Callable[[Numbers, int, Numbers], NDArray[np.bool_]]
Dimension: TypeAlias = Callable[[LinearFeedforward, int], int]
Bound: TypeAlias = Callable[[LinearRecurrent, int], int]

_DENSE = (
    *(LinearFeedforward(widths) for widths in ((2, 2, 2), (2, 1, 2), (1, 2, 1), (2, 2, 1, 1))),
    *(LinearFeedforward(widths, bias=True) for widths in ((1, 1, 1), (2, 1, 1), (1, 2, 1))),
    *(LinearRecurrent(1, 2, 1, steps) for steps in (1, 2, 3)),
    LinearRecurrent(1, 2, 1, 2, "all"),
    LinearRecurrent(1, 1, 2, 3),
)
_SPARSE = LinearFeedforward((2, 2, 2))
_NEARBY = 1e-4
_ITERATIONS = 8
_MATCHED = 1e-12


def full_rank(ranks: Numbers, target: int, learnable: Numbers) -> NDArray[np.bool_]:
    """The theorem: a match is possible if and only if the rank is the target dimension."""
    return ranks == target


def _misfits(
    network: Network, samples: int, masks: NDArray[np.bool_], exists: Numbers, seed: int
) -> NDArray[np.float64]:
    """What Newton's method leaves of a teacher near the student, for every mask, relatively."""
    rng = np.random.default_rng(seed)
    shape = input_shape(network, samples)
    inputs = rng.standard_normal(shape)
    common, moved, frozen = (rng.standard_normal(network.n_weights) * exists for _ in range(3))

    def at(values: Entries) -> Entries:
        return outputs(network, split(network, values), inputs)

    aim = at(common + _NEARBY * moved)
    weights = np.where(masks, common, common + _NEARBY * frozen)
    for _ in range(_ITERATIONS):
        steps = 1e-30j * np.eye(network.n_weights)[None] * (masks * exists)[:, :, None]
        found = at(weights[:, None, :] + steps)
        jacobians = np.imag(found).swapaxes(1, 2) / 1e-30
        left = aim - np.real(found[:, 0])
        weights = weights + (np.linalg.pinv(jacobians, rcond=1e-8) @ left[:, :, None])[:, :, 0]
    return np.abs(at(weights) - aim).max(axis=-1) / (1 + np.abs(aim).max())


def _around_a_common_point(
    rule: Rule, network: Network, samples: int, exists: Numbers, draws: range
) -> Iterator[str | None]:
    masks = exhaustive.all_masks(network.n_weights)
    masks = masks[~(masks & (exists == 0)).any(axis=1)]
    names = list(network.weight_shapes)
    present = {name: part == 1 for name, part in split(network, exists).items()}
    ranks = exhaustive.ranks(network, samples, names, masks, present)
    target = exhaustive.target(network, samples, present)
    said = rule(ranks, target, masks.sum(axis=1))
    for seed in draws:
        matched = _misfits(network, samples, masks, exists, seed) < _MATCHED

        words = in_words(network, samples, masks, f"present {exists.tolist()}")
        yield from compared(matched == said, words)


def dense_draws(rule: Rule) -> Iterator[str | None]:
    """Teachers near the student are matched by Newton's method iff the rule says so."""
    for network in _DENSE:
        for samples in (1, 2, 3):
            exists = np.ones(network.n_weights, dtype=np.int64)
            yield from _around_a_common_point(rule, network, samples, exists, range(1, 3))


def sparse_draws(rule: Rule) -> Iterator[str | None]:
    """The same for all sparse networks with these widths."""
    for present in product((1, 0), repeat=_SPARSE.n_weights):
        yield from _around_a_common_point(rule, _SPARSE, 2, np.array(present), range(1, 2))


def minors(needed: Callable[[int], int]) -> Iterator[str | None]:
    """A mask of r = D = all equations has a minor that is not 0 iff its rank is needed(D)."""
    cases = ((LinearFeedforward((2, 2, 2)), 2), (LinearFeedforward((2, 3, 1)), 2))
    recurrent = ((LinearRecurrent(1, 2, 1, steps), 2) for steps in (2, 3, 4))
    for network, samples in (*cases, *recurrent, (LinearFeedforward((1, 1, 2), bias=True), 2)):
        size = exhaustive.target(network, samples)
        columns = symbolic_jacobian(network, samples)
        names = list(network.weight_shapes)
        masks = exhaustive.all_masks(network.n_weights, size)
        ranks = exhaustive.ranks(network, samples, names, masks)
        for mask, rank in zip(masks, ranks.tolist(), strict=True):
            square = [[row[k] for k in np.flatnonzero(mask)] for row in columns]
            domain = columns[0][0].ring.to_domain()
            is_zero = not DomainMatrix(square, (size, size), domain).det()
            same = is_zero == (rank < needed(size))
            yield None if same else exhaustive.shown(network, samples, names, mask)


def closed_form(network: LinearFeedforward, samples: int) -> int:
    """D(m) of a dense linear feed-forward network, with or without biases."""
    outputs_count, narrowest = network.outputs, min(network.widths[1:])
    if not network.bias:
        rank = min(samples, network.inputs, narrowest)
        return rank * (outputs_count + min(samples, network.inputs) - rank)
    others = min(samples - 1, network.inputs)
    rank = min(others, narrowest)
    return outputs_count + rank * (outputs_count + others - rank)


def dimensions(formula: Dimension) -> Iterator[str | None]:
    """The formula against the exact rank of all weights, feed-forward."""
    for bias in (False, True):
        for sizes, depths in (((1, 2, 3, 4), (1,)), ((1, 2, 3), (2,)), ((1, 3), (3,))):
            for network in exhaustive.feedforward_networks(sizes, depths, 40, bias):
                for samples in {1, 2, network.inputs, network.inputs + 2}:
                    found, said = exhaustive.target(network, samples), formula(network, samples)
                    words = f"{network.describe()}, m = {samples}: {found}, not {said}"
                    yield None if found == said else words


def upper_bound(network: LinearRecurrent, samples: int) -> int:
    """A bound of D(m) for a dense linear recurrent network."""
    spanned = network.inputs * (network.steps if network.readout == "final" else 1)
    times = network.steps if network.readout == "all" else 1
    system = network.hidden * (network.inputs + network.outputs)
    return min(network.outputs * times * min(samples, spanned), system)


def bounds(bound: Bound) -> Iterator[str | None]:
    """The bound against the exact rank of all weights, recurrent."""
    readouts = ("final", "all")
    for network in exhaustive.recurrent_networks((1, 2, 3), (1, 2, 4), readouts, 27):
        for samples in {1, 2, network.inputs * network.steps + 1}:
            found, most = exhaustive.target(network, samples), bound(network, samples)
            words = f"{network.describe()}, m = {samples}: {found} > {most}"
            yield None if found <= most else words


def _without_biases(network: LinearFeedforward, samples: int) -> int:
    rank = min(samples, *network.widths)
    return rank * (network.outputs + min(samples, network.inputs) - rank)


def _no_bottleneck(network: LinearFeedforward, samples: int) -> int:
    most = network.inputs + network.bias
    return network.outputs * min(samples, most)


_FALSE_RULES = {
    "as many learnables as D suffice": lambda ranks, target, learnable: learnable >= target,
    "independent columns suffice": lambda ranks, target, learnable: ranks == learnable,
    "one less than D suffices": lambda ranks, target, learnable: ranks >= target - 1,
}

STEPS = (
    ProofStep(
        "draws near a common point of teacher and student are matched iff the rank is D: dense",
        dense_draws,
        full_rank,
        _FALSE_RULES,
        "every mask of 12 networks of up to 8 weights, m up to 3, two draws in floating point",
    ),
    ProofStep(
        "draws near a common point of teacher and student are matched iff the rank is D: sparse",
        sparse_draws,
        full_rank,
        _FALSE_RULES,
        "every mask of every sparse 2-2-2 network, m = 2, a draw in floating point",
    ),
    ProofStep(
        "the exact rank is D iff the minor of the learnables is not the zero polynomial",
        minors,
        lambda size: size,
        {"rank D - 1 is enough": lambda size: size - 1, "rank D + 1": lambda size: size + 1},
        "every mask of D learnables of six networks with D = d m_e = 2 to 4",
    ),
    ProofStep(
        "D in closed form is the exact rank of all weights: dense feed-forward",
        dimensions,
        closed_form,
        {
            "D = d m_e whatever the hidden widths": _no_bottleneck,
            "biases change nothing": _without_biases,
            "biases are one more input": lambda network, samples: _without_biases(
                LinearFeedforward((network.inputs + network.bias, *network.widths[1:])), samples
            ),
        },
        "widths up to 4 (depth 2: 3, depth 3: 1 and 3), biases or not, m = 1, 2, n_0, n_0 + 2",
    ),
    ProofStep(
        "D is at most N (n_in + d) and at most d times the samples that count: dense recurrent",
        bounds,
        upper_bound,
        {
            "one less": lambda network, samples: upper_bound(network, samples) - 1,
            "N (n_in + d) - 1": lambda network, samples: min(
                upper_bound(network, samples),
                network.hidden * (network.inputs + network.outputs) - 1,
            ),
            "readout all as final": lambda network, samples: min(
                upper_bound(network, samples), network.outputs * samples
            ),
        },
        "sizes up to 3, T = 1, 2, 4, both readouts, m = 1, 2 and n_in T + 1",
    ),
)
