"""python -m tests.mutations --count 1000: a table of all kinds; exit status 1 if one is wrong."""

from __future__ import annotations

import argparse
import json
import sys

from .campaign import tally
from .corpus import corpus


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="changed ones of each kind")
    parser.add_argument("--forged", type=int, default=300, help="forged ones of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", help="only this one (may be repeated)")
    options = parser.parse_args()
    print(f"{'kind':22}{'tried':>8}{'accepted':>10}{'true':>7}{'open':>6}{'given':>7}{'false':>7}")
    n_wrong = 0
    for kind in options.kind or corpus():
        found = tally(kind, options.count, options.forged, options.seed, is_open=True)
        print(f"{kind:22}{found.tried:8}{found.accepted:10}{found.shown:7}{found.open:6}"
              f"{found.given:7}{len(found.wrong):7}", flush=True)  # fmt: skip
        for reason, data in found.wrong:
            print(f"  {reason}: {json.dumps(data)}")
        n_wrong += len(found.wrong)
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
