"""What hosts and their doors are worth to the scanners that anybody may run on them. `make audit` keeps the reports."""

from __future__ import annotations

import datetime
import json

import console
import pytest
import scans
from converged import Converged
from endpoints import CITIZENS, ENDPOINTS, OPAC, Endpoint
from segments.site import Site

from shoko.hardening.observatory import findings, score
from shoko.hardening.sandbox import bar, sandboxes


def hosts(site: Site) -> list[str]:
    """Every declared host: the lab's outside parties are not the site's."""
    return sorted(site.declaration.hosts)


def test_no_unit_on_any_host_is_more_exposed_than_the_bar_without_a_waiver(converged: Converged, site: Site) -> None:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    seen, wrong = set(), []
    for host in hosts(site):
        units = scans.confined(converged, host)
        found = scans.exposures(converged, host, units)
        wrong += scans.let_loose(converged, host, units)
        for unit, in_force in units.items():
            seen.add(unit)
            if not in_force:
                wrong.append(f"{host}: {unit}: no sandbox beside its unit")
            waiver, exposure = sandboxes()[unit].waiver, found[unit]
            if waiver is None and exposure > bar():
                wrong.append(f"{host}: {unit}: {exposure}")
            if waiver is not None and (exposure <= bar() or waiver.until < today):
                wrong.append(f"{host}: {unit}: {exposure}: the waiver has ended or is needed no more")
    assert not wrong, "\n".join(wrong)
    # Mail is an option that the lab does not take, and what needs a kernel of its own is where one is (make kernel);
    # everything else is there to be looked at.
    elsewhere = {"ils-notices"} | {unit for unit, one in sandboxes().items() if one.role == "hardening"}
    assert seen - elsewhere == set(sandboxes()) - elsewhere


JOBS = ["tidy", "expire-holds", "overdue-notices", "analyse-audit", "verify-audit", "ship-audit"]


@pytest.mark.parametrize(
    ("host", "unit"),
    [("app1", f"ils-{job}") for job in JOBS]
    + [("bas1", "shoko-windows"), ("ctl1", "shoko-certificates"), ("ctl1", "shoko-integrity")],
)
def test_what_a_timer_starts_does_its_work_in_its_sandbox(converged: Converged, host: str, unit: str) -> None:
    """All of them are repeatable; what is done already is not done again."""
    # One of them reads the files of all hosts.
    done = converged.inside(host, "systemctl", "start", unit, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert converged.said(host, "systemctl", "show", "-p", "Result", "--value", unit) == "success"


def test_collectors_that_can_make_no_thread_would_say_nothing(converged: Converged, site: Site) -> None:
    """rsyslog runs on with one thread, silently, when its sandbox keeps it from making others: nothing would arrive."""
    for host in hosts(site):
        threads = converged.said(host, "sh", "-c", "ls /proc/$(pidof rsyslogd)/task | wc -l")
        assert int(threads) >= 4, f"{host}: the main queue, the journal and two senders want threads"


def test_whoever_listens_or_is_ours_is_declared(converged: Converged, site: Site) -> None:
    strangers = []
    for host in hosts(site):
        listening = scans.listening_units(converged, host)
        assert "ssh" in listening, f"{host}: not even SSH is seen to listen"
        scans.keep(f"listeners/{host}.json", json.dumps({unit: sorted(ports) for unit, ports in listening.items()}))
        for unit in (set(listening) | scans.own_units(converged, host)) - set(sandboxes()):
            strangers.append(f"{host}: {unit} {sorted(listening.get(unit, ()))}")
    assert not strangers, "\n".join(strangers)


def test_ssh_audit_has_nothing_to_say_of_any_host(site: Site) -> None:
    said = {}
    for host in hosts(site):
        address = str(site.declaration.hosts[host].manage_leg.ipv4)
        said[host] = scans.ssh_audit(site, host, address)
    assert not {host: words for host, words in said.items() if words}


def test_no_password_opens_anything(converged: Converged, site: Site) -> None:
    for host in hosts(site):
        usable = [
            line.split(":")[0]
            for line in converged.said(host, "cat", "/etc/shadow").splitlines()
            if not line.split(":")[1].startswith(("!", "*"))
        ]
        assert not usable, f"{host}: {usable}"
        effective = converged.said(host, "sshd", "-T").splitlines()
        for wanted in (
            "authenticationmethods publickey", "passwordauthentication no", "kbdinteractiveauthentication no",
            "permitrootlogin no", "x11forwarding no",
            "banner /etc/issue.net",
        ):  # fmt: skip
            assert wanted in effective, f"{host}: {wanted}"
        people = {"shoko-people"} if "bastions" in site.declaration.hosts[host].groups else set()
        let_in = {line.split()[1] for line in effective if line.startswith("allowgroups ")}
        assert let_in == {"shoko", "shoko-observe"} | people, host
        passed_on = "local" if "bastions" in site.declaration.hosts[host].groups else "no"
        assert f"allowtcpforwarding {passed_on}" in effective, host


@pytest.mark.parametrize("host", ["app1", "bas1", "db1", "tb-south"])
def test_passwords_at_a_console(converged: Converged, host: str) -> None:
    """What needs no kernel of its own holds in a container too; the rest of role `hardening` is for `make kernel`."""

    def run(command: str, *, check: bool = True) -> str:
        done = converged.inside(host, "sh", "-c", command)
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    console.closes_after_wrong_passwords(run)
    console.keeps_root_out(run)


def test_a_persons_shell_is_strict_and_what_root_installs_is_not(converged: Converged, site: Site) -> None:
    title = site.declaration.title
    for host in hosts(site):
        said = converged.said(host, "su", "-", "shoko", "-c", "umask; echo $TMOUT; ulimit -Hc; sudo -n sh -c umask")
        assert said.split() == ["0077", "600", "0", "0022"], host
        for banner in ("/etc/issue", "/etc/issue.net"):
            lines = converged.said(host, "cat", banner).splitlines()
            assert lines[:2] == [f"{title.ja} 図書館情報システム", f"{title.en}, library information system"], host
            assert "不正アクセス行為の禁止等に関する法律" in lines[3], host
            assert "recorded" in lines[4], host
            assert "prohibited by law" in lines[5], host
        assert converged.said(host, "sh", "-c", "systemctl is-active sshd-unix-local.socket || true") == "inactive", (
            host
        )


# What holds persons' data (D-13): nobody but its owner, and the group that reads it, may even look.
PRIVATE = {
    "/var/lib/postgresql/17/shoko": ("postgres", {"db1", "db2", "db3"}),
    "/var/lib/pgbackrest": ("postgres", {"bak1"}),
    "/var/log/shoko": ("root", {"log1", "log2"}),
}


@pytest.mark.parametrize("path", PRIVATE)
def test_folders_with_persons_data_are_closed_to_others(converged: Converged, site: Site, path: str) -> None:
    owner, where = PRIVATE[path]
    found = {}
    for host in hosts(site):
        if said := converged.said(host, "sh", "-c", f"stat -c '%U %a' {path} 2>/dev/null || true"):
            found[host] = said.split()
    assert where <= set(found)
    assert {user for user, _ in found.values()} == {owner}
    assert [mode for _, mode in found.values() if not mode.endswith("0")] == []


OUTDATED = ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")


WITHOUT_TLS = {
    "ssh": "has its own cryptography; ssh-audit looks at it",
    "dns": "names of the site itself, in the clear as DNS is",
    "proxy": "carries what its two ends encrypt",
    "web": "sites outside, not ours",
}


def test_every_service_of_the_declaration_is_looked_at(site: Site) -> None:
    looked_at = {int(one.at.rpartition(":")[2]) for one in ENDPOINTS}
    unseen = {
        name
        for name, service in site.declaration.services.items()
        for port in service.ports
        if port.protocol == "tcp" and port.number not in looked_at
    }
    assert unseen == set(WITHOUT_TLS)


@pytest.mark.parametrize("looker", sorted({one.looker for one in ENDPOINTS}))
def test_who_looks_could_speak_an_outdated_tls(converged: Converged, looker: str) -> None:
    """To a server of its own: else no endpoint would be seen to refuse anything."""
    assert "Protocol version: TLSv1.1" in scans.hello_to_itself(converged, looker, *OUTDATED)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.name)
def test_tls_is_of_today_everywhere(converged: Converged, endpoint: Endpoint) -> None:
    today = scans.hello(converged, endpoint)
    scans.keep(f"tls/{endpoint.name}.txt", today)
    assert "Protocol version: TLSv1.3" in today
    assert endpoint.group in today
    former = scans.hello(converged, endpoint, *OUTDATED)
    assert "Protocol version" not in former


def test_the_webopac_is_worth_125_points_to_the_observatory(converged: Converged) -> None:
    for path in ("/", "/search/?q=%E8%B5%B0", "/my/", "/registration/", "/password/", "/nowhere"):
        found = findings(scans.answer(converged, path, OPAC, CITIZENS))
        assert score(found) >= 125, [one for one in found if one.points <= 0]
