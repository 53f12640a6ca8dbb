r"""# T11 Positivity of analytic networks

**Statement.** Networks with real-analytic activations, dense or sparse, feed-forward or recurrent,
on random or given inputs: MP(A, m) = 0 if and only if rank(A) < D(m), the generic ranks of the
Jacobians in the learnable and in all present weights. Both are those of an oracle, in which each
pre-activation that is new up to sign gets free variables in place of the values of its activation
that are not algebraic in it (tanh: a, with slope 1 - a^2), if these pre-activations are linearly
independent modulo constants and the activations are tanh, sigmoid, softplus, SiLU, sin, exp and
polynomials, or arctan and polynomials, or erf, GELU and polynomials (recurrent: every unit reading
an input). They are independent where every layer, residual or not, has weights of its own, if
inputs are random, or layer behind layer if every unit of the first hidden layer sees linearly
independent samples; and in convolutional networks (filters shared by all positions, padding with
zeros below the kernel, averages over windows side by side, a dense head; random inputs, tanh,
sigmoid, softplus, SiLU, sin and exp, or arctan, and linear layers) if every unit of a layer that is
not linear, unless its argument is 0, reads at each position a value that depends on the sample.
Both ranks also agree on given inputs if the pre-activations that are not linear in the weights are
independent modulo these, unit by unit, and the points of the linear ones are linearly independent
or, for tanh and sigmoid, satisfy no integer relation with coefficients of at most 2 d times the
samples (and reads) at each point. The rank of the oracle modulo a prime is never larger, and equal
with a probability that degrees bound. Of any other analytic network it is an upper bound, and a
minor of the true Jacobian that is not 0 at one real point is a lower one: where they meet, MP is 0
or not as above. Networks whose activations are linear in pieces (relu,
leaky_relu, hardtanh), on random inputs: let D(m) be the largest rank of the Jacobian in all present
weights over the patterns, each telling on which pieces the units are, that weights and inputs show
on an open set. Given a regular teacher, one at which the rank is D(m), the match probability is 0
if and only if the learnable weights have rank D(m) in no pattern.

**Assumptions.** Teacher, the student's frozen weights and the inputs, unless they are given, are
independent, with densities positive everywhere. Real-analytic activations, or piecewise linear ones
in 13 and 14; biases or not; any masks
of present weights. $D(m)$ is the generic rank of the Jacobian in all present weights,
$\operatorname{rank}(A)$ that in the learnable ones, for $m$ samples.

**Proof.** Let $f$ be the frozen weights and the inputs, $\theta$ the learnables.

1. *Rank below $D$: $MP = 0$.* All minors of the student's Jacobian of size
   $\operatorname{rank}(A) + 1$ vanish identically, as analytic functions. So for every $f$ the map
   $\theta \mapsto \varphi_f(\theta)$ has rank $k < D$ or less everywhere, and its image has
   Hausdorff dimension at most $k$ (Federer, 3.4.3); it is a countable union of closed sets. Given
   the inputs, the teacher's map has rank $D$ off a set of measure 0 (the zeros of an analytic
   function), where it is locally a submersion onto manifolds of dimension $D$: its law is
   absolutely continuous with respect to the $D$-dimensional Hausdorff measure on them, which is 0
   on the student's image.
2. *Rank $D$: $MP > 0$.* Take student equal to teacher, at a point where the learnables have rank
   $D$. There the Jacobian of all weights has rank $D$, its largest, hence constant rank nearby: its
   local image is a manifold $M_X$ of dimension $D$, that moves continuously with the inputs $X$.
   The student's map into it is a submersion at the point, so for all frozen weights, inputs and
   teachers near it there are learnables that meet the teacher's outputs: an open set of draws.
3. *Upper bound.* The evaluations $e$ = (unit, sample, time) have pre-activations $z_e$ (those that
   are the same up to sign taken as one). The oracle has free variables for what is not algebraic in
   $z_e$. Putting in the true values turns its Jacobian into the true one (the activations satisfy
   the identities by which value and slope are expressed), and a minor that vanishes there vanishes
   after it. So the true rank is never larger.
4. *Equality for tanh, sigmoid, SiLU, sin, exp.* Suppose that the distinct non-zero $z_e$ are
   linearly independent over $\mathbb{C}$ modulo constants. Let $f_e = c_e z_e$ with $c_e = 2$
   (tanh), 1, $i$ (sin), and $t_1, \ldots, t_p$ all free reals. Extend $f$ by $q$ of the $t$ to a
   basis $(f, t')$ of the span of $f$ and $t$ over $\mathbb{Q}$ modulo $\mathbb{C}$; its
   differentials have rank $p$. By Ax (1971, Theorem 3) the transcendence degree of
   $\mathbb{C}(f, t', e^f, e^{t'})$ over $\mathbb{C}$ is at least $N + q + p$, for $N$ evaluations.
   In order of computation each $z_e$ lies in $\mathbb{C}(t, \text{earlier } e^f)$, so that number
   is also the largest possible: the $e^{f_e}$ are algebraically independent over $\mathbb{C}(t)$,
   and the oracle's field is the true one. Polynomial activations add nothing: they are exact.
5. *softplus.* Add $L_e = \log(1 + e^{z_e})$ to the list. Once $Y_e = e^{z_e}$ is new, $L_e$ is
   independent of everything before it: no product of powers of $Y_e$ and $1 + Y_e$ is constant.
   *arctan.* $e^{2i \arctan z} = (1 + iz) / (1 - iz)$: enough that no product of powers of these is
   constant, and $1 + i z_e$ are linear polynomials in fresh weights, none a multiple of another.
6. *erf, GELU.* First the exponentials $g_e = \exp(-z_e^2)$, independent as in 4 since
   $\sum_j n_j a_{kj} a_{k'j} = 0$ for all $k, k'$ only for $n = 0$; then their primitives: by
   Kolchin and Ostrowski a relation would make $\sum_e c_e \operatorname{erf}(z_e)$ rational in the
   weights and the $g$. The coefficient $r$ of $g_e$ then obeys $r' - 2 z z' r = c z'$, which has
   no rational solution unless $c = 0$: $r$ has no poles, and degrees do not agree.
7. *The arguments are independent, feed-forward.* Layer $l$, own weights: in a relation
   $\sum n_e z_e$ the coefficient of $W_{ik}$ is $\sum_j n_{ij} a_{kj}$. Of a unit $k$ that inputs
   reach, the $a_{kj}$ of different samples depend on different random inputs, so $n_{ij} = 0$.
   Units that only biases reach have one $z$ for all samples.
   *Given inputs.* If the samples, restricted to the inputs that a unit of the first hidden layer
   reads, with a 1 if it has a bias, are linearly independent, then its $z$ on them are independent
   linear forms in its weights: free variables. So values of different samples depend on different
   variables as before, and the rest is the same.
8. *Recurrent.* Let $l_i$ be the distance from the inputs to unit $i$. At the largest $t$ of a
   relation, a unit with an input has the coefficient $\sum_i n_{tij} B_{ik} = 0$ at $x_{tkj}$;
   another that inputs reach has a neighbour $k$ that they reach at $t - 1$, and
   $\sum_i n_{tij} W_{ik} = 0$ at its newest variable: $B$ and $W$ are free, $n = 0$. Before
   $t > l_i$ the argument $z_{ti}$ is that of the step before, or new if a walk of $t - 1$ steps
   ends in $i$. For erf and GELU this is proved where every unit reads an input.
   *Residual layers*, $h_l = h_{l-1} + a_l$: the coefficient of $W_{ik}$ is $\sum_j n_{ij} h_{kj}$,
   where $h_{kj}$ of a unit that varies with the sample holds a variable of that sample alone: its
   newest $a_{kj}$, or, where all added values are constant, a value of the first layer that is not
   residual, in the end an input. So $n_{ij} = 0$ as in 7, and the products
   $h_{kj} h_{k'j}$ of 6 have different variables for different samples. A unit that does not vary
   has the same $z$ for all samples. No weight moves what passes by: it is no entry of the Jacobian.
9. *Shared filters.* At position $p$, with stride $s$,
   $z_{c,p,j} = \sum w_{c,k,\delta} \, h_{k,\,ps+\delta,\,j} + b_c$, where $h$ is 0 in the padding.
   The coefficient of $w_{c,k,\delta}$ in a relation is
   $\sum_{p,j} n_{c,p,j} \, h_{k,\,ps+\delta,\,j}$. No two of these $h$ have the same position
   and sample, since $ps + \delta$ is another for every $p$; and those that vary with the sample
   are independent modulo constants: inputs, new variables (by induction), averages of these over
   windows side by side, or sums in linear layers, by the argument for $z$ itself. So
   $n_{c,p,j} = 0$ for each $p$ at which $h_{k,\,ps+\delta,\,j}$ varies for some $k$ and
   $\delta$: for all, by assumption. Without it relations occur: of constant values $A$ in a row,
   padded by one, a filter of length 2 makes $v_1 A$, $(v_0 + v_1) A$ and $v_0 A$. The head has
   weights of its own.
10. *Given inputs with relations* (activations of the family of tanh; layers with weights of their
   own, or a state whose values are free variables). A pre-activation is *linear* if it reads
   constants only: inputs, a bias, hidden values at 0. It is then a linear form $\ell_c$, that of a
   point $x_c$, in the weights $t_1$ of its unit (with those of all linear ones). Let $f$ be all
   others, each once up to sign. If $(t_1, f)$ are independent over $\mathbb{Q}$ modulo
   $\mathbb{C}$, step 4 with this list, extended by other $t$, gives: $e^{t_1}$ and $e^f$ are
   algebraically independent over $\mathbb{C}(t)$. They are, by induction in order of computation:
   in a relation $\sum n_e f_e + \sum r_w w = c$ each $f_e$ is a sum of products $w V$ of a
   weight and a value that it reads. Values of others are free of each other and of $t_1$ by
   induction; values at linear ones and 1 are linearly independent over $\mathbb{C}(t)$, since
   $\tanh \ell_c$ has poles where no other has them (of forms that are multiples of each other the
   longest has the nearest pole). Hence for every product the coefficients cancel, unit by unit, and
   products with constants only as far as $w$ is not in $t_1$: if the vectors of these coefficients
   are linearly independent, $n = 0$. (Two pairs of antipodes $x, -x$ at a sigmoid without bias
   are related: $s(z) + s(-z) = 1$, so sums of the next layer at $x$ and $-x$ add up to the same.)
   If the points of each unit are independent, so are all pre-activations, and step 4 applies as it
   is. Else let all activations be tanh and sigmoid, and take a minor of the oracle that is not 0,
   and a coefficient of it in the variables of $f$: a polynomial over $\mathbb{C}(t)$ in the values
   $a_c$. Along a path of derivatives a linear pre-activation reads constants, and what is behind it
   is not linear: so an entry has degree 2 at most in them, that of a slope. A row belongs to one
   sample, so the degree in $a_c$ is at most $D_c$: twice the outputs (times reads) of the samples
   where it occurs. As $a_c$ is a fraction of $Y_c = e^{2 \ell_c}$ (sigmoid: $e^{\ell_c}$),
   multiplying by $(1 + Y_c)^{D_c}$ leaves a non-zero polynomial in $Y$ with exponents from 0 to
   $D_c$. Two of its monomials are the same function only if their exponents differ by a relation
   $\sum n_c x_c = 0$, $|n_c| \le D_c$. If there is none but 0, these are exponentials of distinct
   linear forms, independent over $\mathbb{C}(t)$: the true minor is not 0.
   *Forms.* Let $a \cdot x_c = q_c M + v_c$ with integers and $\sum D_c |v_c| < M$. A relation as
   above makes $\sum n_c v_c$ a multiple of $M$ that is smaller, so 0, and $\sum n_c q_c = 0$. If
   $x$ and such $q$ have rank the number of points, then $n = 0$.
11. *Modulo a prime.* The rank of the oracle at a random point modulo a prime never exceeds its
   rank, and is lower only if a non-zero minor vanishes there (Schwartz and Zippel), or if arguments
   that differ agree modulo two primes, where residues tell which are equal. By structure: two sums
   of a unit are equal if the values that they read are, weight by weight, if no value that they
   read holds a weight of the unit: in layers with weights of their own, and where values are free
   variables (tanh, sigmoid, erf, sin, exp, arctan). Then sums of different units are in the spans
   of different weights over the values, and equal only if they are 0.
12. *Dense networks: an upper bound of $D$.* With $b = 1$ with biases in every layer, else 0,
    $x = m - b$: $R_1 = n_1 \min(m, n_0 + b)$,
    $R_{l+1} = \min(R_l + n_{l+1} (n_l + b), \, b \, n_{l+1} + k (n_{l+1} + x - k))$,
    $k = \min(n_{l+1}, n_l, x)$. Activations are local diffeomorphisms, so the values of a layer
    move in as many dimensions as its pre-activations, which are, after centring with biases,
    matrices of rank $k$ at most. That it is reached is checked, not proved, and fails for exp and
    arctan.
13. *Piecewise linear: the statement.* In a pattern the outputs are polynomials. Off a null set of
    frozen weights and inputs, the learnables at which some pre-activation is at a kink, without
    being 0 for all weights and inputs nearby, are nowhere dense. So the closures of the (finitely
    many) patterns cover all learnables; if the rank is below $D$ in each, the student's outputs
    have dimension below $D$ in all, while those of a regular teacher have, given the inputs, a
    density on manifolds of dimension $D$. If a pattern has a point at which the learnables have
    rank $D$, all weights have rank $D$ there, the largest: the rank is constant nearby, and step 2
    applies word for word, the teachers near the student being regular.
14. *Piecewise linear: bounds in every pattern.* A unit of relu or leaky_relu (or a linear one) is
    positively homogeneous: to multiply what enters it by $c > 0$ and what leaves it by $1 / c$
    changes no output. Of units on paths from an input or bias to an output these directions are
    independent: as edges $w (e_i - e_j)$ of a graph, in which everything but these units is one
    vertex, the weights connect each of them to that vertex. So $D$ is at most the weights on such
    paths less these units. Layer by layer as in 10: $\delta Z = W \delta h + \delta W h$, and for
    each homogeneous unit $k$ the pair $(h_k e_k, -W_k)$, or where $h_k = 0$ some change of its
    column alone, gives 0; so $R_{l+1}$ grows by the new weights less the homogeneous units. Where
    $f(c x) = c f(x)$, with one input, samples of one sign are multiples of each other. The rank of
    the learnables is at most the number of values (on all samples) through which all of them act,
    as the Jacobian is a product there; learnables that are all weights of a homogeneous unit count
    one less.

15. *From below at a real point.* Whatever activations and inputs are: where a minor of the true
    Jacobian is not 0 at one point, it is no zero function, and the generic rank is at least its
    size. Let $M$ be it there, known up to a radius that counts every rounding, and $R$ any matrix:
    if $I - R M$ has row sums below 1 for all matrices in the radius, then $R M$ is regular, and so
    is $M$ (a vector $v$ with $M v = 0$ would be $(I - R M) v$, shorter than itself). If the
    learnables have such a minor of size $U$, and $D \le U$ by 3 or by counting, then
    $\operatorname{rank}(A) = D = U$; if all weights have one of size $k + 1$, and the learnables
    rank $k$ at most by 3 or by counting, then $\operatorname{rank}(A) < D$. Where 4 to 10 leave it
    open, this decides.

**What is checked.** The identities of all oracles, symbolically. Ranks of the oracle against ranks
at real points in balls of 300 digits: these are proved from below; that they are not higher is what
the digits say. Independence by the rank of $[1 \mid z]$ over more draws than arguments, which is a
proof for these networks, residual and convolutional ones among them. Regular minors of matrices
that are known up to a radius, against exact determinants. Matches near a point by
Newton's method. Piecewise linear: ranks at rational points of many patterns, exactly.

**Source.** This file; Ax (1971) for the independence of exponentials, Kolchin (1968) for that of
primitives, Federer (1969) for the dimension of images.
"""

from __future__ import annotations

from itertools import pairwise

from ..ranks.regular import regular_minor
from .base import ProofStep
from .t11.checks import (
    CONSTANTS,
    dense_dimensions,
    identities,
    independent_arguments,
    matched_nearby,
    oracle_ranks,
    true_slopes,
    widths_bound,
)
from .t11.oracle import Oracle
from .t11.piecewise import followed_in_pattern, scaled_bound, scaled_dimensions
from .t11.regular import regular_minors

_SMOOTH = ("tanh", "sigmoid", "softplus", "erf")

STEPS = (
    ProofStep(
        "values and slopes of all oracles are those of the activations, symbolically",
        identities,
        {},
        {
            "tanh has the slope 1 - a": {"oracle of tanh": lambda z, a: (a, 1 - a)},
            "sigmoid is odd": {"sigmoid at -z": lambda z, a: (-a,)},
            "softplus at -z without z": {"softplus at -z": lambda z, a, s: (a, 1 - s)},
            "the slope of arctan is a polynomial": {
                "oracle of arctan": lambda z, a: (a, 1 - z * z)
            },
            "the density of GELU is odd": {"gelu at -z": lambda z, f, g: (1 - f, -g)},
        },
        "all activations",
    ),
    ProofStep(
        "values and slopes at real points are those of the activations",
        true_slopes,
        {},
        {"the slope of SiLU is the sigmoid": {"silu": lambda z: (z / (1 + (-z).exp()), z)}},
        "all activations",
    ),
    ProofStep(
        "distinct arguments are linearly independent modulo constants, for random inputs",
        independent_arguments,
        (Oracle, True, ()),
        {
            "equal ones taken for different ones": (
                lambda seed: Oracle(seed, fresh=True),
                True,
                (),
            ),
            "those that are always 0 as well": (lambda seed: Oracle(seed, zero=True), True, ()),
            "for given inputs as well": (Oracle, False, ()),
            "where filters see constants alone": (Oracle, True, CONSTANTS),
        },
        "small networks of all activations, more draws than arguments",
    ),
    ProofStep(
        "the rank of the oracle is that at real points",
        oracle_ranks,
        Oracle,
        {
            "one variable for all arguments": lambda seed: Oracle(seed, same=True),
            "fresh variables for equal arguments": lambda seed: Oracle(seed, fresh=True),
            "0 as any other argument": lambda seed: Oracle(seed, zero=True),
            "exp with another slope": lambda seed: Oracle(seed, slopes={"exp": lambda z, a: a * a}),
        },
        "every mask of small networks of all activations, sparse ones among them",
    ),
    ProofStep(
        "a minor that is shown to be regular up to a radius is not 0",
        regular_minors,
        regular_minor,
        {
            "the radius is left out": lambda mid, rad, size: regular_minor(mid, 0 * rad, size),
            "a tenth of the radius": lambda mid, rad, size: regular_minor(mid, rad / 10, size),
            "no minor is ever found": lambda mid, rad, size: None,
        },
        "matrices of integers of any rank up to 7 x 7, exact determinants",
    ),
    ProofStep(
        "a teacher near the student is matched iff the rank is D",
        matched_nearby,
        lambda rank, target, learnable: rank == target,
        {
            "D learnables are enough": lambda rank, target, learnable: learnable >= target,
            "rank D - 1 is enough": lambda rank, target, learnable: rank >= target - 1,
        },
        "every mask of six networks, Newton's method",
    ),
    ProofStep(
        "dense networks: D is the bound by widths (tanh, sigmoid, softplus, erf)",
        dense_dimensions,
        (widths_bound, _SMOOTH),
        {
            "without centring": (
                lambda widths, bias, m: widths_bound(widths, bias, m, centred=False),
                _SMOOTH,
            ),
            "the smaller of equations and weights": (
                lambda widths, bias, m: min(
                    widths[-1] * m, sum((a + bias) * b for a, b in pairwise(widths))
                ),
                _SMOOTH,
            ),
            "for exp as well": (widths_bound, ("exp",)),
        },
        "all widths up to 3, two and three layers, two numbers of samples each",
    ),
    ProofStep(
        "piecewise linear: the rank in no pattern exceeds the weights less the homogeneous units",
        scaled_dimensions,
        (scaled_bound, False),
        {
            "units of hardtanh are homogeneous": (
                lambda widths, bias, m, name: scaled_bound(widths, bias, m, "relu"),
                False,
            ),
            "each homogeneous unit takes two": (
                lambda widths, bias, m, name: (
                    scaled_bound(widths, bias, m, name) - sum(widths[1:-1])
                ),
                False,
            ),
        },
        "widths up to 2, two hidden layers, random patterns",
    ),
    ProofStep(
        "relu with biases, hidden layers as wide as the outputs: some pattern reaches that",
        scaled_dimensions,
        (scaled_bound, True),
        {
            "all weights count": (
                lambda widths, bias, m, name: scaled_bound(widths, bias, m, "hardtanh"),
                True,
            )
        },
        "widths up to 2, two hidden layers",
    ),
    ProofStep(
        "the learnables follow a regular teacher near the student iff they have rank D there",
        followed_in_pattern,
        lambda rank, target, learnable, best: rank == target,
        {
            "D learnables are enough": lambda rank, target, learnable, best: learnable >= target,
            "rank D in another pattern is enough": (
                lambda rank, target, learnable, best: best == target
            ),
        },
        "every mask of four networks, two points each",
    ),
)
