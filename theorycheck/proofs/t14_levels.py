r"""# T14 Levels

**Statement.** Dense linear feed-forward network without biases, no bottleneck. All learnables
outside of layers l and l + 1 frozen, and those of layer l in other than m chosen columns: y = P (A
+ U) (B + V), P generic, d x p (or the identity). Let units between have levels k, and some reach
further, to c at most; let columns of V be finite, with levels t, or infinite, and let c functionals
z_1, z_2, ... be chosen, others random. 1. For j = 1, ..., c: in finite columns of level j or more
z_j annihilates what units that reach less than j leave of y, where units of level below j that
reach j count by the value that z_j is to have on their column of P (A + U), which is found with
z_j; then units that reach j < c are solved for z_i P (A + U) = 0, i up to their level, and their
values, i from there to j. 2. The same of units that reach c and more, jointly with z_j (y - P (A +
U) B) = 0, c < j, for finite columns of level j or more. 3. Finite columns of level t are solved for
y = P (A + U) (B + V), V in units of level t and more, of rank d - t. 4. Infinite columns become
kernel vectors of P (A + U) on their learnables, on which it has the rank of generic vectors in
nested spaces, d less the level of each. If at one point modulo a prime the z are independent,
systems 1 and 2 have full row rank, 3 and 4 the rank named, and if without infinite columns or the
Jacobian of P (A + U) (B + V) in all of U and V has rank d m there, the match probability is 1. The
same with rows for columns.

**Assumptions.** Draws as in T1; the layers before $l$ are at least $m_e$ wide, those from $l + 1$
on at least $d$; $m = m_e$. A point modulo a prime has random entries in all places that are not
learnable, in $P$ and $y$; unknowns of a system that are free have random values.

**Proof.** *Reduction to two layers.* Let $H$ be what layer $l$ reads, $n_{l-1} \times m$, and $H_C$
its rows for the $m$ chosen columns of $W_l$, invertible. After the samples are multiplied by
$H_C^{-1}$, layer $l$ is $W_l H H_C^{-1}$: its learnable places in chosen columns can have any
value, and the others are random and independent: the chosen column's own frozen weight plus terms
of the other columns. $P$, the product of what follows, has a density on all $d \times p$ matrices,
since no layer there is narrower than $d$ (or is the identity if nothing follows). There is no
bottleneck where the conditions below can hold, so $y$ has a density, given all of this.

*Regular points at infinity.* Let $K$ be the rational functions of the draw (and of further random
parameters), and let learnable $u$ have a weight $w_u \ge 0$, an integer. Substitute $\theta_u =
s^{w_u} t_u$. Equation $e$ becomes $s^{q_e} (f_e(t) + O(1/s)) = y_e$, with $q_e$ the largest weight
of its monomials (frozen constants have weight 0) and $f_e$ its leading form. Suppose $t_0$ in $K$
satisfies $f_e(t_0) = 0$ where $q_e > 0$ and $f_e(t_0) = y_e$ where $q_e = 0$, and the Jacobian of
$f$ in all learnables has rank $D$ at $t_0$. Then the match probability is 1. Indeed put $\epsilon =
1/s$. $G_e(\epsilon, t) = \epsilon^{q_e} (\phi_e(s^w t) - y_e)$ is a polynomial in $(\epsilon, t)$,
$G(0, t_0) = 0$, and $\partial G / \partial t$ is onto at $(0, t_0)$ for almost every draw, a
$D$-minor being a non-zero element of $K$. By the implicit function theorem every small $\epsilon >
0$ has a real $t$ near $t_0$ with $G(\epsilon, t) = 0$; then $\theta = s^w t$ matches. (The idea is
that of generic pole assignment by static output feedback.) Such points need more than $D$
learnables: scalings that move $t_0$ are in the kernel of the Jacobian.

*The systems are consistent.* Let unit $k$ have level $\kappa_k$ and reach $h_k \ge \kappa_k$, with
$P_0 = P (A + U)$. It satisfies $z_i P_0 e_k = 0$ for $i \le \kappa_k$ and $z_i P_0 e_k = c_{ik}$
for $\kappa_k < i \le h_k$, the value that step 1 found with $z_i$: by step 1 if $h_k < c$, else by
step 2. Values are found before the unit is solved for, since $h_k \ge i$, and are in $K$ as $z_i$
is; those of $Q_{kt}$ in their equations, $l_t \ge i > \kappa_k$, are drawn and never change. Let
$t$ be finite of level $l_t$. For $j \le \min(c, l_t)$, step 1 says that $z_j y_t$ is the sum of
$z_j P_0 e_k Q_{kt}$ over units that reach less than $j$, which are known by then, and of $c_{jk}
Q_{kt}$ over those with $\kappa_k < j \le h_k$; units of level $j$ or more $z_j$ annihilates. So it
annihilates $y_t$ less what units of level below $j$ do. For $c < j \le l_t$ step 2 says so. So
$z_1, \dots, z_{l_t}$ annihilate $y_t - P_0 Q_t$ whatever the entries of $Q_t$ for units of level
$l_t$ or more are, $Q = B + V$. Step 3 changes these alone; its columns lie in the common kernel of
$z_1, \dots, z_{l_t}$, of dimension $d - l_t$, and so does its right side: being of rank $d - l_t$
it is solvable. In step 1, $z_1, \dots, z_{j-1}$, with what they are on the units that have a value
of $z_j$, are in the kernel of the system for $z_j$. If a $z_j$ independent of them exists, it has
therefore at most $d - j$ columns, and one more for each value: a value is an unknown that costs its
unit one learnable. The units of column $t$ lie in nested spaces of dimensions $d - \kappa_k$:
sorted by level downwards, at most `r += 1 while r < d - k` of them are independent, the nested
rank.

*From residues to K.* Each system has entries in $K$ by induction. Where its rank modulo a prime is
the number of its rows (1, 2), or the upper bound above (3, 4), the rank over $K$ is the same, a
minor that is not 0 modulo the prime can be solved for, the other unknowns being parameters, and the
solution modulo the prime is the reduction of one over $K$. So the point modulo the prime is the
reduction of a point over $K$, and a $D$-minor of the Jacobian that is not 0 there is not 0 over
$K$. It is the order of linear systems that is the proof: that the leading equations have a regular
solution modulo one prime shows a $p$-adic point, not a real one.

*Conclusion.* Without infinite columns $\theta_0$ is a solution in $K$, and T13 (rational points)
applies; with $r = D$, too, where $\theta_0$ is the only solution: those of generic data are
conjugate over $K$, the incidence set of data and solutions being irreducible, and one that is in
$K$ is its own orbit. Else give the learnables of infinite columns weight 1, others 0. The equations
of an infinite column have $q = 1$ and leading form $P_0 Q_t$, frozen entries of the column being of
lower order, the others are as they are. The columns of their Jacobian are $P e_j \otimes Q_k$ for
$U_{jk}$ and $P_0 e_k \otimes e_t$ for $V_{kt}$. QED

*Corollary.* $n = d = m$, two layers. Every unit has $\kappa$ learnable outputs or more, every
column of $W_1$ has $n - \kappa$ learnables or more, and $\kappa$ of the columns have $n - \kappa +
1, \dots, n$: maximal, with $n^2 + \kappa (\kappa + 1) / 2$ learnables. For units all have level
$\kappa = c$, the long columns are infinite, the others, $n - \kappa$ of them, finite of level
$\kappa$. $dU\, Q$ covers everything modulo the common kernel $N$ of the $z$, since $Q$ has rank
$n$: the kernel vectors are independent, their supports growing. $P_0\, dV$ covers $N$ in every
column. (With $\kappa$ long columns of $n - \kappa + 1$ learnables each their kernel vectors may be
proportional: open.)

**What is checked.** In each certificate all ranks, at a point that the checker draws.

**Source.** This file.
"""

from __future__ import annotations

from .base import ProofStep
from .t14.closed_form import Sizes, full_rank
from .t14.orders import Orders, only_where_a_basis_is_odd
from .t14.values import only_where_values_leave_an_odd_basis

STEPS = (
    ProofStep(
        "levels work only where D of the learnables have an odd number of solutions",
        only_where_a_basis_is_odd,
        Orders(),
        {
            "infinite columns without the rank of the Jacobian": Orders(regular=False),
            "counts without the ranks of the linear systems": Orders(by_ranks=False),
        },
        "every mask of 2-2-2 (m = 2) of r = 4, 5, 6, and all levels; Groebner bases of r = 4",
    ),
    ProofStep(
        "finite levels with values work only where D of the learnables have an odd number of "
        "solutions",
        only_where_values_leave_an_odd_basis,
        True,
        {"values that the units need not have": False},
        "every mask of 2-2-2 (m = 2) of r = 4, 5, and all levels and values",
    ),
    ProofStep(
        "smallest allocations of the corollary have rank D, and of r = D = 4 an odd degree",
        full_rank,
        Sizes(),
        {
            "one long column fewer": Sizes(long=1),
            "one column below n - level": Sizes(short=1),
        },
        "every such mask of 2-2-2 and 3-3-3",
    ),
)
