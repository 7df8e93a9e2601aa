"""The way of a write through a database whose primary may move.

A commit has three ends: done, not done, unknown. Unknown means: the connection broke during COMMIT, or the
server stopped waiting for its standby ("canceling the wait for synchronous replication": committed here,
perhaps nowhere else). `run` repeats an operation that is idempotent by a key until it is certainly done.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

log = logging.getLogger(__name__)

BROKEN = (OperationalError, InterfaceError)
READ_ONLY_TRANSACTION = "25006"
QUERY_CANCELED = "57014"
PAUSE_SECONDS = 0.5


class OutcomeUnknown(Exception):
    """The operation may or may not have happened; repeating it with the same key is safe."""


def is_away(error: BaseException) -> bool:
    """Whether the error says that the database is not there (or no longer the primary), not that we erred."""
    if isinstance(error, BROKEN):
        return True
    return isinstance(error, InternalError) and sqlstate(error) == READ_ONLY_TRANSACTION


def sqlstate(error: BaseException) -> str:
    """The server's code for an error of Django's; empty if the server said nothing."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def wait_until_back[T](read: Callable[[], T]) -> T:
    """The answer of `read`, tried again for COUNTER_RETRY_SECONDS while there is no primary; then its error."""
    deadline = time.monotonic() + settings.COUNTER_RETRY_SECONDS
    while True:
        try:
            return read()
        except (*BROKEN, InternalError) as error:
            if not is_away(error) or time.monotonic() + PAUSE_SECONDS > deadline:
                raise
            connection.close()
            time.sleep(PAUSE_SECONDS)


def watch_notices(sender: type, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Remember a WARNING of the server on its connection: after COMMIT it can only be the lost standby."""

    def remember(diagnostic: Any) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            connection.shoko_warned = True  # type: ignore[attr-defined]
            log.warning("database: %s", diagnostic.message_primary)

    connection.connection.add_notice_handler(remember)


connection_created.connect(watch_notices, dispatch_uid="shoko-notices")


def run[T](operation: Callable[[], T], *, confirm: Callable[[], object]) -> T:
    """Run `operation` in a transaction, again after a broken connection, until the commit is certain.

    `operation` must be idempotent. `confirm` is a tiny write: its own acknowledged commit proves that the
    commits before it in the write-ahead log have reached the standby too. Gives up with OutcomeUnknown
    after COUNTER_RETRY_SECONDS.
    """
    deadline = time.monotonic() + settings.COUNTER_RETRY_SECONDS
    while True:
        try:
            connection.shoko_warned = False
            with transaction.atomic(durable=True):
                result = operation()
            while connection.shoko_warned:
                connection.shoko_warned = False
                with transaction.atomic(durable=True):
                    confirm()
                if connection.shoko_warned and time.monotonic() > deadline:
                    raise OutcomeUnknown("committed, but no standby confirms it")
        except (*BROKEN, InternalError) as error:
            if not is_away(error):
                raise
            log.warning("database away during a write: %s", type(error).__name__)
            connection.close()
            if time.monotonic() + PAUSE_SECONDS > deadline:
                raise OutcomeUnknown("the database did not answer in time") from error
            time.sleep(PAUSE_SECONDS)
        else:
            return result
