r"""# T4 One learnable layer

**Statement.** Dense linear feed-forward network, learnables in layer l only (a bias is one more
column, m_e = min(m, n_0 + 1) and the constant one more unit before the layer), mask p x q: with a
width below d behind the layer or below m_e before it the allocation is minimal. Else let a = p - d,
b = q - m_e: it is maximal if the frozen cells are independent in the bipartite rigidity matroid
B_(p,q)(a, b), and minimal if not. a = 0: every row has m_e learnables; b = 0: every column has d; d
= 1: m_e columns have one; m_e = 1: d rows have one; a = b = 1: the frozen cells form a forest. d =
2: with C the columns of at least 2 learnables, m' = m_e - |C|, c_i the learnables of row i outside
C: m' <= 0 or sum_i min(c_i, m') >= 2 m'; m_e = 2 by transposing. min(a, b) = 1: |F in I x J| <=
b|I| + a|J| - ab for all rows I, columns J with |I| >= a, |J| >= b. Always necessary: this count.
Always sufficient: peeling off rows with at most b and columns with at most a frozen cells; for a, b
>= 2 two forests, of the cells whose row comes before their column in some order of all lines and of
the others; a colouring of the columns with m_e colours that each meet d rows; rows in a and columns
in b classes with a forest of frozen cells in each pair of classes.

**Assumptions.** Linear feed-forward, every layer dense, all weights and inputs independent with
densities. $m_e = \min(m, n_0)$, with biases $\min(m, n_0 + 1)$; $d = n_L$, $p = n_l$,
$q = n_{l-1}$, with biases $q = n_{l-1} + 1$. "A width behind" is one of $n_l, \dots, n_{L-1}$, "a
width before" one of $n_1, \dots, n_{l-1}$; with biases the constant counts as one more unit before
the layer ($n_i + 1 < m_e$), not behind it. "Two forests" means: for some order of all rows and
columns, the frozen cells whose row comes before their column are a forest, and so are the others.
Cells are edges between rows and columns. "Generic" means: outside the zero set of a non-zero
polynomial, which has probability 0.

**Proof.** *1. The columns.* Outputs are linear in the inputs (with biases in $(x, 1)$), so a
student that agrees with the teacher on a basis of the samples agrees on all: keep the first $m_e$;
the columns of $X$ (with biases of $(X, 1)$) are independent then. With $P = W_L \cdots W_{l+1}$ and
$Q = W_{l-1} \cdots W_1 X$ the output is $Y = P W_l Q$. With biases write every layer below as
$\begin{pmatrix} W & b \\ 0 & 1 \end{pmatrix}$, so that $Q$ has a last row of ones, take
$[W_l\ b_l]$ for $W_l$, and $Y$ has one more summand: a frozen column $c$ times a row of ones. So
$Y$ is affine in the learnables and $\partial Y / \partial W_l[i, j] = u_i \otimes v_j$,
$u_i = P e_i \in \mathbb{R}^d$, $v_j = Q^T e_j \in \mathbb{R}^{m_e}$.

*2. Bottlenecks.* If a width behind is below $d$, all columns of $Y$ lie in $c + \mathrm{col}(P)$, a
proper affine subspace that is frozen. The teacher's first column is $W_L^* h^*$ (plus $b_L^*$) with
$h^* \ne 0$: given $h^*$ it has a density on $\mathbb{R}^d$ and misses the subspace. If a width
before is too small, all rows of $Y$ lie in the row space of $Q$, a proper subspace of
$\mathbb{R}^{m_e}$ that is frozen (with biases it contains the row of ones). The teacher's first row
is $wX$, $w = e_1^T W_L^* \cdots W_1^*$ (with biases, and $b_L^*$, one more entry with a density),
which has a density because $W_1^*$ has one, and so has $wX$ since the columns are independent: it
misses the subspace. Both times the allocation is minimal.

*3. Spanning.* Else every $d \times p$ matrix is a possible $P$ (send it through partial identities;
for $l = L$ it is $P = 1$, like every invertible matrix up to a change of outputs), and every
$q \times m_e$ matrix is a possible $Q$, with biases every one whose last row is ones; that row
becomes generic when the samples are scaled. Neither outputs nor samples lose rank by such a change.
So $u_1, \dots, u_p$ and $v_1, \dots, v_q$ are generic. If the $u_i \otimes v_j$, $(i, j) \in M$,
span $\mathbb{R}^{d m_e}$, every target is met: maximal. If not, the student's outputs lie in a
proper affine subspace. The teacher's, $P^* W_l^* Q^*$ plus other terms, have a density on
$\mathbb{R}^{d m_e}$: $P^*$ and $Q^*$ have ranks $d$ and $m_e$, so $W_l \mapsto P^* W_l Q^*$ is
onto. Minimal.

*4. The dual.* The products over $M$ do not span iff some $Z \ne 0$ in $\mathbb{R}^{d \times m_e}$
has $u_i^T Z v_j = 0$ on $M$, that is, some $C = U^T Z V \ne 0$ ($U = [u_1 \dots u_p]$,
$V = [v_1 \dots v_q]$, so $Z \mapsto C$ is injective) vanishes outside $F$. A matrix $C$ is of this
form iff its columns lie in $\mathrm{row}(U)$ and its rows in $\mathrm{row}(V)$. Let the rows of $K$
($a \times p$) and $L$ ($b \times q$) be bases of the kernels of $U$ and $V$; they are generic as
$U$ and $V$ are. The condition is $K C = 0$ and $C L^T = 0$. With the columns $k_i$ of $K$ and $l_j$
of $L$ it reads $\sum_{(i,j) \in F} C_{ij} (k_i \otimes e_j + e_i \otimes l_j) = 0$. So $M$ spans
iff the vectors $k_i \otimes e_j + e_i \otimes l_j \in \mathbb{R}^{aq} \oplus \mathbb{R}^{bp}$ of
the frozen cells are independent: this is independence in $B_{(p,q)}(a, b)$ (Kalai, Nevo, Novik).
Call such a $C$ with support in $F$ a *stress*.

*5. Easy cases.* $a = 0$: a row of a stress is a relation between the generic $l_j \in \mathbb{R}^b$
of its frozen cells; only 0 iff they are at most $b$, so iff $m_e$ are learnable. $b = 0$ alike.
$d = 1$: the $u_i$ are non-zero numbers, so the span is that of the $v_j$ of the columns with a
learnable. $m_e = 1$ alike. $a = b = 1$: in the basis $l_j^{-1} e_j$, $-k_i^{-1} e_i$ the vector of
$(i, j)$ is $k_i l_j$ times an edge's vector in the graphic matroid: independent iff a forest.

*6. $d = 2$.* Two learnables in a column $j$ span $\mathbb{R}^2 \otimes v_j$. Divide by these spaces
for $j \in C$: the other $v_j$ become generic in $\mathbb{R}^{m'}$ (nothing is left to span if
$m' \le 0$), and their columns have at most one learnable each. Those in row $i$ span at most
$\min(c_i, m')$ dimensions: $\sum_i \min(c_i, m') \ge 2m'$ is necessary. Conversely keep
$s_i \le \min(c_i, m')$ cells in row $i$, $2m'$ together. Listed row by row, cells number $t$ and
$t + m'$ are in different rows since $s_i \le m'$. Specialise both their $v$ to $e_t$, which is
possible because all cells are in different columns: they span $\mathbb{R}^2 \otimes e_t$, all pairs
span everything. Ranks at special points are lower bounds. $m_e = 2$: transpose $Y$.

*7. The count is necessary.* Take rows $I$, columns $J$, $|I| \ge a$, $|J| \ge b$. Stresses on all
of $I \times J$ are the $C$ with $K_I C = 0$, $C L_J^T = 0$: their dimension is
$(|I| - a)(|J| - b)$, so the rank of $I \times J$ is $b|I| + a|J| - ab$, the most cells of $F$ that
it may contain.

*8. It is sufficient for $\min(a, b) = 1$.* Let $a = 1$ (else transpose). Scale to $k_i = 1$. The
vector $e_j + e_i \otimes l_j$ of cell $e = (i, j)$ spans $A_e \cap \ker h$, with
$A_e = \langle e_j \rangle \oplus (e_i \otimes \mathbb{R}^b)$ of dimension $b + 1$ and
$h(e_j) = l_j$, $h(e_i \otimes w) = -w$. A linear map
$h: \mathbb{R}^q \oplus \mathbb{R}^{bp} \to \mathbb{R}^b$ that is generic takes this form after
invertible maps of the blocks $e_i \otimes \mathbb{R}^b$, which keep all $A_e$; so take $h$ generic.
Let the cells $X$ be a circuit for generic $h$, $n = |X|$: $\sum_e \beta_e = 0$ with
$0 \ne \beta_e \in A_e \cap \ker h$, the only relation up to a factor, hence rational in $h$. Let
$B = \langle \beta_e \rangle \subset \ker h$, of dimension $n - 1$, and $A = \sum_e A_e$. As
$A_e \cap B = \langle \beta_e \rangle = A_e \cap \ker h$, $h$ maps the image of $A_e$ in $A/B$
isomorphically to $\mathbb{R}^b$; let $z_e$ be the inverse. Move $h$ in the direction $g$: the
relation moves along, its derivative satisfies $\beta'_e \in A_e$, $h(\beta'_e) = -g(\beta_e)$,
$\sum_e \beta'_e = 0$, so $\sum_e z_e(g(\beta_e)) = 0$ in $A/B$. For $g = \varphi(\cdot) w$ with any
functional $\varphi$ and any $w \in \mathbb{R}^b$: $\sum_e \varphi(\beta_e) z_e(w) = 0$. So
$\sum_e \beta_e \otimes z_e(w) = 0$, and since $\sum_e \beta_e = 0$ is the only relation, all
$z_e(w)$ are equal. Hence $\dim A/B = b$ and $\dim A = n - 1 + b$. But $\dim A = |J| + b|I|$ for the
rows $I$ and columns $J$ of $X$: a circuit has $n = b|I| + |J| - b + 1$ cells and violates the
count. ($|J| \ge b$ holds, since $n \le |I||J|$ gives $(|I| - 1)(|J| - b) \ge 1$.) This is
the theorem of Whiteley (1989) on liftings of pictures.

*9. Sufficient conditions.* *Peeling:* a row with at most $b$ frozen cells has only 0 in a stress
(their $l_j$ are independent), so it can be deleted; columns alike. *Blocks:* specialise $k_i$ to
the unit vector of row $i$'s class, $l_j$ to that of column $j$'s. The vector of $(i, j)$ joins the
nodes (class of $i$, column $j$) and (row $i$, class of $j$) as an edge does; nodes of different
blocks differ, and a forest in every block is independent. *Colours:* specialise $v_j$ to $e_c$ for
the columns of colour $c$; the cells of colour $c$ span $\mathbb{R}^d \otimes e_c$ if they meet $d$
rows. *Two forests:* cut $k_i$, $l_j$ down to two coordinates (what is independent then was so
before), specialise them to $(1, s^{\pi(i)})$, $(1, s^{\pi(j)})$, $\pi$ the places in the order, and
multiply the coordinates $e_{j1}$ by $s^{\pi(j)}$ and $e_{i1}$ by $s^{\pi(i)}$. Then cell $(i, j)$
has the entries $s^{\pi(j)}$ at $e_{j1}$ and $e_{i2}$, $s^{\pi(i)}$ at $e_{j2}$ and $e_{i1}$. For
$s \to \infty$ the leading part is an edge $e_{j1}$ - $e_{i2}$ if the row comes first, else
$e_{j2}$ - $e_{i1}$: two forests on disjoint nodes, independent; so are the cells for large $s$.

*10. Limits.* For $a, b \ge 2$ the count misses dependent sets: two copies of $K_{3,3}$ less an edge
(below). And T4 needs dense layers: in sparse networks $u_i$, $v_j$ are not generic.

**Source.** This file; Kalai, Nevo and Novik (2016), where the matroid is defined; Whiteley (1989)
for liftings of pictures; Bernstein (2017), also for the converse of "two forests" if $a = b = 2$,
which is checked below and not needed; Brakensiek, Dhar, Gao, Gopi and Larson (2024) for the
duality; Gopalan, Hu, Kopparty, Saraf, Wang and Yekhanin (2017) for the count (regularity); Singer
and Cucuringu (2010) for matrix completion; Schlisselberg and Darshan (2025).
"""

from __future__ import annotations

from .t04.steps import STEPS

__all__ = ["STEPS"]
