"""The engine is a function of the log: no clock, no randomness, no I/O, no floating point.

So its sources may import only what is listed here, and neither divide with `/` nor write 0.5.
"""

import ast
from collections.abc import Iterator

import pytest
from rules.source_tree import Module, package

# Whoever adds to this list vouches that the module reads nothing but its arguments.
PURE = frozenset(
    {
        "__future__",
        "abc",
        "bisect",
        "blake3",
        "collections",
        "dataclasses",
        "enum",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "llvmlite",
        "numba",
        "numpy",
        "operator",
        "struct",
        "truebook",
        "types",
        "typing",
        "xxhash",
    }
)
# What else one module may import, because it is not part of the function of the log.
ALSO = {
    # The compiled kernel's cache needs a folder; nothing else in the engine knows of one.
    "truebook.engine.compiled": frozenset(
        {"ctypes", "importlib", "logging", "os", "pathlib", "shutil", "sys", "tempfile"}
    ),
    # Bytes objects that are written in place; what is written is the kernel's.
    "truebook.engine.inplace": frozenset({"ctypes"}),
    # Anonymous memory in large pages: where the arrays lie, not what is in them.
    "truebook.engine.memory": frozenset({"contextlib", "mmap", "sys"}),
}
# Its `/` joins paths, and it reads the sources that its cache depends on.
HANDLES_PATHS = "truebook.engine.compiled"
PATH_WORK = frozenset({"open()", "true division"})
# hash() and id() differ from one process to the next.
BUILTINS = frozenset({"complex", "eval", "exec", "float", "hash", "id", "input", "open", "print"})
NUMPY = frozenset(
    {
        "divide",
        "float16",
        "float32",
        "float64",
        "fromfile",
        "genfromtxt",
        "load",
        "loadtxt",
        "mean",
        "memmap",
        "random",
        "save",
        "savetxt",
        "savez",
        "sqrt",
        "true_divide",
    }
)


def errors_of(module: Module) -> Iterator[str]:
    """Yield what in a module of the engine could make two runs differ."""
    allowed = PURE | ALSO.get(module.name, frozenset())
    for imported in module.imports():
        root = imported.name.split(".")[0]
        if root not in allowed:
            yield f"{module.path}:{imported.line}: imports {root}"
    for node in ast.walk(module.tree):
        found = offence(node)
        if found and not (found in PATH_WORK and module.name == HANDLES_PATHS):
            yield f"{module.path}:{node.lineno}: {found}"


def offence(node: ast.AST) -> str:
    """Name what is wrong with one node, "" if nothing is."""
    match node:
        case ast.Constant(value=float() | complex()):
            return f"the float {node.value}"
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return "true division"
        case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
            return f"{name}()"
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name) if name in NUMPY:
            return f"numpy.{name}"
    return ""


def engine() -> list[Module]:
    return [module for module in package().values() if module.place == "engine"]


def test_the_engine_is_deterministic():
    assert [error for module in engine() for error in errors_of(module)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import time", "imports time"),
        ("def f():\n    from os import environ", "imports os"),
        ("from numpy.random import default_rng\nx = np.random.default_rng()", "numpy.random"),
        ("fee = 0.1", "the float 0.1"),
        ("fee = amount / 10000", "true division"),
        ("fee /= 2", "true division"),
        ("open('book')", "open()"),
        ("slot = hash(client_id) % slots", "hash()"),
    ],
)
def test_what_could_make_two_runs_differ_is_found(text, found):
    module = Module("truebook.engine.book", package()["truebook"].path, text)
    assert [error.split(": ")[1] for error in errors_of(module)] == [found]


def test_integer_arithmetic_is_left_alone():
    text = "import numpy as np\nfee = n // 10_000 * bp\nstate = np.zeros(8, np.int64)"
    assert list(errors_of(Module("truebook.engine.fees", package()["truebook"].path, text))) == []


def test_the_compile_cache_alone_may_know_paths():
    text = "import os\nfrom pathlib import Path\nfolder = Path(os.environ['HOME']) / 'cache'"
    path = package()["truebook"].path
    assert list(errors_of(Module(HANDLES_PATHS, path, text))) == []
    assert len(list(errors_of(Module("truebook.engine.book", path, text)))) == 3
