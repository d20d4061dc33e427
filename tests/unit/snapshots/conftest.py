"""A small exchange in memory whose engines keep snapshots."""

import pytest
from venue.snapshotted import Exchange


@pytest.fixture
def exchange(tmp_path):
    exchange = Exchange(tmp_path)
    yield exchange
    for node in exchange.nodes:
        node.close()
