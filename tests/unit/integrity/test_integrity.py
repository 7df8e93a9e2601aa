"""What `shoko integrity` makes of hosts' fingerprints: differences in words, what is kept, and what is refused."""

from pathlib import Path

import pytest

from shoko.cli import main
from shoko.integrity import commands
from shoko.integrity.errors import IntegrityError
from shoko.integrity.fingerprint import WORDS, differences, entries
from shoko.integrity.kept import Kept
from shoko.window.remote import Answer

SITE = str(Path(__file__).resolve().parents[3] / "inventories" / "lab")
COLUMNS = ["name", *WORDS]
PLAIN = {"lname": "0", "perm": "100644", "uid": "0", "gid": "0", "size": "1", "lcount": "1", "acl": "0",
         "sha256": "aaa", "xattrs": "0", "capabilities": "0"}  # fmt: skip


def database(**files):
    """AIDE's database of files, each with what is not plain about it."""
    rows = [" ".join([f"/etc/{name}", *(PLAIN | other).values()]) for name, other in files.items()]
    return "\n".join(["@@begin_db", "@@db_spec " + " ".join(COLUMNS), *rows, "@@end_db"]) + "\n"


def test_each_kind_of_difference_is_said():
    before = entries(database(same={}, gone={}, rights={}, content={}))
    now = entries(database(same={}, rights={"perm": "104755"}, content={"sha256": "bbb"}, fresh={"perm": "104755"}))
    assert [one.text for one in differences(before, now)] == [
        "changed /etc/content (content)",
        "new     /etc/fresh (runs as its owner or group: rights 104755)",
        "gone    /etc/gone",
        "changed /etc/rights (rights 100644 → 104755)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        database(one={}).replace("@@end_db", ""),
        database(one={}).replace("sha256 ", ""),
        database(one={"acl": "0 0"}),
    ],
)
def test_what_is_no_whole_database_is_refused(text):
    with pytest.raises(IntegrityError):
        entries(text)


def test_what_is_kept_is_believed_for_its_host_and_unchanged_only(tmp_path):
    kept = Kept(tmp_path / "kept")
    assert kept.read("px1") is None
    kept.write("px1", "content\n")
    assert kept.read("px1") == "content\n"
    file, seal = tmp_path / "kept/px1.db", tmp_path / "kept/px1.db.sig"
    for suffix, one in ((".db", file), (".db.sig", seal)):
        (tmp_path / f"kept/px2{suffix}").write_bytes(one.read_bytes())
    with pytest.raises(IntegrityError, match="not what was signed for px2"):
        kept.read("px2")
    file.write_bytes(file.read_bytes().replace(b"content", b"contend"))
    with pytest.raises(IntegrityError, match="somebody changed it"):
        kept.read("px1")
    file.unlink()
    with pytest.raises(IntegrityError, match="No such file"):
        kept.read("px1")


def test_a_first_time_is_said_and_never_a_pass(tmp_path, monkeypatch, capsys):
    told = database(one={})
    monkeypatch.setattr(commands, "ask", lambda *_words, **_more: [Answer("px1", told, None)])
    words = ["-i", SITE, "--host", "px1", "--kept", str(tmp_path / "kept")]
    assert main(["integrity", "check", *words]) == 2
    assert "nothing is kept to compare with" in capsys.readouterr().out
    assert main(["integrity", "accept", *words]) == 0
    assert "px1: first time: there was nothing to compare with" in capsys.readouterr().out
    assert main(["integrity", "check", *words]) == 0
    told = database(one={"size": "2"})
    assert main(["integrity", "check", *words]) == 1
    assert "px1: changed /etc/one (size)" in capsys.readouterr().out
    assert main(["integrity", "check", "-i", SITE, "--host", "px9"]) == 2
