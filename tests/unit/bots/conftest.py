"""Markets and settings that the bots' tests share."""

from decimal import Decimal

import pytest

from truebook.bots.ladder import Shape
from truebook.bots.market import Market


@pytest.fixture
def market():
    return Market("SOL_USDC", "SOL", "USDC", Decimal("0.01"), Decimal("0.01"), 1)


@pytest.fixture
def shape():
    return Shape(levels=5, spread_bp=10, step_bp=5, level_quote=Decimal(500), skew_bp=20)
