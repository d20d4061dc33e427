"""A directory is a fold of settings, whatever arrives when."""

import copy
import random

import pytest
from nacl.signing import SigningKey
from venue.local import LocalExchange

from truebook import commands
from truebook.commandlog.interface import Position
from truebook.commandlog.replies import pack_position, settings_events
from truebook.directory import Directory
from truebook.messages import AccountFlag, MarketState, Permission


def all_settings(engine):
    return b"".join(
        [
            engine.asset_settings(),
            engine.market_settings(),
            engine.tier_settings(),
            engine.account_settings(),
            engine.key_settings(),
        ]
    )


FIELDS = ("position", "assets", "markets", "market_by_symbol", "asset_by_symbol", "keys")


def contents(directory, fields=(*FIELDS, "tiers", "accounts")):
    return {field: copy.copy(getattr(directory, field)) for field in fields}


class Recorded(LocalExchange):
    """Keeps the messages of the settings channel, and all settings at each position."""

    def __init__(self):
        self.messages = []
        self.snapshots = []
        super().__init__()

    def apply(self, records):
        outcome = super().apply(records)
        rows = settings_events(self.applied.events)
        self.messages.append(pack_position(outcome.position) + rows)
        self.snapshots.append((outcome.position, all_settings(self.engine)))
        return outcome


@pytest.fixture
def recorded():
    exchange = Recorded()
    for name in ("alice", "bob"):
        exchange.open_account(name, {"USDC": "1"})
    exchange.apply(commands.set_market_state(market=1, state=MarketState.CANCEL_ONLY))
    exchange.apply(commands.set_tier(tier=3, maker_bp=1, taker_bp=5))
    exchange.apply(commands.set_account(name="alice", account=1, tier=3, flags=1))
    return exchange


def test_live_messages_and_the_whole_answer_give_the_same(recorded):
    position, rows = recorded.snapshots[-1]
    loaded = Directory()
    loaded.load(position, rows)
    assert contents(loaded, FIELDS) == contents(recorded.directory, FIELDS)
    assert recorded.directory.accounts.items() <= loaded.accounts.items()
    assert recorded.directory.tiers.items() <= loaded.tiers.items()


def test_settings_are_found_by_what_requests_name(recorded):
    directory = recorded.directory
    assert directory.market_by_symbol["BTC_USDC"].state is MarketState.CANCEL_ONLY
    assert directory.asset_by_symbol["SOL"].decimals == 9
    account = directory.accounts[1]
    assert (account.name, account.tier, account.flags) == ("alice", 3, AccountFlag.BLOCKED)
    assert directory.tiers[3] == (1, 5)


def test_a_key_is_found_by_its_32_bytes(recorded):
    key = SigningKey.generate()
    credentials = recorded.open_account("carol", {}, Permission.READ, key)
    found = recorded.directory.keys[bytes(key.verify_key)]
    assert found == (credentials.account, Permission.READ, 0)


def test_known_positions_are_ignored(recorded):
    before = contents(recorded.directory)
    for message in recorded.messages:
        recorded.directory.follow(message)
    assert contents(recorded.directory) == before


@pytest.mark.parametrize("seed", range(20))
def test_nothing_falls_between_question_and_answer(recorded, seed):
    """However many messages come before the question, before the answer, and after it."""
    draw = random.Random(seed)
    asked, answered = sorted(draw.choices(range(len(recorded.messages) + 1), k=2))
    directory = Directory()
    directory.expect()
    state = draw.choice([s for s in recorded.snapshots if s[0].high >= asked])
    for message in recorded.messages[asked:answered]:
        directory.follow(message)
    directory.load(*state)
    for message in recorded.messages[answered:]:
        directory.follow(message)
    whole = Directory()
    whole.load(*recorded.snapshots[-1])
    assert contents(directory) == contents(whole)


def test_an_older_answer_does_not_hide_newer_messages(recorded):
    directory = Directory()
    directory.expect()
    for message in recorded.messages:
        directory.follow(message)
    directory.load(*recorded.snapshots[0])
    assert directory.accounts[1].flags is AccountFlag.BLOCKED
    assert directory.position == recorded.directory.position


def test_a_message_without_rows_moves_the_position_alone(recorded):
    directory = recorded.directory
    before = contents(directory)
    directory.follow(pack_position(Position(99, 0)))
    assert contents(directory) == before | {"position": Position(99, 0)}
