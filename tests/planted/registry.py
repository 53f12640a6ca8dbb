"""All planted wrong theorems, by what they say."""

from __future__ import annotations

from .base import Planted
from .counting import COUNTING
from .degrees import DEGREES
from .laws import LAWS
from .one_layer import ONE_LAYER
from .recurrent import RECURRENT
from .relu import RELU

PLANTED: dict[str, Planted] = {**COUNTING, **ONE_LAYER, **RECURRENT, **DEGREES, **LAWS, **RELU}
