r"""# T10 Shallow ReLU networks

**Statement.** Shallow ReLU network y = W_2 relu(W_1 x), with or without biases, dense or sparse, a
teacher being regular if the Jacobian of all its weights has rank d m: given a regular teacher the
match probability is 0 if and only if in no activation pattern the Jacobian of the learnable weights
has rank d m; so it is 0 for r < d m. It is below 1 if for some output, whose bias is not learnable,
no hidden unit has both a learnable weight to it and a learnable input or bias; or just one has, its
bias not learnable, and a teacher is regular at inputs of which some samples, one more than this
unit has learnable inputs, have a positive linear relation on these, and every unit with a learnable
weight to the output has a frozen bias, a frozen input of one sign on these samples, or no frozen
input. It is 1 if every output has learnable weights from m units of m learnable inputs each or more
(their biases count), or from m - 1 and a learnable bias. W_2 only: a draw matches if and only if
for every output row i, S_i its learnable units, the row's targets less the frozen part lie in the
span of the activations H_(S_i); given a regular teacher the match probability is the probability,
under the same condition, that every H_(S_i) has rank m.

**Assumptions.** One hidden layer; teacher, student's frozen weights and inputs independent with
densities positive everywhere. A unit none of whose inputs (or bias) is present gives 0 whatever the
weights are; it is left out. A teacher with weights $W^*$ is regular at the inputs $X$ if the
Jacobian of its $dm$ outputs in all its weights has rank $dm$ there (where no pre-activation is 0).
It is assumed that this has positive probability; $MP_{reg}$ is the probability of a match given
that the teacher is regular. *In a pattern* $\sigma$ means on the set $R_\sigma$ of weights and
inputs at which exactly the units $k$ with $\sigma_{kj} = 1$ are active on sample $j$; only patterns
with non-empty $R_\sigma$ count (all $2^{m n_1}$ if $n_0 \ge m$ and none is absent), and the rank is
the largest on $R_\sigma$, which is the generic one.

**Proof.** $R_\sigma$ is open, since it is given by strict inequalities. On it the outputs are the
polynomials $\varphi_\sigma$, $y_{ij} = \sum_k W_2[i,k] \, \sigma_{kj} \, W_1[k,:] \, x_j$ (with
biases $W_1[k,:] \, x_j + b_1[k]$, and $b_2[i]$ in addition). No pre-activation is the zero
polynomial, so the finitely many $R_\sigma$ together are dense, and every point lies in the closure
of one of them, where the outputs are $\varphi_\sigma$ by continuity.

1. *No pattern of rank $dm$: $MP_{reg} = 0$.* All $dm \times dm$ minors of the Jacobian of
   $\varphi_\sigma$ in the learnables vanish on the open $R_\sigma$, hence everywhere. For frozen
   weights and inputs $f$, the map $\theta \mapsto \varphi_\sigma(\theta; f)$ has rank below $dm$ at
   every $\theta$, and its image in $\mathbb{R}^{dm}$ has measure 0 (Sard). The student's outputs
   lie in the union of these finitely many images. Given $f$, a regular teacher's weights have a
   density on an open set where the map to the outputs is a submersion, so the teacher's outputs
   have a density: they avoid the null set with probability 1. For $r < dm$ no rank is $dm$.
2. *A pattern of rank $dm$: $MP_{reg} > 0$.* Choose a point $(\theta_0, f_0)$ of $R_\sigma$ at which
   the Jacobian of the learnables has rank $dm$. The network with these weights is a teacher that is
   regular at these inputs, as the learnables are some of its weights; and regularity is open. By
   the implicit function theorem ($dm$ of the learnables have an invertible Jacobian), for all
   frozen weights and inputs near $f_0$ and all targets near its outputs there are learnables near
   $\theta_0$, still in $R_\sigma$, that meet them. So all data near this point, an open set, have a
   regular teacher and a match.
3. *An output without a unit on both sides: $MP_{reg} < 1$.* Let output $i$ be as in the statement,
   and $S$ the units with a learnable weight to $i$: all their inputs are frozen. Given inputs with
   no coordinate 0, each unit of $S$ is dead on sample 1 if its weights lie in a half-space, and
   independently all frozen weights to $i$ are positive: given almost any $X$ an event $E$ of the
   student's frozen weights of positive probability, independent of the teacher. On $E$ the units of
   $S$ add nothing to $y_{i1}$ and the others nothing negative, so $y_{i1} \ge b_2[i]$, the
   student's frozen bias (0 without biases), whatever the learnables are. A regular teacher has
   $y^*_{i1}$ below that with positive probability. With a bias: $b_2[i]$ is independent of the
   teacher, of $X$ and of $E$, and can be as large as it likes. Without: $y^*_{i1} \ne 0$ for almost
   all regular teachers, as its gradient, a row of the Jacobian, is not 0, so that it is no constant
   polynomial on $R_\sigma$. If it is positive, change the signs of the teacher's weights
   $W_2[i,:]$: a linear bijection, which takes sets of positive measure to such sets, changes the
   sign of output $i$ and keeps activations and the rank of the Jacobian (rows of output $i$ and the
   columns of $W_2[i,:]$ change sign).
4. *A sample that is missed: $MP_{reg} < 1$.* Let $k$ be the one unit with learnable inputs $L$ and
   a learnable weight to $i$, and $J$ the $|L| + 1$ samples, $\sum_J c_j x_j = 0$ on $L$ with all
   $c_j > 0$: an open condition on the inputs, and so are signs of a coordinate on $J$. If the
   frozen part of the pre-activation of $k$ is at most 0 on $J$, then $k$ is active on all of $J$
   for no learnables: the learnable part would be positive on $J$, and its sum with weights $c_j$ is
   0. Given the inputs, the frozen parts of all units with a learnable weight to $i$ are negative on
   $J$ with positive probability (one frozen bias, or weight of an input of one sign, outweighs the
   others), or 0 where nothing is frozen; the units other than $k$ are then dead on $J$. If moreover
   all frozen weights to $i$ are positive, $y_{ij} \ge b_2[i]$ for some $j$ in $J$, as in 3. Near
   the regular teacher of the statement its pattern stays, for all weights $W_2$, and the rank is
   $dm$ for almost all of them, negative $W_2[i,:]$ among them. Without a bias these have $y^*_{ij}
   < 0$ for all $j$, since the gradient of $y^*_{ij}$ is not 0 and so a unit with a weight to $i$ is
   active on $j$; with a bias, $b_2[i]$ of the student exceeds all $y^*_{ij}$ with positive
   probability.
5. *Interpolation: $MP = 1$.* Let unit $k$ have $m$ learnable inputs or more, its bias being an
   input that is always 1. On these inputs generic samples have rank $m$, so every vector of $m$
   pre-activations can be reached, whatever the frozen weights are. Choose generic positive ones for
   all such units: then any $m$ of their vectors of activations are linearly independent, and so are
   $m - 1$ and $(1, \ldots, 1)$. Given all else, output $i$ is affine in its own weights and bias,
   and those of the statement reach every value on the $m$ samples. Rows do not disturb each other.
   At such a point the Jacobian of the learnables has rank $dm$, so there are regular teachers.
6. *$W_2$ only.* $H = \operatorname{relu}(W_1 X)$ is frozen, and row $i$ asks for $w_{S_i}$ with
   $w_{S_i} H_{S_i} = y^*_i - f_i H_{rest}$: linear, one row at a time, solvable iff the right hand
   side is in the row space of $H_{S_i}$. If all $H_{S_i}$ have rank $m$, that is the whole space.
   If one has not, the right hand side must fall into a proper subspace, which is fixed once student
   and inputs are, while a regular teacher's outputs have a density: probability 0. So $MP_{reg}$ is
   the probability of rank $m$ in all rows *given that the teacher is regular*. The condition
   matters, if little: teacher and student see the same inputs.

*Ranks by matchings.* For $n_0 \ge m$ the pre-activations $W_1 X$ can be any matrix, so given the
activity graph (units to samples) the entries of $H$ on it are positive numbers with a joint
density. The rank of $H_S$ is then almost surely the size of a largest matching of the graph on $S$:
larger minors have no term, and a minor with a term is a polynomial that is not zero.

*One sample.* If the law of the weights is symmetric, a unit is active with probability 1/2 whatever
$x$ is, so the units of teacher and student are active independently, and
$$MP_{reg} = P(\text{every } S_i \text{ has an active unit})
= \sum_{I} (-1)^{|I|} 2^{-|\bigcup_{i \in I} S_i|}$$
over sets $I$ of rows. An active unit in one row makes those of others likelier (Harris'
inequality), so rows that share units do at least as well as disjoint ones of the same sizes.

*Two samples, two inputs, Gaussian weights and inputs.* The samples are at an angle $q \pi$, $q$
uniform on $[0, 1]$; a unit is active on both with probability $(1-q)/2$, on one only with $q/2$
each, on none with $(1-q)/2$. $H_S$ has rank below 2 iff a sample is dead or just one unit is
active. With $z = ((1-q)/2)^s$, $s = |S|$, rank 2 has probability $1 - 2 \cdot 2^{-s} + z - s z$, on
average over $q$
$$P(\operatorname{rank} H_S = 2) = 1 - 2^{1-s} - \frac{s-1}{(s+1) 2^s}.$$
$MP_{reg}$ weights the angles by the probability that the teacher is regular at them, so it is a
little different: with $W_2$ learnable $57/140$ for (2, 2, 1) and $43/100$ for (2, 2, 2), where the
formula gives $5/12$. (Teachers of (2, 2, 1) are regular iff no sample is dead, with probability
$7/12$; those of (2, 2, 2) iff both units are active besides, with probability $5/12$.) For
(2, n, 1), $s$ learnables, $\mu_k = 2^{-k} / (k+1)$, $A = 1 - 2^{1-n}$, $B = 1 - 2^{1-s}$:
$$MP_{reg} = \frac{A B + B \mu_n + (1 - s)(A \mu_s + \mu_{n+s})}{A + \mu_n}.$$

*Why regular teachers.* Without biases $MP = 0$ never happens: with positive probability all units
of teacher and student are dead, and $0 = 0$. In (2, n_1, d) with Gaussian weights and $m = 2$ this
alone has probability $4^{-n_1} / (2 n_1 + 1)$.

**Source.** This file.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from sympy import Rational

from .base import ProofStep
from .shared.bipartite import matching_number
from .t10.activity import over_angles, ranks_of_positive
from .t10.matches import matched_by_solving, matched_nearby, readout_by_span
from .t10.probabilities import (
    all_dead,
    given_both,
    given_regular,
    inclusion_exclusion,
    independent_rows,
    integrated,
    one_sample,
    rank_two_probability,
    ranks_of_draws,
    regular_teachers,
    sharing,
    simulated,
)
from .t10.steps import OUTPUT_STEPS


def _some_pattern(ranks: Any, n_learnable: int, full: int) -> bool:
    return bool((ranks == full).any())


_LINEAR_OR_COUNT = {
    "the pattern with all units active decides": lambda ranks, r, full: ranks[-1] == full,
    "d m learnables are enough": lambda ranks, r, full: r >= full,
}

STEPS = (
    ProofStep(
        "a regular teacher is matched iff some pattern has rank d m: exact solves, all patterns",
        matched_by_solving,
        _some_pattern,
        _LINEAR_OR_COUNT,
        "all allocations of 1 or 2 learnables of 4 networks with d m = 2, no unit learnable on both"
        " sides; 600 draws",
    ),
    ProofStep(
        "a regular teacher nearby is matched iff some pattern has rank d m",
        matched_nearby,
        _some_pattern,
        _LINEAR_OR_COUNT,
        "every mask of (2, 2, 1), (2, 3, 1), (3, 2, 1), (2, 2, 2) with m = 2, every pattern",
    ),
    *OUTPUT_STEPS,
    ProofStep(
        "W_2 only: a draw matches iff each row's target is in the span of its activations",
        readout_by_span,
        lambda row, hidden, wanted, frozen: (hidden[row], wanted - frozen @ hidden),
        {
            "in the span of all activations": lambda row, hidden, wanted, frozen: (
                hidden,
                wanted - frozen @ hidden,
            ),
            "without taking off the frozen part": lambda row, hidden, wanted, frozen: (
                hidden[row],
                wanted,
            ),
        },
        "every mask of W_2 of (2, 2, 2), (2, 3, 2) with m = 2, (3, 3, 1) with m = 3, 6 draws each",
    ),
    ProofStep(
        "the rank of positive entries on an activity graph is its matching number",
        ranks_of_positive,
        matching_number,
        {
            "active units or live samples, whichever are fewer": lambda graph: int(
                min(graph.any(axis=0).sum(), graph.any(axis=1).sum())
            ),
            "all units and samples": lambda graph: min(graph.shape),
        },
        "every activity graph up to 4 x 4 units and samples",
    ),
    ProofStep(
        "with n_0 >= m the rank of relu(W_1 X) is the matching number",
        ranks_of_draws,
        0,
        {"n_0 = m - 1 is enough": 1},
    ),
    ProofStep(
        "one sample: inclusion and exclusion over rows",
        one_sample,
        inclusion_exclusion,
        {"rows are independent": independent_rows},
        "every mask of W_2 with d and n_1 up to 3, every pattern",
    ),
    ProofStep(
        "one sample: rows that share units do at least as well as disjoint ones",
        sharing,
        lambda shared, disjoint: shared >= disjoint,
        {
            "sharing makes no difference": lambda shared, disjoint: shared == disjoint,
            "disjoint rows do better": lambda shared, disjoint: shared <= disjoint,
        },
        "every mask of W_2 with d and n_1 up to 3",
    ),
    ProofStep(
        "n_0 = m = 2: P(rank 2) = 1 - 2^(1-s) - (s-1) / ((s+1) 2^s), integrated exactly",
        integrated,
        rank_two_probability,
        {
            "one unit more": lambda s: rank_two_probability(s + 1),
            "no sample dead is enough": lambda s: (
                rank_two_probability(s) + Rational(s, (s + 1) * 2**s)
            ),
        },
        "s up to 8",
    ),
    ProofStep(
        "n_0 = m = 2: P(rank 2) against draws, within 5 standard errors",
        simulated,
        rank_two_probability,
        {
            "one unit fewer": lambda s: rank_two_probability(max(s - 1, 1)),
            "samples always at a right angle": lambda s: (
                1 - Rational(2) ** (1 - s) - Rational(s - 1, 4**s)
            ),
        },
        "s up to 6, 50,000 draws each",
    ),
    ProofStep(
        "teachers of (2, 2, d), m = 2, are regular with probability 7/12 for d = 1, 5/12 for d = 2",
        regular_teachers,
        {1: Fraction(7, 12), 2: Fraction(5, 12)},
        {"no sample dead is enough for d = 2": {2: Fraction(7, 12)}},
        "all 16 patterns, exact",
    ),
    ProofStep(
        "all of W_2, m = 2, given a regular teacher: 57/140 for d = 1, 43/100 for d = 2",
        given_regular,
        given_both,
        {"independent of the teacher: 5/12": lambda regular, full: over_angles(full)},
        "",
    ),
    ProofStep(
        "without biases even no learnable at all has positive match probability: all units dead",
        all_dead,
        (lambda units: 1 / (4**units * (2 * units + 1)), False),
        {
            "never": (lambda units: 0.0, False),
            "with a bias of the output as well": (
                lambda units: 1 / (4**units * (2 * units + 1)),
                True,
            ),
        },
    ),
)
