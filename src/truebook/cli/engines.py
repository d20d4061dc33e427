"""Making an engine: the compiled one, or its plain twin for looking at a bug; and its vigil.

Here and in what runs an engine, nowhere else, the compiler is loaded.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from truebook.commandlog.halts import ValkeyHaltBook
from truebook.commandlog.keyfile import KeyFileWrong, attestation_key
from truebook.commandlog.valkey_attestations import ValkeyAttestations
from truebook.config import UserError
from truebook.engine.interface import Engine
from truebook.engine.naive.engine import NaiveEngine
from truebook.engine.scrubbing.interface import NoScrubber, Scrubber
from truebook.vigil import Vigil

COMPILE_S = 60


def make_engine(kind: Literal["fast", "naive"], tell: Callable[[str], None]) -> Engine:
    """A new engine; `tell` hears what takes its time: compiling, on the first start."""
    if kind == "naive":
        return NaiveEngine()
    from truebook.engine.compiled import is_cached

    if is_cached():
        tell("starting the engine")
    else:
        tell(f"compiling the engine, first start only, about {COMPILE_S} s")
    from truebook.engine.fast import FastEngine

    return FastEngine()


def make_vigil(name: str, keys: Path, log_url: str, bus_url: str) -> Vigil:
    """What keeps watch over an engine, with its key from a folder. Raises UserError."""
    try:
        key = attestation_key(keys, name)
    except KeyFileWrong as error:
        raise UserError(str(error)) from None

    def make_scrubber(engine: Engine) -> Scrubber:
        if isinstance(engine, NaiveEngine):
            return NoScrubber()
        from truebook.engine.fast import FastEngine
        from truebook.engine.scrubbing.fast import FastScrubber

        assert isinstance(engine, FastEngine)
        return FastScrubber(engine)

    attestations, book = ValkeyAttestations(bus_url), ValkeyHaltBook(log_url)
    return Vigil(name, key, attestations, book, make_scrubber)
