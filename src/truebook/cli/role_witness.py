"""The witness as a process: alone with a configuration, or as a child of the supervisor."""

from functools import partial

from truebook.cli.database_rows import database_of
from truebook.cli.engines import make_engine
from truebook.cli.sources import of_disk, of_witness
from truebook.cli.standing import Standing
from truebook.config import Config, UserError
from truebook.installation import archive_url, folder_of, snapshots_path
from truebook.snapshots.folder import kept_by_all


def run_witness(config: Config) -> None:
    """Be the witness, until SIGTERM or SIGINT. Raises UserError."""
    standing = Standing("witness", config)
    from truebook.verify.witnessing import open_witnessing, run_witnessing

    config = standing.attached()
    folder = folder_of(config)
    folder.create()
    try:
        witnessing = open_witnessing(
            log_url=config.log.url,
            bus_url=config.bus.url,
            archive_url=archive_url(config),
            folder=folder.witness,
            database=database_of(config),
            snapshots=partial(kept_by_all, snapshots_path(config)),
            make_engine=lambda: make_engine(config.engine.kind, lambda text: None),
        )
    except ValueError as error:
        raise UserError(str(error)) from None
    standing.teller.add(of_witness(witnessing))
    standing.teller.add(of_disk(data=folder.path))
    run_witnessing(witnessing, config.bus.url, standing.serving, standing.teller.pulse.beat)
