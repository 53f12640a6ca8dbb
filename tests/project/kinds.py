"""Who names a kind of network, or asks which kind one is: a list that may only get shorter.

Outside of `problem.networks`, which has the kinds, and of `checker`, which has its own evaluation
of each, code asks a network for facts or walks what it unrolls to. Each module in `kinds.txt` is
one more that a new kind of network may have to visit; once there are fewer,
`python -m tests.project.kinds > tests/project/kinds.txt` writes the list anew.
"""

from __future__ import annotations

from pathlib import Path

import theorycheck
from theorycheck.problem.networks.kinds import KINDS

from .house import House, kind_checks, kind_names

# In strings these are words for a weight, and for a family of laws.
_OTHERWISE = ("recurrent", "feedforward")
WORDS = (*(kind for kind in KINDS if kind not in _OTHERWISE), *(c.__name__ for c in KINDS.values()))

LIST = Path(__file__).with_suffix(".txt")


def still_listed() -> dict[str, int]:
    """Module -> how often it asks, of those that still name a kind, as the list has it."""
    rows = (line.split() for line in LIST.read_text().splitlines())
    return {name: int(count) for name, count in rows}


def naming(house: House) -> set[str]:
    """The modules that name a class of networks, or its name in files."""
    return {name for name in _outside(house) if kind_names(house.trees[name], WORDS)}


def asking(house: House) -> dict[str, int]:
    """Module -> how many of its calls of isinstance ask for a class of networks."""
    counts = {name: kind_checks(house.trees[name], [*WORDS, "Network"]) for name in _outside(house)}
    return {name: count for name, count in counts.items() if count}


def _outside(house: House) -> list[str]:
    """All modules but those that may, and the package's list of public names.

    The table of certificates says which networks a kind is about, in the words of files.
    """
    table = f"{house.top}.certificate_kinds"
    own = {house.top, table, *house.inside("problem.networks", "checker")}
    return [name for name in house.modules if name not in own]


if __name__ == "__main__":
    HOUSE = House(Path(theorycheck.__file__).parent)
    for module in sorted(naming(HOUSE) | asking(HOUSE).keys()):
        print(module, asking(HOUSE).get(module, 0))
