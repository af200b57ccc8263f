"""Loops over arrays, compiled by numba where it is installed and read by Python where it is not.

The code is the same; compiled it is a hundred times faster. numba is an extra of the package
(``pip install crosslane[fast]``), because it is larger than all the rest together.

Arrays are named before a loop that reads them: reached for through their tuple, each time numba
counts who holds them, which takes longer than what is done with what is read.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

try:
    import numba
except ImportError:  # the extra is not installed
    numba = None


def _kept_in() -> str:
    """Return the folder of what this version of these loops was compiled to.

    numba looks whether the file of a function has changed, and not whether those of the functions
    it calls have: half of what ran would be of another version.
    """
    here = Path(__file__).parent
    version = sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py"))))
    return str(here / "__pycache__" / f"compiled-{version.hexdigest()[:16]}")


if numba is not None:
    numba.config.CACHE_DIR = numba.config.CACHE_DIR or _kept_in()

COMPILED = numba is not None and not numba.config.DISABLE_JIT
"""Whether the loops are compiled in this process."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function over arrays, or leave it as it is; what was compiled is kept on disk.

    Compiled loops let other threads run meanwhile.
    """
    return function if numba is None else numba.njit(cache=True, nogil=True)(function)
