"""A student with some inputs alone: on samples where the others are combinations of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..computing.arrays import Array
from .bench import Bench


def with_inputs(bench: Bench, chosen: Sequence[int], work: Callable[[Bench], None]) -> None:
    """Let `work` fit a feed-forward student with `chosen` inputs alone, then put it back.

    On the samples all other inputs are combinations of these, W1 x = (W1' + W1'' R) x' with x'' =
    R x'. What a frozen weight of W1' gains it loses again, so that learnables of W1' alone are
    changed.
    """
    network, arithmetic = bench.network, bench.arithmetic
    others = [j for j in range(network.inputs) if j not in {*chosen}]
    if not others:
        work(bench)
        return
    name, inputs = network.weight_layers[0][0], bench.inputs
    rows = [*chosen, *range(network.inputs, len(inputs))]  # with the constant, if there is one
    ratios = arithmetic.solve(inputs[rows].T, inputs[others].T).T[:, : len(chosen)]

    def shift(weights: dict[str, Array]) -> Array:
        return weights[name][:, others] @ ratios

    def narrow(weights: dict[str, Array]) -> dict[str, Array]:
        return {**weights, name: weights[name][:, chosen] + shift(weights)}

    present = dict(bench.present)
    if name in present:
        present[name] = present[name][:, chosen]
    inner = replace(
        bench,
        network=network.resized(inputs=len(chosen)),
        weights=narrow(bench.weights),
        inputs=inputs[rows],
        teacher=None if bench.teacher is None else narrow(bench.teacher),
        present=present,
        fitted=[],
    )
    before = inner.weights[name]
    work(inner)
    inner.refine()
    after, whole = inner.weights[name], bench.weights[name].copy()
    whole[:, chosen] = np.where(after == before, whole[:, chosen], after - shift(bench.weights))
    bench.weights = {**inner.weights, name: whole}
    bench.fitted += [
        (weight, (index[0], chosen[index[1]]) if weight == name else index)
        for weight, index in inner.fitted
    ]
