"""Lines for the journal, which goes to the collectors: what went wrong and where in the code, never with whose data.

What an error says may be a row of the database or what somebody typed; the path of a request is whose record was open.
"""

import copy
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

FIRST_PART = re.compile(r"/(?:[a-z]+/?)?")


class Line(logging.Formatter):
    """A formatter that names a request by its route and an error by its kind."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_text = None  # another handler may have kept its own words of the error there
        request: Any = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple):
            record.args = tuple(_route(request) if each == request.path else each for each in record.args)
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802  # the name is logging's
        return told(ei[1])


def _route(request: Any) -> str:
    match = getattr(request, "resolver_match", None)
    if match:
        return f"/{match.route}"
    found = FIRST_PART.match(request.path)
    return found.group() if found else "-"


def told(error: BaseException) -> str:
    """An error and what it came from, the first one last: kinds, the database's code and constraint, lines of code."""
    parts = []
    for one in _causes(error):
        parts.append(f"{type(one).__module__}.{type(one).__qualname__}{_of_database(one)}")
        parts += [line.rstrip() for line in traceback.format_tb(one.__traceback__)]
    return "\n".join(parts)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _of_database(error: BaseException) -> str:
    found = [getattr(error, "sqlstate", None), getattr(getattr(error, "diag", None), "constraint_name", None)]
    return "".join(f" {each}" for each in found if each)


def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """For `sys.excepthook`: the end of a command by an error that nobody expected."""
    print(told(error), file=sys.stderr)
