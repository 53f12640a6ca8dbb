"""theorycheck: is this choice of learnable weights any good? Answered without training."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .allocation import Allocation as Allocation
    from .capacities import Capacity as Capacity
    from .capacities import capacity as capacity
    from .certificates import Certificate as Certificate
    from .checker import CheckResult as CheckResult
    from .checker import check as check
    from .classification import classify as classify
    from .comparison import Comparison as Comparison
    from .comparison import compare as compare
    from .degrees.effort import Effort as Effort
    from .designs import Design as Design
    from .designs import design as design
    from .errors import CertificateError as CertificateError
    from .errors import ContradictionError as ContradictionError
    from .errors import InputError as InputError
    from .errors import SizeError as SizeError
    from .errors import TheorycheckError as TheorycheckError
    from .estimation import estimate as estimate
    from .explanation import Explanation as Explanation
    from .explanation import explain as explain
    from .files import Problem as Problem
    from .files import load as load
    from .files import save as save
    from .heuristics.guess import HeuristicEstimate as HeuristicEstimate
    from .mask_sources import load_masks as load_masks
    from .measurement.estimate import Estimate as Estimate
    from .measurement.estimate import measure as measure
    from .networks import LinearFeedforward as LinearFeedforward
    from .networks import LinearRecurrent as LinearRecurrent
    from .networks import ShallowReLU as ShallowReLU
    from .pages.document import page as page
    from .pages.entry import PageEntry as PageEntry
    from .plots.figure import plot as plot
    from .plots.probability import plot_probability as plot_probability
    from .plots.style import figure_svg as figure_svg
    from .plots.style import save_figure as save_figure
    from .plots.summary import plot_summary as plot_summary
    from .progress import Progress as Progress
    from .proofs.run import ProofResult as ProofResult
    from .proofs.run import prove as prove
    from .repairs import Repair as Repair
    from .repairs import repair as repair
    from .sources import unit_names as unit_names
    from .sweeps.results import Summary as Summary
    from .sweeps.results import export as export
    from .sweeps.results import summarize as summarize
    from .sweeps.results import sweep_rows as sweep_rows
    from .sweeps.run import sweep as sweep
    from .sweeps.spec import SweepSpec as SweepSpec
    from .sweeps.spec import load_spec as load_spec
    from .verdict import Expressivity as Expressivity
    from .verdict import Verdict as Verdict
    from .verification.results import Counterexample as Counterexample
    from .verification.results import Verification as Verification
    from .verification.run import refute as refute
    from .verification.run import verify as verify

__version__ = "0.1.0"

# Loaded on first use: `theorycheck --help` must not wait for NumPy. No public function may carry
# the name of a submodule, whose import would put the module in its place.
_HOMES = {
    "allocation": ("Allocation",),
    "capacities": ("Capacity", "capacity"),
    "certificates": ("Certificate",),
    "checker": ("CheckResult", "check"),
    "classification": ("classify",),
    "comparison": ("Comparison", "compare"),
    "degrees.effort": ("Effort",),
    "designs": ("Design", "design"),
    "errors": (
        "CertificateError",
        "ContradictionError",
        "InputError",
        "SizeError",
        "TheorycheckError",
    ),
    "estimation": ("estimate",),
    "explanation": ("Explanation", "explain"),
    "files": ("Problem", "load", "save"),
    "heuristics.guess": ("HeuristicEstimate",),
    "mask_sources": ("load_masks",),
    "measurement.estimate": ("Estimate", "measure"),
    "networks": ("LinearFeedforward", "LinearRecurrent", "ShallowReLU"),
    "pages.document": ("page",),
    "pages.entry": ("PageEntry",),
    "plots.figure": ("plot",),
    "plots.probability": ("plot_probability",),
    "plots.style": ("figure_svg", "save_figure"),
    "plots.summary": ("plot_summary",),
    "progress": ("Progress",),
    "proofs.run": ("ProofResult", "prove"),
    "repairs": ("Repair", "repair"),
    "sources": ("unit_names",),
    "sweeps.results": ("Summary", "export", "summarize", "sweep_rows"),
    "sweeps.run": ("sweep",),
    "sweeps.spec": ("SweepSpec", "load_spec"),
    "verdict": ("Expressivity", "Verdict"),
    "verification.results": ("Counterexample", "Verification"),
    "verification.run": ("refute", "verify"),
}
_PUBLIC = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
