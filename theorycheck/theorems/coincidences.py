"""What is special about given weights, in words, where the rank is smaller than with random ones.

Nothing rests on these words: they say where to look.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import OutOfTimeError, SizeError
from ..field.arithmetic import matmul
from ..field.elimination import rank
from ..problem.networks.unrolled import as_matrix
from ..ranks.generic_rank import rank_trial
from ..ranks.given_weights import GivenWeights
from ..ranks.point import draw_prime
from .analysis import Analysis
from .counts import name_lines

Values = NDArray[np.float64]
_MOST_NAMED = 3  # coincidences
_MOST_ENTRIES = 2_000_000  # of a matrix that is looked at


def coincidences(analysis: Analysis) -> str:
    """The rank with random weights and what the given ones have to do with it; "" if nothing."""
    if analysis.weights is None:
        return ""
    try:
        named = _names(analysis, analysis.weights)
    except (OutOfTimeError, SizeError):
        return ""
    if not named:
        return "; random frozen weights would do no better"
    found = list(_of_products(analysis))
    for name in named:
        matrix = as_matrix(analysis.weights.values[name])
        if matrix.size <= _MOST_ENTRIES:
            lines = _of_matrix(matrix, analysis.is_linear)
            found += [f"{what} of {name} {are}" for what, are in lines]
    shown, more = found[:_MOST_NAMED], len(found) - _MOST_NAMED
    text = "; with random frozen weights it would be more"
    if len(named) < len(analysis.weights.values):
        text += f", and so with random ones in {' or '.join(named)} alone"
    if shown:
        rest = f" (and {more} more)" if more > 0 else ""
        text += f": {', '.join(shown)}{rest}"
    return text


def _names(analysis: Analysis, weights: GivenWeights) -> list[str]:
    """The weights that raise the rank if they alone are random, or all; none if that does not."""
    least = analysis.rank.value
    if _rank(analysis, None) <= least:
        return []
    names = [n for n in weights.values if _rank(analysis, weights.without(n)) > least]
    return names or list(weights.values)


def _rank(analysis: Analysis, weights: GivenWeights | None) -> int:
    """The rank in one trial, which proves it from below."""
    options = analysis.options
    trial = rank_trial(
        analysis.allocation,
        analysis.samples,
        "learnable",
        upper=min(analysis.allocation.n_learnable, analysis.target.value),
        seed=options.seed,
        index=0,
        xp=options.xp,
        given=analysis.given,
        deadline=options.deadline,
        frozen=weights,
    )
    return trial.rank


def _of_matrix(matrix: Values, is_linear: bool) -> Iterator[tuple[str, str]]:
    """Which lines that are given as a whole are 0, equal or proportional; a small rank.

    Of networks that are not linear opposite lines are named in place of the last two.
    """
    for word, lines in (("rows", matrix), ("columns", matrix.T)):
        zero = [i for i, line in enumerate(lines) if not (line != 0).any()]
        if zero:
            yield name_lines(word, zero, len(zero)), "is 0" if len(zero) == 1 else "are 0"
        for are, group in _alike(lines, is_linear):
            yield name_lines(word, group, len(group)), f"are {are}"
    if is_linear and not np.isnan(matrix).any() and min(matrix.shape) > 1:
        found = _rank_of(matrix)
        if found < min(matrix.shape):
            yield "the rank", f"is {found}, not {min(matrix.shape)}"


def _alike(lines: Values, is_linear: bool) -> Iterator[tuple[str, list[int]]]:
    """Groups of two or more lines, not 0, that are equal, or else multiples of each other."""
    whole = [i for i, line in enumerate(lines) if not np.isnan(line).any() and line.any()]
    equal: dict[bytes, list[int]] = {}
    for i in whole:
        equal.setdefault((lines[i] + 0.0).tobytes(), []).append(i)
    yield from (("equal", group) for group in equal.values() if len(group) > 1)
    if lines.shape[1] < 2:
        return
    multiples: dict[bytes, list[int]] = {}
    leaders = [group[0] for group in equal.values()]
    keys = _directions(lines[leaders]) if is_linear else _up_to_sign(lines[leaders])
    for i, key in zip(leaders, keys, strict=True):
        multiples.setdefault(key, []).append(i)
    word = "proportional" if is_linear else "opposite"
    yield from ((word, group) for group in multiples.values() if len(group) > 1)


def _directions(lines: Values) -> list[bytes]:
    """Lines up to a factor: modulo a prime each is divided by its first entry that is not 0."""
    prime, keys = draw_prime(0, 0), []
    for line in GivenWeights({"": lines}).put_into("", lines, prime).astype(np.int64):
        first = next((int(value) for value in line if value), 1)
        keys.append((line * pow(first, -1, prime) % prime).tobytes())
    return keys


def _up_to_sign(lines: Values) -> list[bytes]:
    """Lines up to a sign: the first entry that is not 0 is positive."""
    first = lines[np.arange(len(lines)), (lines != 0).argmax(axis=1)]
    return [(line + 0.0).tobytes() for line in lines * np.sign(first)[:, None]]


def _of_products(analysis: Analysis) -> Iterator[str]:
    """Of linear layers: consecutive matrices whose product has a smaller rank than each of them."""
    weights, network = analysis.weights, analysis.network
    if weights is None or not (network.is_linear and network.is_layered):
        return
    names = [layer[0] for layer in network.weight_layers]
    for before, after in pairwise(names):
        if before not in weights.values or after not in weights.values:
            continue
        matrices = [weights.values[after], weights.values[before]]
        sizes = [matrix.size for matrix in matrices]
        if max(sizes) > _MOST_ENTRIES or any(np.isnan(matrix).any() for matrix in matrices):
            continue
        prime = draw_prime(0, 0)
        left, right = (GivenWeights({"": m}).put_into("", m, prime) for m in matrices)
        found = rank(matmul(left, right, prime), prime)
        least = min(rank(left, prime), rank(right, prime))
        if found < least:
            yield f"the product {after} {before} has rank {found}, not {least}"


def _rank_of(matrix: Values) -> int:
    """The rank modulo a prime."""
    prime = draw_prime(0, 0)
    return rank(GivenWeights({"": matrix}).put_into("", matrix, prime), prime)
