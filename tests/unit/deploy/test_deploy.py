"""What is shipped for containers, systemd, Prometheus and Grafana fits what the code reads and
tells. Nothing is started here: docs/operations.md says what was tried and what only looked at."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

import truebook
from truebook.cli.app import app
from truebook.config import PREFIX, from_environment, load
from truebook.supervisor.nursery import RUN_COMPILED_CODE
from truebook.telemetry.exposition import exposed_names
from truebook.telemetry.telling import NAME_VARIABLE

DEPLOY = Path(truebook.__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
OTHER_VARIABLES = {NAME_VARIABLE, "TRUEBOOK_CACHE"}
"""Those that are no configuration."""
PROCESSES = {"engine", "api", "feed", "ws", "store", "archive", "witness", "maker", "taker"}
SECRETS = {"LOG_PASSWORD", "BUS_PASSWORD", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"}


def variables_in(text):
    """Assignments of ours, in a Dockerfile, a unit or a file of variables."""
    return dict(re.findall(r"(TRUEBOOK_[A-Z_]+)=(\S*)", text))


def check_variables(variables):
    """Each is a key of the configuration, with a value that it takes."""
    ours = {name: text for name, text in variables.items() if name not in OTHER_VARIABLES}
    known = from_environment({name: text.replace("%i", "1") for name, text in ours.items()})
    found = {"data"} & known.keys() | {
        f"{section}_{key}" for section, keys in known.items() if section != "data" for key in keys
    }
    assert {name.removeprefix(PREFIX).lower() for name in ours} == found
    load(None, {name: text.replace("%i", "1") for name, text in ours.items()})


def check_command(words):
    """The command line takes it."""
    app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_the_compose_file_runs_every_role_with_commands_that_there_are(compose):
    services = compose["services"].values()
    commands = [service["command"] for service in services if service["image"] == "truebook"]
    for command in commands:
        check_command(command)
    assert {command[0] for command in commands} == PROCESSES | {"found", "trust"}


def test_the_compose_file_sets_variables_that_there_are(compose):
    for service in compose["services"].values():
        check_variables(service.get("environment", {}))
    check_variables(variables_in((DEPLOY / "secrets.env.example").read_text()))
    check_variables(variables_in((DEPLOY / "Dockerfile").read_text()))


def test_what_services_of_the_compose_file_need_is_there(compose):
    services, volumes = compose["services"], compose["volumes"]
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            assert needed in services
            if condition == "service_healthy":
                assert "test" in services[needed]["healthcheck"]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in volumes or (DEPLOY / source).exists(), source


def test_the_compose_files_servers_are_set_up_as_the_log_and_the_bus_want(compose):
    log = " ".join(compose["services"]["log"]["command"].split())
    for setting in ("appendonly yes", "appendfsync always", "maxmemory-policy noeviction"):
        assert f"--{setting}" in log
    bus = " ".join(compose["services"]["bus"]["command"].split())
    assert "--appendonly no" in bus
    shown = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "secrets.env.example").read_text(), re.M))
    assert shown - {name for name in shown if name.startswith(PREFIX)} == SECRETS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_units_command_and_variables_are_there(unit):
    text = unit.read_text()
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.M)
    program, *words = shlex.split(command.replace("%i", "1"))
    assert program == "/opt/truebook/.venv/bin/truebook"
    check_command(words)
    check_variables(variables_in(text))


@pytest.mark.parametrize("role", [*RUN_COMPILED_CODE, "witness"])
def test_who_runs_compiled_code_has_a_folder_for_it(role):
    """Elsewhere a unit may not write, and what can't be kept isn't compiled."""
    (unit,) = [unit for unit in UNITS if re.match(rf"truebook-{role}\b", unit.name)]
    text = unit.read_text()
    (folder,) = re.findall(r"^CacheDirectory=(.*)$", text, re.M)
    assert variables_in(text)["TRUEBOOK_CACHE"] == f"/var/cache/{folder}"


def test_there_is_a_unit_for_every_role():
    names = {unit.name.removeprefix("truebook-").partition(".")[0].rstrip("@") for unit in UNITS}
    assert names == PROCESSES | {"found"}
    check_variables(variables_in((DEPLOY / "systemd/truebook.env.example").read_text()))


def test_no_two_units_of_a_host_have_the_same_port():
    texts = [unit.read_text().replace("%i", "1") for unit in UNITS]
    ports = [port for text in texts for port in re.findall(r"METRICS_PORT=(\d+)", text)]
    assert len(set(ports)) == len(ports) == len(PROCESSES)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_a_role_has_the_same_limits_in_a_container_and_in_a_unit(compose):
    """Priority 0, `LimitNICE=+0`, is 20 as a limit of the system's."""
    units = {unit.stem.removeprefix("truebook-").rstrip("@"): unit.read_text() for unit in UNITS}
    for service in compose["services"].values():
        role = service["command"][0] if service["image"] == "truebook" else ""
        if role in PROCESSES:
            expected = {"nofile": int(re.search(r"LimitNOFILE=(\d+)", units[role])[1])}
            expected |= {"nice": 20} if "LimitNICE=+0" in units[role] else {}
            assert service["ulimits"] == expected, role


def test_systemd_takes_the_units(tmp_path):
    for path in (DEPLOY / "systemd").iterdir():
        name = path.name.replace("@.", "@1.")
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text(), flags=re.M)
        (tmp_path / name).write_text(text.replace("\nUser=truebook\nGroup=truebook", ""))
    paths = [str(path) for path in tmp_path.iterdir() if path.suffix in (".service", ".target")]
    command = ["systemd-analyze", "verify", "--man=no", *sorted(paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in done.stderr.splitlines() if "truebook" in line]
    assert ours == []


def named_metrics(text):
    return set(re.findall(r"truebook_[a-z_]+", text))


def test_every_metric_of_the_dashboard_is_told_and_every_told_one_is_on_it():
    dashboard = json.loads((DEPLOY / "grafana/truebook.json").read_text())
    targets = [t["expr"] for panel in dashboard["panels"] for t in panel.get("targets", ())]
    shown = named_metrics(" ".join(targets))
    assert shown <= exposed_names()
    assert bare(shown) == bare(exposed_names())


def bare(names):
    return {re.sub(r"_seconds_(bucket|count|sum)$", "", name) for name in names}


def test_every_alert_asks_for_what_is_told_and_is_explained():
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"][0]["rules"]
    explained = (DEPLOY.parent / "docs/operations.md").read_text()
    for rule in rules:
        assert named_metrics(rule["expr"]) <= exposed_names(), rule["alert"]
        assert f"`{rule['alert']}`" in explained, rule["alert"]


def test_prometheus_asks_every_unit_and_every_container(compose):
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text())
    jobs = {
        job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]
    }
    hosts = {target.partition(":")[0] for target in jobs["truebook-compose"]}
    steady = {
        name
        for name, service in compose["services"].items()
        if service["image"] == "truebook"
        and service["command"][0] in PROCESSES - {"maker", "taker"}
    }
    assert hosts == steady
    ports = {target.rpartition(":")[2] for target in jobs["truebook-systemd"]}
    units = " ".join(unit.read_text() for unit in UNITS)
    wanted = set(re.findall(r"METRICS_PORT=(\d+(?:%i)?)", units))
    bots = {"9434", "9435"}
    assert {re.sub(r"^(94[0-2])\d$", r"\1%i", port) for port in ports} == wanted - bots
