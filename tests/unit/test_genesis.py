"""What a venue becomes: commands that the engine accepts, and settings as they were meant."""

import msgspec
import numpy as np
import pytest
from venue.local import LocalExchange

from truebook import commands
from truebook.genesis import DEFAULT_VENUE, AssetPlan, MarketPlan, Venue, VenueError, commands_of
from truebook.messages import (
    COMMAND,
    COMMAND_BYTES,
    COMMAND_DTYPES,
    PLACE_TRIGGER,
    REPLY,
    TRANSFER,
    CancelFlag,
    CommandKind,
    OrderStatus,
    OrderType,
    PlaceFlag,
    SelfTrade,
    Side,
    TimeInForce,
    Timer,
    WithdrawalState,
    note_parts,
)
from truebook.units import Grid, show

ORDER = {
    "account": 1,
    "market": 0,
    "order_id": 3,
    "side": Side.BID,
    "order_type": OrderType.MARKET,
    "quantity": 5,
}


def with_market(**changes: str) -> Venue:
    plan = msgspec.structs.replace(DEFAULT_VENUE.markets[0], **changes)
    return msgspec.structs.replace(DEFAULT_VENUE, markets=(plan,))


def test_the_engine_accepts_the_whole_default_venue():
    exchange = LocalExchange(Venue(assets=(), markets=()))
    settings = commands_of(DEFAULT_VENUE)
    replies = exchange.apply(b"".join(settings)).replies
    assert [OrderStatus(status) for status in replies["status"]] == [OrderStatus.DONE] * 9
    markets = exchange.directory.market_by_symbol
    assert list(markets) == ["SOL_USDC", "BTC_USDC", "ETH_USDC"]
    sol = markets["SOL_USDC"]
    assert (sol.tick, sol.step) == (Grid(1, 2), Grid(1, 2))
    assert show(sol.price_reference, sol.tick) == "100"
    assert (sol.band_min_bp, sol.band_max_bp) == (7_500, 12_500)
    assert (sol.impact_min_bp, sol.impact_max_bp) == (9_700, 10_300)
    assert sol.open_orders_max == 500
    assert exchange.directory.tiers[0] == (8, 10)


@pytest.mark.parametrize("market", DEFAULT_VENUE.markets, ids=lambda market: market.symbol)
def test_one_tick_of_one_lot_is_whole_atoms_and_the_widest_bounds_are_accepted(market):
    directory = LocalExchange().directory
    listed = directory.market_by_symbol[market.symbol]
    assert listed.unit >= 1
    assert listed.lot_atoms >= 1
    assert listed.price_max * listed.unit <= 1 << 60
    assert listed.quantity_max * listed.lot_atoms <= 1 << 62


@pytest.mark.parametrize(
    ("venue", "reason"),
    [
        (with_market(tick="0.0000001"), "whole number of quote atoms"),
        (with_market(tick="x"), "tick must be a plain decimal"),
        (with_market(reference="1.001"), "reference decimal too long"),
        (with_market(symbol="SOLUSDC"), "symbol must join two assets"),
        (with_market(symbol="DOGE_USDC"), "symbol must join two assets"),
        (with_market(band_max="7"), "band_max is above"),
    ],
)
def test_a_venue_that_cannot_be_is_refused_with_market_and_field(venue, reason):
    with pytest.raises(VenueError, match=reason):
        commands_of(venue)


def test_an_asset_may_be_finer_than_any_market_needs():
    fine = Venue(
        assets=(AssetPlan("USDC", 6), AssetPlan("X", 18)),
        markets=(MarketPlan("X_USDC", tick="0.01", step="1"),),
    )
    replies = LocalExchange(fine).directory.market_by_symbol["X_USDC"]
    assert replies.lot_atoms == 10**18


def test_an_order_is_laid_out_as_the_vocabulary_says():
    record = commands.place(
        account=1,
        market=2,
        order_id=3,
        side=Side.ASK,
        order_type=OrderType.LIMIT,
        price=4,
        quantity=5,
        time_in_force=TimeInForce.FOK,
        self_trade=SelfTrade.REJECT_BOTH,
        post_only=True,
        client_id=6,
    )
    place = np.frombuffer(record, COMMAND)[0]
    assert (place["kind"], place["records"]) == (CommandKind.PLACE, 1)
    assert (place["account"], place["market"], place["order_id"]) == (1, 2, 3)
    assert (place["side"], place["price"], place["quantity"]) == (1, 4, 5)
    assert (place["time_in_force"], place["self_trade"], place["client_id"]) == (2, 2, 6)
    assert place["flags"] == PlaceFlag.POST_ONLY | PlaceFlag.HAS_CLIENT_ID
    assert not any(place[name].any() for name in COMMAND.names or () if name.startswith("zero"))


def test_a_trigger_is_an_order_with_a_price_to_wait_for():
    record = commands.place_trigger(**ORDER, trigger_price=7, percent_bp=2_500, slippage_bp=50)
    trigger = np.frombuffer(record, PLACE_TRIGGER)[0]
    assert (trigger["kind"], trigger["records"], trigger["continued"]) == (6, 2, 0)
    assert (trigger["trigger_flags"], trigger["trigger_price"]) == (1, 7)
    assert (trigger["quantity"], trigger["price"]) == (2_500, 50)
    assert trigger["flags"] == PlaceFlag.SLIPPAGE_BASIS_POINTS


def test_a_reference_stands_in_the_deposit_byte_for_byte():
    record = commands.deposit(account=1, asset=2, amount=3, reference=bytes(range(16)))
    assert np.frombuffer(record, TRANSFER)[0]["reference"].tobytes() == bytes(range(16))


def test_every_builder_makes_whole_records_of_its_kind():
    built = {
        CommandKind.CANCEL: commands.cancel(account=1, order_id=2),
        CommandKind.CANCEL_ALL: commands.cancel_all(account=1),
        CommandKind.AMEND: commands.amend(account=1, price=2, quantity=3, client_id=4),
        CommandKind.DEPOSIT: commands.deposit(account=1, asset=2, amount=3),
        CommandKind.WITHDRAW: commands.withdraw(account=1, asset=2, amount=3),
        CommandKind.TICK: commands.tick(0, 1),
        CommandKind.SET_MARKET_STATE: commands.set_market_state(market=0, state=1),
        CommandKind.SET_KEY: commands.set_key(account=1, public_key=bytes(32), permissions=0),
        CommandKind.PLACE_TRIGGER: commands.place_trigger(**ORDER, price=1, trigger_price=2),
        CommandKind.CANCEL_AFTER: commands.cancel_after(account=1, timeout_ms=2),
        CommandKind.REQUEST_WITHDRAWAL: commands.request_withdrawal(
            account=1, asset=2, amount=3, withdrawal_id=4
        ),
        CommandKind.SETTLE_WITHDRAWAL: commands.settle_withdrawal(
            withdrawal_id=4, state=WithdrawalState.REFUSED
        ),
        CommandKind.RECOVERY: commands.recovery(after=(1, 2)),
        CommandKind.SET_RULES: commands.set_rules(2),
        CommandKind.SET_ATTESTER: commands.set_attester(
            slot=1, public_key=bytes(32), name="engine-1", trusted=False
        ),
    }
    for kind, record in built.items():
        layout = COMMAND_DTYPES[kind]
        assert len(record) == layout.itemsize
        assert record[:2] == bytes([kind, layout.itemsize // COMMAND_BYTES])


def test_the_engine_takes_what_the_other_builders_make():
    exchange = LocalExchange()
    alice = exchange.open_account("alice", {"USDC": "1000", "SOL": "5"}).account
    order = {"account": alice, "market": 0, "side": Side.BID, "order_type": OrderType.LIMIT}
    record = b"".join(
        [
            commands.place(**order, order_id=7, price=9_000, quantity=100, client_id=9),
            commands.amend(account=alice, client_id=9, price=9_100, quantity=50),
            commands.cancel(account=alice, order_id=7),
            commands.withdraw(account=alice, asset=0, amount=1),
            commands.tick(0, 2),
            commands.cancel_all(account=alice),
            commands.place(
                account=alice,
                market=0,
                order_id=8,
                side=Side.ASK,
                order_type=OrderType.MARKET,
                quantity=1,
                slippage_ticks=5,
                deadline_ms=100,
            ),
            commands.place_trigger(**order, order_id=9, quantity=7, price=9_000, trigger_price=90),
            commands.place_trigger(
                **order, order_id=10, price=9_000, trigger_price=9, percent_bp=9
            ),
            commands.cancel_all(account=alice, flags=CancelFlag.PENDING),
            commands.cancel_after(account=alice, timeout_ms=1_000, timer=Timer.CONNECTION),
            commands.deposit(account=alice, asset=0, amount=1, reference=bytes(range(16))),
            commands.request_withdrawal(account=alice, asset=0, amount=5, withdrawal_id=11),
            commands.settle_withdrawal(withdrawal_id=11, state=WithdrawalState.CONFIRMED),
            commands.recovery(after=(1, 2)),
            commands.set_rules(2),
            commands.set_attester(slot=0, public_key=b"k" * 32, name="engine-1", trusted=True),
            *note_parts("why", covers=1),
        ]
    )
    replies: np.ndarray = exchange.apply(record).replies
    assert replies.dtype == REPLY
    assert not (replies["status"] == OrderStatus.REJECTED).any()
