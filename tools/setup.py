"""Find a Python that can run Truebook, and have tools/environment.py make .venv with it.

Promise: whoever starts this, however old their Python is, gets either a .venv or one clear
sentence. So this file keeps to what Python 2.7 can read; everything newer is in environment.py.
"""

from __future__ import print_function

import os
import subprocess
import sys

OLDEST = (3, 11)
# The newest first. 3.14 and later come last: not all the packages have wheels for it yet.
TESTED = ("python3.13", "python3.12", "python3.11")
OTHERS = ("python3", "python", "python3.14")
PROBE = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"
HERE = os.path.dirname(os.path.abspath(__file__))


def probe(command):
    """Return ((major, minor), path) of the interpreter that a command starts, or None.

    It is really run, since a name on the PATH can be a shim with nothing behind it.
    """
    try:
        with open(os.devnull, "w") as nowhere:
            output = subprocess.check_output([command, "-c", PROBE], stderr=nowhere)
        version, path = output.decode().splitlines()
        major, minor = version.split(".")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return (int(major), int(minor)), path


def choose(wanted):
    """Return the path of the interpreter to use, or None and what was found instead."""
    found = []
    for command in (wanted,) if wanted else TESTED + OTHERS:
        answer = probe(command)
        if answer is None:
            found.append("%s does not start" % command if wanted else None)
        elif answer[0] >= OLDEST:
            return answer[1], []
        else:
            found.append("%s is Python %d.%d" % ((command,) + answer[0]))
    return None, [text for text in found if text]


def main():
    """Hand over to environment.py under a suitable interpreter; exit 1 if there is none."""
    wanted = os.environ.get("PYTHON", "")
    venv = os.path.join(os.path.dirname(HERE), ".venv")
    if not wanted and os.path.realpath(sys.prefix) == os.path.realpath(venv):
        path, found = sys.executable, []
    else:
        path, found = choose(wanted)
    if path is None:
        sys.stderr.write(
            "Truebook needs Python 3.11 or newer; %s.\n"
            "On Debian and Ubuntu: apt install python3 python3-venv\n"
            "An interpreter that is not on the PATH: make setup PYTHON=/path/to/python3.13\n"
            % (", ".join(found) or "none was found on the PATH")
        )
        return 1
    sys.stdout.flush()
    os.execv(path, [path, os.path.join(HERE, "environment.py")])


if __name__ == "__main__":
    sys.exit(main())
