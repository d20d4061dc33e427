"""`truebook log verify`, `show` and `export`: on the log of what runs, or of a data folder.

Promise: no entry and no segment is touched. While `verify` runs it is registered as a reader, so
that nothing is trimmed between its look at the archive and its look at the log server.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from truebook.cli.replaying import log_address
from truebook.cli.reports import print_json
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.archive.store import open_archive
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import GENESIS, Position
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.commandlog.valkey_recoveries import ValkeyRecoveryBook
from truebook.commandlog.valkey_trimmer import ValkeyTrimmer
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.installation import archive_url, attached, folder_of, running
from truebook.progress import Progress
from truebook.verify.log_check import LogChecked, check_log
from truebook.verify.log_export import Format, MissingExtra, export
from truebook.verify.log_reading import Read, read_range
from truebook.verify.log_words import EntryWords, entry_words, text_of
from truebook.verify.witness_folder import WitnessFolder

SIGN_S = 30.0
"""How often a long check says that it still reads."""


def verify_log(config: Config, json: bool) -> int:
    """Check the whole log and print what was found; the exit status."""
    checked = checked_log(config, Progress(stream=sys.stderr))
    _print_checked(checked, json)
    return 0 if checked.is_right else 1


def checked_log(config: Config, progress: Progress) -> LogChecked:
    """Check the whole log, against what running engines and the witness know of it, too."""
    known = _known_chains(config)
    with log_address(config) as url:
        stream = ValkeyLogReader(url, durability=UNCHECKED)
        trimmer, book = ValkeyTrimmer(url), ValkeyRecoveryBook(url)
        try:
            with _holding(trimmer) as sign:

                def show(share: float) -> None:
                    sign()
                    progress.show("checking", share)

                return check_log(
                    open_archive(archive_url(config)),
                    stream,
                    trimmer.trimmed(),
                    SYSTEM_CLOCK,
                    known,
                    show,
                    book,
                )
        finally:
            stream.close()
            trimmer.close()
            book.close()
            progress.end()


def show_log(config: Config, first: str | None, last: str | None, json: bool) -> None:
    """Print entries in words."""
    with _reading(config, first, last) as entries:
        for entry, judged, directory in entries:
            words = entry_words(entry, judged, directory)
            if json:
                print_json(words)
            else:
                _print_entry(words)


def export_log(
    config: Config, file: Path, form: Format, first: str | None, last: str | None, json: bool
) -> None:
    """Write entries as a table."""
    with _reading(config, first, last) as entries:
        try:
            rows = export(entries, file, form)
        except MissingExtra as error:
            raise UserError(str(error)) from None
        except OSError as error:
            raise UserError(f"can't write {file}: {error.strerror}") from None
    if json:
        print_json({"file": str(file), "rows": rows})
    else:
        print(f"{rows} commands in {file}")


@contextmanager
def _reading(config: Config, first: str | None, last: str | None) -> Iterator[Iterator[Read]]:
    start = _position("--from", first) or GENESIS
    end = _position("--to", last)
    progress = Progress(stream=sys.stderr)
    with log_address(config) as url:
        log = open_whole_log(url, archive_url(config), durability=UNCHECKED)
        try:
            yield read_range(log, start, end, _quietly(partial(progress.show, "reading")))
        finally:
            log.close()
            progress.end()


def _quietly(show: Callable[[float], None]) -> Callable[[float], None]:
    """Progress is for a terminal that doesn't show the result itself."""
    return (lambda share: None) if sys.stdout.isatty() else show


def _position(option: str, text: str | None) -> Position | None:
    try:
        return None if text is None else Position.parse(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None


@contextmanager
def _holding(trimmer: ValkeyTrimmer) -> Iterator[Callable[[], None]]:
    """Let nothing be trimmed meanwhile; what is given says that we still live."""
    name = f"verify@{socket.gethostname()}:{os.getpid()}"
    said_s = SYSTEM_CLOCK.elapsed_s()
    trimmer.register(name, GENESIS)

    def sign() -> None:
        nonlocal said_s
        if SYSTEM_CLOCK.elapsed_s() - said_s > SIGN_S:
            said_s = SYSTEM_CLOCK.elapsed_s()
            trimmer.register(name, GENESIS)

    try:
        yield sign
    finally:
        trimmer.forget(name)


def _known_chains(config: Config) -> dict[Position, tuple[str, bytes]]:
    """What the witness and running engines have read: their positions and chains."""
    try:
        agreed = WitnessFolder(folder_of(config).witness).load().agreed
    except ValueError as error:
        raise UserError(str(error)) from None
    known = {} if agreed is None else {agreed.position: ("the witness", agreed.chain)}
    return known | _engines_chains(config)


def _engines_chains(config: Config) -> dict[Position, tuple[str, bytes]]:
    """What running engines have read."""
    if running(config) is None and not (config.log.url and config.bus.url):
        return {}
    from truebook.supervisor.status import read_status

    status = asyncio.run(read_status(attached(config), running(config)))
    return {
        Position.parse(engine.position): (engine.engine, bytes.fromhex(engine.details["chain"]))
        for engine in status.engines
    }


def _print_checked(checked: LogChecked, json: bool) -> None:
    if json:
        print_json(checked)
        return
    for finding in checked.findings:
        print(f"wrong    {finding}")
    if checked.found > len(checked.findings):
        print(f"         and {checked.found - len(checked.findings)} more")
    print(f"log      {checked.entries} entries up to {checked.position}")
    print(f"commands {checked.commands}; {checked.repeated} entries were sent twice")
    print(f"archive  {checked.segments} segments up to {checked.archived}")
    print(f"chain    {checked.chain}")
    print(f"took     {checked.seconds} s")
    print("nothing is wrong" if checked.is_right else f"{checked.found} things are wrong")


def _print_entry(words: EntryWords) -> None:
    try:
        time = f"{datetime.fromtimestamp(words.time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        time = "no time"  # a stranger's position
    status = "" if words.status == "APPLIED" else f" {words.status}"
    print(
        f"{words.position} {time}.{words.time_ms % 1000:03d}"
        f" gateway {words.gateway} sequence {words.sequence}{status}"
    )
    for command in words.commands:
        print(f"    {text_of(command)}")
