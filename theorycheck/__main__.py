"""The program, as `theorycheck` and as `python -m theorycheck`."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Load the command line and run it; an interrupt while it loads is one line as well."""
    try:
        from .cli.app import main as run
    except KeyboardInterrupt:
        print("theorycheck: interrupted", file=sys.stderr)
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
