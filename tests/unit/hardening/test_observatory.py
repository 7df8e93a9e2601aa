"""The Observatory's arithmetic, on answers that are good, bare, and wrong in one way each."""

from __future__ import annotations

import pytest

from shoko.hardening.observatory import Answer, findings, score

GOOD = {
    "content-security-policy": ["default-src 'none'; script-src 'self'; style-src 'self'; frame-ancestors 'none'"],
    "set-cookie": ["__Host-shoko-csrf=a; Secure; HttpOnly; SameSite=Strict; Path=/"],
    "referrer-policy": ["same-origin"],
    "strict-transport-security": ["max-age=63072000"],
    "x-content-type-options": ["nosniff"],
    "x-frame-options": ["DENY"],
    "cross-origin-resource-policy": ["same-origin"],
    "cross-origin-embedder-policy": ["require-corp"],
    "cross-origin-opener-policy": ["same-origin"],
}  # fmt: skip
PAGE = '<!doctype html><script src="/static/a.js"></script>'


def total(**changed: list[str]) -> int:
    """The score of the good answer with some headers replaced; an empty list takes one away."""
    headers = {**GOOD, **{name.replace("_", "-"): values for name, values in changed.items()}}
    return score(findings(Answer({name: values for name, values in headers.items() if values}, PAGE)))


def test_all_that_can_be_had_without_a_preload_list_and_integrity() -> None:
    assert total() == 100 + 10 + 5 + 5 + 5 + 10 + 10 + 10


def test_a_bare_page_gets_what_the_observatory_gives_it() -> None:
    assert score(findings(Answer({}, PAGE))) == 100 - 25 - 20 - 5 - 20


@pytest.mark.parametrize(
    ("changed", "points"),
    [
        ({"content_security_policy": ["default-src 'self'; frame-ancestors 'none'"]}, 150),
        ({"content_security_policy": ["default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"]}, 145),
        # Below 90 points extra credit counts no more.
        ({"content_security_policy": ["default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'none'"]}, 80),
        (
            {
                "content_security_policy": [
                    "default-src 'none'; script-src 'nonce-x' 'unsafe-inline'; frame-ancestors 'none'"
                ]
            },
            155,
        ),
        ({"content_security_policy": ["frame-ancestors 'none'"]}, 80),
        ({"content_security_policy": ["default-src 'none'; img-src http://a.example; frame-ancestors 'none'"]}, 135),
        ({"set_cookie": []}, 150),
        ({"set_cookie": ["sessionid=a; Secure; SameSite=Lax"]}, 70),
        ({"set_cookie": ["basket=a; HttpOnly; SameSite=Lax"]}, 145),
        ({"set_cookie": ["a=1; Secure; SameSite=Odd"]}, 80),
        ({"strict_transport_security": ["max-age=3600"]}, 145),
        ({"strict_transport_security": []}, 80),
        ({"referrer_policy": ["unsafe-url"]}, 145),
        ({"x_content_type_options": []}, 150),
        ({"cross_origin_opener_policy": ["anything"]}, 140),
        ({"access_control_allow_origin": ["https://a.example"], "access_control_allow_credentials": ["true"]}, 50),
    ],
)
def test_each_thing_that_is_worse_costs_what_is_published(changed: dict[str, list[str]], points: int) -> None:
    assert total(**changed) == points


@pytest.mark.parametrize(
    ("page", "points"),
    [
        ("<p>no script", 0),
        ('<script src="/a.js" integrity="sha384-x"></script>', 5),
        ('<script src="https://cdn.example/a.js" integrity="sha384-x"></script>', 5),
        ('<script src="https://cdn.example/a.js"></script>', -5),
        ('<script src="//cdn.example/a.js"></script>', -50),
    ],
)
def test_scripts_from_elsewhere_want_integrity(page: str, points: int) -> None:
    (found,) = [one for one in findings(Answer(GOOD, page)) if one.test == "subresource-integrity"]
    assert found.points == points
