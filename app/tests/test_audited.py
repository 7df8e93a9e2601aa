"""Every action that the code writes into the audit is one that a test has done: a new one cannot be forgotten."""

import re
from pathlib import Path

import pytest

from tests import test_audited_counter, test_audited_records
from tests.audited import Unclear, actions, fits, written

ACTS = [*test_audited_counter.ACTS, *test_audited_records.SERVICES, *test_audited_records.SCREENS]
# shown with more than its event, elsewhere: action → the file that asks the audit for it
ELSEWHERE = {
    "answer-enquiry": "test_enquiries",
    "ask-authority-factor": "test_authority",
    "change-contact": "test_my_wishes",
    "change-rule": "test_rules",
    "code-refused": "test_authority",
    "confirm-authority-factor": "test_authority",
    "correct-enquiry": "test_enquiries",
    "disclose-patron": "test_patron_screens",
    "end-rule": "test_rules",
    "end-sessions": "test_authority",
    "first-account": "test_first_accounts",
    "hand-over": "test_operator",
    "late-book-drop": "test_day_at_the_counter",
    "list-patron": "test_patron_screens",
    "login": "test_staff",
    "login-refused": "test_staff",
    "logout": "test_staff",
    "overdue-contact": "test_overdue_screens",
    "permit-course": "test_lending_screens",
    "permit-refused": "test_lending_screens",
    "prolong-guardian": "test_guardians",
    "read-audit": "test_analysis",
    "read-enquiries": "test_enquiries",
    "receive-enquiry": "test_enquiries",
    "register-patron": "test_registration",
    "reset-factor-at-host": "test_first_accounts",
    "scan-card": "test_trainee",
    "sessions-ended": "test_authority",
    "show-borrower-hold": "test_borrower_screens",
    "show-titles-overdue": "test_overdue_screens",
    "sign-off": "test_analysis",
    "supervise": "test_staff",
    "take-over": "test_operator",
    "view-holds": "test_holds_screens",
    "view-patron": "test_patron_screens",
}
SHOWN = {act.action for act in ACTS} | set(ELSEWHERE)
WRITTEN = written()


@pytest.mark.parametrize("action", sorted(WRITTEN))
def test_an_action_of_the_code_is_in_a_table(action: str) -> None:
    """`decide-*` by one that no other call writes as it stands."""
    assert {each for each in SHOWN - (WRITTEN - {action}) if fits(action, each)}


def test_the_tables_have_no_other_action() -> None:
    assert {each for each in SHOWN if not any(fits(action, each) for action in WRITTEN)} == set()


@pytest.mark.parametrize("action", ELSEWHERE)
def test_the_other_file_asks_the_audit_for_the_action(action: str) -> None:
    source = Path(__file__).with_name(f"{ELSEWHERE[action]}.py").read_text(encoding="utf-8")
    assert "Event.objects" in source
    assert re.search(rf'"{action}"', source)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('def f(): audit.write(actor, "lend", "lend")', ["lend"]),
        ('def f(): audit.write(actor, "change" if terms else "end", "rules")', ["change", "end"]),
        ('def f(): audit.write(actor, f"plan-{kind}", "calendar")', ["plan-*"]),
        ('def f():\n    done = "a" if x else "b"\n    audit.write(actor, done, "x")', ["a", "b"]),
        (
            'def _f(actor, action):\n    def g(): audit.write(actor, action, "x")\n'
            'def h(): _f(actor, "one")\ndef i(): _f(actor, "two")',
            ["one", "two"],
        ),
        ('def f(): file.write("lend")', []),
    ],
)
def test_an_action_is_read_from_the_code(source: str, found: list[str]) -> None:
    assert sorted(actions(f"from shoko_ils.audit import record as audit\n{source}")) == found


@pytest.mark.parametrize(
    "source",
    [
        'from shoko_ils.audit import record as audit\ndef f(): audit.write(actor, NAMES[kind], "x")',
        'from shoko_ils.audit import record as audit\ndef f(): audit.write(actor, given, "x")',
        "from shoko_ils.audit.record import write",
    ],
)
def test_what_cannot_be_read_is_no_action_of_the_code(source: str) -> None:
    with pytest.raises(Unclear):
        list(actions(source))
