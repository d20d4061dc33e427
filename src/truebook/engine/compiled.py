"""How the kernel is compiled: flags, cache, and the machine instructions Python lacks.

Promise: `inlined` functions cost nothing to call, `entry` functions are compiled once for a
machine and a set of sources, and everything also runs uncompiled, as plain Python, under
NUMBA_DISABLE_JIT=1.

Why these flags. The kernel never allocates: its memory outlives every call, and `_nrt=False` leaves
reference counting out of it. `forceinline` makes one function of many small ones, which is how they
can be small (docs/decisions/0002-kernel.md).

Numba keys its cache on the one file that holds a function, so a change in a helper elsewhere would
go unseen. The cache folder's name therefore contains a digest of all sources of the engine.
"""

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from truebook.engine.parts import CalledPartCompiler, EntryCompiler, PartCompiler

F = TypeVar("F", bound=Callable[..., Any])

UNCOMPILED = bool(config.DISABLE_JIT)
BOUNDS_CHECKED = bool(config.BOUNDSCHECK) or UNCOMPILED
_WORD = (1 << 64) - 1
_TO_WRITE, _KEEP, _DATA = 0, 3, 1
"""What a prefetch asks of the processor. (To read: asking to own a line early gains nothing.)"""


def sources() -> list[Path]:
    """The files that compiled code is made from."""
    folder = Path(__file__).parent
    parts = [folder.glob("*.py"), (folder.parent / "messages").glob("*.py")]
    found = [path for part in parts for path in sorted(part)]
    return [*found, folder / "canonical" / "tables.py", folder.parent / "limits.py"]


def _digest_of_sources() -> str:
    digest = hashlib.blake2b(digest_size=12)
    for path in sources():
        digest.update(path.read_bytes())
    # Numba finds cached code by the path of its source as well.
    digest.update(str(Path(__file__).parent).encode())
    digest.update(f"{sys.version}|{np.__version__}|{numba.__version__}".encode())
    digest.update(f"bounds checks {config.BOUNDSCHECK}".encode())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where compiled code is kept: TRUEBOOK_CACHE, else the user's cache folder."""
    base = os.environ.get("TRUEBOOK_CACHE") or os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return root / "truebook" / f"kernel-{_digest_of_sources()}"


def is_cached() -> bool:
    """Whether this machine has compiled these sources before."""
    folder = cache_folder()
    return folder.is_dir() and any(folder.rglob("*.nbc"))


config.CACHE_DIR = str(cache_folder())


_PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_PART["error_model"] = "numpy"
"""(A flag that a part doesn't name, it takes over from whoever uses it first.)"""


def inlined(function: F) -> F:
    """A part of the kernel that is compiled into its callers."""
    return njit(_nrt=False, forceinline=True, pipeline_class=PartCompiler, **_PART)(function)


def called(function: F) -> F:
    """A part of the kernel that is compiled once and called: for what is seldom needed."""
    part = njit(forceinline=False, pipeline_class=CalledPartCompiler, **_PART)(function)

    # Numba makes ready where a result goes at the beginning of the function that calls. This one
    # stands between, so that it happens only where the part is called indeed.
    def call(*arguments: Any) -> Any:
        return part(*arguments)

    return inlined(cast(F, call))


def entry(signature: str, keeps_interpreter: bool = True) -> Callable[[F], F]:
    """A function that Python calls, with integers only; compiled at import, or read from cache.

    Meanwhile no other thread runs Python, unless it doesn't keep the interpreter."""
    flags = {"cache": True, "error_model": "numpy", "nogil": not keeps_interpreter}

    def decorate(function: F) -> F:
        return njit(signature, pipeline_class=EntryCompiler, **flags)(function)

    return decorate


def direct(function: Any) -> Callable[..., Any]:
    """The compiled code of an `entry` function, which takes integers for granted: calling it takes
    half the time of letting Numba look at the arguments first."""
    if UNCOMPILED:
        uncompiled: Callable[..., Any] = function
        return uncompiled
    (compiled,) = function.overloads.values()
    entry_point: Callable[..., Any] = compiled.entry_point
    return entry_point


@intrinsic
def _trailing_zeros(typing_context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], cgutils.false_bit)

    return types.int64(types.uint64), generate


@intrinsic
def _leading_zeros(typing_context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], cgutils.false_bit)

    return types.int64(types.uint64), generate


@intrinsic
def _expect_not(typing_context: Any, condition: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bit = ir.IntType(1)
        kind = ir.FunctionType(bit, [bit, bit])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.expect.i1")
        return builder.call(function, [arguments[0], cgutils.false_bit])

    return types.boolean(types.boolean), generate


@intrinsic
def _record(typing_context: Any, address: Any, dtype: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = context.get_value_type(signature.return_type)
        return builder.inttoptr(arguments[0], pointer)

    return dtype.dtype(types.int64, dtype), generate


@intrinsic
def _prefetch(typing_context: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte_pointer = ir.IntType(8).as_pointer()
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        flags = [ir.Constant(word, flag) for flag in (_TO_WRITE, _KEEP, _DATA)]
        builder.call(function, [builder.inttoptr(arguments[0], byte_pointer), *flags])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def _touch_word(typing_context: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        place = builder.inttoptr(arguments[0], word.as_pointer())
        nothing = ir.Constant(word, 0)
        builder.cmpxchg(place, nothing, nothing, "monotonic", "monotonic")
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def _afresh(typing_context: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word])
        return builder.asm(kind, "", "=r,0", arguments, side_effect=True)

    return types.int64(types.int64), generate


if UNCOMPILED:

    class _Fields:
        """A record's fields as attributes, whatever their names (NumPy's own records keep some)."""

        __slots__ = ("_record",)

        def __init__(self, record: Any) -> None:
            object.__setattr__(self, "_record", record)

        def __getattr__(self, name: str) -> Any:
            return self._record[name]

        def __setattr__(self, name: str, value: Any) -> None:
            self._record[name] = value

    def unsigned(x: Any) -> Any:
        """The number's 64 bits as an unsigned word (two's complement)."""
        return np.uint64(int(x) & _WORD)

    def signed(x: Any) -> Any:
        """An unsigned word's bits as a signed number."""
        number = int(x) & _WORD
        return np.int64(number - (1 << 64) if number >> 63 else number)

    def lowest_bit(word: Any) -> Any:
        """The number of the lowest bit that is set; the word isn't 0."""
        number = int(word)
        return (number & -number).bit_length() - 1

    def highest_bit(word: Any) -> Any:
        """The number of the highest bit that is set; the word isn't 0."""
        return int(word).bit_length() - 1

    def prefetch(address: Any) -> None:
        """Bring the line at that address near; nothing happens but that."""

    def rarely(condition: Any) -> Any:
        """The condition, of which the compiler is told that it hardly ever holds."""
        return condition

    def afresh(address: Any) -> Any:
        """The address, from which the compiler must work out anew where everything is."""
        return address

    def touch_word(address: Any) -> None:
        """Write a 0 there if a 0 is there, indivisibly; for the system that is writing."""

    def record_at(address: Any, dtype: Any) -> Any:
        """The record at that address, to read and to write."""
        raw = (ctypes.c_uint8 * dtype.itemsize).from_address(int(address))
        return _Fields(np.frombuffer(raw, dtype, 1)[0])

else:

    @inlined
    def unsigned(x: Any) -> Any:
        """The number's 64 bits as an unsigned word (two's complement)."""
        return np.uint64(x)

    @inlined
    def signed(x: Any) -> Any:
        """An unsigned word's bits as a signed number."""
        return np.int64(x)

    @inlined
    def lowest_bit(word: Any) -> Any:
        """The number of the lowest bit that is set; the word isn't 0."""
        return _trailing_zeros(word)

    @inlined
    def highest_bit(word: Any) -> Any:
        """The number of the highest bit that is set; the word isn't 0."""
        return 63 - _leading_zeros(word)

    @inlined
    def prefetch(address: Any) -> None:
        """Bring the line at that address near; nothing happens but that."""
        _prefetch(address)

    @inlined
    def rarely(condition: Any) -> Any:
        """The condition, of which the compiler is told that it hardly ever holds."""
        return _expect_not(condition)

    @inlined
    def afresh(address: Any) -> Any:
        """The address, from which the compiler must work out anew where everything is."""
        return _afresh(address)

    @inlined
    def touch_word(address: Any) -> None:
        """Write a 0 there if a 0 is there, indivisibly; for the system that is writing."""
        _touch_word(address)

    @inlined
    def record_at(address: Any, dtype: Any) -> Any:
        """The record at that address, to read and to write."""
        return _record(address, dtype)
