"""The library system over HTTP, as a citizen and a librarian at this machine meet it (`shoko lab url`)."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
from converged import CHECKOUT, Converged
from visitor import MELOS, OPAC, STAFF, Visitor, found, log_in


@pytest.fixture
def citizen(converged: Converged) -> Visitor:
    """Somebody at home."""
    return Visitor(OPAC, converged.ports[0], converged.root_certificate)


@pytest.fixture
def librarian(converged: Converged) -> Visitor:
    """Somebody at a counter of the southern library, logged in."""
    return log_in(converged.ports[1], converged.root_certificate, converged.demo_password)


def copies(page: str) -> dict[str, str]:
    """State of each copy on a record's page, by item number."""
    rows = re.findall(r"<tr>\s*<th scope=\"row\".*?</tr>", page, re.S)
    states = {}
    for row in rows:
        number = re.search(r'class="number">(\d+)<', row)
        state = re.search(r'class="state state-([\w-]+)"', row)
        assert number, row
        assert state, row
        states[number[1]] = state[1]
    return states


@pytest.mark.parametrize("typed", ["走れメロス", "はしれめろす", "ﾒﾛｽ", "メロス 太宰"])
def test_a_citizen_finds_the_book_however_it_is_typed(citizen, typed):
    page = citizen.get("/search/?q=" + urllib.parse.quote(typed))
    assert MELOS in found(page)


def test_a_record_says_where_it_stands(citizen):
    page = citizen.get(f"/records/{MELOS}/")
    assert "走れメロス" in page
    assert copies(page)
    assert re.search("総合市民図書館|南市民図書館|辻堂市民図書館|湘南大庭市民図書館", page)


def test_an_author_leads_to_the_works(citizen):
    author = re.search(r'href="(/authorities/\d+/)"', citizen.get(f"/records/{MELOS}/"))
    page = citizen.get(author[1])
    assert "太宰" in page
    assert found(page)


def test_the_public_face_has_no_staff_pages(citizen):
    for path in ("/login/", "/lend/", "/patrons/", "/admin/"):
        status, _, _ = citizen.ask("GET", path)
        assert status in (403, 404), path


def test_a_page_may_load_nothing_from_elsewhere(citizen):
    status, page, headers = citizen.ask("GET", "/")
    assert status == 200
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "max-age=" in headers["strict-transport-security"]
    links = re.findall(r'(?:src|href)="(https?://[^"]+)"', page)
    assert [link for link in links if OPAC not in link] == []


def test_a_wrong_password_is_refused(converged):
    visitor = Visitor(STAFF, converged.ports[1], converged.root_certificate)
    page = visitor.get("/login/")
    library = [one for one in re.findall(r'<option value="([^"]+)"', page) if one]
    status, text = visitor.post("/login/", page, login_id="nobody", password="wrong-password", library=library[0])
    assert status == 403
    assert 'role="alert"' in text


def test_no_staff_page_opens_without_a_log_in(converged):
    visitor = Visitor(STAFF, converged.ports[1], converged.root_certificate)
    for path in ("/lend/", "/return/", "/patrons/"):
        status, _, headers = visitor.ask("GET", path)
        assert status == 302, path
        assert "/login/" in headers["location"]


def card_of_a_patron(converged: Converged) -> str:
    """A card that may borrow, as a patron would hand it over the counter."""
    query = (
        "from shoko_ils.circulation.models import Loan\n"
        "from shoko_ils.patrons.models import Card\n"
        "from django.utils import timezone\n"
        "cards = Card.objects.filter(ended_on=None, patron__expires_on__gt=timezone.localdate())\n"
        "borrowing = Loan.objects.exclude(patron=None).values('patron')\n"
        "print(cards.exclude(patron__in=borrowing).order_by('number').first().number)"
    )
    return converged.said("app1", "/usr/local/sbin/ils-manage", "shell", "-v", "0", "-c", query).splitlines()[-1]


def test_lending_and_returning_is_seen_by_the_citizen(converged, citizen, librarian):
    before = copies(citizen.get(f"/records/{MELOS}/"))
    barcode = next(number for number, state in before.items() if state == "in")
    status, page = librarian.post("/lend/", librarian.get("/lend/"), scan=card_of_a_patron(converged))
    assert status == 200
    _, page = librarian.post("/lend/", page, scan=barcode)
    assert f'<td class="number">{barcode}</td>' in page, "lent now"
    try:
        assert copies(citizen.get(f"/records/{MELOS}/"))[barcode] == "out"
    finally:
        _, page = librarian.post("/return/", librarian.get("/return/"), scan=barcode)
    assert "走れメロス" in page
    assert copies(citizen.get(f"/records/{MELOS}/"))[barcode] in ("in", "moving")


def test_the_bare_address_answers_too(converged):
    visitor = Visitor(STAFF, converged.ports[1], converged.root_certificate)
    visitor.name = "127.0.0.1"
    assert "<form" in visitor.get("/login/")


def run_application(*more: str) -> str:
    """Run the library system's playbook as an operator does; returns what it said."""
    playbook = str(Path(sys.executable).parent / "ansible-playbook")
    done = subprocess.run(
        [playbook, "-i", "inventories/lab", "playbooks/application.yml", "--tags", "ils", *more],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


def test_returning_to_another_release_is_one_variable(converged, citizen):
    """The other release is a copy of the one in use: complete, and known to both servers."""
    servers, other = ("app1", "app2"), "0123456789abcdef"
    used = {host: converged.said(host, "readlink", "/srv/shoko/current").rsplit("/", 1)[-1] for host in servers}
    assert len(set(used.values())) == 1, used
    for host in servers:
        converged.said(host, "cp", "-a", f"/srv/shoko/releases/{used[host]}", f"/srv/shoko/releases/{other}")
    try:
        run_application("-e", f"ils_release={other}")
        assert {converged.said(host, "readlink", "/srv/shoko/current") for host in servers} == {f"releases/{other}"}
        assert MELOS in found(citizen.get("/search/?q=" + urllib.parse.quote("走れメロス")))
    finally:
        run_application()
    assert {converged.said(host, "readlink", "/srv/shoko/current") for host in servers} == {f"releases/{used['app1']}"}
    for host in servers:
        converged.said(host, "rm", "-rf", f"/srv/shoko/releases/{other}")


def test_only_nginx_may_speak_to_the_services(converged):
    done = converged.inside("app1", "runuser", "-u", "ils-staff", "--", "python3", "-c",
                       "import socket; s=socket.socket(socket.AF_UNIX); s.connect('/run/ils-public.sock')")  # fmt: skip
    assert "PermissionError" in done.stderr


def test_no_service_can_read_another_ones_secrets(converged):
    for user, path in [
        ("ils-public", "/etc/shoko/ils/staff.secret"),
        ("ils-public", "/etc/shoko/certificates/ils-staff.pem"),
        ("ils-staff", "/etc/shoko/certificates/ils-owner.pem"),
        ("www-data", "/etc/shoko/certificates/ils-public.pem"),
    ]:
        done = converged.inside("app1", "runuser", "-u", user, "--", "cat", path)
        assert "Permission denied" in done.stderr, (user, path)
