"""Proof: the state is what the log makes it. So far: replay from the first command."""
