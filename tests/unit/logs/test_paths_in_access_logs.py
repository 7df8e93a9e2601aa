"""What the access logs of both nginx hold of a request: the first part of its path, which says nothing of whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CONFIGURATIONS = ["roles/entry/templates/nginx.conf.j2", "roles/ils/templates/nginx.conf.j2"]
# Variables of nginx that hold a path, a query, a header or a body of what was asked.
TELLING = r"\$(uri|request|request_uri|document_uri|args|query_string|request_body|remote_user|(arg|http|cookie)_\w+)\b"
PSEUDONYM = "7a3f7d1c-9d3e-4c58-9e43-0d8b6a1f2c55"


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_no_line_of_the_log_can_hold_more_than_the_first_part(name: str) -> None:
    text = (ROOT / name).read_text()
    formats = re.findall(r"log_format \w+ ([^;]+);", text)
    assert len(formats) == 1
    assert "$first_of_path" in formats[0]
    assert not re.findall(TELLING, formats[0])
    # combined, the format that is used where none is named, has the whole request
    assert all(re.search(r"\bshoko;|\bplain;", line) for line in re.findall(r"access_log [^\n]+", text))


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (f"/patrons/{PSEUDONYM}/", "/patrons/"),
        (f"/en/patrons/{PSEUDONYM}/loans/", "/en/"),
        ("/items/3000012345/", "/items/"),
        ("/holds/titles/1567/", "/holds/"),
        ("/records/1567/", "/records/"),
        (f"/{PSEUDONYM}/", "/"),
        ("/3000012345", "/"),
        ("/lend", "/lend"),
        ("/", "/"),
    ],
)
def test_what_a_path_leaves(name: str, path: str, logged: str) -> None:
    found = re.search(r"map \$uri \$first_of_path \{\s*default /;\s*~(\S+) \$first;\s*\}", (ROOT / name).read_text())
    assert found, name
    first = re.search(found[1].replace("?<", "?P<"), path)
    assert (first["first"] if first else "/") == logged
