"""What is asked about an allocation, in words: the first line of what tells the answer."""

from __future__ import annotations

from ..display.paragraphs import samples_in_words
from ..problem.allocation import Allocation
from ..verdict import Verdict


def network_in_words(allocation: Allocation) -> str:
    """The network, and whether it is sparse.

    >>> from theorycheck import LinearFeedforward
    >>> network_in_words(Allocation.full(LinearFeedforward([2, 1]), {"W1": [[0, 1]]}))
    'sparse linear feed-forward 2-1'
    """
    return ("" if allocation.is_dense else "sparse ") + allocation.network.describe()


def learnables_in_words(allocation: Allocation) -> str:
    """How many of the weights are learnable.

    >>> from theorycheck import LinearFeedforward
    >>> learnables_in_words(Allocation.layer(LinearFeedforward([2, 3, 1]), "W2"))
    '3 of 9 weights learnable'
    """
    return f"{allocation.n_learnable} of {allocation.n_present} weights learnable"


def subject(allocation: Allocation, samples: int) -> str:
    """Network, samples and learnables."""
    on = samples_in_words(samples)
    return f"{network_in_words(allocation)}, {on}; {learnables_in_words(allocation)}"


def question(allocation: Allocation, samples: int, verdict: Verdict) -> str:
    """What was asked: network, samples, learnables and, where known, how many it needs."""
    needed, on = "", samples_in_words(samples)
    if verdict.target_dimension is not None:
        needed = f", {verdict.target_dimension} needed"
    if verdict.input_rank is not None:
        given = "input" if samples == 1 else "inputs"
        on = f"{samples} given {given} of rank {verdict.input_rank}"
    learnables = learnables_in_words(allocation)
    if verdict.given_weights:
        learnables += f", {verdict.given_weights} given"
    return f"{network_in_words(allocation)}, {on}; {learnables}{needed}"
