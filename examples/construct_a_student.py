# %% [markdown]
# # A teacher matched without training
#
# That an allocation is maximal is often proved by saying how the student's weights are found. Here
# such proofs are executed: on a teacher of our own, on its outputs alone, and for tanh units.
#
# Run it with `python examples/construct_a_student.py`, or entry by entry.

# %%
import numpy as np

import theorycheck as tc

rng = np.random.default_rng(0)

# %% [markdown]
# ## A linear network, learnable in two layers
#
# Two outputs can be fitted by their rows of the last layer; what is left has enough learnable
# weights in the first one.

# %%
network = tc.LinearFeedforward([5, 6, 4])
masks = {"W1": np.zeros((6, 5), dtype=int), "W2": np.zeros((4, 6), dtype=int)}
masks["W1"][:2] = 1
masks["W2"][2:] = 1
student = tc.Allocation(network, masks)
teacher = {name: rng.normal(size=shape) for name, shape in network.weight_shapes.items()}

made = tc.construct(student, samples=5, teacher=teacher)
print(made)
assert made.is_match

# %% [markdown]
# The result is a student like any other: its frozen weights were drawn, its outputs are computed
# here by hand.

# %%
x = made.inputs.T
difference = made.weights["W2"] @ made.weights["W1"] @ x - teacher["W2"] @ teacher["W1"] @ x
assert abs(difference).max() < 1e-9

# %% [markdown]
# ## Exactly, from outputs alone
#
# In fractions the outputs are equal, not close. The teacher is known by what it puts out.

# %%
inputs = rng.integers(-5, 6, size=(5, 5))
outputs = inputs @ rng.integers(-3, 4, size=(5, 4))
exact = tc.construct(student, samples=5, inputs=inputs, outputs=outputs, rational=True)
assert exact.residual == 0
print(f"\nW1[0,0] = {float(exact.weights['W1'][0, 0]):.6f}, a fraction of {exact.rigor} arithmetic")

# %% [markdown]
# ## The readout of a nonlinear network
#
# With as many hidden units as samples the readout fits any outputs (T12).

# %%
tanh = tc.Feedforward([2, 8, 1], activation="tanh", bias=True)
readout = tc.construct(tc.Allocation.layer(tanh, "W2"), samples=8)
assert readout.is_match
print(f"{tanh.describe()}: matched by {readout.theorem}")
