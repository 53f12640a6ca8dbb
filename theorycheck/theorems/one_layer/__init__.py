"""One learnable layer of a dense network, decided from its mask alone (T4, and T5 for T = 2)."""

from .cases import decide_mask

__all__ = ["decide_mask"]
