"""A transcript's sentences as log entries: the words are those of README.md."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from model.world import (
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
from numpy.typing import NDArray

from truebook import messages as m
from truebook.commandlog.entries import for_engine
from truebook.commandlog.interface import LogEntry, Position
from truebook.limits import TIERS_MAX
from truebook.messages import (
    CancelFlag,
    CommandKind,
    MarketState,
    OrderType,
    PlaceFlag,
    SelfTrade,
    Side,
    TriggerFlag,
)

Record = NDArray[np.void]

ASSETS = {"USDC": 6, "SOL": 9}
SHAPE = MarketShape(base=1, quote=0, tick=(1, 2), step=(1, 2), unit=100, lot_atoms=10**7)
SETTINGS = {
    "price_max": 100_000_000,
    "quantity_max": 1_000_000,
    "price_reference": 10_000,
    "open_orders_max": 500,
}
STATES = {"Open": 0, "CancelOnly": 1, "PostOnly": 2, "LimitOnly": 3, "Closed": 4}
TIMES = {"ioc": m.TimeInForce.IOC, "fok": m.TimeInForce.FOK}
MODES = {
    "reject-maker": SelfTrade.REJECT_MAKER,
    "reject-both": SelfTrade.REJECT_BOTH,
    "allow": SelfTrade.ALLOW,
}
OPTIONS = r"(?P<options>.*)"


def lots(text: str) -> int:
    """Return a quantity of SOL in lots, a price of USDC in ticks."""
    return whole(Fraction(text) * 100)


def atoms(text: str, asset: str) -> int:
    """Return an amount in atoms."""
    return whole(Fraction(text) * 10 ** ASSETS[asset])


def whole(amount: Fraction) -> int:
    """Return a number that must be whole."""
    if amount.denominator != 1:
        raise ValueError(f"{amount} is not whole")
    return int(amount)


@dataclass
class Script:
    """Who is who, and the next numbers."""

    accounts: dict[str, int] = field(default_factory=lambda: {"venue": 0})
    settings: dict[str, int] = field(default_factory=lambda: dict(SETTINGS))
    terms: dict[str, dict[str, int]] = field(default_factory=dict)
    sequence: int = 0
    time_ms: int = 1_000
    late_ms: int = 0
    """How long after its time the next entry is reached."""
    last_order: int = 0
    last_entry: bytes = b""

    def founding(self) -> bytes:
        """Return the entry that sets the world up."""
        commands = [set_asset(i, name, ASSETS[name]) for i, name in enumerate(ASSETS)]
        commands += [set_market(0, SHAPE, **self.settings)]
        commands += [set_tier(tier, 8, 10) for tier in range(TIERS_MAX)]
        for name in ("ann", "bob", "cid"):
            commands.append(self.open_account(name))
        for account in (1, 2, 3):
            for asset, amount in enumerate((10_000 * 10**6, 100 * 10**9)):
                commands.append(transfer(CommandKind.DEPOSIT, account, asset, amount))
        return self.wrap(*commands)

    def open_account(self, name: str) -> Record:
        """Give somebody the next account number."""
        self.accounts[name] = len(self.accounts)
        self.terms[name] = {"account": self.accounts[name]}
        return set_account(name)

    def wrap(self, *commands: Record) -> bytes:
        """Return these commands as the next entry."""
        self.sequence += 1
        self.time_ms += 1
        reached_ms = self.time_ms + self.late_ms if self.late_ms else 0
        stamps = {"time_ms": self.time_ms, "reached_ms": reached_ms}
        self.last_entry, self.late_ms = entry(self.sequence, *commands, **stamps), 0
        return self.last_entry

    def entry_of(self, sentence: str) -> bytes:
        """Return the entry that a sentence means."""
        if sentence == "the gateway sends that again":
            return self.last_entry
        if sentence == "the gateway skips a number":
            return entry(self.sequence + 2, order(CommandKind.CANCEL), time_ms=0)
        if sentence == "an entry of the log is damaged":
            torn = LogEntry(Position(1_000, 0), 1_000, self.last_entry[:-1])
            return for_engine(torn)
        for pattern, make in SENTENCES:
            said = re.fullmatch(pattern, sentence)
            if said:
                return self.wrap(*make(self, **said.groupdict()))
        raise ValueError(f"nobody says {sentence!r}")

    def order_id(self, options: list[str]) -> int:
        """Return the id of a new order: the next one, or the one that is asked for."""
        if "as" in options:
            return int(options[options.index("as") + 1][1:])
        self.last_order += 1
        return self.last_order


def place(
    script: Script, who: str, verb: str, quantity: str, price: str, options: str
) -> Iterator[Record]:
    """Make a limit order."""
    side = Side.BID if verb == "bids" else Side.ASK
    fields = {"side": side, "price": lots(price), "quantity": lots(quantity.rstrip("%"))}
    yield new_order(script, who, options.split(), quantity, **fields)


def take(
    script: Script, who: str, verb: str, by_quote: str, quantity: str, options: str
) -> Iterator[Record]:
    """Make a market order."""
    side = Side.BID if verb == "buys" else Side.ASK
    order_type = OrderType.MARKET_BY_QUOTE if by_quote else OrderType.MARKET
    amount = atoms(quantity, "USDC") if by_quote else lots(quantity.rstrip("%"))
    fields = {"side": side, "order_type": order_type, "quantity": amount}
    yield new_order(script, who, options.split(), quantity, **fields)


def new_order(script: Script, who: str, options: list[str], size: str, **fields: int) -> Record:
    """Make a PLACE, or with `trigger` a PLACE_TRIGGER, with what its options say."""
    for option in options:
        if option in TIMES:
            fields["time_in_force"] = TIMES[option]
        elif option in MODES:
            fields["self_trade"] = MODES[option]
    flags = PlaceFlag.POST_ONLY if "post-only" in options else PlaceFlag(0)
    if "client" in options:
        flags |= PlaceFlag.HAS_CLIENT_ID
        fields["client_id"] = int(options[options.index("client") + 1])
    if "within" in options:
        bound = options[options.index("within") + 1]
        unit = PlaceFlag.SLIPPAGE_BASIS_POINTS if "%" in bound else PlaceFlag.SLIPPAGE_TICKS
        flags |= unit
        fields["price"] = lots(bound.rstrip("%"))
    fields["deadline_ms"] = timing(script, options)
    fields["order_id"] = script.order_id(options)
    fields["account"] = script.accounts[who]
    if "trigger" not in options:
        return order(CommandKind.PLACE, flags=flags, **fields)
    price = lots(options[options.index("trigger") + 1])
    share = TriggerFlag.PERCENT if "%" in size else 0
    return trigger(flags=flags, trigger_price=price, trigger_flags=share, **fields)


def timing(script: Script, options: list[str]) -> int:
    """Return the deadline that options name, and note how late the entry is reached."""
    if "late" in options:
        script.late_ms = int(options[options.index("late") + 1])
    return int(options[options.index("deadline") + 1]) if "deadline" in options else 0


def target(what: str) -> dict[str, int]:
    """Return the fields that name an order: "#3" or "client 7"."""
    if what.startswith("#"):
        return {"order_id": int(what[1:])}
    return {"by": m.TargetBy.CLIENT_ID, "client_id": int(what.split()[1])}


def cancel(script: Script, who: str, what: str, options: str) -> Iterator[Record]:
    """Make a CANCEL."""
    timing(script, options.split())
    account = script.accounts[who]
    yield order(CommandKind.CANCEL, account=account, market=m.NO_MARKET, **target(what))


def cancel_all(script: Script, who: str, which: str | None, market: str | None) -> Iterator[Record]:
    """Make a CANCEL_ALL."""
    where = {"market": 0 if market else m.NO_MARKET}
    flags = CancelFlag[which.upper()] if which else 0
    yield order(CommandKind.CANCEL_ALL, account=script.accounts[who], flags=flags, **where)


def amend(
    script: Script, who: str, what: str, quantity: str, price: str, options: str
) -> Iterator[Record]:
    """Make an AMEND."""
    numbers = {"price": lots(price), "quantity": lots(quantity)}
    numbers["deadline_ms"] = timing(script, options.split())
    account = script.accounts[who]
    yield order(CommandKind.AMEND, account=account, market=m.NO_MARKET, **target(what), **numbers)


def move(
    script: Script, who: str, verb: str, amount: str, asset: str, reference: str | None
) -> Iterator[Record]:
    """Make a DEPOSIT or WITHDRAW."""
    kind = CommandKind.DEPOSIT if verb == "deposits" else CommandKind.WITHDRAW
    index = list(ASSETS).index(asset)
    made = transfer(kind, script.accounts[who], index, atoms(amount, asset))
    made["reference"] = (0, int(reference or 0))
    yield made


def request(script: Script, who: str, amount: str, asset: str, number: str) -> Iterator[Record]:
    """Make a REQUEST_WITHDRAWAL."""
    yield one(
        m.REQUEST_WITHDRAWAL,
        kind=CommandKind.REQUEST_WITHDRAWAL,
        account=script.accounts[who],
        asset=list(ASSETS).index(asset),
        amount=atoms(amount, asset),
        withdrawal_id=int(number),
    )


def settle(script: Script, number: str, state: str) -> Iterator[Record]:
    """Make a SETTLE_WITHDRAWAL."""
    kind = CommandKind.SETTLE_WITHDRAWAL
    outcome = m.WithdrawalState[state.upper()]
    yield one(m.SETTLE_WITHDRAWAL, kind=kind, withdrawal_id=int(number), state=outcome)


def set_timer(script: Script, who: str, whose: str | None, seconds: str) -> Iterator[Record]:
    """Make a CANCEL_AFTER."""
    yield one(
        m.CANCEL_AFTER,
        kind=CommandKind.CANCEL_AFTER,
        account=script.accounts[who],
        timer=m.Timer.CONNECTION if whose else m.Timer.DEAD_MAN,
        timeout_ms=1_000 * int(seconds),
    )


def pass_time(script: Script, seconds: str) -> Iterator[Record]:
    """Make a TICK of no market, later."""
    script.time_ms += 1_000 * int(seconds)
    yield one(m.TICK, kind=CommandKind.TICK)


def note(script: Script, text: str) -> Iterator[Record]:
    """Make a note of one part."""
    for part in m.note_parts(text, covers=1):
        yield np.frombuffer(part, m.COMMAND)


def open_account(script: Script, who: str) -> Iterator[Record]:
    """Make a SET_ACCOUNT of a new account."""
    yield script.open_account(who)


def change_terms(script: Script, who: str, name: str, value: int) -> Iterator[Record]:
    """Make a SET_ACCOUNT that changes one thing."""
    script.terms[who][name] = value
    yield set_account(who, **script.terms[who])


def tier(script: Script, which: str, maker: str, taker: str) -> Iterator[Record]:
    """Make SET_TIERs, of one tier or all."""
    indexes = range(TIERS_MAX) if which == "every tier" else [int(which.split()[1])]
    for index in indexes:
        yield set_tier(index, int(maker), int(taker))


def market_state(script: Script, state: str) -> Iterator[Record]:
    """Make a SET_MARKET_STATE."""
    script.settings["state"] = MarketState(STATES[state])
    yield one(m.SET_MARKET_STATE, kind=CommandKind.SET_MARKET_STATE, state=STATES[state])


def market_setting(script: Script, name: str, value: str) -> Iterator[Record]:
    """Make a SET_MARKET that changes one value."""
    script.settings[name] = int(value)
    yield set_market(0, SHAPE, **script.settings)


def tick(script: Script) -> Iterator[Record]:
    """Make a TICK of the market."""
    yield one(m.TICK, kind=CommandKind.TICK, count=1)


def nonsense(script: Script) -> Iterator[Record]:
    """Make a record that no engine knows."""
    yield one(m.COMMAND, kind=99, records=1, account=2**32 - 1, quantity=-1)


WHO = r"(?P<who>\w+)"
NUMBER = r"-?[\d.]+"
SENTENCES: list[tuple[str, Callable[..., Iterator[Record]]]] = [
    (
        rf"{WHO} (?P<verb>bids|asks) (?P<quantity>{NUMBER}%?) at (?P<price>{NUMBER}){OPTIONS}",
        place,
    ),
    (rf"{WHO} (?P<verb>buys|sells) (?P<by_quote>for )?(?P<quantity>{NUMBER}%?){OPTIONS}", take),
    (rf"{WHO} cancels (?P<what>#-?\d+|client \d+){OPTIONS}", cancel),
    (rf"{WHO} cancels all( (?P<which>resting|pending))?(?P<market> in SOL_USDC)?", cancel_all),
    (rf"{WHO} cancels all in (?P<seconds>\d+) s(?P<whose> by the connection)?", set_timer),
    (r"(?P<seconds>\d+) s pass", pass_time),
    (
        rf"{WHO} amends (?P<what>#\d+|client \d+) to (?P<quantity>{NUMBER})"
        rf" at (?P<price>{NUMBER}){OPTIONS}",
        amend,
    ),
    (
        rf"{WHO} (?P<verb>deposits|withdraws) (?P<amount>{NUMBER}) (?P<asset>[A-Z]+)"
        r"( of reference (?P<reference>\d+))?",
        move,
    ),
    (
        rf"{WHO} requests (?P<amount>{NUMBER}) (?P<asset>[A-Z]+) as withdrawal (?P<number>\d+)",
        request,
    ),
    (r"withdrawal (?P<number>\d+) is (?P<state>confirmed|refused)", settle),
    (r"somebody notes: (?P<text>.*)", note),
    (r"the rules are version (?P<n>\d+)", lambda _, n: iter([set_rules(int(n))])),
    (rf"{WHO} opens an account", open_account),
    (rf"{WHO} is blocked", lambda s, who: change_terms(s, who, "flags", 1)),
    (rf"{WHO} is in tier (?P<n>\d+)", lambda s, who, n: change_terms(s, who, "tier", int(n))),
    (
        rf"{WHO} may rest (?P<n>\d+) orders",
        lambda s, who, n: change_terms(s, who, "open_orders_max", int(n)),
    ),
    (
        rf"(?P<which>tier \d+|every tier) pays (?P<maker>{NUMBER}) as maker"
        rf" and (?P<taker>{NUMBER}) as taker",
        tier,
    ),
    (r"SOL_USDC is (?P<state>\w+)", market_state),
    (r"SOL_USDC sets (?P<name>\w+) to (?P<value>\d+)", market_setting),
    (r"tick SOL_USDC", tick),
    (r"a gateway writes a command of no kind", nonsense),
]
