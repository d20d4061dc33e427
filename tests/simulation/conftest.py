"""`python -m pytest tests/simulation --seed N` tells the story of that seed alone."""

FOUND = (39, 106, 472, 526, 698, 10054, 10228, 10369, 21161)
"""Seeds in which a bug was found (docs/decisions/0025-nights.md)."""


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, action="append", default=[], help="a seed to tell again")


def pytest_collection_modifyitems(config, items):
    """With a seed given, nothing else runs."""
    if config.getoption("--seed", []):
        items[:] = [item for item in items if item.name.startswith("test_the_story_of_seed")]


def pytest_generate_tests(metafunc):
    if "told_again" in metafunc.fixturenames:
        metafunc.parametrize("told_again", metafunc.config.getoption("--seed", []) or FOUND)
