"""The whole system on real servers, shared by the tests of this folder."""

from collections.abc import Iterator

import pytest
from venue import postgres
from venue.certificate import write_certificate
from venue.redis_server import missing
from venue.services import Services, services


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Two engines, two api, two ws and the rest on Redis and PostgreSQL, the log behind TLS."""
    if reason := missing() or postgres.missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("system")
    write_certificate(folder / "certificate.pem", "127.0.0.1")
    with (
        postgres.shared_cluster() as cluster,
        services(folder, folder / "certificate.pem", cluster.create()) as exchange,
    ):
        yield exchange
