"""Certificates and accounts of people: what they say, and when there is none. What sshd makes of it, the lab shows."""

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.shoko.core.plugins.filter.people import people_files, people_users
from shoko.bootstrap.keys import ensure_pair
from shoko.cli import main
from shoko.declaration.load import load
from shoko.policy.slice import slices
from shoko.trust import TrustError
from shoko.trust import commands as trust_commands
from shoko.trust.people import ensure_issuer, sign, until

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
VENDOR = "vendor-engineer"


@pytest.fixture(scope="module")
def lab():
    return load(ROOT / "inventories/lab")


@pytest.fixture
def place(tmp_path, lab):
    """An authority, and the lab with a vendor and a member of staff who have keys of their own."""
    keys = {name: ensure_pair(tmp_path / name, name).public for name in (VENDOR, "clerk")}
    vendor = replace(lab.people[VENDOR], ssh_key=keys[VENDOR])
    clerk = replace(vendor, name="clerk", kind="staff", ssh_key=keys["clerk"], until=None)
    ensure_issuer(tmp_path)
    return tmp_path, replace(lab, people={VENDOR: vendor, "clerk": clerk})


def said(tmp_path, certificate):
    """What ssh-keygen reads in a certificate."""
    file = tmp_path / "shown-cert.pub"
    file.write_text(certificate)
    return subprocess.run(
        ["ssh-keygen", "-L", "-f", str(file)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TZ": "UTC"},
    ).stdout


def test_a_certificate_is_for_one_person_from_the_own_address_and_for_hours(place):
    tmp_path, site = place
    signed = sign(tmp_path, site, VENDOR, NOW + HOUR, NOW)
    shown = said(tmp_path, signed.certificate)
    assert "Valid: from 2026-12-01T02:55:00 to 2026-12-01T04:00:00" in shown
    assert shown.split("Principals:")[1].split("Critical")[0].split() == [VENDOR]
    assert "source-address 10.10.70.21,fd5e:c0:0:70::21" in shown
    assert shown.split("Extensions:")[1].split() == ["permit-pty"]
    assert "permit-port-forwarding" in said(tmp_path, sign(tmp_path, site, "clerk", NOW + HOUR, NOW).certificate)
    noted = [json.loads(line) for line in (tmp_path / "issued.jsonl").read_text().splitlines()]
    assert [one["name"] for one in noted] == [VENDOR, "clerk"]


@pytest.mark.parametrize(
    ("asked", "end"),
    [
        (("clerk", 8 * HOUR, None, NOW), NOW + 8 * HOUR),
        ((VENDOR, 8 * HOUR, NOW + HOUR, NOW), NOW + HOUR),
        ((VENDOR, HOUR, NOW + 4 * HOUR, NOW), NOW + HOUR),
        # The last day is over at midnight of the site, 15:00 of UTC.
        ((VENDOR, 8 * HOUR, datetime(2031, 3, 31, 23, tzinfo=UTC), datetime(2031, 3, 31, 14, tzinfo=UTC)),
         datetime(2031, 3, 31, 15, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_it_ends_with_the_window_and_with_the_account(place, asked, end):
    assert until(place[1], *asked) == end


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((VENDOR, HOUR, None, NOW), "no window is open for vendor-engineer"),
        ((VENDOR, HOUR, NOW + HOUR, datetime(2031, 3, 31, 15, tzinfo=UTC)), "has ended"),
        (("clerk", 9 * HOUR, None, NOW), "longer than 8h"),
        (("nobody", HOUR, None, NOW), "no such person: nobody"),
    ],
)
def test_without_a_reason_there_is_none(place, asked, words):
    with pytest.raises(TrustError, match=words):
        until(place[1], *asked)


def test_only_a_declared_key_that_is_not_revoked_is_signed(place, tmp_path):
    authority, site = place
    key = site.people["clerk"].ssh_key
    with pytest.raises(TrustError, match="revoked_keys"):
        sign(authority, replace(site, revoked_keys=(key,)), "clerk", NOW + HOUR, NOW)
    without = replace(site.people["clerk"], ssh_key=None)
    with pytest.raises(TrustError, match="no ssh_key"):
        sign(authority, replace(site, people={"clerk": without}), "clerk", NOW + HOUR, NOW)
    with pytest.raises(TrustError, match="shoko trust init"):
        sign(tmp_path / "nowhere", site, "clerk", NOW + HOUR, NOW)
    assert not (authority / "issued.jsonl").exists()


def test_the_command_signs_for_a_vendor_while_the_window_is_open(tmp_path, monkeypatch, capsys):
    ca, site = str(tmp_path / "ca"), str(ROOT / "inventories/lab")
    assert main(["trust", "init", "-i", site, "--ca-dir", ca]) == 0
    out = tmp_path / "key-cert.pub"
    words = ["trust", "ssh-certificate", VENDOR, "--for", "8h", "-i", site, "--ca-dir", ca, "--out", str(out)]
    monkeypatch.setattr("shoko.trust.people.CHECKOUT", tmp_path)
    monkeypatch.setattr(trust_commands, "open_until", lambda *_words: None)
    assert main(words) == 1
    assert "no window is open" in capsys.readouterr().err
    assert not out.exists()
    end = datetime.now(UTC) + HOUR
    monkeypatch.setattr(trust_commands, "open_until", lambda *_words: end)
    assert main(words) == 0
    assert f"to {end:%Y-%m-%dT%H:%M:%S}" in said(tmp_path, out.read_text())
    assert (tmp_path / "ca/people/issuer").stat().st_mode & 0o777 == 0o600


def test_an_authority_of_before_gets_what_it_lacks(tmp_path, capsys):
    words = ["-i", str(ROOT / "inventories/lab"), "--ca-dir", str(tmp_path / "ca")]
    assert main(["trust", "init", *words]) == 0
    for file in (tmp_path / "ca/people").iterdir():
        file.unlink()
    assert main(["trust", "init", *words]) == 0
    assert (tmp_path / "ca/people/issuer.pub").read_text().startswith("ssh-ed25519 ")
    assert main(["trust", "show", *words]) == 0
    assert "people/issuer" in capsys.readouterr().out


def opens(site, **staff):
    """The files that open accounts on the bastion, by path, where the vendor is staff with these differences."""
    person = replace(site.people[VENDOR], kind="staff", **staff)
    slice_ = slices(replace(site, people={VENDOR: person}))["bas1"]
    return {one["path"]: one["content"] for one in people_files(slice_["accounts"])}


def test_a_vendors_key_alone_opens_nothing(place):
    accounts = slices(place[1])["bas1"]["accounts"]
    assert [one["path"] for one in people_files(accounts)] == [f"/etc/ssh/people/principals/{VENDOR}"]
    (one,) = accounts["people"]
    assert (one["ends"], one["last_day"]) == ("20310331150000Z", "2031-03-31")
    assert people_users(accounts)[0]["last_day"] == "2031-03-31"
    assert "accounts" not in slices(place[1])["fw1"]


def test_staff_have_their_key_until_the_very_end_unless_only_certificates_count(place):
    _, site = place
    keys = f"/etc/ssh/authorized_keys/{VENDOR}"
    line = opens(site)[keys]
    assert line.startswith("restrict,pty,port-forwarding,from=")
    assert 'from="10.10.70.21,fd5e:c0:0:70::21",expiry-time="20310331150000Z" ssh-ed25519 ' in line
    assert "expiry-time" not in opens(site, until=None)[keys]
    only = replace(site, policies=replace(site.policies, certificates="only"))
    assert list(opens(only)) == [f"/etc/ssh/people/principals/{VENDOR}"]
    assert opens(site, ssh_key=None) == {}
