"""A strict double of CuPy: NumPy inside, and nothing that a device refuses or copies in silence."""

from .array import DeviceArray
from .module import Device, OutOfMemoryError
from .transfers import Transfers

__all__ = ["Device", "DeviceArray", "OutOfMemoryError", "Transfers"]
