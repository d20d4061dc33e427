"""What the engines of an installation attest: now, or as the last word before they ended."""

from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.attestations import Attestation
from truebook.commandlog.interface import BusUnavailable, LogReader
from truebook.commandlog.valkey_attestations import ValkeyAttestations
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.config import Config
from truebook.datafolder import DataFolder
from truebook.installation import folder_of, running
from truebook.verify.attested import attested_now, trusted_in, trusted_of
from truebook.verify.engines import Engines, answers_channel

_SUFFIX = ".attested"


def keep_last_word(folder: DataFolder, name: str, message: bytes) -> None:
    """An engine ends: keep what it attests of where it stands, for whoever looks meanwhile."""
    if message:
        (folder.run / f"{name}{_SUFFIX}").write_bytes(message)


def attested_by_engines(config: Config, log: LogReader) -> list[Attestation]:
    """Whatever engines that the log trusts attest of where they stand."""
    trusted = trusted_in(log)
    state = running(config)
    bus = config.bus.url or (state.bus_url if state is not None else "")
    messages = [path.read_bytes() for path in folder_of(config).run.glob(f"*{_SUFFIX}")]
    return trusted_of(messages, trusted) + (_heard(bus, trusted) if bus else [])


def _heard(bus: str, trusted: dict[bytes, str]) -> list[Attestation]:
    channel = answers_channel()
    engines = Engines(ValkeyPublisher(bus), ValkeySubscription(bus, channel), channel)
    attestations = ValkeyAttestations(bus)
    try:
        return list(attested_now(attestations, engines, trusted, SYSTEM_CLOCK).values())
    except BusUnavailable:
        return []
    finally:
        engines.close()
        attestations.close()
