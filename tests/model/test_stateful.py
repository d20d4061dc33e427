"""Hypothesis plays both engines against one another, and shrinks what it finds to a few steps."""

import os
from itertools import count

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from model.comparison import SideBySide
from model.engines import CANDIDATES, naive
from model.world import (
    ASSETS,
    MARKETS,
    entry,
    founding,
    one,
    order,
    set_account,
    set_market,
    transfer,
    trigger,
)

from truebook import messages as m
from truebook.messages import CommandKind, MarketState, PlaceFlag, TriggerFlag

STEPS = 50
TRADERS = 3
ACCOUNT = st.integers(1, TRADERS)
MARKET = st.sampled_from((0, 4, 5))
LOTS = st.integers(1, 12)
TICKS = st.integers(96, 104)
WHOLE = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.sampled_from([sign * (1 << bits) for bits in (46, 60, 62) for sign in (1, -1)]),
)


class Trading(RuleBasedStateMachine):
    """A few traders do whatever they like, one command an entry."""

    name = "naive"

    @initialize()
    def found(self) -> None:
        self.sequences = count(1)
        self.order_ids = count(1)
        self.newest = 0
        self.pair = SideBySide(naive(), CANDIDATES[self.name]())
        self.time_ms = 0
        self.reached_ms = 0
        self.apply(*founding(TRADERS, rules=2))

    def apply(self, *commands: object) -> None:
        self.time_ms += 1
        stamps = {"time_ms": self.time_ms, "reached_ms": self.reached_ms}
        self.pair.apply(entry(next(self.sequences), *commands, **stamps))
        self.reached_ms = 0
        self.pair.compare_everything()

    @rule(
        account=ACCOUNT,
        market=MARKET,
        side=st.integers(0, 1),
        ticks=TICKS,
        lots=LOTS,
        time_in_force=st.integers(0, 2),
        self_trade=st.integers(0, 3),
        post_only=st.booleans(),
    )
    def place_limit(self, account, market, side, ticks, lots, time_in_force, self_trade, post_only):
        self.newest = next(self.order_ids)
        ticks -= 100 - MARKETS[market].centre
        self.apply(
            order(
                CommandKind.PLACE,
                account=account,
                market=market,
                side=side,
                order_id=self.newest,
                price=ticks,
                quantity=lots,
                time_in_force=time_in_force,
                self_trade=self_trade,
                flags=PlaceFlag.POST_ONLY if post_only and time_in_force == 0 else 0,
            )
        )

    @rule(
        account=ACCOUNT,
        market=MARKET,
        side=st.integers(0, 1),
        order_type=st.integers(1, 2),
        quantity=st.one_of(LOTS, st.integers(1, 1 << 40)),
        time_in_force=st.integers(0, 2),
        self_trade=st.integers(0, 3),
    )
    def place_market(self, **fields):
        self.newest = next(self.order_ids)
        self.apply(order(CommandKind.PLACE, order_id=self.newest, **fields))

    @rule(account=ACCOUNT, market=MARKET, side=st.integers(0, 1), ticks=TICKS, client=LOTS)
    def place_named(self, account, market, side, ticks, client):
        self.newest = next(self.order_ids)
        self.apply(
            order(
                CommandKind.PLACE,
                account=account,
                market=market,
                side=side,
                order_id=self.newest,
                price=ticks,
                quantity=2,
                flags=PlaceFlag.HAS_CLIENT_ID,
                client_id=client,
            )
        )

    @rule(
        kind=st.sampled_from((CommandKind.CANCEL, CommandKind.AMEND)),
        back=st.integers(0, 8),
        ticks=TICKS,
        lots=LOTS,
        stranger=st.booleans(),
    )
    def cancel_or_amend(self, kind, back, ticks, lots, stranger):
        target = self.pair.reference.order(max(self.newest - back, 1))
        account = target.account if target and not stranger else 1
        numbers = {"price": ticks, "quantity": lots} if kind == CommandKind.AMEND else {}
        order_id = max(self.newest - back, 1)
        named = {"market": m.NO_MARKET, "order_id": order_id}
        self.apply(order(kind, account=account, **named, **numbers))

    @rule(
        kind=st.sampled_from((CommandKind.CANCEL, CommandKind.AMEND)), account=ACCOUNT, client=LOTS
    )
    def by_client_id(self, kind, account, client):
        numbers = {"price": 100, "quantity": 3} if kind == CommandKind.AMEND else {}
        named = {"market": m.NO_MARKET, "by": 1, "client_id": client}
        self.apply(order(kind, account=account, **named, **numbers))

    @rule(
        account=ACCOUNT,
        market=st.one_of(MARKET, st.just(m.NO_MARKET)),
        flags=st.integers(0, 3),
    )
    def cancel_all(self, account, market, flags):
        self.apply(order(CommandKind.CANCEL_ALL, account=account, market=market, flags=flags))

    @rule(
        account=ACCOUNT,
        market=MARKET,
        side=st.integers(0, 1),
        order_type=st.integers(0, 2),
        time_in_force=st.integers(0, 2),
        self_trade=st.integers(0, 3),
        ticks=TICKS,
        trigger_price=TICKS,
        lots=LOTS,
        percent=st.one_of(st.just(0), st.integers(1, 10_000)),
    )
    def place_trigger(self, market, ticks, trigger_price, lots, percent, **fields):
        self.newest = next(self.order_ids)
        lower = 100 - MARKETS[market].centre
        is_limit, by_quote = fields["order_type"] == 0, fields["order_type"] == 2
        amount = min(lots * MARKETS[market].unit * ticks, 1 << 62)
        part = percent and not by_quote
        self.apply(
            trigger(
                market=market,
                order_id=self.newest,
                price=ticks - lower if is_limit else 0,
                trigger_price=trigger_price - lower,
                quantity=percent if part else amount if by_quote else lots,
                trigger_flags=TriggerFlag.PERCENT if part else 0,
                **fields,
            )
        )

    @rule(
        account=ACCOUNT,
        market=MARKET,
        side=st.integers(0, 1),
        lots=LOTS,
        flag=st.sampled_from((PlaceFlag.SLIPPAGE_TICKS, PlaceFlag.SLIPPAGE_BASIS_POINTS)),
        tolerance=st.one_of(st.integers(0, 300), WHOLE),
    )
    def place_with_slippage(self, lots, flag, tolerance, **fields):
        self.newest = next(self.order_ids)
        terms = {"order_type": 1, "flags": flag, "price": tolerance, "quantity": lots}
        self.apply(order(CommandKind.PLACE, order_id=self.newest, **terms, **fields))

    @rule(
        account=ACCOUNT,
        timer=st.integers(0, 1),
        timeout_ms=st.one_of(st.integers(0, 12), st.integers(0, 100_000_000)),
    )
    def cancel_after(self, **fields):
        self.apply(one(m.CANCEL_AFTER, kind=CommandKind.CANCEL_AFTER, **fields))

    @rule(milliseconds=st.sampled_from((1, 10, 5_000, 100_000_000)))
    def let_time_pass(self, milliseconds):
        self.time_ms += milliseconds

    @rule(lateness=st.sampled_from((1, 4_999, 5_002, 100_000)))
    def be_late(self, lateness):
        self.reached_ms = self.time_ms + lateness

    @rule(account=ACCOUNT, asset=st.integers(0, len(ASSETS)), amount=st.integers(1, 10**6))
    def request_withdrawal(self, **fields):
        self.newest = next(self.order_ids)
        kind = CommandKind.REQUEST_WITHDRAWAL
        self.apply(one(m.REQUEST_WITHDRAWAL, kind=kind, withdrawal_id=self.newest, **fields))

    @rule(back=st.integers(0, 8), state=st.integers(0, 3))
    def settle_withdrawal(self, back, state):
        waiting = [w.withdrawal_id for w in self.pair.reference.pending_withdrawals()]
        number = waiting[back % len(waiting)] if waiting else 1
        kind = CommandKind.SETTLE_WITHDRAWAL
        self.apply(one(m.SETTLE_WITHDRAWAL, kind=kind, withdrawal_id=number, state=state))

    @rule(account=st.integers(0, TRADERS), digest=st.integers(0, 3))
    def deposit_once(self, account, digest):
        deposit = transfer(CommandKind.DEPOSIT, account, 0, 5)
        deposit["reference"] = (digest, 0)
        self.apply(deposit)

    @rule(
        kind=st.sampled_from((CommandKind.DEPOSIT, CommandKind.WITHDRAW)),
        account=st.integers(0, TRADERS),
        asset=st.integers(0, len(ASSETS) - 1),
        amount=st.one_of(st.integers(1, 10**6), WHOLE),
    )
    def move_funds(self, kind, account, asset, amount):
        self.apply(transfer(kind, account, asset, amount))

    @rule(market=MARKET, state=st.sampled_from(MarketState), cap=st.integers(0, 6))
    def set_market(self, market, state, cap):
        shape = MARKETS[market]
        self.apply(set_market(market, shape, state=state, open_orders_max=cap + 2))
        if state != MarketState.OPEN and cap % 2:
            self.apply(set_market(market, shape))

    @rule(account=ACCOUNT, blocked=st.integers(0, 4), tier=st.integers(0, 5))
    def set_terms(self, account, blocked, tier):
        terms = {"account": account, "flags": blocked == 0, "tier": tier}
        self.apply(set_account(f"trader-{account}", **terms))

    @rule(
        kind=st.sampled_from(list(CommandKind)[1:5]),
        account=ACCOUNT,
        field=st.sampled_from(("price", "quantity", "order_id")),
        value=WHOLE,
    )
    def exaggerate(self, kind, account, field, value):
        usual = {"order_id": 1, "price": 100, "quantity": 1}
        self.apply(order(kind, account=account, **(usual | {field: value})))

    @rule(record=st.binary(min_size=64, max_size=64))
    def make_noise(self, record):
        header = entry(next(self.sequences), order(CommandKind.CANCEL))[:64]
        self.pair.apply(header + record)


def play(name: str, steps: int) -> None:
    """Let the machine make about that many steps; a failure prints how to repeat it."""
    machine = type("Trading", (Trading,), {"name": name})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=steps // STEPS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=steps < 10_000,
            print_blob=True,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("name", CANDIDATES)
def test_five_thousand_steps_of_play_find_no_difference(name):
    play(name, int(os.environ.get("TRUEBOOK_STEPS", "5000")))


@pytest.mark.night
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", CANDIDATES)
def test_two_million_steps_of_play_find_no_difference(name):
    play(name, 2_000_000)
