"""The whole system on real servers, shared by the tests of this folder."""

from collections.abc import Iterator

import pytest
from venue.certificate import write_certificate
from venue.redis_server import missing
from venue.services import Services, services


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Two engines, two api, two ws and the rest on Debian's Redis, the log behind TLS."""
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("system")
    write_certificate(folder / "certificate.pem", "127.0.0.1")
    with services(folder, folder / "certificate.pem") as exchange:
        yield exchange
