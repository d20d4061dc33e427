"""How this is compiled: as the kernel is (engine/compiled.py), but kept in a folder of its own, so
that neither is compiled again when only the other has changed."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from truebook.engine import compiled
from truebook.engine.compiled import UNCOMPILED as UNCOMPILED
from truebook.engine.compiled import config  # type: ignore[attr-defined]
from truebook.engine.compiled import direct as direct
from truebook.engine.compiled import inlined as inlined
from truebook.engine.compiled import record_at as record_at

F = TypeVar("F", bound=Callable[..., Any])


def cache_folder() -> Path:
    """Beside the kernel's, which changes with what is used of it here."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    kernel = compiled.cache_folder()
    digest.update(kernel.name.encode())
    return kernel.parent / f"plain-{digest.hexdigest()}"


def is_cached() -> bool:
    """Whether this machine has compiled these sources before."""
    folder = cache_folder()
    return folder.is_dir() and any(folder.rglob("*.nbc"))


def entry(signature: str) -> Callable[[F], F]:
    """A function that Python calls, with integers only."""

    def decorate(function: F) -> F:
        kernels = config.CACHE_DIR
        config.CACHE_DIR = str(cache_folder())
        try:
            return compiled.entry(signature)(function)
        finally:
            config.CACHE_DIR = kernels

    return decorate
