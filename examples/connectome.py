# %% [markdown]
# # Which synapses must be plastic? A connectome-like recurrent network
#
# A linear recurrent network with the wiring of a patch of cortex: neurons lie in a square, near
# ones are connected more often than far ones, inhibitory neurons reach less far than excitatory
# ones. Only recurrent synapses are plastic, and only some of them. Can such a network learn what
# another one with the same wiring computes, and which synapses does it take?
#
# Masks say which connections exist and which are plastic. The verdicts are about generic weights:
# that all synapses of one neuron have one sign (Dale's law) is not part of the theory.
#
# Run it with `python examples/connectome.py`, or entry by entry.

# %%
import numpy as np

import theorycheck as tc

# %% [markdown]
# ## The wiring
#
# 24 neurons at random places, a fifth of them inhibitory. Inputs reach the left side, the readout
# sees excitatory neurons of the right side. In masks rows are targets and columns sources.

# %%
N = 24
rng = np.random.default_rng(1)
positions = rng.random((N, 2))
inhibitory = np.zeros(N, dtype=bool)
inhibitory[rng.choice(N, N // 5, replace=False)] = True
left, right = positions[:, 0] < 0.35, positions[:, 0] > 0.65

distance = np.linalg.norm(positions[:, None] - positions, axis=2)
reach = np.where(inhibitory, 0.15, 0.3)  # of each source
recurrent = rng.random((N, N)) < np.exp(-((distance / reach) ** 2))
np.fill_diagonal(recurrent, False)
inputs, readout = np.zeros((N, 2), dtype=bool), np.zeros((2, N), dtype=bool)
inputs[left] = True
readout[:, right & ~inhibitory] = True
present = {"input": inputs, "recurrent": recurrent, "readout": readout}

network = tc.LinearRecurrent(inputs=2, hidden=N, outputs=2, steps=6)
print(f"{network.describe()}: {int(recurrent.sum())} of {N * N} recurrent synapses exist")

# %% [markdown]
# ## Plastic synapses
#
# Five hypotheses about which synapses are plastic, all others frozen.

# %%
hypotheses = {
    "excitatory to excitatory": recurrent & ~inhibitory & ~inhibitory[:, None],
    "out of the left": recurrent & left,
    "onto the right": recurrent & right[:, None],
    "within the right": recurrent & right & right[:, None],
    "out of inhibitory": recurrent & inhibitory,
}
plastic = {
    name: tc.Allocation(network, {"recurrent": mask}, present) for name, mask in hypotheses.items()
}

# %% [markdown]
# ## Verdicts
#
# Two random input sequences, to be answered as a random teacher with the same wiring does. The
# target dimension is 4 (two outputs for each sequence), so four plastic synapses may do, if they
# are in the right places. `Effort(seconds=0)` leaves it at ranks, counts and graphs.

# %%
RANKS_ONLY = tc.Effort(seconds=0)
verdicts = {}
for name, allocation in plastic.items():
    verdict = tc.classify(allocation, samples=2, effort=RANKS_ONLY)
    assert verdict.certificate is not None
    assert tc.check(verdict.certificate)
    verdicts[name] = verdict
    print(f"{name:25}{verdict.learnable:3} plastic  {verdict.expressivity:9} {verdict.theorem}")

# %% [markdown]
# ## Why
#
# `within the right` has more plastic synapses than there are dimensions, yet no teacher is
# matched. `explain` asks every theorem, and its diagnostics name the synapses that are wasted: any
# one of them could be frozen and the rank would stay the same.

# %%
name = "within the right"
explanation = tc.explain(plastic[name], samples=2, effort=RANKS_ONLY)
print(f"\n{name}: {explanation.verdict.reason}")
for opinion in explanation.opinions:
    said = opinion.obstacle or (opinion.reason and f"{opinion.expressivity}: {opinion.reason}")
    print(f"  {opinion.theorem:4}{said or 'leaves it open'}")
assert explanation.diagnostics is not None
wasted = [f"{source} to {target}" for _, (target, source) in explanation.diagnostics.redundant]
print(f"  {explanation.diagnostics.missing} dimension missing; wasted: {', '.join(wasted)}")

# %% [markdown]
# ## Capacity
#
# For how many input sequences does it last? Up to the first number every teacher is proved to be
# matched, from the second on none is; between them some are, and whether all are may be open.

# %%
print("\ncapacity, in input sequences")
for name, allocation in plastic.items():
    found = tc.capacity(allocation, 8, effort=RANKS_ONLY)
    last = f"none from {found.minimal_from} on" if found.minimal_from else "some up to 8 at least"
    print(f"{name:25} all up to {found.maximal}, {last}")
    assert found.maximal is not None
