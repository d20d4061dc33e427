"""Each role alone, before what it needs is there: it says what it waits for, and ends when told."""

import os
import signal
import subprocess
import sys

import pytest
from venue.installed import SOURCES, wait_until
from venue.redis_server import free_port

ROLES = {
    "api": ("log", "--port", "0"),
    "engine": ("bus", "--engine", "naive"),
    "feed": ("bus",),
    "ws": ("bus", "--port", "0"),
    "store": ("bus",),
    "archive": ("log",),
    "witness": ("log",),
    "found": ("log",),
}
START_S_MAX = 60.0
STOP_S_MAX = 5.0


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_what_it_waits_for_and_ends_when_told(role, tmp_path):
    waits_for, *options = ROLES[role]
    ports = {"log": free_port(), "bus": free_port()}
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"PYTHONPATH": str(SOURCES)}
    for name, port in ports.items():
        url = f"redis://{role}:hush@127.0.0.1:{port}"
        environment[f"TRUEBOOK_{name.upper()}_URL"] = url
    with open(tmp_path / "said", "w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "truebook", role, *options, "--data", str(tmp_path / "data")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
        )
    try:
        said = tmp_path / "said"
        place = f"127.0.0.1:{ports[waits_for]}"
        wait_until(lambda: place in said.read_text(), START_S_MAX, f"{role} says {place}")
        assert "Connect" in said.read_text()
        assert len(said.read_text().splitlines()) < 10
        assert "hush" not in said.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S_MAX) in (0, -signal.SIGTERM)
        assert "Traceback" not in said.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
