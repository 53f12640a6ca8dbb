"""The public strategies in the ranges that the tests were made for, and shares of effort."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from hypothesis import strategies as st

from theorycheck import Effort, strategies
from theorycheck.strategies import allocations, present_masks

__all__ = ["allocations", "present_masks"]  # the rest is defined here

# Degrees take seconds where ranks take milliseconds: none, and those of small systems only.
# Limits are those of work: answers of tests do not depend on how fast the machine is.
NO_DEGREES = Effort(seconds=0)
WORK_ONLY = Effort(seconds=math.inf, paths=100_000)
SMALL_DEGREES = replace(WORK_ONLY, degree=6, unknowns=4, instances=50, bases=1)

feedforward_networks = partial(strategies.feedforward_networks, max_depth=4)
recurrent_networks = strategies.recurrent_networks
linear_networks = st.one_of(feedforward_networks(), recurrent_networks())
# Linear, or shallow ReLU: for what speaks of such ones alone.
plain_networks = st.one_of(linear_networks, strategies.relu_networks(max_width=4, bias=None))
# Each weight joins two units.
networks_of_units = st.one_of(
    plain_networks,
    strategies.deep_networks(),
    strategies.nonlinear_recurrent_networks(),
    strategies.residual_networks(),
)
networks = st.one_of(
    networks_of_units,
    strategies.convolutional_networks(),
)
samples = strategies.samples()
seeds = strategies.seeds()
