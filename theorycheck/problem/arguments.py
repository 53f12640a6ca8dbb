"""What is given in place of an allocation, told with what would make one of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import InputError, shown
from .allocation import Allocation
from .networks.base import Network
from .parametrization import Parametrization


def check_allocation(value: object) -> None:
    """Raise `InputError` unless `value` is an `Allocation`; the message tells how to get one.

    >>> check_allocation("mask.json")
    Traceback (most recent call last):
        ...
    theorycheck.errors.InputError: allocation must be an Allocation, not 'mask.json'; \
tc.load(FILE) reads one: allocation, samples = tc.load(FILE)
    """
    if not isinstance(value, Allocation):
        cure = _cure(value)
        raise InputError(f"allocation must be an Allocation, not {shown(value)}; {cure}")


def allocation_of(subject: object) -> Allocation:
    """An allocation as it is, that of a torch module, or a network with nothing learnable.

    Raises `InputError` for anything else, and for modules that cannot be read.

    >>> from theorycheck import LinearFeedforward
    >>> allocation_of(LinearFeedforward([2, 1])).n_learnable
    0
    """
    if _is_network(subject):
        return Allocation.none(subject)  # type: ignore[arg-type]
    if hasattr(subject, "named_parameters"):  # of torch, which is not imported to look
        return Allocation.from_torch(subject)  # type: ignore[arg-type]
    check_allocation(subject)
    assert isinstance(subject, Allocation)
    return subject


def _is_network(value: object) -> bool:
    return isinstance(value, Network)


def _cure(value: object) -> str:
    if isinstance(value, (str, Path)):
        return "tc.load(FILE) reads one: allocation, samples = tc.load(FILE)"
    if isinstance(value, Parametrization):
        return "of parametrised weights only tc.classify speaks"
    if _is_network(value):
        return "tc.Allocation.full(network) and its other constructors make one of a network"
    if isinstance(getattr(value, "allocation", None), Allocation):
        return f"take .allocation of this {type(value).__name__}"
    if isinstance(value, Mapping):
        return "tc.Allocation(network, masks) makes one of masks"
    return "tc.Allocation(network, masks) and tc.load(FILE) give one"
