"""Start the exchange as the README says, ask it how it is, stop it with Ctrl-C.

Promise: `make up` is ready within three minutes, `/api/v1/status` answers, a minute later at most
all of it is healthy and the bots have traded, and 15 seconds after Ctrl-C no process of it is left,
no port is taken and nobody printed a traceback.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

READY_SECONDS_MAX = 180.0
HEALTHY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 15.0
READY = re.compile(r"\bready (http://\S+)")
TRUEBOOK = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "truebook"


class SmokeError(Exception):
    """What the exchange did not do."""


class Exchange:
    """`make up` in a process group of its own, as a terminal would start it."""

    def __init__(self, data: Path, port: int, ws_port: int) -> None:
        self.url = ""
        self.output: list[str] = []
        self.is_ready = threading.Event()
        options = f"--data {data} --port {port} --ws-port {ws_port}"
        self.process = subprocess.Popen(
            ["make", "up", f"ARGS={options}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        """Pass the output on and watch it for the address."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            print(f"   {line}", end="", flush=True)
            self.output.append(line)
            if match := READY.search(line):
                self.url = match[1]
                self.is_ready.set()
        self.is_ready.set()

    def wait_until_ready(self) -> None:
        """Wait for the line that tells the address."""
        if not self.is_ready.wait(READY_SECONDS_MAX):
            raise SmokeError(f"not ready after {READY_SECONDS_MAX:.0f} s")
        if not self.url:
            raise SmokeError("ended before it was ready")

    def interrupt(self) -> None:
        """Do what Ctrl-C does: SIGINT to the whole foreground group, make included."""
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise SmokeError(f"still running {STOP_SECONDS_MAX:.0f} s after Ctrl-C") from None
        self.reader.join(STOP_SECONDS_MAX)
        if any("Traceback" in line for line in self.output):
            raise SmokeError("printed a traceback")

    def kill(self) -> None:
        """Leave nothing behind after a failure."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(opened.getsockname()[1]) for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def processes(data: Path) -> dict[int, str]:
    """Return the role of each process of the exchange by its id."""
    command = [str(TRUEBOOK), "ps", "--data", str(data), "--json"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {row["pid"]: row["role"] for row in json.loads(listed)}


def is_running(pid: int) -> bool:
    """Tell whether a process is there and has not ended already."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def is_taken(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask_status(url: str) -> str:
    """Return what the exchange says of itself."""
    with urllib.request.urlopen(f"{url.rstrip('/')}/api/v1/status", timeout=10) as answer:
        return str(answer.read().decode())


def health(data: Path) -> list[str]:
    """Return why the exchange isn't healthy; nothing if it is."""
    command = [str(TRUEBOOK), "status", "--data", str(data), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [str(reason) for reason in json.loads(told)["reasons"]]


def has_traded(url: str) -> bool:
    """Tell whether there has been a trade."""
    address = f"{url.rstrip('/')}/api/v1/trades?symbol=SOL_USDC&limit=1"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return bool(json.loads(answer.read()))


def wait_until_healthy(data: Path, url: str) -> None:
    """Wait for every role to serve, bots included, and for a trade."""
    deadline = time.monotonic() + HEALTHY_SECONDS_MAX
    while (reasons := health(data)) or not has_traded(url):
        if time.monotonic() > deadline:
            raise SmokeError(f"not healthy: {', '.join(reasons) or 'no trade'}")
        time.sleep(0.5)


def check(data: Path) -> None:
    """Start, ask, stop, and look for what is left."""
    ports = free_ports(2)
    exchange = Exchange(data, *ports)
    try:
        exchange.wait_until_ready()
        print(f"status: {ask_status(exchange.url)}", flush=True)
        wait_until_healthy(data, exchange.url)
        running = processes(data)
        print(f"processes: {', '.join(sorted(running.values()))}", flush=True)
        started = time.monotonic()
        exchange.interrupt()
        deadline = started + STOP_SECONDS_MAX
        while left := [running[pid] for pid in running if is_running(pid)]:
            if time.monotonic() > deadline:
                raise SmokeError(f"left behind: {', '.join(left)}")
            time.sleep(0.1)
        print(f"stopped in {time.monotonic() - started:.1f} s", flush=True)
        if taken := [port for port in ports if is_taken(port)]:
            raise SmokeError(f"ports still taken: {taken}")
    finally:
        exchange.kill()


def main() -> int:
    """Run the check; return the exit status."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            check(Path(folder) / "data")
        except (SmokeError, OSError, subprocess.CalledProcessError) as error:
            print(f"make up: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
