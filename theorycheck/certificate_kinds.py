"""The one table of all kinds of certificates: what each speaks of, and where it is described.

It holds facts only, so that whoever must know no other can look at it: the checker has a check for
each kind (`checker/registry.py`), the pictures a drawing (`plots/marks/registry.py`), the page
`docs/certificates.md` a row under the heading, and `docs/pictures.md` one, too. A test fails for a
kind that lacks any of these, and for one whose facts the page tells otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

F, R, S = "linear_feedforward", "linear_recurrent", "shallow_relu"  # as on the page
NF, NR, NC = "feedforward", "recurrent", "convolutional"  # nonlinear
NS = "residual feedforward"  # nonlinear, some layers adding what they read: no NF here
LARGEST_ERROR = 1e-9  # of what rests on no degree
_NO, _TARGET, _BOTH = (False, False), (False, True), (True, True)


@dataclass(frozen=True)
class Scope:
    """What a kind speaks of under one theorem: the kinds of networks, with biases or without."""

    theorem: str
    networks: tuple[str, ...]
    biases: bool = False


@dataclass(frozen=True)
class CertificateKind:
    """A kind of certificate.

    `heading` is that of its section in `docs/certificates.md`; `scopes` are the theorems it comes
    by; `classes` are those that it shows; `keys` are those of its evidence, `may` others that it
    may have; `states` says which of rank and target dimension are stated (not null). `sparse`,
    `given` and `weights` tell whether absent connections, given inputs that do not span, and given
    frozen weights are allowed. A
    claim may be wrong with probability `largest_error` at most, unless another bound is asked for;
    for a kind that `rests_on_another` it is that of the certificate in its evidence.
    """

    name: str
    heading: str
    scopes: tuple[Scope, ...]
    classes: tuple[str, ...]
    keys: frozenset[str]
    may: frozenset[str] = frozenset()
    states: tuple[bool, bool] = _NO
    sparse: bool = False
    given: bool = False
    weights: bool = False
    largest_error: float = LARGEST_ERROR
    rests_on_another: bool = False


def _kind(
    name: str, heading: str, scopes: tuple[Scope, ...], classes: str, keys: str, **more: Any
) -> CertificateKind:
    classes_, keys_ = tuple(classes.split()), frozenset(keys.split())
    return CertificateKind(name, heading, scopes, classes_, keys_, **more)


def _by(theorem: str, *networks: str, biases: bool = True) -> tuple[Scope]:
    return (Scope(theorem, networks, biases),)


# About the mask of one layer: the last one (T3), any one (T4), and of two recurrent steps (T5).
_LAST, _LAYER = _by("T3", F, biases=False), _by("T4", F) + _by("T5", R, biases=False)
_RECURRENT, _PEELING = _by("T5", R, biases=False), _by("T9", F, biases=False)
_LEVELS = _by("T14", F, biases=False)
_DEEP_LEVELS = _by("T16", F, biases=False)
_PLANS = _by("T13", F, biases=False) + _LEVELS + _DEEP_LEVELS
_DRAWN_PLANS = _by("T13", F) + _by("T14", F)
_SHALLOW, _DEGREES, _ANALYTIC = _by("T10", S), (F, R, NF, NR), (NF, NS, NR, NC)
_PIECEWISE = _by("T11", NF, NR)
_PARTS = _by("T0", F, R, *_ANALYTIC) + _by("T18", F, biases=False)
_ANY_READOUT = _by("T12", *_ANALYTIC)
_READOUT, _LAYERS = _by("T12", NF, NR), _by("T12", NF)
_POSITIVITY = _by("T1", F, R) + _by("T11", *_ANALYTIC)
_AT_REAL_POINTS = _by("T11", *_ANALYTIC)
_COUNTS, _RANKS, _BOUNDS = "Counts and graphs", "Ranks", "Bounds on the number of solutions"
_SOLUTIONS, _RELU, _NONLINEAR = "Solutions", "Shallow ReLU networks", "Nonlinear networks"
_PIECES, _PLANS_HEADING = "Piecewise linear networks", "Plans"
_ANY: dict[str, Any] = {"sparse": True, "given": True}
_DRAWN: dict[str, Any] = {"sparse": True}  # random inputs only
_FULL: dict[str, Any] = {"states": _BOTH, **_ANY}
_WEIGHTS: dict[str, Any] = {"weights": True, **_ANY}
_FULL_WEIGHTS: dict[str, Any] = {"weights": True, **_FULL}
_SOLVED: dict[str, Any] = {"states": _BOTH, **_DRAWN, "largest_error": 1e-6}
_ALL = (
    _kind("degree_count", _COUNTS, _LAST + _LAYER, "minimal maximal",
          "place axis needed deficient smallest"),
    _kind("bottleneck", _COUNTS, _LAST + _LAYER, "minimal", "place width needed"),
    _kind("support_count", _COUNTS, _LAYER, "minimal maximal", "place axis needed found"),
    _kind("cycle", _COUNTS, _LAYER, "minimal", "place cycle"),
    _kind("forest", _COUNTS, _LAYER, "maximal", "place frozen"),
    _kind("two_dimensions", _COUNTS, _LAYER, "minimal maximal", "place axis full left found"),
    _kind("rectangle", _COUNTS, _LAYER, "minimal", "place rows columns frozen most"),
    _kind("peeling_order", _COUNTS, _LAYER, "maximal", "place peeled"),
    _kind("assignment", _COUNTS, _LAYER, "maximal", "place peeled axis cells"),
    _kind("two_forests", _COUNTS, _LAYER, "maximal", "place peeled order"),
    _kind("colouring", _COUNTS, _LAYER, "maximal", "place axis colours"),
    _kind("block_forests", _COUNTS, _LAYER, "maximal", "place peeled rows columns"),
    _kind("frozen_direct_path", _COUNTS, _RECURRENT, "minimal", "samples delayed_inputs"),
    _kind("outside_count", _COUNTS, _RECURRENT, "minimal",
          "place rows columns found needed target_lower", states=_TARGET),
    _kind("full", _COUNTS, _by("T0", F, R, S, *_ANALYTIC), "maximal", "", **_WEIGHTS),
    _kind("sub_allocation", _COUNTS, _PARTS, "maximal", "learnable certificate",
          may=frozenset({"inputs"}), rests_on_another=True, **_WEIGHTS),
    _kind("peeled", _COUNTS, _PEELING, "minimal maximal intermediate", "steps certificate",
          rests_on_another=True),
    _kind("plan", _PLANS_HEADING, _PLANS, "maximal", "steps certificate", rests_on_another=True),
    _kind("levels", _PLANS_HEADING, _LEVELS, "maximal",
          "pair axis lines units columns chosen minor", may=frozenset({"values"})),
    _kind("drawn_plan", _PLANS_HEADING, _DRAWN_PLANS, "maximal", "steps rest", **_DRAWN),
    _kind("deep_levels", _PLANS_HEADING, _DEEP_LEVELS, "maximal",
          "pair axis lines bases units columns chosen minor"),
    _kind("graded_plan", _PLANS_HEADING, _by("T15", R, biases=False), "maximal",
          "fitted growing zero solved columns", **_DRAWN),
    _kind("count", _RANKS, _POSITIVITY, "minimal", "target_lower", states=_TARGET, **_WEIGHTS),
    _kind("deficient_rank", _RANKS, _POSITIVITY, "minimal", "target_lower", **_FULL_WEIGHTS),
    _kind("full_rank", _RANKS, _POSITIVITY, "positive", "minor target_upper",
          may=frozenset({"conflict"}), **_FULL_WEIGHTS),
    _kind("affine_full_rank", _RANKS, _by("T2", F, R), "maximal", "minor target_upper",
          **_FULL_WEIGHTS),
    _kind("real_deficient_rank", _RANKS, _AT_REAL_POINTS, "minimal", "rank minor", **_WEIGHTS),
    _kind("real_full_rank", _RANKS, _AT_REAL_POINTS, "positive", "minor target_upper",
          **_FULL_WEIGHTS),
    _kind("structural_cover", _BOUNDS, _by("T6", F, R), "minimal",
          "equations learnables target_lower", states=_TARGET, **_WEIGHTS),
    _kind("group_bezout", _BOUNDS, _by("T6", F), "maximal", "side minor target_upper",
          **_FULL_WEIGHTS),
    _kind("triangular", _BOUNDS, _by("T6", F), "maximal", "order minor target_upper",
          **_FULL_WEIGHTS),
    _kind("odd_degree", _SOLUTIONS, _by("T6", *_DEGREES), "maximal", "blocks minor target_upper",
          **_SOLVED),
    _kind("witness", _SOLUTIONS, _by("T7", *_DEGREES), "intermediate", "block minor target_upper",
          **_SOLVED),
    _kind("readout_rank", _NONLINEAR, _ANY_READOUT, "maximal", "minor target_upper",
          **_FULL_WEIGHTS),
    _kind("real_readout_rank", _NONLINEAR, _ANY_READOUT, "maximal", "minor target_upper",
          **_FULL_WEIGHTS),
    _kind("interpolating_units", _NONLINEAR, _LAYERS, "maximal", "units", **_ANY),
    _kind("solving_order", _NONLINEAR, _LAYERS, "maximal", "steps minor target_upper",
          states=_BOTH, **_DRAWN),
    _kind("resting_units", _NONLINEAR, _LAYERS, "maximal", "steps zero groups minor target_upper",
          states=_BOTH, **_DRAWN),
    _kind("onto_layers", _NONLINEAR, _LAYERS, "maximal", "layer matched", **_ANY),
    _kind("missed_signs", _NONLINEAR, _LAYERS, "intermediate", "output minor target_upper",
          **_FULL),
    _kind("one_sided_output", _NONLINEAR, _READOUT, "intermediate", "output minor target_upper",
          **_FULL),
    _kind("bounded_readout", _NONLINEAR, _READOUT, "intermediate",
          "rank rank_error_bound minor target_upper", **_FULL),
    _kind("piecewise_cover", _PIECES, _PIECEWISE, "minimal", "outputs units learnables regular",
          **_DRAWN),
    _kind("piecewise_point", _PIECES, _PIECEWISE, "positive", "point", states=_BOTH, **_DRAWN),
    _kind("piecewise_output", _PIECES, _by("T12", NF, NR), "intermediate", "output point",
          states=_BOTH, **_DRAWN),
    _kind("relu_count", _RELU, _SHALLOW, "minimal", "regular", states=_TARGET, **_DRAWN),
    _kind("relu_cover", _RELU, _SHALLOW, "minimal", "equations learnables units regular",
          states=_TARGET, **_DRAWN),
    _kind("relu_patterns", _RELU, _SHALLOW, "minimal", "patterns regular", states=_BOTH, **_DRAWN),
    _kind("relu_point", _RELU, _SHALLOW, "positive", "point", states=_BOTH, **_DRAWN),
    _kind("relu_bounded_output", _RELU, _SHALLOW, "intermediate", "output point",
          states=_BOTH, **_DRAWN),
    _kind("relu_missed_sample", _RELU, _SHALLOW, "intermediate",
          "output unit samples point regular", states=_BOTH, **_DRAWN),
    _kind("relu_interpolation", _RELU, _SHALLOW, "maximal", "units", states=_BOTH, **_DRAWN),
)  # fmt: skip
KINDS: dict[str, CertificateKind] = {kind.name: kind for kind in _ALL}


def kind_of(name: object) -> CertificateKind | None:
    """The kind of this name, if there is one: a certificate may name anything.

    >>> kind_of("forest").classes, kind_of(["forest"])
    (('maximal',), None)
    """
    return KINDS.get(name) if isinstance(name, str) else None
