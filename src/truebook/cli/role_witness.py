"""The witness as a process: alone with a configuration, or as a child of the supervisor."""

import sys
from functools import partial

from truebook.cli.database_rows import database_of
from truebook.cli.engines import make_engine
from truebook.cli.loglines import log_lines
from truebook.config import Config, UserError
from truebook.installation import archive_url, attached, folder_of, snapshots_path
from truebook.lifeline import Lifeline
from truebook.snapshots.folder import kept_by_all


def run_witness(config: Config) -> None:
    """Be the witness, until SIGTERM or SIGINT. Raises UserError."""
    lifeline = Lifeline.from_environment()
    log_lines(sys.stdout)
    from truebook.verify.witnessing import open_witnessing, run_witnessing

    config = attached(config)
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
    run_witnessing(witnessing, config.bus.url, lifeline.serving)
