"""Load generators are written in C and compiled on the spot: Python would eat what it measures.

Promise: a generator is compiled once for these sources, into the user's cache folder, and used from
there. UserError where that can't be done, with what is missing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from truebook.config import UserError

SOURCES = Path(__file__).parent / "generator"
_COMPILERS = ("cc", "gcc", "clang")
_OPTIONS = ("-std=gnu11", "-O2", "-Wall", "-Wextra")


def built(name: str) -> Path:
    """The program of `generator/NAME.c`. Raises UserError."""
    if sys.platform != "linux":
        raise UserError("this benchmark's load generator runs on Linux only")
    program = _cache() / f"{name}-{_digest()}"
    if program.exists():
        return program
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise UserError(
            "this benchmark compiles its load generator and needs a C compiler: none of"
            f" {', '.join(_COMPILERS)} was found (Debian and Ubuntu: apt install gcc)"
        )
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        made = Path(folder) / name
        command = [compiler, *_OPTIONS, "-o", str(made), str(SOURCES / f"{name}.c")]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise UserError(f"the load generator can't be compiled: {ended.stderr.strip()}")
        made.replace(program)
    return program


def _digest() -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(SOURCES.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cache() -> Path:
    base = os.environ.get("TRUEBOOK_CACHE") or os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return root / "truebook" / "bench"
