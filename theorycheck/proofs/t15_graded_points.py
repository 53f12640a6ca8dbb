r"""# T15 Graded points

**Statement.** Linear recurrent network, dense or sparse, random inputs. Let samples be such that
their first numbers are those of unit vectors, and let some learnable weights grow. The degree of an
equation is the largest number of growing weights on a walk to it, its leading form the sum over the
walks with so many. Some growing weights may be 0, some sets of learnables be solved for, one after
the other, all others being generic, such that the leading form of every equation, of degree 0 less
its output, is solved by the last of these sets that is on its walks, being affine in it, or is of
positive degree and has no walk left. If each of these linear systems has independent equations, and
at the solution the Jacobian of the leading forms in all learnables has as many dimensions as
equations, the allocation is maximal. So it is if this holds without some outputs, whose learnable
readout weights read states of as many dimensions as they have equations. In particular (m <= n_in
(T - 1), read at the end): recurrent weights grow, those that do not lead from lower to higher
grades of the neurons are 0, and those into the last grade are solved for.

**Assumptions.** $h_t = W h_{t-1} + B x_t$, $h_0 = 0$, $y = D h_T$ (or $y_t = D h_t$ for all $t$); a
set of connections is present, teacher, student's frozen weights and inputs have densities and are
independent. $\xi$: the student's frozen weights, the inputs $X$ and the teacher's outputs $y$.
$\tau$: auxiliary numbers, drawn from a density, independent. $K = \mathbb{Q}(\xi, \tau)$. $E$: the
number of equations of the samples that count; $J$: the Jacobian in all learnables.

**Proof.** *1. Samples.* Outputs are linear in a sample, so an invertible matrix $C$ with entries in
$\mathbb{Q}(X)$ may be applied to the samples, and to the outputs. The first $m$ of the numbers that
samples show are a generic $m \times m$ matrix; with $C$ its inverse they become the identity, and
the others (if there are any; read at every step, samples that span have none that matter) are again
generic: $Z = X_2 X_1^{-1}$ has a density. So has $y C$, if $y$ has one.

*2. Leading forms.* A walk carries an input of a sample through present weights to an output; the
output is the sum over all walks of the product of their weights and the input. Let $G$ be the
growing learnables and $\theta_u = s t_u$ for $u \in G$, $\theta_u = t_u$ else. Equation $e$ becomes
$s^{q_e} (f_e(t) + O(1/s)) = y_e$ with the polynomial $f_e$ of the walks with $q_e$ elements of
$G$, the most there are. It is not 0, as no two monomials cancel. Put $\varepsilon = 1/s$ and
$g_e(\varepsilon, t) = \varepsilon^{q_e} (\phi_e(s^w t) - y_e)$, a polynomial in $\varepsilon$ and
$t$; $g_e(0, t)$ is $f_e(t)$ for $q_e > 0$ and $f_e(t) - y_e$ for $q_e = 0$.

*3. A regular point at infinity suffices.* Let $t^0 \in K^r$ satisfy $g(0, t^0) = 0$, with $\partial
g / \partial t = \partial f / \partial t$ onto there: a minor of size $E$ is a non-zero element of
$K$. So $J$ is onto at a point near it, the rank of all weights is $E$ too, and $y$ has a density on
$\mathbb{R}^E$ given the rest of $\xi$. For almost all real data no denominator vanishes, nor does
the minor; the implicit function theorem gives for every small $\varepsilon > 0$ a real $t$ near
$t^0$ with $g(\varepsilon, t) = 0$. Then $\theta = s^w t$ is a match: the probability is 1. (That is
how static output feedback assigns poles if there are more gains than poles.)

*4. The point.* Let $Z_0 \subset G$ be 0 and $S_1, S_2, \dots$ be solved for; give all other
learnables values of $\tau$. A walk with $q_e$ elements of $G$ that avoids $Z_0$ *is left*. Let $k$
be the last index with an element of $S_k$ on such a walk to $e$, none of which has two of them:
$f_e$ is then affine in $S_k$, given $S_1, \dots, S_{k-1}$, and has no unknown of later sets. Let
$M_k S_k = c_k$ be the system of all these equations (less $y_e$ for $q_e = 0$), and $M_k$ have
independent rows. A minor of as many rows is a non-zero element of $K$; the unknowns in its columns
are solved for by Cramer's rule, the other ones are set to elements of $\tau$. So
$S_1, S_2, \dots$ are in $K$. An equation with $q_e > 0$ and no walk left vanishes at this point
whatever the values. So $g(0, t^0) = 0$.

*5. Modulo a prime.* Ranks of matrices over $K$ are bounded from below by those modulo a prime at a
point at which the denominators are not 0. In order: if $M_1$ has independent rows modulo $p$ at
random residues, it has over $K$; any solution modulo $p$ is the residue of one over $K$ (choose a
minor that is not 0 modulo $p$, and for the elements of $\tau$ in the other columns the residues
found); put it into $M_2$, and so on; in the end the minor of the Jacobian is not 0 modulo $p$, so
it is not 0 over $K$. It is the *order of linear systems* that makes the point real: a point modulo
$p$ alone would show a $p$-adic solution.

*6. Outputs that are fitted afterwards.* Let the equations of some outputs be left out, and the rest
have match probability 1. Then for almost all data the rest has solutions outside of any given
proper subvariety $V$ of the space of $(w, X, \theta)$, $w$ its frozen weights: $F(w, X, \theta) =
(w, X, \phi)$ has, by Sard's theorem, for almost all data in its image only solutions at which its
Jacobian is onto; there $F$ is a submersion, preimages of null sets are null, and by Fubini for
almost all $(w, X, y)$ the part of $V$ is a null set in the open regular part of the fibre, which
is not empty. Let $V$ be where the states that the learnable readout weights of a left out output
read (a matrix of the number of these weights times that of its equations) have dependent columns.
Outside of $V$ its equations, linear in these weights, are solvable whatever the target is. A rank
at one point shows that $V$ is proper.

*7. Gradings.* Read at the end, $m \le n_{in} (T - 1)$, dense: sample $s$ is 0 before step
$g = \lfloor s / n_{in} \rfloor + 1 \le T - 1$, so if the recurrent learnables grow its equations
have the degree $q = T - g \ge 1$ (where their walks exist) and the leading forms
$D W_0^q B x_g$, with only learnables in $W_0$. If the neurons have grades $0, \dots, p - 1$ and
$W_0$ leads from lower to higher ones only, $W_0^p = 0$; a walk enters the last grade once, as its
last step, so $D W_0^q B x_g$ is affine in the weights into it. For the same reason it is in those
out of the first grade. With more samples some have degree 0, and $D B x_T$ is frozen.

**What is checked.** The degrees and leading forms symbolically; gradings exhaustively; the whole
statement on all masks and supports of the smallest network by solving, with what goes wrong if an
assumption is left out.

**Source.** This file.
"""

from __future__ import annotations

from .base import ProofStep
from .shared import graded_points as checks
from .shared.graded_points import Assumed

STEPS = (
    ProofStep(
        "2. growing recurrent weights: degree T - g, leading form D W^(T-g) B x_g, symbolically",
        checks.leading_forms,
        lambda steps, group: steps - group,
        {
            "degree T - g + 1": lambda steps, group: steps - group + 1,
            "degree T - 1 in all groups": lambda steps, group: steps - 1,
        },
        "d = 1, n_in = 1; N up to 2, T up to 4, every mask",
    ),
    ProofStep(
        "7. graded matrices: W^p = 0, and every power is affine in the weights into the last grade",
        checks.graded_powers,
        (0, 1),
        {
            "W^(p-1) = 0": (1, 1),
            "affine in the weights into the last two grades": (0, 2),
        },
        "N up to 4, every grading with p up to 4",
    ),
    ProofStep(
        "3. where the leading forms vanish with a Jacobian that is onto, solutions are found",
        checks.solutions_follow,
        Assumed(),
        {
            "the Jacobian need not be onto": Assumed(onto=False),
            "the leading forms need not vanish": Assumed(vanishing=False),
            "samples of degree 0": Assumed(degree=False),
        },
        "every recurrent mask and support of 1-2-1, m = 2, T up to 4",
    ),
    ProofStep(
        "6. states are generic at solutions: readout weights of m_e learnables fit afterwards",
        checks.fitted_afterwards,
        0,
        {"m_e - 1 learnables": 1},
        "1-2-2, m = 2, T = 4: every recurrent mask for which the first output alone is solved",
    ),
)
