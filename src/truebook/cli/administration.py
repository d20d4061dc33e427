"""What `truebook admin …` does; through the same code as the endpoints."""

import getpass
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from truebook.api.admin import SETTLED, withdrawal_json
from truebook.cli.people import account_of, carried_out
from truebook.cli.reports import print_json
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import GENESIS, LogEntry, LogReader
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.directory import Directory
from truebook.installation import archive_url, attached
from truebook.limits import READ_ENTRIES_MAX
from truebook.messages import CommandKind
from truebook.people.admin import AccountChange, Admin, Why
from truebook.people.audit import Noted, noted
from truebook.people.plans import asset_plan, market_plan
from truebook.queries import ALL_ACCOUNTS, WithdrawalRow
from truebook.supervisor.status import read_status
from truebook.supervisor.visiting import visit

Work = Callable[[Admin, Callable[[str], int]], Awaitable[Any]]


def credit(config: Config, name: str, amount: str, reason: str, reference: str) -> None:
    """Credit an account, with a reference once. Raises UserError."""
    symbol, _, quantity = amount.partition("=")
    why = why_of(reason)
    _administer(
        config,
        lambda admin, number: admin.credit(number(name), symbol, quantity, why, reference),
    )


def debit(config: Config, name: str, amount: str, reason: str) -> None:
    """Debit what an account has available. Raises UserError."""
    symbol, _, quantity = amount.partition("=")
    why = why_of(reason)
    _administer(config, lambda admin, number: admin.debit(number(name), symbol, quantity, why))


def market_state(config: Config, symbol: str, state: str, reason: str) -> None:
    """Halt, restrict or reopen a market. Raises UserError."""
    _administer(config, lambda admin, _: admin.set_market_state(symbol, state, why_of(reason)))


def add_asset(config: Config, fields: dict[str, object], reason: str) -> None:
    """Add an asset. Raises UserError."""
    _administer(config, lambda admin, _: admin.add_asset(asset_plan(fields), why_of(reason)))


def add_market(config: Config, fields: dict[str, object], state: str, reason: str) -> None:
    """Add a market. Raises UserError."""
    _administer(
        config, lambda admin, _: admin.add_market(market_plan(fields), state, why_of(reason))
    )


def market(config: Config, symbol: str, changes: dict[str, object], reason: str) -> None:
    """Change a market's filters or cap; None stays. Raises UserError."""
    named = {name: value for name, value in changes.items() if value is not None}
    _administer(config, lambda admin, _: admin.set_market(symbol, named, why_of(reason)))


def settle(config: Config, number: int, outcome: str, reason: str) -> None:
    """Settle a withdrawal. Raises UserError."""
    state, why = SETTLED[outcome], why_of(reason)
    _administer(config, lambda admin, _: admin.settle_withdrawal(number, state, why))


def print_withdrawals(config: Config, json: bool) -> None:
    """List what waits: the amounts by the engine, the destinations by the notes in the log."""
    config = attached(config)

    async def find() -> tuple[list[WithdrawalRow], Directory]:
        async with visit(config) as exchange:
            answer = await exchange.ask("withdrawals", ALL_ACCOUNTS)
            return answer.withdrawals, exchange.directory

    waiting, directory = carried_out(find())
    notes = _notes_of_requests(config) if waiting else {}
    found = [withdrawal_json(row, directory, notes.get(row.withdrawal_id, "")) for row in waiting]
    if json:
        print_json(found)
        return
    for one in found:
        where = " ".join(str(one[name]) for name in ("blockchain", "toAddress") if one[name])
        print(
            f"{one['withdrawalId']} {one['quantity']} {one['symbol']} of {one['name']}"
            f" to {where or 'nowhere in particular'}"
        )


def _notes_of_requests(config: Config) -> dict[int, str]:
    """The text of the note on each request for a withdrawal, by the withdrawal's number."""
    reader = open_whole_log(config.log.url, archive_url(config), durability=UNCHECKED)
    try:
        return {
            command["withdrawal_id"]: note.who
            for note in noted(_entries(reader))
            for command in note.commands
            if command["kind"] == CommandKind.REQUEST_WITHDRAWAL.name
        }
    finally:
        reader.close()


def tier(config: Config, number: int, maker_bp: int, taker_bp: int, reason: str) -> None:
    """Set the fees of a tier. Raises UserError."""
    _administer(config, lambda admin, _: admin.set_tier(number, maker_bp, taker_bp, why_of(reason)))


def rules(config: Config, version: int, reason: str) -> None:
    """Have the engines follow a later version of the rules. Raises UserError."""
    config = attached(config)

    async def switch() -> None:
        for engine in (await read_status(config, None)).engines:
            if engine.details.get("rulesMax", 0) < version:
                raise UserError(f"{engine.engine} doesn't know version {version} of the rules")
        async with visit(config) as exchange:
            await Admin(exchange).set_rules(version, why_of(reason))

    carried_out(switch())


def account(
    config: Config, name: str, change: tuple[int | None, int | None, bool | None], reason: str
) -> None:
    """Change an account's tier, cap or block. Raises UserError."""
    changing, why = AccountChange(*change), why_of(reason)
    _administer(config, lambda admin, number: admin.set_account(number(name), changing, why))


def print_history(config: Config, json: bool) -> None:
    """Tell who had what changed, and why."""
    log_url = attached(config).log.url
    reader = open_whole_log(log_url, archive_url(config), durability=UNCHECKED)
    try:
        found = list(noted(_entries(reader)))
    finally:
        reader.close()
    if json:
        print_json([_json(note) for note in found])
        return
    for note in found:
        moment = datetime.fromtimestamp(note.time_ms / 1000, UTC)
        print(f"{moment:%Y-%m-%d %H:%M:%S} {note.who}: {note.why}")
        for command in note.commands:
            print("    " + " ".join(f"{name}={value}" for name, value in command.items()))


def _entries(reader: LogReader) -> Iterator[LogEntry]:
    position = GENESIS
    while entries := reader.read(position, READ_ENTRIES_MAX, 0):
        yield from entries
        position = entries[-1].position


def _json(note: Noted) -> dict[str, Any]:
    return {
        "position": str(note.position),
        "timeMs": note.time_ms,
        "who": note.who,
        "why": note.why,
        "commands": note.commands,
    }


def why_of(reason: str) -> Why:
    """A reason, given on the command line."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        user = f"user {os.getuid()}"
    return Why(f"command line, {user}", reason)


def _administer(config: Config, work: Work) -> None:
    config = attached(config)

    async def run() -> None:
        async with visit(config) as exchange:
            await work(Admin(exchange), lambda name: account_of(exchange, name).number)

    carried_out(run())
