"""Genesis: one entry in an empty log, tried out before it is written."""

import asyncio

import pytest

from truebook import config
from truebook.commandlog.entries import for_engine
from truebook.commandlog.memory import MemoryLog, MemoryLogServer
from truebook.config import Config, ConfigError
from truebook.engine.naive.engine import NaiveEngine
from truebook.supervisor.founding import found, venue_records

ASSETS = [{"symbol": "EUR", "decimals": 2}, {"symbol": "GOLD", "decimals": 3}]
MARKET = {"symbol": "GOLD_EUR", "tick": "0.1", "step": "0.1", "reference": "1500"}


def venue(assets=ASSETS, **market):
    return Config(venue={"assets": assets, "markets": [MARKET | market]})


def test_an_empty_log_is_founded_in_one_entry():
    server = MemoryLogServer()
    assert asyncio.run(found(MemoryLog(server), *venue_records(Config())))
    engine = NaiveEngine()
    (entry,) = server.entries
    engine.apply(for_engine(entry))
    assert engine.counts() | {"assets": 4, "markets": 3} == engine.counts()


def test_a_log_with_an_entry_is_left_alone():
    server = MemoryLogServer()

    async def twice():
        return [await found(MemoryLog(server), *venue_records(Config())) for _ in range(2)]

    assert asyncio.run(twice()) == [True, False]
    assert len(server.entries) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"impact_max": "0.9"}, "venue: GOLD_EUR: the engine rejects it"),
        ({"price_min": "5", "price_max": "4"}, "venue: GOLD_EUR: the engine rejects it"),
        ({"symbol": "EUR_EUR"}, "venue: EUR_EUR: the engine rejects it"),
    ],
)
def test_what_an_engine_would_reject_is_refused_and_named(change, error):
    with pytest.raises(ConfigError, match=error):
        venue_records(venue(**change))


def test_an_asset_that_an_engine_would_reject_is_named():
    assets = [*ASSETS, {"symbol": "eur", "decimals": 2}]
    with pytest.raises(ConfigError, match="venue: eur: the engine rejects it"):
        venue_records(venue(assets))


def test_a_configured_venue_is_what_is_written():
    records, commands = venue_records(venue())
    assert commands == 5
    assert b"GOLD" in records
    assert config.venue_of(venue()).markets[0].symbol == "GOLD_EUR"
