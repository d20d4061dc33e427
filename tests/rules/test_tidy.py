"""Files say one thing: short files, short functions, no leftovers, the field's own words.

What Ruff checks (docstrings, commented-out code, format) is not repeated here.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rules.source_tree import ROOT, inner_statements, python_files

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
# The matching loop alone, since a call in it costs what it saves: (file, function).
LONG_FUNCTIONS = frozenset({("src/truebook/engine/matching.py", "match")})
LEFTOVER = re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b")
# Words that name no part of an exchange. The seeds name the two classes excepted.
VAGUE = re.compile(r"helper|manager|util|misc", re.IGNORECASE)
NAMED_BY_THE_SEEDS = frozenset(
    {"SubscriptionManager", "UserManager", "subscription_manager", "user_manager"}
)


def errors_of(name: str, text: str) -> Iterator[str]:
    """Yield what is untidy in one Python file."""
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield f"{name}: {len(lines)} lines, the most is {FILE_LINES_MAX}: split what it says"
    if is_vague(Path(name).stem):
        yield f"{name}: say what it does, in the words of the field"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield f"{name}:{number}: {len(line)} columns, the most is {COLUMNS_MAX}"
        if LEFTOVER.search(line):
            yield f"{name}:{number}: do it, or file an issue"
    for node in definitions(ast.parse(text)):
        yield from definition_errors(name, node)


def definitions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the functions and classes in a node, however deep."""
    for child in inner_statements(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
        yield from definitions(child)


def definition_errors(
    name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
) -> Iterator[str]:
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    is_long = length > FUNCTION_LINES_MAX and (name, node.name) not in LONG_FUNCTIONS
    if is_long and not isinstance(node, ast.ClassDef):
        most = f"the most is {FUNCTION_LINES_MAX}"
        yield f"{name}:{node.lineno}: {node.name} has {length} lines, {most}"
    if is_vague(node.name) and not node.name.startswith("test_"):
        yield f"{name}:{node.lineno}: {node.name}: say what it does, in the words of the field"


def is_vague(name: str) -> bool:
    return bool(VAGUE.search(name)) and name not in NAMED_BY_THE_SEEDS


def test_the_sources_are_tidy():
    named = ((str(path.relative_to(ROOT)), path.read_text()) for path in python_files())
    assert [error for name, text in named for error in errors_of(name, text)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\n" * 601, "601 lines"),
        ("def f():\n" + "    x = 1\n" * 70, "f has 71 lines"),
        ("x = '" + "1" * 100 + "'", "106 columns"),
        ("# " + "TO" + "DO later", "do it"),
        ("class BookHelper: ...", "BookHelper"),
        ("def user_utils(): ...", "user_utils"),
    ],
)
def test_what_is_untidy_is_found(text, found):
    errors = list(errors_of("src/truebook/sample.py", text))
    assert len(errors) == 1
    assert found in errors[0]


def test_the_classes_that_the_seeds_name_are_allowed():
    assert list(errors_of("src/truebook/ws/user_manager.py", "class UserManager: ...")) == []
