"""Library use: how often does a random choice of learnable weights serve, and where to put them?

Run it: python examples/choose_a_budget.py
"""

import numpy as np

import theorycheck as tc

network = tc.LinearFeedforward([4, 6, 3])
samples = 4
effort = tc.Effort(seconds=0)  # ranks and counts alone: degrees would take minutes for so many
needed = tc.classify(tc.Allocation.none(network), samples).target_dimension
print(f"{network.describe()}, {samples} samples: {needed} learnable weights are needed")

rng = np.random.default_rng(0)
for budget in (12, 14, 18, 24):
    classes = [
        tc.classify(tc.Allocation.random(network, budget, rng), samples, effort=effort).expressivity
        for _ in range(50)
    ]
    shares = ", ".join(f"{name} {classes.count(name) / 50:.0%}" for name in sorted(set(classes)))
    print(f"{budget:3} at random: {shares}")

for name, allocation in {
    "all in the readout": tc.Allocation(network, {"W2": [[1, 1, 1, 1, 0, 0]] * 3}),
    "spread evenly": tc.Allocation.spread(network, 12),
}.items():
    verdict = tc.classify(allocation, samples)
    assert verdict.certificate is not None
    checked = tc.check(verdict.certificate)
    print(f"12 {name}: {verdict.expressivity} by {verdict.theorem}, certificate {checked.reason}")
