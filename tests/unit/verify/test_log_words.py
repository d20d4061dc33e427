"""The log told in words, with the settings that held at each place."""

import base64
import csv
import random
import sys

import msgspec
import pytest
from nacl.signing import SigningKey

from truebook import commands
from truebook.commandlog.entries import for_engine
from truebook.commandlog.interface import GENESIS
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import MarketState, OrderType, Permission, SelfTrade, Side, TimeInForce
from truebook.messages.notes import note_parts
from truebook.units import Grid
from truebook.verify.log_export import COLUMNS, MissingExtra, export
from truebook.verify.log_reading import read_range
from truebook.verify.log_words import entry_words, text_of

PUBLIC_KEY = bytes(SigningKey(bytes(31) + b"\1").verify_key)


def words(archived, first=GENESIS, last=None):
    return [
        entry_words(entry, judged, directory)
        for entry, judged, directory in read_range(archived.whole(), first, last)
    ]


def told(archived, *records):
    """What is told of commands appended to the log."""
    archived.append(b"".join(records))
    return words(archived, archived.all[-1].position)[0].commands


def test_an_order_is_told_with_its_market_and_decimals(archived):
    (order,) = told(
        archived,
        commands.place(
            account=3,
            market=0,
            order_id=77,
            side=Side.ASK,
            order_type=OrderType.LIMIT,
            price=10_025,
            quantity=150,
            client_id=9,
            post_only=True,
        ),
    )
    assert order == {
        "kind": "PLACE",
        "account": 3,
        "market": "SOL_USDC",
        "side": "ASK",
        "orderType": "LIMIT",
        "timeInForce": "GTC",
        "selfTrade": "REJECT_TAKER",
        "postOnly": True,
        "orderId": 77,
        "clientId": 9,
        "price": "100.25",
        "quantity": "1.5",
    }
    assert text_of(order).startswith("PLACE            account=3 market=SOL_USDC side=ASK")


def test_market_orders_are_told_by_what_they_name(archived):
    by_lots, by_quote = told(
        archived,
        *(
            commands.place(
                account=3,
                market=1,
                order_id=78 + kind,
                side=Side.BID,
                order_type=kind,
                quantity=2_500_000,
                time_in_force=TimeInForce.IOC,
                self_trade=SelfTrade.ALLOW,
            )
            for kind in (OrderType.MARKET, OrderType.MARKET_BY_QUOTE)
        ),
    )
    assert by_lots["quantity"] == "25"
    assert by_quote["quoteQuantity"] == "2.5"
    assert "price" not in by_lots


def test_cancels_name_their_order(archived):
    by_id, by_client, every, amended = told(
        archived,
        commands.cancel(account=1, order_id=5),
        commands.cancel(account=1, market=0, client_id=0),
        commands.cancel_all(account=1),
        commands.amend(account=1, market=0, order_id=6, price=5, quantity=7),
    )
    assert by_id == {"kind": "CANCEL", "account": 1, "orderId": 5}
    assert by_client == {"kind": "CANCEL", "account": 1, "market": "SOL_USDC", "clientId": 0}
    assert every == {"kind": "CANCEL_ALL", "account": 1}
    assert (amended["price"], amended["quantity"]) == ("0.05", "0.07")


def test_settings_and_transfers_are_told(archived):
    key, tier, state, money, tick = told(
        archived,
        commands.set_key(account=2, public_key=PUBLIC_KEY, permissions=Permission.READ),
        commands.set_tier(tier=1, maker_bp=-1, taker_bp=5),
        commands.set_market_state(market=2, state=MarketState.CANCEL_ONLY),
        commands.withdraw(account=2, asset=2, amount=150_000_000),
        commands.tick(0, 2),
    )
    assert (key["permissions"], base64.b64decode(key["publicKey"])) == ("READ", PUBLIC_KEY)
    assert (tier["makerBp"], tier["takerBp"]) == (-1, 5)
    assert (state["market"], state["state"]) == ("ETH_USDC", "CANCEL_ONLY")
    assert money == {"kind": "WITHDRAW", "account": 2, "asset": "BTC", "amount": "1.5"}
    assert tick == {"kind": "TICK", "markets": ["SOL_USDC", "ETH_USDC"]}


def test_a_note_is_told_with_who_and_why_before_what_it_explains(archived):
    why = "ü" * 70
    note, *rest, money = told(
        archived,
        *note_parts(f"root\n{why}", 1),
        commands.deposit(account=2, asset=2, amount=150_000_000),
    )
    assert note == {"kind": "NOTE", "who": "root", "why": why, "covers": 1}
    assert rest == [{"kind": "NOTE", "continued": True}] * 2
    assert money["kind"] == "DEPOSIT"


def test_a_note_without_its_end_is_told_as_bytes(archived):
    first, *_ = note_parts("root\n" + "why" * 40, 1)
    (part,) = told(archived, first)
    assert part["kind"] == "MALFORMED"


def test_the_first_entry_tells_the_venue(archived):
    first = words(archived)[0]
    assert (first.gateway, first.sequence, first.status) == (1, 1, "APPLIED")
    markets = [command for command in first.commands if command["kind"] == "SET_MARKET"]
    assert (markets[0]["tick"], markets[0]["priceReference"]) == ("0.01", "100")


def test_a_setting_that_engines_refused_changes_nothing(archived):
    archived.append(
        commands.set_asset(asset=9, symbol="NINE", decimals=2, display_name="not the next"),
        commands.set_asset(asset=4, symbol="FOUR", decimals=2, display_name="the next"),
        commands.set_asset(asset=4, symbol="FOUR", decimals=5, display_name="other decimals"),
    )
    (money, nine) = told(
        archived,
        commands.deposit(account=1, asset=4, amount=150),
        commands.deposit(account=1, asset=9, amount=150),
    )
    assert (money["asset"], money["amount"]) == ("FOUR", "1.5")
    assert (nine["asset"], nine["amount"]) == ("asset 9", "150 steps")


def test_settings_are_those_of_their_place(archived):
    order = commands.place(
        account=1,
        market=3,
        order_id=500,
        side=Side.BID,
        order_type=OrderType.LIMIT,
        price=10,
        quantity=10,
    )
    before = told(archived, order)
    market = dict.fromkeys(("price_reference", "band_min_bp", "band_max_bp"), 0)
    (opened,) = told(
        archived,
        commands.set_market(
            **market,
            market=3,
            base=1,
            quote=2,
            tick=Grid(1, 2),
            step=Grid(1, 1),
            price_min=1,
            price_max=1000,
            quantity_min=1,
            quantity_max=1000,
            open_orders_max=5,
            impact_min_bp=9700,
            impact_max_bp=10300,
        ),
    )
    after = told(archived, order)
    assert (before[0]["market"], before[0]["price"]) == ("market 3", "10 steps")
    assert opened["symbol"] == "SOL_BTC"
    assert (after[0]["market"], after[0]["price"], after[0]["quantity"]) == ("SOL_BTC", "0.1", "1")


def test_settings_are_an_engines(archived):
    """The same directory as an engine that replays everything."""
    reads = list(read_range(archived.whole(), GENESIS))
    engine = NaiveEngine()
    for entry in archived.all:
        engine.apply(for_engine(entry))
    directory = reads[-1].directory
    assert len(directory.accounts) + 1 == engine.counts()["accounts"]  # and the venue's own
    assert len(directory.markets) == engine.counts()["markets"]


def test_a_range_is_cut_at_both_ends(archived):
    first, last = archived.all[20].position, archived.all[30].position
    found = words(archived, first, last)
    assert [entry.position for entry in found] == [str(e.position) for e in archived.all[20:31]]


def test_nothing_in_the_log_makes_telling_it_fail(archived):
    rng = random.Random(7)
    for _ in range(300):
        record = bytearray(rng.randbytes(64 * rng.randrange(1, 5)))
        for at in range(0, len(record), 64):
            record[at] = rng.choice([0, 2, 3, 4, 5, 16, 17, 32, *range(48, 55)])
            record[at + 1] = rng.randrange(4)
        archived.append(bytes(record))
        archived.server.append(rng.randbytes(rng.randrange(200)))
    found = words(archived, archived.all[130].position)
    assert len(found) == 600
    assert {entry.status for entry in found} == {"APPLIED", "MALFORMED"}
    for entry in found:
        msgspec.json.encode(entry)
        for command in entry.commands:
            text_of(command)


def test_a_table_has_a_row_for_each_command(archived, tmp_path):
    file = tmp_path / "log.csv"
    count = export(read_range(archived.whole(), GENESIS), file, "csv")
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == count == len(commands_of(DEFAULT_VENUE)) + 10 + 2 * 119
    order = rows[-1]
    assert list(order) == list(COLUMNS)
    assert (order["kind"], order["market"], order["quantity_lots"]) == ("PLACE", "SOL_USDC", "50")
    assert order["price"] == f"{int(order['price_ticks']) / 100:.2f}".rstrip("0").rstrip(".")
    assert (rows[-2]["kind"], rows[-2]["amount_atoms"]) == ("DEPOSIT", str(10**12))
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".new"] == []


def test_parquet_has_the_same_rows(archived, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "log.parquet"
    count = export(read_range(archived.whole(), GENESIS), file, "parquet")
    rows = parquet.read_table(file).to_pylist()
    assert len(rows) == count
    assert (rows[-1]["kind"], rows[-1]["quantity"], rows[-1]["post_only"]) == (
        "PLACE",
        "0.5",
        False,
    )


def test_without_the_extra_parquet_says_what_to_install(archived, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'truebook\[export\]'"):
        export(read_range(archived.whole(), GENESIS), tmp_path / "log.parquet", "parquet")
    assert not (tmp_path / "log.parquet").exists()


def test_an_export_that_fails_leaves_no_file(archived, tmp_path):
    def broken():
        yield from read_range(archived.whole(), GENESIS)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        export(broken(), tmp_path / "log.csv", "csv")
    assert [path.name for path in tmp_path.glob("log*")] == []
