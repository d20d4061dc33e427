"""The deterministic core: state, matching, balances, state hash; no clock, no I/O."""
