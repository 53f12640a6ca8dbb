"""JSON values that are what they should be."""

from __future__ import annotations

import math
from typing import Any

LARGEST = 2**30


class Refused(Exception):
    """Why a certificate is not valid."""


def need(condition: Any, reason: str) -> None:
    if not condition:
        raise Refused(reason)


def integer(value: Any, low: float = 0, high: float = math.inf) -> int:
    need(type(value) is int and low <= value < high, f"{value!r} is no integer of this range")
    return value


def listed(data: Any) -> list[Any]:
    need(type(data) is list, "not a list")
    return data
