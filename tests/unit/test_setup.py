"""`make setup` finds a suitable Python or says in one sentence what is missing."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rules.source_tree import ROOT

REAL_PYTHON = sys.executable


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the set-up reads, with tools/environment.py replaced by one that tells."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    told = "import sys\nprint('set up with', sys.executable)\n"
    (tmp_path / "tools" / "environment.py").write_text(told)
    (tmp_path / "bin").mkdir()
    return tmp_path


def pretend(
    project: Path, name: str, version: str, kind: str = "slow", folder: str = "bin"
) -> Path:
    """Put a command on the PATH that says it is some version of Python, and runs as a real one."""
    path = project / folder / name
    major_minor = ".".join(version.split(".")[:2])
    path.write_text(
        "#!/bin/sh\n"
        f'case "$1$2" in -cimport*) echo {major_minor}; echo "{path}"; echo {kind};;\n'
        f'*) [ "$1" = -c ] || echo "run by {name}"; exec "{REAL_PYTHON}" "$@";; esac\n'
    )
    path.chmod(0o755)
    return path


def run_setup(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run tools/setup.py with nothing but the pretended interpreters on the PATH."""
    return subprocess.run(
        [REAL_PYTHON, "tools/setup.py"],
        cwd=project,
        env={"PATH": str(project / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_newest_tested_python_on_the_path_is_chosen(project):
    pretend(project, "python3", "3.11.2")
    pretend(project, "python3.11", "3.11.2")
    pretend(project, "python3.12", "3.12.1")
    assert run_setup(project).stdout.startswith("run by python3.12\nset up with")


def test_a_shim_with_nothing_behind_it_is_passed_over(project):
    shim = pretend(project, "python3.13", "3.13.0")
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    pretend(project, "python3", "3.11.2")
    assert run_setup(project).stdout.startswith("run by python3\n")


def test_a_python_newer_than_the_tested_ones_is_taken_if_there_is_no_other(project):
    pretend(project, "python3.14", "3.14.0")
    assert run_setup(project).stdout.startswith("run by python3.14\n")


@pytest.mark.parametrize(
    ("first", "second", "version", "chosen"),
    [
        ("slow", "quick", "3.12.1", "later"),
        ("slow", "slow", "3.12.1", "bin"),
        ("slow", "bare", "3.12.1", "bin"),
        ("quick", "quick", "3.12.1", "bin"),
        ("slow", "quick", "3.11.2", "bin"),
    ],
)
def test_of_several_of_one_version_a_quick_one_is_taken(project, first, second, version, chosen):
    (project / "later").mkdir()
    pretend(project, "python3", "3.12.1", first)
    pretend(project, "python3", version, second, "later")
    for folder in ("bin", "later"):
        path = project / folder / "python3"
        path.write_text(path.read_text().replace("run by python3", f"run by {folder}"))
    both = f"{project / 'bin'}:{project / 'later'}"
    assert run_setup(project, PATH=both).stdout.startswith(f"run by {chosen}\n")
    named = run_setup(project, PATH=both, PYTHON="python3")
    assert named.stdout.startswith("run by bin\n")


def test_the_user_can_choose_the_interpreter(project):
    pretend(project, "python3.12", "3.12.1")
    chosen = pretend(project, "mine", "3.11.0")
    assert run_setup(project, PYTHON=str(chosen)).stdout.startswith("run by mine\n")


def test_an_old_python_alone_is_named_and_refused(project):
    pretend(project, "python3", "3.9.2")
    result = run_setup(project)
    assert result.returncode == 1
    assert "needs Python 3.11 or newer; python3 is Python 3.9." in result.stderr
    assert "apt install python3 python3-venv" in result.stderr


def test_a_choice_that_does_not_start_is_refused_by_name(project):
    pretend(project, "python3.12", "3.12.1")
    result = run_setup(project, PYTHON="python9")
    assert result.returncode == 1
    assert "python9 does not start" in result.stderr


def test_make_tells_what_is_missing_when_there_is_no_python_at_all(project):
    for tool in ("sh", "echo"):
        (project / "bin" / tool).symlink_to(shutil.which(tool))
    make = shutil.which("make")
    result = subprocess.run(
        [make, "setup"],
        cwd=project,
        env={"PATH": str(project / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "needs Python 3.11 or newer, and no python3 was found" in result.stderr


def test_an_old_python_can_read_the_script():
    # What Python 2.7 has no syntax for. Whoever has only that must still get the sentence above.
    newer = (ast.AnnAssign, ast.AsyncFunctionDef, ast.JoinedStr, ast.Match, ast.NamedExpr)
    nodes = list(ast.walk(ast.parse((ROOT / "tools/setup.py").read_text())))
    assert [node for node in nodes if isinstance(node, newer)] == []
    assert [node.arg for node in nodes if isinstance(node, ast.arg) and node.annotation] == []
