"""A role alone tells how it is from its first moment on, and ends when it is told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from venue.installed import SOURCES, wait_until

SECRET = "not-to-be-told"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("role", ["api", "archive"])
def test_a_role_that_waits_for_its_servers_says_so_without_their_passwords(role, tmp_path):
    port = free_port()
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("TRUEBOOK_")},
        "PYTHONPATH": str(SOURCES),
        "TRUEBOOK_DATA": str(tmp_path),
        "TRUEBOOK_LOG_URL": f"redis://user:{SECRET}@127.0.0.1:1",
        "TRUEBOOK_BUS_URL": f"redis://user:{SECRET}@127.0.0.1:1",
        "TRUEBOOK_DATABASE_URL": f"sqlite:///{tmp_path}/database.sqlite",
        "TRUEBOOK_METRICS_PORT": str(port),
        "TRUEBOOK_LOGGING_LEVEL": "debug",
    }
    said = tmp_path / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "truebook", role],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "127.0.0.1:1" in said.read_text(), 60, "it says what it waits for")
        wait_until(lambda: health(port)[1].get("reasons"), 60, "it says why nothing is done")
        told = health(port)[1]
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)
    assert status == 0
    assert told["reasons"]
    assert SECRET not in said.read_text() + json.dumps(told)
    assert all(json.loads(line)["role"] == role for line in said.read_text().splitlines())


def health(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, {}
