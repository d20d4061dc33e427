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
# A Python that was built without optimizations takes a fifth to a quarter more time for the same,
# and whoever builds one by hand seldom asks for them. Distributions do, without saying so.
PROBE = """import sys
print('%d.%d' % sys.version_info[:2])
print(sys.executable)
try:
    import ensurepip, sysconfig
    options = sysconfig.get_config_var('CONFIG_ARGS') or ''
    print('quick' if sys.prefix == '/usr' or '--enable-optimizations' in options else 'slow')
except ImportError:
    print('bare')
"""
HERE = os.path.dirname(os.path.abspath(__file__))


def probe(command):
    """Return ((major, minor), path, "quick" or what it is else) of the interpreter that a command
    starts, or None.

    It is really run, since a name on the PATH can be a shim with nothing behind it.
    """
    try:
        with open(os.devnull, "w") as nowhere:
            output = subprocess.check_output([command, "-c", PROBE], stderr=nowhere)
        version, path, kind = output.decode().splitlines()
        major, minor = version.split(".")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return (int(major), int(minor)), path, kind


def everywhere(command):
    """Return each place of the PATH where a command is, the first one first."""
    if os.path.dirname(command):
        return [command]
    folders = os.environ.get("PATH", "").split(os.pathsep)
    places = [os.path.join(folder, command) for folder in folders]
    return [place for place in places if os.access(place, os.X_OK)]


def choose(wanted):
    """Return the path of the interpreter to use, or None and what was found instead.

    Where a name stands for several of the same version, one that was built to be quick.
    """
    found = []
    for command in (wanted,) if wanted else TESTED + OTHERS:
        answers = [answer for answer in map(probe, everywhere(command)) if answer is not None]
        usable = [answer for answer in answers if answer[0] >= OLDEST]
        if usable:
            same = [answer for answer in usable if answer[0] == usable[0][0]]
            quick = [answer for answer in same if answer[2] == "quick"]
            return (usable if wanted else quick + usable)[0][1], []
        if answers:
            found.append("%s is Python %d.%d" % ((command,) + answers[0][0]))
        elif wanted:
            found.append("%s does not start" % command)
    return None, found


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
