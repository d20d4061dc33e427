"""The command line. app.py has the commands; the other files say what each of them does."""

from truebook.cli.app import main

__all__ = ["main"]
