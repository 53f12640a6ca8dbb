"""Rows of a Jacobian, and random combinations of them, by backward passes of many at once."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...problem.interop.torch_memory import Tensor
from ...problem.interop.torch_modules import torch_module
from .evaluation import Graph
from .selection import Selection

Floats = NDArray[np.float64]
_AT_ONCE = 2**28  # bytes of the backward passes that are done together


class Products:
    """The Jacobian of a run, as what multiplies it from the left.

    `why_single` says why torch cannot do several backward passes at once, once one has been tried.
    """

    def __init__(self, graph: Graph, selection: Selection, volume: int, memory: float) -> None:
        self._graph, self._selection = graph, selection
        self._outputs = graph.outputs.reshape(-1)
        entries = volume + 2 * sum(leaf.numel() for leaf in graph.leaves)
        self.at_once = max(1, int(min(_AT_ONCE, memory / 4) // (8 * max(entries, 1))))
        self.why_single = ""
        torch = torch_module()
        self._places = [
            None if mask.all() else torch.from_numpy(np.flatnonzero(mask)).to(leaf.device)
            for mask, leaf in zip(selection.masks.values(), graph.leaves, strict=True)
        ]

    def times(self, left: Floats) -> Floats:
        """Some rows, (rows, outputs), times the Jacobian: (rows, columns)."""
        found = np.zeros((len(left), self._selection.size))
        if self._outputs.requires_grad:
            for start in range(0, len(left), self.at_once):
                some = slice(start, start + self.at_once)
                self._multiply(left[some], found[some])
        return found

    def _multiply(self, left: Floats, found: Floats) -> None:
        """Some rows together, or one by one where torch cannot."""
        factors = torch_module().from_numpy(left).to(self._outputs)
        if not self.why_single and len(left) > 1:
            try:
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", message="There is a performance drop")
                    self._fill(found, self._gradients(factors, is_batch=True))
                return
            except (RuntimeError, NotImplementedError) as error:
                self.why_single = " ".join(str(error).split())[:120]
        for row, factor in enumerate(factors):
            self._fill(found[row : row + 1], self._gradients(factor, is_batch=False))

    def _gradients(self, factors: Tensor, *, is_batch: bool) -> Any:
        return torch_module().autograd.grad(
            self._outputs,
            self._graph.leaves,
            factors,
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=is_batch,
        )

    def _fill(self, found: Floats, gradients: Any) -> None:
        """Write the chosen entries of the gradients of all parameters into the columns."""
        starts = self._selection.starts
        for name, places, gradient in zip(starts, self._places, gradients, strict=True):
            if gradient is None:
                continue
            flat = gradient.detach().to_dense().reshape(len(found), -1)
            chosen = flat if places is None else flat[:, places]
            found[:, starts[name] : starts[name] + chosen.shape[1]] = chosen.cpu().numpy()
