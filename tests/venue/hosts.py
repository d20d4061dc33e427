"""Hosts as network namespaces: each with an address of its own, joined by one bridge.

Needs iproute2 and the right to make namespaces (root). A **link** is the host's cable: cut, nothing
comes through, and nobody is told.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator

_numbers = itertools.count(1)


def missing() -> str:
    """Why there can be no hosts here; empty: there can."""
    if shutil.which("ip") is None:
        return "no iproute2: apt install iproute2"
    name = f"tbprobe{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        return "no right to make network namespaces"
    _ip("netns", "delete", name)
    return ""


class Host:
    """One of them."""

    def __init__(self, namespace: str, cable: str, address: str) -> None:
        self.namespace = namespace
        self.address = address
        self._cable = cable

    @property
    def before(self) -> tuple[str, ...]:
        """What to start a program with, so that it runs there."""
        return ("ip", "netns", "exec", self.namespace)

    def cut(self) -> None:
        """Pull the cable, at the other end: on the host itself everything looks as it was."""
        _ip("link", "set", self._cable, "nomaster")

    def mend(self, bridge: str) -> None:
        """Put it in again."""
        _ip("link", "set", self._cable, "master", bridge)


class Hosts:
    """Some hosts, this one among them (`here`)."""

    def __init__(self, count: int) -> None:
        number = next(_numbers)
        self.bridge = f"tb{os.getpid()}x{number}"[:15]
        self._net = f"10.{os.getpid() % 200 + 20}.{number}"
        self.here = f"{self._net}.1"
        self.hosts: list[Host] = []
        self._count = count

    def make(self) -> None:
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("address", "add", f"{self.here}/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")
        for number in range(self._count):
            self._add(number)

    def _add(self, number: int) -> None:
        namespace = f"{self.bridge}h{number}"
        cable, inside = f"v{number}{self.bridge}"[:15], f"e{number}{self.bridge}"[:15]
        address = f"{self._net}.{number + 10}"
        _ip("netns", "add", namespace)
        self.hosts.append(Host(namespace, cable, address))
        _ip("link", "add", cable, "type", "veth", "peer", "name", inside)
        _ip("link", "set", inside, "netns", namespace)
        _ip("link", "set", cable, "master", self.bridge, "up")
        _ip("-n", namespace, "address", "add", f"{address}/24", "dev", inside)
        for link in ("lo", inside):
            _ip("-n", namespace, "link", "set", link, "up")

    def remove(self) -> None:
        for host in self.hosts:
            subprocess.run(["ip", "netns", "delete", host.namespace], check=False)
        subprocess.run(["ip", "link", "delete", self.bridge], check=False, capture_output=True)


@contextlib.contextmanager
def hosts(count: int) -> Iterator[Hosts]:
    """So many hosts, gone in the end; what runs on them must have ended by then."""
    found = Hosts(count)
    try:
        found.make()
        yield found
    finally:
        found.remove()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
