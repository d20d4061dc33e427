"""Every example of a client runs as it stands, from a shell, against a real exchange."""

import os
import subprocess
import sys

import pytest
from rules.source_tree import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("with_*.py"))
RUNS_S_MAX = 60
NEEDED = {"with_requests", "with_ccxt", "with_ccxt_async", "with_ccxt_pro", "with_bpx"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(venue, account, example):
    credentials = account(USDC="10000")
    told = {
        "API_URL": venue.url,
        "WS_URL": venue.ws_url,
        "API_KEY": credentials.api_key,
        "API_SECRET": credentials.api_secret,
    }
    command = [sys.executable, str(example)]
    done = subprocess.run(
        command, env=os.environ | told, capture_output=True, text=True, timeout=RUNS_S_MAX
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_client_has_an_example_and_every_example_its_place_in_the_docs():
    documentation = (ROOT / "docs" / "clients.md").read_text()
    assert {path.stem for path in EXAMPLES} >= NEEDED
    assert [path.name for path in EXAMPLES if path.name not in documentation] == []


def test_nothing_in_the_package_knows_of_a_client():
    clients = ("ccxt", "bpx", "backpack_exchange_sdk")
    package = ROOT / "src" / "truebook"
    imports = [
        f"{path.name}: {line}"
        for path in package.rglob("*.py")
        for line in path.read_text().splitlines()
        if line.lstrip().startswith(("import ", "from "))
        and line.split()[1].split(".")[0] in clients
    ]
    assert imports == []
