"""Networks with one hidden layer in NumPy, as the checks of T12 need them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Sigma = Callable[[Floats], Floats]

SIGMA: dict[str, Sigma] = {
    "tanh": np.tanh,
    "erf": erf,
    "arctan": np.arctan,
    "sigmoid": expit,
    "softplus": lambda z: np.logaddexp(0, z),
    "silu": lambda z: z * expit(z),
    "exp": np.exp,
    "square": np.square,
    "cube": lambda z: z**3,
    "linear": lambda z: z,
    "sin": np.sin,
    "relu": lambda z: np.maximum(z, 0),
}
TURNING = ("tanh", "erf", "arctan")  # odd, increasing and bounded


def with_constant(values: Floats) -> Floats:
    """Values of shape (units, samples), and below them the constant that biases read."""
    return np.vstack([values, np.ones(values.shape[1])])


def hidden(sigma: Sigma, first: Floats, inputs: Floats) -> Floats:
    """Values of the hidden units, `first` having the biases as its last column."""
    return sigma(first @ with_constant(inputs))


def outputs(sigma: Sigma, first: Floats, last: Floats, inputs: Floats) -> Floats:
    """Outputs (outputs, samples), both matrices having the biases as their last column."""
    return last @ with_constant(hidden(sigma, first, inputs))


def masks(rows: int, columns: int) -> Iterator[Bools]:
    """All masks of a shape."""
    for bits in product((False, True), repeat=rows * columns):
        yield np.reshape(bits, (rows, columns))


def full_rank(name: str, widths: tuple[int, int, int], samples: int) -> int:
    """D: the rank of the Jacobian of all weights and biases, by central differences."""
    n_inputs, n_hidden, n_outputs = widths
    rng, sigma = np.random.default_rng(0), SIGMA[name]
    first = rng.normal(size=(n_hidden, n_inputs + 1))
    last, x = rng.normal(size=(n_outputs, n_hidden + 1)), rng.normal(size=(n_inputs, samples))
    columns = []
    for matrix in (first, last):
        for index in np.ndindex(*matrix.shape):
            kept, ends = matrix[index], []
            for step in (1e-5, -1e-5):
                matrix[index] = kept + step
                ends.append(outputs(sigma, first, last, x).ravel())
            matrix[index] = kept
            columns.append((ends[0] - ends[1]) / 2e-5)
    return int(np.linalg.matrix_rank(np.array(columns), tol=1e-6))


def in_span(columns: Floats, vector: Floats) -> bool:
    """Whether a vector lies in the span of columns, up to rounding."""
    if not columns.shape[1]:
        return not np.abs(vector).max() > 1e-9
    fitted = columns @ np.linalg.lstsq(columns, vector, rcond=1e-10)[0]
    return bool(np.abs(vector - fitted).max() < 1e-7 * (1 + np.abs(vector).max()))
