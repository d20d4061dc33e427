"""`truebook at`: what was true at a position or time, as a table or as JSON."""

import sys
from functools import partial
from typing import Any, Literal

from truebook.cli.engines import make_engine
from truebook.cli.replaying import whole_log
from truebook.cli.reports import print_json
from truebook.clock import SYSTEM_CLOCK
from truebook.config import Config, UserError
from truebook.installation import snapshots_path
from truebook.progress import Progress
from truebook.snapshots.folder import kept_by_all
from truebook.verify.travel import (
    Moment,
    Unknown,
    balances_at,
    depth_at,
    order_at,
    parse_moment,
    travel,
)

What = Literal["depth", "balances", "order"]


def print_past(config: Config, moment: str, what: What, subject: str, json: bool) -> None:
    """`truebook at`. Raises UserError."""
    try:
        to = parse_moment(moment)
    except ValueError as error:
        raise UserError(str(error)) from None
    progress = Progress(stream=sys.stderr)
    make = partial(make_engine, config.engine.kind, progress.show)
    with whole_log(config) as log:
        kept = kept_by_all(snapshots_path(config))
        tell = partial(progress.show, "replaying")
        try:
            found = travel(log, kept, make, SYSTEM_CLOCK, to, tell)
        finally:
            progress.end()
    try:
        told = _tell(found, what, subject)
    except Unknown as error:
        raise UserError(str(error)) from None
    if json:
        print_json({"position": str(found.position), **told})
    else:
        print(f"at {found.position}")
        print("".join(f"{line}\n" for line in _lines(what, told)), end="")


def _tell(moment: Moment, what: What, subject: str) -> dict[str, Any]:
    if what == "depth":
        return depth_at(moment, subject)
    if what == "balances":
        return balances_at(moment, subject)
    if not (subject.isascii() and subject.isdigit()):
        raise UserError(f"{subject!r} is no order id")
    return order_at(moment, int(subject))


def _lines(what: What, told: dict[str, Any]) -> list[str]:
    if what == "depth":
        asks = [f"{price:>16} {quantity:>16}   ask" for price, quantity in told["asks"]]
        bids = [f"{price:>16} {quantity:>16}   bid" for price, quantity in told["bids"]]
        return [*asks[::-1], *bids]
    if what == "balances":
        head = f"{'':10} {'available':>24} {'locked':>24}"
        rows = [
            f"{symbol:10} {held['available']:>24} {held['locked']:>24}"
            for symbol, held in told["balances"].items()
        ]
        return [head, *rows]
    return [f"{name:14} {value}" for name, value in told.items()]
