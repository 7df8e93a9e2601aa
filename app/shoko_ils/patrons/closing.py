"""Makes constraints of the site's list of personal fields: the database itself refuses what is not declared.

Runs with sync_site, as owner. A constraint's comment holds its text, so that a second run finds nothing to do.
"""

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from shoko_ils.patrons.declared import COLUMNS, Declared

PREFIX = "site_"
# how an empty value of a column is written, where it is not ''
APPLIED = ("name_reading", "birth_date", "postal_code", "address", "phone", "email", "guardian_name")
EMPTY = {name: f"{name} IS NULL" for name in ("birth_date", "primary_until", "confirmed_on", "used_in")}


class StillStored(Exception):
    """Rows hold what the declaration no longer lists; the message says what and how many."""


def wanted(declared: Declared) -> dict[tuple[str, str], str]:
    """(table, name of the constraint) → condition."""
    found = {
        ("patron", f"{PREFIX}patron_{column}"): EMPTY.get(column, f"{column} = ''")
        for column in COLUMNS
        if column not in declared.columns
    }
    # an application (仮登録) holds no more than a registration may
    found |= {
        ("provisional_registration", f"{PREFIX}provisional_registration_{column}"): EMPTY.get(column, f"{column} = ''")
        for column in APPLIED
        if column not in declared.columns
    }
    if not declared.has("contact"):
        for table in ("patron", "provisional_registration"):
            found[table, f"{PREFIX}{table}_contact"] = "contact = 'none'"
        found["hold", f"{PREFIX}hold_contact"] = "contact = ''"
    if not declared.has("group_contact"):
        found["group_contact", f"{PREFIX}group_contact"] = "false"
    if not declared.has("password"):
        found |= {(table, f"{PREFIX}{table}"): "false" for table in ("patron_password", "password_code")}
    if not declared.asks_by_web:
        # the question of a counter or by telephone has no person
        found["reference_question", f"{PREFIX}reference_question_patron"] = "patron_id IS NULL"
    codes = sorted(declared.notes) if declared.has("notes") else []
    quoted = ", ".join("'" + code.replace("'", "''") + "'" for code in codes)
    found["patron_note", f"{PREFIX}patron_note_code"] = f"code IN ({quoted})" if codes else "false"
    return found


def close(declared: Declared) -> int:
    """Bring the constraints in line with the declaration, in the caller's transaction; how many changed.

    Raises StillStored and changes nothing if rows would violate one.
    """
    with connection.cursor() as cursor:
        # a table with unchecked foreign keys of this transaction cannot be altered
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        present, target = _present(cursor), wanted(declared)
        stale = [key for key, condition in present.items() if target.get(key) != condition]
        fresh = {key: condition for key, condition in target.items() if present.get(key) != condition}
        for (table, name), condition in fresh.items():
            _refuse_if_stored(cursor, table, name, condition)
        for table, name in stale:
            _run(cursor, "ALTER TABLE {} DROP CONSTRAINT {}", table, name)
        for (table, name), condition in fresh.items():
            cursor.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({})")
                .format(sql.Identifier(table), sql.Identifier(name), sql.SQL(condition))
                .as_string()
            )
            cursor.execute(
                sql.SQL("COMMENT ON CONSTRAINT {} ON {} IS {}")
                .format(sql.Identifier(name), sql.Identifier(table), sql.Literal(condition))
                .as_string()
            )
        switched = _switch_last_use(cursor, on=declared.has("used_in"))
    return len(set(stale) | set(fresh)) + switched


def _switch_last_use(cursor: CursorWrapper, *, on: bool) -> int:
    """The year of the last loan is written by a trigger: it rests where the site does not keep that year."""
    cursor.execute("SELECT tgenabled <> 'D' FROM pg_trigger WHERE tgname = 'patron_used'")
    (enabled,) = cursor.fetchone()
    if enabled == on:
        return 0
    cursor.execute(f"ALTER TABLE loan {'ENABLE' if on else 'DISABLE'} TRIGGER patron_used")
    return 1


def _run(cursor: CursorWrapper, statement: str, *names: str) -> None:
    cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)).as_string())


def _present(cursor: CursorWrapper) -> dict[tuple[str, str], str]:
    cursor.execute(
        "SELECT c.relname, k.conname, obj_description(k.oid, 'pg_constraint') FROM pg_constraint k"
        " JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'c' AND starts_with(k.conname, %s)"
        " AND c.relnamespace IN ('ils'::regnamespace, 'private'::regnamespace)",
        [PREFIX],
    )
    return {(table, name): condition or "" for table, name, condition in cursor.fetchall()}


def _refuse_if_stored(cursor: CursorWrapper, table: str, name: str, condition: str) -> None:
    cursor.execute(
        sql.SQL("SELECT count(*) FROM {} WHERE NOT ({})").format(sql.Identifier(table), sql.SQL(condition)).as_string()
    )
    (rows,) = cursor.fetchone()
    if rows:
        what = name.removeprefix(PREFIX).removeprefix(f"{table}_")
        raise StillStored(
            f"{rows} rows of {table} still hold {what}, which the site's declaration (patrons) does not list:"
            " erase them or list it; nothing was changed"
        )
