"""What `backup-recover` takes and refuses before it touches a database."""

import importlib.util
import json
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "roles/backup/files/backup_recover.py"
spec = importlib.util.spec_from_file_location("backup_recover", SOURCE)
recover = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recover)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A host whose database is stopped and whose recovery does nothing but leave a file."""
    monkeypatch.setattr(recover, "ask", lambda *_arguments, **_named: "")
    monkeypatch.setattr(recover.Recovery, "fetch", lambda self, _moment: (self.data / "fetched").touch())
    monkeypatch.setattr(recover.Recovery, "open", lambda _self, archive: recover.contextmanager(lambda: (yield))())
    monkeypatch.setattr(recover.Recovery, "facts", lambda _self: {"rows": 1})
    data = tmp_path / "17/shoko"
    data.mkdir(parents=True)
    (data / "original").touch()
    return {"stanza": "shoko", "database": "shoko", "programs": "/nowhere", "data": str(data)}


def place(settings):
    return Path(settings["data"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yesterday", "is no time"),
        ("2026-11-29T13:05:00", "does not say of which clock"),
        ("2126-11-29T13:05:00+09:00", "has not come yet"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_in_one_line(text, reason):
    with pytest.raises(recover.Refused, match=reason) as refusal:
        recover.moment_of(text)
    assert "\n" not in str(refusal.value)


def test_a_time_of_japan_becomes_one_that_postgresql_reads():
    assert recover.moment_of("2026-11-20T13:05:00+09:00") == "2026-11-20 04:05:00+00:00"
    assert recover.moment_of("latest") == "latest"


def test_what_was_there_is_kept_aside_and_noted(settings):
    found = recover.restore(settings, "latest")
    assert (place(settings) / "fetched").exists()
    assert (Path(found["aside"]) / "original").exists()
    assert json.loads((place(settings).parent / "restore-in-progress").read_text()) == {
        "to": "latest",
        "recovered": True,
    }


def test_the_same_again_changes_nothing_and_another_time_begins_anew(settings):
    recover.restore(settings, "latest")
    (place(settings) / "lent since").touch()
    assert recover.restore(settings, "latest") == {"to": "latest", "done": "before"}
    assert (place(settings) / "lent since").exists()
    found = recover.restore(settings, "2026-11-20 04:05:00+00:00")
    assert found["rows"] == 1
    assert (Path(found["aside"]) / "original").exists(), "the first data stays what is kept"


def test_one_that_broke_off_goes_on(settings, monkeypatch):
    def broken(_self, _moment):
        raise recover.Refused("pgbackrest failed")

    with monkeypatch.context() as trouble:
        trouble.setattr(recover.Recovery, "fetch", broken)
        with pytest.raises(recover.Refused):
            recover.restore(settings, "latest")
    found = recover.restore(settings, "latest")
    assert (Path(found["aside"]) / "original").exists()
    assert (place(settings) / "fetched").exists()


def test_it_overwrites_neither_a_running_database_nor_what_an_earlier_restore_kept(settings, monkeypatch):
    with monkeypatch.context() as running:
        running.setattr(recover, "ask", lambda *_arguments, **_named: "1")
        with pytest.raises(recover.Refused, match="stop Patroni"):
            recover.restore(settings, "latest")
    place(settings).with_name("shoko.before-restore").mkdir()
    with pytest.raises(recover.Refused, match="earlier restore"):
        recover.restore(settings, "latest")
    assert (place(settings) / "original").exists()
