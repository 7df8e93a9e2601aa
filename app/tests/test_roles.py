"""What each database role may do, asked of the database itself with that role's own connection."""

import base64
import random
import time

import pyotp
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from psycopg import Connection, errors

from shoko_ils.core import sql
from shoko_ils.staff.models import StaffAccount
from shoko_ils.staff.services import factors
from tests.cluster import connect
from tests.conftest import act_as

PRIVATE = (
    "private.patron_password", "private.favourite", "private.history_wish", "private.reading_note",
    "private.patron_session", "private.password_code", "private.attempt", "private.pepper", "private.code_sending",
)  # fmt: skip
# what it may read of patrons, loans, holds and notices is in test_my_rights
PERSONAL = (
    "ils.card",
    "ils.staff_account",
    "ils.audit_event",
    "ils.scan_receipt",
    "ils.notice_call",
    "ils.lending_block",
)


@pytest.fixture
def as_role(django_db_setup: None):  # a factory of connections
    """`as_role("ils_staff")` logs in as that role."""
    made: list[Connection] = []

    def log_in(role: str) -> Connection:
        made.append(connect(connection.settings_dict["NAME"], role, options="-c search_path=ils"))
        return made[-1]

    yield log_in
    for each in made:
        each.close()


@pytest.mark.parametrize("table", PRIVATE)
@pytest.mark.parametrize(
    "statement",
    ["SELECT 1 FROM {}", "DELETE FROM {}", "TRUNCATE {}", "INSERT INTO {} DEFAULT VALUES", "COPY {} TO STDOUT"],
)
def test_staff_cannot_touch_what_is_private(as_role, table: str, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_role("ils_staff").execute(statement.format(table))


@pytest.mark.parametrize("table", PERSONAL)
def test_the_public_service_cannot_read_persons_loans_or_audit(as_role, table: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_role("ils_public").execute(f"SELECT 1 FROM {table}")


def test_the_public_service_sees_what_is_out_and_not_who_has_it(as_role) -> None:
    cursor = as_role("ils_public").execute("SELECT * FROM item_availability LIMIT 1")
    assert [column.name for column in cursor.description] == ["item_id", "due_on"]


@pytest.mark.parametrize("role", ["ils_public", "ils_staff"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE ils.mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE TEMP TABLE mine ()",
        "UPDATE ils.former_marc SET content = ''",
        "DELETE FROM ils.import_record",
        "DELETE FROM ils.merge_log",
        "DELETE FROM ils.item",
        "UPDATE ils.item SET accession_number = 1",
        "UPDATE ils.loan_rule SET days = 1",
        "DELETE FROM ils.loan",
        "UPDATE ils.staff_account SET level = 1",
        "SELECT * FROM ils.audit_head",
        "SELECT * FROM ils.audit_shipped",
        "UPDATE ils.audit_shipped SET id = 0",
        "UPDATE ils.audit_event SET actor = ''",
        "DELETE FROM ils.audit_event",
        "DELETE FROM ils.official_enquiry",
        "UPDATE ils.official_enquiry SET office = ''",
        "TRUNCATE ils.audit_event",
        "INSERT INTO ils.audit_event (id, actor, action, screen, library) VALUES (9, 'x', 'x', 'x', 'x')",
        "INSERT INTO ils.audit_event (at, actor, action, screen, library) VALUES (now(), 'x', 'x', 'x', 'x')",
        "ALTER TABLE ils.audit_event DISABLE TRIGGER ALL",
        "SET ROLE ils_owner",
    ],
)
def test_services_change_neither_masters_nor_audit(as_role, role: str, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_role(role).execute(statement)


@pytest.mark.parametrize(
    "column", ["note", "price", "source", "withdrawal_reason", "withdrawn_on", "accession_number", "accompanying"]
)
def test_what_an_item_cost_and_why_it_left_is_not_public(as_role, column: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_role("ils_public").execute(f"SELECT {column} FROM ils.item")


def test_functions_with_the_rights_of_the_owner_look_for_temporary_tables_last(django_db_setup: None) -> None:
    """Unless it is named, pg_temp is searched first: a table of the caller's would stand in for ours."""
    with connect(connection.settings_dict["NAME"]) as owner:
        rows = owner.execute(
            "SELECT oid::regprocedure::text, proconfig FROM pg_proc"
            " WHERE prosecdef AND pronamespace::regnamespace::text IN ('ils', 'private', 'public')"
        ).fetchall()
    assert len(rows) > 20
    assert [name for name, config in rows if (config or []) != ["search_path=ils, pg_temp"]] == []


@pytest.mark.django_db
def test_a_temporary_table_does_not_stand_in_for_the_head_of_the_audit() -> None:
    """The attack on the chain, by a staff role that may make temporary tables after all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT link FROM audit_head")
        (head,) = cursor.fetchone()
        cursor.execute(f'GRANT TEMPORARY ON DATABASE "{connection.settings_dict["NAME"]}" TO ils_staff')
        act_as("ils_staff", "ils")
        cursor.execute("CREATE TEMP TABLE audit_head (only_row boolean, id bigint, link text)")
        cursor.execute("GRANT ALL ON pg_temp.audit_head TO ils_owner")
        cursor.execute("INSERT INTO pg_temp.audit_head VALUES (true, 999999, 'forged')")
        cursor.execute("INSERT INTO audit_event (actor, action, screen, library) VALUES ('x', 'x', 'x', 'x')")
        act_as("ils_owner", "ils")
        cursor.execute("SELECT previous, id FROM audit_event WHERE actor = 'x'")
        previous, number = cursor.fetchone()
        assert (previous, number < 999999) == (head, True)


def test_every_table_is_decided_upon(django_db_setup: None) -> None:
    """The rights in the database are those of the list, table by table: a new table is not readable by accident."""
    with connect(connection.settings_dict["NAME"]) as owner:
        rows = owner.execute(
            "SELECT DISTINCT grantee, table_schema || '.' || table_name FROM ("
            "  SELECT grantee, table_schema, table_name FROM information_schema.role_table_grants"
            "  UNION SELECT grantee, table_schema, table_name FROM information_schema.role_column_grants) AS g"
            " WHERE grantee IN ('ils_public', 'ils_staff', 'PUBLIC') AND table_schema IN ('ils', 'private')"
        ).fetchall()
    wanted = {(role, table) for role, tables in sql.GRANTS.items() for table in tables}
    assert {tuple(row) for row in rows} == wanted


@pytest.mark.django_db
def test_granting_again_changes_nothing_and_removes_what_was_added() -> None:
    def rights() -> set[tuple[str, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT grantee, table_schema, table_name, column_name, privilege_type"
                " FROM information_schema.column_privileges WHERE grantee IN ('ils_public', 'ils_staff')"
            )
            return set(cursor.fetchall())

    before = rights()
    with connection.cursor() as cursor:
        cursor.execute("GRANT SELECT ON ils.patron TO ils_public")
        cursor.execute("GRANT SELECT (verifier) ON private.patron_password TO ils_staff")
    assert rights() != before
    call_command("grant_roles", verbosity=0)
    assert rights() == before


@pytest.mark.django_db
def test_a_missing_role_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "STAFF", "ils_nobody")
    with pytest.raises(CommandError, match="ils_nobody does not exist: the deployment creates it"):
        call_command("grant_roles")


@pytest.mark.django_db
def test_removing_a_patron_removes_his_secrets_without_the_staff_role_reading_them() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM patron p WHERE NOT EXISTS (SELECT 1 FROM loan l WHERE l.patron_id = p.id) LIMIT 1"
        )
        (patron,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO private.patron_password (patron_id, changed_on, salt, verifier)"
            " VALUES (%s, now(), repeat('0', 32), sha256(''))",
            [patron],
        )
        with transaction.atomic():
            cursor.execute("DELETE FROM card WHERE patron_id = %s", [patron])
            cursor.execute("DELETE FROM patron WHERE id = %s", [patron])
        cursor.execute("SELECT count(*) FROM private.patron_password")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT secret FROM staff_totp",
        "SELECT last_step FROM staff_totp",
        "SELECT * FROM staff_totp",
        "COPY staff_totp TO STDOUT",
        "INSERT INTO staff_totp (account_id, secret, last_step) VALUES (1, 'A', 0)",
        "UPDATE staff_totp SET last_step = 0",
        "DELETE FROM staff_totp WHERE account_id = 1",
        "SELECT totp_code('A', 1)",
        "SELECT crypto.hmac('A'::bytea, 'A'::bytea, 'sha1')",
    ],
)
def test_staff_reads_no_secret_of_a_one_time_code_and_writes_none(as_role, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_role("ils_staff").execute(statement)


@pytest.mark.django_db
def test_a_factor_in_use_is_checked_for_the_staff_role_and_its_secret_not_shown_again() -> None:
    person = StaffAccount.objects.get(login_id="demo")
    act_as("ils_staff", "ils")
    secret = factors.begin_totp(person)
    assert factors.begin_totp(person) == secret
    assert not factors.check_second_factor(person, pyotp.TOTP(secret).now())
    assert factors.confirm_totp(person, pyotp.TOTP(secret).now())
    assert factors.begin_totp(person) == ""
    code = pyotp.TOTP(secret).at(int(time.time()) + 30)
    assert not factors.confirm_totp(person, code)
    assert factors.check_second_factor(person, code)
    assert not factors.check_second_factor(person, code)


@pytest.mark.django_db
def test_the_database_computes_the_codes_of_the_standard() -> None:
    """Against pyotp for secrets and times of every kind, and RFC 6238, appendix B (its last six digits)."""
    rfc = base64.b32encode(b"12345678901234567890").decode()
    draw = random.Random(1)  # noqa: S311
    wanted = [(rfc, 59, "287082"), (rfc, 1111111109, "081804"), (rfc, 20000000000, "353130")]
    for _ in range(40):
        secret, at = pyotp.random_base32(), draw.randrange(2**33)
        wanted.append((secret, at, pyotp.TOTP(secret).at(at)))
    with connection.cursor() as cursor:
        for secret, at, code in wanted:
            cursor.execute("SELECT totp_code(%s, %s)", [secret, at // 30])
            assert cursor.fetchone() == (code,)
