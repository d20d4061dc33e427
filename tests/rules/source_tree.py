"""What the rules read: the project's own files, parsed once, and who imports whom."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"


@dataclass(frozen=True)
class Import:
    """One imported name: "truebook.units" or "truebook.units.ticks" (a module or what is in it)."""

    name: str
    line: int
    for_types_only: bool


@dataclass(frozen=True)
class Module:
    """One Python file and the dotted name it is imported by."""

    name: str
    path: Path
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parse(self.text)

    @property
    def place(self) -> str:
        """The first name under truebook: "engine", "units"; "truebook" for the package itself."""
        return self.name.split(".")[1] if "." in self.name else self.name

    def imports(self) -> tuple[Import, ...]:
        """Every import of this file, wherever in it, with what only type checkers see."""
        return _imports_of(self.text)


@cache
def _imports_of(text: str) -> tuple[Import, ...]:
    return tuple(_imports(_parse(text), for_types_only=False))


@cache
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


def _imports(node: ast.AST, for_types_only: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, for_types_only)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield Import(f"{node.module}.{alias.name}", node.lineno, for_types_only)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        for child in node.body:
            yield from _imports(child, True)
        for child in node.orelse:
            yield from _imports(child, for_types_only)
    else:
        for child in inner_statements(node):
            yield from _imports(child, for_types_only)


def inner_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements directly inside one, which are few beside the expressions there."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child


@cache
def package() -> dict[str, Module]:
    """Return the modules of src/truebook by name."""
    modules = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = Module(name, path, path.read_text())
    return modules


def resolve(name: str, modules: dict[str, Module]) -> list[str]:
    """Return the modules that importing a name runs: each package on the way, then itself.

    >>> resolve("truebook.engine.book.Level", modules)
    ["truebook", "truebook.engine", "truebook.engine.book"]
    """
    parts = name.split(".")
    prefixes = [".".join(parts[: count + 1]) for count in range(len(parts))]
    return [prefix for prefix in prefixes if prefix in modules]


@cache
def files() -> tuple[Path, ...]:
    """Return every file of the project: what git holds, or would if it were added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        paths = [ROOT / name for name in listed.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        # An unpacked archive has no git: take the folders that hold what people write.
        folders = (ROOT / name for name in ("src", "tests", "tools", "docs"))
        paths = [path for folder in folders for path in folder.rglob("*")]
        paths += ROOT.glob("*.*")
    return tuple(sorted(path for path in paths if path.is_file() and path.suffix != ".pyc"))


def python_files() -> list[Path]:
    """Return every Python file of the project."""
    return [path for path in files() if path.suffix == ".py"]
