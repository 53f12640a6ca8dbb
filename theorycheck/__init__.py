"""theorycheck: is this choice of learnable weights any good? Answered without training."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answers.capacities import Capacity as Capacity
    from .answers.capacities import capacity as capacity
    from .answers.classification import classify as classify
    from .answers.designs import Design as Design
    from .answers.designs import design as design
    from .answers.estimation import estimate as estimate
    from .answers.explanation import Explanation as Explanation
    from .answers.explanation import explain as explain
    from .answers.repairs import Repair as Repair
    from .answers.repairs import repair as repair
    from .certificates import Certificate as Certificate
    from .checker.check import CheckResult as CheckResult
    from .checker.check import check as check
    from .computing.effort import Effort as Effort
    from .computing.progress import Progress as Progress
    from .errors import CertificateError as CertificateError
    from .errors import ContradictionError as ContradictionError
    from .errors import InputError as InputError
    from .errors import SizeError as SizeError
    from .errors import TheorycheckError as TheorycheckError
    from .measurement.estimate import Estimate as Estimate
    from .measurement.estimate import measure as measure
    from .plots.figure import plot as plot
    from .plots.probability import plot_probability as plot_probability
    from .plots.style import figure_svg as figure_svg
    from .plots.style import save_figure as save_figure
    from .plots.summary import plot_summary as plot_summary
    from .problem.allocation import Allocation as Allocation
    from .problem.files import Problem as Problem
    from .problem.files import load as load
    from .problem.files import save as save
    from .problem.mask_sources import load_masks as load_masks
    from .problem.networks.feedforward import LinearFeedforward as LinearFeedforward
    from .problem.networks.feedforward import ShallowReLU as ShallowReLU
    from .problem.networks.recurrent import LinearRecurrent as LinearRecurrent
    from .problem.sources import unit_names as unit_names
    from .proofs.run import ProofResult as ProofResult
    from .proofs.run import prove as prove
    from .reports.document import page as page
    from .reports.entry import PageEntry as PageEntry
    from .sweeps.results import Summary as Summary
    from .sweeps.results import export as export
    from .sweeps.results import summarize as summarize
    from .sweeps.results import sweep_rows as sweep_rows
    from .sweeps.run import sweep as sweep
    from .sweeps.spec import SweepSpec as SweepSpec
    from .sweeps.spec import load_spec as load_spec
    from .verdict import Expressivity as Expressivity
    from .verdict import HeuristicEstimate as HeuristicEstimate
    from .verdict import Verdict as Verdict
    from .verification.comparison import Comparison as Comparison
    from .verification.comparison import compare as compare
    from .verification.results import Counterexample as Counterexample
    from .verification.results import Verification as Verification
    from .verification.run import refute as refute
    from .verification.run import verify as verify

__version__ = "0.1.0"

# Loaded on first use: `theorycheck --help` must not wait for NumPy. No public function may carry
# the name of a submodule, whose import would put the module in its place.
_HOMES = {
    "problem.allocation": ("Allocation",),
    "answers.capacities": ("Capacity", "capacity"),
    "certificates": ("Certificate",),
    "checker.check": ("CheckResult", "check"),
    "answers.classification": ("classify",),
    "verification.comparison": ("Comparison", "compare"),
    "computing.effort": ("Effort",),
    "answers.designs": ("Design", "design"),
    "errors": (
        "CertificateError",
        "ContradictionError",
        "InputError",
        "SizeError",
        "TheorycheckError",
    ),
    "answers.estimation": ("estimate",),
    "answers.explanation": ("Explanation", "explain"),
    "problem.files": ("Problem", "load", "save"),
    "problem.mask_sources": ("load_masks",),
    "measurement.estimate": ("Estimate", "measure"),
    "problem.networks.feedforward": ("LinearFeedforward", "ShallowReLU"),
    "problem.networks.recurrent": ("LinearRecurrent",),
    "reports.document": ("page",),
    "reports.entry": ("PageEntry",),
    "plots.figure": ("plot",),
    "plots.probability": ("plot_probability",),
    "plots.style": ("figure_svg", "save_figure"),
    "plots.summary": ("plot_summary",),
    "computing.progress": ("Progress",),
    "proofs.run": ("ProofResult", "prove"),
    "answers.repairs": ("Repair", "repair"),
    "problem.sources": ("unit_names",),
    "sweeps.results": ("Summary", "export", "summarize", "sweep_rows"),
    "sweeps.run": ("sweep",),
    "sweeps.spec": ("SweepSpec", "load_spec"),
    "verdict": ("Expressivity", "HeuristicEstimate", "Verdict"),
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
