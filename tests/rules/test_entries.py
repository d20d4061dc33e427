"""No compiled function calls one that Python calls: the cache keeps machine code of those alone,
not what their callers would have to take in (engine/parts.py), and such a call would do nothing.
"""

import ast
from collections.abc import Iterator

from rules.source_tree import ROOT

ENGINE = ROOT / "src" / "truebook" / "engine"
COMPILED = {"inlined", "called", "entry"}


def kind_of(function: ast.FunctionDef) -> str:
    """How it is compiled; empty: it isn't."""
    for each in function.decorator_list:
        name = each.func if isinstance(each, ast.Call) else each
        if isinstance(name, ast.Name) and name.id in COMPILED:
            return name.id
    return ""


def compiled_in(text: str) -> Iterator[ast.FunctionDef]:
    """The compiled functions of a source."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and kind_of(node):
            yield node


def calls_of_entries(texts: list[str]) -> list[str]:
    """Who calls whom, wherever a compiled function calls one that Python calls."""
    functions = [function for text in texts for function in compiled_in(text)]
    entries = {function.name for function in functions if kind_of(function) == "entry"}
    return [
        f"{function.name} calls {node.func.id}"
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in entries
    ]


def test_no_compiled_function_calls_one_that_python_calls():
    texts = [path.read_text() for path in sorted(ENGINE.rglob("*.py"))]
    assert sum(kind_of(f) == "entry" for text in texts for f in compiled_in(text)) > 10
    assert calls_of_entries(texts) == []


def test_a_call_of_an_entry_is_found():
    above = "@entry('int64(int64)')\ndef start(x):\n    return x\n"
    below = "@inlined\ndef part(x):\n    return start(x) + 1\n"
    assert calls_of_entries([above, below]) == ["part calls start"]
