"""Students over budget: square parts of them match what a search misses, and nothing else."""

import numpy as np

import theorycheck as tc
from theorycheck.computing.deadline import NEVER
from theorycheck.measurement import methods, restrictions

# Maximal: every draw has a match, and a search with one start misses many of them.
OPEN = tc.Allocation(
    tc.LinearFeedforward([3, 3, 3]),
    {"W1": [[1, 0, 0], [0, 1, 1], [1, 1, 0]], "W2": [[1, 1, 0], [0, 1, 0], [1, 0, 1]]},
)
# One learnable more than equations, in a row that is matched alone: the rest is (2, 3, 2) with four
# learnables and two complex solutions.
WASTED = tc.Allocation(
    tc.LinearFeedforward([2, 3, 3]),
    {"W1": [[1, 0], [0, 1], [0, 0]], "W2": [[1, 0, 0], [0, 1, 0], [1, 1, 1]]},
)


def measured(allocation, samples, **options):
    return tc.measure(allocation, samples, trials=100, backend="numpy", seed=3, **options)


def test_square_parts_match_what_a_search_misses(monkeypatch):
    found = measured(OPEN, 3, restarts=1)
    assert (found.matches, found.undecided) == (100, 0)
    monkeypatch.setattr(methods, "square_parts", lambda *_, **__: [])
    assert measured(OPEN, 3, restarts=1).undecided > 10


def test_no_draw_is_matched_that_has_no_match():
    """The part that has no learnable to spare has a real solution in about nine draws of ten."""
    square = tc.Allocation(
        tc.LinearFeedforward([2, 3, 2]),
        {"W1": [[1, 0], [0, 1], [0, 0]], "W2": [[1, 0, 0], [0, 1, 0]]},
    )
    truth = measured(square, 2)
    assert truth.undecided == 0
    found = measured(WASTED, 2, restarts=1)
    assert found.matches + found.undecided == 100  # over budget nothing shows that there is none
    assert found.undecided >= 2
    assert abs(found.matches - truth.matches) <= 12  # two binomial counts of one probability


def test_parts_are_square_and_come_again():
    """Of (2, 1, 3, 2), where three of four equations are independent."""
    rank = 3
    network = tc.LinearFeedforward([2, 1, 3, 2])
    student = tc.Allocation(network, {"W1": [[1, 1]], "W3": [[1, 0, 0], [1, 0, 0]]})
    trials = methods.LinearTrials(methods.Source(student, 2))
    parts = restrictions.square_parts(trials, rank, 0, most=20, deadline=NEVER)
    assert parts
    for part in parts:
        assert len(part.trials.entries) == rank
        assert {*part.trials.entries, *part.others} == set(trials.entries)
        assert part.start.count >= 1
    again = restrictions.square_parts(trials, rank, 0, most=20, deadline=NEVER)
    assert [part.others for part in again] == [part.others for part in parts]
    assert np.array_equal(again[0].start.search.solutions, parts[0].start.search.solutions)
