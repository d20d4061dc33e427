"""A report: what one process says of itself at one moment.

Promise: it holds no secret, and nothing that grows with the number of accounts or orders. A reader
of another version leaves out what it doesn't know.
"""

import msgspec
from msgspec import Struct, field

from truebook.figures import Latency, filled, quantile_s


class Times(Struct, rename="camel"):
    """How long something took, since the process started (figures.Latency)."""

    counts: dict[int, int]
    """By bucket; those that have something in them."""
    sum_s: float
    longest_s: float

    @classmethod
    def of(cls, latency: Latency) -> "Times":
        """The times that were kept."""
        return cls(filled(latency.counts), latency.sum_s, latency.longest_s)

    @property
    def count(self) -> int:
        """How many."""
        return sum(self.counts.values())

    def quantile_ms(self, share: float) -> float:
        """The time that this share of them is below, in milliseconds."""
        return quantile_s(self.counts, share) * 1000


class Report(Struct, rename="camel"):
    """One process at one moment. Names of figures are those of catalogue.py."""

    name: str
    """The role, with a number where there are several."""
    role: str
    host: str
    pid: int
    version: str
    started_ms: int
    time_ms: int
    """When it was made, by this process's clock."""
    is_serving: bool = False
    is_alive: bool = True
    """Whether its loop goes round."""
    reasons: list[str] = []
    """Why it isn't healthy; empty: it is."""
    position: str = ""
    """Of the log, up to where it has come; empty: it has none."""
    lag_ms: float = 0.0
    """How far it is behind, as far as it can tell by itself."""
    figures: dict[str, float] = field(default_factory=dict)
    tallies: dict[str, dict[str, float]] = field(default_factory=dict)
    """Figures that there are several of, by what they are of."""
    times: dict[str, Times] = field(default_factory=dict)

    @property
    def is_healthy(self) -> bool:
        """Whether it does its work."""
        return self.is_serving and not self.reasons


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Report)


def encode(report: Report) -> bytes:
    """A report as JSON."""
    return _encoder.encode(report)


def decode_all(texts: list[bytes]) -> list[Report]:
    """Reports by name; what isn't one (another version's) is left out."""
    found = []
    for text in texts:
        try:
            found.append(_decoder.decode(text))
        except msgspec.MsgspecError:
            continue
    return sorted(found, key=lambda report: (report.name, report.host, report.started_ms))
