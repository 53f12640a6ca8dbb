# %% [markdown]
# # Classify without training
#
# A network is to be fine-tuned, but only some of its weights may change. Is the choice any good?
# This walk-through goes from masks to a verdict, to its certificate, to a check of the certificate
# and to a repair. No network is trained on the way.
#
# Run it with `python examples/classify_without_training.py`, or entry by entry.

# %%
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import theorycheck as tc

# %% [markdown]
# ## From masks to an allocation
#
# A linear network with 4 inputs, 4 hidden units and 3 outputs. Masks have a row for each unit that
# a weight leads to, and a column for each unit that it comes from; 1 is learnable. `W2` is not
# named, so it is frozen at its random values.

# %%
network = tc.LinearFeedforward([4, 4, 3])
mask = [[1, 1, 1, 1], [0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]]
allocation = tc.Allocation(network, {"W1": mask})
samples = 3
print(f"{network.describe()}: {allocation.n_learnable} of {network.n_weights} weights learnable")

# %% [markdown]
# ## The verdict
#
# A random teacher of the same architecture labels 3 random inputs. Can the student match it with
# the learnable weights alone? Never, it turns out, though their number is right: 9 learnable
# weights for a target of dimension 9.

# %%
verdict = tc.classify(allocation, samples)
print(f"{verdict.expressivity}: {verdict.expressivity.meaning}")
print(f"{verdict.learnable} learnable weights, {verdict.target_dimension} needed")
print(f"because {verdict.theorem}: {verdict.reason} ({verdict.rigor})")
assert verdict.expressivity == tc.Expressivity.MINIMAL

# %% [markdown]
# ## The certificate, and its check
#
# The certificate holds what proves the verdict, here a cycle of frozen weights. It is plain JSON,
# and `tc.check` (on the command line `theorycheck check`) verifies it with code that shares
# nothing with the code that found it.

# %%
certificate = verdict.certificate
assert certificate is not None
print(f"certificate {certificate.kind}: {json.dumps(certificate.evidence)}")
print(f"check: {tc.check(certificate).reason}")
assert tc.check(certificate)

# %% [markdown]
# The check does not trust the verdict, it proves it again: the same evidence with another claim is
# refused.

# %%
refused = tc.check(replace(certificate, expressivity="maximal"))
print(f"the same evidence for 'maximal': {refused.reason}")
assert not refused

# %% [markdown]
# ## The repair
#
# One swap of a learnable for a frozen weight is enough, and fewer are not.

# %%
repaired = tc.repair(allocation, samples)
print(f"{', '.join(map(str, repaired.moves))}; no repair has fewer moves: {repaired.optimal}")
assert repaired.proposal is not None
assert repaired.optimal
better = tc.classify(repaired.proposal.allocation, samples)
assert better.certificate is not None
print(f"{better.expressivity}: {better.expressivity.meaning}")
print(f"because {better.theorem}: {better.reason}; check: {tc.check(better.certificate).reason}")
assert better.expressivity == tc.Expressivity.MAXIMAL

# %% [markdown]
# ## And by experiment
#
# `tc.measure` knows no theorem: it draws teachers and fits the student to each.

# %%
for name, chosen in {"before": allocation, "after": repaired.proposal.allocation}.items():
    estimate = tc.measure(chosen, samples, trials=200, seed=0, backend="numpy")
    low, high = estimate.interval
    print(f"{name}: {estimate.matches} of {estimate.trials} matched ({low:.3f} to {high:.3f})")

# %% [markdown]
# The repaired allocation goes to a file, for the command line and for other programs.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "repaired.json"
    tc.save(path, repaired.proposal.allocation, samples)
    print(path.read_text(), end="")
    assert tc.load(path).allocation == repaired.proposal.allocation
