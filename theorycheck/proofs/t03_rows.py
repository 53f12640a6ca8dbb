r"""# T3 Rows

**Statement.** Dense linear feed-forward network, learnables in the last layer only, m_e = min(m,
n_0): with a hidden width below m_e the allocation is minimal; else it is maximal if every row of
the mask has at least m_e learnables, and minimal if not.

**Assumptions.** Linear feed-forward, no biases, all connections present, all weights and inputs
generic (independent, with densities).

**Proof.** Let $H = W_{L-1} \cdots W_1 X$, frozen. Row $i$ of the output is $W_L[i, :] H$: the
output is affine in the learnables, and the rows of the mask decide independently. With $S_i$ the
learnable entries of row $i$, the equations of row $i$ are linear with matrix $H_{S_i}$ (the rows
$S_i$ of $H$), up to a frozen constant.

1. The samples count $m_e$ times: $X$ has rank $m_e$, so $H$ has at most rank $m_e$, and after an
   invertible change of samples only $m_e$ columns of $H$ are not 0.
2. If no hidden width is below $m_e$, every $m_e$ rows of $H$ are independent (a generic product of
   matrices with inner widths $\ge m_e$ has no vanishing $m_e \times m_e$ minor: specialise all
   layers to partial identities). So row $i$ can be met whatever the teacher iff $|S_i| \ge m_e$;
   else a generic target is missed, and the allocation is minimal.
3. If some hidden width $k < m_e$, then $H$ has rank at most $k$, and its row space is fixed by the
   frozen weights. The teacher's output has a row space of dimension $\min(d, k) \ge 1$ that is
   generic in the $m_e$ dimensions, hence not in that of $H$: minimal.

**Source.** This file; Schlisselberg and Darshan (2025).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray

from ..problem.networks.feedforward import LinearFeedforward
from .base import ProofStep
from .shared import exhaustive

Masks: TypeAlias = NDArray[np.bool_]
Rule: TypeAlias = Callable[[LinearFeedforward, int, Masks], Masks]

_SIZES = (1, 2, 3)


def rows_rule(network: LinearFeedforward, samples: int, masks: Masks) -> Masks:
    """Which masks (count, d, n_(L-1)) of the last layer are maximal, by the statement."""
    needed = min(samples, network.inputs)
    if min(network.widths[1:-1], default=needed) < needed:
        return np.zeros(len(masks), dtype=bool)
    return (masks.sum(axis=2) >= needed).all(axis=1)


def _one_too_few(network: LinearFeedforward, samples: int, masks: Masks) -> Masks:
    needed = min(samples, network.inputs) - 1
    wide = min(network.widths[1:-1], default=needed) >= needed
    return wide & (masks.sum(axis=2) >= needed).all(axis=1)


def _columns(network: LinearFeedforward, samples: int, masks: Masks) -> Masks:
    enough = masks.sum(axis=1) >= min(samples, network.outputs)
    return rows_rule(network, samples, masks) | enough.all(axis=1)


def _no_bottleneck(network: LinearFeedforward, samples: int, masks: Masks) -> Masks:
    return (masks.sum(axis=2) >= min(samples, network.inputs)).all(axis=1)


def every_mask(rule: Rule) -> Iterator[str | None]:
    """The rule against the exact rank, for all last-layer masks of all small networks."""
    for network in exhaustive.feedforward_networks(_SIZES, (1, 2, 3), 27):
        shape = network.weight_shapes[f"W{network.depth}"]
        masks = exhaustive.all_masks(shape[0] * shape[1])
        for samples in range(1, network.inputs + 2):
            name = [f"W{network.depth}"]
            full = exhaustive.ranks(network, samples, name, masks)
            maximal = full == exhaustive.target(network, samples)
            said = rule(network, samples, masks.reshape(-1, *shape))
            for mask, is_maximal, is_said in zip(masks, maximal, said, strict=True):
                same = is_maximal == is_said
                yield None if same else exhaustive.shown(network, samples, name, mask)


def minors_do_not_vanish(width: Callable[[int], int]) -> Iterator[str | None]:
    """Step 2: every m_e x m_e minor of W_1 X, symbolic, with n_1 = width(m_e) hidden units."""
    for samples in (1, 2, 3):
        hidden = width(samples)
        left = sympy.Matrix(samples, hidden, sympy.symbols(f"a:{samples * hidden}"))
        right = sympy.Matrix(hidden, samples, sympy.symbols(f"b:{samples * hidden}"))
        minor = sympy.expand((left * right).det())
        yield None if minor != 0 else f"m_e = {samples}, width {hidden}: the minor is 0"


def rows_decide_alone(own: Callable[[sympy.Matrix, int], sympy.Matrix]) -> Iterator[str | None]:
    """Row i of the output depends on the entries own(W_L, i) of W_L only."""
    for outputs, hidden in ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3)):
        weights = sympy.Matrix(outputs, hidden, sympy.symbols(f"w:{outputs * hidden}"))
        activations = sympy.Matrix(hidden, 2, sympy.symbols(f"h:{hidden * 2}"))
        output = weights * activations
        for i in range(outputs):
            used = output.row(i).free_symbols & weights.free_symbols
            more = used - own(weights, i).free_symbols
            yield f"row {i} of {outputs} also depends on {more}" if more else None


STEPS = (
    ProofStep(
        "maximal by the rows of the mask iff the rank is full",
        every_mask,
        rows_rule,
        {
            "m_e - 1 learnables per row": _one_too_few,
            "columns serve as well as rows": _columns,
            "no condition on hidden widths": _no_bottleneck,
        },
        "every last-layer mask, widths up to 3, depth up to 3, m up to n_0 + 1",
    ),
    ProofStep(
        "with hidden widths >= m_e no m_e x m_e minor of H vanishes, symbolically",
        minors_do_not_vanish,
        lambda samples: samples,
        {"one hidden unit fewer": lambda samples: max(samples - 1, 1)},
        "m_e up to 3",
    ),
    ProofStep(
        "row i of the output involves row i of W_L only, symbolically",
        rows_decide_alone,
        lambda weights, i: weights.row(i),
        {"column i instead": lambda weights, i: weights.col(i)},
        "d and n_(L-1) up to 3, d <= n_(L-1)",
    ),
)
