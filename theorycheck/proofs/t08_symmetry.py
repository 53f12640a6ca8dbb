r"""# T8 Symmetry

**Statement.** Permutations of hidden units, inputs and outputs that preserve the present
connections keep the class, the rank and the degree (for independent, identically distributed
weights also the match probability). Transposing keeps class, rank and degree: of a linear
feed-forward network without biases and m >= n_0, widths reversed and as many samples as inputs
then; of a linear recurrent network read at the end with m >= n_in T, input and readout exchanged.

**Assumptions.** Linear networks, dense or sparse; with biases for permutations only (a transposed
bias is none). Draws as in T1: weights and inputs independent with densities positive everywhere.
"Identically distributed" is meant of the weights and, if inputs are permuted, of the inputs.

**Proof.** *The class does not depend on the laws.* All laws with a density that is positive
everywhere have the same null sets; minimal means that the matched draws are null, maximal that the
others are.

*Permutations.* Let $\pi$ renumber the units of a layer: it permutes the rows of that layer's
weights (and the biases) together with the columns of the next; for a recurrent network it permutes
the rows of the input weights, rows and columns of the recurrent ones, and the columns of the
readout. Renumbered inputs permute the columns of the first weights and the rows of $X$, at all
times; renumbered outputs the rows of the last weights and the rows of $Y$. Multiplying out, the
permutation matrices cancel: $\phi_{\pi A}(\pi\theta, \pi f, \pi X) = \pi\,\phi_A(\theta, f, X)$,
with linear bijections $\pi$ on learnables, frozen weights, inputs and outputs. As $\pi$ preserves
the present connections, the teacher is mapped to a teacher of the same network. So $\pi$ carries
matched draws to matched draws and solutions to solutions, and by the chain rule the Jacobian is
multiplied by permutation matrices from both sides. Rank, $D$ (the rank with every present weight
learnable), degree and class are kept. If the weights (and inputs) are independent and identically
distributed, $\pi$ keeps the law of the draw, hence the probability of a match.

If $\pi$ moves the present connections too, the same holds for the network renumbered with them.

*Transposition, feed-forward.* For $m \ge n_0$ almost every $X$ has full row rank, and $Y = P X$ is
an injective linear image of the product $P = W_L \cdots W_1$. A draw is matched iff the student's
product can equal the teacher's, iff the transposed products $W_1^T \cdots W_L^T$ can be equal:
that is the match of the transposed student and teacher on $d$ or more samples. Both sides have the
same learnables, solutions and, up to invertible matrices, the same Jacobian; here even the match
probability is kept, as the inputs do not matter. For $m < n_0$ the inputs do matter and the
statement fails.

*Transposition, recurrent, read at the end.* For $m \ge n_{in} T$ the inputs of all times together
have full row rank, and $Y$ is an injective image of the $T$ matrices $R W^s B$, $s < T$ ($B$ input,
$W$ recurrent, $R$ readout weights). Their transposes $B^T (W^T)^s R^T$ are those of the network
with $R^T$ as input and $B^T$ as readout weights, on $d T$ or more samples. If every
step is read, $m \ge n_{in}$ samples suffice: $x_1$ alone, then of full row rank, reveals these
matrices in $y_1, \dots, y_T$, and the later inputs tell nothing new. So transposing is a symmetry
there too, to $d$ or more samples; the statement does not claim it, the check includes it.

**What is checked.** Exchanges of neighbouring units suffice, as they generate all permutations.

**Source.** This file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from .base import ProofStep
from .shared import exhaustive
from .shared.evaluation import compared, in_words, split
from .shared.finite_field import UNIFORM, matches
from .shared.polynomial_systems import PRIME, draw, entries_of, equations, number_of_solutions
from .shared.transformations import Source, codes, swaps, transposed

Masks: TypeAlias = NDArray[np.bool_]
Swaps: TypeAlias = Callable[[Network], Iterator[tuple[str, Source]]]
# From network and samples, the samples of the transposed network; None where it is no symmetry.
Samples: TypeAlias = Callable[[Network, int], int | None]


def rows_only(network: Network) -> Iterator[tuple[str, Source]]:
    """Wrong: exchanged units take the rows of their own weights along, not the next columns."""
    return swaps(network, slice(1))


def one_end_only(network: Network) -> Iterator[tuple[str, Source]]:
    """Wrong: only the second kind of line is exchanged, of recurrent weights the rows."""
    return swaps(network, slice(1, 2))


def _all_ranks(network: Network, samples: int, present: NDArray[np.int64] | None = None) -> Source:
    masks = exhaustive.all_masks(network.n_weights)
    given = None
    if present is not None:
        given = {name: part == 1 for name, part in split(network, present).items()}
    return exhaustive.ranks(network, samples, list(network.weight_shapes), masks, given)


def permuted_ranks(exchanges: Swaps) -> Iterator[str | None]:
    """Exact ranks of every mask before and after every exchange, dense networks."""
    networks: tuple[Iterator[Network], ...] = (
        exhaustive.feedforward_networks((1, 2, 3), (1, 2), 12),
        exhaustive.feedforward_networks((1, 2), (3,), 10),
        exhaustive.feedforward_networks((1, 2), (2,), 12, bias=True),
        exhaustive.recurrent_networks((1, 2), (1, 2, 3), ("final", "all"), 10),
    )
    for network in chain(*networks):
        masks = exhaustive.all_masks(network.n_weights)
        for samples in (1, 2):
            ranks = _all_ranks(network, samples)
            for what, source in exchanges(network):
                same = ranks[codes(masks[:, source])] == ranks
                yield from compared(same, in_words(network, samples, masks, what))


def permuted_sparse_ranks(exchanges: Swaps) -> Iterator[str | None]:
    """The same with present connections that are permuted too, some of them preserved by it."""
    for network in (LinearFeedforward((2, 2, 1)), LinearRecurrent(1, 2, 1, 3)):
        masks = exhaustive.all_masks(network.n_weights)
        shapes = list(product((1, 0), repeat=network.n_weights))
        ranks = {present: _all_ranks(network, 2, np.array(present)) for present in shapes}
        for what, source in exchanges(network):
            for present in shapes:
                moved = tuple(np.array(present)[source].tolist())
                exists = ~(masks & (np.array(present) == 0)).any(axis=1)
                same = ranks[moved][codes(masks[:, source])] == ranks[present]
                words = in_words(network, 2, masks, f"{what}, present {present}")
                yield from compared(same | ~exists, words)


def permuted_matches(claim: tuple[Swaps, bool]) -> Iterator[str | None]:
    """Matched draws over the field of three elements; laws are those of all weights, or not."""
    exchanges, identical = claim
    feedforward = [LinearFeedforward(widths) for widths in ((2, 1), (2, 2), (1, 2, 1), (2, 2, 1))]
    for network in (*feedforward, LinearFeedforward((1, 2, 2)), LinearRecurrent(1, 2, 1, 2)):
        masks = exhaustive.all_masks(network.n_weights)
        laws = [UNIFORM if identical or k else (1, 5, 1) for k in range(network.n_weights)]
        matched = matches(network, 1, laws)
        for what, source in exchanges(network):
            same = matched[codes(masks[:, source])] == matched
            yield from compared(same, in_words(network, 1, masks, what))


def transposed_samples(network: Network, samples: int) -> int | None:
    """The samples of the transposed network, None where transposing is not a symmetry."""
    found = network.transposed()
    if found is None or samples < network.input_dimension:
        return None
    return found[0].input_dimension


def _few_samples(network: Network, samples: int) -> int | None:
    """Wrong: any number of samples will do, the transposed network having as many as outputs."""
    found = transposed_samples(network, 2**20)
    return found if samples == 1 else transposed_samples(network, samples)


def _same_samples(network: Network, samples: int) -> int | None:
    return samples if transposed_samples(network, samples) else None


def _transposable() -> Iterator[Network]:
    yield from exhaustive.feedforward_networks((1, 2, 3), (1, 2), 10)
    yield from exhaustive.feedforward_networks((1, 2), (3,), 10)
    yield from exhaustive.recurrent_networks((1, 2), (1, 2, 3), ("final", "all"), 10)


def transposed_ranks(claim: tuple[Samples, bool]) -> Iterator[str | None]:
    """Exact ranks of every mask and of the transposed one."""
    rule, inner = claim
    for network in _transposable():
        masks = exhaustive.all_masks(network.n_weights)
        spanning = network.inputs * getattr(network, "steps", 1)
        for samples in sorted({1, network.inputs, spanning, spanning + 1}):
            needed = rule(network, samples)
            if needed is None:
                continue
            other, source = transposed(network, inner)
            same = _all_ranks(other, needed)[codes(masks[:, source])] == _all_ranks(
                network, samples
            )
            yield from compared(
                same, in_words(network, samples, masks, f"transposed, m = {needed}")
            )


def degrees(exchanges: Swaps) -> Iterator[str | None]:
    """Complex solutions of random systems of r = D before and after, and transposed."""
    cases: tuple[tuple[Network, int, int], ...] = (
        (LinearFeedforward((2, 2, 2)), 2, 4),
        (LinearFeedforward((1, 2, 2)), 1, 2),
        (LinearRecurrent(1, 2, 1, 4), 2, 2),
        (LinearRecurrent(1, 2, 1, 3), 3, 3),
    )
    for network, samples, size in cases:
        found = _degrees(network, samples, size)
        moves = [(what, source, found) for what, source in exchanges(network)]
        needed = transposed_samples(network, samples)
        if needed is not None:
            other, source = transposed(network)
            moves.append(("transposed", source, _degrees(other, needed, size)))
        names = list(network.weight_shapes)
        for what, source, after in moves:
            for mask, degree in found.items():
                moved = tuple(np.array(mask)[source].tolist())
                words = f"{exhaustive.shown(network, samples, names, np.array(mask))}: {what}"
                yield None if after[moved] == degree else f"{words}, {degree} and {after[moved]}"


def _degrees(network: Network, samples: int, size: int) -> dict[tuple[bool, ...], int]:
    """Degree of every mask of `size` learnables, at one random draw modulo a prime."""
    names = list(network.weight_shapes)
    instance = draw(network, samples, np.random.default_rng(0), PRIME - 1)
    found = {}
    for mask in exhaustive.all_masks(network.n_weights, size):
        unknowns = entries_of(network, mask, names)
        system = equations(network, unknowns, instance, PRIME)
        found[tuple(mask.tolist())] = number_of_solutions(system)
    return found


STEPS = (
    ProofStep(
        "exchanging units keeps the exact rank: dense",
        permuted_ranks,
        swaps,
        {"their rows without the columns of the next weights": rows_only},
        "every mask, networks of up to 12 weights (recurrent: 10), T up to 3, m = 1, 2; exchanges "
        "of neighbouring units generate all permutations",
    ),
    ProofStep(
        "exchanging units keeps the exact rank: sparse, with the connections exchanged too",
        permuted_sparse_ranks,
        swaps,
        {"their rows without the columns of the next weights": rows_only},
        "every mask of every sparse 2-2-1 and recurrent 1-2-1 (T = 3) network, m = 2",
    ),
    ProofStep(
        "exchanging units keeps the match probability: all draws, field of three elements",
        permuted_matches,
        (swaps, True),
        {
            "their rows without the columns of the next weights": (rows_only, True),
            "weights of different laws": (swaps, False),
        },
        "every mask of six networks of up to 8 weights, m = 1, all teachers, students and inputs",
    ),
    ProofStep(
        "transposing keeps the exact rank, if the samples span the inputs",
        transposed_ranks,
        (transposed_samples, True),
        {
            "for fewer samples too": (_few_samples, True),
            "with as many samples as before": (_same_samples, True),
            "with the recurrent weights as they are": (transposed_samples, False),
        },
        "every mask, networks of up to 10 weights, T up to 3, both readouts, m up to n_in T + 1",
    ),
    ProofStep(
        "exchanging units and transposing keeps the degree: Groebner bases at random draws",
        degrees,
        swaps,
        {"recurrent rows without the columns": one_end_only},
        "every mask of r = D: 2-2-2 (m = 2), 1-2-2; recurrent 1-2-1 with T = m = 3; T = 4, m = 2",
    ),
)
