"""All planted wrong theorems, by what they say."""

from __future__ import annotations

from .base import Planted
from .counting import COUNTING
from .deep import DEEP
from .degrees import DEGREES
from .drawn_plans import DRAWN_PLANS
from .filters import FILTERS
from .graded import GRADED
from .laws import LAWS
from .nonlinear import NONLINEAR
from .one_layer import ONE_LAYER
from .piecewise import PIECEWISE
from .plans import PLANS
from .powers import POWERS
from .readout import READOUT
from .recurrent import RECURRENT
from .relu import RELU
from .resting import RESTING
from .solving import SOLVING
from .weights import WEIGHTS

PLANTED: dict[str, Planted] = {
    **COUNTING,
    **ONE_LAYER,
    **RECURRENT,
    **GRADED,
    **DEGREES,
    **POWERS,
    **LAWS,
    **RELU,
    **NONLINEAR,
    **PIECEWISE,
    **FILTERS,
    **READOUT,
    **SOLVING,
    **RESTING,
    **PLANS,
    **DRAWN_PLANS,
    **DEEP,
    **WEIGHTS,
}
