"""Certified instances, and how they and their degree are written into a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..computing.arrays import Array
from .certify import Boxes
from .degree import Degree
from .draws import SCALE, RationalInstances


@dataclass(frozen=True)
class Certified:
    """A rational instance of a system with certified boxes around all of its solutions."""

    degree: Degree
    instance: RationalInstances
    boxes: Boxes


def block_evidence(degree: Degree, certified: Certified | None) -> dict[str, Any]:
    """The block of a certificate, with or without a certified instance."""
    instance = solutions = None
    if certified is not None:
        one = certified.instance
        instance = {
            "scale": SCALE,
            "teacher": {name: value[0].tolist() for name, value in one.teacher.items()},
            "student": {name: value[0].tolist() for name, value in one.student.items()},
            "inputs": None if one.inputs is None else _rows(one.inputs[0]),
        }
        solutions = certified.boxes.to_evidence()
    return {
        "equations": list(degree.system.equations),
        "unknowns": list(degree.system.unknowns),
        "degree": degree.value,
        "degree_by": degree.by,
        "instance": instance,
        "solutions": solutions,
    }


def _rows(inputs: Array) -> list[list[int]]:
    """Inputs as a matrix: for a recurrent network the rows of all steps, one after the other."""
    return inputs.reshape(-1, inputs.shape[-1]).tolist()
