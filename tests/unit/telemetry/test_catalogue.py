"""What sources tell is in the catalogue, and the catalogue has nothing that nobody tells."""

import ast
from collections.abc import Iterator
from pathlib import Path

import truebook
from truebook.telemetry.catalogue import FIGURES

SOURCES = ("cli/sources.py", "telemetry/telling.py", "supervisor/telling.py")


def told_names() -> set[str]:
    names: set[str] = set()
    for source in SOURCES:
        tree = ast.parse((Path(truebook.__file__).parent / source).read_text())
        for node in ast.walk(tree):
            names.update(names_in(node))
    return names


def names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.AugAssign) and is_of_report(node.target):
        assert isinstance(node.value, ast.Dict)
        yield from (key.value for key in node.value.keys if isinstance(key, ast.Constant))
    elif isinstance(node, ast.Subscript) and is_of_report(node.value):
        assert isinstance(node.slice, ast.Constant)
        yield node.slice.value
    elif isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Name) and function.id == "told":
            assert isinstance(node.args[1], ast.Constant)
            yield node.args[1].value
        elif isinstance(function, ast.Attribute) and is_of_report(function.value):
            assert isinstance(node.args[0], ast.Constant)
            yield node.args[0].value


def is_of_report(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("figures", "tallies")


def test_the_catalogue_has_what_is_told_and_nothing_else():
    assert told_names() == set(FIGURES)
