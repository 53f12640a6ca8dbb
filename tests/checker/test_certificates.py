"""Every kind of certificate is accepted, and what has been changed is refused."""

import copy
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import allocations, linear_networks, samples, seeds
from theorycheck.certificate_kinds import KINDS
from theorycheck.certificates import Certificate, digest
from theorycheck.checker import plain
from theorycheck.computing.effort import DEFAULT_EFFORT, Effort
from theorycheck.problem.files import problem_from_dict
from theorycheck.theorems.analysis import Analysis

FF, LR = tc.LinearFeedforward, tc.LinearRecurrent
STAIR = [[0, 0, 1], [1, 0, 0], [1, 1, 0]]  # frozen entries form a path
SQUARE = [[0, 0, 1], [0, 0, 1], [1, 1, 1]]  # frozen entries form a cycle
RNN = LR(inputs=1, hidden=2, outputs=1, steps=4)
CUBIC = tc.Feedforward([2, 3, 1], activation="cube", bias=True)
CUBIC_RNN = tc.Recurrent(1, 2, 1, 2, activation="cube", bias=True)
BIASED_RNN = tc.Recurrent(1, 2, 1, 3, activation="linear", bias=True)
# Frozen entries of one layer: a K_(3,3), the corners of the edges of K_4, a cube.
K33 = np.kron([[1, 0], [0, 0]], np.ones((3, 3)))[:5, :5]
K4 = np.array([[1, 1, 1, 0, 0, 0], [1, 0, 0, 1, 1, 0], [0, 1, 0, 1, 0, 1], [0, 0, 1, 0, 1, 1]])
CUBE = np.pad(1 - np.eye(4), (0, 1))
PAIRS = [[0, 1, 0, 0, 0, 1], [0, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 1],
         [0, 0, 0, 1, 0, 0], [1, 0, 1, 0, 0, 0]]  # fmt: skip
ROW_PAIRS = [[1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1],
             [0, 1, 0, 1, 0, 0], [0, 0, 1, 1, 1, 0]]  # fmt: skip
BLOCKS = [[1, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0],
          [0, 1, 0, 0, 1], [0, 0, 0, 1, 1], [1, 1, 0, 0, 0]]  # fmt: skip

# kind -> allocation, samples, class
EXAMPLES: dict[str, tuple[tc.Allocation, int, str]] = {
    "full": (tc.Allocation.full(tc.ShallowReLU([2, 2, 1])), 2, "maximal"),
    "degree_count": (tc.Allocation.layer(FF([2, 3, 2]), "W2"), 2, "maximal"),
    "degree_count deficient": (tc.Allocation.rows(FF([2, 3, 2]), {"W2": [0]}), 2, "minimal"),
    "degree_count columns": (tc.Allocation(FF([2, 3, 2]), {"W1": np.eye(3, 2)}), 2, "minimal"),
    "degree_count readout": (tc.Allocation.layer(RNN, "readout"), 2, "maximal"),
    "degree_count bias": (tc.Allocation.layer(FF([2, 2], bias=True), "W1", "b1"), 3, "maximal"),
    "support_count": (tc.Allocation(FF([3, 3, 1]), {"W1": np.eye(3)}), 2, "maximal"),
    "bottleneck": (tc.Allocation.layer(FF([3, 2, 3]), "W2"), 3, "minimal"),
    "bottleneck behind": (tc.Allocation.layer(FF([3, 2, 3]), "W1"), 2, "minimal"),
    "forest": (tc.Allocation(FF([2, 3, 3, 2]), {"W2": STAIR}), 2, "maximal"),
    "cycle": (tc.Allocation(FF([2, 3, 3, 2]), {"W2": SQUARE}), 2, "minimal"),
    "two_dimensions": (tc.Allocation(FF([5, 4, 2]), {"W1": np.eye(4, 5)}), 3, "minimal"),
    "two_dimensions rows": (
        tc.Allocation(FF([3, 5, 3]), {"W1": np.eye(5, 3) + np.eye(5, 3, 1) + np.eye(5, 3, -3)}),
        2,
        "maximal",
    ),
    "rectangle": (tc.Allocation(FF([5, 5, 3]), {"W1": 1 - K33}), 3, "minimal"),
    "peeling_order": (tc.Allocation(FF([5, 5, 3]), {"W1": 1 - np.eye(5)}), 3, "maximal"),
    "assignment": (tc.Allocation(FF([6, 4, 3]), {"W1": 1 - K4}), 4, "maximal"),
    "assignment rows": (tc.Allocation(FF([4, 6, 4]), {"W1": 1 - K4.T}), 3, "maximal"),
    "two_forests": (tc.Allocation(FF([5, 5, 3]), {"W1": 1 - CUBE}), 3, "maximal"),
    "colouring": (tc.Allocation(FF([6, 5, 3]), {"W1": PAIRS}), 3, "maximal"),
    "colouring rows": (tc.Allocation(FF([6, 5, 3]), {"W1": ROW_PAIRS}), 3, "maximal"),
    "block_forests": (tc.Allocation(FF([5, 6, 3]), {"W1": BLOCKS}), 3, "maximal"),
    "frozen_direct_path": (tc.Allocation.layer(RNN, "recurrent"), 4, "minimal"),
    "sub_allocation": (
        tc.Allocation(FF([1, 2, 1], bias=True), {"W1": [[1], [0]], "W2": [[1, 1]], "b2": [1]}),
        2,
        "maximal",
    ),
    "peeled": (
        tc.Allocation(FF([3, 3, 3]), {"W1": np.eye(3), "W2": np.eye(3, 1) @ [[1, 1, 1]]}),
        3,
        "minimal",
    ),
    "peeled away": (
        tc.Allocation(FF([2, 2, 2]), {"W1": [[1, 1], [0, 0]], "W2": [[1, 1], [0, 0]]}),
        2,
        "maximal",
    ),
    "plan": (
        tc.Allocation(FF([2, 3, 3, 2]), {
            "W1": [[0, 1], [0, 0], [0, 0]], "W2": [[1, 0, 0], [0, 0, 0], [0, 1, 0]],
            "W3": [[0, 1, 0], [0, 1, 0]],
        }),
        2,
        "maximal",
    ),
    "plan frozen first": (
        tc.Allocation(FF([2, 2, 2, 2]), {
            "W1": [[0, 0], [1, 1]], "W2": [[1, 1], [1, 0]], "W3": [[0, 1], [0, 1]]
        }),
        2,
        "maximal",
    ),
    "plan frozen last": (
        tc.Allocation(FF([2, 3, 2, 2]), {
            "W1": [[0, 0], [0, 0], [0, 1]], "W2": [[1, 1, 0], [0, 0, 1]], "W3": [[0, 1], [1, 0]]
        }),
        3,
        "maximal",
    ),
    "levels": (
        tc.Allocation(
            FF([3, 3, 3]), {
                "W1": [[1, 0, 1], [0, 1, 1], [1, 1, 0]], "W2": [[1, 0, 1], [0, 1, 0], [1, 1, 0]]
            }
        ),
        3,
        "maximal",
    ),
    "levels rows": (
        tc.Allocation(
            FF([3, 3, 3]), {
                "W1": [[0, 1, 0], [1, 1, 1], [1, 0, 1]], "W2": [[1, 0, 1], [0, 1, 1], [0, 0, 1]]
            }
        ),
        3,
        "maximal",
    ),
    "drawn_plan": (
        tc.Allocation(
            FF([2, 3, 2]),
            {"W1": [[0, 0], [0, 1], [1, 0]], "W2": [[0, 0, 1], [0, 1, 1]]},
            {"W1": [[0, 0], [1, 1], [1, 1]], "W2": [[1, 1, 1], [0, 1, 1]]},
        ),
        2,
        "maximal",
    ),
    "drawn_plan affine": (
        tc.Allocation(FF([2, 2, 2, 2], bias=True), {
            "b1": [1, 0], "W2": [[1, 1], [0, 1]], "b2": [1, 0], "W3": [[0, 0], [0, 1]],
            "b3": [1, 0],
        }),
        3,
        "maximal",
    ),
    "drawn_plan last": (
        tc.Allocation(FF([1, 2, 2, 2], bias=True), {
            "W1": [[1], [0]], "b1": [1, 0], "W2": [[0, 0], [1, 1]], "b3": [0, 1]
        }),
        2,
        "maximal",
    ),
    "drawn_plan levels": (
        tc.Allocation(
            FF([3, 3, 3]),
            {"W1": [[1, 0, 1], [1, 1, 0], [0, 1, 1]], "W2": [[0, 1, 1], [1, 1, 0], [0, 0, 1]]},
            {"W1": [[1, 0, 1], [1, 1, 1], [0, 1, 1]], "W2": [[0, 1, 1], [1, 1, 1], [1, 1, 1]]},
        ),
        3,
        "maximal",
    ),
    "drawn_plan rows": (
        tc.Allocation(FF([2, 2, 2], bias=True), {
            "W1": [[1, 0], [0, 1]], "b1": [1, 0], "W2": [[1, 1], [1, 1]]
        }),
        3,
        "maximal",
    ),
    "deep_levels": (
        tc.Allocation(FF([2, 2, 2, 2]), {
            "W1": [[1, 0], [0, 1]], "W2": [[1, 0], [0, 0]], "W3": [[1, 0], [0, 1]]
        }),
        2,
        "maximal",
    ),
    "deep_levels rows": (
        tc.Allocation(FF([3, 2, 2, 2]), {
            "W1": [[1, 0, 0], [0, 1, 0]], "W2": [[1, 0], [0, 1]], "W3": [[1, 0], [0, 0]]
        }),
        2,
        "maximal",
    ),
    "group_bezout": (
        tc.Allocation(
            FF([2, 1, 2], bias=True), {"W1": [[1, 1]], "W2": [[1], [0]], "b2": [1, 0]}
        ),
        2,
        "maximal",
    ),
    "triangular": (
        tc.Allocation(FF([1, 1, 1], bias=True), {"W1": [[1]], "W2": [[1]]}),
        2,
        "maximal",
    ),
    "graded_plan": (
        tc.Allocation.layer(LR(2, 4, 2, 4), "recurrent"),
        4,
        "maximal",
    ),
    "outside_count": (
        tc.Allocation(LR(2, 3, 2, 1), {"input": [[1, 1], [1, 0], [1, 0]]}), 2, "minimal"
    ),
    "structural_cover": (
        tc.Allocation.rows(FF([2, 3, 2]), {"W1": [0, 1]}, {"W2": [[1, 1, 0], [0, 0, 1]]}),
        2,
        "minimal",
    ),
    "count": (
        tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2, 2, 1)}),
        2,
        "minimal",
    ),
    "count by minor": (tc.Allocation.rows(RNN, {"recurrent": [0]}), 3, "minimal"),
    "deficient_rank": (
        tc.Allocation(FF([2, 2, 2]), {"W1": [[1, 1], [0, 0]], "W2": [[1, 0], [1, 0]]}), 2, "minimal"
    ),
    "full_rank": (tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)}), 2, "positive"),
    "full_rank recurrent": (tc.Allocation.rows(RNN, {"recurrent": [0]}), 2, "positive"),
    "witness": (
        tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)}), 2, "intermediate"
    ),
    "witness recurrent": (tc.Allocation(RNN, {"recurrent": np.eye(2)}), 2, "intermediate"),
    "odd_degree": (
        tc.Allocation(FF([2, 2, 2]), {"W1": [[0, 1], [1, 0]], "W2": [[1, 0], [1, 0]]}), 2, "maximal"
    ),
    "odd_degree recurrent": (tc.Allocation.rows(RNN, {"recurrent": [0]}), 2, "maximal"),
    "odd_degree cubic": (
        tc.Allocation(CUBIC, {"W1": [[1, 0], [0, 0], [0, 0]], "b1": [0, 1, 0]}), 2, "maximal"
    ),
    "odd_degree cubic recurrent": (
        tc.Allocation(CUBIC_RNN, {"recurrent": [[0, 0], [1, 0]], "readout_bias": [1]}), 2, "maximal"
    ),
    "witness squared": (
        tc.Allocation(
            tc.Feedforward([2, 3, 1], activation="square"),
            {"W1": [[1, 0], [0, 0], [0, 0]], "W2": [[0, 1, 0]]},
        ),
        2,
        "intermediate",
    ),
    "witness biases": (
        tc.Allocation(BIASED_RNN, {"recurrent": [[1, 0], [0, 0]], "bias": [0, 1]}),
        2,
        "intermediate",
    ),
    "affine_full_rank": (tc.Allocation.layer(LR(2, 3, 2, 2), "input"), 2, "maximal"),
    "affine_full_rank sparse": (
        tc.Allocation.full(FF([2, 2], bias=True), {"W1": [[1, 0], [1, 1]]}), 3, "maximal"
    ),
    "trials from above": (tc.Allocation.layer(LR(1, 3, 1, 3), "readout", "input"), 3, "positive"),
}  # fmt: skip
# The last two need more care: a full sparse network is decided by T0, and D from above by trials.
SPARSE = {"W1": [[1, 0], [1, 1]], "W2": [[1, 1], [1, 0]]}
EXAMPLES["affine_full_rank sparse"] = (
    tc.Allocation(FF([2, 2, 2]), {"W1": [[1, 0], [1, 1]]}, {"W1": SPARSE["W1"], "W2": np.eye(2)}),
    2,
    "maximal",
)
EXAMPLES["trials from above"] = (
    tc.Allocation(FF([2, 2, 2]), {"W1": SPARSE["W1"], "W2": [[1, 1], [0, 0]]}, SPARSE),
    2,
    "maximal",
)


RELU = tc.ShallowReLU([2, 2, 1])
EXAMPLES |= {
    "relu_count": (tc.Allocation.none(RELU), 2, "minimal"),
    "relu_cover": (
        tc.Allocation(tc.ShallowReLU([2, 3, 2]), {"W2": [[1, 1, 1], [1, 0, 0]]}), 2, "minimal"
    ),
    "relu_cover units": (
        tc.Allocation(tc.ShallowReLU([3, 3, 3]), {"W1": [[1, 1, 1], [1, 1, 1], [0, 0, 0]]}),
        2,
        "minimal",
    ),
    "relu_patterns": (
        tc.Allocation(RELU, {"W1": [[1, 1], [0, 0]], "W2": [[1, 0]]}), 3, "minimal"
    ),
    # Units that see one input only show at most two kinds of activity.
    "relu_patterns sparse": (
        tc.Allocation(
            tc.ShallowReLU([2, 4, 1]),
            {"W2": [[1, 1, 1, 0]]},
            {"W1": [[1, 0], [1, 0], [1, 0], [1, 1]]},
        ),
        3,
        "minimal",
    ),
    "relu_point": (tc.Allocation(RELU, {"W1": [[1, 0], [1, 0]], "W2": [[1, 1]]}), 2, "positive"),
    "relu_missed_sample": (
        tc.Allocation(RELU, {"W1": [[1, 0], [0, 0]], "W2": [[1, 0]]}), 2, "intermediate"
    ),
    "relu_missed_sample two inputs": (
        tc.Allocation(
            tc.ShallowReLU([3, 2, 2], bias=True),
            {"W1": [[1, 1, 0], [1, 0, 0]], "b2": [0, 1], "W2": [[1, 0], [1, 0]]},
            {"b2": [0, 1], "b1": [0, 1]},
        ),
        3,
        "intermediate",
    ),
    "relu_bounded_output": (
        tc.Allocation(RELU, {"W1": [[1, 0], [0, 0]], "W2": [[0, 1]]}), 2, "intermediate"
    ),
    "relu_interpolation": (
        tc.Allocation(
            tc.ShallowReLU([2, 2, 1], bias=True),
            {"W1": [[1, 1], [0, 0]], "W2": [[1, 0]], "b2": [1]},
        ),
        2,
        "maximal",
    ),
}  # fmt: skip

NF, NR = tc.Feedforward, tc.Recurrent
EXAMPLES |= {
    "full nonlinear": (tc.Allocation.full(NR(1, 2, 1, 2, activation="sin")), 2, "maximal"),
    "count nonlinear": (
        tc.Allocation(NF([2, 2, 2], activation="tanh"), {"W1": np.eye(2)}), 2, "minimal"
    ),
    "deficient_rank nonlinear": (
        tc.Allocation(
            NF([2, 2, 2], activation="sigmoid", bias=True), {"W2": [[1, 1], [0, 0]], "b2": [1, 1]}
        ),
        2,
        "minimal",
    ),
    "deficient_rank recurrent": (
        tc.Allocation(
            NR(1, 2, 2, 3, activation="softplus", bias=True),
            {"readout": [[1, 1], [0, 0]], "readout_bias": [1, 1]},
        ),
        2,
        "minimal",
    ),
    "full_rank nonlinear": (
        tc.Allocation(NF([2, 2, 2], activation="tanh"), {"W1": np.eye(2), "W2": np.eye(2)}),
        2,
        "positive",
    ),
    # One unit sees the constant only: all its weights act as the bias of the output does.
    "full_rank trials nonlinear": (
        tc.Allocation(
            NF([2, 2, 1], activation="tanh", bias=True),
            {"W1": [[1, 1], [0, 0]], "b1": [1, 0], "W2": [[1, 0]], "b2": [1]},
            {"W1": [[1, 1], [0, 0]]},
        ),
        6,
        "positive",
    ),
}  # fmt: skip


# Families that are mixed, so that only a real point tells that ranks are what they are.
MIXED = NF([2, 2, 2, 1], activation=["tanh", "erf"])
EXAMPLES |= {
    "real_full_rank": (tc.Allocation(MIXED, {"W2": [[1, 1], [0, 0]]}), 2, "positive"),
    "real_readout_rank": (tc.Allocation.layer(MIXED, "W3"), 2, "maximal"),
    "real_full_rank trials": (
        tc.Allocation(
            NF([2, 2, 1, 1], activation=["arctan", "sin"], bias=True),
            {"W1": [[1, 1], [0, 0]], "b1": [1, 0], "W2": [[1, 0]], "b2": [1], "W3": [[1]],
             "b3": [1]},
            {"W1": [[1, 1], [0, 0]]},
        ),
        9,
        "positive",
    ),
    "real_deficient_rank": (tc.Allocation(MIXED, {"W2": [[1, 0], [0, 0]]}), 2, "minimal"),
    "real_deficient_rank trials": (
        tc.Allocation(
            NR(1, 2, 2, 2, activation="erf", bias=True),
            {"readout": [[1, 1], [0, 0]], "readout_bias": [1, 1]},
            {"input": [[1], [0]]},
        ),
        2,
        "minimal",
    ),
}  # fmt: skip


EXAMPLES |= {
    "piecewise_point": (
        tc.Allocation(
            NF([1, 2, 2, 1], activation="relu"), {"W2": [[1, 0], [0, 0]], "W3": [[0, 1]]}
        ),
        2,
        "positive",
    ),
    "piecewise_point kinks": (
        tc.Allocation(
            NF([2, 2, 1, 1], activation=["hardtanh", "leaky_relu"], bias=True),
            {"W1": np.eye(2), "b3": [1]},
        ),
        2,
        "positive",
    ),
    "piecewise_cover": (
        tc.Allocation(NF([1, 2, 2, 1], activation="relu"), {"W2": [[1, 0], [0, 0]]}), 2, "minimal"
    ),
    "piecewise_cover unit": (
        tc.Allocation(
            NF([2, 2, 1, 2], activation="leaky_relu"), {"W1": [[1, 1], [1, 0]], "W2": [[1, 0]]}
        ),
        2,
        "minimal",
    ),
    # Both weights of one unit move the outputs in one direction.
    "piecewise_cover scaling": (
        tc.Allocation(
            NR(1, 2, 1, 1, activation="relu"), {"input": [[1], [0]], "readout": [[1, 0]]}
        ),
        2,
        "minimal",
    ),
    "piecewise_output": (
        tc.Allocation(
            NF([1, 2, 2, 1], activation=["leaky_relu", "relu"]), {"W2": [[1, 1], [0, 0]]}
        ),
        2,
        "intermediate",
    ),
    "piecewise_output recurrent": (
        tc.Allocation(
            NR(1, 2, 1, 2, "all", activation="hardtanh", bias=True),
            {"recurrent": np.eye(2), "bias": [1, 0]},
        ),
        1,
        "intermediate",
    ),
}  # fmt: skip


EXAMPLES |= {
    "readout_rank": (
        tc.Allocation(NF([2, 3, 1], activation="sin", bias=True), {"W2": [[1, 1, 0]], "b2": [1]}),
        3,
        "maximal",
    ),
    "readout_rank recurrent": (
        tc.Allocation(
            NR(1, 2, 1, 2, "all", activation="tanh"), {"readout": [[1, 1]]}, {"readout": [[1, 1]]}
        ),
        1,
        "maximal",
    ),
    "interpolating_units": (
        tc.Allocation(
            NF([2, 2, 2, 2], activation="silu"), {"W2": [[1, 1], [1, 1]], "W3": [[0, 1], [1, 0]]}
        ),
        2,
        "maximal",
    ),
    "interpolating_units sparse": (
        tc.Allocation(
            NF([2, 2, 2], activation="tanh"),
            {"W1": [[0, 0], [1, 1]], "W2": [[0, 1], [0, 0]]},
            {"W2": [[1, 1], [0, 0]]},
        ),
        2,
        "maximal",
    ),
    "solving_order": (
        tc.Allocation(
            NF([1, 2, 2], activation="arctan", bias=True),
            {"W1": [[1], [1]], "W2": [[1, 0], [0, 1]]},
            {"W2": [[1, 1], [0, 1]]},
        ),
        2,
        "maximal",
    ),
    "solving_order others": (
        tc.Allocation(
            NF([2, 3, 1], activation="tanh"), {"W1": [[1, 0], [0, 0], [0, 0]], "W2": [[1, 1, 0]]}
        ),
        3,
        "maximal",
    ),
    "solving_order at once": (
        tc.Allocation(
            NF([2, 2, 2], activation="erf"), {"W1": [[1, 0], [0, 1]], "W2": [[1, 1], [1, 1]]}
        ),
        3,
        "maximal",
    ),
    "solving_order deep": (
        tc.Allocation(
            NF([2, 2, 2, 1], activation="tanh"), {"W2": [[1, 0], [0, 0]], "W3": [[1, 1]]}
        ),
        3,
        "maximal",
    ),
    "solving_order bias": (
        tc.Allocation(
            NF([2, 1, 1], activation="arctan", bias=True), {"W1": [[1, 0]], "W2": [[1]], "b2": [1]}
        ),
        3,
        "maximal",
    ),
    "solving_order before": (
        tc.Allocation(
            NF([2, 2, 2], activation="tanh"),
            {"W1": [[1, 0], [0, 0]], "W2": [[1, 0], [1, 1]]},
            {"W2": [[1, 0], [1, 1]]},
        ),
        2,
        "maximal",
    ),
    "resting_units": (
        tc.Allocation(
            NF([2, 2, 1], activation="square", bias=True),
            {"W1": [[1, 1], [1, 0]], "b1": [1, 0], "W2": [[1, 1]], "b2": [1]},
        ),
        4,
        "maximal",
    ),
    "resting_units steps": (
        tc.Allocation(
            NF([2, 3, 2], activation="arctan", bias=True),
            {"W1": [[1, 0], [0, 1], [1, 1]], "b1": [1, 0, 0], "W2": [[1, 1, 0], [0, 0, 1]]},
        ),
        3,
        "maximal",
    ),
    "resting_units zero": (
        tc.Allocation(
            NF([2, 2, 2], activation="erf"),
            {"W1": [[1, 0], [1, 1]], "W2": [[1, 0], [0, 1]]},
        ),
        2,
        "maximal",
    ),
    "onto_layers": (
        tc.Allocation(
            NF([2, 3, 2, 2], activation="leaky_relu", bias=True),
            {"W1": [[1, 1], [1, 1], [0, 0]], "b1": [1, 1, 0]},
        ),
        3,
        "maximal",
    ),
    "onto_layers features": (
        tc.Allocation(
            NF([2, 3, 2, 1], activation=["tanh", "cube"]), {"W2": [[0, 0, 0], [1, 1, 1]]}
        ),
        3,
        "maximal",
    ),
    "missed_signs": (
        tc.Allocation(
            NF([2, 3, 2], activation="silu"),
            {"W1": [[1, 1], [0, 0], [0, 0]], "W2": [[1, 0, 0], [1, 1, 1]]},
        ),
        3,
        "intermediate",
    ),
    "one_sided_output": (
        tc.Allocation(NF([2, 2, 1], activation="gelu"), {"W1": [[1, 1], [0, 0]]}), 2, "intermediate"
    ),
    "one_sided_output recurrent": (
        tc.Allocation(NR(1, 1, 1, 2, activation="exp"), {"input": [[1]]}), 1, "intermediate"
    ),
    "bounded_readout": (
        tc.Allocation(NF([1, 2, 1], activation="tanh"), {"W1": [[1], [1]], "W2": [[1, 0]]}),
        3,
        "intermediate",
    ),
}  # fmt: skip


NC = tc.Convolutional
PADDED = [{"channels": 2, "kernel": 2, "padding": 1, "pool": 2}]
IMAGE = [{"channels": 1, "kernel": [2, 1], "stride": [1, 2]}, {"channels": 2, "kernel": [1, 2]}]
RESIDUAL = NF([2, 2, 2, 1], activation="sigmoid", bias=True, skip=True)
EXAMPLES |= {
    "full convolutional": (tc.Allocation.full(NC([1, 3], PADDED, 1, activation="gelu")), 2,
                           "maximal"),
    "count convolutional": (
        tc.Allocation(NC([1, 3], PADDED, 2, activation="tanh", bias=True), {"b1": [1, 1]}),
        2,
        "minimal",
    ),
    "deficient_rank convolutional": (
        tc.Allocation(NC([1, 3], PADDED, 2, activation="exp"), {"W2": [[1, 1, 1, 1], [0] * 4]}),
        2,
        "minimal",
    ),
    "full_rank convolutional": (
        tc.Allocation(
            NC([2, 2, 3], IMAGE, 1, activation=["softplus", "linear"], bias=True),
            {"W1": [[[[1], [0]], [[0], [1]]]], "b2": [0, 1], "W3": [[1, 0]]},
            {"W2": [[[[1, 1]]], [[[1, 0]]]]},
        ),
        3,
        "positive",
    ),
    "readout_rank convolutional": (
        tc.Allocation(NC([1, 3], PADDED, 1, activation="arctan"), {"W2": [[1, 1, 0, 1]]}),
        3,
        "maximal",
    ),
    "count residual": (
        tc.Allocation(NF([2, 2, 2], activation="erf", skip=True), {"W1": np.eye(2)}), 2, "minimal"
    ),
    "full_rank residual": (
        tc.Allocation(RESIDUAL, {"W1": np.eye(2), "b2": [1, 0]}, {"W1": [[1, 1], [0, 1]]}),
        3,
        "positive",
    ),
}  # fmt: skip


NO_DEGREES = Effort(seconds=0)


@cache
def certificate_of(name: str) -> Certificate:
    """The certificate of an example; a full rank alone is all that is known without degrees."""
    allocation, m, expressivity = EXAMPLES[name]
    effort = NO_DEGREES if expressivity == "positive" else DEFAULT_EFFORT
    certificate = tc.classify(allocation, m, effort=effort).certificate
    assert certificate is not None
    return certificate


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_kind_is_found_and_accepted(name):
    certificate = certificate_of(name)
    if "trials" not in name:
        assert certificate.kind == name.split()[0]
    assert certificate.expressivity == EXAMPLES[name][2]
    result = tc.check(json.loads(json.dumps(certificate.to_dict())))
    assert result, result.reason
    assert (result.kind, result.expressivity) == (certificate.kind, certificate.expressivity)
    assert Certificate.from_dict(certificate.to_dict()) == certificate


def test_examples_show_every_kind_that_the_checker_knows():
    assert {certificate_of(name).kind for name in EXAMPLES} == KINDS.keys()


def leaves(data, path=()):
    """The paths of all leaves, and of all lists (to be shortened), of a JSON value."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list):
        yield path
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))
    else:
        yield path


def corruptions(value):
    """Wrong values in place of one leaf."""
    if isinstance(value, bool) or value is None:
        return [1, "x"]
    if isinstance(value, int):
        return [value + 1, value - 1, value + 7, -value - 2, value + 17, 2**64, None, str(value)]
    if isinstance(value, float):
        return [value / 2, value * 2 + 1e-3, -1.0, "x"]
    if isinstance(value, str):
        return [value + "x", "", "W1", "T2", "maximal", "minimal", "weights", "equations", 3]
    return [value[:-1], [*value, *value[:1]], value[::-1], [], {}, None]


def corrupted(data):
    """Copies of `data` with one leaf or list changed."""
    for path in leaves(data):
        parent = data
        for key in path[:-1]:
            parent = parent[key]
        for wrong in corruptions(parent[path[-1]]):
            if wrong == parent[path[-1]] and type(wrong) is type(parent[path[-1]]):
                continue
            changed = copy.deepcopy(data)
            target = changed
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = wrong
            yield path, wrong, changed


@pytest.mark.long
def test_thousands_of_corrupted_certificates_are_all_refused():
    n = 0
    for name in EXAMPLES:
        for path, wrong, changed in corrupted(certificate_of(name).to_dict()):
            n += 1
            assert not tc.check(changed), (name, path, wrong)
    assert n > 5000


def redigested(data):
    data["digest"] = digest({key: value for key, value in data.items() if key != "digest"})
    return data


@cache
def actual(problem: str, effort: Effort) -> tuple[tc.Expressivity, int | None, int]:
    """The class, the target dimension and the number of learnables of a problem (JSON text)."""
    allocation, m = problem_from_dict(json.loads(problem))
    verdict = tc.classify(allocation, m, effort=effort)
    analysis = Analysis(allocation, m)
    if analysis.network.is_shallow_relu:
        target = analysis.relu.target
    elif analysis.network.is_piecewise_linear:
        target = analysis.piecewise.target
    else:
        target = analysis.target.value
    return verdict.expressivity, target, allocation.n_learnable


def claim_is_true(data) -> bool:
    """By classifying the problem that the certificate now states, whatever its evidence."""
    effort = (
        DEFAULT_EFFORT if data["kind"] in ("witness", "odd_degree", "graded_plan") else NO_DEGREES
    )
    expressivity, dimension, n_learnable = actual(json.dumps(data["problem"]), effort)
    target = data["target_dimension"]
    # A minimal claim needs (and states) D from below only.
    restated = target is None or target == dimension
    restated = restated or (data["expressivity"] == "minimal" and (target or 0) <= (dimension or 0))
    claimed = tc.Expressivity(data["expressivity"])
    follows = expressivity.possible <= claimed.possible
    return follows and restated and data["learnable"] == n_learnable


@pytest.mark.long
def test_corrupted_certificates_with_a_fresh_digest_are_refused_or_still_true():
    accepted = []
    n = 0
    for name in EXAMPLES:
        for path, wrong, changed in corrupted(certificate_of(name).to_dict()):
            n += 1
            result = tc.check(redigested(changed))
            if result:
                accepted.append((name, path, wrong))
                assert claim_is_true(changed), (name, path, wrong)
                assert result.error_bound <= changed["error_bound"] * (1 + 1e-6)
    assert n > 5000
    # Most of what passes is about another problem that the same evidence decides. Of the evidence
    # only what is free to choose may change: the order of a list (or which deficient lines it
    # names), which of two valid bounds is named, the way of a conflict path, another assignment,
    # colouring or classes; another minor, and the student's values at unknown weights. No other
    # number may, but for a smaller error of a rank, which more trials of the check reach.
    for name, path, wrong in accepted:
        if path[0] not in ("problem", "digest", "error_bound"):
            assert path[0] == "evidence", (name, path, wrong)
            is_free = {"conflict", "cells", "colours"} & set(path) or name == "block_forests"
            is_free = is_free or "student" in path
            # Other levels may work as well, or another number of functionals that are chosen.
            has_levels = "levels" in name or name.startswith("drawn_plan")
            is_free = is_free or (has_levels and {"units", "columns", "chosen"} & set(path))
            # Another plan: a system may be solved for other weights, another minor be found.
            is_free = is_free or (name == "graded_plan" and {"solved", "columns"} & set(path))
            # Another unit may solve the outputs of a step as well.
            is_free = is_free or (name.startswith("solving_order") and "steps" in path)
            is_free = is_free or "minor" in path or {"point", "regular"} & set(path)
            # Weights and inputs of a point, as far as its minor does not depend on them.
            is_free = is_free or {"weights", "inputs"} & set(path)
            assert isinstance(wrong, list) or path[-1] == "by" or is_free, (name, path, wrong)


@given(allocations(linear_networks), samples)
def test_a_certificate_does_not_serve_another_class(allocation, m):
    certificate = tc.classify(allocation, m, effort=NO_DEGREES).certificate
    assert certificate is not None
    for other in ("minimal", "maximal", "positive", "intermediate"):
        if other != certificate.expressivity:
            assert not tc.check(replace(certificate, expressivity=other))


@pytest.mark.parametrize("data", [None, 3, [], {}, {"kind": "minor"}, {"kind": ["count"]}, "x"])
def test_what_is_no_certificate_is_refused_with_a_reason(data):
    result = tc.check(data)
    assert not result
    assert result.reason


def test_a_verdict_that_claims_nothing_has_nothing_to_check():
    verdict = tc.classify(tc.Allocation.none(tc.ShallowReLU([1, 1, 2])), 2)
    assert verdict.certificate is None
    assert not tc.check(verdict.to_dict()["certificate"])


matrices = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 12), min_size=n, max_size=n), min_size=1, max_size=6)
)


@given(matrices, st.sampled_from([2, 3, 13, 4194319, 8388593]))
def test_plain_elimination_equals_flint(matrix, p):
    from flint import nmod_mat

    rank, determinant = plain.eliminate([[x % p for x in row] for row in matrix], p)
    reference = nmod_mat(matrix, p)
    assert rank == reference.rank()
    if len(matrix) == len(matrix[0]):
        assert determinant == int(reference.det())


@given(seeds)
def test_plain_products_are_exact_at_the_largest_residues(seed):
    rng = np.random.default_rng(seed)
    p = 8388593
    left = rng.integers(p - 3, p, (3, 40)).tolist()
    right = rng.integers(p - 3, p, (40, 2)).tolist()
    expected = [[sum(x * row[j] for x, row in zip(line, right, strict=True)) % p for j in range(2)]
                for line in left]  # fmt: skip
    assert plain.product(left, right, p) == expected


@pytest.mark.parametrize(
    ("learnable", "kind"), [("W3", "piecewise_point"), (None, "piecewise_cover")]
)
def test_piecewise_certificates_say_nothing_about_residual_layers(learnable: str | None, kind: str):
    """D = 1 on two samples: with residual layers, where no unit can be scaled, it is 2."""
    network = tc.Feedforward([1, 1, 1, 1], activation="leaky_relu")
    allocation = tc.Allocation(network, {learnable: [[1]]} if learnable else {})
    certificate = tc.classify(allocation, 2).certificate
    assert certificate is not None
    assert certificate.kind == kind
    assert tc.check(certificate)
    problem = {**certificate.problem, "network": {**certificate.problem["network"], "skip": True}}
    assert not tc.check(replace(certificate, problem=problem))
