"""The server is for any realtime application: it imports nothing of an exchange."""

from rules.source_tree import package, resolve

# The bus, limits, JSON, a clock and counts: what every application has.
GENERAL = {
    "truebook",
    "truebook.clock",
    "truebook.commandlog",
    "truebook.commandlog.interface",
    "truebook.figures",
    "truebook.limits",
    "truebook.strict_json",
}


def test_the_server_knows_the_bus_and_nothing_of_an_exchange():
    modules = package()
    own = {name for name in modules if name.startswith("truebook.ws")}
    known = {
        target
        for name in own
        for imported in modules[name].imports()
        for target in resolve(imported.name, modules)
    }
    assert known - own <= GENERAL
