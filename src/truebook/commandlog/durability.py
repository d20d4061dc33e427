"""Whether a log server keeps its half of the promise: on disk before it answers.

An acknowledged entry is on disk only if the server fsyncs before each answer, which is the server's
setting, not ours. So every connection to a log asks, and refuses a server that would not.
"""

from truebook.commandlog.address import Command
from truebook.commandlog.interface import LogNotDurable
from truebook.commandlog.resp import pairs

_NEEDED = {
    b"appendonly": (b"yes", "entries would be in memory only"),
    b"appendfsync": (b"always", "entries would be acknowledged before they are on disk"),
    b"no-appendfsync-on-rewrite": (b"no", "during a rewrite nothing would be forced to disk"),
}

PROBES: list[Command] = [("CONFIG", "GET", name) for name in _NEEDED]
"""The commands to ask with; their replies go to `check_durable`, in order."""

_ALLOW = "allow it explicitly if you can do without"


def check_durable(server: str, replies: list[list[bytes]]) -> None:
    """Raise LogNotDurable, with the name of the setting, unless the server fsyncs every write."""
    for (name, (needed, otherwise)), reply in zip(_NEEDED.items(), replies, strict=True):
        found = pairs(reply).get(name)
        if found != needed:
            is_value = "absent" if found is None else found.decode(errors="replace")
            raise LogNotDurable(
                f"the log server {server} has {name.decode()} = {is_value}, not"
                f" {needed.decode()}: {otherwise}; set it there, or {_ALLOW}"
            )


def cannot_check(server: str, reason: object) -> LogNotDurable:
    """What to raise where the server doesn't let us ask."""
    return LogNotDurable(
        f"the log server {server} doesn't let us read its settings ({reason}), so nobody knows"
        f" whether entries are on disk; permit CONFIG GET, or {_ALLOW}"
    )
