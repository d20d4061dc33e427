"""The set-up is skipped when nothing changed, and never without need."""

import importlib.util
import subprocess
import sys

import pytest
from rules.source_tree import ROOT


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """tools/environment.py, working in an empty folder."""
    spec = importlib.util.spec_from_file_location("environment", ROOT / "tools/environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sources = [tmp_path / "pyproject.toml", tmp_path / "constraints.txt"]
    for source in sources:
        source.write_text("numpy==2.4.6\n")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "VENV_PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", venv / "truebook-setup")
    monkeypatch.setattr(module, "LOG", venv / "setup.log")
    monkeypatch.setattr(module, "SOURCES", tuple(sources))
    return module


@pytest.fixture
def installed(environment, monkeypatch):
    """Count the installations instead of carrying them out."""
    installers = []
    monkeypatch.setattr(environment, "install", installers.append)

    def create():
        environment.VENV.mkdir(exist_ok=True)
        return ["made anew"]

    monkeypatch.setattr(environment, "create", create)
    return installers


def test_a_second_set_up_does_nothing(environment, installed):
    environment.ensure()
    environment.ensure()
    assert installed == [["made anew"]]


def test_a_changed_pin_sets_up_again(environment, installed):
    environment.ensure()
    environment.SOURCES[1].write_text("numpy==2.4.7\n")
    environment.ensure()
    assert len(installed) == 2


def test_another_interpreter_sets_up_again(environment, installed, monkeypatch):
    environment.ensure()
    monkeypatch.setattr(sys, "version", "3.99.0")
    environment.ensure()
    assert len(installed) == 2


def test_a_failed_installation_is_not_taken_for_a_finished_one(environment, installed, monkeypatch):
    def fail(installer):
        raise environment.SetupError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", fail)
        with pytest.raises(environment.SetupError):
            environment.ensure()
    environment.ensure()
    assert installed == [["made anew"]]


def test_without_ensurepip_the_interpreters_own_pip_installs(environment, monkeypatch):
    monkeypatch.setattr(environment, "output_of", lambda command: "pip 23" * ("pip" in command))
    commands = []
    monkeypatch.setattr(environment, "run", commands.append)
    installer = environment.create()
    assert commands[0][-1] == "--without-pip"
    assert installer[-2:] == ["--python", str(environment.VENV_PYTHON)]


def test_without_ensurepip_and_pip_the_missing_package_is_named(environment, monkeypatch):
    monkeypatch.setattr(environment, "output_of", lambda command: "")
    with pytest.raises(environment.SetupError, match="apt install python3-venv"):
        environment.create()


def test_a_failed_command_shows_its_last_lines(environment):
    environment.VENV.mkdir()
    code = "import sys; print('ERROR: no such version'); sys.exit(3)"
    with pytest.raises(environment.SetupError, match=r"status 3[^$]*ERROR: no such version"):
        environment.run([sys.executable, "-c", code])
    assert environment.LOG.read_text() == "ERROR: no such version\n"


def test_progress_is_shown_while_a_command_is_silent(environment, monkeypatch, capsys):
    monkeypatch.setattr(environment, "REPORT_SECONDS", 0.3)
    progress = environment.Progress("installing")
    code = "import time; print('Collecting numba==0.68.1', flush=True); time.sleep(1)"
    environment.run([sys.executable, "-c", code], progress, total=61)
    progress.done()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Setting up: installing …"
    assert lines[1].startswith("  1 of 61: numba, ")
    assert lines[-1] == "  done, 1 s"


def test_a_set_up_that_still_stands_costs_almost_nothing():
    # Only the modules are looked at: what imports little starts quickly on any machine.
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import environment; " + (
        "print({'asyncio', 'email', 'numpy', 'urllib.request'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert shown.stdout.strip() == "set()"
