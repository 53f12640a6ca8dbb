"""The module of these arrays, which takes the place of `cupy`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from scipy import special

from .array import DeviceArray
from .names import check_call, known_names
from .transfers import Transfers


class OutOfMemoryError(MemoryError):
    """As `cupy.cuda.memory.OutOfMemoryError`."""


class Device(ModuleType):
    """A device with functions that this version of CuPy has, called as it lets them be called.

    `room` is how many bytes a new array may have, and `free` how many the device says are left.
    """

    def __init__(self, room: float = float("inf"), free: int = 2**34) -> None:
        super().__init__("cupy")
        self.__version__ = known_names()["version"]
        self.transfers, self.room, self.free = Transfers(), room, free
        self.refused = 0  # how many arrays had no room
        # `type(array)` tells what module an array is of, and devices do not share arrays.
        self.ndarray = type("ndarray", (DeviceArray,), {"__module__": "cupy"})
        self.linalg = _Part(self, "linalg", np.linalg, {"solve": _solve})
        self.special = _Part(self, "special", special, {})  # of `cupyx.scipy`
        self.random = SimpleNamespace(default_rng=lambda seed: _Generator(self, seed))
        runtime = SimpleNamespace(memGetInfo=lambda: (self.free, self.free))
        self.cuda = SimpleNamespace(is_available=lambda: True, runtime=runtime)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _function(self, "cupy", name, getattr(np, name, None))

    def get_default_memory_pool(self) -> Any:
        """Memory that is kept for later arrays: none."""
        return SimpleNamespace(free_bytes=lambda: 0, free_all_blocks=lambda: None)

    def asarray(self, a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None) -> Any:
        """An array of the device, copied there if need be."""
        if isinstance(a, DeviceArray):
            return self.wrap(np.asarray(self.bare(a), dtype, order))
        self.transfers.to_device += 1
        return self.wrap(np.array(a, dtype, order=order))

    def array(self, obj: Any, dtype: Any = None, copy: bool = True, order: Any = "K") -> Any:
        """The same, always a copy."""
        return self.wrap(np.array(self.asarray(obj).held, dtype, copy=copy, order=order))

    def asnumpy(self, a: Any) -> np.ndarray:
        """A copy for the host."""
        return a.get() if isinstance(a, DeviceArray) else np.asarray(a)

    def call(self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """What a function of NumPy says of what arrays of the device hold."""
        plain = [self.bare(value) for value in args]
        if not kwargs:
            return self.wrap(function(*plain))
        named = {name: self.bare(value) for name, value in kwargs.items()}
        found, given = function(*plain, **named), kwargs.get("out")
        return self.wrap(found) if given is None else given

    def bare(self, value: Any) -> Any:
        """What NumPy is to be given; refuses what is not on this device."""
        if type(value) is self.ndarray:
            return value.held
        if isinstance(value, DeviceArray):
            raise TypeError("an array of another device")
        if isinstance(value, list | tuple):
            return type(value)(self.bare(each) for each in value)
        if isinstance(value, np.ndarray):
            raise TypeError(f"an array of NumPy, {value.shape}, among those of the device")
        return value

    def wrap(self, found: Any) -> Any:
        """The result of a function, on the device: numbers are arrays there."""
        if isinstance(found, np.ndarray):
            held = found
        elif isinstance(found, np.generic):
            held = np.asarray(found)
        elif isinstance(found, tuple | list):
            return tuple(self.wrap(each) for each in found)
        else:
            return found
        if held.base is None and held.nbytes > self.room:
            self.refused += 1
            raise OutOfMemoryError(f"no room for {held.nbytes} bytes")
        return self.ndarray(held, self)


class _Part:
    """A module within CuPy, with some functions that do not behave as NumPy's."""

    def __init__(self, device: Device, name: str, numpy: Any, own: dict[str, Any]) -> None:
        self._device, self._name, self._numpy, self._own = device, name, numpy, own

    def __getattr__(self, name: str) -> Any:
        function = self._own.get(name, getattr(self._numpy, name, None))
        return _function(self._device, self._name, name, function)


class _Generator:
    """Random arrays made on the device: not the numbers that NumPy makes from the same seed."""

    def __init__(self, device: Device, seed: Any) -> None:
        self._device, self._inside = device, np.random.Generator(np.random.Philox(seed))

    def __getattr__(self, name: str) -> Any:
        text = known_names()["Generator"].get(name)
        if not text:
            raise AttributeError(f"generators of CuPy have no {name}")

        def draw(*args: Any, **kwargs: Any) -> Any:
            check_call(text, 1 + len(args), *kwargs)
            return self._device.call(getattr(self._inside, name), args, kwargs)

        return draw


def _function(device: Device, module: str, name: str, function: Any) -> Any:
    """A function of NumPy under the name and signature that CuPy has for it."""
    known = known_names()[module]
    if name not in known:
        raise AttributeError(f"CuPy {device.__version__} has no {name} in {module}")
    if not known[name]:
        return function  # a type or a number

    def called(*args: Any, **kwargs: Any) -> Any:
        check_call(known[name], len(args), *kwargs)
        if name in ("flatnonzero", "nonzero", "argwhere"):
            device.transfers.numbers += 1  # how many there are
        return device.call(function, args, kwargs)

    return called


def _solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Without an error where a matrix is singular: NaN there."""
    if b.ndim > 1 and a.shape[:-1] != b.shape[:-1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not go together")
    if a.ndim == 2:
        try:
            return np.linalg.solve(a, b)
        except np.linalg.LinAlgError:
            return np.full_like(b, np.nan)
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        return np.stack([_solve(*pair) for pair in zip(a, b, strict=True)])
