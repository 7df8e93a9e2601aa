"""What `shoko integrity` makes of hosts' fingerprints: differences in words, what is kept, and what is refused."""

import json
from dataclasses import dataclass, field

import pytest

from shoko.cli import main
from shoko.integrity import commands, compare, control, seal
from shoko.integrity.control import Control
from shoko.integrity.errors import IntegrityError
from shoko.integrity.fingerprint import WORDS, differences, entries, text_of
from shoko.integrity.kept import Accepted, Kept, Statement
from shoko.integrity.run import LONGEST
from shoko.observe.fingerprint import Answered

from . import SITE, declaration

COLUMNS = ["name", "inode", *WORDS]
PLAIN = {"inode": "7", "lname": "0", "perm": "100644", "uid": "0", "gid": "0", "size": "1", "lcount": "1", "acl": "0",
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


def test_the_same_files_are_the_same_text_whatever_aide_thinks_of_them():
    one, other = entries(database(a={}, b={})), entries(database(b={"inode": "9"}, a={"inode": "8"}))
    assert text_of(one) == text_of(other)
    assert entries(text_of(one)).keys() == one.keys()


@dataclass
class Site:
    """A control node whose hosts answer with what stands in `files`; `told` is its journal."""

    control: Control
    keys: object
    files: dict = field(default_factory=dict)
    told: list = field(default_factory=list)
    asked: list = field(default_factory=list)

    def accept(self, statement):
        return self.control.accept(seal.sealed(self.keys, statement))

    def by_hand(self, *hosts):
        """What `shoko integrity accept` does."""
        found = self.control.read(hosts)
        offered = {one["host"]: Accepted(one["offered"]) for one in found["hosts"] if one["offered"]}
        self.accept(self.control.kept.statement().with_hosts(offered, "now").text())

    def run(self, change, *hosts, inputs="x", whole=True):
        """What `site.yml` does; what it printed before and after."""
        before = self.control.begin(hosts, inputs)
        change()
        left = self.control.end(hosts, inputs, whole=whole)
        if left["statement"]:
            self.accept(left["statement"])
        return before, left["said"]


@pytest.fixture
def site(tmp_path, monkeypatch):
    (tmp_path / "signers").write_text(seal.allowed(tmp_path / "keys"))
    kept = Kept(tmp_path / "kept", tmp_path / "signers", "lab")
    (tmp_path / "kept").mkdir()
    made = Site(Control(declaration(), tmp_path / "observer", kept), tmp_path / "keys")

    def answer(command):
        host = next(word.removeprefix("HostKeyAlias=") for word in command if word.startswith("HostKeyAlias="))
        made.asked.append(host)
        text = made.files.get(host, {"same": {}})
        return Answered(error=text) if isinstance(text, str) else Answered(database(**text))

    monkeypatch.setattr(compare, "ask_files", answer)
    monkeypatch.setattr(control, "tell", lambda line: made.told.append(f"{line.priority} {line.text}"))
    return made


def alerts(site, word="FILES"):
    said = [line for line in site.told if line.startswith(f"1 {word}")]
    site.told.clear()
    return [line.partition(" [")[0] for line in said]


def test_a_finding_is_one_alert_and_is_over_when_it_is_taken_back(site):
    site.by_hand(*site.control.declaration.hosts)
    site.told.clear()
    site.control.watch()
    assert alerts(site) == []
    site.files["px1"] = {"same": {}, "planted": {}}
    site.control.watch()
    assert alerts(site) == ["1 FILES px1: new     /etc/planted"]
    site.control.watch()
    assert alerts(site) == []
    del site.files["px1"]
    site.control.watch()
    assert [line for line in site.told if "ENDED px1: new     /etc/planted" in line]


def test_a_host_that_cannot_be_read_twice_running_is_told(site):
    site.by_hand(*site.control.declaration.hosts)
    site.files["px1"] = "no answer within 600 s"
    site.control.watch()
    assert alerts(site, "UNREAD") == []
    site.control.watch()
    assert alerts(site, "UNREAD") == [
        "1 UNREAD px1: cannot be read: no answer within 600 s; whether its files have changed is not known"
    ]


def test_what_a_run_changes_is_no_finding_and_what_stood_there_before_stays_one(site):
    site.by_hand("px1", "px2")
    site.told.clear()
    site.files["px1"] = {"same": {}, "planted": {}}

    def change():
        site.files["px1"] = {"same": {}, "planted": {}, "ours": {}}
        site.files["px2"] = {"ours": {}}

    assert site.run(change, "px1", "px2") == (["px1: new     /etc/planted"], [])
    assert alerts(site) == ["1 FILES px1: new     /etc/planted"]
    (one, two) = site.control.read(["px1", "px2"])["hosts"]
    assert [finding["path"] for finding in one["findings"]] == ["/etc/planted"]
    assert two["findings"] == []


def test_what_is_planted_is_not_accepted_because_the_run_took_it_back(site):
    site.files["px1"] = {"same": {}}
    site.by_hand("px1")
    site.files["px1"] = {"same": {"sha256": "bbb"}, "planted": {}}
    site.run(lambda: site.files.update(px1={"same": {}, "ours": {}}), "px1")
    assert site.control.read(["px1"])["hosts"][0]["findings"] == []


def test_a_second_run_of_the_same_reads_nothing_and_accepts_nothing(site):
    site.run(lambda: None, "px1", "px2")
    site.asked.clear()
    site.run(lambda: site.files.update(px1={"same": {}, "planted": {}}), "px1", "px2")
    assert site.asked == []
    assert [finding["path"] for finding in site.control.read(["px1"])["hosts"][0]["findings"]] == ["/etc/planted"]


@pytest.mark.parametrize(("inputs", "whole"), [("", True), ("x", False)])
def test_a_run_of_which_nothing_is_known_or_of_a_part_is_compared_again(site, inputs, whole):
    site.run(lambda: None, "px1", inputs=inputs, whole=whole)
    site.asked.clear()
    site.run(lambda: None, "px1", inputs=inputs, whole=whole)
    assert site.asked == ["px1", "px1"]


def test_while_a_run_goes_on_the_watch_waits_and_half_an_hour_at_most(site, monkeypatch):
    site.by_hand("px1")
    site.control.begin(["px1"], "x")
    site.asked.clear()
    site.control.watch()
    assert site.asked == []
    now = control.time.time()
    monkeypatch.setattr(control.time, "time", lambda: now + LONGEST + 1)
    site.control.watch()
    assert "px1" in site.asked


def test_a_run_that_failed_is_finished_by_the_next_one(site):
    site.by_hand("px1")
    site.control.begin(["px1"], "x")
    site.files["px1"] = {"same": {}, "half": {}}
    before, _ = site.run(lambda: site.files.update(px1={"same": {}, "half": {}, "rest": {}}), "px1")
    assert before == []
    assert site.control.read(["px1"])["hosts"][0]["findings"] == []


def test_without_a_look_before_nothing_of_a_known_host_is_accepted(site):
    site.by_hand("px1")
    site.files["px1"] = {"same": {}, "unseen": {}}
    left = site.control.end(["px1"], "x", whole=True)
    assert left == {"statement": None, "said": ["px1: new     /etc/unseen"]}


def test_what_is_kept_is_believed_only_with_a_signature_of_ours(site, tmp_path):
    site.by_hand("px1")
    kept = site.control.kept
    (digest,) = [path.name for path in (kept.directory / "fingerprints").iterdir()]
    forged = Statement("lab", "now", {"px2": Accepted(digest)}).text()
    with pytest.raises(IntegrityError, match="not what was signed"):
        kept.accept(seal.sealed(tmp_path / "stranger", forged))
    text = (kept.directory / "accepted.json").read_text()
    (kept.directory / "accepted.json").write_text(text.replace("px1", "px2"))
    with pytest.raises(IntegrityError, match="somebody changed it"):
        kept.statement()
    (kept.directory / "accepted.json").write_text(text)
    file = kept.directory / "fingerprints" / digest
    file.write_bytes(file.read_bytes().replace(b"/etc/same", b"/etc/sane"))
    assert "somebody changed it" in site.control.read(["px1"])["hosts"][0]["unknown"]


def test_a_statement_of_another_site_or_without_its_fingerprints_is_refused(site):
    for statement, words in (
        (Statement("museum", "now", {}), "not what was signed for lab"),
        (Statement("lab", "now", {"px1": Accepted("0" * 64)}), "px1: .*No such file"),
    ):
        with pytest.raises(IntegrityError, match=words):
            site.accept(statement.text())
    assert site.control.kept.sealed is None


def test_the_command_asks_the_control_node_and_signs_here(site, monkeypatch, capsys):
    def said(_self, verb, *words, given=""):
        if verb == "accept":
            return site.control.accept(given)
        return json.dumps(site.control.read(words) if verb == "read" else site.control.last())

    monkeypatch.setattr(commands.Site, "said", said)
    monkeypatch.setattr(commands, "default_directory", lambda _site: site.keys)
    words = ["-i", SITE, "--host", "px1"]
    assert main(["integrity", "check", *words]) == 2
    assert "nothing is kept to compare with" in capsys.readouterr().out
    assert main(["integrity", "accept", *words]) == 0
    assert "px1: first time: there was nothing to compare with" in capsys.readouterr().out
    assert main(["integrity", "check", *words]) == 0
    site.files["px1"] = {"same": {"size": "2"}}
    assert main(["integrity", "check", *words]) == 1
    assert "px1: changed /etc/same (size)" in capsys.readouterr().out
    site.control.watch()
    assert main(["integrity", "check", "--last", *words]) == 1
    assert "px1: changed /etc/same (size)" in capsys.readouterr().out
    assert main(["integrity", "accept", *words]) == 0
    assert main(["integrity", "check", *words]) == 0
    assert main(["integrity", "check", "-i", SITE, "--host", "px9"]) == 2
