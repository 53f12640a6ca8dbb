"""Parametrised weights: numbers that are trained, each of which may move many weights.

A weight is (base + free entries + B A), its rows and columns scaled; or it is tied to another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, shown
from .allocation import Allocation
from .masks import Mask, check_name, count, equal, masks_of
from .networks.base import Network, positive_integer
from .networks.kinds import check_network
from .weight_files import checked_weights

if TYPE_CHECKING:
    import torch  # pyright: ignore[reportMissingImports]

FACTORS = ("A", "B")
AXES = ("rows", "columns")
ENTRIES = "entries"


@dataclass(frozen=True, eq=False)
class Entries:
    """Single entries of a weight are free: those of the 0/1 `mask`, or all that are present."""

    mask: ArrayLike | None = None


@dataclass(frozen=True)
class LowRank:
    """B A of inner size `rank` is added to a weight; of the factors those in `train` are trained.

    A factor that is not trained is random. A factor s before B A changes nothing that this package
    tells, unless it is 0: the trained factor takes it up.

    >>> LowRank(4, train=("B",))
    LowRank(rank=4, train=('B',))
    """

    rank: int
    train: Sequence[str] = FACTORS

    def __post_init__(self) -> None:
        object.__setattr__(self, "rank", positive_integer(self.rank, "rank"))
        names = self.train if isinstance(self.train, (tuple, list)) else ()
        if sorted(map(str, names)) not in (["A"], ["B"], ["A", "B"]):
            raise InputError(
                f"train must name factors, ('A', 'B'), ('A',) or ('B',), not {shown(self.train)}"
            )
        object.__setattr__(self, "train", tuple(name for name in FACTORS if name in self.train))


@dataclass(frozen=True)
class Scaling:
    """Each row of a weight, or each column, is multiplied by a number that is trained.

    Scalings with the same name `shared` are the same numbers.

    >>> Scaling("rows")
    Scaling(axis='rows', shared=None)
    """

    axis: str
    shared: str | None = None

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise InputError(f"a scaling is one of 'rows' or 'columns', not {shown(self.axis)}")
        given = self.shared
        if given is not None and not (isinstance(given, str) and given and "." not in given):
            raise InputError(f"shared must be a name without a dot, not {shown(given)}")


@dataclass(frozen=True)
class Tied:
    """The weight is the weight `to`, or its transpose, whatever that is."""

    to: str
    transposed: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.transposed, bool):
            raise InputError(f"transposed must be True or False, not {shown(self.transposed)}")


Term: TypeAlias = Entries | LowRank | Scaling | Tied


@dataclass(frozen=True, eq=False)
class Form:
    """How a weight is made, unless it is tied: what is trained of it; "" stands for no scaling."""

    entries: Mask
    rank: int = 0
    train: tuple[str, ...] = ()
    rows: str = ""
    columns: str = ""

    @property
    def degree(self) -> int:
        """Degree of its entries in parameters and base, at most."""
        return max(1, 2 * (self.rank > 0)) + bool(self.rows) + bool(self.columns)


@dataclass(frozen=True)
class Block:
    """Parameters that belong together: entries, a factor or a scaling of a `weight`.

    `kind` is `entries`, `A`, `B`, `rows` or `columns`; parameters are the entries of an array of
    this `shape`, row by row, of a mask only those that are set: `size` of them.
    """

    name: str
    kind: str
    weight: str
    shape: tuple[int, ...]
    size: int


@dataclass(frozen=True, eq=False, repr=False)
class Parametrization:
    """Weights of a network as functions of parameters over a base, which is frozen.

    `weights` maps names to one `Entries`, `LowRank`, `Scaling` or `Tied`, or to several of them;
    those not named are the base alone. `base` maps names to given numbers, where these are
    known: all other weights of the base are random. `present` is that of an `Allocation`. Teachers
    are random networks with all present weights free; with `tied_teacher` weights that are `Tied`
    are so in teachers, too.

    Raises `InputError` for unknown names, wrong shapes, ties of ties, what would fill in absent
    connections (no teacher has them), and networks with filters or residual layers.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([4, 3, 2])
    >>> lora = Parametrization(network, {"W1": LowRank(2), "W2": Scaling("rows")})
    >>> lora.n_parameters, [block.name for block in lora.blocks]
    (16, ['W1.A', 'W1.B', 'W2.rows'])
    """

    network: Network
    weights: Mapping[str, Term | Iterable[Term]]
    present: Mapping[str, ArrayLike] | None = None
    base: Mapping[str, ArrayLike] | None = None
    tied_teacher: bool = False
    whole: Allocation = field(init=False)

    def __post_init__(self) -> None:
        check_network(self.network)
        set_ = object.__setattr__
        set_(self, "network", self.network.plainest)
        if self.network.unrolled.parts or self.network.unrolled.multiples:
            raise InputError(
                "parametrised weights are those of networks without filters or residual layers, "
                f"this is a {self.network.describe()}"
            )
        set_(self, "whole", Allocation.none(self.network, self.present))
        set_(self, "present", self.whole.given_present())
        set_(self, "weights", MappingProxyType(self._terms()))
        base = checked_weights(self.whole, self.base or {}, "base")
        for array in base.values():
            array.setflags(write=False)
        set_(self, "base", MappingProxyType(base))
        for name, tied in self.ties.items():
            self._check_tie(name, tied)
        if not isinstance(self.tied_teacher, bool):
            raise InputError(f"tied_teacher must be true or false, not {shown(self.tied_teacher)}")
        self._check_scalings()

    @classmethod
    def from_peft(
        cls, model: torch.nn.Module, *, optimizer: torch.optim.Optimizer | None = None
    ) -> Parametrization:
        """What a model with adapters of peft trains, on a chain of `nn.Linear`: docs/peft.md.

        LoRA, beside activations, too, DoRA and (IA)3, SHiRA, `modules_to_save` and biases. Only
        active adapters count; `optimizer` as in `Allocation.from_torch`. The base is random. Raises
        `InputError` for other adapters, and for merged or disabled ones.
        """
        from .interop.torch_parametrization import read_parametrization

        read = read_parametrization(model, optimizer)
        terms: dict[str, list[Term]] = {name: [] for name in read.network.weight_shapes}
        for name, mask in read.entries.items():
            terms[name].append(Entries(mask))
        for name, (rank, train) in read.ranks.items():
            terms[name].append(LowRank(rank, train))
        for name, scalings in read.scalings.items():
            terms[name] += [Scaling(axis, shared) for axis, shared in scalings]
        return cls(read.network, {n: found for n, found in terms.items() if found}, read.present)

    def _terms(self) -> dict[str, tuple[Term, ...]]:
        if not isinstance(self.weights, Mapping):
            raise InputError(f"weights must map names to what is trained, not {self.weights!r}")
        found: dict[str, tuple[Term, ...]] = {}
        for name, given in self.weights.items():
            check_name(name, self.network.weight_shapes, "weights")
            several = tuple(given) if isinstance(given, (tuple, list)) else (given,)
            terms = tuple(term for term in several if isinstance(term, Term))
            wrong = [term for term in several if not isinstance(term, Term)]
            if wrong:
                what = "Entries, LowRank, Scaling or Tied"
                raise InputError(f'weights["{name}"] must be {what}, not {shown(wrong[0])}')
            if any(isinstance(term, Tied) for term in terms) and len(terms) > 1:
                raise InputError(f'weights["{name}"] is tied, so nothing else can be said of it')
            found[name] = terms
        return found

    @cached_property
    def ties(self) -> dict[str, Tied]:
        """Name -> what it is tied to, of the weights that are."""
        firsts = {name: next(iter(terms), None) for name, terms in self.terms.items()}
        return {name: term for name, term in firsts.items() if isinstance(term, Tied)}

    @property
    def terms(self) -> Mapping[str, tuple[Term, ...]]:
        """Name -> what is said of it, always as a tuple."""
        return self.weights  # type: ignore[return-value]

    @property
    def values(self) -> Mapping[str, NDArray[np.float64]]:
        """The base where it is given."""
        return self.base  # type: ignore[return-value]

    @cached_property
    def forms(self) -> dict[str, Form]:
        """Name -> how the weight is made, of those that are not tied."""
        shapes = self.network.weight_shapes
        return {name: self._form(name) for name in shapes if name not in self.ties}

    def _form(self, name: str) -> Form:
        shape, place = self.network.weight_shapes[name], f'weights["{name}"]'
        mask, rank, train, scaled = np.zeros(shape, dtype=bool), 0, (), {"rows": "", "columns": ""}
        kinds = [
            term.axis if isinstance(term, Scaling) else type(term).__name__
            for term in self.terms.get(name, ())
        ]
        twice = [kind for kind in kinds if kinds.count(kind) > 1]
        if twice:
            raise InputError(f"{place} has {twice[0]} twice")
        for term in self.terms.get(name, ()):
            if isinstance(term, Entries):
                mask = self._entries(name, term)
            elif isinstance(term, LowRank):
                self._check_matrix(name, "a low-rank update")
                if count(self.whole.present_mask(name)) < math.prod(shape):
                    raise InputError(
                        f"{place}: a low-rank update would fill in absent connections, which no "
                        "teacher has; leave it out, or make them present"
                    )
                rank, train = term.rank, tuple(term.train)
            elif isinstance(term, Scaling):
                if term.axis == "columns":
                    self._check_matrix(name, "a scaling of columns")
                scaled[term.axis] = term.shared or f"{name}.{term.axis}"
        return Form(mask, rank, train, **scaled)

    def _entries(self, name: str, term: Entries) -> Mask:
        present = self.whole.present_mask(name)
        if term.mask is None:
            return present
        place = f'weights["{name}"]: Entries'
        shapes = {name: self.network.weight_shapes[name]}
        mask = masks_of({name: term.mask}, shapes, place, default=False)[name]
        if (mask & ~present).any():
            raise InputError(f"{place}: an absent connection cannot be learnable")
        return mask

    def _check_matrix(self, name: str, what: str) -> None:
        if len(self.network.weight_shapes[name]) != 2:
            raise InputError(f'weights["{name}"] is a bias: {what} is for matrices')

    def _check_tie(self, name: str, tied: Tied) -> None:
        place = f'weights["{name}"]'
        check_name(tied.to, self.network.weight_shapes, f"{place}.to")
        if tied.to in self.ties:
            raise InputError(f"{place} is tied to {tied.to}, which is tied itself: name the other")
        if name in self.values:
            raise InputError(f"{place} is tied, so its base is that of {tied.to}: give that")
        shape, own = self.network.weight_shapes[tied.to], self.network.weight_shapes[name]
        shape = shape[::-1] if tied.transposed else shape
        if own != shape:
            of = f"the transpose of {tied.to}" if tied.transposed else tied.to
            raise InputError(f"{place} has shape {own}, but {of} has {shape}")
        other = self.whole.present_mask(tied.to)
        if not equal(self.whole.present_mask(name), other.T if tied.transposed else other):
            raise InputError(
                f"{place} and {tied.to} are tied, but other connections are present: teachers "
                "would not have what students have"
            )

    def _check_scalings(self) -> None:
        lengths: dict[str, tuple[int, str]] = {}
        for name, form in self.forms.items():
            if form.rows and form.rows == form.columns:
                raise InputError(f'weights["{name}"] has one scaling for rows and columns')
            for axis, block in (("rows", form.rows), ("columns", form.columns)):
                if not block:
                    continue
                length = self.network.weight_shapes[name][AXES.index(axis)]
                known, first = lengths.setdefault(block, (length, name))
                if known != length:
                    raise InputError(
                        f"the scaling {block!r} of {first} has {known} numbers, that of {name} "
                        f"needs {length}"
                    )

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The parameters, in the order that numbers them: weight by weight."""
        found: dict[str, Block] = {}
        for name, form in self.forms.items():
            shape = self.network.weight_shapes[name]
            if form.entries.any():
                size = count(form.entries)
                found[f"{name}.entries"] = Block(f"{name}.entries", ENTRIES, name, shape, size)
            shapes = {"A": (form.rank, shape[-1]), "B": (shape[0], form.rank)}
            for kind in form.train:
                size = math.prod(shapes[kind])
                found[f"{name}.{kind}"] = Block(f"{name}.{kind}", kind, name, shapes[kind], size)
            for axis, block in (("rows", form.rows), ("columns", form.columns)):
                if block and block not in found:
                    length = shape[AXES.index(axis)]
                    found[block] = Block(block, axis, name, (length,), length)
        return tuple(found.values())

    @cached_property
    def n_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(block.size for block in self.blocks)

    @cached_property
    def n_moving(self) -> int:
        """A bound on the dimensions in which parameters move the weights.

        Matrices B A of inner size r have r (p + q - r) dimensions, r at most p and q: a change of
        basis between the factors changes nothing. No weight moves in more than it has entries.
        """
        total, scalings = 0, {block.name: block.size for block in self.blocks}
        for name, form in self.forms.items():
            p, *q = self.network.weight_shapes[name]
            size = count(self.whole.present_mask(name))
            free = count(form.entries)
            if form.rank:
                r, columns = min(form.rank, p, *q), q[0]
                both = r * (p + columns - r)
                trained = sum(scalings[f"{name}.{kind}"] for kind in form.train)
                free += min(both, trained)
            total += min(free, size)
        return total + sum(block.size for block in self.blocks if block.kind in AXES)

    @property
    def is_free(self) -> bool:
        """Whether, at generic parameters, the base moves all weights in all directions."""
        return not self.ties and all(
            name not in self.values or equal(form.entries, self.whole.present_mask(name))
            for name, form in self.forms.items()
        )

    @property
    def is_full(self) -> bool:
        """Whether weights can have all values that those of teachers can have."""
        if self.ties and not self.tied_teacher:
            return False
        shapes = self.network.weight_shapes
        return all(
            equal(form.entries, self.whole.present_mask(name))
            or (form.train == FACTORS and form.rank >= min(shapes[name]))
            for name, form in self.forms.items()
        )

    @cached_property
    def teacher(self) -> Parametrization:
        """All present weights free, and tied as they are: what teachers with ties are drawn of."""
        free: dict[str, Term] = {name: Entries() for name in self.forms}
        return Parametrization(self.network, {**free, **self.ties}, self.present)

    def __repr__(self) -> str:
        names = [block.name for block in self.blocks]
        return f"<Parametrization of {self.network!r}: {self.n_parameters} parameters, {names}>"
