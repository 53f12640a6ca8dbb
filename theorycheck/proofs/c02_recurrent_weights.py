r"""# C2 Recurrent weights of long recurrent networks

**Conjecture.** Dense linear recurrent network read at the end, n_in >= m, N >= max(d, m), T >= 1 +
max(d, m), learnables in the recurrent weights only: rank(A) = min(r, d m).

**Assumptions.** Linear recurrent, $y = D h_T$, $h_t = W h_{t-1} + B x_t$, $h_0 = 0$, all
connections present, weights and inputs generic. The columns of the Jacobian are
$\sum_{t=2}^{T} (D W^{T-t} e_i) \otimes h_{t-1}[j]$ for the learnables $(i, j)$, with
$h_t[j] \in \mathbb{R}^m$ the states of unit $j$ on the samples. The claim is that any
$\min(N^2, d m)$ of them are independent.

**Evidence.** *A part is proved:* let $n_{in} \ge N \ge d$ and $T \ge 1 + d$, any $m$. If
$\min(r, d m)$ of the learnables can be kept such that no column of $W$ has more than $T - 1$ of
them, then rank(A) = $\min(r, d m)$. Under the hypotheses of C2 this covers $n_{in} \ge N$ together
with $T > N$, $d = 1$ or $m = 1$; and $N < m$, where $n_{in} \ge m > N$ and $T > m > N$: the
hypothesis $N \ge m$ is not needed. Likewise C2 holds for $n_{in} \ge N \ge d (T - 1)$.

Proof. For $n_{in} \ge N$ the matrix $B$ is onto $\mathbb{R}^N$: given $W$ and $B$, inputs
$x_1, \dots, x_{T-1}$ can be chosen one after the other such that $h_1, \dots, h_{T-1}$ are any
$N \times m$ matrices. So the columns above are those of the input weights of a network with $N$
inputs $h_t$, $T - 1$ steps and $m$ samples, all of them free, and part (a) of C1 that is proved
applies to the learnables that are kept. So does part (b): for $N \ge d (T - 1)$ and
$T - 1 \ge \max(d, m)$ any $d m$ columns are independent (and $N^2 \ge d m$).

*Open:* $m \le n_{in} < N$, where the states are not free, and what is open in C1, with $T - 1$ for
$T$. Below: every small case and larger random ones; $n_{in} \ge m$, $N \ge d$ and the number of
steps are needed.

**Source.** This file.
"""

from __future__ import annotations

from functools import partial

from ..problem.networks.recurrent import LinearRecurrent
from .base import ProofStep
from .shared import long_recurrent as checks
from .shared import recurrent_checks
from .shared.long_recurrent import Slack


def _is_long(network: LinearRecurrent, m: int, slack: Slack = (0, 0, 0)) -> bool:
    """n_in >= m, N >= max(d, m), T >= 1 + max(d, m); a slack for n_in, N against d, and T."""
    d, hidden = network.outputs, network.hidden
    wide = network.inputs + slack[0] >= m and hidden + slack[1] >= d and hidden >= m
    return wide and network.steps + slack[2] >= 1 + max(d, m)


def _is_free(network: LinearRecurrent, m: int, slack: Slack = (0, 0, 0)) -> bool:
    """n_in >= N >= d and T >= 1 + d, what the proved part asks."""
    d, hidden = network.outputs, network.hidden
    wide = network.inputs + slack[0] >= hidden and hidden + slack[1] >= d
    return wide and network.steps + slack[2] >= 1 + d


STEPS = (
    ProofStep(
        "evidence: every allocation of d m recurrent weights of small networks",
        partial(checks.every_allocation, name="recurrent", most_hidden=4, most_steps=4),
        _is_long,
        {
            "n_in >= m - 1": partial(_is_long, slack=(1, 0, 0)),
            "N >= d - 1": partial(_is_long, slack=(0, 1, 0)),
            "T >= max(d, m)": partial(_is_long, slack=(0, 0, 1)),
        },
        "n_in, d, m up to 3, N and T up to 4",
    ),
    ProofStep(
        "evidence: random allocations of larger networks",
        partial(checks.random_allocations, name="recurrent"),
        _is_long,
        {"T >= max(d, m)": partial(_is_long, slack=(0, 0, 1))},
    ),
    ProofStep(
        "proved: columns are sums over t >= 2 of D W^(T-t) e_i times h_(t-1)[j], symbolically",
        recurrent_checks.derivatives_are_sums,
        lambda name: 1 if name == "input" else 2,
        {"from the third step": lambda name: 1 if name == "input" else 3},
        "d = 2; (n_in, N, T) = (1, 1, 3), (1, 2, 3), (2, 2, 2)",
    ),
    ProofStep(
        "proved: n_in >= N and at most T - 1 learnables in a column",
        partial(checks.few_per_column, hypothesis=_is_free, name="recurrent"),
        ((0, 0, 0), -1),
        {
            "at most T": ((0, 0, 0), 0),
            "n_in >= N - 1": ((1, 0, 0), -1),
            "N >= d - 1": ((0, 1, 0), -1),
            "T >= d": ((0, 0, 1), -1),
        },
        "every mask; n_in, d, N up to 3, T and m up to 4",
    ),
)
