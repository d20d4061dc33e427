"""How the exchange of a seed is made up: what there is, how many, and how soon things happen."""

from typing import Any, NamedTuple

from truebook.commandlog.archive import archiver
from truebook.engine.naive.engine import NaiveEngine
from truebook.snapshots import keeping

FAST_SHARE = 0.1


class Plan(NamedTuple):
    """One seed's."""

    engines: int
    gateways: int
    quorum: int
    has_feed: bool
    has_store: bool
    has_archive: bool
    has_witness: bool
    snapshots: Any
    archive: Any
    trouble_s: float
    make_engine: Any = NaiveEngine

    @classmethod
    def drawn(cls, random):
        """The plan of a seed."""
        engines = random.choice((1, 2, 2, 3))
        has_archive = random.random() < 0.5
        return cls(
            engines=engines,
            gateways=random.choice((1, 2, 2)),
            quorum=2 if engines > 1 and random.random() < 0.25 else 1,
            has_feed=random.random() < 0.6,
            has_store=random.random() < 0.6,
            has_archive=has_archive,
            has_witness=engines > 1 and random.random() < 0.4,
            snapshots=keeping.Plan(
                records=random.choice((20, 1_000_000)),
                seconds=random.choice((0.5, 2.0, 60.0)),
                keep=2,
            ),
            archive=archiver.Plan(
                log_bytes_max=random.choice((4_000, 20_000)),
                segment_bytes=1_000,
                segment_s=random.choice((0.5, 5.0)),
                vanished_s=random.choice((3.0, 600.0)),
            ),
            trouble_s=random.choice((3.0, 5.0, 8.0)),
        )
