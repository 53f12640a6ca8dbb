"""Arrays that behave as those of CuPy, but refuse more: whatever copies in silence."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .names import check_call, known_names

if TYPE_CHECKING:
    from .module import Device


class DeviceArray:
    """An array on the `device`, with a NumPy array in place of the device's memory.

    Operators, methods, indexing and NumPy's functions serve arrays of the device and plain numbers.
    Nothing else does: no NumPy arrays, lists, `float`, `bool`, loops or `np.asarray`, some of which
    CuPy lets pass at the price of a copy.
    """

    __hash__ = None  # type: ignore[assignment]  # as of NumPy's arrays

    def __init__(self, held: np.ndarray, device: Device) -> None:
        self.held, self.device = held, device

    def __getattr__(self, name: str) -> Any:
        known = known_names()["ndarray"]
        if name.startswith("_") or name not in known:
            raise AttributeError(f"arrays of CuPy have no {name}")
        if not known[name]:
            return self.device.wrap(getattr(self.held, name))
        return self._method(name, known[name])

    def _method(self, name: str, signature: str) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            check_call(signature, 1 + len(args), *kwargs)
            return self.device.call(getattr(self.held, name), args, kwargs)

        return method

    def get(self) -> np.ndarray:
        """A copy for the host."""
        self.device.transfers.to_host += 1
        return np.array(self.held)

    def tolist(self) -> Any:
        """The numbers for the host."""
        return self.get().tolist()

    def item(self) -> Any:
        """The only number, for the host."""
        self.device.transfers.numbers += 1
        return self.held.item()

    def __len__(self) -> int:
        return len(self.held)

    def __repr__(self) -> str:
        return f"DeviceArray(shape={self.shape}, dtype={self.dtype})"

    def __getitem__(self, key: Any) -> Any:
        return self.device.wrap(self.held[self._place(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.held[self._place(key)] = self.device.bare(value)

    def _place(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        found = []
        for part in parts:
            if isinstance(part, DeviceArray):
                self.device.transfers.numbers += part.dtype == bool  # how many are chosen
                part = part.held
            elif isinstance(part, bool | np.bool_) or not (
                part is None or part is Ellipsis or isinstance(part, slice | int | np.integer)
            ):
                raise TypeError(f"{type(part).__name__} as an index is copied to the device")
            found.append(part)
        return tuple(found) if isinstance(key, tuple) else found[0]

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("no implicit copy to the host: use .get()")

    def __iter__(self) -> Any:
        raise TypeError("a loop over an array of the device takes a kernel for each entry")

    def _refuse(self) -> Any:
        raise TypeError("no implicit copy of a number to the host: use .item()")

    __bool__ = __int__ = __float__ = __complex__ = __index__ = _refuse

    def __contains__(self, value: Any) -> bool:
        self._refuse()
        return False

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            raise TypeError(f"no {ufunc.__name__}.{method} on the device")
        if "out" in kwargs:
            (kwargs["out"],) = kwargs["out"]
        return getattr(self.device, ufunc.__name__)(*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        module = function.__module__.removeprefix("numpy").strip(".")
        owner = getattr(self.device, module) if module == "linalg" else self.device
        return getattr(owner, function.__name__)(*args, **kwargs)


def _binary(function: Callable[..., Any], *, swapped: bool = False) -> Callable[..., Any]:
    def operate(self: DeviceArray, other: Any) -> Any:
        pair = (other, self) if swapped else (self, other)
        return self.device.call(function, pair, {})

    return operate


def _in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    def operate(self: DeviceArray, other: Any) -> Any:
        # Computed, then written: CuPy writes where it computes, which NumPy's views do not show.
        function(self.held, self.device.bare(other), out=self.held)
        return self

    return operate


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: self.device.call(function, (self,), {})


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor",
              "lshift", "rshift", "matmul"):  # fmt: skip
    _function = getattr(operator, f"__{_name}__")
    setattr(DeviceArray, f"__{_name}__", _binary(_function))
    setattr(DeviceArray, f"__r{_name}__", _binary(_function, swapped=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(DeviceArray, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(DeviceArray, f"__{_name}__", _unary(getattr(operator, _name)))
for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift,
    "rshift": np.right_shift,
}.items():  # fmt: skip
    setattr(DeviceArray, f"__i{_name}__", _in_place(_ufunc))
