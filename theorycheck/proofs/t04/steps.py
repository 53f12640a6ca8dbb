"""The steps of T4 that a machine checks, numbered as the parts of the proof."""

from __future__ import annotations

from functools import partial

from ..base import ProofStep
from ..shared import rigidity
from ..shared.rigidity import Entries
from . import checks as checks
from . import constructions as constructions
from . import rules as rules
from . import symbolic as symbolic
from .checks import on
from .rules import CASES, ScopedRule

_SMALL = tuple((p, q) for p in (1, 2, 3, 4) for q in (1, 2, 3, 4))
_UP_TO_12 = tuple((p, q) for p, q in _SMALL if p * q <= 12)
_ROWS, _COLUMNS, _ONE_OUTPUT, _ONE_SAMPLE, _FOREST, _TWO_OUTPUTS, _TWO_SAMPLES, _COUNT = CASES


def _mistaken(case: ScopedRule, change: tuple[int, int]) -> ScopedRule:
    """The same case with d and m_e in the rule off by `change`."""
    rule = case.rule
    return ScopedRule(case.applies, lambda masks, d, m: rule(masks, d + change[0], m + change[1]))


def _too_few_pairs(masks: Entries, d: int, m: int) -> rules.Said:
    """d = 2 with m' counted from all columns, not only from the full ones."""
    is_full = masks.sum(axis=1) >= 2
    left = max(m - 1, 0)
    others = (masks & ~is_full[:, None, :]).sum(axis=2)
    return (others.sum(axis=1) >= 2 * left) | (is_full.sum(axis=1) >= m)


def _is_quick(a: int, b: int, d: int, m: int) -> bool:
    """Up to 12 entries, and for 4 x 4 the cases where the count is not exact by step 8."""
    return (a + d) * (b + m) <= 12 or min(a, b) >= 2


def _slack(masks: Entries, d: int, m: int, slack: int) -> rules.Said:
    return rules.counted(~masks, masks.shape[1] - d, masks.shape[2] - m, slack)


_SYMBOLIC = (
    ProofStep(
        "1. the column of a weight is u_i (x) v_j, symbolically",
        symbolic.columns_are_products,
        lambda behind, before, i, j: behind[:, i] * before[j, :],
        {
            "the next row's u": lambda behind, before, i, j: behind[:, i - 1] * before[j, :],
            "the next column's v": lambda behind, before, i, j: behind[:, i] * before[j - 1, :],
        },
    ),
    ProofStep(
        "4. K_U (x) R^q + R^p (x) K_V is the orthogonal complement of row(U) (x) row(V)",
        symbolic.complement,
        symbolic.both_kernels,
        {"K_U (x) K_V alone": symbolic.one_kernel},
        "p, q up to 3, all d and m_e, symbolic U and V",
    ),
    ProofStep(
        "5. a = b = 1: scaled, the vectors are those of edges, symbolically",
        symbolic.graphic,
        lambda k, ell: [*(-x for x in k), *ell],
        {"scaled the other way": lambda k, ell: [*(-1 / x for x in k), *(1 / x for x in ell)]},
        "p, q up to 3",
    ),
)

_EXACT = (
    ProofStep(
        "4. a mask spans iff its frozen cells are independent in B(a, b)",
        checks.duality,
        lambda frozen, a, b, d, m: rigidity.independent(frozen, a, b),
        {
            "in B(b, a)": lambda frozen, a, b, d, m: rigidity.independent(frozen, b, a),
            "in B(d, m_e)": lambda frozen, a, b, d, m: rigidity.independent(frozen, d, m),
        },
        "every mask, p up to 3, q up to 4, all d and m_e",
    ),
    ProofStep(
        "5. a = 0: every row has m_e learnables",
        on(checks.case_decides, *_UP_TO_12),
        _ROWS,
        {"m_e - 1": _mistaken(_ROWS, (0, -1)), "columns": ScopedRule(_ROWS.applies, rules.columns)},
        "every mask, p and q up to 4, p q up to 12, every m_e",
    ),
    ProofStep(
        "5. b = 0: every column has d learnables",
        on(checks.case_decides, *_UP_TO_12),
        _COLUMNS,
        {"d - 1": _mistaken(_COLUMNS, (-1, 0)), "rows": ScopedRule(_COLUMNS.applies, rules.rows)},
        "every mask, p and q up to 4, p q up to 12, every d",
    ),
    ProofStep(
        "5. d = 1: m_e columns have a learnable",
        on(checks.case_decides, *_SMALL),
        _ONE_OUTPUT,
        {"for every d": ScopedRule(lambda a, b, d, m: True, rules.nonempty_columns)},
        "every mask, p and q up to 4, every m_e",
    ),
    ProofStep(
        "5. m_e = 1: d rows have a learnable",
        on(checks.case_decides, *_SMALL),
        _ONE_SAMPLE,
        {"for every m_e": ScopedRule(lambda a, b, d, m: True, rules.nonempty_rows)},
        "every mask, p and q up to 4, every d",
    ),
    ProofStep(
        "5. a = b = 1: the frozen cells are a forest",
        on(checks.case_decides, *_SMALL),
        _FOREST,
        {"for all a, b >= 1": ScopedRule(lambda a, b, d, m: min(a, b) >= 1, rules.forest)},
        "every mask, p and q up to 4",
    ),
    ProofStep(
        "6. d = 2: sum_i min(c_i, m') >= 2 m'",
        on(checks.case_decides, *_SMALL),
        _TWO_OUTPUTS,
        {
            "without the minimum": ScopedRule(_TWO_OUTPUTS.applies, _too_few_pairs),
            "m_e - 1": _mistaken(_TWO_OUTPUTS, (0, -1)),
        },
        "every mask, p and q up to 4, every m_e",
    ),
    ProofStep(
        "6. m_e = 2: the same transposed",
        on(checks.case_decides, *_UP_TO_12),
        _TWO_SAMPLES,
        {
            "not transposed": ScopedRule(
                _TWO_SAMPLES.applies, lambda x, d, m: rules.two_outputs(x, m, d)
            )
        },
        "every mask, p and q up to 4, p q up to 12, every d",
    ),
    ProofStep(
        "7. all cells of I x J have rank b|I| + a|J| - ab",
        checks.complete_rank,
        lambda rows, columns, a, b: b * rows + a * columns - a * b,
        {
            "without - ab": lambda rows, columns, a, b: b * rows + a * columns,
            "a and b exchanged": lambda rows, columns, a, b: a * rows + b * columns - a * b,
        },
        "|I|, |J| up to 6, a, b up to 4",
    ),
    ProofStep(
        "7. the count is necessary",
        on(checks.case_is_needed, *_SMALL),
        ScopedRule(_is_quick, rules.count),
        {"one less": ScopedRule(_is_quick, partial(_slack, slack=-1))},
        "every mask, p and q up to 4, all d and m_e (4 x 4: a, b >= 2)",
    ),
    ProofStep(
        "8. circuits for a = 1 have b|I| + |J| - b + 1 cells",
        checks.circuits,
        lambda rows, columns, b: b * rows + columns - b + 1,
        {"- 2 b + 2": lambda rows, columns, b: b * rows + columns - 2 * b + 2},
        "every circuit up to 3 x 4, b = 1 and 2, and 4 x 4, b = 2",
    ),
    ProofStep(
        "8. min(a, b) = 1: the count decides",
        on(checks.case_decides, *_SMALL),
        _COUNT,
        {"one more": ScopedRule(_COUNT.applies, partial(_slack, slack=1))},
        "every mask, p and q up to 4",
    ),
)

_SUFFICIENT = (
    ProofStep(
        "9. peeling keeps independence",
        checks.peeling_keeps,
        rigidity.core,
        {
            "b + 1 in a row": lambda entries, a, b: rigidity.core(entries, a, b + 1),
            "a and b exchanged": lambda entries, a, b: rigidity.core(entries, b, a),
        },
        "every set of cells up to 3 x 4, a, b up to 2",
    ),
    ProofStep(
        "9. block forests suffice",
        on(checks.case_suffices, *_UP_TO_12),
        ScopedRule(lambda a, b, d, m: min(a, b) >= 1, rules.block_forests),
        {
            "a class too many": ScopedRule(
                lambda a, b, d, m: min(a, b) >= 1, lambda x, d, m: rules.block_forests(x, d, m - 1)
            )
        },
        "every mask, p and q up to 4, p q up to 12, all d and m_e",
    ),
    ProofStep(
        "9. colours suffice",
        on(checks.case_suffices, *_UP_TO_12),
        ScopedRule(lambda a, b, d, m: True, rules.coloured),
        {
            "meeting d - 1 rows": _mistaken(
                ScopedRule(lambda a, b, d, m: True, rules.coloured), (-1, 0)
            )
        },
        "every mask, p and q up to 4, p q up to 12, all d and m_e",
    ),
    ProofStep(
        "9. a = b = 2: two forests, ordered, suffice and (Bernstein) are needed",
        checks.bernstein,
        rules.two_forests,
        {"no order": rules.any_two_forests},
        "every set of 12 frozen cells (the rank), p = q = 4",
    ),
    *(
        ProofStep(f"9. larger random frozen sets: {what}", checks.constructed, make, {why: false})
        for what, make, why, false in (
            (
                "two forests",
                constructions.two_forests,
                "no order",
                constructions.unordered_forests,
            ),
            (
                "block forests",
                constructions.block_forests,
                "a class too many",
                constructions.blocks_too_many,
            ),
            ("colours", constructions.coloured, "d - 1 rows", constructions.coloured_too_few),
            (
                "peeling",
                constructions.peelable,
                "a and b exchanged",
                constructions.peelable_exchanged,
            ),
        )
    ),
)

_WHOLE = (
    ProofStep(
        "10. the count is not sufficient: two copies of K_(3,3) less an edge",
        symbolic.count_misses_the_trap,
        False,
        {"the count decides": True},
    ),
    ProofStep(
        "10. sparse networks are not covered",
        symbolic.sparse_fails,
        False,
        {"sparse networks as well": True},
    ),
    ProofStep(
        "the statement, bottlenecks included, against the rank",
        checks.any_layer,
        partial(checks.statement_rule, shift=(0, 0)),
        {
            "d - 1 units behind": partial(checks.statement_rule, shift=(1, 0)),
            "m_e - 1 units before": partial(checks.statement_rule, shift=(0, 1)),
        },
        "every mask of every layer, widths and depth up to 3, m up to n_0 + 1",
    ),
    ProofStep(
        "the same with biases",
        partial(checks.any_layer, bias=True),
        partial(checks.statement_rule, shift=(0, 0)),
        {
            "the constant is no unit": partial(checks.statement_rule, shift=(0, -1)),
            "it is one behind as well": partial(checks.statement_rule, shift=(1, 0)),
        },
        "every mask of every layer, widths up to 2 and depth up to 3, or widths up to 3, depth up "
        "to 2 and at most 18 weights",
    ),
)

STEPS = (*_SYMBOLIC, *_EXACT, *_SUFFICIENT, *_WHOLE)
