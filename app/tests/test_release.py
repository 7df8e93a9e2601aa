"""A release as a host gets it: built, unpacked, installed without network, migrated, and used by a browser."""

import datetime as dt
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.cluster import DEMO_PASSWORD, ENVIRONMENT, connect
from tests.conftest import APP, MEROS

CHROMIUM = "/usr/bin/chromium"


def run(*command: str, cwd: Path | None = None, **environment: str) -> str:
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    answer = json.loads(run(str(APP / "build-release"), str(tmp_path_factory.mktemp("releases"))))
    assert answer["changed"]
    return Path(answer["archive"])


@pytest.fixture(scope="module")
def installed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release unpacked with its own environment, from its own wheels alone."""
    place = tmp_path_factory.mktemp("host")
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
    (release,) = place.iterdir()
    run(sys.executable, "-m", "venv", "venv", cwd=release)
    pip = [str(release / "venv/bin/pip"), "install", "--quiet", "--no-index", "--find-links", "wheels"]
    run(*pip, "--require-hashes", "-r", "requirements.txt", cwd=release)
    return release


@dataclass(frozen=True)
class Site:
    """Two running services of an installed release."""

    public: int
    staff: int
    database: str


@pytest.fixture(scope="module")
def site(installed: Path, django_db_setup: None) -> Iterator[Site]:
    """Migrated by an owner without any privilege, served by both roles."""
    database = f"release_{uuid.uuid4().hex[:8]}"
    with connect() as connection:
        connection.execute(f"CREATE DATABASE {database} OWNER plain_owner")
    environment = ENVIRONMENT | {"SHOKO_DB_NAME": database, "SHOKO_STATIC_ROOT": str(installed / "static")}
    python = str(installed / "venv/bin/python")
    owner = environment | {"SHOKO_DB_USER": "plain_owner"}
    run(python, "manage.py", "migrate", cwd=installed, **owner)
    assert run(python, "manage.py", "load_demo", cwd=installed, **owner) == "changed\n"
    assert run(python, "manage.py", "load_demo", cwd=installed, **owner) == "unchanged\n"
    assert "No migrations to apply" in run(python, "manage.py", "migrate", cwd=installed, **owner)
    running = []
    ports = []
    for face in ("public", "staff"):
        port = free_port()
        command = [str(installed / "venv/bin/gunicorn"), "-c", "python:shoko_ils.gunicorn", f"shoko_ils.wsgi_{face}"]
        settings = environment | {
            "SHOKO_BIND": f"127.0.0.1:{port}",
            "SHOKO_WORKERS": "1",
            "SHOKO_CSRF_ORIGINS": f"http://localhost:{port}",
        }
        running.append(subprocess.Popen(command, cwd=installed, env=os.environ | settings, stderr=subprocess.DEVNULL))
        ports.append(port)
    try:
        for port in ports:
            wait_until_ready(port)
        yield Site(*ports, database)
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            assert process.wait(timeout=60) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status(port: int, path: str, **headers: str) -> int:
    """Status of a page; bare HTTP, so that any Host can be said."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if status(port, "/readyz") == 200:
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"nothing is ready on port {port}"
        time.sleep(0.1)


def test_the_same_source_gives_the_same_archive(archive: Path, tmp_path: Path) -> None:
    again = json.loads(run(str(APP / "build-release"), str(tmp_path)))
    assert Path(again["archive"]).name == archive.name
    assert Path(again["archive"]).read_bytes() == archive.read_bytes()
    assert json.loads(run(str(APP / "build-release"), str(tmp_path)))["changed"] is False


def test_a_release_holds_all_that_a_host_needs_and_no_test(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        names = [name.partition("/")[2] for name in tar.getnames()]
    assert {"manage.py", "requirements.txt", "demo/ORIGIN.md", "static/staticfiles.json"} <= set(names)
    assert "shoko_ils/locale/ja/LC_MESSAGES/django.mo" in names
    wheels = [name for name in names if name.startswith("wheels/")]
    assert wheels
    # pure, of the stable interface, or for the hosts' Python; all for x86-64
    fit = re.compile(r"-(none-any|(abi3|cp313)-[\w.]*manylinux\w*_x86_64)\.whl$")
    assert [name for name in wheels if not fit.search(name)] == []
    assert not [name for name in names if name.startswith(("tests/", "tools/")) or "__pycache__" in name]


def test_an_untranslated_text_stops_the_build(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(APP / "shoko_ils" / "locale", tree / "shoko_ils" / "locale")
    catalogue = tree / "shoko_ils/locale/ja/LC_MESSAGES/django.po"
    catalogue.write_text(catalogue.read_text(encoding="utf-8").replace('msgstr "検索"', 'msgstr ""'), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(APP / "tools/messages.py"), "compile", str(tree)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "not translated: Search" in done.stderr


def log_in_over(site: Site, scheme: str) -> int:
    """Status of a log-in whose proxy says `scheme`, from a browser that used https."""
    connection = http.client.HTTPConnection("127.0.0.1", site.staff, timeout=30)
    try:
        connection.request("GET", "/login/", headers={"Host": "localhost", "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        html, cookie = answer.read().decode(), answer.getheader("Set-Cookie", "").partition(";")[0]
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
        (library,) = re.findall(r'<option value="(\d+)"[^>]*>総合', html)
        sent = {"csrfmiddlewaretoken": token, "login_id": "demo", "password": DEMO_PASSWORD, "library": library}
        headers = {
            "Host": "localhost",
            "Origin": "https://localhost",
            "X-Forwarded-Proto": scheme,
            "Cookie": cookie,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request("POST", "/login/", body=urlencode(sent), headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_scheme_is_what_the_local_proxy_says(site: Site) -> None:
    assert log_in_over(site, "https") == 302
    assert log_in_over(site, "http") == 403


def test_a_host_that_is_not_ours_is_refused_but_health_is_answered(site: Site) -> None:
    assert status(site.public, "/", Host="evil.example") == 400
    assert status(site.public, "/healthz", Host="evil.example") == 200


def test_the_service_comes_back_by_itself_when_its_connections_are_cut(site: Site) -> None:
    assert status(site.public, f"/records/{MEROS}/", Host="localhost") == 200
    with connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [site.database])
    time.sleep(0.2)
    assert status(site.public, f"/records/{MEROS}/", Host="localhost") == 200
    assert status(site.staff, "/login/", Host="localhost") == 200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "Chromium is needed: apt install chromium"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test if the console complains or a script breaks."""
    context = browser.new_context(locale="ja-JP", viewport={"width": 1280, "height": 800})
    made = context.new_page()
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    yield made
    context.close()
    assert complaints == []


def is_complaint(message: ConsoleMessage) -> bool:
    """Errors, but for the network's own note of an answer that a test made fail."""
    return message.type == "error" and "502" not in message.text


def scan(page: Page, text: str) -> None:
    """As a scanner does it: characters and Enter to wherever the focus is."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def log_in(page: Page, site: Site) -> None:
    page.goto(f"http://localhost:{site.staff}/")
    scan_field = page.locator("#id_login_id")
    expect(scan_field).to_be_focused()
    page.keyboard.type("demo")
    page.keyboard.press("Tab")
    page.keyboard.type(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#scan")).to_be_focused()


def test_book_and_citizen_and_librarian(page: Page, site: Site) -> None:
    """Search, lend, see it out, take it back, see it in: with the keyboard alone."""
    record = f"http://localhost:{site.public}/records/{MEROS}/"
    for query in ("走れメロス", "はしれめろす", "ﾒﾛｽ"):
        page.goto(f"http://localhost:{site.public}/")
        page.get_by_role("searchbox").fill(query)
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="走れメロス", exact=True)).to_be_visible()
    page.goto(record)
    expect(page.locator("tbody .state-in")).to_have_count(3)
    (number,) = page.locator("tbody tr").first.locator(".number").all_inner_texts()
    with connect(site.database) as database:
        (card,) = database.execute("SELECT number FROM ils.card ORDER BY id LIMIT 1").fetchone()
    log_in(page, site)
    scan(page, card)
    scan(page, f"A{number}A")
    expect(page.locator(".notice-done")).to_contain_text("貸し出しました")
    page.goto(record)
    expect(page.locator("tbody .state-out")).to_have_count(1)
    page.goto(f"http://localhost:{site.staff}/")
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.press("F3")
    page.wait_for_url("**/return/")
    expect(page.locator("#scan")).to_be_focused()
    scan(page, number)
    expect(page.locator(".notice-headline").first).to_contain_text(re.compile("棚へ|回送"))
    page.goto(record)
    expect(page.locator("tbody .state-out")).to_have_count(0)


def test_no_scan_is_lost_while_the_server_answers(page: Page, site: Site) -> None:
    with connect(site.database) as database:
        (card,) = database.execute("SELECT number FROM ils.card ORDER BY id LIMIT 1 OFFSET 1").fetchone()
        free = database.execute(
            "SELECT barcode FROM ils.item WHERE NOT library_use_only AND id NOT IN (SELECT item_id FROM ils.loan)"
            " ORDER BY id LIMIT 5"
        ).fetchall()
    log_in(page, site)
    for text in (card, free[0][0], free[1][0], "9999", free[2][0], free[3][0], free[4][0]):
        scan(page, text)
    expect(page.locator("caption")).to_have_text("今回の貸出 5点")
    expect(page.locator("[data-stops]")).to_contain_text("登録のない資料番号です")


def test_a_wrong_return_is_undone_by_one_key_and_the_next_scan_ends_that(page: Page, site: Site) -> None:
    """F8, without a mouse, and the counter stays on its page."""
    with connect(site.database) as database:
        (card,) = database.execute("SELECT number FROM ils.card ORDER BY id LIMIT 1 OFFSET 2").fetchone()
        one, two = database.execute(
            "SELECT i.barcode FROM ils.item i JOIN ils.library l ON l.id = i.library_id AND l.key = 'central'"
            " WHERE NOT library_use_only AND accompanying = '' AND i.id NOT IN (SELECT item_id FROM ils.loan)"
            " ORDER BY i.id DESC LIMIT 2"
        ).fetchall()
    log_in(page, site)
    for text in (card, one[0], two[0]):
        scan(page, text)
    expect(page.locator("caption")).to_have_text("今回の貸出 2点")
    page.keyboard.press("F3")
    page.wait_for_url("**/return/")
    scan(page, one[0])
    expect(page.locator(".notice-headline").first).to_contain_text("棚へ")
    page.keyboard.press("F8")
    expect(page.locator(".notice-headline").first).to_contain_text("返却を取り消しました")
    expect(page.locator("#scan")).to_be_focused()
    for text in (one[0], two[0]):
        scan(page, text)
    expect(page.locator(".notice-item").first).to_contain_text(two[0])
    page.keyboard.press("F8")
    expect(page.locator(".notice-headline").first).to_contain_text("返却を取り消しました")
    page.keyboard.press("F8")
    expect(page.locator(".notice-headline").first).to_contain_text("返却の取消はもうできません")
    with connect(site.database) as database:
        open_items = database.execute(
            "SELECT i.barcode FROM ils.loan l JOIN ils.item i ON i.id = l.item_id"
            " WHERE l.returned_on IS NULL AND i.barcode = ANY (%s)",
            [[one[0], two[0]]],
        ).fetchall()
    assert open_items == [(two[0],)]


def test_digits_go_into_the_scan_field_wherever_the_focus_is(page: Page, site: Site) -> None:
    log_in(page, site)
    page.keyboard.press("F3")
    page.wait_for_url("**/return/")
    page.locator("[name=day][value=drop]").focus()
    page.keyboard.press("Space")
    scan(page, "9999999999")
    expect(page.locator(".notice-headline").first).to_contain_text("登録のない資料番号です")
    expect(page.locator("[name=day][value=drop]")).to_be_checked()


@pytest.mark.parametrize("path", ["/lend/", "/return/", "/return/check/"])
def test_the_counter_needs_no_scrolling(page: Page, site: Site, path: str) -> None:
    log_in(page, site)
    page.goto(f"http://localhost:{site.staff}{path}")
    for number in range(5):
        scan(page, f"999999999{number}")
    expect(page.locator(".notice").first).to_be_visible()
    height = page.evaluate("document.querySelector('.result').getBoundingClientRect().bottom")
    assert height <= 800
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_paper_slips_are_entered_by_the_keyboard_alone(page: Page, site: Site) -> None:
    """A batch begun, a conflict and a done slip scanned, the conflict put aside; the field keeps the focus."""
    with connect(site.database) as database:
        (item,) = database.execute("SELECT barcode FROM ils.item ORDER BY id DESC LIMIT 1").fetchone()
    log_in(page, site)
    page.goto(f"http://localhost:{site.staff}/paper/")
    page.locator("#id_day").fill(str(dt.datetime.now(tz=dt.UTC).date() - dt.timedelta(days=1)))
    page.locator("#id_lends").fill("1")
    page.locator("#id_returns").fill("1")
    page.keyboard.press("Enter")
    expect(page.locator("#scan")).to_be_focused()
    scan(page, item)
    expect(page.locator(".notice-headline")).to_contain_text("貸出中ではありません")
    scan(page, "99999999")
    expect(page.locator("label[for=scan]")).to_contain_text("99999999")
    scan(page, item)
    expect(page.get_by_text("すべての控えを入力しました")).to_be_visible()
    expect(page.get_by_text("要判断 1枚")).to_be_visible()
    page.get_by_role("button", name="見送り").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("見送り 1枚")).to_be_visible()
    expect(page.locator("#scan")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_an_unanswered_scan_waits_on_the_screen_for_the_next_enter(page: Page, site: Site) -> None:
    log_in(page, site)
    page.route("**/lend/", lambda route: route.fulfill(status=502, content_type="text/html", body="away"))
    scan(page, "1234")
    expect(page.locator("[data-offline]")).to_be_visible()
    expect(page.locator("[data-waiting]")).to_contain_text("1234")
    expect(page.locator("#scan")).to_be_focused()
    page.unroute("**/lend/")
    page.keyboard.press("Enter")
    expect(page.locator("[data-offline]")).to_be_hidden()
    expect(page.locator(".notice-stop")).to_contain_text("先に利用者カードを走査してください")


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("path", ["/", "/search/?q=太宰", f"/records/{MEROS}/", "/en/"])
def test_pages_fit_every_width(page: Page, site: Site, width: int, path: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"http://localhost:{site.public}{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_skip_link_is_the_first_stop_and_leads_to_the_content(page: Page, site: Site) -> None:
    page.goto(f"http://localhost:{site.public}/")
    page.keyboard.press("Tab")
    link = page.locator(".skip")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
