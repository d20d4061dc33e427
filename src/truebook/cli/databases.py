"""What `truebook database` does."""

from truebook.cli.reports import print_json
from truebook.config import Config, UserError
from truebook.installation import database_url
from truebook.postgres.urls import is_postgres
from truebook.store.postgres.preparing import prepare


def print_prepared(config: Config, url: str | None, keep_days: int | None, json: bool) -> None:
    """`truebook database prepare`. Raises UserError."""
    wanted = url or database_url(config)
    if not is_postgres(wanted):
        raise UserError("only a PostgreSQL database is prepared: --url postgresql://…")
    done = prepare(wanted, keep_days)
    if keep_days and done.why:
        raise UserError(f"trades and fills are kept for ever: {done.why}")
    if json:
        print_json(
            {
                "database": done.database,
                "version": done.version,
                "roles": done.roles,
                "timescale": done.timescale,
                "why": done.why or None,
            }
        )
        return
    print(f"{done.database} has tables of version {done.version}")
    print(f"roles      {', '.join(done.roles)}")
    print(f"timescale  {done.timescale}{f' ({done.why})' if done.why else ''}")
