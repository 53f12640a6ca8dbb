"""The strict double of CuPy refuses what it should, and counts what is copied."""

from __future__ import annotations

import operator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from tests.shared.device import Device, OutOfMemoryError
from tests.shared.device.names import known_names, names_of

ON_HOST = np.arange(6.0).reshape(2, 3)
OPERATORS = ["add", "sub", "mul", "truediv", "pow", "lt", "ge", "eq", "matmul", "iadd", "imul"]

# What a device refuses, or would do by copies that nobody sees.
REFUSED: dict[str, Any] = {
    "float": lambda xp, a: float(a[0, 0]),
    "int": lambda xp, a: int(a.sum()),
    "bool": lambda xp, a: bool(a.all()),
    "if": lambda xp, a: 1 if a.any() else 0,
    "index": lambda xp, a: [1, 2][a.argmax()],
    "in": lambda xp, a: 1.0 in a,
    "list": lambda xp, a: list(a),
    "unpacking": lambda xp, a: operator.add(*a),
    "np.asarray": lambda xp, a: np.asarray(a),
    "np.array": lambda xp, a: np.array([a, a]),
    "index of NumPy": lambda xp, a: a[np.array([0, 1])],
    "mask of NumPy": lambda xp, a: a[np.array([True, False])],
    "index list": lambda xp, a: a[[0, 1]],
    "index of a device into NumPy": lambda xp, a: ON_HOST[a > 0],
    "write of NumPy": lambda xp, a: a.__setitem__(0, ON_HOST[0]),
    "write into NumPy": lambda xp, a: ON_HOST.copy().__setitem__(0, a[0]),
    "function of both": lambda xp, a: xp.concatenate([a, ON_HOST]),
    "function of NumPy": lambda xp, a: xp.sqrt(ON_HOST),
    "function of NumPy of both": lambda xp, a: np.concatenate([a, ON_HOST]),
    "ufunc of both": lambda xp, a: np.maximum(a, ON_HOST),
    "ufunc into NumPy": lambda xp, a: np.sqrt(a, out=ON_HOST.copy()),
    "reduction by a ufunc": lambda xp, a: np.add.reduce(a),
    "method of both": lambda xp, a: a.take(np.array([0]), axis=1),
    "unknown function": lambda xp, a: xp.errstate(all="ignore"),
    "unknown keyword": lambda xp, a: xp.sum(a, where=a > 1),
    "unknown keyword of a method": lambda xp, a: a.sum(initial=1.0),
    "unknown keyword of a ufunc": lambda xp, a: xp.sqrt(a, where=a > 0),
    "unknown method": lambda xp, a: a.tostring(),
    "unknown function of linear algebra": lambda xp, a: xp.linalg.svdvals(a),
    "unknown law": lambda xp, a: xp.random.default_rng(0).normal(size=3),
    "array of another device": lambda xp, a: a + Device().asarray(ON_HOST),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_device_refuses(what: str):
    xp = Device()
    a = xp.asarray(ON_HOST)
    with pytest.raises((TypeError, AttributeError)):
        REFUSED[what](xp, a)
    assert np.array_equal(a.get(), ON_HOST)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_compute_the_same_and_refuse_arrays_of_numpy(name: str):
    xp, operate = Device(), getattr(operator, name)
    other = ON_HOST.T.copy() if name == "matmul" else ON_HOST + 1
    found = operate(xp.asarray(ON_HOST), xp.asarray(other))
    assert np.array_equal(found.get(), operate(ON_HOST.copy(), other))
    for pair in ((xp.asarray(ON_HOST), other), (ON_HOST.copy(), xp.asarray(other))):
        with pytest.raises(TypeError):
            operate(*pair)


def test_numbers_may_be_mixed_with_arrays():
    a = Device().asarray(ON_HOST)
    for number in (2, 2.5, np.float64(2.5)):
        assert np.array_equal((number * a - number).get(), number * ON_HOST - number)
    assert np.array_equal(np.sqrt(a).get(), np.sqrt(ON_HOST))


def test_views_share_memory_and_numbers_stay_on_the_device():
    xp = Device()
    a = xp.asarray(ON_HOST)
    a.T[0] += 10.0
    a[1, 1:] = xp.zeros(2)
    assert a.get().tolist() == [[10.0, 1.0, 2.0], [13.0, 0.0, 0.0]]
    total = a.sum()
    assert total.shape == ()
    assert (total + 1).item() == 27.0


def test_transfers_are_counted():
    xp = Device()
    a = xp.asarray(ON_HOST)
    b = xp.asarray(a) + xp.ones(3)
    assert (xp.transfers.to_device, xp.transfers.to_host, xp.transfers.numbers) == (1, 0, 0)
    _ = b[b > 2], xp.flatnonzero(b[0] > 1), b.max().item()
    assert (xp.transfers.to_device, xp.transfers.to_host, xp.transfers.numbers) == (1, 0, 3)
    _ = b.get(), xp.asnumpy(b), b.tolist(), xp.array([1, 2])
    assert (xp.transfers.to_device, xp.transfers.to_host, xp.transfers.numbers) == (2, 3, 3)


def test_singular_systems_raise_nothing():
    xp = Device()
    a, b = np.stack([np.eye(2), np.ones((2, 2))]), np.ones((2, 2, 1))
    found = xp.linalg.solve(xp.asarray(a), xp.asarray(b)).get()
    assert np.array_equal(found[0], b[0])
    assert np.isnan(found[1]).all()
    with pytest.raises(ValueError, match="shapes"):
        xp.linalg.solve(xp.asarray(a), xp.asarray(b[..., 0][:, :1]))


def test_its_generator_repeats_itself_but_not_numpy():
    xp = Device()
    first, again = (xp.random.default_rng([3, 1]).standard_normal((4, 2)).get() for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.isin(first, np.random.default_rng([3, 1]).standard_normal((4, 2))).any()


def test_there_is_no_more_room_than_planted():
    xp = Device(room=800)
    a = xp.zeros(100)
    assert len(a[:50]) == 50
    with pytest.raises(MemoryError) as caught:
        xp.zeros(101)
    assert caught.type is OutOfMemoryError
    assert xp.refused == 1


def test_names_are_those_of_the_wheel():
    """Without a GPU CuPy can be imported, and asked for its names."""
    try:
        cupy = import_module("cupy")
    except ImportError:
        pytest.skip("CuPy is not installed")
    if cupy.__version__ != known_names()["version"]:
        pytest.skip(f"the names are those of {known_names()['version']}")
    assert names_of(cupy) == known_names()


def test_the_backend_cupy_is_the_double_where_that_takes_its_place(device: Device):
    from theorycheck.computing.backend import array_module

    assert array_module("cupy") is array_module("auto") is device is import_module("cupy")
