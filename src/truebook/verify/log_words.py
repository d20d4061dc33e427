"""Log entries as people read them: kinds, markets and assets by name, amounts as decimals.

Promise: nothing in an entry makes this fail, whatever wrote it, and nothing is left out that means
something: what isn't a command is shown as its bytes.
"""

import base64
from enum import IntEnum, IntFlag
from typing import Any

import numpy as np
from msgspec import Struct

from truebook.commandlog.interface import LogEntry
from truebook.directory import Directory, Market
from truebook.messages import (
    COMMAND_BYTES,
    COMMAND_DTYPES,
    NEW_ACCOUNT,
    NO_MARKET,
    NOTE_KIND,
    AccountFlag,
    CommandKind,
    MarketState,
    OrderType,
    Permission,
    PlaceFlag,
    SelfTrade,
    Side,
    TargetBy,
    TimeInForce,
    read_note,
)
from truebook.units import Grid, show
from truebook.verify.sequences import Judged

Words = dict[str, Any]

_ENUMS: dict[str, type[IntEnum | IntFlag]] = {
    "side": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "self_trade": SelfTrade,
    "state": MarketState,
    "permissions": Permission,
}
_ORDERS = frozenset(
    {CommandKind.PLACE, CommandKind.CANCEL, CommandKind.CANCEL_ALL, CommandKind.AMEND}
)
_TEXTS = frozenset({"symbol", "display_name", "name"})


class EntryWords(Struct, rename="camel"):
    """One log entry."""

    position: str
    time_ms: int
    status: str
    """What the engine does with it: APPLIED, REPEATED, GAP, MALFORMED."""
    gateway: int
    sequence: int
    commands: list[Words]


def split(data: bytes) -> list[bytes]:
    """The commands of a whole entry, taken apart as the engine does it: what isn't laid out as its
    kind says counts as one record."""
    commands = []
    at = COMMAND_BYTES
    while at < len(data):
        size = _SIZES.get(data[at], COMMAND_BYTES)
        if data[at + 1] * COMMAND_BYTES != size or at + size > len(data):
            size = COMMAND_BYTES
        commands.append(data[at : at + size])
        at += size
    return commands


_SIZES = {
    int(kind): layout.itemsize
    for kind, layout in COMMAND_DTYPES.items()
    if kind != CommandKind.ENTRY
}


def entry_words(entry: LogEntry, judged: Judged, directory: Directory) -> EntryWords:
    """An entry, with the settings as they are before it."""
    is_readable = judged.gateway > 0
    if is_readable:
        commands = _all_words(entry.data, directory)
    else:
        commands = [{"kind": "MALFORMED", "bytes": entry.data.hex()}]
    return EntryWords(
        position=str(entry.position),
        time_ms=entry.time_ms,
        status=judged.status.name,
        gateway=judged.gateway,
        sequence=judged.sequence,
        commands=commands,
    )


def _all_words(entry: bytes, directory: Directory) -> list[Words]:
    """The words of each command. A note is told with the first of its records."""
    found: list[Words] = []
    at, note_end = COMMAND_BYTES, 0
    for data in split(entry):
        note = read_note(entry, at) if data[0] == NOTE_KIND and at >= note_end else None
        if note is not None:
            text, parts, covers = note
            who, _, why = text.partition("\n")
            note_end = at + parts * COMMAND_BYTES
            found.append({"kind": "NOTE", "who": who, "why": why, "covers": covers})
        elif at < note_end:
            found.append({"kind": "NOTE", "continued": True})
        else:
            found.append(command_words(data, directory))
        at += len(data)
    return found


def command_words(data: bytes, directory: Directory) -> Words:
    """One command's fields, those that mean something for its kind."""
    if data[0] not in _SIZES or len(data) != _SIZES[data[0]]:
        return {"kind": "MALFORMED", "bytes": data.hex()}
    kind = CommandKind(data[0])
    layout = COMMAND_DTYPES[kind]
    values = dict(zip(layout.names or (), np.frombuffer(data, layout)[0].tolist(), strict=True))
    if kind in _ORDERS:
        return {"kind": kind.name, **_order(kind, values, directory)}
    if kind in (CommandKind.DEPOSIT, CommandKind.WITHDRAW):
        return {"kind": kind.name, **_transfer(values, directory)}
    if kind == CommandKind.TICK:
        count = min(values["count"], len(values["markets"]))
        markets = [_market_name(number, directory) for number in values["markets"][:count]]
        return {"kind": kind.name, "markets": markets}
    return {"kind": kind.name, **_setting(kind, values, directory)}


def _order(kind: CommandKind, values: Words, directory: Directory) -> Words:
    market = directory.markets.get(values["market"])
    words: Words = {"account": values["account"]}
    if values["market"] != NO_MARKET:
        words["market"] = _market_name(values["market"], directory)
    if kind == CommandKind.CANCEL_ALL:
        return words
    if kind == CommandKind.PLACE:
        names = ("side", "order_type", "time_in_force", "self_trade")
        words |= {camel(name): _member(name, values[name]) for name in names}
        words["postOnly"] = bool(values["flags"] & PlaceFlag.POST_ONLY)
    by_client_id = values["by"] == TargetBy.CLIENT_ID
    if not by_client_id:
        words["orderId"] = values["order_id"]
    if by_client_id or values["flags"] & PlaceFlag.HAS_CLIENT_ID:
        words["clientId"] = values["client_id"]
    if kind == CommandKind.CANCEL:
        return words
    if values["order_type"] == OrderType.LIMIT:
        words["price"] = _decimal(values["price"], market and market.tick)
    if values["order_type"] == OrderType.MARKET_BY_QUOTE:
        words["quoteQuantity"] = _decimal(values["quantity"], market and market.quote.atoms)
    else:
        words["quantity"] = _decimal(values["quantity"], market and market.step)
    return words


def _transfer(values: Words, directory: Directory) -> Words:
    asset = directory.assets.get(values["asset"])
    return {
        "account": values["account"],
        "asset": asset.symbol if asset else f"asset {values['asset']}",
        "amount": _decimal(values["amount"], asset and asset.atoms),
    }


def _setting(kind: CommandKind, values: Words, directory: Directory) -> Words:
    words: Words = {}
    for name, value in values.items():
        if name.startswith("zero_") or name in ("kind", "records", "continued"):
            continue
        if name in _TEXTS:
            value = value.rstrip(b"\0").decode(errors="backslashreplace")
        elif name == "public_key":
            value = base64.b64encode(np.array(value, "<u8").tobytes()).decode()
        elif name == "flags":
            value = str(AccountFlag(value).name or "")
        elif name == "account" and value == NEW_ACCOUNT:
            value = "new"
        elif name in _ENUMS:
            value = _member(name, value)
        words[camel(name)] = value
    if kind == CommandKind.SET_MARKET:
        _show_market(words, values, directory)
    elif kind == CommandKind.SET_MARKET_STATE:
        words["market"] = _market_name(values["market"], directory)
    return words


def _show_market(words: Words, values: Words, directory: Directory) -> None:
    """A market's own grids make its amounts readable; it may not be known yet."""
    if max(values["tick_exponent"], values["step_exponent"]) > _EXPONENT_MAX:
        return
    tick = Grid(values["tick_mantissa"], values["tick_exponent"])
    step = Grid(values["step_mantissa"], values["step_exponent"])
    for name in ("tickMantissa", "tickExponent", "stepMantissa", "stepExponent"):
        del words[name]
    base, quote = (directory.assets.get(values[name]) for name in ("base", "quote"))
    if base and quote:
        words["symbol"] = f"{base.symbol}_{quote.symbol}"
    words["tick"], words["step"] = show(1, tick), show(1, step)
    for name, grid in (("price", tick), ("quantity", step)):
        for bound in ("Min", "Max"):
            words[name + bound] = show(values[f"{name}_{bound.lower()}"], grid)
    words["priceReference"] = show(values["price_reference"], tick)


_EXPONENT_MAX = 18


def _market_name(number: int, directory: Directory) -> str:
    market: Market | None = directory.markets.get(number)
    return market.symbol if market else f"market {number}"


def _member(name: str, value: int) -> str | int:
    """The name of an enumeration's member; the number where there is none."""
    try:
        member = _ENUMS[name](value)
    except ValueError:
        return value
    return str(member.name) if member.name else value


def _decimal(count: int, grid: Grid | None) -> str:
    """An amount; in counts where the grid isn't known."""
    return f"{count} steps" if grid is None else show(count, grid)


def camel(name: str) -> str:
    """The name of a field as JSON has it."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def text_of(words: Words) -> str:
    """A command on one line."""
    rest = " ".join(f"{name}={_shown(value)}" for name, value in words.items() if name != "kind")
    return f"{words['kind']:16} {rest}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, list) else str(value)
