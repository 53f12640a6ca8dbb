"""`theorycheck prove`."""

from __future__ import annotations

from ...computing.progress import watching
from ..common import Failures, cores, print_json
from ..options import Json, Theorems, Workers


def prove(theorems: Theorems = None, workers: Workers = 0, as_json: Json = False) -> None:
    """Run the machine-checked steps of the proofs; exit status 1 if one fails."""
    from rich.console import Console

    from ...proofs.run import prove as run_proofs
    from ..tables import print_proofs

    failures = Failures()
    with failures.of("prove"):
        with watching(True, "steps of proofs") as tell:
            proofs = run_proofs(theorems, workers=workers or cores(), progress=tell)
        if as_json:
            for proof in proofs:
                print_json(proof.to_dict())
        else:
            print_proofs(Console(highlight=False), proofs)
        if not all(proof.passed for proof in proofs):
            failures.status = max(failures.status, 1)
        missing = sum(proof.missing for proof in proofs)
        failures.interrupted("steps", missing, sum(len(proof.steps) for proof in proofs))
    failures.leave()
