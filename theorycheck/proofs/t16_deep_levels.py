r"""# T16 Deep levels

**Statement.** Dense linear feed-forward network without biases, no bottleneck. All learnables
before layer l frozen, and those of layer l in other than m chosen columns: y = C_q ... C_1 (A + U)
(B + V), the C being the layers behind, with learnables. Let columns of V be finite or infinite.
Functionals z_1, ..., z_b, b < d, annihilate y in finite columns. The first b_q of them are made to
annihilate C_q, each column of which is solved in its learnables, the next b_(q-1) to annihilate C_q
C_(q-1), solved for columns of C_(q-1), and so on, b_1 + ... + b_q = b, by systems of full row rank.
With d - b further functionals E, E y = E C_q ... C_1 (A + U) (B + V) has d - b rows. If T14 solves
these in finite columns, and all ranks are as T14 says there, the functionals independent, and if
without infinite columns or the Jacobian of C_q ... C_1 (A + U) (B + V) in all of U, V and the C has
rank d m at this point, the match probability is 1. The same with rows for columns, and the layers
before for those behind.

**Assumptions.** As in T14. Layers behind are $l + 2, \dots, L$ for columns; for rows they are $l -
1, \dots, 1$, transposed, then the samples, unless these are as many as inputs and so can be unit
vectors. Those that have no learnables are random.

**Proof.** *Reduction.* As in T14 the samples are multiplied by an inverse, so that $V$ has one
column for each column of $y$, and $y$ has a density given all that is frozen. $K$ are the rational
functions of the draw and of further random parameters.

*What is behind.* $z_i y_t = 0$ for finite columns $t$ is a linear system for $z_i$ over $K$, of
full row rank where there are at most $d - b$ of these and the $z$ are independent. Given $z$ and
$C_q, \dots, C_{r+1}$, the equations $z_i C_q \cdots C_{r+1} C_r e_j = 0$, for the $b_r$ functionals
of $C_r$, are linear in the learnables of column $j$ of $C_r$; their full row rank modulo a prime
shows that the solution found there is the reduction of one over $K$. Afterwards all of $z_1, \dots,
z_b$ annihilate $C_q \cdots C_1$: each annihilates a product of the outer ones.

*What is left.* Let $Z$ have the rows $z_i$; with $E$ it is an invertible matrix. In a finite column
$Z y_t = 0 = Z C_q \cdots C_1 (A + U) Q_t$ for whatever $U$ and $Q = B + V$. So the equations of the
column are $E y_t = P (A + U) Q_t$, $P = E C_q \cdots C_1$, $d - b$ in number. The construction of
T14 asks for no more than $P$, $y$, $A$ and $B$ over $K$: its systems are consistent by their order,
their ranks are tested at the point itself. So it gives $U$ and $V$ over $K$ with which finite
columns are met, and infinite columns $Q_t$ with $P (A + U) Q_t = 0$, supported on learnables; with
$Z C_q \cdots C_1 = 0$ this is $C_q \cdots C_1 (A + U) Q_t = 0$.

*Conclusion.* Without infinite columns this is a rational point (T13). Else give the learnables of
infinite columns of $V$ weight 1, all others, those of the $C$ too, weight 0. The equations of an
infinite column are of degree 1 with leading form $C_q \cdots C_1 (A + U) Q_t$, of the others of
degree 0. By the regular points at infinity of T14 it is enough that the Jacobian of these forms in
all learnables has rank $d m$ at the point: the columns are $C_q \cdots C_1 e_j \otimes (Q)_k$ for
$U_{jk}$, $C_q \cdots C_1 (A + U) e_k \otimes e_t$ for $V_{kt}$, and $C_q \cdots C_{r+1} e_i \otimes
(C_{r-1} \cdots C_1 (A + U) Q)_j$ for entry $(i, j)$ of $C_r$. QED

*Why it helps.* One learnable in each column of $C_1$ gives all units of both layers a level that
would cost each unit one learnable of $U$; and learnables of $C_1$ count in the Jacobian. Where $C_q
\cdots C_1 (A + U)$ has rank $d - b$, infinite columns are in a space of dimension $n - (d - b)$ at
most, so of square layers about $b$ of them are.

*Beyond odd degrees.* W1 = [[1, 0], [0, 1]], W2 = [[1, 0], [0, 1]], W3 = [[1, 0], [0, 0]] of 2-2-2-2
(m = 2) is maximal by T16 (transposed), while every four of its five learnables have two solutions.

**What is checked.** In each certificate all ranks, at a point that the checker draws.

**Source.** This file.
"""

from __future__ import annotations

from .base import ProofStep
from .t16.chains import Chains, only_of_full_rank

STEPS = (
    ProofStep(
        "levels behind which a layer lies work only at rank D, and above r = D",
        only_of_full_rank,
        Chains(),
        {
            "infinite columns without the rank of the Jacobian": Chains(regular=False),
            "functionals that are 0 on some finite columns alone": Chains(room=False),
        },
        "every mask of 2-2-2-2 (m = 2) of r = 4, 5, the last layer behind, and all levels",
    ),
)
