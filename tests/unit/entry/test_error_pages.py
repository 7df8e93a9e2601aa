"""The reverse proxy's own pages: what its policy lets in is what they hold."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles/entry"
NGINX_PARAMETER = 4096  # bytes that nginx 1.26 takes for one parameter (NGX_CONF_BUFFER)


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    """The role's fixed values."""
    loaded: dict[str, Any] = yaml.safe_load((ROLE / "vars/main.yml").read_text())
    return loaded


def test_policy_lets_exactly_this_style_in(values: dict[str, Any]) -> None:
    digest = base64.b64encode(hashlib.sha256(values["entry_style"].encode()).digest()).decode()
    assert values["entry_style_digest"] == digest


def test_every_page_is_in_both_languages_and_fits(values: dict[str, Any]) -> None:
    template = (ROLE / "templates/errors.conf.j2").read_text()
    for page in values["entry_pages_of_errors"]:
        assert any(ord(letter) > 0x3000 for letter in page["ja"]), page["name"]
        assert page["en"].isascii(), page["name"]
        text = page["title"] + page["ja"] + page["en"]
        assert not set(text) & set("'$\\{}"), "these mean something to nginx"
        assert len((template + values["entry_style"] + text).encode()) < 2 * NGINX_PARAMETER
        assert len(text.encode()) < NGINX_PARAMETER // 4


def test_the_japanese_is_plain(values: dict[str, Any]) -> None:
    """The proxy does not know who reads: sentences are short, and nothing is said in the polite words of notices."""
    for page in values["entry_pages_of_errors"]:
        assert max(map(len, page["ja"].split("。"))) <= 40, page["name"]
        assert not re.search("[おご][一-龠]|いただ|ください。.*ください。.*ください", page["title"] + page["ja"]), page[
            "name"
        ]


def test_every_status_that_nginx_answers_itself_has_a_page(values: dict[str, Any]) -> None:
    pages = {page["name"] for page in values["entry_pages_of_errors"]}
    for file in ("errors.conf.j2", "passed.conf.j2"):
        lines = [line for line in (ROLE / "templates" / file).read_text().splitlines() if line.startswith("error_page")]
        assert lines, file
        assert {line.rstrip(";").rpartition("@")[2] for line in lines} <= pages
