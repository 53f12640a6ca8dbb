"""What rounding does to a Jacobian, and whether gradients are derivatives: a few random trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...problem.interop.torch_memory import Tensor
from ...problem.interop.torch_modules import torch_module
from .evaluation import Evaluation
from .products import Products
from .selection import Selection

_TRIALS = 4
_IDLE = 30.0  # times what rounding does to a column
_WRONG = 1e-2  # relative difference


@dataclass(frozen=True, eq=False)
class Trial:
    """What a few random combinations of rows tell.

    `noise` estimates the length (Frobenius norm) of the error of the whole Jacobian; a column that
    is not longer than its entry of `idle` may be nothing but rounding. `is_wrong` where gradients
    are not the derivatives of the outputs.
    """

    noise: float
    idle: NDArray[np.float64]
    is_wrong: bool
    left: NDArray[np.float64]
    rows: NDArray[np.float64]


def trial(
    evaluation: Evaluation,
    selection: Selection,
    products: Products,
    generator: np.random.Generator,
    memory: float,
) -> Trial:
    """Compare the Jacobian with that where all numbers that go in are changed by their rounding.

    What differs is error, even where the Jacobian is 0 and consists of nothing else; and with
    differences of the outputs, in one random direction.
    """
    torch = torch_module()
    epsilon, volume = evaluation.watched.epsilon, evaluation.watched.volume
    source = torch.Generator().manual_seed(int(generator.integers(2**62)))

    def change(tensor: Tensor) -> Tensor:
        normal = torch.randn(tensor.shape, generator=source, dtype=torch.float64)
        return tensor * (1 + epsilon * normal.to(tensor.device))

    left = generator.standard_normal((_TRIALS, int(np.prod(evaluation.shape, dtype=np.int64))))
    rows = products.times(left)
    other = Products(evaluation.graph(change), selection, volume, memory).times(left)
    squares = ((rows - other) ** 2).mean(axis=0)
    directions = evaluation.directions(source)
    step = epsilon ** (1 / 3)
    ahead, behind = (evaluation.outputs_along(directions, sign * step) for sign in (1.0, -1.0))
    difference = ((ahead - behind) / (2 * step)).reshape(-1).cpu().numpy()
    moved = np.concatenate(
        [directions[name].cpu().numpy()[mask] for name, mask in selection.masks.items()]
    )
    by_outputs, by_gradient = left @ difference, rows @ moved
    outputs = evaluation.watched.outputs.reshape(-1).cpu().numpy()
    floor = step * np.linalg.norm(outputs) * len(outputs) ** 0.5
    off = np.linalg.norm(by_outputs - by_gradient)
    is_wrong = off > _WRONG * np.linalg.norm(by_gradient) + floor
    noise, idle = float(squares.sum() ** 0.5), _IDLE * np.sqrt(squares)
    return Trial(noise, idle, bool(is_wrong), left, rows)
