"""What each role tells: from its parts' plain numbers into its report (telemetry/catalogue.py).

A source is called in another thread than the one at work. So it reads numbers and nothing else:
what would have to ask a server or walk through state isn't told here.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from truebook.telemetry.machine import disk_free_bytes
from truebook.telemetry.report import Report
from truebook.telemetry.telling import Source, told

if TYPE_CHECKING:
    from truebook.api.app import Application
    from truebook.api.connect import ConnectedExchange
    from truebook.api.send_and_await import CommandClient
    from truebook.bots.running import Turns
    from truebook.commandlog.archive.running import Archiving
    from truebook.commandlog.gateway import Gateway
    from truebook.feed.feed import Feed
    from truebook.node import Node
    from truebook.store.projection import Projection
    from truebook.verify.witnessing import Witnessing
    from truebook.ws.subscriptions import SubscriptionManager
    from truebook.ws.users import UserManager


def of_disk(**folders: Path) -> Source:
    """What is left where these folders are."""

    def tell(report: Report) -> None:
        free = {name: disk_free_bytes(folder) for name, folder in folders.items()}
        known = {name: float(left) for name, left in free.items() if left is not None}
        report.tallies.setdefault("disk_free_bytes", {}).update(known)

    return tell


def of_gateway(gateway: "Gateway") -> Source:
    """What a gateway has written to the log."""

    def tell(report: Report) -> None:
        report.figures |= {
            "appended_entries": gateway.appended_entries,
            "appended_records": gateway.appended_records,
            "queued_records": gateway.queued_records,
        }
        told(report, "append", gateway.append_times)

    return tell


def of_commands(commands: "CommandClient") -> Source:
    """What a gateway that waits for replies has written, and waits for."""
    tell_gateway = of_gateway(commands.gateway)

    def tell(report: Report) -> None:
        tell_gateway(report)
        report.figures["awaited_entries"] = commands.awaited_entries
        report.position = str(commands.gateway.last_position)

    return tell


def of_api(application: "Application", exchange: "ConnectedExchange") -> Source:
    """An API process."""
    requests = application.figures
    tell_commands = of_commands(exchange.commands)

    def tell(report: Report) -> None:
        tell_commands(report)
        if exchange.pressure.log_folder is not None:
            of_disk(log=exchange.pressure.log_folder)(report)
        reason = exchange.pressure.reason
        report.figures["accepting"] = float(not reason)
        if reason:
            report.reasons.append(f"orders are refused: {reason}")
        statuses = dict(requests.statuses)
        report.tallies["requests"] = {str(status): n for status, n in statuses.items()}
        report.tallies["refusals"] = dict(requests.codes)
        told(report, "order", requests.orders)
        told(report, "request", requests.others)

    return tell


def of_engine(node: "Node") -> Source:
    """An engine."""

    def tell(report: Report) -> None:
        report.position = str(node.position)
        report.lag_ms = node.lag_ms
        report.figures |= {
            "applied_entries": node.entries,
            "applied_records": node.records,
            "unpublished_entries": node.publication.waiting,
            "active": float(node.publication.is_active),
            "halted": float(bool(node.halted_at)),
        }
        told(report, "apply", node.apply_times)
        told(report, "entry_age", node.entry_ages)
        told(report, "publish", node.publication.times)
        reason = "it died three times there"
        if (vigil := node.vigil) is not None:
            report.figures["mistrusted"] = float(vigil.is_mistrusted)
            reason = vigil.reason or reason
        if halted_at := node.halted_at:
            report.reasons.append(f"halted at {halted_at}: {reason}")
        if (keeper := node.keeper) is not None:
            if keeper.trouble:
                report.reasons.append(f"can't write snapshots: {keeper.trouble}")
            if keeper.latest is not None:
                report.figures["snapshot_position_seconds"] = keeper.latest[0].high / 1000

    return tell


def of_feed(feed: "Feed") -> Source:
    """The feed."""

    def tell(report: Report) -> None:
        publisher = feed.publisher
        report.position = str(publisher.position)
        report.lag_ms = publisher.lag_ms
        report.figures |= {
            "feed_passes": publisher.passes,
            "feed_channels": len(publisher.listened),
        }
        told(report, "feed_pass", publisher.pass_times)
        if feed.ticker.gateway is not None:
            of_gateway(feed.ticker.gateway)(report)

    return tell


def of_ws(users: "UserManager", subscriptions: "SubscriptionManager") -> Source:
    """A websocket server."""

    def tell(report: Report) -> None:
        waiting = users.outbox_bytes()
        report.figures |= {
            "sessions": len(waiting),
            "outbox_bytes": sum(waiting),
            "outbox_bytes_max": max(waiting, default=0),
            "sent_messages": subscriptions.sent_messages,
        }
        told(report, "fan_out", subscriptions.fan_out_times)

    return tell


def of_store(projection: "Projection") -> Source:
    """The store."""

    def tell(report: Report) -> None:
        report.position = str(projection.tail.position)
        report.lag_ms = projection.lag_ms
        report.figures["stored_entries"] = projection.stored_entries
        if projection.reason:
            report.reasons.append(projection.reason)
        told(report, "store_write", projection.write_times)

    return tell


def of_archive(archiving: "Archiving") -> Source:
    """The archive."""

    def tell(report: Report) -> None:
        report.figures["log_memory_bytes"] = archiving.log_bytes
        if archiving.trouble:
            report.reasons.append(f"nothing is archived: {archiving.trouble}")
        archiver = archiving.archiver
        if archiver is not None:
            report.position = str(archiver.position)
            report.figures |= {
                "archived_entries": archiver.end.entries,
                "archive_segments": archiver.end.number,
                "archive_waiting_bytes": archiver.waiting_bytes,
            }

    return tell


def of_witness(witnessing: "Witnessing") -> Source:
    """The witness."""

    def tell(report: Report) -> None:
        witness = witnessing.witness
        if witness.agreed is not None:
            report.position = str(witness.agreed.position)
        report.figures |= {
            "verdicts": witnessing.verdicts,
            "refused_attestations": witness.refused,
            "agreed_age_seconds": witnessing.agreed_age_s,
        }
        if witnessing.trouble:
            report.reasons.append(f"nothing is compared: {witnessing.trouble}")
        if witness.verdicts:
            report.reasons.append(str(witness.verdicts[-1]))

    return tell


def of_bot(turns: "Turns") -> Source:
    """A bot."""

    def tell(report: Report) -> None:
        report.figures |= {"bot_turns": turns.done, "bot_failures": turns.failed}
        if turns.reason:
            report.reasons.append(turns.reason)

    return tell
