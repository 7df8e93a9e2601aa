"""The lines of a plan: one per flow and pair of zones, exact, gateways first; and the page that holds them."""

import json
from types import SimpleNamespace

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs

from ansible_collections.shoko.core.plugins.callback import plan
from ansible_collections.shoko.core.plugins.plugin_utils.packets import lines

BOTH = ("ipv4", "ipv6")


def entry(chain, source, destination, port=443, *, families=BOTH, **more):
    ways = [[family, "tcp", port, f"{family} of {source}", f"{family} of {destination}"] for family in families]
    return {
        "chain": chain, "flow": "citizen", "from": source, "to": destination, "service": "https", "users": [],
        "windowed": False, "ways": ways, **more,
    }  # fmt: skip


def permitted(**hosts):
    return {host: {"permitted": entries, "denied": []} for host, entries in hosts.items()}


def test_a_line_says_who_may_what_and_where_gateways_first():
    forward, answer = entry("forward", "internet", "dmz/opac"), entry("input", "internet", "dmz/opac")
    assert lines(permitted(a1=[answer], fw2=[forward], fw1=[forward])) == [
        "citizen: internet → dmz/opac  tcp/443 (https)  newly permitted on fw1 fw2 a1"
    ]


def test_nothing_newly_permitted_or_denied_is_no_line():
    assert lines({}) == []
    assert lines(permitted(fw1=[])) == []


def test_what_is_denied_follows():
    changes = {"fw1": {"permitted": [entry("forward", "dmz/rp1", "webopac/app1")],
                       "denied": [entry("forward", "internet", "webopac/app1")]}}  # fmt: skip
    assert [line.split("  ")[-1] for line in lines(changes)] == ["newly permitted on fw1", "newly denied on fw1"]


def test_ends_share_a_line_only_where_all_reach_all():
    pairs = [("dmz/rp1", "webopac/app1"), ("dmz/rp1", "webopac/app2"), ("dmz/rp2", "webopac/app1")]
    assert lines(permitted(fw1=[entry("forward", *pair) for pair in pairs])) == [
        "citizen: dmz/rp1 → webopac/app1,app2  tcp/443 (https)  newly permitted on fw1",
        "citizen: dmz/rp2 → webopac/app1  tcp/443 (https)  newly permitted on fw1",
    ]
    pairs.append(("dmz/rp2", "webopac/app2"))
    assert lines(permitted(fw1=[entry("forward", *pair) for pair in pairs])) == [
        "citizen: dmz/rp1,rp2 → webopac/app1,app2  tcp/443 (https)  newly permitted on fw1"
    ]


def test_ports_of_one_service_share_a_line_and_one_family_is_said():
    web = [entry("forward", "information/px1", "internet", port, families=("ipv4",)) for port in (80, 443)]
    assert lines(permitted(fw1=web)) == [
        "citizen: information/px1 → internet  tcp/443 tcp/80 (https) ipv4 only  newly permitted on fw1"
    ]


def test_half_a_permission_is_told_apart():
    found = lines(permitted(
        fw1=[entry("forward", "dmz/rp1", "webopac/app1"), entry("forward", "dmz/rp2", "webopac/app1")],
        rp1=[entry("output", "dmz/rp1", "webopac/app1")],
    ))  # fmt: skip
    assert [line.split(" on ")[1] for line in found] == ["fw1", "fw1 rp1"]
    assert "dmz/rp2 → webopac/app1" in found[0]


def test_sender_processes_and_windows_are_said():
    found = lines(permitted(app1=[entry("output", "business/app1", "data/db1", users=["ils"], windowed=True)]))
    assert found == [
        "citizen: business/app1 → data/db1  tcp/443 (https)  newly permitted in its window on app1 for ils"
    ]


def test_an_end_that_moved_shows_its_addresses():
    old, new = entry("output", "dmz/rp1", "data/db1", families=("ipv4",)), None
    new = {**old, "ways": [["ipv4", "tcp", 443, "10.0.0.9", "ipv4 of data/db1"]]}
    found = lines({"rp1": {"permitted": [new], "denied": [old]}})
    assert "dmz/rp1 [10.0.0.9] → data/db1 [ipv4 of data/db1]" in found[0]
    assert "dmz/rp1 [ipv4 of dmz/rp1] → " in found[1]


class Page:
    """A callback that has seen results, and what it printed and wrote."""

    def __init__(self, monkeypatch, tmp_path, check):
        monkeypatch.setattr(context, "CLIARGS", CLIArgs({"check": check}))
        self.file = tmp_path / "plan.json"
        self.printed = []
        self.callback = plan.CallbackModule()
        self.callback.get_option = {"output": str(self.file)}.get
        self.callback._display = SimpleNamespace(banner=self.printed.append, display=self.printed.append)

    def saw(self, host, task, **result):
        self.callback.v2_runner_on_ok(SimpleNamespace(
            host=SimpleNamespace(get_name=lambda: host), task=SimpleNamespace(action=f"shoko.core.{task}"),
            result=result,
        ))  # fmt: skip

    def end(self):
        self.callback.v2_playbook_on_stats(None)
        return self.printed, json.loads(self.file.read_text())


@pytest.fixture
def page(monkeypatch, tmp_path):
    return lambda check: Page(monkeypatch, tmp_path, check)


def test_the_page_has_packets_files_packages_firewalls_and_units(page):
    run = page(True)
    opened = entry("forward", "internet", "dmz/opac")
    run.saw("fw1", "firewall", changed=True, reasons=["it is another"], permitted=[opened], denied=[])
    file = {"path": "/etc/b", "change": "create", "kind": "file"}
    for _part in ("one", "two"):
        run.saw("rp1", "files", changed=True, files=[file], due={"restart": ["nginx"], "reload": []})
    run.saw("rp1", "certificates", changed=True, files=[{"path": "/etc/a", "change": "create"}], due={"reload": ["x"]})
    run.saw("rp1", "packages", changed=True, installed=["nginx-light"])
    run.saw("db1", "files", changed=False, files=[], due={})
    printed, written = run.end()
    assert printed == [
        "PLAN",
        "citizen: internet → dmz/opac  tcp/443 (https)  newly permitted on fw1",
        "fw1", "    firewall it is another",
        "rp1", "    new      /etc/a", "    new      /etc/b", "    install  nginx-light",
        "    reload x", "    restart nginx",
    ]  # fmt: skip
    assert written["packets"] == {"fw1": {"permitted": [opened], "denied": []}}
    assert written["files"] == {"rp1": {"/etc/a": "create", "/etc/b": "create"}}
    assert written["due"] == {"rp1": ["reload x", "restart nginx"]}


def test_what_is_ahead_is_told_before_the_first_play_that_changes_anything(page):
    run = page(False)
    opened, closed = entry("forward", "internet", "dmz/opac"), entry("forward", "internet", "webopac/app1")
    run.saw("fw1", "permits", changed=False, permitted=[opened], denied=[closed])
    run.saw("db1", "permits", changed=False, permitted=[], denied=[])
    assert run.printed == [], "half of the answers would look like all of them"
    run.callback.v2_playbook_on_play_start(None)
    told = [
        "AHEAD",
        "citizen: internet → dmz/opac  tcp/443 (https)  newly permitted on fw1",
        "citizen: internet → webopac/app1  tcp/443 (https)  newly denied on fw1",
    ]
    assert run.printed == told
    run.callback.v2_playbook_on_play_start(None)
    assert run.end()[0] == told, "once, and no page at the end of a run that then changed nothing"


def test_what_is_ahead_is_told_where_no_play_follows(page):
    run = page(False)
    run.saw("fw1", "permits", changed=False, permitted=[entry("forward", "internet", "dmz/opac")], denied=[])
    assert run.end()[0][0] == "AHEAD"


def test_a_run_that_changes_nothing_prints_nothing(page):
    run = page(False)
    run.saw("fw1", "firewall", changed=False, reasons=[], permitted=[], denied=[])
    printed, written = run.end()
    assert printed == []
    assert not any(written.values())
