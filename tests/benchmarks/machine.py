"""What measured times depend on: the machine, and the versions at work."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
PACKAGES = ("numpy", "scipy", "networkx", "python-flint", "igraph", "theorycheck")
BLAS_THREADS = {
    f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")
}


def machine() -> dict[str, str]:
    """Model and number of processors, memory, system, and how busy the machine is now.

    >>> list(machine())
    ['processor', 'cores', 'memory', 'system', 'load average before']
    """
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{gib:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "load average before": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def versions() -> dict[str, str]:
    """Python, the packages, NumPy's BLAS, and the commit, with "modified" if files differ from it.

    >>> sorted(versions())[:3]
    ['BLAS', 'Python', 'commit']
    """
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    build = np.show_config(mode="dicts")
    blas = build["Build Dependencies"]["blas"]  # type: ignore[index]
    found["BLAS"] = f"{blas['name']} {blas['version']}, one thread"
    return found | {"commit": _commit()}


def _commit() -> str:
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}, modified" if changed else commit


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return result.stdout.strip()
