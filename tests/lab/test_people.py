"""Accounts of people on the converged lab's bastion: a vendor comes in through the tunnel, by a certificate, while the
window is open and until the account's day; nothing else opens it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from converged import Converged
from segments.site import CHECKOUT, SITE, Site
from vendor import VENDOR, private_key, through_tunnel, window

from shoko.declaration import load
from shoko.trust.people import ensure_issuer, sign

BASTION = "bas1"
KEY = CHECKOUT / f".lab/people/{VENDOR}.ssh"
CA = CHECKOUT / ".lab/ca"


@pytest.fixture(scope="module", autouse=True)
def inside(site: Site) -> Iterator[None]:
    """The vendor's device with its tunnel up, and the window open."""
    window("open", "--for", "30m")
    yield from through_tunnel(site, private_key())
    window("close")


def certificate(directory: Path, *more: str) -> tuple[Path, str]:
    """A certificate by the command, and what the command said."""
    out = directory / "certificate.pub"
    command = [sys.executable, "-m", "shoko.cli", "trust", "ssh-certificate", VENDOR, "-i", str(SITE)]
    done = subprocess.run(
        [*command, "--out", str(out), *more],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return out, done.stderr


def log_in(site: Site, certificate: Path | None, user: str = VENDOR, host: str = BASTION, key: Path = KEY) -> str:
    """What the vendor's ssh says at the end: `in`, or why not."""
    # sshd lets nobody in for a while from where log-ins fail (PerSourcePenalties); a new one has forgotten them.
    # systemd would refuse the sixth start within ten seconds.
    site.inside(host, "systemctl", "reset-failed", "ssh")
    site.inside(host, "systemctl", "restart", "ssh")
    address = site.declaration.hosts[host].manage_leg.ipv4
    with_it = ["-o", f"CertificateFile={certificate}"] if certificate else []
    done = subprocess.run(
        [*site.network("vendor"), "ssh", "-F", "none", "-i", str(key), *with_it, "-o", "IdentitiesOnly=yes", "-o",
         "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
         "LogLevel=ERROR", "-o", "ConnectTimeout=60", f"{user}@{address}", "echo in"],
        capture_output=True, text=True, timeout=180, check=False, env=os.environ | {"SSH_AUTH_SOCK": ""},
    )  # fmt: skip
    return done.stdout.strip() or (done.stderr.strip().splitlines() or ["nothing"])[-1]


@contextmanager
def changed(lab: Converged, there: str, back: str) -> Iterator[None]:
    """A change on the bastion by a shell line, and another one that takes it back."""
    lab.said(BASTION, "sh", "-ec", there)
    try:
        yield
    finally:
        lab.said(BASTION, "sh", "-ec", back)


DENIED = f"{VENDOR}@10.10.71.11: Permission denied (publickey)."


def test_a_vendor_comes_in_by_a_certificate_that_ends_with_the_window(site: Site, tmp_path: Path) -> None:
    signed, said = certificate(tmp_path, "--for", "8h")
    ends = [re.search(r"until (\d+-\d+-\d+ \d+:\d+)", text) for text in (said, window("list"))]
    certified, opened = (datetime.fromisoformat(one[1]) for one in ends if one is not None)
    assert abs(certified - opened) <= timedelta(minutes=1), "the kernel's own count of seconds is rounded"
    assert log_in(site, signed) == "in"


def test_the_key_alone_opens_nothing(site: Site) -> None:
    assert log_in(site, None) == DENIED


def test_it_opens_no_other_account(site: Site, tmp_path: Path) -> None:
    signed, _ = certificate(tmp_path, "--for", "10m")
    for user in ("shoko", "root", "shoko-observe"):
        assert log_in(site, signed, user) == DENIED.replace(VENDOR, user)


def test_it_gives_no_right_of_root_and_passes_nothing_on(site: Site, converged: Converged, tmp_path: Path) -> None:
    assert converged.inside(BASTION, "runuser", "-u", VENDOR, "--", "sudo", "-n", "id").returncode != 0
    signed, _ = certificate(tmp_path, "--for", "10m")
    address = site.declaration.hosts[BASTION].manage_leg.ipv4
    done = subprocess.run(
        [*site.network("vendor"), "ssh", "-F", "none", "-i", str(KEY), "-o", f"CertificateFile={signed}", "-o",
         "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
         "UserKnownHostsFile=/dev/null", "-W", "10.10.50.11:22", f"{VENDOR}@{address}"],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "SSH-2.0" not in done.stdout
    assert "administratively prohibited" in done.stderr


def test_a_certificate_that_is_over_or_of_another_authority_or_for_another_place_opens_nothing(
    site: Site, tmp_path: Path
) -> None:
    declaration, now = load(SITE), datetime.now(UTC)
    (tmp_path / "other").mkdir()
    ensure_issuer(tmp_path / "other")
    hour = timedelta(hours=1)
    person = declaration.people[VENDOR]
    tried = {
        "over": sign(CA, declaration, VENDOR, now - hour, now - 2 * hour),
        "another authority": sign(tmp_path / "other", declaration, VENDOR, now + hour, now),
    }
    for what, signed in tried.items():
        file = tmp_path / "tried.pub"
        file.write_text(signed.certificate)
        assert log_in(site, file) == DENIED, what
    elsewhere = subprocess.run(
        ["ssh-keygen", "-q", "-s", str(CA / "people/issuer"), "-I", "x", "-n", VENDOR, "-V", "+10m", "-O",
         "source-address=192.0.2.1", str(KEY.with_name(KEY.name + ".pub"))],
        capture_output=True, check=True,
    )  # fmt: skip
    assert elsewhere.returncode == 0
    made = KEY.with_name(KEY.name + "-cert.pub")
    assert log_in(site, made.rename(tmp_path / "elsewhere.pub")) == DENIED, person.ipv4


def test_an_account_ends_by_itself_on_its_day(site: Site, converged: Converged, tmp_path: Path) -> None:
    shadow = converged.said(BASTION, "getent", "shadow", VENDOR).split(":")
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(shadow[7])) == datetime(2031, 3, 31, tzinfo=UTC)
    signed, _ = certificate(tmp_path, "--for", "10m")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    with changed(converged, f"chage -E {yesterday} {VENDOR}", f"chage -E 2031-03-31 {VENDOR}"):
        assert log_in(site, signed) != "in"
    assert log_in(site, signed) == "in"


def test_a_password_that_is_old_keeps_nobody_out_who_has_none(site: Site, converged: Converged, tmp_path: Path) -> None:
    """Passwords end after a year, accounts on their day: this one's is later, and it could change no password."""
    shadow = converged.said(BASTION, "getent", "shadow", VENDOR).split(":")
    assert shadow[4] == "365", "else this test would say nothing"
    was = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(shadow[2]))
    signed, _ = certificate(tmp_path, "--for", "10m")
    with changed(converged, f"chage -d 2020-01-01 {VENDOR}", f"chage -d {was.date().isoformat()} {VENDOR}"):
        assert log_in(site, signed) == "in"


def test_a_revoked_key_opens_nothing_in_a_certificate_either(site: Site, converged: Converged, tmp_path: Path) -> None:
    signed, _ = certificate(tmp_path, "--for", "10m")
    key = KEY.with_name(KEY.name + ".pub").read_text().strip()
    file = "/etc/ssh/people/revoked"
    with changed(converged, f"cp -p {file} /run/revoked; echo '{key}' >>{file}", f"cp -p /run/revoked {file}"):
        assert log_in(site, signed) == DENIED
    assert log_in(site, signed) == "in"


def test_without_the_name_among_the_principals_nothing_opens(site: Site, converged: Converged, tmp_path: Path) -> None:
    signed, _ = certificate(tmp_path, "--for", "10m")
    file = f"/etc/ssh/people/principals/{VENDOR}"
    with changed(converged, f"mv {file} /run/principal", f"mv /run/principal {file}"):
        assert log_in(site, signed) == DENIED


def test_a_key_of_staff_is_good_until_its_very_end(site: Site, converged: Converged) -> None:
    key = KEY.with_name(KEY.name + ".pub").read_text().strip()
    file = f"/etc/ssh/authorized_keys/{VENDOR}"
    for end, said in ((timedelta(minutes=10), "in"), (timedelta(seconds=-10), DENIED)):
        until = (datetime.now(UTC) + end).strftime("%Y%m%d%H%M%SZ")
        line = f'restrict,pty,port-forwarding,from="10.10.70.21",expiry-time="{until}" {key}'
        with changed(converged, f"echo '{line}' >{file}", f"rm {file}"):
            assert log_in(site, None) == said


def test_other_hosts_believe_no_such_authority(converged: Converged) -> None:
    for host in ("fw1", "app1", "ctl1"):
        assert "trustedusercakeys none" in converged.said(host, "sshd", "-T")
        assert converged.inside(host, "getent", "passwd", VENDOR).returncode != 0


def test_after_the_window_there_is_no_certificate(tmp_path: Path) -> None:
    window("close")
    try:
        out, said = certificate(tmp_path, "--for", "10m")
        assert "no window is open" in said
        assert not out.exists()
    finally:
        window("open", "--for", "10m")
