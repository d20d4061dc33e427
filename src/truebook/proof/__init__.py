"""Proof of liabilities: what the venue owes, proved to each account (docs/proof.md)."""
