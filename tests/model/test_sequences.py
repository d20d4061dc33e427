"""Every sequence of twelve small commands: no order of events is left to chance.

Two traders, one market, one price or two. Before each sequence everything is cancelled and both
traders get the same balances back, so that one engine can go through all sequences. `SMALL` trades,
in one entry; `WAITING` has what version 2 of the rules adds, an entry and ten milliseconds each.
"""

from collections.abc import Iterator
from itertools import count, product

import pytest
from model.comparison import Difference, SideBySide
from model.engines import CANDIDATES, naive
from model.world import (
    GOLD,
    USDC,
    MarketShape,
    entry,
    one,
    order,
    set_account,
    set_asset,
    set_market,
    set_rules,
    set_tier,
    transfer,
    trigger,
)

from truebook import messages as m
from truebook.limits import TIERS_MAX
from truebook.messages import (
    CancelFlag,
    CommandKind,
    OrderType,
    PlaceFlag,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerFlag,
)

PLACE, CANCEL, AMEND = CommandKind.PLACE, CommandKind.CANCEL, CommandKind.AMEND
MARKET = OrderType.MARKET
NAMED = PlaceFlag.HAS_CLIENT_ID
ANN, BOB = 1, 2
BALANCES = {(ANN, USDC): 4_000, (ANN, GOLD): 5, (BOB, USDC): 4_000, (BOB, GOLD): 5}
SHAPE = MarketShape(GOLD, USDC, (7, 6), (1, 0), unit=7, lot_atoms=1)

SMALL = (
    order(PLACE, account=ANN, side=Side.BID, order_id=1, price=100, quantity=2),
    order(PLACE, account=ANN, side=Side.ASK, order_id=2, price=101, quantity=2, self_trade=1),
    order(PLACE, account=BOB, side=Side.BID, order_id=3, price=101, quantity=3, flags=1),
    order(PLACE, account=BOB, side=Side.ASK, order_id=4, price=100, quantity=3, self_trade=2),
    order(
        PLACE,
        account=BOB,
        side=Side.BID,
        order_id=5,
        price=100,
        quantity=1,
        client_id=7,
        flags=NAMED,
        self_trade=SelfTrade.ALLOW,
    ),
    order(
        PLACE,
        account=ANN,
        side=Side.ASK,
        order_id=6,
        price=100,
        quantity=4,
        time_in_force=TimeInForce.FOK,
        self_trade=SelfTrade.REJECT_MAKER,
    ),
    order(PLACE, account=BOB, side=Side.BID, order_id=7, quantity=1_500, order_type=OrderType(2)),
    order(PLACE, account=ANN, side=Side.ASK, order_id=8, quantity=4, order_type=OrderType(1)),
    order(CANCEL, account=ANN, market=m.NO_MARKET, order_id=1),
    order(AMEND, account=BOB, order_id=3, price=101, quantity=1),
    order(AMEND, account=BOB, by=1, client_id=7, price=101, quantity=5),
    order(AMEND, account=ANN, order_id=2, price=100, quantity=2),
)


WAITING = (
    order(PLACE, account=ANN, side=Side.BID, order_id=1, price=100, quantity=2),
    order(PLACE, account=BOB, side=Side.ASK, order_id=2, price=100, quantity=1),
    order(PLACE, account=BOB, side=Side.ASK, order_id=3, price=101, quantity=2),
    order(
        PLACE, account=ANN, side=Side.BID, order_id=4, price=101, quantity=3, client_id=7, flags=2
    ),
    trigger(
        account=ANN, side=Side.ASK, order_id=5, quantity=1, order_type=MARKET, trigger_price=100
    ),
    trigger(account=BOB, side=Side.BID, order_id=6, price=101, quantity=2, trigger_price=101),
    trigger(
        account=BOB,
        side=Side.ASK,
        order_id=7,
        quantity=5_000,
        order_type=MARKET,
        trigger_flags=TriggerFlag.PERCENT,
        trigger_price=100,
    ),
    trigger(
        account=ANN,
        side=Side.BID,
        order_id=8,
        quantity=1_400,
        order_type=OrderType.MARKET_BY_QUOTE,
        trigger_price=101,
        flags=PlaceFlag.SLIPPAGE_TICKS,
        self_trade=SelfTrade.REJECT_MAKER,
    ),
    order(CANCEL, account=ANN, market=m.NO_MARKET, order_id=5),
    one(m.CANCEL_AFTER, kind=CommandKind.CANCEL_AFTER, account=ANN, timeout_ms=15),
    order(CommandKind.CANCEL_ALL, account=BOB, market=m.NO_MARKET, flags=CancelFlag.PENDING),
    one(
        m.REQUEST_WITHDRAWAL,
        kind=CommandKind.REQUEST_WITHDRAWAL,
        account=ANN,
        asset=USDC,
        amount=3_000,
        withdrawal_id=9,
    ),
)


class Table:
    """Both engines, set up, and the entry that clears the table."""

    def __init__(self, name: str, rules: int) -> None:
        self.pair = SideBySide(naive(), CANDIDATES[name]())
        self.sequence = count(1)
        self.time_ms = 0
        self.apply(
            set_rules(rules),
            set_asset(0, "USDC", 6),
            *(set_asset(i, f"UNUSED{i}", 6) for i in range(1, GOLD)),
            set_asset(GOLD, "GOLD", 0),
            set_market(0, SHAPE),
            *(set_tier(tier, 0, 30) for tier in range(TIERS_MAX)),
            set_tier(0, -20, 30),
            set_account("ann"),
            set_account("bob"),
        )

    def apply(self, *commands: object) -> None:
        """Apply one entry to both."""
        self.time_ms += 10
        self.pair.apply(entry(next(self.sequence), *commands, time_ms=self.time_ms))

    def clear(self) -> None:
        """Cancel all orders, and bring both traders' balances back to where they were."""
        everything = {"market": m.NO_MARKET}
        self.apply(
            *(order(CommandKind.CANCEL_ALL, account=who, **everything) for who in (ANN, BOB)),
            one(m.CANCEL_AFTER, kind=CommandKind.CANCEL_AFTER, account=ANN),
            one(
                m.SETTLE_WITHDRAWAL,
                kind=CommandKind.SETTLE_WITHDRAWAL,
                state=m.WithdrawalState.CONFIRMED,
                withdrawal_id=9,
            ),
        )
        self.apply(*self._payments())

    def _payments(self) -> Iterator[object]:
        for (account, asset), atoms in BALANCES.items():
            surplus = self.pair.reference.balance(account, asset).available - atoms
            kind = CommandKind.WITHDRAW if surplus > 0 else CommandKind.DEPOSIT
            if surplus:
                yield transfer(kind, account, asset, abs(surplus))


def go_through(name: str, length: int, waiting: bool = False) -> int:
    """Play every sequence of up to `length` commands; return how many there were."""
    table = Table(name, rules=2 if waiting else 1)
    commands = WAITING if waiting else SMALL
    played = 0
    for size in range(1, length + 1):
        for chosen in product(range(len(commands)), repeat=size):
            try:
                table.clear()
                for together in [chosen] if not waiting else [(i,) for i in chosen]:
                    table.apply(*(commands[i] for i in together))
                table.pair.compare_funds_and_depth()
                table.pair.compare_hashes()
            except AssertionError as fault:
                raise Difference(f"after the commands {chosen}: {fault}") from fault
            played += 1
    table.pair.compare_everything()
    return played


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_sequence_of_up_to_four_small_commands(name):
    assert go_through(name, 4) == 12 + 12**2 + 12**3 + 12**4


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_sequence_of_up_to_three_commands_that_wait(name):
    assert go_through(name, 3, waiting=True) == 12 + 12**2 + 12**3


@pytest.mark.night
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", CANDIDATES)
def test_every_sequence_of_up_to_four_commands_that_wait(name):
    assert go_through(name, 4, waiting=True) == sum(12**size for size in range(1, 5))


@pytest.mark.night
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", CANDIDATES)
def test_every_sequence_of_up_to_five_small_commands(name):
    assert go_through(name, 5) == sum(12**size for size in range(1, 6))
