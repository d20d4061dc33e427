"""What three accounts and the venue have of two assets, and files of it."""

import pytest
from venue.proved import KEYS, state_of

from truebook.engine.canonical.tables import make as tables_of
from truebook.proof.file import TreeFile, pack
from truebook.proof.making import make

ASSETS = [(0, 6, b"USDC", b""), (1, 9, b"SOL", b""), (2, 8, b"BTC", b"")]
NAMES = [b"venue", b"alice", b"bob", b"carol"]
BALANCES = [(0, 0, 5, 0), (1, 0, 70, 30), (1, 1, 8, 0), (2, 0, 0, 1), (3, 0, 4, 4), (3, 1, 1, 0)]


@pytest.fixture(scope="session")
def tables():
    accounts = [(number, 0, 0, 0, 0, name) for number, name in enumerate(NAMES)]
    return tables_of(accounts=accounts, assets=ASSETS, balances=BALANCES)


@pytest.fixture(scope="session")
def made(tables):
    return make(state_of(tables), KEYS)


@pytest.fixture(scope="session")
def path(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("proof") / "one.tree"
    path.write_bytes(b"".join(pack(made.text, made.trees)))
    return path


@pytest.fixture
def tree(path):
    opened = TreeFile(path)
    yield opened
    opened.close()


@pytest.fixture
def alice(tree):
    """Her proof: five leaves in one asset, two in the other."""
    return tree.branches(1, "")
