"""The data folder: one owner at a time, and a state file that is always whole."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from truebook.config import ConfigError
from truebook.datafolder import DataFolder, FolderInUse, Process, State

OWN = """
import sys, time
from pathlib import Path
from truebook.datafolder import DataFolder
folder = DataFolder(Path(sys.argv[1]))
folder.create()
descriptor = folder.lock()
print("owner", flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    made = DataFolder(tmp_path / "data")
    made.create()
    yield made
    made.unlock()


@pytest.fixture
def owner(folder):
    """Another process that owns the folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-c", OWN, str(folder.path)]
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "owner\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def state(supervisor):
    processes = [Process("engine", 12, 1_700_000_000_000, True, 3)]
    return State(supervisor, 1_700_000_000_000, "unix:///log", "unix:///bus", processes=processes)


def test_a_second_owner_is_refused_at_once_and_told_who_the_first_is(folder, owner):
    with pytest.raises(FolderInUse, match=f"in use by process {owner.pid}"):
        folder.lock(patience_s=60)


def test_the_folder_of_a_killed_owner_is_free(folder, owner):
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    folder.lock()


def test_the_folder_is_not_free_while_a_server_of_a_killed_owner_lives(folder, tmp_path):
    first = DataFolder(folder.path)
    descriptor = first.lock()
    server = subprocess.Popen(["/bin/sleep", "60"], pass_fds=(descriptor,))
    first.unlock()
    with pytest.raises(FolderInUse, match="in use by process unknown"):
        folder.lock(patience_s=0.2)
    timer = threading.Timer(0.2, server.kill)
    timer.start()
    folder.lock(patience_s=10)
    server.wait()


def test_an_owner_that_has_finished_leaves_the_folder_free(folder):
    first = DataFolder(folder.path)
    first.lock()
    first.unlock()
    folder.lock(patience_s=0)


def test_the_state_is_read_back_as_long_as_its_owner_runs(folder, owner):
    folder.write_state(state(owner.pid))
    assert folder.read_state() == state(owner.pid)
    owner.kill()
    owner.wait()
    assert folder.read_state() is None


def test_the_state_of_a_number_that_lives_again_elsewhere_is_not_believed(folder):
    folder.write_state(state(os.getpid()))
    assert folder.read_state() is None


def test_without_a_state_file_nothing_runs(folder, tmp_path):
    assert folder.read_state() is None
    assert DataFolder(tmp_path / "other").read_state() is None


def test_a_damaged_state_file_is_named(folder):
    folder.state.write_text('{"supervisor":')
    with pytest.raises(ConfigError, match=r"state\.json"):
        folder.read_state()


def test_a_folder_that_can_not_be_made_is_a_mistake_in_the_configuration(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"data: can't make .*file.*: Not a directory"):
        DataFolder(tmp_path / "file" / "data").create()


def test_the_state_file_speaks_camel_case(folder):
    folder.write_state(state(1))
    assert b'"logUrl":"unix:///log"' in folder.state.read_bytes()
