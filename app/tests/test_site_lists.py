"""Patron categories and shelving locations are the site's: brought, renamed and taken away by the site file."""

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.models import LoanRule
from shoko_ils.core.management.commands.sync_site import uses
from shoko_ils.holdings.models import Location
from shoko_ils.holds.models import HoldRule
from shoko_ils.holds.services import placing
from shoko_ils.patrons.forms import PatronForm
from shoko_ils.patrons.models import Patron, PatronCategory
from tests.cluster import ENVIRONMENT, SITE, connect
from tests.conftest import APP
from tests.holding import people, titles
from tests.holding import place as wish

CHILD = {"key": "child", "ja": "児童", "en": "Child"}
MOVED = {"key": "basement", "ja": "地下書庫", "en": "Basement"}


@pytest.fixture
def listed(db: None, settings: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """Sync the site with other lists; the last line that the command said."""

    def sync(**lists: object) -> str:
        settings.SITE = {**settings.SITE, **lists}
        call_command("sync_site")
        return capsys.readouterr().out.splitlines()[-1]

    return sync


def categories() -> list[tuple[str, str, bool]]:
    return list(PatronCategory.objects.values_list("key", "name_ja", "for_groups"))


def test_the_lists_of_the_site_file_are_those_of_the_database_in_its_order(listed: Any) -> None:
    first, *rest = SITE["patron_categories"]
    number = PatronCategory.objects.get(key=first["key"]).pk
    wanted = [CHILD, *rest, {**first, "ja": "市内在住"}]
    assert listed(patron_categories=wanted, locations=[MOVED, *SITE["locations"]]) == "changed"
    assert [key for key, *_ in categories()] == [one["key"] for one in wanted]
    assert categories()[-2:] == [("group", "団体", True), ("resident", "市内在住", False)]
    assert PatronCategory.objects.get(key="resident").pk == number, "a renamed category is the same"
    assert [str(one) for one in Location.objects.all()] == ["地下書庫", "一般書架", "児童書架", "書庫"]
    assert listed() == "unchanged"
    assert listed(patron_categories=[*rest, first], locations=SITE["locations"]) == "changed"
    assert not PatronCategory.objects.filter(key="child").exists(), "nobody used it"
    assert not Location.objects.filter(key="basement").exists()


@pytest.mark.parametrize(
    ("word", "key", "table"), [("patron_categories", "neighbour", "patron"), ("locations", "stacks", "item")]
)
def test_what_is_in_use_is_not_taken_away(listed: Any, word: str, key: str, table: str) -> None:
    left = [one for one in SITE[word] if one["key"] != key]
    before = categories()
    why = rf"^site file: {word} lists no {key}, which is in use \(.*\d+ of {table}\b.*nothing was changed$"
    with pytest.raises(CommandError, match=why):
        listed(**{word: [CHILD, *left]})
    assert categories() == before


def test_what_only_a_rule_names_is_in_use_too_and_a_hold_rule_goes_on_naming_it(listed: Any) -> None:
    rules = [{"max_holds": 10}, {"category": "child", "max_holds": 0}]
    assert listed(patron_categories=[*SITE["patron_categories"], CHILD], holds={"rules": rules}) == "changed"
    patron, (record,) = people(1)[0], titles(1)
    Patron.objects.filter(pk=patron.pk).update(category=PatronCategory.objects.get(key="child"))
    patron.refresh_from_db()
    assert wish(patron, record.pk).outcome is placing.Placing.NO_RIGHT
    Patron.objects.filter(pk=patron.pk).update(category=PatronCategory.objects.get(key="resident"))
    LoanRule.objects.create(category=PatronCategory.objects.get(key="child"), days=7, version=1)
    assert uses(PatronCategory.objects.get(key="child")) == ["1 of loan_rule", "1 of hold_rule"]
    with pytest.raises(CommandError, match=r"lists no child, which is in use \(1 of loan_rule, 1 of hold_rule\)"):
        listed(patron_categories=SITE["patron_categories"], holds={"rules": rules[:1]})
    assert HoldRule.objects.filter(ended_on=None, category__key="child").exists()


@pytest.mark.parametrize(
    ("word", "entries", "why"),
    [
        ("locations", [], "locations is not a list of at least one entry"),
        ("locations", [MOVED, MOVED], "locations: the key basement is there twice"),
        ("locations", [{"key": "b", "ja": "地下"}], "lacks one of key, ja, en"),
        ("locations", [{**MOVED, "key": "地下"}], "the key 地下 is not of letters"),
        ("patron_categories", [{**CHILD, "for_group": True}], "patron_categories.for_group is not known"),
    ],
)
def test_a_list_with_a_slip_is_refused_in_one_line(listed: Any, word: str, entries: list[Any], why: str) -> None:
    with pytest.raises(CommandError, match=re.escape(why)):
        listed(**{word: entries})


def test_a_site_file_without_a_list_leaves_what_is_there(listed: Any, settings: Any) -> None:
    settings.SITE = {key: value for key, value in settings.SITE.items() if key != "locations"}
    assert listed() == "unchanged", "what is there stays"


def test_groups_and_persons_are_offered_their_own_categories(staff: Client) -> None:
    offered = {kind: PatronForm(kind=kind).fields["category"].queryset for kind in Patron.Kind.values}  # type: ignore[attr-defined]
    assert [one.key for one in offered["group"]] == ["group"]
    assert [one.key for one in offered["person"]] == ["resident", "works-here", "studies-here", "neighbour"]


def test_an_empty_migrated_database_and_a_site_file_reach_the_first_loan(tmp_path: Path) -> None:
    """No demonstration: what a new site does on its first day, at the host and with the rights of the counter."""
    database = f"first_{uuid.uuid4().hex[:8]}"
    with connect() as connection:
        connection.execute(f"CREATE DATABASE {database} OWNER plain_owner")
    site = tmp_path / "site.json"
    site.write_text(json.dumps({**SITE, "authority": {"second_factor": True}}), encoding="utf-8")
    site.chmod(0o644)

    def run(*command: str, user: str, file: Path = site) -> subprocess.CompletedProcess[str]:
        environment = {"SHOKO_DB_NAME": database, "SHOKO_DB_USER": user, "SHOKO_SITE_FILE": str(file)}
        environment = os.environ | ENVIRONMENT | environment
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        command = (sys.executable, *command)
        return subprocess.run(command, cwd=APP, env=environment, capture_output=True, text=True, check=False)

    def done(*command: str, user: str) -> str:
        answer = run(*command, user=user)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    done("manage.py", "migrate", "-v0", user="plain_owner")
    nothing = tmp_path / "nothing.json"
    nothing.write_text(json.dumps({key: SITE[key] for key in ("name", "libraries")}), encoding="utf-8")
    refused = run("manage.py", "sync_site", user="plain_owner", file=nothing)
    assert refused.returncode == 1
    assert "site file: patron_categories is missing: at least one is needed" in refused.stderr
    assert done("manage.py", "sync_site", user="plain_owner").endswith("changed\n")
    done("-m", "tests.first_loan", "owner", user="plain_owner")
    said = done("-m", "tests.first_loan", "staff", user="ils_staff")
    category, location, number, due = said.split()
    assert (category, location) == ("在勤", "児童書架")
    assert due > timezone.localdate().isoformat()
    assert len(number) == 10
