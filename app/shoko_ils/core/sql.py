"""Schemas and rights of the three database roles, as data: what is not listed is not granted."""

from collections.abc import Iterator

from django.db.backends.utils import CursorWrapper

PUBLIC, STAFF = "ils_public", "ils_staff"
SCHEMAS = ("ils", "private")

READ = "SELECT"
CHANGE = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"

SHARED = {
    "library": READ,
    "service_point": READ,
    "material_class": READ,
    "calendar_exception": READ,
    "site_edition": READ,
    "authority": READ,
    "authority_reference": READ,
    "authority_see_also": READ,
    "record": READ,
    "heading": READ,
    "identifier": READ,
    "search_document": READ,
    "catalogue_edition": READ,
    "location": READ,
    "item_availability": READ,
    "hold_count": READ,
    "item_bound": READ,
    "patron_category": READ,
    "reference_case": READ,
    "django_migrations": READ,
}
# table (schema.name) → rights, for each role
GRANTS: dict[str, dict[str, str]] = {
    PUBLIC: {
        **{f"ils.{table}": rights for table, rights in SHARED.items()},
        # what a reader needs to find a copy; note, price, source and why it left are the library's own
        "ils.item": (
            "SELECT (id, barcode, record_id, issue, library_id, at_library_id, location_id, call_number, condition,"
            " library_use_only)"
        ),
        # row-level security leaves of these what belongs to the citizen of the session (mylibrary, migration 0002);
        # address, telephone, birth date and names of others are in no column that can be read
        "ils.patron": "SELECT (id, name, category_id, library_id, contact, email, expires_on)",
        "ils.loan": "SELECT (id, item_id, patron_id, library_id, lent_on, due_on, renewals, pending, returned_on)",
        "ils.hold": (
            "SELECT (id, record_id, issue, patron_id, pickup_library_id, pickup_point_id, state, requested_at,"
            " suspended_from, suspended_until, not_needed_after, contact, group_kind, group_position, pickup_by,"
            " ended_on)"
        ),
        "ils.title_request": (
            "SELECT (id, patron_id, pickup_library_id, title, author, requested_on, decision, ended_on)"
        ),
        "ils.reference_question": "SELECT (id, patron_id, question, received_on, answer, answered_on)",
        "ils.notice": "SELECT (id, patron_id, kind, way, state, sent_on)",
        "private.favourite": "SELECT, INSERT, DELETE",
        "private.history_wish": "SELECT, INSERT, DELETE",
        "private.reading_note": "SELECT, DELETE",
        "private.ended_hold": "SELECT, DELETE",
        # everything else that a citizen does is an order to the desk, which has the rights of staff
        "ils.member_order": "SELECT, INSERT, DELETE",
        "ils.provisional_registration": "INSERT",
    },
    STAFF: {
        **{f"ils.{table}": rights for table, rights in SHARED.items()},
        # cataloguing: the history of MARC records is only added to, but for a record that goes itself
        "ils.record": ALL,
        "ils.marc": ALL,
        "ils.former_marc": "SELECT, INSERT, DELETE",
        "ils.heading": ALL,
        "ils.identifier": ALL,
        "ils.search_document": ALL,
        "ils.authority": ALL,
        "ils.authority_reference": ALL,
        "ils.authority_see_also": ALL,
        "ils.import_batch": CHANGE,
        "ils.import_piece": "SELECT, INSERT, DELETE",
        "ils.import_record": "SELECT, INSERT",
        "ils.merge_log": "SELECT, INSERT, UPDATE (undone_by, undone_at)",
        # its accession number and day never change, and no item is ever deleted
        "ils.item": (
            "SELECT, INSERT, UPDATE (at_library_id, record_id, condition, library_id, location_id, material_class_id,"
            " call_number, issue, library_use_only, accompanying, accompanying_count, note, barcode, source, price,"
            " withdrawn_on, withdrawal_reason)"
        ),
        "ils.item_act": "SELECT, INSERT, UPDATE (confirmed)",
        "ils.item_act_line": "SELECT, INSERT",
        # a new version of a rule closes the former one
        "ils.loan_rule": "SELECT, INSERT, UPDATE (ended_on)",
        # a planned exception may be taken back, an emergency closing from today on: its days before stay closed
        "ils.calendar_exception": (
            "SELECT, INSERT, UPDATE (act, last_on, moved_loans, moved_limits, withdrawn_cards), DELETE"
        ),
        # a registration is erased as a whole; what else names the patron refuses that by its foreign key
        # by columns: a loan locks this row, and xmax and xmin would tell the rows of title and item of its transaction
        "ils.patron": (
            "SELECT (id, pseudonym, kind, category_id, library_id, name, name_reading, reading_key, birth_date,"
            " postal_code, address, phone, contact, email, primary_until, primary_reason, guardian_name, registered_on,"
            " expires_on, confirmed_on, used_in), INSERT, UPDATE, DELETE"
        ),
        "ils.card": ALL,
        "ils.group_contact": ALL,
        "ils.patron_note": ALL,
        "ils.spent_card_number": "SELECT, INSERT",
        "ils.erasure_certificate": "SELECT, INSERT",
        "ils.subject_request": CHANGE,
        # an entry is answered once (a trigger) and never changed otherwise
        "ils.official_enquiry": "SELECT, INSERT, UPDATE (outcome, decided_by, answered_on, answered_by)",
        "ils.loan": CHANGE,
        "ils.return_case": CHANGE,
        # added to while the case is open, erased by its settlement (a trigger with the rights of who settles)
        "ils.case_contact": "SELECT, INSERT, DELETE",
        "ils.case_photo": "SELECT, INSERT, DELETE",
        # a set says nothing of a group: its open loans do
        "ils.lending_set": ALL,
        "ils.lending_set_item": "SELECT, INSERT, DELETE",
        "ils.lending_block": ALL,
        "ils.overdue_stage": READ,
        "ils.overdue_contact": "SELECT, INSERT, UPDATE (result, means, contacted_on), DELETE",
        "ils.closing_notice": "SELECT, INSERT, DELETE",
        "ils.day_count": CHANGE,
        # column by column: xmin, by which rows of one transaction could be paired, is not among them
        "ils.item_month": "INSERT, SELECT (item_id, month, loans), UPDATE (loans)",
        "ils.lending_fact": "INSERT, SELECT (day, library_id, service_point_id, material_class_id, ndc_figure,"
        " age_band, category_id, loans), UPDATE (loans)",
        "ils.loan_span": "INSERT, SELECT (id, category_id, material_class_id, library_id, service_point_id, lent_on,"
        " kept_days, loans), UPDATE (loans)",
        "ils.scan_receipt": CHANGE,
        # a batch is kept as it was begun, a slip as it was written
        "ils.paper_batch": "SELECT, INSERT, UPDATE (key)",
        "ils.paper_slip": "SELECT, INSERT, UPDATE (card_number, item_number, state, outcome, decided_on, decided_by)",
        "ils.hold_rule": READ,
        "ils.hold": CHANGE,
        "ils.hold_day": ALL,  # goes with the registration
        "ils.hold_move": "SELECT, INSERT",
        "ils.walk_in": "INSERT, SELECT (month, library_id, reason, loans, waiting), UPDATE (loans, waiting)",
        "ils.transit": CHANGE,
        "ils.pull_miss": ALL,
        "ils.take_off": ALL,
        "ils.title_request": CHANGE,
        "ils.notice": CHANGE,
        "ils.notice_call": "SELECT, INSERT",
        # level, library and dates change by authority_confirm alone
        "ils.staff_account": (
            "SELECT, UPDATE (password, initial_password, password_changed_on, card, failed_logins, refused_until)"
        ),
        "ils.staff_pin": ALL,
        # its secret is read by no service: staff_totp_begin and staff_totp_use
        "ils.staff_totp": "SELECT (account_id, confirmed_on)",
        "ils.staff_recovery_code": ALL,
        "ils.terminal_opening": "SELECT, INSERT",
        "ils.assigned_duty": READ,
        "ils.authority_request": "SELECT, INSERT, UPDATE (refused_by_id)",
        "ils.member_order": "SELECT, UPDATE (answer), DELETE",
        "ils.provisional_registration": "SELECT, DELETE",
        "ils.reference_question": CHANGE,
        "ils.reference_investigation": "SELECT, INSERT",
        "ils.reference_case": ALL,
        "ils.django_session": ALL,
        # number, time and links are the trigger's; xmin, which would tell the other rows of an event's transaction, is
        # not among the columns
        "ils.audit_event": (
            "SELECT (id, at, actor, action, screen, library, subject, previous, link), INSERT (actor, action, screen,"
            " library, subject)"
        ),
        "ils.audit_report": "SELECT, INSERT",
        "ils.audit_finding": "SELECT, INSERT, UPDATE (resolution, resolved_by, resolved_on)",
    },
}

# numbers that a service takes before it writes
SEQUENCES = {STAFF: ("ils.record_id_seq", "ils.item_number_seq", "ils.slip_number")}
# what a service may have done without the rights that it takes
FUNCTIONS = {
    PUBLIC: (
        "private.patron()",
        "private.salt_of(text)",
        "private.log_in(text, bytea, text, text, boolean)",
        "private.session_seen()",
        "private.log_out()",
        "private.spend(text, text, integer)",
        "private.register_password(text, text, text, bytea, text)",
        "private.own_salt()",
        "private.order_address(uuid, jsonb, bytea)",
    ),
    STAFF: (
        "ils.undo_forget(uuid)",
        "ils.undo_seal(uuid, uuid, bigint, date)",
        "ils.undo_return(uuid, uuid)",
        "ils.hold_ended(bigint, bigint, text, text, date)",
        "ils.authority_confirm(bigint, bigint)",
        "ils.staff_totp_begin(bigint, text)",
        "ils.staff_totp_use(bigint, text, boolean)",
        "ils.password_code_put(bigint, text, interval)",
        "ils.password_code_due(bigint, text)",
        "ils.member_is_paused(text)",
        "ils.member_unpause(text)",
    ),
}


def grant_statements() -> Iterator[str]:
    """SQL that brings the rights of both services to exactly GRANTS, whatever they were before."""
    # everybody may make temporary tables unless it is taken; no service needs one
    yield (
        "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, "
        f"{PUBLIC}, {STAFF}', current_database()); END $$"
    )
    for schema in SCHEMAS:
        yield f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC"
        for role in (PUBLIC, STAFF):
            yield f"REVOKE ALL ON SCHEMA {schema} FROM {role}"
            yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"
            yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}"
            yield f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM {role}, PUBLIC"
    for role, tables in GRANTS.items():
        for schema in sorted({table.partition(".")[0] for table in tables}):
            yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
        for table, rights in sorted(tables.items()):
            yield f"GRANT {rights} ON {table} TO {role}"
    for role, sequences in SEQUENCES.items():
        for sequence in sequences:
            yield f"GRANT USAGE ON SEQUENCE {sequence} TO {role}"
    for role, functions in FUNCTIONS.items():
        for function in functions:
            yield f"GRANT EXECUTE ON FUNCTION {function} TO {role}"


def apply_grants(cursor: CursorWrapper) -> None:
    """Run the grants in the caller's transaction; column rights are dropped by the table-wide REVOKE."""
    for statement in grant_statements():
        cursor.execute(statement)


def missing_roles(cursor: CursorWrapper) -> list[str]:
    """Service roles that the deployment has not made yet."""
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[PUBLIC, STAFF]])
    found = {row[0] for row in cursor.fetchall()}
    return [role for role in (PUBLIC, STAFF) if role not in found]
