"""Options of `truebook bench …`, read from text."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from truebook.bench.elsewhere import ExchangeElsewhere
from truebook.bench.mixes import MIXES, Mix
from truebook.bench.orders import TRADERS, Options
from truebook.config import UserError


def order_options(connections: str, resting: str, mix: str) -> Options:
    """What `bench orders` shall measure. Raises UserError."""
    mixes = mix.split(",")
    for name in mixes:
        if name not in MIXES:
            raise UserError(f"--mix: {name!r} is none of {', '.join(MIXES)}")
    return Options(
        connections=numbers(connections, "--connections", 1, TRADERS),
        resting=numbers(resting, "--resting", 0, 1_500_000),
        mixes=[cast(Mix, name) for name in mixes],
    )


def elsewhere_options(options: Options, url: str, keys: Sequence[Path]) -> Options:
    """The same on an exchange that runs already. Raises UserError."""
    if list(options.resting) != [0] or (options.apis, options.engines, options.quorum) != (1, 1, 1):
        raise UserError(
            "--url: orders at rest, apis, engines and quorum are that exchange's affair"
        )
    mixes = [mix for mix in options.mixes if mix != "cross"]
    if len(mixes) < len(options.mixes) < len(MIXES):
        raise UserError("--mix: cross needs somebody to trade with, whom --url doesn't have")
    return options._replace(mixes=mixes, elsewhere=ExchangeElsewhere(url, keys))


def numbers(text: str, option: str, least: int, most: int) -> list[int]:
    """The numbers of a list such as 1,16,64. Raises UserError."""
    found = []
    for word in text.split(","):
        if not word.isdigit() or not least <= int(word) <= most:
            raise UserError(f"{option}: {word!r} isn't a number from {least} to {most}")
        found.append(int(word))
    return found
