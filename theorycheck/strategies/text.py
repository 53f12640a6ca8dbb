"""Problems as text, to be read in a failing example."""

from __future__ import annotations

from ..allocation import Allocation


def describe(allocation: Allocation, samples: int) -> str:
    """The network and its masks: 1 learnable, 0 frozen, . absent.

    `describe(*problem)` with `hypothesis.note` makes a counterexample readable.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([2, 2, 1])
    >>> print(describe(Allocation(network, {"W1": [[1, 0], [0, 0]]}, {"W2": [[1, 0]]}), 2))
    linear feed-forward 2-2-1, m = 2, r = 1
      W1  10
          00
      W2  0.
    """
    lines = [f"{allocation.network.describe()}, m = {samples}, r = {allocation.n_learnable}"]
    width = max(len(name) for name in allocation.network.weight_shapes)
    for name, mask in allocation.masks("learnable"):
        present = allocation.present_mask(name)
        rows = zip(mask.reshape(len(mask), -1), present.reshape(len(mask), -1), strict=True)
        for number, (learnable, exists) in enumerate(rows):
            signs = [
                str(int(cell)) if there else "."
                for cell, there in zip(learnable, exists, strict=True)
            ]
            lines.append(f"  {'' if number else name:<{width}}  {''.join(signs)}")
    return "\n".join(lines)
