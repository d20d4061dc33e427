"""The archive as a process: alone with a configuration, or as a child of the supervisor."""

from truebook.cli.sources import of_archive, of_disk
from truebook.cli.standing import Standing
from truebook.commandlog.durability import durability_of
from truebook.config import Config
from truebook.installation import archive_url, folder_of


def run_archive(config: Config) -> None:
    """Be the archive, until SIGTERM or SIGINT. Raises UserError."""
    standing = Standing("archive", config)
    from truebook.commandlog.archive.archiver import Plan
    from truebook.commandlog.archive.running import run_archiving

    config = standing.attached()
    standing.teller.add(of_disk(data=folder_of(config).path))
    archive = config.archive
    run_archiving(
        Plan(
            log_bytes_max=archive.log_bytes_max,
            segment_bytes=archive.segment_bytes,
            segment_s=archive.segment_seconds,
            vanished_s=archive.reader_seconds,
        ),
        log_url=config.log.url,
        bus_url=config.bus.url,
        archive_url=archive_url(config),
        durability=durability_of(config.log),
        begin=lambda archiving: standing.teller.add(of_archive(archiving)),
        serving=standing.serving,
        beat=standing.teller.pulse.beat,
    )
