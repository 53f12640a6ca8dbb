# %% [markdown]
# # A library call from another analysis
#
# An analysis of one's own asks about many masks and needs nothing but the class of each: here a
# scan over the density of random masks. How many weights must be learnable until a random choice
# serves, and does it matter whether they may be anywhere or in one layer only?
#
# Run it with `python examples/library_call.py`, or entry by entry.

# %%
from collections import Counter

import numpy as np

import theorycheck as tc

# %% [markdown]
# The question: a network, a number of samples, and two places where learnable weights may be. The
# target dimension is the number of learnable weights below which nothing can be matched.

# %%
network = tc.LinearFeedforward([6, 8, 4])
samples = 5
places = {"anywhere": ["W1", "W2"], "in W1 only": ["W1"]}
needed = tc.classify(tc.Allocation.none(network), samples).target_dimension
assert needed is not None
print(f"{network.describe()}, {samples} samples: {needed} learnable weights are needed")

# %% [markdown]
# ## The scan
#
# Every mask is drawn at random from a seed. `Effort(seconds=0)` leaves it at ranks and counts, so
# that a mask takes milliseconds; what they do not decide stays `positive`: some teachers are
# matched, whether all are is open.

# %%
RANKS_ONLY = tc.Effort(seconds=0)
DRAWS = 40
CLASSES = [tc.Expressivity.MINIMAL, tc.Expressivity.POSITIVE, tc.Expressivity.MAXIMAL]


def classes(budget: int, weights: list[str], rng: np.random.Generator) -> Counter[str]:
    """How often each class occurs among random masks of a budget."""
    within = {name: np.ones(network.weight_shapes[name], dtype=bool) for name in weights}
    masks = [tc.Allocation.random(network, budget, rng, within=within) for _ in range(DRAWS)]
    return Counter(tc.classify(mask, samples, effort=RANKS_ONLY).expressivity for mask in masks)


# %% [markdown]
# The table: shares of the classes against the budget. A budget at the target dimension is enough
# for some masks, but a random one needs more. In one layer an allocation is minimal or maximal and
# nothing else (T2, T4).

# %%
rng = np.random.default_rng(0)
print(f"\n{'':12}{'budget':>8}{'density':>9}" + "".join(f"{name:>10}" for name in CLASSES))
found: dict[tuple[str, int], Counter[str]] = {}
for place, weights in places.items():
    n_entries = sum(int(np.prod(network.weight_shapes[name])) for name in weights)
    for budget in (needed - 1, needed, needed + 4, needed + 10, needed + 20):
        counts = classes(budget, weights, rng)
        found[place, budget] = counts
        shares = "".join(f"{counts[name] / DRAWS:>10.0%}" for name in CLASSES)
        print(f"{place:12}{budget:>8}{budget / n_entries:>9.2f}{shares}")

# %% [markdown]
# What the theory says must show: below the target dimension everything is minimal, and one
# learnable layer leaves nothing open.

# %%
for (place, budget), counts in found.items():
    assert set(counts) <= set(CLASSES)
    assert budget >= needed or set(counts) == {tc.Expressivity.MINIMAL}
    assert place == "anywhere" or not counts[tc.Expressivity.POSITIVE]

# %% [markdown]
# ## Better than at random
#
# Where there is a choice, `tc.design` makes an allocation of the least budget that is proved
# maximal. For every allocation of a network, or many thousands of random ones, `tc.sweep`
# (`sweep.py` here) keeps the results in a file and can be resumed.

# %%
designed = tc.design(network, samples, needed)
assert designed.allocation is not None
assert designed.verdict is not None
n_learnable, counts = designed.allocation.n_learnable, designed.allocation.counts
print(f"\nby design: {n_learnable} learnable weights, {counts}")
print(f"{designed.verdict.expressivity} by {designed.verdict.theorem}: {designed.verdict.reason}")
