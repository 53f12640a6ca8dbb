# %% [markdown]
# # A mask for sparse fine-tuning
#
# Of the 72 weights in the last layer of a network only 30 may change. Which? Three usual masks are
# made (random entries, the largest weights, the largest gradients) and classified without training;
# one is repaired, and applied to the model. Where torch is installed the model is one of torch and
# is trained at the end; otherwise NumPy stands in for it and the training is left out.
#
# Run it with `python examples/sparse_fine_tuning.py`, or entry by entry.

# %%
import importlib
import importlib.util
from typing import Any

import numpy as np

import theorycheck as tc

HAS_TORCH = importlib.util.find_spec("torch") is not None
network = tc.LinearFeedforward([6, 8, 9])
samples, budget = 3, 30
rng = np.random.default_rng(1)

# %% [markdown]
# ## The model and its data
#
# A linear network with 6 inputs, 8 hidden units and 9 outputs, and 3 samples to be fitted. It is
# given as arrays; a torch model gets the same values.

# %%
weights = {
    name: rng.normal(size=shape) / shape[1] ** 0.5 for name, shape in network.weight_shapes.items()
}
inputs = rng.normal(size=(samples, network.inputs))
targets = inputs @ rng.normal(size=(network.inputs, 8)) @ rng.normal(size=(8, network.outputs)) / 7


def gradient() -> np.ndarray:
    """Of half the squared error, by the weights of the last layer."""
    hidden = inputs @ weights["W1"].T
    return (hidden @ weights["W2"].T - targets).T @ hidden


# %% [markdown]
# ## Three masks
#
# The number of weights that 3 samples and 9 outputs ask for is 27, so 30 are enough, if they are in
# the right places. `largest` marks the 30 entries of the greatest absolute value in `W2`, as
# magnitude and gradient criteria do.


# %%
def largest(values: np.ndarray) -> tc.Allocation:
    """The `budget` entries of greatest absolute value in the last layer."""
    threshold = np.sort(np.abs(values), axis=None)[-budget]
    return tc.Allocation.from_masks(network, {"W2": np.abs(values) >= threshold})


last = {"W2": np.ones((9, 8))}
masks = {
    "random": tc.Allocation.random(network, budget, rng, within=last),
    "magnitude": largest(weights["W2"]),
    "gradient": largest(gradient()),
}

# %% [markdown]
# ## Classified without training
#
# The theory is about random teachers: *minimal* says that no random task is ever fitted exactly,
# *maximal* that all are. Here all three masks fail, and the reason says where: some rows of `W2`,
# the weights into one output, have less than 3 learnable entries. The gradient is the worst guide:
# it points at the outputs with a large error and starves the others.

# %%
for name, allocation in masks.items():
    verdict = tc.classify(allocation, samples)
    print(f"{name:10} {verdict.expressivity} by {verdict.theorem}: {verdict.reason}")
    assert verdict.expressivity == tc.Expressivity.MINIMAL

# %% [markdown]
# ## Repaired
#
# A repair swaps as few weights as it can, and its result is classified again. For a table of all
# weights there is `to_pandas()`, for a graph `to_networkx()`.

# %%
repair = tc.repair(masks["gradient"], samples)
assert repair.proposal is not None
repaired = repair.proposal.allocation
print(f"repaired: {len(repair.moves)} weights swapped, {repair.proposal.verdict.expressivity}")
assert repair.proposal.verdict.expressivity == tc.Expressivity.MAXIMAL

# %% [markdown]
# ## Applied to the model
#
# `apply_to_torch` hangs a gradient hook on every partly frozen weight. Weight decay and momentum
# move weights without a gradient, so the optimiser is given as well: after each of its steps frozen
# entries are as they were, to the bit.

# %%
if HAS_TORCH:
    torch: Any = importlib.import_module("torch")

    model = torch.nn.Sequential(
        torch.nn.Linear(6, 8, bias=False), torch.nn.Linear(8, 9, bias=False)
    ).double()
    x, y = torch.tensor(inputs), torch.tensor(targets)

    def train(mask: tc.Allocation) -> float:
        """The error that is left after training with the mask."""
        with torch.no_grad():
            for layer, value in zip(model, weights.values(), strict=True):
                layer.weight.copy_(torch.tensor(value))
        optimizer = torch.optim.LBFGS(
            model.parameters(), max_iter=300, tolerance_change=1e-14, line_search_fn="strong_wolfe"
        )

        def loss() -> Any:
            optimizer.zero_grad()
            value = ((model(x) - y) ** 2).mean()
            value.backward()
            return value

        with mask.apply_to_torch(model, optimizer=optimizer):
            assert tc.Allocation.from_torch(model) == mask
            optimizer.step(loss)
        for layer, (key, value) in zip(model, weights.items(), strict=True):
            frozen = ~mask.mask(key)
            assert np.array_equal(layer.weight.detach().numpy()[frozen], value[frozen])
        return loss().item()

    before, after = train(masks["gradient"]), train(repaired)
    print(f"error after training: {before:.1e} with the gradient mask, {after:.1e} when repaired")
    assert after < before / 100
else:
    print("torch is not installed: the masks are classified, no model is trained")
