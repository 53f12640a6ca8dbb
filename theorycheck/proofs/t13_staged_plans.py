r"""# T13 Staged plans

**Statement.** Linear network, dense. Without a bottleneck E are all equations; feed-forward with a
bottleneck of b units: those of b outputs, and of all outputs on b samples. E are D equations. Sets
U_1, ..., U_s of learnables are disjoint, all others frozen. E_1, ..., E_s divide E after a change
of these equations that is invertible; at stage k its coefficients may depend on frozen weights,
inputs and U_1, ..., U_(k-1), not on the teacher. If E_k contains no unknown of a later stage, is
affine in U_k, and its Jacobian in U_k has rank |E_k|, the match probability is 1. Feed-forward
without biases: rows and columns may be peeled as in T9; all of the first layer that is left frozen
if it has as many rows as there are samples left, all of the last if it has as many columns as there
are outputs left, and what is left peeled on: a row of m learnables with one output, a column of d
with one sample, of b at a bottleneck as in T9; then, no bottleneck being left, learnables none of
which is behind another (T2), or one layer's (T4), decide.

**Assumptions.** Draws as in T1. The teacher is independent of the student's frozen weights $w$ and
shares the inputs $X$ with it. The teacher's outputs $y$ in the equations E have, given $w$ and $X$,
a density on all of $\mathbb{R}^D$: this is plain without a bottleneck, and shown below with one. A
learnable may be given any value, also one that depends on $y$. Learnables that no stage uses are
frozen at random values (T0). The rank is that at a generic point; a minor that is not 0 at one
point modulo a prime shows it.

**Proof.** *Rational points.* Let $K = \mathbb{Q}(w, X, y, \tau)$, with $\tau$ further parameters,
drawn at random. If $\phi(\theta_0) = y$ has a solution in $K$, the match probability is 1: for
almost every real draw of $(w, X, y, \tau)$ no denominator is 0, $\theta_0$ is real there and solves
the equations. Moreover the Jacobian is onto at such a solution: $F(w, X, \theta) = (w, X, \phi)$
has the section $(w, X, \theta_0)$, and $dF \, d(w, X, \theta_0) = 1$.

*Solutions off a special set.* If the match probability is 1, then for almost every draw there is a
match outside of any given proper subvariety $Z$ of the space of $(w, X, \theta)$. By Sard almost
every value $(w, X, y)$ is regular, so that its fibre is a manifold of dimension $r - D$, not empty
for almost every draw. Where $F$ is a submersion preimages of null sets are null, and by Fubini $Z$
is null in almost every fibre.

*Stages.* Suppose $(w, X, U_1, \dots, U_{k-1})$ has a density, and so has $y$ on $E_k, E_{k+1},
\dots$ given these. $E_k$ reads $A_k U_k = b_k$ with $A_k$ a function of $(w, X, U_{<k})$, which is
onto almost surely, a minor of it not being 0. Let $U_k$ be one solution plus a vector of the kernel
drawn from a density. Given the rest, $U_k$ is in an affine bijection with ($y$ on $E_k$,
coordinates in the kernel). So $U_k$ has a density given $(w, X, U_{<k})$, and the later equations
have theirs, since $y$ on them has a density given $y$ on $E_k$. After the last stage all equations
hold.

*Bottlenecks.* With a least hidden width $b < d, m$ outputs are matrices of rank $b$ at most, both
the student's and the teacher's. Write the latter as $y = (y_{11}, y_{12}; y_{21}, y_{22})$ with
$y_{11}$ of size $b \times b$. Where $y_{11}$ is invertible, which is almost surely so, rank $b$
means $y_{22} = y_{21} y_{11}^{-1} y_{12}$, and the other three blocks, the cross, can have any
values near: they are coordinates of the matrices of rank $b$, so that $y$ has a density on them,
and $D = b(d + m - b)$ is their number. A student that agrees with the teacher on the cross has the
same invertible $y_{11}$ and rank $b$ at most, so it agrees everywhere. Stages only have to solve
the equations of the cross. It may be that of any bases of outputs and samples that do not depend on
$y$. Other $D$ combinations of the equations need not do: for outputs of size $2 \times 2$ and rank
1 three generic ones leave two solutions, and the student may be led to the wrong one.

*Structure.* Let no path to an equation of $E_k$ run through a learnable of a later stage, and none
through two of $U_k$. Then the first two conditions hold, and the Jacobian in all of $U_1, \dots,
U_s$ is block triangular: one minor of size $D$ that is not 0 is the product of the blocks' minors,
and shows the third.

*Freezing.* Let $H = W_1 X$ with $W_1$ all frozen. Given $X$ of rank $m$, $H$ has a density on all
of $\mathbb{R}^{n_1 \times m}$. If $n_1 \ge m$, then (layers 2 to L, inputs $H$, outputs $y$) is a
draw of the network without its first layer, up to laws, on which the class does not depend (T8);
its target dimension is the same, $n_1$ not being the least of $d$, $m$ and the hidden widths, or
not the only one. Transposed: let $W_L$ be frozen, $n_{L-1} \ge d$. The equations
ask for $d$ generic combinations of what the layers below make; they are those of a network whose
last layer is frozen. So if what is left is maximal, the whole is. Several frozen layers at one end
have a product with a density, each of them being as wide as is asked.

*Peeling on.* Columns of the first layer that is left and rows of $W_L$: T9, for the network that is
left. Let layers behind layer $l$ be frozen, with the product $P$, $d \times n_l$, and let row $i$
of $W_l$ have $m$ learnables or more. Multiply the equations by an invertible matrix, chosen by
column $i$ of $P$ alone, that turns this column into $(x, 0, \dots, 0)^T$. The equations of outputs
$2, \dots, d$ do not see unit $i$: they are those of the network without it, with $d - 1$ generic
combinations of the other units. Where these match, off the special set at which $H$, on the columns
of the row's learnables, has a rank below $m$ (all widths between are $m$ or more), the $m$
equations of the first output are linear in the row and can be solved. A column with $d$ learnables,
and one sample, goes in the same way: $P W_l \cdots$ has rank $d$ on the column's learnables.

*Peeling at a bottleneck.* The same with $b$ in place of $m$ or $d$, if $b$ is the least width
between the layers that are left and there are more than $b$ outputs (for rows) and samples (for
columns) left: what is left are $b$ outputs or more whose rows span those of $H$ (columns: of $P W_l
\cdots$), and the row of the first output of the teacher, in the new basis, is a combination of the
others (T9). The bottleneck is not behind row $i$: frozen layers behind have at least as many units
as there are outputs.

**What is checked.** Steps; then $D$ independent equations of what is left, by T2 or T4.

**Source.** This file.
"""

from __future__ import annotations

from .base import ProofStep
from .t13.cross import any_forms, cross, determined
from .t13.freezing import Freezing, nothing_is_left
from .t13.stages import Stages, one_solution

STEPS = (
    ProofStep(
        "two affine stages at r = D leave one solution: Groebner bases at random draws",
        one_solution,
        Stages(),
        {
            "an unknown of a later stage": Stages(later=True),
            "two learnables of one stage on a path": Stages(most=2),
        },
        "every mask of r = D and every pair of stages: 2-2-2 (m = 2), 1-2-2-2 and 2-1-2-2 (m = 1)",
    ),
    ProofStep(
        "at a bottleneck the cross determines the outputs: Groebner bases at random matrices",
        determined,
        cross,
        {"any D combinations": any_forms},
        "sizes up to 3 x 4 and 2 x 4, ranks 1 and 2",
    ),
    ProofStep(
        "masks of which peeling and freezing leave nothing have rank D",
        nothing_is_left,
        Freezing(),
        {
            "lines with one learnable fewer": Freezing(fewer=1),
            "no condition on widths in peeling": Freezing(peels_wide=False),
            "as many lines as a bottleneck is wide": Freezing(spares=False),
            "no condition on widths in freezing": Freezing(freezes_wide=False),
        },
        "every mask of 13 networks of up to 10 weights",
    ),
)
