"""The part of an import that asks nothing of the database: bytes to MARC, to plain values, to the search document.

It is more than half of an import's processor time, so a file on disk is read by a second process, one slice ahead of
the one that matches and writes. Its slices come in the order of the file; what is accounted for is decided by the
writer alone, so a reader that dies costs nothing but another run.
"""

import itertools
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import BinaryIO

from shoko_ils.catalog import document
from shoko_ils.catalog.extract import Extracted, extract
from shoko_ils.catalog.importing.sources import Form, Piece, Source
from shoko_ils.catalog.marc import Unreadable

SLICE = 1000
MAX_CONTROL_NUMBER = 60  # the column's length


class ReaderEnded(Exception):
    """The process that reads ahead ended before the file did."""


@dataclass
class Reading:
    """One record of a file. `made` is None if it cannot be read; then `code` and `reason` say why."""

    piece: Piece
    content: bytes = b""
    made: Extracted | None = None
    built: document.Document | None = None
    code: str = ""
    reason: str = ""


def read(source: Source, part: Sequence[Piece], *, documents: bool = False) -> list[Reading]:
    """What each piece says. `documents`: with its search document, for a writer that is another process."""
    return [_read(source, piece, documents) for piece in part]


def _read(source: Source, piece: Piece, documents: bool) -> Reading:
    try:
        content, record = source.marc(piece)
        made = extract(record)
        if len(made.source_id) > MAX_CONTROL_NUMBER:
            raise Unreadable("control-number", "書誌番号(001)が長すぎます")
    except Unreadable as error:
        return Reading(piece, code=error.code, reason=error.reason)
    return Reading(piece, content, made, document.build(made) if documents else None)


def slices(source: Source, start: int, size: int = SLICE) -> Iterator[list[Reading]]:
    """A file from byte `start`, read as it is asked for."""
    for part in itertools.batched(source.pieces(start), size):
        yield read(source, part)


@dataclass(frozen=True)
class OnDisk:
    """A file and how to read it, for a process that opens it itself; `same` as who checked its digest has it open."""

    path: Path
    same: tuple[int, int]
    form: Form
    encoding: str
    columns: Mapping[str, str]


def slices_ahead(file: OnDisk, start: int, size: int = SLICE) -> Iterator[list[Reading]]:
    """The same by a second process, which reads the next slice meanwhile and no further: sending waits for the asker.

    Raises ReaderEnded if that process ends before the file does.
    """
    # a fresh interpreter: a copy of this one would hold its connection to the database
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    reader = context.Process(target=_send, args=(sender, file, start, size), daemon=True)
    reader.start()
    sender.close()
    try:
        while part := _received(receiver, reader):
            yield part
    finally:
        receiver.close()
        reader.terminate()
        reader.join()


def _received(receiver: Connection, reader: SpawnProcess) -> list[Reading]:
    try:
        part: list[Reading] = receiver.recv()
    except (EOFError, OSError) as error:  # the latter within a message
        reader.join()
        raise ReaderEnded(f"the process that reads ahead ended (exit code {reader.exitcode})") from error
    return part


def _send(sender: Connection, file: OnDisk, start: int, size: int) -> None:
    try:
        with file.path.open("rb") as opened:
            if same(opened) != file.same:
                sys.exit(f"{file.path} is another file than a moment ago")
            source = Source(opened, file.form, file.encoding, file.columns)
            for part in itertools.batched(source.pieces(start), size):
                sender.send(read(source, part, documents=True))
        sender.send([])
    except BrokenPipeError:
        pass  # the writer was stopped or killed: then nobody needs the rest
    except OSError as error:
        sys.exit(f"cannot read {file.path}: {error.strerror}")


def same(opened: BinaryIO) -> tuple[int, int]:
    """What tells an open file from one that took its name."""
    stat = os.fstat(opened.fileno())
    return stat.st_dev, stat.st_ino
