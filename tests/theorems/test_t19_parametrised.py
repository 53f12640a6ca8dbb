"""T19 against exact ranks from the definition, plain allocations and ranks of real networks."""

import mpmath
import numpy as np
import pytest

import theorycheck as tc
from tests.shared.parametrised import exact_ranks, random_parametrization
from theorycheck.computing.options import Options
from theorycheck.problem.networks.unrolled import CONSTANT
from theorycheck.ranks.parametrised import ParametrizedPoint, parametrised_rank
from theorycheck.theorems import t19_parametrised
from theorycheck.theorems.analysis import Analysis

POLYNOMIAL = [
    tc.LinearFeedforward([3, 2]),
    tc.LinearFeedforward([2, 3, 2]),
    tc.LinearFeedforward([3, 2, 3], bias=True),
    tc.LinearFeedforward([2, 2, 2, 2]),
    tc.LinearRecurrent(2, 2, 2, 3),
    tc.LinearRecurrent(1, 2, 1, 3, "all"),
    tc.Feedforward([2, 3, 2], activation="square", bias=True),
    tc.Feedforward([2, 2, 2, 1], activation=["cube", "linear"]),
]


def analysis_of(own: tc.Parametrization, samples: int) -> Analysis:
    return Analysis(own.whole, samples, Options(), parametrization=own)


@pytest.mark.parametrize("number", range(len(POLYNOMIAL)))
def test_t19_is_minimal_where_the_exact_rank_is_too_small_and_nowhere_else(number):
    """Networks of polynomials, bases full of coincidences, ties in students and in teachers."""
    network, rng, classes = POLYNOMIAL[number], np.random.default_rng(number), set()
    for case in range(25):
        own, samples = random_parametrization(network, rng, 0.4), int(rng.integers(1, 4))
        verdict = tc.classify(own, samples, seed=case)
        rank, target = exact_ranks(own, samples, case)
        minimal = verdict.expressivity is tc.Expressivity.MINIMAL
        assert minimal == (rank < target), (own, samples, rank, target, verdict)
        assert verdict.rank in (None, rank if minimal else target)
        assert verdict.target_dimension in (None, target)
        classes.add(verdict.expressivity)
    assert len(classes) > 1


def test_ranks_are_those_of_the_definition():
    """Also where the rank is larger than D: all parameters, no upper bound that stops early."""
    rng = np.random.default_rng(7)
    for case in range(60):
        network = POLYNOMIAL[case % len(POLYNOMIAL)]
        own, samples = random_parametrization(network, rng), int(rng.integers(1, 4))
        upper = min(own.n_moving, network.n_equations(samples))
        found = parametrised_rank(own, samples, upper=upper, seed=case)
        assert found.value == exact_ranks(own, samples, case)[0]
        assert found.error_bound < 1e-9


def test_low_rank_updates_of_linear_layers_are_allocations_with_a_layer_more():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(40):
        widths = [int(n) for n in rng.integers(2, 5, rng.integers(2, 5))]
        network, samples = tc.LinearFeedforward(widths), int(rng.integers(1, 4))
        names = [name for name in network.weight_shapes if rng.random() < 0.7]
        ranks = {name: int(rng.integers(1, 4)) for name in names}
        own = tc.Parametrization(network, {n: tc.LowRank(r) for n, r in ranks.items()})
        found = tc.classify(own, samples)
        known = tc.classify(tc.Allocation.low_rank(network, ranks), samples)
        assert own.n_parameters == known.learnable
        assert_compatible(found, known)
        if known.rank is not None and found.rank is not None:
            assert found.rank == known.rank
        assert found.target_dimension in (None, known.target_dimension)
        seen.add(found.expressivity)
    assert len(seen) >= 2


@pytest.mark.parametrize("activation", ["linear", "tanh", "cube"])
def test_free_entries_of_a_random_base_are_an_allocation(activation):
    rng = np.random.default_rng(2)
    for _ in range(25):
        widths = [int(n) for n in rng.integers(1, 4, rng.integers(2, 5))]
        network = tc.Feedforward(widths, activation=activation, bias=bool(rng.integers(2)))
        plain, samples = tc.Allocation.random(network, 5, rng) if network.n_weights >= 5 else (
            tc.Allocation.full(network)), int(rng.integers(1, 4))  # fmt: skip
        masks = {name: tc.Entries(plain.mask(name)) for name in plain.counts}
        found = tc.classify(tc.Parametrization(network, masks), samples)
        known = tc.classify(plain, samples, theorems=None, cross_check=False)
        assert found.learnable == known.learnable
        assert_compatible(found, known)
        if found.rank is not None and known.rank is not None:
            assert found.rank == known.rank


def assert_compatible(found: tc.Verdict, known: tc.Verdict) -> None:
    """Minimal together; T19 may leave open what other theorems know of single weights."""
    minimal = tc.Expressivity.MINIMAL
    assert (found.expressivity is minimal) == (known.expressivity is minimal)
    if found.expressivity is tc.Expressivity.MAXIMAL:
        assert known.expressivity in (tc.Expressivity.MAXIMAL, tc.Expressivity.POSITIVE)


def real_rank(own: tc.Parametrization, samples: int, rng: np.random.Generator) -> int:
    """The rank of a tanh network in the parameters at a real point, in 60 digits."""
    mpmath.mp.dps = 60
    point = ParametrizedPoint(own, 8388587, int(rng.integers(99)), 0)

    def reals(values):
        return np.vectorize(lambda x: mpmath.mpf(int(x) % 1999 - 999) / 999, otypes=[object])(
            values
        )

    base = {name: reals(rng.integers(0, 10**6, w.shape)) for name, w in point.weights.items()}
    for name, given in own.values.items():
        base[name] = np.vectorize(mpmath.mpf, otypes=[object])(given)
    blocks = {block.name: reals(rng.integers(0, 10**6, block.shape)) for block in own.blocks}
    for name, form in own.forms.items():
        if form.rank:
            p, q = own.network.weight_shapes[name]
            for kind, shape in (("A", (form.rank, q)), ("B", (p, form.rank))):
                blocks.setdefault(f"{name}.{kind}", reals(rng.integers(0, 10**6, shape)))
    inputs = reals(rng.integers(0, 10**6, (own.network.inputs, samples)))
    step = mpmath.mpf(10) ** -25

    def outputs(moved=None):
        here = {name: value.copy() for name, value in blocks.items()}
        if moved is not None:
            here[moved[0]][moved[1]] += step
        weights = {}
        for name, form in own.forms.items():
            weight = base[name]
            if form.entries.any():
                weight = weight + here[f"{name}.entries"] * form.entries
            weight = weight + here[f"{name}.B"] @ here[f"{name}.A"] if form.rank else weight
            if form.rows:
                scale = here[form.rows]
                weight = weight * (scale[:, None] if weight.ndim == 2 else scale)
            weights[name] = weight * here[form.columns] if form.columns else weight
        for name, tied in own.ties.items():
            weights[name] = weights[tied.to].T if tied.transposed else weights[tied.to]
        values, read = [], own.network.unrolled.read
        for level in own.network.unrolled.levels:
            if not level.terms:
                ones = np.full((1, samples), mpmath.mpf(1), dtype=object)
                values.append(ones if level.group == CONSTANT else inputs)
                continue
            z = sum(weights[n].reshape(level.size, -1) @ values[k] for n, k in level.terms)
            is_linear = level.activation == "linear"
            values.append(z if is_linear else np.vectorize(mpmath.tanh, otypes=[object])(z))
        return values[read[0]].ravel()

    start, rows = outputs(), []
    for block in own.blocks:
        for index in np.ndindex(*block.shape):
            rows.append((outputs((block.name, index)) - start) / step)
    if not rows:
        return 0
    singular = mpmath.svd_r(mpmath.matrix([list(row) for row in rows]), compute_uv=False)
    return sum(1 for value in singular if value > mpmath.mpf(10) ** -15)


def test_ranks_of_tanh_networks_are_those_at_real_points():
    """Equal with a random base and no ties; else the oracle is an upper bound."""
    rng, n_exact = np.random.default_rng(3), 0
    for case in range(24):
        network = tc.Feedforward([2, 3, 2], activation="tanh", bias=case % 2 == 1)
        own, samples = random_parametrization(network, rng), int(rng.integers(1, 4))
        upper = min(own.n_moving, network.n_equations(samples))
        found = parametrised_rank(own, samples, upper=upper, seed=case).value
        real = real_rank(own, samples, rng)
        assert real <= found
        if t19_parametrised.why_rank_open(own) is None:
            n_exact += 1
            assert real == found, own
    assert n_exact > 8


def test_affine_parameters_solve_every_teacher():
    """W + B A with A frozen: y = (W + B A) x is solved for B if A X has full rank."""
    network = tc.LinearFeedforward([4, 3])
    half = tc.Parametrization(network, {"W1": tc.LowRank(2, train=("B",))})
    assert tc.classify(half, 2).expressivity is tc.Expressivity.MAXIMAL
    assert tc.classify(half, 3).expressivity is tc.Expressivity.MINIMAL
    nothing = tc.Parametrization(network, {})
    assert tc.classify(nothing, 1).expressivity is tc.Expressivity.MINIMAL


def test_tied_teachers_are_another_question():
    network = tc.LinearFeedforward([3, 2, 3])
    tied = {"W1": tc.Entries(), "W2": tc.Tied("W1", transposed=True)}
    free, both = (tc.Parametrization(network, tied, tied_teacher=t) for t in (False, True))
    assert tc.classify(free, 3).expressivity is tc.Expressivity.MINIMAL
    assert tc.classify(free, 3).target_dimension == 8
    assert tc.classify(both, 3).expressivity is tc.Expressivity.MAXIMAL
    frozen = {"W1": tc.LowRank(1), "W2": tc.Tied("W1", transposed=True)}
    found = tc.classify(tc.Parametrization(network, frozen, tied_teacher=True), 3)
    assert found.expressivity is tc.Expressivity.MINIMAL
    assert found.target_dimension == 5  # symmetric matrices of rank 2; the weights move in 4


def test_what_is_not_known_stays_open_with_the_reason():
    network = tc.Feedforward([3, 3, 3], activation="tanh")
    tied = tc.Parametrization(network, {"W1": tc.Entries(), "W2": tc.Tied("W1")})
    given = tc.Parametrization(network, {"W1": tc.LowRank(3)}, base={"W1": np.eye(3)})
    for own, word in ((tied, "tied"), (given, "given")):
        verdict = tc.classify(own, 1)
        assert verdict.expressivity is tc.Expressivity.UNDECIDED
        assert verdict.certificate is None
        assert word in verdict.reason
        assert tc.classify(own, 9).expressivity is tc.Expressivity.MINIMAL
    relu = tc.Parametrization(
        tc.Feedforward([2, 2, 2, 2], activation="relu"), {"W1": tc.LowRank(1)}
    )
    assert "not analytic" in tc.classify(relu, 1).reason


def test_the_gauge_of_low_rank_updates_is_told():
    network = tc.LinearFeedforward([9, 8])
    own = tc.Parametrization(network, {"W1": tc.LowRank(4)})
    assert own.n_parameters - own.n_moving == 16
    assert "4^2 = 16 of the parameters of W1 only change the basis" in tc.classify(own, 9).reason


def test_large_layers_are_never_taken_apart_into_single_weights():
    """The Jacobian of all weights would have 200,000 columns."""
    network = tc.Feedforward([784, 256, 10], activation="tanh")
    own = tc.Parametrization(network, {"W1": tc.LowRank(8), "W2": tc.LowRank(8)})
    verdict = tc.classify(own, 100)
    assert (verdict.rank, verdict.learnable) == (1000, 10448)


def test_t19_says_nothing_of_single_weights():
    analysis = Analysis(tc.Allocation.full(tc.LinearFeedforward([2, 2])), 1)
    assert t19_parametrised.why_not(analysis) is not None


def test_outputs_behind_units_that_absent_readouts_leave_out_are_not_affine():
    """y1 = r tanh(b x) with b frozen forces r, so |y2| < |r|: no teacher beyond it is matched."""
    network = tc.Recurrent(1, 2, 1, 3, readout="all", activation="tanh")
    for terms in (tc.Entries(), tc.Scaling("rows"), tc.LowRank(2, train=("B",))):
        weights = {"recurrent": terms, "readout": tc.Entries()}
        student = tc.Parametrization(network, weights, {"readout": [[1, 0]]})
        verdict = tc.classify(student, samples=1)
        assert verdict.expressivity.value != "maximal"


def test_recurrent_weights_that_act_once_are_affine_for_the_checker_too():
    network = tc.LinearRecurrent(2, 3, 2, 2)
    student = tc.Parametrization(network, {"recurrent": tc.LowRank(3, train=("B",))})
    verdict = tc.classify(student, samples=1)
    assert verdict.expressivity.value == "maximal"
    assert verdict.certificate is not None
    assert tc.check(verdict.certificate)


def test_what_is_given_of_frozen_weights_is_the_base():
    student = tc.Parametrization(tc.LinearFeedforward([2, 2, 1]), {"W2": tc.LowRank(1)})
    with pytest.raises(tc.TheorycheckError, match="as `base`"):
        tc.classify(student, samples=1, weights={"W1": np.zeros((2, 2))})


@pytest.mark.parametrize("wrong", [3, tc.LowRank, "rows"])
def test_what_is_no_term_is_refused_in_words(wrong):
    with pytest.raises(tc.TheorycheckError, match="must be Entries, LowRank, Scaling or Tied"):
        tc.Parametrization(tc.LinearFeedforward([2, 2, 1]), {"W1": wrong})


@pytest.mark.parametrize("train", [None, 5, [["A"]], ("B", "B"), "A", ()])
def test_factors_are_named_once(train):
    with pytest.raises(tc.TheorycheckError, match="train must name factors"):
        tc.LowRank(1, train=train)
