"""What a witness remembers from one life to the next: a folder of its own.

Promise: what was agreed is there whole, as it was or as it is; every verdict ever passed is kept,
one JSON object a line. What a verdict was about isn't judged a second time by the next life, which
may hear it again: after a resumption it would halt the venue for what is mended.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from truebook.commandlog.attestations import Attested
from truebook.commandlog.interface import Position
from truebook.verify.lines import add_line, lines_of
from truebook.verify.witness import Verdict


class Remembered(Struct, rename="camel"):
    """Where the witness was."""

    place: str = "0-0"
    """In the stream of attestations."""
    position: str = ""
    """The last at which engines agreed; empty: none yet."""
    entries: int = 0
    time_ms: int = 0
    chain: str = ""
    event_hash: str = ""
    state_hash: str = ""
    condemned: dict[str, str] = {}
    """Keys of engines that were found wrong, in hex, and up to which position what they attest is
    dealt with."""

    @property
    def agreed(self) -> Attested | None:
        """What they agreed on."""
        if not self.position:
            return None
        hashes = (bytes.fromhex(text) for text in (self.chain, self.event_hash, self.state_hash))
        return Attested(Position.parse(self.position), self.entries, self.time_ms, *hashes)

    @property
    def dealt_with(self) -> dict[bytes, Position]:
        """`condemned`, as a witness has it."""
        return {bytes.fromhex(k): Position.parse(text) for k, text in self.condemned.items()}

    @classmethod
    def of(
        cls, place: str, agreed: Attested | None, condemned: Mapping[bytes, Position]
    ) -> "Remembered":
        """What is to be remembered."""
        dealt_with = {key.hex(): str(position) for key, position in condemned.items()}
        if agreed is None:
            return cls(place, condemned=dealt_with)
        return cls(
            place=place,
            position=str(agreed.position),
            entries=agreed.entries,
            time_ms=agreed.time_ms,
            chain=agreed.chain.hex(),
            event_hash=agreed.event_hash.hex(),
            state_hash=agreed.state_hash.hex(),
            condemned=dealt_with,
        )


class WitnessFolder:
    """A folder; made when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Remembered:
        """What was remembered last. ValueError where somebody has damaged it."""
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=Remembered)
        except FileNotFoundError:
            return Remembered()
        except msgspec.MsgspecError as error:
            raise ValueError(f"{self._state}: {error}; move it away") from None

    def save(self, remembered: Remembered) -> None:
        """Remember."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._state.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(remembered))
        new.replace(self._state)

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict, for good."""
        add_line(self._verdicts, verdict)

    def verdicts(self) -> list[Verdict]:
        """All that were ever passed, the oldest first."""
        return lines_of(self._verdicts, Verdict)

    @property
    def _state(self) -> Path:
        return self._path / "agreed.json"

    @property
    def _verdicts(self) -> Path:
        return self._path / "verdicts.jsonl"
