"""The command line. app.py has the commands; the other files say what each of them does."""

from truebook.cli.interrupts import ending_at_once


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its status."""
    with ending_at_once():
        from truebook.cli.app import main as run

    run(arguments)
