"""What a process logs, as lines: of a role for its log file, of a short command for its user.

Promise: an event is one line, whoever logs it, with its time in UTC, its level and what it is
about. A role's lines are JSON objects unless it writes to a terminal or `logging.format` says
otherwise, so that whoever collects them needs no patterns. No line holds a secret: tests grep them.
"""

import logging
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from truebook.config import LoggingSection

TEXT = LoggingSection(format="text")
TEXT_OF_TROUBLE = LoggingSection(format="text", level="warning")
LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def log_lines(stream: TextIO, settings: LoggingSection = TEXT, role: str = "") -> None:
    """Write one line an event; `role`: the process's name in every JSON line."""
    stamper = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        stamper,
    ]
    is_json = settings.format == "json" or (settings.format == "auto" and not stream.isatty())
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            *(_as_json(role) if is_json else _as_text()),
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(level=LEVELS[settings.level], handlers=[handler], force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _as_text() -> list[Processor]:
    return [structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])]


def _as_json(role: str) -> list[Processor]:
    def put_in_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        head = {"time": event.pop("timestamp"), "level": event.pop("level")}
        return {**head, **({"role": role} if role else {}), "event": event.pop("event"), **event}

    return [put_in_order, structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]
