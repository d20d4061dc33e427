"""People: accounts, passwords, sessions and API keys; who may do what, decided by the log alone."""
