"""Teachers with structure, and students whose frozen weights are given."""

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.measurement.teachers import structure_of
from theorycheck.measurement.trials import Source

NETWORK = tc.LinearFeedforward([3, 4, 4, 2], bias=True)
DRAWS = 200


def _teachers(network, teacher, seed=0):
    source = Source(tc.Allocation.none(network), 2, teacher=teacher)
    return source.teachers(np.random.default_rng(seed), DRAWS)


def test_a_sparse_teacher_has_its_share_of_weights_and_all_biases():
    weights = _teachers(NETWORK, "sparse:0.25")
    kept = np.concatenate([(weights[n] != 0).ravel() for n in ("W1", "W2", "W3")])
    assert abs(kept.mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / kept.size)
    assert all((weights[name] != 0).all() for name in ("b1", "b2", "b3"))


def test_matrices_of_low_rank_have_that_rank_and_smaller_ones_stay():
    weights = _teachers(NETWORK, "low_rank:2")
    assert (np.linalg.matrix_rank(weights["W1"]) == 2).all()
    assert (np.linalg.matrix_rank(weights["W2"]) == 2).all()
    plain = Source(tc.Allocation.none(NETWORK), 2).weights(np.random.default_rng(0), DRAWS)
    assert (weights["W3"] == plain["W3"]).all()
    assert (np.linalg.matrix_rank(_teachers(NETWORK, "low_rank:1")["W3"]) == 1).all()


@pytest.mark.parametrize("teacher", ["low_rank:2", "symmetric"])
def test_entries_keep_their_variance_where_they_are_not_on_a_diagonal(teacher):
    upper = _teachers(NETWORK, teacher)["W2"][:, *np.triu_indices(4, 1)]
    assert 0.75 < upper.var() < 1.25


def test_a_symmetric_teacher_is_symmetric_in_its_square_matrices_alone():
    weights = _teachers(NETWORK, "symmetric")
    assert (weights["W2"] == weights["W2"].swapaxes(1, 2)).all()
    assert weights["W1"].shape == (DRAWS, 4, 3)
    recurrent = _teachers(tc.LinearRecurrent(1, 3, 1, 3), "symmetric")["recurrent"]
    assert (recurrent == recurrent.swapaxes(1, 2)).all()


def test_masks_of_the_teacher_say_what_is_not_0():
    mask = np.eye(4, dtype=int)
    weights = _teachers(NETWORK, {"W2": mask})
    assert ((weights["W2"] != 0) == mask.astype(bool)).all()
    assert (weights["W1"] != 0).all()


@pytest.mark.parametrize(
    ("teacher", "words"),
    [
        ("dense", "teacher must be sparse:SHARE"),
        ("sparse:0", "above 0, up to 1"),
        ("sparse:nan", "above 0, up to 1"),
        ("sparse:x", "above 0, up to 1"),
        ("low_rank:0", "must be an integer from 1"),
        ("low_rank:-1", "teacher must be"),
        ({"W9": [[1]]}, "no weight 'W9'"),
        ({"W1": [[2]]}, 'teacher["W1"]'),
        (3, "must map weight names"),
    ],
)
def test_other_teachers_are_refused_in_words(teacher, words):
    with pytest.raises(tc.TheorycheckError, match="(?s)" + words.replace("[", r"\[")):
        tc.measure(tc.Allocation.none(NETWORK), 2, trials=1, teacher=teacher)


def test_structures_that_absent_connections_rule_out_are_refused():
    network = tc.LinearFeedforward([2, 2, 2])
    sparse = tc.Allocation(network, {}, {"W1": [[1, 1], [0, 1]]})
    for teacher, words in (("low_rank:1", "absent"), ("symmetric", "not symmetric")):
        with pytest.raises(tc.TheorycheckError, match=words):
            structure_of(sparse, teacher)
    with pytest.raises(tc.TheorycheckError, match="no square matrix"):
        structure_of(tc.Allocation.none(tc.LinearFeedforward([2, 3, 2])), "symmetric")


def test_a_teacher_of_rank_one_is_matched_by_one_learnable_layer_only_if_it_has_to_fit_one_row():
    """By hand: outputs C of rank one; y = W2 W1 x with only row 0 of W2 free is matched iff the
    other rows are, which frozen random rows never are; with one output they are."""
    one = tc.Allocation.layer(tc.LinearFeedforward([3, 3, 1]), "W2")
    found = tc.measure(one, 3, trials=100, teacher="low_rank:1")
    assert (found.matches, found.undecided) == (100, 0)
    part = tc.Allocation.rows(tc.LinearFeedforward([3, 3, 2]), {"W2": [0]})
    found = tc.measure(part, 3, trials=100, teacher="low_rank:1")
    assert (found.matches, found.undecided) == (0, 0)


def test_a_symmetric_teacher_needs_fewer_learnables_by_hand():
    """One layer 2-2, one frozen weight off the diagonal: matched where the teacher agrees there,
    never; all three others learnable and the frozen one 0 in both: always."""
    network = tc.LinearFeedforward([2, 2])
    lower = [[1, 0], [1, 1]]
    assert tc.measure(tc.Allocation(network, {"W1": lower}), 2, trials=50).matches == 0
    found = tc.measure(
        tc.Allocation(network, {"W1": lower}),
        2,
        trials=50,
        teacher={"W1": lower},
        weights={"W1": np.zeros((2, 2))},
    )
    assert (found.matches, found.given) == (50, ("W1",))


def test_what_is_told_of_structured_teachers_is_not_told_as_if_they_had_none():
    student = tc.Allocation.layer(tc.LinearFeedforward([3, 3, 2]), "W2")
    found = tc.measure(student, 3, trials=50, teacher="sparse:0.5")
    assert found.target_dimension is None
    assert found.teacher == "sparse:0.5"
    assert found.to_dict()["teacher"] == "sparse:0.5"
    assert "given" not in found.to_dict()
    relu = tc.Allocation.layer(tc.ShallowReLU([2, 3, 1]), "W2")
    assert tc.measure(relu, 2, trials=20).regular is not None
    assert tc.measure(relu, 2, trials=20, teacher="sparse:0.5").regular is None


@pytest.mark.parametrize(
    "network",
    [
        tc.LinearFeedforward([3, 3, 2]),
        tc.Feedforward([3, 3, 2], activation="tanh"),
        tc.ShallowReLU([3, 3, 2]),
    ],
)
def test_given_weights_are_the_same_in_all_draws_and_decide(network):
    """Readouts on three features of three samples match everything; equal rows leave two."""
    student = tc.Allocation.layer(network, "W2")
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(3, 3))
    source = Source(student, 3, given={"W1": rows, "W2": np.ones((2, 3))})
    weights = source.students(generator, 5)
    assert (weights["W1"] == rows).all()
    assert len(np.unique(weights["W2"])) == 30
    rows[1] = rows[0]
    assert tc.measure(student, 3, trials=40, weights={"W1": rows}).matches <= 20
    if not network.is_shallow_relu:
        assert tc.measure(student, 3, trials=40, weights={"W1": rows}).matches == 0
        assert tc.measure(student, 2, trials=40, weights={"W1": rows}).matches == 40


def test_given_weights_where_no_connection_is_are_refused():
    student = tc.Allocation(tc.LinearFeedforward([2, 2, 1]), {}, {"W1": [[1, 0], [1, 1]]})
    with pytest.raises(tc.TheorycheckError, match="this connection is absent"):
        tc.measure(student, 1, trials=1, weights={"W1": [[1, 1], [1, 1]]})


def test_over_budget_a_structured_teacher_is_still_matched_on_all_equations():
    """Equations are chosen as for teachers without structure: all outputs are fitted."""
    student = tc.Allocation.full(tc.LinearFeedforward([2, 2, 2]))
    found = tc.measure(student, 2, trials=40, teacher="low_rank:1")
    assert found.matches + found.undecided == 40
