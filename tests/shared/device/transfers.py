"""What went over the bus between host and device."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Transfers:
    """How often arrays were copied to the device and back, and how often the host waited for one
    number: one that it asked for, or how many entries a mask chooses.
    """

    to_device: int = 0
    to_host: int = 0
    numbers: int = 0

    @property
    def arrays(self) -> int:
        """How many arrays were copied, either way."""
        return self.to_device + self.to_host
