"""Imports run one way, and only what runs the engine imports Numba."""

from rules.source_tree import Module, package, resolve

# From the bottom up. A module imports from its own place and from layers below it, nothing else:
# neither from above nor from a neighbour. The modules at the bottom may use one another.
LAYERS = (
    frozenset({"truebook"}),
    frozenset(
        {
            "allocation",
            "clock",
            "commands",
            "config",
            "datafolder",
            "faults",
            "figures",
            "genesis",
            "idle",
            "installation",
            "lifeline",
            "limits",
            "messages",
            "postgres",
            "progress",
            "queries",
            "signatures",
            "strict_json",
            "units",
        }
    ),
    frozenset({"commandlog", "engine"}),
    # The websocket server is general: it knows the bus, and nothing of what is traded.
    frozenset({"asking", "directory", "vigil", "snapshots", "telemetry", "ws"}),
    frozenset({"following", "history", "plain", "proof", "questions"}),
    frozenset({"feed", "node", "people", "simulation"}),
    frozenset({"api", "bots", "store", "verify"}),
    frozenset({"backup", "supervisor"}),
    frozenset({"bench"}),
    frozenset({"cli"}),
    frozenset({"__main__"}),
)
BOTTOM = 1
# Numba takes a second and a hundred megabytes to import. Only these run the compiled engine;
# the others may read modules of truebook.engine that get by without it.
RUNS_THE_ENGINE = frozenset(
    {"engine", "node", "plain", "simulation", "verify", "bench", "cli", "__main__"}
)
COMPILERS = frozenset({"numba", "llvmlite"})


def layer(place: str) -> int:
    """Return the number of a place's layer; a place that has none must be given one."""
    numbers = [number for number, places in enumerate(LAYERS) if place in places]
    assert numbers, f"truebook.{place} has no layer: add it to LAYERS, as low as it can be"
    return numbers[0]


def direction_errors(modules: dict[str, Module]) -> list[str]:
    errors = []
    for module in modules.values():
        own = layer(module.place)
        for imported in module.imports():
            for target in resolve(imported.name, modules)[-1:]:
                place = modules[target].place
                same = place == module.place or (own == BOTTOM and layer(place) == BOTTOM)
                if not same and layer(place) >= own:
                    errors.append(f"{module.path}:{imported.line}: {module.name} imports {target}")
    return errors


def numba_errors(modules: dict[str, Module]) -> list[str]:
    """List imports of Numba outside the engine, direct or through other modules."""
    errors, compiled = [], set()
    for module in modules.values():
        lines = [i.line for i in module.imports() if i.name.split(".")[0] in COMPILERS]
        if lines:
            compiled.add(module.name)
        if lines and module.place != "engine":
            errors.append(f"{module.path}:{lines[0]}: {module.name} imports Numba itself")
    needed = {name: needs(module, modules) for name, module in modules.items()}
    for module in modules.values():
        if module.place not in RUNS_THE_ENGINE:
            way = way_to(compiled, module.name, needed)
            if len(way) > 1:
                errors.append(f"{module.path}: imports Numba by way of {' → '.join(way)}")
    return errors


def needs(module: Module, modules: dict[str, Module]) -> list[str]:
    """Return the modules that importing this one runs directly, each once."""
    names = {imported.name: None for imported in module.imports() if not imported.for_types_only}
    return list(dict.fromkeys(target for name in names for target in resolve(name, modules)))


def way_to(targets: set[str], start: str, needed: dict[str, list[str]]) -> list[str]:
    """Return the shortest chain of imports from a module to one of the targets, [] if none."""
    ways = {start: [start]}
    waiting = [start]
    for name in waiting:
        if name in targets:
            return ways[name]
        for target in needed[name]:
            if target not in ways:
                ways[target] = [*ways[name], target]
                waiting.append(target)
    return []


def made_up(**texts: str) -> dict[str, Module]:
    """Make modules for trying the rules: made_up(feed__depth="import numba")."""
    modules = {}
    for key, text in texts.items():
        name = "truebook." + key.replace("__", ".")
        parent = name.rpartition(".")[0]
        modules.setdefault(parent, Module(parent, package()["truebook"].path, ""))
        modules[name] = Module(name, package()["truebook"].path, text)
    return modules


def test_imports_run_one_way():
    assert direction_errors(package()) == []


def test_only_what_runs_the_engine_imports_numba():
    assert numba_errors(package()) == []


def test_an_import_from_above_or_from_a_neighbour_is_found():
    modules = made_up(
        engine__book="from truebook import node",
        node="from truebook.engine import book",
        feed__depth="def f():\n    from truebook.node import loop",
    )
    assert [error.split(": ")[1] for error in direction_errors(modules)] == [
        "truebook.engine.book imports truebook.node",
        "truebook.feed.depth imports truebook.node",
    ]


def test_modules_of_one_place_may_import_one_another():
    modules = made_up(
        engine__book="import truebook.engine.ledger\nfrom truebook.units import ticks",
        engine__ledger="from truebook.engine import book",
        units="from truebook import limits",
        limits="",
    )
    assert direction_errors(modules) == []


def test_numba_is_found_behind_other_modules():
    modules = made_up(
        engine__kernel="from numba import njit",
        engine__layout="import numpy",
        engine__fast="from truebook.engine.kernel import apply",
        feed__depth="from truebook.engine.fast import state",
        feed__trades="from truebook.engine.layout import LEVEL",
        node="from truebook.engine import fast",
    )
    errors = numba_errors(modules)
    assert len(errors) == 1
    assert errors[0].endswith(
        "by way of truebook.feed.depth → truebook.engine.fast → truebook.engine.kernel"
    )


def test_an_import_for_types_alone_does_not_count_as_numba():
    modules = made_up(
        engine__kernel="import numba",
        ws__sessions="if TYPE_CHECKING:\n    from truebook.engine.kernel import State",
    )
    assert numba_errors(modules) == []
