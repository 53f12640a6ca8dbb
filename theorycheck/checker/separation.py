"""Given inputs of nonlinear networks on which the oracle has the right rank (T11c).

From docs/certificates.md, "Given inputs of nonlinear networks"; nothing here is shared with
`ranks/`. Sums that read constants alone are points, linear in the weights of a unit; the others
have to be independent of each other, unit by unit, and the points may satisfy no short relation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import shown
from ..problem.networks.feedforward import Feedforward
from ..problem.networks.recurrent import Recurrent
from . import plain
from .activations import ORACLES
from .arguments import NOT_ZERO, ODD, Place
from .budget import STEP
from .claim import Claim
from .context import LOWER_TRIALS
from .oracle import hidden_activations, known_places
from .residual import residual_layers

_WHAT = "the independence of pre-activations"
_MOST_COLUMNS = 2000  # of a rank that peeling leaves
Column: TypeAlias = tuple[int, ...]
Form: TypeAlias = tuple[int, list[list[int]]]  # modulus, rows


@dataclass(frozen=True)
class _Sums:
    """The sums of a kind of units, each once.

    `points` are what linear ones read, by number, and `samples` where each of them occurs;
    `columns` are the numbers of the hidden sums that the others read, by source, `names` the
    activations of the sources.
    """

    points: dict[int, list[int]]
    samples: dict[int, set[int]]
    columns: list[Column]
    names: list[str]
    has_bias: bool


def sees_independent_samples(claim: Claim) -> bool:
    """Whether each first hidden unit sees independent samples, layer behind layer.

    Then its pre-activations are free variables, as they are on random inputs.
    """
    network = claim.network
    if not isinstance(network, Feedforward) or residual_layers(network) or claim.inputs is None:
        return False
    bits = [tuple(row) for row in claim.rows("W1", "present")]
    biases = [row[0] for row in claim.rows("b1", "present")] if claim.network.bias else []
    for seen, bias in set(zip(bits, biases or [False] * len(bits), strict=True)):
        if not any(seen):
            continue  # it is constant
        rows = [row for row, bit in zip(claim.inputs, seen, strict=True) if bit]
        if not _is_full(claim, [*rows, *[[1] * claim.samples] * bias], claim.samples):
            return False
    return True


def require_separated(claim: Claim) -> None:
    """The rank of the oracle is the true one on the given inputs."""
    names, places = hidden_activations(claim.network), known_places(claim)
    sentence = "T11 on dependent given inputs is about activations of the family of tanh"
    claim.require(all(ORACLES[name].family == "exponential" for name in names), sentence)
    if places is None:
        claim.refuse("T11 on given inputs is about networks whose equal pre-activations are known")
    forms, seen = _forms(claim), set()
    is_bounded = set(names) <= {"tanh", "sigmoid"}
    network = claim.network
    reads = network.steps if isinstance(network, Recurrent) and network.readout == "all" else 1
    for sums in _all_sums(claim, places):
        claim.require(_are_independent(claim, sums), "pre-activations may depend on each other")
        points = list(sums.points.values())
        bounds = [2 * network.outputs * reads * len(found) for found in sums.samples.values()]
        key = (*map(tuple, points), tuple(bounds))
        if key in seen or not points:
            continue
        seen.add(key)
        if _is_full(claim, [list(row) for row in zip(*points, strict=True)], len(points)):
            continue
        claim.require(is_bounded, "T11 on given inputs: samples of a unit are dependent")
        form = next(forms, None)
        if form is None:
            claim.refuse("T11 on given inputs: samples of a unit may satisfy short relations")
        _require_no_relation(claim, points, bounds, form)
    claim.require(next(forms, None) is None, "there are more forms than lists of dependent points")


def _forms(claim: Claim) -> Iterator[Form]:
    """The forms of the problem, in order."""
    given = claim.problem.get("forms", [])
    claim.require(isinstance(given, list), "the forms of the inputs are a list")
    found: list[Form] = []
    for one in given:
        fits = isinstance(one, dict) and one.keys() == {"modulus", "rows"}
        claim.require(fits, "a form has a modulus and rows")
        modulus, rows = one["modulus"], one["rows"]
        claim.require(type(modulus) is int and modulus > 0, "the modulus of forms is positive")
        whole = isinstance(rows, list) and all(_are_integers(row) for row in rows)
        claim.require(whole, f"the rows of forms hold integers, not {shown(rows)}")
        found.append((modulus, rows))
    return iter(found)


def _are_integers(row: Any) -> bool:
    return isinstance(row, list) and all(type(x) is int for x in row)


def _require_no_relation(
    claim: Claim, points: Sequence[Sequence[int]], bounds: list[int], form: Form
) -> None:
    """No n but 0 with |n_c| at most bounds[c] has the sum of n_c x_c equal to 0.

    Where a . x_c = q_c M + v_c, a relation makes the sum of n_c v_c a multiple of M. It is smaller,
    hence 0, and so is the sum of n_c q_c.
    """
    modulus, given = form
    rows = [list(row) for row in zip(*points, strict=True)]
    width, n_points = len(rows), len(points)
    digits = sum(abs(x).bit_length() for row in given for x in row) + modulus.bit_length()
    digits += max(abs(x).bit_length() for row in rows for x in row) * len(given) * width
    claim.charge((STEP * len(given) * width + digits) * n_points, "forms of given inputs")
    for form_row in given:
        claim.require(len(form_row) == width, f"a row of forms has {width} entries")
        quotients, left = [], 0
        for point, bound in zip(points, bounds, strict=True):
            value = sum(a * x for a, x in zip(form_row, point, strict=True))
            quotients.append((2 * value + modulus) // (2 * modulus))
            left += bound * abs(value - quotients[-1] * modulus)
        claim.require(left < modulus, "a form leaves too much to exclude short relations")
        rows.append(quotients)
    full = _is_full(claim, rows, n_points)
    claim.require(full, "the forms leave room for short relations between samples")


def _is_full(claim: Claim, rows: list[list[int]], width: int) -> bool:
    """Whether the columns are independent modulo the prime of a trial, and so at all."""
    if width > len(rows):
        return False
    digits = max(abs(x).bit_length() for row in rows for x in row)
    for trial in range(LOWER_TRIALS):
        claim.charge((STEP + digits) * len(rows) * width, _WHAT)
        prime = claim.prime(trial)
        residues = ([value % prime for value in row] for row in rows)
        if plain.eliminate(residues, prime, claim.context.budget)[0] == width:
            return True
    return False


def _all_sums(claim: Claim, places: list[Place]) -> Iterator[_Sums]:
    """Of each kind of units, layer by layer; of recurrent networks at all steps together."""
    if isinstance(claim.network, Recurrent):
        yield from _sums(claim, places, None)
        return
    before = None
    for place in places:
        yield from _sums(claim, [place], before)
        before = place


def _sums(claim: Claim, places: list[Place], before: Place | None) -> Iterator[_Sums]:
    """Of each kind; of several places, steps, each reads the one before it."""
    m, n = claim.samples, claim.network.inputs
    assert claim.inputs is not None
    for kind, sources in enumerate(places[0].sources):
        claim.charge(4 * STEP * m * len(places) * (2 + len(sources.before)), _WHAT)
        names = [(before or places[0]).activation for _ in sources.before]
        sums = _Sums({}, {}, [], names, sources.has_bias)
        source = before
        for step, place in enumerate(places):
            inputs = [claim.inputs[step * n + k] for k in sources.inputs]
            lines = [] if source is None else [source.numbers[k] for k in sources.before]
            for sample, number in enumerate(place.numbers[kind]):
                read = tuple(line[sample] for line in lines)
                if any(read):
                    if number == 1 + step * m + sample:
                        sums.columns.append(read)
                elif number:
                    point = [row[sample] for row in inputs]
                    point += [int(source is not None)] * sum(name in NOT_ZERO for name in names)
                    sums.points.setdefault(abs(number), point + [1] * sources.has_bias)
                    sums.samples.setdefault(abs(number), set()).add(sample)
            source = place
        yield sums


def _are_independent(claim: Claim, sums: _Sums) -> bool:
    """Whether no sum but the linear ones depends on others, modulo these.

    One that has a product of a weight and a value of its own is in no relation and left out; what
    stays is a matter of rank.
    """
    left = [(_atoms(column, sums.names), column) for column in sums.columns]
    while left:
        claim.charge(STEP * len(left) * (2 + len(sums.names)), _WHAT)
        count = Counter(atom for atoms, _ in left for atom in atoms)
        kept = [pair for pair in left if all(count[atom] > 1 for atom in pair[0])]
        if len(kept) == len(left):
            break
        left = kept
    if not left:
        return True
    if len(left) > _MOST_COLUMNS:
        return False
    lines: dict[Any, list[int]] = {}
    for place, (atoms, column) in enumerate(left):
        constants = {} if sums.points else _constants(column, sums)
        for atom, factor in (*atoms.items(), *constants.items()):
            lines.setdefault(atom, [0] * len(left))[place] = factor
    claim.charge(STEP * len(lines) * len(left), _WHAT)
    return _is_full(claim, list(lines.values()), len(left))


def _atoms(column: Column, names: list[str]) -> dict[Any, int]:
    """The products of a weight and a value that a sum is made of, up to constants, with factors.

    Opposite values of odd activations and of the sigmoid are multiples of one variable.
    """
    found: dict[Any, int] = {}
    for source, (number, name) in enumerate(zip(column, names, strict=True)):
        if number and (name in ODD or name == "sigmoid"):
            found[source, abs(number)] = 1 if number > 0 else -1
        elif number:
            found[source, number] = 1
    return found


def _constants(column: Column, sums: _Sums) -> dict[Any, int]:
    """Twice the constants among the values that a sum reads: s(0) = 1/2, s(-z) = 1 - s(z).

    They count where the unit has no linear sum, which fixes what its weights are.
    """
    found: dict[Any, int] = {"bias": 1} if sums.has_bias else {}
    for source, (number, name) in enumerate(zip(column, sums.names, strict=True)):
        if number == 0 and name in NOT_ZERO:
            found["constant", source] = 1
        elif number < 0 and name == "sigmoid":
            found["constant", source] = 2
    return found
