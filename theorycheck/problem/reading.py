"""Files as bytes, up to a limit."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError

LARGEST_FILE = 2 * 2**30  # bytes, compressed or not: what one file may unpack to


def read_limited(path: Path, largest: int) -> bytes:
    """The bytes of a file of at most `largest` bytes; `InputError` in one line for all failures."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except IsADirectoryError:
        raise InputError("this is a directory, a file is expected") from None
    except FileNotFoundError:
        raise InputError("no such file") from None
    except PermissionError:
        raise InputError("no permission to read this file") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise InputError(f"no such file ({error})") from None
    if len(data) > largest:
        raise InputError(f"larger than the limit of {largest} bytes")
    return data
