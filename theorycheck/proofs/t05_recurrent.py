r"""# T5 Dense recurrent networks

**Statement.** Dense linear recurrent network. Readout only, read at the end, m_e = min(m, n_in T):
maximal if every row of the readout has at least m_e learnables, minimal if not. Recurrent only:
minimal if m > n_in (T - 1) or T = 1 (the part D B x_T of the output is frozen) or if every step is
read (y_1 = D B x_1 is frozen); else with T = 2 as in T4 for p = q = N and m_e = m. Input only (k =
T) or recurrent only (k = T - 1), D = d m_e: minimal if for some rows I and columns J fewer than
(d - k|I|)^+ (m_e - k|J|)^+ weights are learnable outside of them.

**Assumptions.** Linear recurrent, $h_t = W h_{t-1} + B x_t$, $h_0 = 0$, $y = D h_T$ (for "every
step is read" $y_t = D h_t$ for all $t$), all connections present, all weights and inputs
independent with densities; $m_e = \min(m, n_{in} T)$. $M$: the learnable cells $(i, j)$ of the one
matrix in question. $(x)^+ = \max(x, 0)$.

**Proof.** Stack the inputs of a sample, $x = (x_1, \dots, x_T)$: $h_T = R x$ with
$R = [W^{T-1} B, \dots, W B, B]$. Outputs are linear in $x$, so the first $m_e$ samples decide; they
are the independent columns of $X$. Stars mark the teacher's weights.

*1. Readout only.* Row $i$ of the output is $D[i, :] R X$, so rows decide independently and the
equations of row $i$ are linear in its learnables $S_i$, with the matrix $(R X)_{S_i}$. Let
$|S_i| \ge m_e$ and let $S$ be $m_e$ of them. Split $S$ into $n_{in}$ chains of at most $T$ units;
let column $c$ of $B$ be the unit vector of the start of chain $c$ and let $W$ shift along the
chains. Then the columns of $R$ contain the unit vectors of all units in $S$. So generically $R_S$
has rank $m_e$, and so has $(R X)_S$: for $m_e = n_{in} T$ the matrix $X$ is invertible, else it is
generic. Row $i$ can be met, whatever the target.

Let $|S_i| < m_e$. The row is met only if it lies in an affine subspace, of dimension below $m_e$,
that the frozen weights and $X$ fix: some $\alpha \ne 0$ in $\mathbb{R}^{m_e}$ and a number
$\gamma$, both fixed, satisfy $D^*[i, :] R^* X \alpha = \gamma$. The left side is a polynomial in
the teacher's weights, linear in $D^*[i, :]$. It is not constant, since it is not 0:
$X \alpha \ne 0$, and the rows $D[i, :] R$ span $\mathbb{R}^{n_{in} T}$ (for $W = \lambda$ times the
identity and $D[i, :] B = b$ they are $(\lambda^{T-1} b, \dots, \lambda b, b)$; powers of different
$\lambda$ are independent, and $b$ is free). So it equals $\gamma$ with probability 0: minimal.

*2. What recurrent weights do not change.* $h_1 = B x_1$, so $y_1 = D B x_1$ for readout of every
step, and $y = D B x_1$ for $T = 1$, do not involve $W$: learning $W$ leaves them, and the teacher's
$D^* B^* x_1$, not constant, differs almost surely. Let now $m > n_{in} (T - 1)$, $T \ge 2$, read at
the end. Some combination $\alpha \ne 0$ of the samples makes all $x_t$ with $t < T$ vanish, and
then not $x_T$, as the columns of $X$ are independent. In this combination the output is
$D B x_T \alpha$, without $W$, and the teacher's is $D^* B^* x_T \alpha$: minimal.

*3. Recurrent only, $T = 2$, $m \le n_{in}$.* $Y - D B X_2 = D W (B X_1)$, and $D B X_2$ is frozen.
With $P = D$, $Q = B X_1$ this is one learnable layer, $p = q = N$, $m_e = m$. If $N < d$, all
columns of $Y$ lie in the frozen proper subspace $\mathrm{col}(D)$, and the teacher's first column
$D^* h^*$ does not. If $N < m$, take $\alpha \ne 0$, fixed by $B$ and $X_1$, with
$B X_1 \alpha = 0$: learning $W$ leaves $Y \alpha = D B X_2 \alpha$. The teacher's is
$D^* W^* B^* X_1 \alpha + D^* B^* X_2 \alpha$. Equality is a condition on $X_2 \alpha$, which given
all the rest has a density, with the factor $D^* B^* - D B \ne 0$: probability 0. Both are T4's
bottlenecks, minimal. Else $D$ is generic, $B X_1$ is (every $N \times m$ matrix is a $B X_1$, as
$m \le n_{in}$), and the teacher's output has a density on $\mathbb{R}^{d m}$ because
$W \mapsto D^* W B^* X_1$ is onto. So T4's proof applies from its step 3 on, with $a = N - d$ and
$b = N - m$.

*4. The count.* For $T$ steps
$\partial Y / \partial B_{ij} = \sum_{t=1}^{T} (D W^{T-t} e_i) \otimes x_t[j]$ and
$\partial Y / \partial W_{ij} = \sum_{t=2}^{T} (D W^{T-t} e_i) \otimes h_{t-1}[j]$ (as $h_0 = 0$),
with $x_t[j], h_t[j] \in \mathbb{R}^{m_e}$ the values of unit $j$ on the samples: sums of $k = T$
and $k = T - 1$ products. The column of $(i, j)$ lies in $P_i \otimes \mathbb{R}^{m_e}$ and in
$\mathbb{R}^d \otimes Q_j$, where $P_i$ and $Q_j$, the spans of the left and of the right factors,
have dimension at most $k$. So those of all cells in rows $I$ or columns $J$ lie in
$P_I \otimes \mathbb{R}^{m_e} + \mathbb{R}^d \otimes Q_J$ with $P_I = \sum_{i \in I} P_i$,
$Q_J = \sum_{j \in J} Q_j$. The quotient by this space is
$(\mathbb{R}^d / P_I) \otimes (\mathbb{R}^{m_e} / Q_J)$, of dimension at least
$(d - k|I|)^+ (m_e - k|J|)^+$. Only the learnables outside of $I$ and $J$ are left to span it. If
they are fewer, the rank is below $d m_e = D$ and the allocation is minimal by T1.

*5. Limits.* The count is not sufficient: for $N = 5$, $n_{in} = d = 3$, $T = 2$, $m = 5$ all 15
input weights satisfy it and have rank 14.

**Source.** This file.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..problem.networks.recurrent import LinearRecurrent
from .base import ProofStep
from .shared import recurrent_checks as checks
from .shared import rigidity
from .shared.rigidity import Entries


def _fewer(network: LinearRecurrent, samples: int, masks: Entries) -> checks.Said:
    return (masks.sum(axis=2) >= checks.effective(network, samples) - 1).all(axis=1)


def _one_step_of_inputs(network: LinearRecurrent, samples: int, masks: Entries) -> checks.Said:
    return (masks.sum(axis=2) >= min(samples, network.inputs)).all(axis=1)


def _by_columns(network: LinearRecurrent, samples: int, masks: Entries) -> checks.Said:
    needed = min(network.outputs, checks.effective(network, samples))
    return (masks.sum(axis=1) >= needed).all(axis=1)


def _two_steps(
    network: LinearRecurrent, samples: int, masks: Entries, most: int, exchanged: bool
) -> checks.Said:
    """False variants of T = 2: m up to `most` n_in, or a and b exchanged."""
    hidden, outputs = network.hidden, network.outputs
    if samples > most * network.inputs or hidden < max(outputs, samples):
        return np.zeros(len(masks), dtype=bool)
    sides = (hidden - samples, hidden - outputs)
    a, b = sides if exchanged else sides[::-1]
    return rigidity.independent(~masks, a, b)


def _is_direct(network: LinearRecurrent, samples: int, spare: int) -> bool:
    """Whether the statement says minimal, with m + spare for m."""
    delayed = network.inputs * (network.steps - 1)
    return network.readout == "all" or network.steps == 1 or samples + spare > delayed


def _reach(network: LinearRecurrent, name: str, samples: int, less: int = 0) -> tuple[int, int]:
    """k, or with `less` a smaller one (a k of 0 would be refuted by nothing at all), and m_e."""
    k = network.steps - (name == "recurrent")
    return (max(k - less, 1) if less else k), checks.effective(network, samples)


STEPS = (
    ProofStep(
        "1. readout only: every row has m_e learnables",
        partial(checks.rule_decides, name="readout", steps=(1, 2, 3)),
        checks.readout_rows,
        {"m_e - 1": _fewer, "m_e = min(m, n_in)": _one_step_of_inputs, "columns": _by_columns},
        "every readout mask; N, n_in, d, T up to 3, m up to n_in T + 1",
    ),
    ProofStep(
        "2. only the last input, and the first output, act without W, symbolically",
        checks.frozen_inputs,
        lambda time, steps: time == steps,
        {
            "the last two inputs": lambda time, steps: time >= steps - 1,
            "the first input": lambda time, steps: time == 1,
        },
        "N, n_in up to 2, T up to 3",
    ),
    ProofStep(
        "2. recurrent only: m > n_in (T - 1), T = 1 or every step read: the rank is below D",
        checks.direct_path,
        partial(_is_direct, spare=0),
        {
            "m >= n_in (T - 1)": partial(_is_direct, spare=1),
            "T = 2 as well": lambda network, m: network.steps <= 2,
        },
        "all recurrent weights; N, n_in, d, T up to 3, m around n_in (T - 1) and n_in T",
    ),
    ProofStep(
        "3. recurrent only, T = 2: T4's matroid decides, bottlenecks included",
        partial(checks.rule_decides, name="recurrent", steps=(2,)),
        checks.two_steps,
        {
            "m up to 2 n_in": partial(_two_steps, most=2, exchanged=False),
            "a and b exchanged": partial(_two_steps, most=1, exchanged=True),
        },
        "every recurrent mask; N, n_in, d up to 3, T = 2, m up to 2 n_in + 1",
    ),
    ProofStep(
        "4. columns are sums of T products (input), T - 1 (recurrent), symbolically",
        checks.derivatives_are_sums,
        lambda name: 1 if name == "input" else 2,
        {
            "from the second step": lambda name: 2,
            "from the third for recurrent": lambda name: 1 if name == "input" else 3,
        },
        "d = 2; (n_in, N, T) = (1, 1, 3), (1, 2, 3), (2, 2, 2)",
    ),
    ProofStep(
        "4. masks that the count starves have a rank below d m_e",
        checks.starved_is_minimal,
        _reach,
        {
            "k - 1": partial(_reach, less=1),
            "m for m_e": lambda network, name, m: (_reach(network, name, m)[0], m),
        },
        "every input and recurrent mask; N, n_in, d, T up to 3, m up to n_in T + 1, D = d m_e",
    ),
    ProofStep(
        "5. the count is not sufficient: rank 14 of 15",
        checks.count_is_not_sufficient,
        False,
        {"the count suffices": True},
    ),
)
