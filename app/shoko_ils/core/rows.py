"""Rows of the statements that are made most, as objects of their models: plain SQL, not composed anew each time."""

from collections.abc import Sequence
from typing import Any

from django.db import models


class Columns[M: models.Model]:
    """Some columns of a model (all, if none is named): as the text of a statement, and read from its rows.

    What is not named is fetched when it is asked for, as after `only()`. Not for fields whose values Django converts.
    """

    def __init__(self, model: type[M], *names: str) -> None:
        fields = [f for f in model._meta.concrete_fields if not names or f.attname in names]
        if converted := [f.attname for f in fields if hasattr(f, "from_db_value")]:
            raise TypeError(f"{model.__name__}: {converted} would not be converted")
        self.model, self.names = model, [f.attname for f in fields]
        self.columns = [f.column for f in fields]

    def __len__(self) -> int:
        return len(self.names)

    def sql(self, alias: str) -> str:
        return ", ".join(f'{alias}."{column}"' for column in self.columns)

    def read(self, row: Sequence[Any]) -> M:
        return self.model.from_db("default", self.names, row)


def read_side_by_side(row: Sequence[Any], *kinds: Columns[Any]) -> list[Any]:
    """The objects of a row that begins with the columns of several models."""
    found, first = [], 0
    for kind in kinds:
        found.append(kind.read(row[first : first + len(kind)]))
        first += len(kind)
    return found
