"""Menus: what a person may open is linked from where he works, and nothing else is."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone

from shoko_ils.core.models import Library
from shoko_ils.staff.access import ANONYMOUS, DUTIES, needed
from shoko_ils.staff.models import AssignedDuty, Level
from tests.conftest import log_in, make_account
from tests.test_staff import every_page, supervise

LINK = re.compile(r'<a\b[^>]*\bhref="([^"]+)"')
FORM = re.compile(r'\baction="([^"]+)"')


def walk(client: Client) -> tuple[set[str], set[tuple[str, str]]]:
    """Names of the pages that links lead to from the first page, and (from, to) of links that are refused."""
    seen: set[str] = set()
    names: set[str] = set()
    refused: set[tuple[str, str]] = set()
    waiting = [("", "/lend/")]
    while waiting:
        source, path = waiting.pop()
        answer = client.get(path, follow=True)
        if answer.status_code == 403:
            refused.add((source, path))
        if answer.status_code != 200 or "html" not in answer["Content-Type"]:
            continue
        html = answer.content.decode()
        names |= {name for name in map(name_of, FORM.findall(html)) if name}
        for target in LINK.findall(html):
            where = urlsplit(target).path
            name = name_of(where)
            # of every kind of page one is enough
            if name and name not in seen:
                seen.add(name)
                names.add(name)
                waiting.append((path, where))
    return names, refused


def name_of(path: str) -> str:
    """The name of a page in Japanese; empty for an anchor or what is no page."""
    if not path.startswith("/") or path.startswith(("/en/", "/static/")):
        return ""
    try:
        return resolve(urlsplit(path).path, "shoko_ils.urls_staff").url_name or ""
    except Resolver404:
        return ""


@pytest.mark.parametrize(
    ("level", "duties"), [*((level, ()) for level in Level), *((Level.ASSISTANT, (duty,)) for duty in DUTIES)]
)
def test_links_lead_to_what_the_matrix_opens_and_nowhere_else(
    central: Library, request: Any, level: Level, duties: tuple[str, ...]
) -> None:
    account = make_account(level, central)
    for duty in duties:
        AssignedDuty.objects.create(account=account, duty=duty, from_on=timezone.localdate())
    client: Client = request.getfixturevalue("anonymous")
    if level is Level.TRAINEE:
        assert supervise(client, central, "demo") == 302
    else:
        log_in(client, f"level{int(level)}", central)
    names, refused = walk(client)
    open_to_him = {
        name
        for name, path in every_page()
        # what has a number in its address hangs below a list, which may be empty
        if not re.search(r"\d", path) and needed(name, "GET") != ANONYMOUS and client.get(path).status_code == 200
    }
    assert (sorted(refused), sorted(open_to_him - names)) == ([], [])
