"""The command line. app.py has the commands; the other files say what each of them does."""

import signal


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its status."""
    # While the commands are imported an interrupt ends the process at once. As an exception it
    # could come while C code imports something, which may drop it.
    is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_usual:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from truebook.cli.app import main as run

    if is_usual:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run(arguments)
