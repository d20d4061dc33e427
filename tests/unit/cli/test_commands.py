"""The command line: exit statuses, errors on standard error, JSON, and what is not imported."""

import io
import subprocess
import sys

import pytest

from truebook.cli.app import app, exit_status, main
from truebook.commandlog.interface import LogNotDurable, LogUnavailable
from truebook.config import UserError

COMMANDS = [
    ["up"],
    ["engine"],
    ["api"],
    ["feed"],
    ["ws"],
    ["store"],
    ["maker"],
    ["taker"],
    ["ps"],
    ["status"],
    ["account", "create"],
    ["account", "list"],
    ["account", "password"],
    ["account", "key", "add"],
    ["account", "key", "list"],
    ["account", "key", "revoke"],
    ["admin", "credit"],
    ["admin", "debit"],
    ["admin", "market-state"],
    ["admin", "add-asset"],
    ["admin", "add-market"],
    ["admin", "tier"],
    ["admin", "rules"],
    ["admin", "account"],
    ["admin", "market"],
    ["admin", "withdrawals"],
    ["admin", "settle"],
    ["admin", "history"],
    ["admin", "attester", "list"],
    ["admin", "attester", "add"],
    ["admin", "attester", "retire"],
    ["admin", "attester", "rotate"],
    ["replay"],
    ["archive"],
    ["log", "verify"],
    ["log", "show"],
    ["log", "export"],
    ["proof", "make"],
    ["proof", "verify"],
    ["proof", "audit"],
    ["bench", "kernel"],
]


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "truebook", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "HOME": str(cwd)},
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command, capsys):
    app([*command, "--help"], result_action="return_value")
    shown = capsys.readouterr().out
    assert f"truebook {' '.join(command)}" in shown
    assert "--" in shown


def test_the_options_of_up_are_the_contracts(capsys):
    app(["up", "--help"], result_action="return_value")
    shown = capsys.readouterr().out
    options = ("data", "host", "port", "ws-port", "engines", "apis", "no-bots")
    assert [option for option in options if f"--{option}" not in shown] == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["status"], "truebook: nothing runs on "),
        (["account", "create", "alice"], "truebook: nothing runs on "),
        (["maker", "--url", "http://127.0.0.1:9"], "truebook: can't read the key file "),
        (["taker"], "truebook: can't read the key file "),
        (["account", "key", "revoke", "x"], "truebook: nothing runs on "),
        (["admin", "tier", "1", "--maker", "1", "--taker", "2"], "requires an argument"),
        (["replay", "--from", "genesis"], "truebook: there is no log in "),
        (["replay", "--from", "snapshot"], "truebook: there is no log in "),
        (["replay", "--from", "database"], "truebook: there is no log in "),
        (["proof", "make"], "truebook: there is no log in "),
        (["proof", "verify", "none.json"], "truebook: can't read none.json: No such file"),
        (["proof", "audit"], "truebook: no proof was made yet"),
        (["replay", "--to", "x"], "truebook: --to: not a log position: 'x'"),
        (["nonsense"], 'Unknown command "nonsense"'),
    ],
)
def test_the_users_mistakes_end_with_status_1_and_go_to_standard_error(
    arguments, error, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert error in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["up", "--config", "other.toml"], "truebook: there is no configuration file other.toml"),
        (["up", "--port", "x"], "Invalid value for --port"),
        (["up", "--engines", "0"], "truebook: engine.processes: Expected `int` >= 1"),
    ],
)
def test_an_exchange_that_cant_be_meant_is_not_started(arguments, error, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert error in done.stderr


def test_where_nothing_runs_ps_lists_nothing(tmp_path):
    done = run("ps", "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UserError("yours"), 1),
        (LogNotDurable("yours"), 1),
        (LogUnavailable("ours"), 2),
        (RuntimeError("ours"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_whose_mistake_it_was_is_the_exit_status(error, status, capsys):
    def fail():
        raise error

    assert exit_status(fail) == status
    assert capsys.readouterr().out == ""


def test_a_bug_of_ours_shows_where_it_happened(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)

    def fail():
        raise RuntimeError("ours")

    exit_status(fail)
    assert "RuntimeError: ours" in shown.getvalue()


def test_a_short_command_imports_neither_numpy_nor_the_compiler(tmp_path):
    code = (
        "import sys; from truebook.cli.app import app;"
        "app(['ps', '--json'], result_action='return_value');"
        "print([name for name in ('numpy', 'numba', 'uvicorn', 'redis') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout == "[]\n[]\n"


def test_an_interrupt_ends_the_process_until_a_command_runs():
    program = """
import signal
from truebook.cli import app, main
class Parsed:
    def __init__(self, told: str) -> None:
        print("parsing", signal.getsignal(signal.SIGINT) is signal.SIG_DFL)
@app.app.command
def running(told: Parsed, /) -> None:
    print("running", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
main(["running", "it"])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "parsing True\nrunning True\n", done.stderr
