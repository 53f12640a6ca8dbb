"""Which properties belong to which statement, with cases in which it has something to say."""

from __future__ import annotations

from ..theorems.registry import THEOREMS
from .base import Property
from .predictions import properties_of


def properties_by_id(id: str) -> tuple[Property, ...]:
    """The properties of the statement `id`.

    >>> len(properties_by_id("T3")) >= 4
    True
    """
    theorem = next(theorem for theorem in THEOREMS if theorem.id == id)
    return properties_of(theorem)
