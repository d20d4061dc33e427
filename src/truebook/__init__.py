"""Truebook: an exchange whose book can be proved true.

The folders are the way of an order: api → commandlog → engine → feed → ws, store, verify.
ARCHITECTURE.md draws it.
"""

__version__ = "0.1.0"
