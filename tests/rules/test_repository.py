"""The repository can be cloned by anybody anywhere: it names no machine and no download address."""

import re
import tomllib

from rules.source_tree import ROOT, files

# The patterns are written so that this file does not match itself.
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("py" + "pi", "org"),
            ("python" + "hosted", "org"),
            ("npm" + "js", "org"),
            ("npm" + "js", "com"),
            ("yarn" + "pkg", "com"),
            ("crates", "io"),
            ("proxy", "golang", "org"),
            ("maven", "org"),
            ("deb", "debian", "org"),
        )
    ),
    re.IGNORECASE,
)
INDEX_SETTINGS = re.compile(r"\b(?:extra-)?index[-_]u[r]l\b|--find-l[i]nks", re.IGNORECASE)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:root|home|Users|work|workspace)/\w")
LOCKED_ADDRESS = re.compile(r'"resolved"\s*:|^resolution-markers|\burl = "http', re.MULTILINE)
LOCK_FILES = re.compile(r"(?:\.lock|-lock\.(?:json|yaml)|pylock.*\.toml)$")
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!]+)(?:\s*;\s*.+)?")


def texts():
    """Yield the name and text of every text file."""
    for path in files():
        try:
            yield str(path.relative_to(ROOT)), path.read_text()
        except UnicodeDecodeError:
            continue


def found(pattern):
    return [f"{name}: {hit[0]}" for name, text in texts() if (hit := pattern.search(text))]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins():
    """Return the packages that constraints.txt pins; every line must be a pin or a comment."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    matches = [PIN.fullmatch(line) for line in lines if line and not line.startswith("#")]
    assert all(matches), "constraints.txt holds name==version and nothing else"
    return {normal(match[1]) for match in matches}


def test_no_package_registry_is_named():
    assert found(REGISTRIES) == []


def test_where_packages_come_from_is_left_to_the_users_settings():
    assert found(INDEX_SETTINGS) == []


def test_no_path_of_a_machine_is_named():
    assert found(MACHINE_PATHS) == []


def test_lock_files_carry_no_download_addresses():
    locked = [(name, text) for name, text in texts() if LOCK_FILES.search(name)]
    assert [name for name, text in locked if LOCKED_ADDRESS.search(text)] == []


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {normal(re.split(r"[\[<>=!~; ]", line)[0]) for line in wanted}
    assert names - pins() == set()


def test_the_commands_that_the_readme_shows_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = set()
    for name in ("README.md", "CONTRIBUTING.md", ".ci/run"):
        if (ROOT / name).exists():
            shown |= set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / name).read_text()))
    assert shown
    assert shown - targets == set()


def test_the_version_is_said_once():
    import truebook

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert truebook.__version__ == project["version"]
