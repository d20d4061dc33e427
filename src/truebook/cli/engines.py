"""Making an engine: the compiled one, or its plain twin for looking at a bug; and its vigil. And
what gateways run that is compiled.

Here and in what runs an engine, nowhere else, the compiler is loaded.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from nacl.signing import SigningKey

from truebook.commandlog.halts import ValkeyHaltBook
from truebook.commandlog.interface import Publisher
from truebook.commandlog.keyfile import KeyFileWrong, OwnKey, attestation_key
from truebook.commandlog.quorum import VOTES_CHANNEL, Quorum
from truebook.commandlog.valkey_attestations import ValkeyAttestations
from truebook.commandlog.valkey_publisher import ValkeySubscription
from truebook.config import UserError
from truebook.engine.interface import Engine
from truebook.engine.naive.engine import NaiveEngine
from truebook.engine.scrubbing.interface import NoScrubber, Scrubber
from truebook.messages import ATTESTER_SET, attester_key
from truebook.vigil import Vigil

if TYPE_CHECKING:
    from truebook.plain.codec import Codec

COMPILE_S = 60
CODEC_COMPILE_S = 10


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


def make_codec(kind: Literal["fast", "naive"], tell: Callable[[str], None]) -> "Codec | None":
    """What reads and tells plain orders for a gateway; None: nothing compiled is wanted."""
    if kind == "naive":
        return None
    from truebook.plain.compiling import UNCOMPILED, is_cached

    if UNCOMPILED:
        return None
    if not is_cached():
        tell(f"compiling what reads orders, first start only, about {CODEC_COMPILE_S} s")
    from truebook.plain.codec import Codec

    return Codec()


def make_vigil(name: str, key: Callable[[], SigningKey], log_url: str, bus_url: str) -> Vigil:
    """What keeps watch over an engine, which signs with `key`."""

    def make_scrubber(engine: Engine) -> Scrubber:
        if isinstance(engine, NaiveEngine):
            return NoScrubber()
        from truebook.engine.fast import FastEngine
        from truebook.engine.scrubbing.fast import FastScrubber

        assert isinstance(engine, FastEngine)
        return FastScrubber(engine)

    attestations, book = ValkeyAttestations(bus_url), ValkeyHaltBook(log_url)
    return Vigil(name, key, attestations, book, make_scrubber)


def make_quorum(
    size: int,
    key: Callable[[], SigningKey],
    trusted: "Trusted",
    publisher: Publisher,
    bus_url: str,
) -> Quorum | None:
    """What makes an engine wait for others, if `size` is above 1."""
    if size < 2:
        return None
    return Quorum(size, key, publisher, ValkeySubscription(bus_url, VOTES_CHANNEL), trusted)


def own_key(keys: Path, name: str, trusted: "Trusted") -> OwnKey:
    """An engine's key from a folder, made if there is none. Raises UserError."""
    try:
        return OwnKey(partial(attestation_key, keys, name), trusted)
    except KeyFileWrong as error:
        raise UserError(str(error)) from None


class Trusted:
    """The keys that an engine knows to be trusted."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._settings = b""
        self._keys: frozenset[bytes] = frozenset()

    def __call__(self) -> frozenset[bytes]:
        settings = self._engine().attester_settings()
        if settings != self._settings:
            self._settings = settings
            rows = np.frombuffer(settings, ATTESTER_SET)
            self._keys = frozenset(attester_key(row) for row in rows if row["trusted"])
        return self._keys
