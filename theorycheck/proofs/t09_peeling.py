r"""# T9 Peeling

**Statement.** Dense linear feed-forward network, b its least hidden width. b >= m_e: an output
whose row of the last layer has at least m_e learnables can be deleted; b < m_e, b < d: with at
least b learnables. b >= d: an input whose column of the first layer has at least d learnables can
be deleted with one sample; b < d, b < m_e: with at least b learnables. The class, the rank defect
and the degree stay the same; for rows the match probability.

**Assumptions.** No biases, all connections present, draws as in T1; $m_e = \min(m, n_0)$. Deleting
an output leaves $d - 1$ outputs; deleting an input leaves $n_0 - 1$ inputs and $m_e - 1$ samples.
If nothing is left to match, the match probability is 1. The rank defect is $D - \mathrm{rank}(A)$;
the degree is meant for $r = D$. Without hidden layers the conditions on widths are empty.

**Proof.** Of more than $n_0$ samples the first $n_0$ decide: they span the inputs, and outputs are
linear in them. So let $m = m_e \le n_0$.

*A lemma on special solutions.* Fix generic inputs, and let $\Phi(\theta, f) = (\phi(\theta, f), f)$
be the polynomial map of an allocation of full rank $D$; it maps onto a dense part of $V \times F$
($V$ the closure of the teacher's outputs, $F$ the space of frozen weights). Let $Q(\theta, f)$ be a
polynomial that is not identically 0. *For almost every draw: if it has a real solution $\theta$,
it has one with $Q \ne 0$.*

Indeed over the complex numbers the generic fibre of $\Phi$ is smooth (characteristic 0) and all its
components have dimension $e = r - D$. The set $Q = 0$ has one dimension less than the whole domain;
so either its image is not dense in $V \times F$, and generic fibres avoid it, or it meets generic
fibres in dimension $e - 1$ at most. Now let $(y, f)$ be generic and $\theta$ a real point of its
fibre: by smoothness the real points of the fibre near $\theta$ form a manifold of dimension $e$,
which no set of complex dimension $e - 1$ contains; so real solutions with $Q \ne 0$ are arbitrarily
close. The exceptional $(y, f)$ lie in a proper closed subset of $V \times F$; the teacher's outputs
being dense in $V$, a draw meets it with probability 0. For $e = 0$: **every** solution has
$Q \ne 0$.

*Rows.* Let row $i$ of $W_L$ have the learnable columns $S$, $|S| \ge m$, and let $A'$ be the
allocation without output $i$. With $H = W_{L-1} \cdots W_1 X$, the equations of output $i$ read
$W_L[i, S]\, H_S =$ (teacher's row) $-$ (frozen part), and no other equation contains weights of
row $i$ of $W_L$. As all hidden widths are at least $m$, some $m \times m$ minor $Q$ of $H_S$ is not
identically 0 in learnables and frozen weights (put partial identities for the layers; without
hidden layers $H = X$).

1. *Rank.* Order row $i$'s equations and learnables last: the Jacobian is block triangular, with
   the block of $A'$ and a block $H_S^T$ of full row rank $m$. So rank(A) = rank(A') + m. All
   hidden widths being at least $m$, $D = d m$ for both (T1, closed form: $k = \min(d, m)$), so
   $D$ drops by $m$ too: the defect stays.
2. *Match probability.* A match of $A$ is a match of $A'$. Conversely, if the defect is positive,
   both probabilities are 0 (T1). If it is 0, apply the lemma to $A'$ and $Q$: almost every draw
   that $A'$ matches has a match with $H_S$ of rank $m$, and then row $i$'s linear equations can be
   solved, whatever teacher and frozen part are. So the events agree up to null sets.
3. *Degree.* If $r = D$ and the rank is $D$, then $|S| = m$ (else the rest has too few learnables
   for rank $D - m$), and $e = 0$ for $A'$: every solution of $A'$ extends, in exactly one way.

*Columns.* Let column $j$ of $W_1$ have the learnable rows $S$, $|S| \ge d$, and let
$P = W_L \cdots W_2$, $d \times n_1$ (the identity if $L = 1$). Multiply the samples by an
invertible matrix, chosen by row $j$ of $X$ alone, that turns this row into $(x, 0, \dots, 0)$,
$x \ne 0$: this changes neither matches nor ranks. Now samples $2, \dots, m$ do not see input $j$:
their equations are those of $A'$, the network without input $j$ on $m - 1$ samples. Given row $j$,
the inputs of these samples are a surjective linear image of the other rows of $X$, so they again
have a density positive everywhere. The first sample's $d$ equations contain column $j$ as
$x\, P_S W_1[S, j]$ plus terms without these learnables. All hidden widths being at least $d$, some
$d \times d$ minor $Q$ of $P_S$ ($S$ selects columns) is not identically 0. From here the argument
is that for rows: rank(A) = rank(A') + d; $D = d m$ and $D' = d(m - 1)$ (T1, $k = \min(d, m)$ and
$\min(d, m - 1)$); by the lemma a draw is matched by $A$ iff its transformed part is matched by
$A'$, up to null sets; and solutions extend in exactly one way if $r = D$. The transformed inputs
have another law than the given ones, so this carries over the class, which does not depend on laws
(T8), and in general not the match probability. (For independent standard Gaussian inputs the
matrix can be chosen orthogonal; then the probability stays, too.)

*Rows at a bottleneck.* Let $b < m$ and $b < d$, and row $i$ have $|S| \ge b$ learnables. Outputs
have rank $b$ at most, and $D = b(d + m - b)$ (T1, closed form); without output $i$ there are still
$d - 1 \ge b$ outputs, and $D' = D - b$. Let $Q$ be a $b \times b$ minor of $H_S$ times one of
the outputs $\Phi'$ of $A'$; neither is identically 0. Where $Q \ne 0$, the rows of $\Phi'$, of
$H$ and of $H_S$ span one space $R$ of dimension $b$: $\Phi' = W_L' H$ has rank $b$ and $H$ no
more.

1. *Rank.* As before rank(A) is at least rank(A') + b. And no more: a tangent vector of $A$ that is
   0 in the outputs of $A'$ is a tangent vector of $V$ at a point of rank $b$ (where $V$ is smooth);
   with $c$ such that $c\, y' = y_i$ and $N$ a basis of the kernel of $y$, it satisfies
   $(c, -1)\, \delta\, N = 0$, so that its row $i$ is in $R$. So the defect stays.
2. *Match probability.* Let $A'$ be matched, by the lemma with $Q \ne 0$. Almost surely the
   teacher's outputs have rank $b$, and so have those without output $i$; then the teacher's row $i$
   is a combination of the others, hence in $R$. So is the frozen part of row $i$, a combination of
   rows of $H$. The $m$ equations $W_L[i, S]\, H_S =$ (an element of $R$) can be solved.
3. *Degree.* If $r = D$ and the rank is $D$, then $|S| = b$, and the solution is the only one.

*Columns at a bottleneck.* Let $b < d$ and $b < m$, and column $j$ have $|S| \ge b$ learnables.
After the change of samples the outputs $\Phi'$ of the others, $m - 1 \ge b$, have rank $b$, their
columns span those of $P$ and of $P_S$, and almost surely those of the teacher's outputs. The
equations of the first sample are $x\, P_S W_1[S, j] =$ (the teacher's column, less combinations of
columns of $P$): an element of this space. The rest is as for rows, transposed.

*What the conditions are for.* With a hidden width below $m_e$ (or $d$) the minor of size $m_e$ (or
$d$) vanishes, and $D$ does not drop by $m_e$ (or $d$). Where only $b$ outputs (or samples) are left
at a bottleneck $b$, the others do not determine one more.

**Source.** This file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray

from ..problem.networks.feedforward import LinearFeedforward
from .base import ProofStep
from .shared import exhaustive
from .shared.evaluation import compared, in_words
from .shared.polynomial_systems import (
    PRIME,
    IntegerInstance,
    draw,
    entries_of,
    equations,
    number_of_solutions,
    solve,
)
from .shared.transformations import codes
from .t09.deletions import Lines, without_column, without_row

Masks: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.int64]


def _defects(network: LinearFeedforward, samples: int) -> Numbers:
    masks = exhaustive.all_masks(network.n_weights)
    ranks = exhaustive.ranks(network, samples, list(network.weight_shapes), masks)
    return exhaustive.target(network, samples) - ranks


def _networks() -> Iterator[LinearFeedforward]:
    yield from exhaustive.feedforward_networks((1, 2, 3), (1, 2), 12)
    yield from exhaustive.feedforward_networks((1, 2), (3,), 10)


def same_defect(lines: Lines) -> Iterator[str | None]:
    """The exact rank defect before and after every single deletion."""
    for network in _networks():
        masks = exhaustive.all_masks(network.n_weights)
        for samples in range(1, network.inputs + 2):
            needed = lines.needed(network, samples)
            if needed is None:
                continue
            before = _defects(network, samples)
            for index in range(lines.count(network)):
                deleted = masks[:, lines.entries(network, index)].sum(axis=1) >= needed
                rest = lines.rest(network, samples, index)
                after = np.zeros(len(masks), dtype=np.int64)
                if rest is not None:
                    smaller, left, source = rest
                    after = _defects(smaller, left)[codes(masks[:, source])]
                same = (before == after)[deleted]
                words = in_words(network, samples, masks[deleted], f"line {index}")
                yield from compared(same, words)


def _degree(network: LinearFeedforward, instance: IntegerInstance, mask: Masks) -> int:
    unknowns = entries_of(network, mask, list(network.weight_shapes))
    return number_of_solutions(equations(network, unknowns, instance, PRIME))


def same_degree(lines: Lines) -> Iterator[str | None]:
    """Complex solutions of random systems of r = D before and after a deletion."""
    larger = ((2, 2, 3), 2) if lines.rows else ((3, 2, 2), 3)
    narrow = (((2, 1, 2), 2), ((2, 1, 3), 2) if lines.rows else ((3, 1, 2), 3))
    for widths, samples in (((2, 2, 2), 2), larger, ((1, 2, 2, 2), 1), *narrow):
        network = LinearFeedforward(widths)
        names = list(network.weight_shapes)
        needed = lines.needed(network, samples)
        if needed is None:
            continue
        whole = draw(network, samples, np.random.default_rng(0), PRIME - 1)
        for mask in exhaustive.all_masks(network.n_weights, exhaustive.target(network, samples)):
            for index in range(lines.count(network)):
                rest = lines.rest(network, samples, index)
                if rest is None or mask[lines.entries(network, index)].sum() < needed:
                    continue
                smaller, left, source = rest
                core = draw(smaller, left, np.random.default_rng(1), PRIME - 1)
                before, after = _degree(network, whole, mask), _degree(smaller, core, mask[source])
                words = f"{exhaustive.shown(network, samples, names, mask)}: {index}"
                yield None if before == after else f"{words}, {before} and {after}"


def same_matches(eliminated: bool) -> Iterator[str | None]:
    """Real matches of single draws before and after a deletion, the rest being 2-2-2 diagonals."""
    diagonal = np.array([[True, False], [False, True]])
    rng = np.random.default_rng(0)
    for first, second in product((diagonal, ~diagonal), repeat=2):
        for index in range(3):
            kept = np.concatenate([first.ravel(), second.ravel()])
            yield from _matches((2, 2, 3), 2, Lines(True), index, kept, eliminated, rng)
            wider = np.pad(first, ((0, 0), (0, 1)))
            kept = np.concatenate([wider.ravel(), second.ravel()])
            yield from _matches((4, 2, 2), 3, Lines(False), index, kept, eliminated, rng)


def _matches(
    widths: tuple[int, ...],
    samples: int,
    lines: Lines,
    index: int,
    kept: Masks,
    eliminated: bool,
    rng: np.random.Generator,
) -> Iterator[str | None]:
    """Two draws; the line `index` is all learnable, `kept` is the mask without it."""
    network = LinearFeedforward(widths)
    rest = lines.rest(network, samples, index)
    assert rest is not None
    smaller, _, source = rest
    mask = np.ones(network.n_weights, dtype=bool)
    mask[source] = kept
    names = list(network.weight_shapes)
    for _ in range(2):
        whole = draw(network, samples, rng, 99)
        if lines.rows:
            part = without_row(whole, network, index)
        else:
            part = without_column(whole, index, eliminated)
        before = solve(equations(network, entries_of(network, mask, names), whole)).real
        after = solve(equations(smaller, entries_of(smaller, kept, names), part)).real
        words = f"{exhaustive.shown(network, samples, names, mask)}: {index}"
        yield None if before == after else f"{words}, {before} and {after} real matches"


def minors_of_lines(width: Callable[[int], int]) -> Iterator[str | None]:
    """With hidden widths width(n) no n x n minor of n rows of H (transposed: of P) vanishes."""
    for needed, more in ((1, 0), (1, 1), (2, 0), (2, 1), (3, 0)):
        hidden = width(needed)
        outer, inner = hidden + more, needed
        left = sympy.Matrix(outer, hidden, sympy.symbols(f"a:{outer * hidden}"))
        right = sympy.Matrix(hidden, inner, sympy.symbols(f"b:{hidden * inner}"))
        for chosen in combinations(range(outer), needed):
            rows = (left * right).extract(list(chosen), list(range(inner)))
            vanishes = sympy.expand(rows.det()) == 0
            yield f"{needed}, widths {hidden}, {outer}: {chosen}" if vanishes else None


STEPS = (
    ProofStep(
        "deleting rows keeps the exact rank defect",
        same_defect,
        Lines(rows=True),
        {
            "one learnable fewer per row": Lines(rows=True, fewer=1),
            "no condition on hidden widths": Lines(rows=True, wide=False),
            "b outputs at a bottleneck b": Lines(rows=True, spare=False),
        },
        "every mask and row, networks of up to 12 weights (depth 3: 10), m up to n_0 + 1",
    ),
    ProofStep(
        "deleting columns, each with a sample, keeps the exact rank defect",
        same_defect,
        Lines(rows=False),
        {
            "one learnable fewer per column": Lines(rows=False, fewer=1),
            "no condition on hidden widths": Lines(rows=False, wide=False),
            "b samples at a bottleneck b": Lines(rows=False, spare=False),
            "no sample is deleted": Lines(rows=False, samples=0),
            "two samples are deleted": Lines(rows=False, samples=2),
        },
        "every mask and column, networks of up to 12 weights (depth 3: 10), m up to n_0 + 1",
    ),
    ProofStep(
        "deleting rows keeps the degree: Groebner bases at random draws",
        same_degree,
        Lines(rows=True),
        {"one learnable fewer per row": Lines(rows=True, fewer=1)},
        "every mask of r = D: 2-2-2 (m = 2), 2-2-3, 1-2-2-2, 2-1-2, 2-1-3",
    ),
    ProofStep(
        "deleting columns keeps the degree: Groebner bases at random draws",
        same_degree,
        Lines(rows=False),
        {"one learnable fewer per column": Lines(rows=False, fewer=1)},
        "every mask of r = D: 2-2-2 (m = 2), 3-2-2 (m = 3), 1-2-2-2, 2-1-2, 3-1-2",
    ),
    ProofStep(
        "draw by draw as many real matches, the other samples being rid of the deleted input",
        same_matches,
        True,
        {"the first sample is only dropped": False},
    ),
    ProofStep(
        "with hidden widths n no n x n minor of n rows of H (columns of P) vanishes, symbolically",
        minors_of_lines,
        lambda needed: needed,
        {"one hidden unit fewer": lambda needed: max(needed - 1, 1)},
        "n up to 3, one layer more than S",
    ),
)
