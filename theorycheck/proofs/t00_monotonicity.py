r"""# T0 Monotonicity

**Statement.** If every learnable weight of A is learnable in A', then MP(A, m) <= MP(A', m); and
MP(A, m) >= MP(A, m + 1).

**Assumptions.** Any network whose outputs are piecewise polynomial in weights and inputs (all kinds
of this library, ReLU included), dense or sparse, with or without biases. Teacher weights, the
student's frozen weights and the inputs are independent draws; the inputs of different samples
have one law and are independent too. No law needs a density here.

**Proof.** Write $\phi(w, x)$ for the output on input $x$ of the network with weights $w$. Both
claims compare two events on one probability space.

1. *More learnables.* Draw a teacher $w^*$, inputs $x_1, \dots, x_m$ and a value $f_k$ for **every**
   weight $k$ of the student, learnable or not. Let $E_A$ be the event that weights $w$ exist with
   $w_k = f_k$ for all $k \notin A$ and $\phi(w, x_s) = \phi(w^*, x_s)$ for $s = 1, \dots, m$. It
   does not depend on the $f_k$ with $k \in A$, so $P(E_A) = \mathrm{MP}(A, m)$. If $A \subset A'$,
   the weights $w$ that witness $E_A$ witness $E_{A'}$: fewer entries of $w$ are prescribed, and
   those of $A' \setminus A$ happen to have the values drawn. So $E_A \subset E_{A'}$.
2. *More samples.* The $w$ that agrees with the teacher on $x_1, \dots, x_{m+1}$ agrees with it on
   $x_1, \dots, x_m$, and the first $m$ of $m + 1$ inputs have the law of $m$ inputs.
3. *The events are measurable.* They are projections of sets given by polynomial equations and
   inequalities, hence semialgebraic (Tarski and Seidenberg), hence Borel.

Nothing here is strict: a weight that no output can see changes no probability. Nothing here
compares allocations by their *number* of learnables: the larger one must contain the smaller.

The argument holds over any field, which allows a check without any theory: over the field of
three elements all draws and all values of the learnables can be tried, for every allocation. Over
the reals two consequences are checked. Ranks: the Jacobian of $A'$ has the columns of $A$ and
more, so each weight adds 0 or 1 to the rank, and by T1 an allocation of full rank on $m + 1$
samples has full rank on $m$.

**Source.** This file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from .base import ProofStep
from .shared import exhaustive
from .shared.evaluation import compared, in_words
from .shared.finite_field import all_draws, matches

Order: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]
Pairs: TypeAlias = Callable[[int, int], NDArray[np.int64]]

_TINY = (
    *(LinearFeedforward(widths) for widths in ((1, 1), (1, 2), (2, 1), (1, 1, 1), (2, 1, 1))),
    *(LinearFeedforward(widths) for widths in ((1, 2, 1), (1, 1, 2), (1, 2, 2), (1, 1, 1, 1))),
    LinearFeedforward((2, 2, 1)),
    LinearFeedforward((1, 1, 1), bias=True),
    LinearRecurrent(1, 1, 1, 3),
    LinearRecurrent(1, 1, 1, 2, "all"),
    LinearRecurrent(1, 2, 1, 2),
)


def _supersets(n_masks: int, entry: int) -> NDArray[np.int64]:
    """For every mask the number of the mask with one more `entry`."""
    return np.arange(n_masks) | 1 << entry


def _another(n_masks: int, entry: int) -> NDArray[np.int64]:
    """For every mask one with as many learnables or more, which need not contain it."""
    numbers = np.arange(n_masks)
    return np.where(numbers >> entry & 1, numbers, (numbers << 1 | 1) % n_masks | 1 << entry)


def _enough(network: Network) -> range:
    return range(1, 2 if network.n_weights > 6 else 3)


def learnables(claim: tuple[Pairs, Order]) -> Iterator[str | None]:
    """Matched draws of a mask against those of the mask that `claim` pairs it with."""
    pairs, order = claim
    for network in _TINY:
        masks = exhaustive.all_masks(network.n_weights)
        for samples in _enough(network):
            matched = matches(network, samples)
            for entry in range(network.n_weights):
                other = pairs(len(masks), entry)
                holds = order(matched, matched[other])

                words = in_words(network, samples, masks, f"and weight {entry} too")
                yield from compared(holds | (other == np.arange(len(masks))), words)


def more_samples(order: Order) -> Iterator[str | None]:
    """Matched draws on one sample and on two, as parts of all draws."""
    for network in _TINY:
        if len(_enough(network)) == 1:
            continue
        one, two = (matches(network, samples) for samples in (1, 2))
        more = all_draws(network, 2) // all_draws(network, 1)
        masks = exhaustive.all_masks(network.n_weights)
        holds = order(two, one * more)
        yield from compared(holds, in_words(network, 1, masks))


def _networks() -> Iterator[Network]:
    yield from exhaustive.feedforward_networks((1, 2, 3), (1, 2), 10)
    yield from exhaustive.feedforward_networks((1, 2), (2, 3), 10, bias=True)
    yield from exhaustive.recurrent_networks((1, 2), (1, 2, 3), ("final", "all"), 10)


def one_more_column(allowed: tuple[int, ...]) -> Iterator[str | None]:
    """What one more learnable adds to the exact rank of every mask."""
    for network in _networks():
        masks = exhaustive.all_masks(network.n_weights)
        names = list(network.weight_shapes)
        for samples in (1, 2):
            ranks = exhaustive.ranks(network, samples, names, masks)
            for entry in range(network.n_weights):
                bigger = _supersets(len(masks), entry)
                added = ranks[bigger] - ranks
                holds = np.isin(added, allowed) | (bigger == np.arange(len(masks)))
                yield from compared(holds, in_words(network, samples, masks))


def full_rank_on_fewer(claim: Order) -> Iterator[str | None]:
    """Whether masks have full rank on m and on m + 1 samples."""
    for network in _networks():
        masks = exhaustive.all_masks(network.n_weights)
        names = list(network.weight_shapes)
        full = []
        for samples in range(1, 4):
            target = exhaustive.target(network, samples)
            full.append(exhaustive.ranks(network, samples, names, masks) == target)
        for samples in (1, 2):
            holds = claim(full[samples], full[samples - 1])
            yield from compared(holds, in_words(network, samples, masks))


STEPS = (
    ProofStep(
        "one more learnable never loses a match: all draws over the field of three elements",
        learnables,
        (_supersets, np.less_equal),
        {
            "one more learnable always helps": (_supersets, np.less),
            "one more learnable never helps": (_supersets, np.equal),
            "as many learnables serve as well, wherever they are": (_another, np.less_equal),
        },
        "every mask of 14 networks of up to 8 weights, all teachers, students and inputs",
    ),
    ProofStep(
        "one more sample never wins a match: all draws over the field of three elements",
        more_samples,
        np.less_equal,
        {
            "more samples never hurt": np.greater_equal,
            "one more sample always hurts": np.less,
        },
        "every mask of 13 networks of up to 6 weights, m = 1 against m = 2",
    ),
    ProofStep(
        "one more learnable adds 0 or 1 to the exact rank",
        one_more_column,
        (0, 1),
        {"it always adds 1": (1,), "it never adds": (0,)},
        "every mask of all networks of up to 10 weights, widths up to 3, T up to 3, m up to 2",
    ),
    ProofStep(
        "full rank on m + 1 samples is full rank on m",
        full_rank_on_fewer,
        np.less_equal,
        {
            "full rank on m samples is full rank on m + 1": np.greater_equal,
            "the number of samples does not matter": np.equal,
        },
        "every mask of all networks of up to 10 weights, widths up to 3, T up to 3, m up to 3",
    ),
)
