"""Build the trading page, if npm is there and its sources have changed.

Promise: `make up` never fails for want of npm: without it the exchange runs as well, and its front
door says how to get the page. A build that was made from the same sources is kept.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "web"
BUILT = ROOT / "src" / "truebook" / "web" / "dist"
STAMP = BUILT / "sources.txt"
INSTALLED = SOURCES / "node_modules" / "installed.txt"
NODE_OLDEST = 20


def digest(paths: list[Path]) -> str:
    """What the files hold, names included."""
    state = hashlib.sha256()
    for path in sorted(paths):
        state.update(str(path.relative_to(SOURCES)).encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def text_of(path: Path) -> str:
    """What a file says; nothing if it isn't there."""
    return path.read_text() if path.is_file() else ""


def node_version() -> int:
    """The major version of Node.js; 0: none."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().lstrip("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def run(*command: str) -> None:
    """Run a step of the build; what it says is shown only if it fails."""
    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"the trading page: {' '.join(command)} failed")


def main() -> None:
    """Build what isn't built."""
    sources = [path for path in SOURCES.glob("*") if path.is_file()]
    sources += [path for path in (SOURCES / "src").rglob("*") if path.is_file()]
    wanted = digest(sources)
    if text_of(STAMP) == wanted:
        return
    if node_version() < NODE_OLDEST:
        print(f"no Node.js {NODE_OLDEST} with npm: the exchange runs without its trading page")
        return
    started = time.monotonic()
    packages = digest([SOURCES / "package.json", SOURCES / "package-lock.json"])
    if text_of(INSTALLED) != packages:
        print("the trading page: fetching its packages")
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        INSTALLED.write_text(packages)
    print("the trading page: building")
    run("npm", "run", "--silent", "build")
    STAMP.write_text(wanted)
    print(f"the trading page: built in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
