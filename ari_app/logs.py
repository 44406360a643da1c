"""How the application logs: structured lines, to standard error, as text for people or JSON for machines."""

import logging
import sys

import structlog


def configure(level: str, style: str) -> None:
    """`level`: debug, info, warning or error. `style`: console or json."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.types.Processor
    if style == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        # Plain tracebacks: the richer ones print local variables, and with them what callers said.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=28, exception_formatter=plain)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S.%f" if style == "console" else "iso", utc=style == "json"),
            structlog.processors.StackInfoRenderer(),
            *([structlog.processors.format_exc_info] if style == "json" else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
