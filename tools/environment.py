"""Make .venv hold exactly what pyproject.toml and constraints.txt ask for.

Promises:
- Nothing is done, in a few hundredths of a second, if the last set-up still stands: a stamp in
  .venv holds a hash of both files, this file, the interpreter and the folder.
- A step that takes long says what it does, how far it is and for how long it has run.
- The user's own pip settings decide where packages come from; none are written here.
- Without ensurepip (Debian without python3-venv) the pip of the interpreter serves; without
  that either, the package to install is named.
- Two set-ups at a time wait for one another; one that was interrupted is made good by the next.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "truebook-setup"
LOG = VENV / "setup.log"
SOURCES = (ROOT / "pyproject.toml", ROOT / "constraints.txt", Path(__file__).resolve())
COLLECTING = re.compile(r"^Collecting ([A-Za-z0-9_.-]+)", re.MULTILINE)
SELDOM_IMPORTED = r"/(ccxt|tests?)/"
# A client that the tests trade with. It asks for cryptography below 44 and ccxt for 50; it works
# with either, so it is installed by itself: what it needs is there already.
WITHOUT_DEPENDENCIES = "bpx-py"
REFRESH_SECONDS = 0.2
REPORT_SECONDS = 10.0
LOG_TAIL_LINES = 15


class SetupError(Exception):
    """What the user must know or do for the set-up to succeed."""


class Progress:
    """What a long step is, and below that how far: rewritten on a terminal, else now and then."""

    def __init__(self, step: str) -> None:
        self.started = time.monotonic()
        self.live = sys.stdout.isatty()
        self.reported = self.started
        print(f"Setting up: {step} …", flush=True)

    def show(self, detail: str) -> None:
        """Show the present detail, as often as the output can bear."""
        now = time.monotonic()
        if now - self.reported >= (REFRESH_SECONDS if self.live else REPORT_SECONDS):
            self.reported = now
            self._write(detail, end="" if self.live else "\n")

    def done(self) -> None:
        """Close the line with the time that the step took."""
        self._write("done", end="\n")

    def _write(self, detail: str, end: str) -> None:
        erase = "\r\x1b[K" if self.live else ""
        print(f"{erase}  {detail}, {time.monotonic() - self.started:.0f} s", end=end, flush=True)


def fingerprint(version: str) -> str:
    """Hash everything that a set-up depends on."""
    digest = hashlib.sha256(f"{ROOT}\n{version}\n".encode())
    for source in SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def venv_version() -> str:
    """Return the version of .venv's interpreter, "" if it has none that starts."""
    if Path(sys.prefix).resolve() == VENV:
        return sys.version
    code = "import sys; print(sys.version, end='')"
    return output_of([str(VENV_PYTHON), "-c", code]) if VENV_PYTHON.exists() else ""


def output_of(command: list[str]) -> str:
    """Run a command and return what it prints, "" if it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def is_current() -> bool:
    """Tell whether the last set-up still stands, for the interpreter that runs this."""
    try:
        return STAMP.read_text() == fingerprint(sys.version)
    except OSError:
        return False


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other set-up works on this folder."""
    with SOURCES[0].open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Setting up: waiting for another set-up of this folder …", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def create() -> list[str]:
    """Make an empty .venv with this interpreter; return the command that installs into it."""
    base = base_interpreter()
    progress = Progress(f"virtual environment .venv with Python {sys.version.split()[0]}")
    command = [base, "-m", "venv", "--clear", str(VENV)]
    if output_of([base, "-c", "import ensurepip; print(ensurepip.version())"]):
        run(command)
        installer = [str(VENV_PYTHON), "-m", "pip"]
    elif installer := installer_from_outside():
        run([*command, "--without-pip"])
    else:
        raise SetupError(no_pip_message())
    progress.done()
    return installer


def no_pip_message() -> str:
    """Name the package that is missing when Python has neither ensurepip nor pip."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"Python {version} has neither ensurepip nor pip, so nothing can be installed.\n"
        "On Debian and Ubuntu: apt install python3-venv"
        f" (for this interpreter: python{version}-venv)"
    )


def existing_installer() -> list[str]:
    """Return the command that installs into the .venv there is, [] if it must be made anew."""
    if venv_version() != sys.version:
        return []
    if output_of([str(VENV_PYTHON), "-m", "pip", "--version"]):
        return [str(VENV_PYTHON), "-m", "pip"]
    return installer_from_outside()


def installer_from_outside() -> list[str]:
    """Return the base interpreter's own pip, pointed at .venv; [] if it has none."""
    pip = [base_interpreter(), "-m", "pip"]
    return [*pip, "--python", str(VENV_PYTHON)] if output_of([*pip, "--version"]) else []


def base_interpreter() -> str:
    """Return the interpreter that .venv is made from, also when .venv's own runs this."""
    return str(getattr(sys, "_base_executable", sys.executable))


def install(installer: list[str]) -> None:
    """Install the package, editable, with everything it needs at the pinned versions."""
    lines = SOURCES[1].read_text().splitlines()
    total = sum("==" in line for line in lines)
    progress = Progress(f"downloading and installing {total} packages (about 1 minute)")
    quiet = [
        *installer,
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
        "--no-compile",
        "--constraint=constraints.txt",
    ]
    run([*quiet, "--editable=.[dev]"], progress, total)
    run([*quiet, "--no-deps", WITHOUT_DEPENDENCIES])
    # pip would compile one file after another, half of its time, and most of that for exchanges
    # that ccxt knows and nobody here imports. What fails here is compiled when it is first used.
    progress.show("compiling")
    compiler = [str(VENV_PYTHON), "-m", "compileall", "-q", "-j0", "-x", SELDOM_IMPORTED]
    output_of([*compiler, str(VENV / "lib")])
    progress.done()


def run(command: list[str], progress: Progress | None = None, total: int = 0) -> None:
    """Run one step with its output in the log; on failure raise with the log's last lines."""
    seen: set[str] = set()
    detail, output = "starting", ""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        for text in pieces(process.stdout.fileno()):
            output += text
            for name in COLLECTING.findall(text):
                seen.add(name)
                detail = f"{len(seen)} of {total}: {name}"
            if "Installing collected packages" in text:
                detail = "writing files"
            if progress:
                progress.show(detail)
    except BaseException:
        process.terminate()
        raise
    finally:
        process.stdout.close()
        status = process.wait()
        if VENV.is_dir():
            LOG.write_text(output)
    if status:
        tail = "\n".join(output.splitlines()[-LOG_TAIL_LINES:]) + "\n"
        raise SetupError(
            f"This command failed with status {status}:\n  {' '.join(command)}\n{tail}"
            f"Its whole output: {LOG}. Where packages come from is up to your pip settings"
            " (pip config list)."
        )


def pieces(file: int) -> Iterator[str]:
    """Yield a command's output as it comes, and "" when it is silent, so that time passes."""
    while True:
        if not select.select([file], [], [], REFRESH_SECONDS)[0]:
            yield ""
        elif data := os.read(file, 65536):
            yield data.decode(errors="replace")
        else:
            return


def ensure() -> None:
    """Bring .venv up to date."""
    if is_current():
        return
    with alone():
        if is_current():
            return
        STAMP.unlink(missing_ok=True)
        install(existing_installer() or create())
        STAMP.write_text(fingerprint(sys.version))
        print("Setting up: ready", flush=True)


def main() -> int:
    """Set up; return the exit status."""
    try:
        ensure()
    except SetupError as error:
        print(f"\nSetting up failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSetting up was interrupted; the next run carries on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    # Started outside the folder or with it, the same .venv is meant.
    os.chdir(ROOT)
    sys.exit(main())
