r"""# T12 Readout and bounded units

**Statement.** Analytic networks as in T11, M values of each output (the samples, times the steps
read). (a) All learnables in the readout: the match probability is 0 or 1, and 1 if and only if
rank(A) = D. (c') It is below 1 if an output that is not always 0 has no learnable readout weight or
bias, and each of its units that depends on a learnable is bounded on one side. (c*) It is below 1
if all activations are definable in an o-minimal structure (not sin), every unit that depends on a
learnable and is read by a frozen readout weight is bounded, and without the frozen readout weights
and biases the rank of A is below D. Feed-forward, layer behind layer: (c'') it is below 1 if an
output whose features have rank m has one learnable readout weight, of a unit k, and no learnable
bias, sigma(z) has the sign of z, nothing that k reads depends on a learnable, k has fewer than m
learnable inputs, its frozen ones counting as one, and each other unit that the output reads and
that depends on a learnable is bounded. It is 1 (d) if the activations of a hidden layer and of
those behind it are increasing and onto the reals (cube, linear, leaky ReLU), and the rows of every
matrix behind it can be matched to columns in which they have a present weight, those of the first
one to units whose learnable inputs have rank m; (e) if outputs are matched to distinct units of the
last hidden layer by learnable readout weights, the learnable inputs of each have rank m and 0 lies
inside of the range of the activation; (f*, f#) if D = d m and all outputs can be solved in steps.
In a step q units, which are in no other step, solve q outputs; each has a learnable readout weight
into each of these, and none that is frozen into an output of a step before. Either q = 1, the
learnable inputs of the unit have rank m and 0 lies inside of the range; or the activation is odd
and increasing and delta = m - q - g learnable inputs of each unit have rank delta, and delta + 1
with the sum of its other inputs, delta being at least 1 if q > 1. Here g = 0 and q = 1, or the
network adds: it has one hidden layer of tanh, erf or arctan, or several of tanh, or several of
arctan. Then g is the number, or fewer, of units that see the sample (an input has a path to them),
have learnable readout weights into all of these outputs and are in no step, or in one before; and g
may be one more if all of these outputs have learnable biases, and only inputs of the units count
that vary with the sample. Last come outputs whose learnable readout weights have features of rank
m; units of steps count if the network adds and they see the sample, and otherwise not. (h) It is 1,
D being d m, if some outputs can be solved in such steps, by other units than those at rest, a group
at rest counting as one unit, and the rank at rest is m times the number of the other outputs. At
rest are units of the last hidden layer, at 0 (sigma(0) = 0, and no frozen input, or learnable ones
of rank m) or in groups that may have the same weights: of each place at most one frozen weight, and
none where a connection is absent. The rank is that of what learnable readout weights into the other
outputs read (units that solve excepted), and of the changes of these outputs by the learnable
inputs of units at rest, with learnable readout weights that are generic but cancel in each group,
all others 0. Piecewise linear networks, given a regular teacher: (c') it is below 1 and above 0 if
an output has no learnable readout weight or bias, each of its units that depends on a learnable is
bounded below, and at some point the learnable weights have rank D and the output is not 0.

**Assumptions.** Teacher, the student's frozen weights and the inputs are independent, with
densities positive everywhere; every weight acts in one place (or, in recurrent networks, at every
step). Activations are real-analytic (but for the last sentence) and such that the ranks of T11 are
exact (in (d), on random inputs in the first layer, this is not needed: there leaky ReLU may occur).
Inputs may also be given, where that holds, but for (f*), (f#) and (h): the arguments for all others
fix the inputs, and *generic*, D and ranks are then meant on these. *Generic* means: outside of a
set of measure 0 of weights and inputs. A *feature* is what a readout weight reads: the values of a
hidden unit on the samples, for a bias the constant 1. Learnables that an argument fixes are fixed
at generic values, or at 0 where it says so.

**Proof.** Write $S_i$ for the features that learnable readout weights of output $i$ read, $H_{S_i}$
for their values, one column each, $y_i$ for the teacher's output and $f_i$ for what frozen readout
weights add.

*(a)* Given frozen weights and inputs, a draw matches if and only if $y_i - f_i$ lies in the span
of $H_{S_i}$ for all $i$. Let $\rho_i$ be the generic rank of $H_{S_i}$. Where all ranks are generic
this says that the minors of size $\rho_i + 1$ of $[H_{S_i} | y_i - f_i]$ vanish: analytic functions
of teacher, student and inputs, on a connected domain. They vanish identically or almost nowhere,
so $MP$ is 1 or 0. By T11 it is positive if and only if $\operatorname{rank}(A) = D$.

*(c')* Let all units of the row of output $i$ that depend on a learnable be bounded below by $\beta$
(above: change signs). With positive probability all frozen readout weights of these units are
positive. Then on every sample the output is at least $B_j = \sum_{moved} v_k \beta + \sum_{others}
v_k h_{kj}$ plus the frozen bias, a number of the student's frozen weights and the inputs. The
teacher's $y_{ij}$ is not 0 for almost all draws (it is analytic and not identically 0). Its readout
weights times any number $t$ but 0 are as good: the output is $t y_{ij}$, and for $t$ in an open set
it is below $B_j$. So with positive probability the student misses it. If the rank is $D$, T11 adds
that it meets others: intermediate. No readout weight or bias of the row may be learnable, since it
could lower the output at will.

*(c') piecewise linear.* As before the output is at least $B_j$ with positive probability. At the
point a teacher is regular, and so are all near it, with $y_{ij} \ne 0$ for some $j$. To multiply
their readout weights to output $i$, the bias included, by $t \ne 0$ leaves all units as they are
and multiplies rows of the Jacobian by $t$ and columns by $1 / t$: the teacher stays regular, and
its output is $t y_{ij}$, below $B_j$ for an open set of $t$. That the probability is positive is
T11.

*(c\*)* Fix inputs and frozen weights, generic. The student's outputs are $\ell(\theta) +
b(\theta)$, where $\ell$ is what the learnable readout weights and biases produce, and $b$ what the
frozen ones add. $b$ is bounded: units that depend on learnables are, others are constant. The set
$C$ of all $\ell(\theta)$ is a cone (multiply the learnable readout weights by any number) and
definable in the o-minimal structure of the activations (that of Pfaffian functions has $\exp$,
$\tanh$, $\arctan$, $\operatorname{erf}$ and whatever is made of them). Its dimension is the
largest rank of the derivative of $\ell$, that of the Jacobian of the learnables in the network
without frozen readout weights, $k < D$. The closure $\bar C$ is a cone of the same dimension, as
closures of definable sets are. The teacher's outputs are, off a null set, locally absolutely
continuous on manifolds of dimension $D$: almost no $y$ is in $\bar C$. Then $y$ has a positive
distance to it, $t y$ has $t$ times that distance, and all $t > 0$ are as good as 1: with positive
probability the distance exceeds the bound of $b$, and no $\theta$ matches. For $\sin$ the closure
may be all: $b \sin(a x_j)$ comes close to everything.

*(c'')* What $k$ reads is fixed, so its pre-activations are $z = F w + c$, with $F$ and $c$
functions of frozen weights and inputs: if $F$ has fewer than $m$ columns, $c$ counting as one,
there is a $\lambda \ne 0$ in $\mathbb{R}^m$ with $\lambda^T z = 0$ for all $w$. What else the
student adds to the output is at most $B$. Let the teacher's $y_{ij}$ have the sign of $\lambda_j$
and $|y_{ij}| > B$ wherever $\lambda_j \ne 0$. A match would need $v \sigma(z_j)$ to have the signs
of $\lambda_j$ there, so $z_j$ those of $v \lambda_j$, $v \ne 0$, and $\lambda^T z$ were not 0. Such
teachers have a positive probability: the teacher's features of the row have rank $m$, so its
readout weights give $y_i$ a density that is positive everywhere, independent of the student. If the
rank is $D$, T11 adds that others are met. If sigma has other signs ($\sin$), or the teacher's
features have a smaller rank, this fails.

*(d)* Fix all learnables but inputs of those units of layer $l$ at generic values. A matrix with
generic entries where weights are present has full row rank if its rows are matched: the product of
the matched entries is a monomial of a minor. Go backwards: $W_L h = y - b_L$ has a solution $h$ on
every sample, $h = \sigma(z)$ for some $z$, and so on until the pre-activations of layer $l + 1$ are
to be something. Of layer $l$ only the matched units count; the others are fixed. The square matrix
of matched units is invertible, $\sigma$ gives their pre-activations, and inputs of rank $m$ give
any vector of these. Every teacher is matched. A connection around a layer, or a recurrent one,
would make what layers behind have to be depend on what is chosen before.

*(e)* Let $k(i)$ be the unit of output $i$, $V$ the matrix of readout weights from the units $k(1),
\dots, k(d)$ to the outputs (of outputs that have connections; the others are 0 for teacher and
student). Fix all learnables but the $v_{i k(i)}$ and the learnable inputs of the $k(i)$. If all
$v_{i k(i)} = s$ then $V^{-1} \to 0$ as $s \to \infty$: its other entries are fixed. The units have
to take the values $h = V^{-1}(y - f)$, $f$ being what all others add, which is fixed since there
are no connections within a layer and none that skips one. For large $s$ they lie in the
neighbourhood of 0 that the activation reaches, so $h = \sigma(z)$ for some $z$. The features of
the layer before, on the learnable inputs of $k(i)$, have rank $m$, so these weights reach every
vector of pre-activations. Every teacher is matched.

*(f\*), (f#)* Steps are taken in order. When one with outputs $I$ and units $K$ comes, learnable
readout weights of $K$ into outputs solved before are 0, and there are no frozen ones: none of these
is disturbed. What others add to outputs in $I$ is fixed by then, but
for features in $G$: $g$ units that are in no step, or in one before, whose readout weights into $I$
are at the disposal of this step alone. All other learnables are fixed, at generic values. So the
task is: given vectors $\tau_i$, find $w_k$, $v_{ik}$ and $\xi_i$ with
$$\sum_{k \in K} v_{ik} \, \sigma(F_k w_k + c_k) + G \xi_i = \tau_i, \quad i \in I.$$
These are $q \delta + q (q + g) = q m$ unknowns, as many as equations. As $D = d m$, all outputs
together have a density given inputs and frozen weights, so $\tau$ has one given the outputs solved
before. Let $\theta$ be the unknowns of all steps before, $M$ their number: the outputs solved
before are a smooth definable function of $\theta$ into $\mathbb{R}^M$. A definable set of $\theta$
of dimension below $M$ has an image of measure 0; call it *small*. It is enough that for almost all
inputs and fixed weights, all $\theta$ off a small set and almost all $\tau$ there is a solution: by
Fubini almost all draws are matched then (the set of matched draws is a projection of a closed set,
so a countable union of compact sets, and measurable).

*Way 1: $q = 1$, $F$ has rank $m$, 0 inside of the range.* With $\xi = 0$ and $v$ a large natural
number all entries of $\tau / v$ are in the range, and $F w + c$ is any vector; $F$ with $m$
columns. For every $v$ these are $m$ unknowns, too, so that the count of $\theta$ is right.

*Way 2: $\sigma$ is odd and increasing, $F_k$ has $\delta$ columns and rank $\delta$, $[F_k, c_k]$
has rank $\delta + 1$.* With $q = 1$, $g = 0$ the unit may be in any network: $\sigma(F w + c)$ is
never 0 since $F w + c$ is not. Otherwise the network adds, and the following is needed.

*Independence.* Let $\varphi_1, \dots, \varphi_n$ be what varies with the sample of what last hidden
units read: inputs, if there is one hidden layer, or units that see the sample, with generic
weights. Let $z_e = \alpha_e \varphi + \beta_e$ be finitely many, with *any* $\alpha_e \ne 0$ and
$\beta_e$, no two the same up to sign. Then the $\sigma(z_e)$ and 1 are linearly independent
functions of the sample. *One hidden layer.* On a generic line they are $\sigma(\alpha t + \beta)$
with $(\alpha, \beta)$ different up to sign, $\alpha \ne 0$. For $\tanh$ one with the largest
$|\alpha|$ has poles at height $\pi / 2 |\alpha|$, lower than those with a smaller $|\alpha|$, and
in other places than those with the same. For $\arctan$ the singularities $(\pm i - \beta) / \alpha$
are different. For $\operatorname{erf}$ the derivatives are exponentials of quadratic polynomials,
different modulo constants. *Several.* Ax's theorem: if $N$ analytic functions $f$ of $x \in
\mathbb{R}^{n_0}$, among them the coordinates, are linearly independent over $\mathbb{Q}$ modulo
constants, then $\mathbb{C}(f, e^f)$ has transcendence degree at least $N + n_0$. Take the
coordinates and, layer by layer, $2 z$ for pre-activations $z$ that vary ($\tanh$), or $2 i \arctan
z$ ($\arctan$). By induction they are independent: for $\tanh$ a relation is, in the newest layer,
affine in values of the layer before, which are algebraically independent over all that is earlier,
so its coefficients vanish; these are sums $\sum_u n_u a_{uj}$ with generic $a_{uj}$, so $n = 0$.
For $\arctan$ it says that a product of powers of the $(1 + i z_u) / (1 - i z_u)$ is a constant over
what is earlier, but these linear polynomials are pairwise not proportional. The field is generated
by as many elements as its degree: all of them are algebraically independent. For $\tanh$ let real
combinations $y_1, \dots, y_s$ be a basis over $\mathbb{Q}$, modulo constants, of the span of the
$z_e$, such that $z_e = n_e y + \gamma_e$ with integers $n_e$. The $2 y_j$ may be added to the list,
for the same reason, so the $e^{2 y_j}$ are algebraically independent, and a relation of the
$\tanh(n_e y + \gamma_e)$ and 1 holds for free $y$: the case of one hidden layer. For $\arctan$ the
$2 i \arctan z_e$ may be added, which makes them algebraically independent of each other, and of the
$\varphi$.

*What may coincide.* $z_u = \pm z_{u'}$ for units of $G$ and $K$ only if both have unknown weights:
a unit $k$ of a step has a frozen coefficient, or one that is kept fixed, outside of the span of
$F_k$, which generic weights of other units do not equal up to sign. For two with unknown weights it
fixes one of the other's unknowns, and these determine all of its own: the pairs $(w_k, w_{k'})$
have dimension at most $\delta - 1$, for either $\delta$ (in way 1, where no coefficient may be kept
fixed, it determines all $m$ of them). So, for two units of steps before, or one of them in $K$,
they make $\theta$ small. That a unit of a step before is constant also makes $\theta$ small, its
coefficients being 0, and two units of $K$ are constant only if both $w_k = 0$.

1. *If $\sigma(F_k w_k + c_k) \in L = \operatorname{span}(G, \tau_i)$ for all $k \in K$, then these
   vectors and $G$ are a basis of $L$* (of dimension $g + q = m - \delta$), and the readout weights
   exist. Let a minimal relation involve units $J \subset K$, $|J| = t$, and $G$. If the function of
   $x$ with its coefficients is not identically 0, each sample is one equation: for almost all
   inputs the set of all $(\theta, w_J, \text{coefficients})$ has dimension at most $M + t \delta +
   t - 1 + g - m$. Given those, $t - 1$ of the vectors, independent modulo $G$, lie in $L$: $(t - 1)
   \delta$ equations for $\tau \in \mathbb{R}^{qm}$. So $(\theta, \tau)$ have dimension at most $M +
   q m + t - 1 - q < M + q m$ (for $t = 0$, $G$ alone, $\theta$ is small). If it is identically 0,
   two functions of the relation coincide up to a factor, and by minimality these are all: off a
   small set of $\theta$ they are $k, k' \in K$, with $\delta - 1$ dimensions of $(w_k, w_{k'})$, or
   with none, both being constant; that $\sigma(z_k) \ne 0$ modulo $G$ lies in $L$ are $\delta$
   equations for $\tau$.
2. *The homotopy $p_s(w) = (1 - s) \sigma(F_k w + c_k) + s \, \sigma(F_k w - c_k)$, $0 \le s \le
   1/2$, is not in $L$ where $|w|$ is large.* $\sigma$ is bounded, by 1 say (or $q = 1$, $g = 0$ and
   it is $z$ or $z^3$, $e$ its degree: then $p / |w|^e$ tends to $(F \omega)^e$, entry by entry,
   whose directions have dimension $\delta - 1$ and miss $\pm \tau$). Any $\delta$ rows of $F_k$ are
   independent: its columns are independent functions, and samples are generic. Let $w_n \to \infty$
   such that $w_n / |w_n| \to \omega$ and every $F_j w_n$ converges, perhaps to $\pm \infty$. It is
   finite only for $j$ in a set $Z$ on which $F_j \omega = 0$: $|Z| \le \delta - 1$. So limits of
   $p$ lie in the span $C$ of signs $\epsilon$ outside of $Z$, and of the unit vectors of $Z$, and
   are not 0. There are finitely many such $C$. $G$ and $C$ are independent: on the $g + q + 1$ or
   more samples outside of $Z$ the functions $\sum_u \xi_u \sigma(z_u) \mp 1$ are not identically 0,
   so for almost all inputs those $\theta$ for which they vanish for some $\xi$ have dimension at
   most $M + g - (g + q + 1)$. As $g + |Z| + 1 + q \le m$, generic $\tau$ make $L$ and $C$ meet in 0
   only.
3. *Odd degree.* Modulo $L$ the map $p_s$ on the sphere $|w| = R$ is homotopic, without a zero, from
   $w \mapsto \sigma(F_k w + c_k)$ to an odd map ($s = 1/2$) to $\mathbb{R}^\delta \setminus 0$. Its
   degree is odd (Borsuk), so there is a zero inside: $\sigma(F_k w + c_k) \in L$ for some $w$. With
   1 the outputs in $I$ are solved.

*The bias in $G$.* If 1 is one of the $g$ features, and $F_k$ and a frozen coefficient of $k$ are
about $\varphi$ only, no $z_k$ is ever constant, and 1 is as before, since 1 is independent of all
$\sigma(z_e)$. So is 2, unless $\epsilon$ is constant (for two signs the functions $\sum_u \xi_u
\sigma(z_u) + \xi_0 \mp 1$ do not all vanish identically). Then a limit in $L$ is $\pm 1$ on all
samples, as $L$ meets the span of the unit vectors of $Z$ in 0: all $F_j w_n$ tend to infinity, with
one sign. Let $r = 1 \mp p$, entry by entry positive and between $\rho(|F_j w| + |c_j|)$ and
$\rho(|F_j w| - |c_j|)$ for $\rho = 1 - \sigma$; it is in $L$ if $p$ is. For $\tanh$ and
$\operatorname{erf}$ the limit of $r / |r|$ is 0 where $|F_j w_n|$ exceeds the least one by more
than a bound. On the other samples $(F_i - F_j) \omega = 0$, so there are at most $\delta$ of them:
any $\delta$ differences of rows are independent, since the columns of $F$ are independent of 1.
Unit vectors of $\delta$ samples, and $G$, are independent, and generic $\tau$ make $L$ meet their
span in 0 only. For $\arctan$ the same holds if $F_j \omega = 0$ for some $j$; or else $r / |r|$
tends to a multiple of $(1 / F_j \omega)_j$. These are vectors of $\delta - 1$ parameters, for
almost all inputs not in the span of $G$ ($m > \delta - 1 + g$ equations), and that one of them lies
in $L$ are $\delta$ equations for $\tau$. So $p$ is not in $L$ for large $|w|$. A constant among the
columns of $F$ would spoil this: for $F = 1$ all $|F_j w|$ are the same.

*Outputs that come last* have learnable readout weights on features of rank $m$. These are fixed by
generic weights, and so is their rank; or some are units of steps, which are independent of them for
$\theta$ off a small set, by the count of 1 with $m$ equations and $m - 1$ coefficients. Whatever
the units of others add, the weights fit the rest.

*(h)* Let $L$ be the outputs that are not solved. Fix all learnables of earlier layers, and choose
$\theta_0$, the weights of the units at rest: learnable ones such that the pre-activation is 0 on
all samples (all 0, or a solution of $m$ equations of rank $m$), and in a group the same for all of
its units, at each place the one frozen weight, 0 where a connection is absent, or any number. Let
$V_0$ be readout weights into $L$, learnable ones of units at rest, whose sum in each group is 0 for
each output; all others are 0. At $\theta_0$ the values $h$ of a group are equal, and those of units
at 0 are 0, so $V_0 h(\theta_0) = 0$. For a small $\epsilon$ take the weights $\theta_0 + \epsilon
u$, and the learnable readout weights $V_0 / \epsilon + V_1$ into $L$, those of units that solve
outputs being 0. The outputs in $L$ are
$$V_0 \frac{h(\theta_0 + \epsilon u) - h(\theta_0)}{\epsilon} + V_1 h(\theta_0 + \epsilon u) + f,$$
$f$ being what frozen readout weights add. With $V_1$, $u$ and the weights that solve other outputs
as unknowns this is analytic in $\epsilon$, at $\epsilon = 0$, too, where it is $V_0 \, h'(\theta_0)
u + V_1 h(\theta_0) + f$. The linear part in $u$ and $V_1$ is the matrix whose rank is asked for: it
is onto. The other outputs, as in (f\*), read units at rest by frozen weights and by $\xi$ only; at
$\epsilon = 0$ these units are fixed, at $\theta_0$, and neither $u$ nor $V_1$ enters. So almost all
draws have a solution there. It may be taken such that the derivative is onto: the map from $w$, $v$
and $\xi$ to the outputs of a step has critical values of measure 0 only (Sard), given the steps
before. Then at $\epsilon = 0$ all outputs are solved one after the other, $L$ last, and the
derivative by all unknowns is block triangular and onto. By the implicit function theorem there is a
solution for all small $\epsilon$: the draw is matched. (If no output is solved in the other way, no
teacher at all is missed.) Outputs in $L$ and solved ones may act on each other through frozen
readout weights of their units, in both directions.

In $G$ a group counts as one more unit if its common weights have a place that varies with the
sample: the argument needs that the $z_u$ are not constant, differ up to sign, and have other
coefficients than $z_k$. The common weights are frozen weights of different units, or free: generic.

The rank is computed in a network in which a group is one unit, with the common weights, and units
at 0 read nothing. This is one of the networks of T11, so that a rank modulo a prime is proved from
below.

**What is checked.** (a) on all masks of three readouts; (c') by draws of the learnables against the
bound; (c\*) by the distance of directions from a cone; (c'') by the signs that draws of the
learnables give; (d), (e) by making the weights as the proof does; (f\*): independence of units at
the worst $w$, the degree by half turns in the plane and by solid angles in space, and outputs
solved one after the other; (f#): two outputs at once, by zeros modulo $L$, and the signs at both
ends with the bias in $G$; (h) by what is left of the outputs wanted for small $\epsilon$, with and
without an output that is solved.

**Source.** This file. Borsuk's theorem on odd maps and the dimension of closures in o-minimal
structures (van den Dries, Tame topology and o-minimal structures, 4.1.8) are textbook results; the
one on exponentials is Theorem 3 of Ax (1971).
"""

from __future__ import annotations

from .t12.steps import STEPS

__all__ = ["STEPS"]
