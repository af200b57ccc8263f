"""Loops over arrays, compiled by numba where it is installed and read by Python where it is not.

The code is the same; compiled it is a hundred times faster. numba is an extra of the package
(``pip install crosslane[fast]``), because it is larger than all the rest together.

Arrays are named before a loop that reads them: reached for through their tuple, each time numba
counts who holds them, which takes longer than what is done with what is read.
"""

from collections.abc import Callable
from typing import Any, TypeVar

try:
    import numba
except ImportError:  # the extra is not installed
    numba = None

COMPILED = numba is not None and not numba.config.DISABLE_JIT
"""Whether the loops are compiled in this process."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function over arrays, or leave it as it is; what was compiled is kept on disk.

    Compiled loops let other threads run meanwhile.
    """
    return function if numba is None else numba.njit(cache=True, nogil=True)(function)
