"""Recipes: what a proof of maximality says to do, one for each theorem that says it.

`RECIPES` is the table of them. A recipe gets the evidence that the proof left and what is to be
fitted; recipes of reductions (T0, T9) hand on what is left to that of the theorem inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..computing.arrays import Array
from ..display.paragraphs import list_some
from ..problem.masks import Entry, entries_of, mask_from_json
from .bench import Bench, Task
from .factored import factored
from .graded import graded
from .narrowed import with_inputs
from .planned import planned


@dataclass(frozen=True)
class Proof:
    """What a finding or a certificate holds of a proof that an allocation is maximal."""

    theorem: str
    kind: str
    evidence: Mapping[str, Any]

    @property
    def inner(self) -> Proof | None:
        """The proof about what a reduction has left, None if nothing is left."""
        found = self.evidence.get("certificate")
        return found and Proof(found["theorem"], found["kind"], found["evidence"])

    def is_recipe(self, *, with_teacher: bool) -> bool:
        """Whether it can be executed, with the weights of a teacher or for its outputs alone."""
        recipe = RECIPES.get(self.theorem)
        return recipe is not None and recipe.serves(self, with_teacher)


@dataclass(frozen=True)
class Recipe:
    """`serves(proof, with_teacher)`: can it be executed? `run(bench, task, proof)` does it."""

    serves: Callable[[Proof, bool], bool]
    run: Callable[[Bench, Task, Proof], None]


def execute(bench: Bench, task: Task, proof: Proof) -> None:
    """Run the recipe of a proof."""
    RECIPES[proof.theorem].run(bench, task, proof)


def _affine(bench: Bench, task: Task, proof: Proof) -> None:
    """The outputs are affine in the learnables: one linear system, or one for each output.

    Learnables of the last layer act on the output of their own row, and on no other.
    """
    if not task.entries:
        bench.tell("nothing is to be fitted: student and teacher always agree")
        return
    names = dict.fromkeys(name for name, _ in task.entries)
    what = f"{_weights(task.entries)} of {list_some(list(names))}"
    count = len(task.outputs) * task.n_samples * bench.network.n_reads
    if not names.keys() <= {*bench.network.weight_layers[-1]}:
        bench.tell(f"solve {_linear(count)} for {what}")
        bench.fit(task)
        return
    bench.tell(f"solve {_linear(count)}, those of each output by its row, for {what}")
    bench.fit_rows(task)


def _linear(count: int) -> str:
    return f"{count} linear equation{'' if count == 1 else 's'}"


def _weights(entries: list[Entry]) -> str:
    return f"{len(entries)} weight{'' if len(entries) == 1 else 's'}"


def _copied(bench: Bench) -> None:
    """Every weight is learnable: the teacher's are taken (T0), or its outputs factored."""
    if bench.teacher is None:
        factored(bench)
        return
    bench.tell("every weight is learnable: take those of the teacher")
    bench.weights = dict(bench.teacher)


def _part(bench: Bench, task: Task, proof: Proof) -> None:
    """T0: a part of the learnables suffices, the others stay as they were drawn."""
    if proof.kind == "full":
        _copied(bench)
        return
    inner = proof.inner
    assert inner is not None
    execute(bench, task._replace(entries=_kept(bench, task, proof)), inner)


def _kept(bench: Bench, task: Task, proof: Proof) -> list[Entry]:
    """The learnables that suffice."""
    kept = set(entries_of(_masks(proof.evidence["learnable"], bench)))
    left = [entry for entry in task.entries if entry in kept]
    others = len(task.entries) - len(left)
    if others:
        bench.tell(f"leave {others} learnable weights as they are: {len(left)} suffice")
    return left


def _of_inputs(bench: Bench, task: Task, proof: Proof) -> None:
    """T18: a part of the learnables, with inputs alone of which the others are combinations."""
    inner, inputs = proof.inner, list(proof.evidence["inputs"])
    assert inner is not None
    first = bench.network.weight_layers[0][0]
    entries = [
        (name, (index[0], inputs.index(index[1])) if name == first else index)
        for name, index in _kept(bench, task, proof)
    ]

    def work(narrow: Bench) -> None:
        execute(narrow, narrow.whole(entries), inner)

    with_inputs(bench, inputs, work)


def _masks(masks: Mapping[str, Any], bench: Bench) -> dict[str, Any]:
    shapes = bench.network.weight_shapes
    return {name: mask_from_json(mask, shapes[name], name) for name, mask in masks.items()}


def _part_serves(proof: Proof, with_teacher: bool) -> bool:
    if proof.kind == "full":
        return with_teacher
    return proof.inner is not None and proof.inner.is_recipe(with_teacher=False)


def _peeled(bench: Bench, task: Task, proof: Proof) -> None:
    """T9: fit what is left, then the deleted lines, the last one first.

    A column is deleted with a sample: samples are combined so that its input is 0 in all others,
    and fitting the column moves the outputs on that sample alone. A row moves its own output alone.
    """
    stages: list[tuple[str, int, Task]] = []
    left, outputs, inputs, mix = list(task.entries), list(task.outputs), list(task.inputs), task.mix
    first, last = bench.network.weight_layers[0][0], bench.network.weight_layers[-1][0]
    for line, index in proof.evidence["steps"]:
        is_row = line == "row"
        name, axis = (last, 0) if is_row else (first, 1)
        own = [entry for entry in left if entry[0] == name and entry[1][axis] == index]
        taken = set(own)
        left = [entry for entry in left if entry not in taken]
        if is_row:
            outputs.remove(index)
            stages.append((line, index, Task(own, [index], list(inputs), mix)))
        else:
            sample, mix = _parted(bench.rows[index] @ mix, mix)
            stages.append((line, index, Task(own, list(outputs), list(inputs), sample)))
            inputs.remove(index)
    if proof.inner is not None:
        execute(bench, Task(left, outputs, inputs, mix), proof.inner)
    for line, index, stage in reversed(stages):
        equations = len(stage.outputs) * stage.n_samples
        place = f"row {index} of {last}" if line == "row" else f"column {index} of {first}"
        bench.tell(f"solve {_linear(equations)} for {_weights(stage.entries)} of {place}")
        bench.fit(stage)


def _parted(values: Array, mix: Array) -> tuple[Array, Array]:
    """One combination of samples, and the others freed of an input that has these `values`."""
    chosen = int(np.argmax([abs(value) for value in values]))
    sample, others = mix[:, [chosen]], np.delete(mix, chosen, axis=1)
    if values[chosen] == 0:  # no sample shows this input
        return sample, others
    ratios = np.delete(values, chosen) / values[chosen]
    return sample, others - sample * ratios


def _one_solution(bench: Bench, task: Task, proof: Proof) -> None:
    """T6: equations that are solved one after the other, or layer by layer.

    They are those of the certificate: of samples that span the inputs, each is combined to be a
    unit vector. Outputs are affine in the learnables of one layer.
    """
    task = _spanned(bench, task)
    if proof.kind == "triangular":
        order = proof.evidence["order"]
        bench.tell(f"solve {len(order)} equations one after the other, each for one weight")
        for equation, learnable in order:
            bench.deadline.check("the equations one after the other")
            bench.fit(task._replace(entries=[task.entries[learnable]]), [equation])
        return
    by_rows = proof.evidence["side"] == "rows"
    names = bench.network.weight_layers[-1 if by_rows else 0]
    lines: dict[int, list[Entry]] = {}
    for entry in task.entries:
        if entry[0] in names:
            lines.setdefault(entry[1][0] if by_rows else entry[1][1], []).append(entry)
    numbers = task.outputs if by_rows else task.inputs
    fitted = {numbers.index(line) for line in lines}
    others = [entry for entry in task.entries if entry[0] not in names]
    chosen = list(proof.evidence["minor"]["rows"])
    place = {row: row // task.n_samples if by_rows else row % task.n_samples for row in chosen}
    _stage(bench, task, others, [row for row in chosen if place[row] not in fitted])
    for line, entries in lines.items():
        number = numbers.index(line)
        _stage(bench, task, entries, [row for row in chosen if place[row] == number])


def _stage(bench: Bench, task: Task, entries: list[Entry], chosen: list[int]) -> None:
    if entries:
        names = list_some(list(dict.fromkeys(name for name, _ in entries)))
        bench.tell(f"solve {_linear(len(chosen))} for {_weights(entries)} of {names}")
        bench.fit(task._replace(entries=entries), chosen)


def _spanned(bench: Bench, task: Task) -> Task:
    """The same task with unit vectors as samples, if they span the inputs."""
    if task.n_samples != len(task.inputs):
        return task
    mix = bench.arithmetic.inverse(bench.rows[task.inputs] @ task.mix)
    return task if mix is None else task._replace(mix=task.mix @ mix)


def _planned(bench: Bench, task: Task, proof: Proof) -> None:
    planned(bench, task, proof.kind, proof.evidence)


def _graded(bench: Bench, task: Task, proof: Proof) -> None:
    graded(bench, task, proof.evidence)


_AFFINE = Recipe(lambda proof, with_teacher: True, _affine)

# One row for each theorem whose proof can be executed: one more theorem is one more row.
RECIPES: dict[str, Recipe] = {
    "T0": Recipe(_part_serves, _part),
    "T2": _AFFINE,
    "T3": _AFFINE,
    "T4": _AFFINE,
    "T5": _AFFINE,  # maximal by counts only where outputs are affine
    "T6": Recipe(lambda p, _: p.kind in ("triangular", "group_bezout"), _one_solution),
    "T9": Recipe(lambda p, _: p.inner is None or p.inner.is_recipe(with_teacher=False), _peeled),
    "T13": Recipe(lambda proof, _: True, _planned),
    "T14": Recipe(lambda proof, _: True, _planned),
    "T16": Recipe(lambda proof, _: True, _planned),
    "T15": Recipe(lambda proof, _: True, _graded),
    "T18": Recipe(_part_serves, _of_inputs),
    "T12": Recipe(lambda proof, _: proof.kind == "readout_rank", _affine),
}
