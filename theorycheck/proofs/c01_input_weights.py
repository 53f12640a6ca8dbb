r"""# C1 Input weights of long recurrent networks

**Conjecture.** Dense linear recurrent network read at the end, N >= d and T >= max(d, m_e): every
allocation of d m_e input weights is maximal.

**Assumptions.** Linear recurrent, $y = D h_T$, $h_t = W h_{t-1} + B x_t$, $h_0 = 0$, all
connections present, weights and inputs generic, $m_e = \min(m, n_{in} T)$. The output is affine in
$B$, so by T2 "maximal" means that the columns of the Jacobian,
$\sum_t (D W^{T-t} e_i) \otimes x_t[j]$ for the learnables $(i, j)$, have rank $D = d m_e$.

**Evidence.** Two parts are proved. *(a)* Let $N \ge d$, $T \ge d$ and let no column of $B$ have
more than $T$ learnables. Then $r \le d m_e$ input weights have rank $r$. This covers $T \ge N$,
$d = 1$ and $m_e = 1$ (a column has at most $N$ and at most $d m_e$).

Proof of (a). Let $n = \min(N, T) \ge d$. Write $W = S^{-1} \Lambda S$ with eigenvalues
$\lambda_1, \dots, \lambda_N$, $f_i = S e_i$ and $g_\nu$ the columns of $D S^{-1}$. Then the column
of cell $(i, j)$ is $\sum_\nu f_{i\nu}\, g_\nu \otimes \xi_{j\nu}$ with
$\xi_{j\nu} = \sum_t \lambda_\nu^{T-t} x_t[j]$. All $S$, $\Lambda$, $D S^{-1}$ occur, and a rank at
a special point, or at a limit of such columns, is a lower bound of the generic one. Let
$f_{i\nu} \to 0$ for $\nu > n$. As $n \le T$ the vectors
$\xi_{j1}, \dots, \xi_{jn} \in \mathbb{R}^{m_e}$ may be chosen at will (Vandermonde; the $x_t[j]$
are free, for $m_e = n_{in} T$ up to an invertible change of the samples, which keeps ranks). Let
column $j$ have $c_j \le n$ learnables and go round $\mathbb{Z}_n$: column $j$ takes the next $c_j$
residues, the set $V_j$. Since $r \le d m_e \le n m_e$, each $\nu$ is taken at most $m_e$ times.
Sort the pairs $(j, \nu)$, $\nu \in V_j$, by $\nu$ and deal them in turn to $m_e$ groups: within a
group all $\nu$ are different, and there are at most $d$. Set $\xi_{j\nu} = e_c$ for the pairs of
group $c$ and $\xi_{j\nu} = 0$ for $\nu \notin V_j$. The $g_\nu \otimes \xi_{j\nu}$ of all pairs are
independent, as at most $d$ different $g_\nu$, generic in $\mathbb{R}^d$, meet in one $e_c$. Those
of column $j$ are combined by the square matrix $(f_{i\nu})_{\nu \in V_j}$ of its learnables $i$,
which is invertible for generic $f$. So all $r$ columns are independent.

*(b)* Let $N \ge d T$ and $T \ge \max(d, m_e)$. Then every $d m_e$ input weights have rank $d m_e$.

Proof of (b). As before, but let $W$ have only $T$ different eigenvalues, $d$ modes $\nu$ to each;
set $g_\nu = 0$ for the modes that are left over. With $\kappa(\nu)$ the eigenvalue of mode $\nu$,
the column of cell $(i, j)$ is $\sum_\nu f_{i\nu}\, g_\nu \otimes \xi_{j \kappa(\nu)}$, and
$\xi_{j1}, \dots, \xi_{jT}$ may be chosen at will. List the learnables column after column and cut
the list into $m_e$ groups of $d$. Let $n_{j\mu}$ be the number of learnables of column $j$ in group
$\mu$, and join $j$ to $\mu$ if it is positive. A column meets at most $m_e$ groups, a group at most
$d$ columns: by Koenig's theorem $T \ge \max(d, m_e)$ colours $k$ suffice such that the edges at a
node differ. For an edge $(j, \mu)$ of colour $k$ let $\xi_{jk} = s^{\tau_{jk}} e_\mu$, else
$\xi_{jk} = 0$. Give the modes different weights $w_\nu$ and replace $f_{i\nu}$ by
$s^{w_\nu} f_{i\nu}$. By Cauchy and Binet, for each column $j$ with its set $I_j$ of learnables, the
determinant of all columns is the sum, over all choices of $|I_j|$ modes $V_j$ for each $j$, of
$\pm s^{e} \prod_j \det f_{I_j, V_j}$ times the determinant of the $g_\nu \otimes e_\mu$
($\nu \in V_j$, $\mu$ the group of colour $\kappa(\nu)$ at $j$), with
$e = \sum_j \sum_{\nu \in V_j} (w_\nu + \tau_{j \kappa(\nu)})$. Choose $\tau_{jk}$ such that
$w_\nu + \tau_{jk}$ is positive for the $n_{j\mu}$ modes of eigenvalue $k$ with the largest weights
and negative for the others. These modes together are $|I_j|$, and as $V_j$ they alone maximise $e$.
In this term the $\det f_{I_j, V_j}$ are not 0 for generic $f$. In the other determinant $e_\mu$
meets $n_{j\mu}$ modes from each column $j$ of the group, of different colours, so $d$ different
modes with generic $g_\nu$: not 0 either. So the determinant is not 0 for large $s$.

*Open:* $T < N < d T$ and a column of $B$ with more than $T$ learnables (so $d \ge 2$ and
$m_e \ge 2$). (b) still works if the colours need only $N$ modes together, colour $k$ as many as its
largest $n_{j\mu}$, for some choice of the groups. Below: every small case, and larger random ones,
those with a crowded column apart. All three hypotheses are needed.

**Source.** This file.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..problem.networks.recurrent import LinearRecurrent
from .base import ProofStep
from .shared import long_recurrent as checks
from .shared.long_recurrent import Slack


def _is_long(network: LinearRecurrent, m: int, slack: Slack = (0, 0, 0)) -> bool:
    """N >= d, T >= d and T >= m_e, each up to a slack (for false variants)."""
    d, steps = network.outputs, network.steps
    return network.hidden + slack[0] >= d and steps + slack[1] >= d and steps + slack[2] >= m


def _is_long_enough(network: LinearRecurrent, m: int, slack: Slack = (0, 0)) -> bool:
    """N >= d and T >= d, what the proved part asks."""
    d = network.outputs
    return network.hidden + slack[0] >= d and network.steps + slack[1] >= d


def _is_wide(network: LinearRecurrent, m: int, slack: Slack = (0, 0, 0)) -> bool:
    """Also N >= d T, what the second proved part asks."""
    return network.hidden >= network.outputs * network.steps and _is_long(network, m, slack)


def _by_group(edges: Sequence[checks.Edge], n: int) -> dict[checks.Edge, int]:
    """A false variant: the colour is the group."""
    return {edge: edge[1] % n for edge in edges}


def _by_column(edges: Sequence[checks.Edge], n: int) -> dict[checks.Edge, int]:
    """A false variant: the colour is the column."""
    return {edge: edge[0] % n for edge in edges}


def _first(counts: Sequence[int], n: int) -> list[list[int]]:
    """A false variant: every column takes the first residues."""
    return [list(range(count)) for count in counts]


STEPS = (
    ProofStep(
        "evidence: every allocation of d m_e input weights of small networks",
        partial(checks.every_allocation, name="input", most_hidden=4, most_steps=4),
        _is_long,
        {
            "N >= d - 1": partial(_is_long, slack=(1, 0, 0)),
            "T >= d - 1": partial(_is_long, slack=(0, 1, 0)),
            "T >= m_e - 1": partial(_is_long, slack=(0, 0, 1)),
        },
        "n_in, d, m_e up to 3, N and T up to 4",
    ),
    ProofStep(
        "evidence: random allocations of larger networks",
        partial(checks.random_allocations, name="input"),
        _is_long,
        {"T >= d - 1": partial(_is_long, slack=(0, 1, 0))},
    ),
    ProofStep(
        "evidence: random allocations with more than T learnables in a column",
        partial(checks.random_allocations, name="input", crowded=True),
        _is_long,
        {"T >= m_e - 1": partial(_is_long, slack=(0, 0, 1))},
    ),
    ProofStep(
        "proved: modes, D W^k e_i as a sum over eigenvalues, symbolically",
        checks.modes,
        lambda k: k,
        {"one power more": lambda k: k + 1},
        "N up to 3, k up to 2",
    ),
    ProofStep(
        "proved: at the special point the columns are independent",
        checks.special_point,
        checks.in_turn,
        {"every column takes the first residues": _first},
    ),
    ProofStep(
        "proved: at most T learnables in a column",
        partial(checks.few_per_column, hypothesis=_is_long_enough, name="input"),
        ((0, 0), 0),
        {
            "at most T + 1": ((0, 0), 1),
            "N >= d - 1": ((1, 0), 0),
            "T >= d - 1": ((0, 1), 0),
        },
        "every mask; n_in, d, N up to 3, T and m_e up to 4",
    ),
    ProofStep(
        "proved: for N >= d T the vectors of the leading term are independent",
        checks.leading_term,
        checks.edge_colours,
        {"coloured by the group": _by_group, "coloured by the column": _by_column},
    ),
    ProofStep(
        "proved: N >= d T and T >= max(d, m_e)",
        partial(checks.every_allocation, name="input", most_hidden=6, most_steps=3),
        _is_wide,
        {
            "T >= d - 1": partial(_is_wide, slack=(0, 1, 0)),
            "T >= m_e - 1": partial(_is_wide, slack=(0, 0, 1)),
        },
        "every allocation of d m_e input weights; n_in, d, m_e, T up to 3, N up to 6",
    ),
)
