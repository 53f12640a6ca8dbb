# %% [markdown]
# # Property-based verification
#
# Code about allocations, and beliefs about them, can be tested on random problems of all kinds: a
# rule that holds, and a belief that does not, with the smallest counterexample.
#
# Run it with `python examples/property_test.py`, entry by entry, or with `pytest
# examples/property_test.py`.

# %%
from hypothesis import given, note, settings

import theorycheck as tc
from theorycheck import strategies

RANKS_ONLY = tc.Effort(seconds=0)  # no degrees: a verdict takes milliseconds
SMALL_DEGREES = tc.Effort(seconds=5, degree=4, unknowns=4, instances=50, bases=1)
BAD = (tc.Expressivity.MINIMAL, tc.Expressivity.INTERMEDIATE)

# %% [markdown]
# ## A rule that holds
#
# The code under test is a quick rule to discard allocations that are too small. What it discards
# must be minimal. Hypothesis draws networks, masks and numbers of samples; `strategies.describe`
# shows the problem if the rule fails on one.


# %%
def may_be_skipped(allocation: tc.Allocation, samples: int) -> bool:
    """The code under test: my own quick rule to discard allocations that are too small."""
    network = allocation.network
    assert isinstance(network, tc.LinearFeedforward)
    columns = min(samples, network.inputs)
    rank = min(columns, *network.widths[1:])
    return allocation.n_learnable < rank * (network.outputs + columns - rank)


@settings(deadline=None, derandomize=True)
@given(strategies.problems(strategies.feedforward_networks(bias=False), dense=True))
def test_what_is_skipped_is_minimal(problem: tc.Problem) -> None:
    """What holds: checked on 100 problems of all kinds."""
    note(strategies.describe(*problem))  # shown with a counterexample
    if may_be_skipped(*problem):
        verdict = tc.classify(*problem, effort=RANKS_ONLY)
        assert verdict.expressivity == tc.Expressivity.MINIMAL


# %% [markdown]
# ## A belief that does not hold
#
# Spreading as many learnable weights over layers, rows and columns never hurts?
# `strategies.smallest` searches for the smallest problem on which it does.


# %%
def spread_evenly(problem: tc.Problem) -> tc.Problem:
    """As many learnables, spread over layers, rows and columns."""
    allocation, samples = problem
    spread = tc.Allocation.spread(allocation.network, allocation.n_learnable)
    return tc.Problem(spread, samples)


def spreading_hurts(problem: tc.Problem) -> bool:
    """Whether the allocation is maximal, and spread evenly it is not."""
    if tc.classify(*problem, effort=RANKS_ONLY).expressivity != tc.Expressivity.MAXIMAL:
        return False
    return tc.classify(*spread_evenly(problem), effort=SMALL_DEGREES).expressivity in BAD


def counterexample() -> tc.Problem:
    """The smallest problem found for which "spreading over layers never hurts" is wrong."""
    small = strategies.feedforward_networks(max_depth=2, max_width=2, bias=False)
    return strategies.smallest(strategies.one_layer_problems(small), spreading_hurts)


def test_spreading_can_hurt() -> None:
    """What does not hold: an example of it."""
    assert spreading_hurts(counterexample())


# %% [markdown]
# ## Both, in print


# %%
def main() -> None:
    """Run both and tell what was found."""
    test_what_is_skipped_is_minimal()
    print("What my rule skips is minimal: holds on 100 problems.")
    print("\nSpreading over layers never hurts: wrong.")
    found = counterexample()
    for problem in (found, spread_evenly(found)):
        verdict = tc.classify(*problem, effort=SMALL_DEGREES)
        print(strategies.describe(*problem))
        print(f"  {verdict.expressivity} by {verdict.theorem}: {verdict.reason}")


if __name__ == "__main__":
    main()
