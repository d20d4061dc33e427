"""Whether a log server keeps its half of the promise: on disk before it answers.

An acknowledged entry is on disk only if the server fsyncs before each answer, and stays there only
if the server never drops a key for want of memory. These are the server's settings, not ours. So
every connection to a log asks, and refuses a server that would lose something, unless the
configuration says by name that it may.

One more thing is asked. Orders whose signatures are marked stand in the server's file as
transactions, and Redis (7.0, not Valkey) checks each of those against the rights of the user
`default` when it reads its file again: with too few, it leaves them out and goes on.

Some servers don't tell their settings (CONFIG is forbidden or renamed on most that one rents). INFO
tells half of them; for the other half somebody has to vouch, setting by setting.

**Replicated**: with `replicas` an entry counts as written once so many replicas have it on their
disks, too: WAITAOF, which Redis has since 7.2, and Valkey.
"""

from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

from truebook.commandlog.address import Command
from truebook.commandlog.interface import LogNotDurable
from truebook.commandlog.resp import Refused, key, pairs
from truebook.config import VOUCHABLE, LogSection, vouched_in

_NEEDED = {
    "appendonly": ("yes", "entries would be in memory only"),
    "appendfsync": ("always", "entries would be acknowledged before they are on disk"),
    "no-appendfsync-on-rewrite": ("no", "during a rewrite nothing would be forced to disk"),
    "maxmemory-policy": ("noeviction", "for want of memory the log could be dropped"),
}
assert tuple(_NEEDED) == VOUCHABLE
_READ_AGAIN: dict[str, Command] = {
    "XADD": (key(0, "log"), "*", "d", ""),
    "HSET": (key(0, "log:once:1"), "mark", ""),
    "PEXPIREAT": (key(0, "log:once:1"), 1),
}
"""What an appended order is in the server's file: `default` must be able to do it."""
_ALLOW = "allow it explicitly if you can do without"

WAIT_MS_MIN = 2
WAIT_MS_MAX = 500

Examination = Generator[Command, Any, None]
"""Gives commands for a server, and is sent the reply to each: a Refused for an error. What it
raises, Refused or LogNotDurable, is why the server isn't to be used."""


class Durability(NamedTuple):
    """What is demanded of a log server."""

    is_checked: bool = True
    """False: it may lose what it acknowledged."""
    vouched: frozenset[str] = frozenset()
    """Settings that are right where the server doesn't tell them."""
    replicas: int = 0
    """So many must have an entry on disk, besides the primary."""


CHECKED = Durability()
UNCHECKED = Durability(is_checked=False)
"""For whoever only looks."""


def durability_of(log: LogSection) -> Durability:
    """What a configuration demands."""
    return Durability(not log.allow_not_durable, vouched_in(log), log.replicas)


def examination(server: object, wanted: Durability) -> Examination:
    """Find out whether the log server is good enough."""
    if wanted.is_checked:
        yield from _persistence(server, wanted.vouched)
        yield from _reading_again(server)
    if wanted.replicas:
        yield from _replication(server)


def waiting_rounds(replicas: int, seconds: float) -> Iterator[Command]:
    """Commands that wait until so many replicas have on disk what was written, one after the other
    until one says so; they take `seconds` in all.

    Each asks the replicas how far they are. One that has just got something answers before it has
    fsync'd it, and by itself not again within a second: so it is soon asked again.
    """
    left_ms, wait_ms = round(seconds * 1000), WAIT_MS_MIN
    while left_ms > 0:
        yield ("WAITAOF", 1, replicas, min(wait_ms, left_ms))
        left_ms -= wait_ms
        wait_ms = min(wait_ms + 1 + wait_ms // 8, WAIT_MS_MAX)


def is_covered(reply: Any, replicas: int) -> bool:
    """Whether WAITAOF says that primary and replicas have it on disk."""
    return isinstance(reply, list) and reply[0] >= 1 and reply[1] >= replicas


def _persistence(server: object, vouched: frozenset[str]) -> Examination:
    reply = yield ("CONFIG", "GET", *_NEEDED)
    if not isinstance(reply, Refused):
        told = {name.decode(): value.decode() for name, value in pairs(reply).items()}
        _judge(server, {name: told.get(name, "absent") for name in _NEEDED})
        return
    _raise_if_loading(reply)
    found: dict[str, str] = {}
    for section in ("persistence", "memory"):
        info = yield ("INFO", section)
        if not isinstance(info, Refused):
            found |= _from_info(info)
    _judge(server, found)
    if unknown := [name for name in _NEEDED if name not in found and name not in vouched]:
        right = ", ".join(f"{name} = {_NEEDED[name][0]}" for name in unknown)
        names = ",".join([*sorted(vouched), *unknown])
        raise LogNotDurable(
            f"the log server {server} doesn't let us read its settings ({reply}), so nobody knows"
            f" whether entries are on disk: permit CONFIG GET; or make sure that it has {right},"
            f" and vouch for that with log.vouched = '{names}'; or {_ALLOW}"
        )


def _reading_again(server: object) -> Examination:
    for name, values in _READ_AGAIN.items():
        reply = yield ("ACL", "DRYRUN", "default", name, *values)
        if isinstance(reply, Refused):
            _raise_if_loading(reply)
        elif reply != b"OK":
            raise LogNotDurable(
                f"the log server {server} doesn't let its user default do {name}: Redis then"
                " leaves entries out when it reads its file after a crash; give it the rights and"
                f" no way to log in (ACL SETUSER default off ~* &* +@all), or {_ALLOW}"
            )


def _judge(server: object, found: dict[str, str]) -> None:
    for name, (needed, otherwise) in _NEEDED.items():
        if name in found and found[name] != needed:
            raise LogNotDurable(
                f"the log server {server} has {name} = {found[name]}, not {needed}: {otherwise};"
                f" set it there, or {_ALLOW}"
            )


def _from_info(info: bytes) -> dict[str, str]:
    """The settings that a section of INFO tells."""
    lines = [line.partition(":") for line in info.decode(errors="replace").splitlines()]
    values = {name: value for name, _, value in lines}
    found = {}
    if "aof_enabled" in values:
        found["appendonly"] = "yes" if values["aof_enabled"] == "1" else "no"
    if "maxmemory_policy" in values:
        found["maxmemory-policy"] = values["maxmemory_policy"]
    return found


def _replication(server: object) -> Examination:
    reply = yield ("WAITAOF", 0, 0, 0)
    if not isinstance(reply, Refused):
        return
    _raise_if_loading(reply)
    if "replica" in str(reply):
        raise reply
    raise LogNotDurable(
        f"the log server {server} can't tell what its replicas have on disk ({reply}): log.replicas"
        " needs Valkey, or Redis 7.2 or newer, and permission for WAITAOF"
    )


def _raise_if_loading(reply: Refused) -> None:
    """A server that still reads its file answers everything so: it is to be asked again."""
    if str(reply).startswith("LOADING"):
        raise reply
