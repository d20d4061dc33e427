"""Modules that are imported when they are used: ccxt takes seconds, which only the process that
runs its tests should spend."""

import importlib
from typing import Any


class Late:
    """Stands for a module of that name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, part: str) -> Any:
        return getattr(importlib.import_module(self._name), part)


ccxt = Late("ccxt")
ccxt_async = Late("ccxt.async_support")
ccxt_pro = Late("ccxt.pro")
