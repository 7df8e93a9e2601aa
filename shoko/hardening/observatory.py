"""The score that MDN's HTTP Observatory gives a site, computed from one answer of it.

After the published rules of mdn/mdn-http-observatory (`src/grader/charts.js`, `src/analyzer/tests`; as of August 2026):
100 points, what is bad takes away, what is better than good adds unless more than 10 points are lost. Left to the
caller: that the certificate was verified (another answer is not scored), and that nothing answers on port 80, which
counts as "no redirection needed". Preloading (5 points) is never given: no list holds a site that is not public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Final

_FOR_EXTRA: Final = 90  # points without extra credit at which extra credit begins to count
_HALF_A_YEAR: Final = 15_552_000
_BROAD: Final = frozenset({"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"})
_UNSAFE: Final = _BROAD | {"'unsafe-inline'", "data:"}
_PRIVATE: Final = frozenset({"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"})
_LOOSE: Final = frozenset({"origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"})


@dataclass(frozen=True)
class Answer:
    """One answer over TLS: header names in lower case, each with its values in order, and the page's text."""

    headers: Mapping[str, Sequence[str]]
    body: str = ""

    def one(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.headers.get(name, ())), None)


@dataclass(frozen=True)
class Finding:
    """What one test of the Observatory gives: points (negative for what is bad) and why."""

    test: str
    points: int
    why: str


def score(findings: Iterable[Finding]) -> int:
    """The sum: extra credit counts from 90 points without it."""
    listed = list(findings)
    plain = 100 + sum(one.points for one in listed if one.points < 0)
    return plain + sum(one.points for one in listed if one.points > 0) if plain >= _FOR_EXTRA else max(plain, 0)


def findings(answer: Answer) -> list[Finding]:
    """Every test on an answer, in the Observatory's order."""
    policy = _policy(answer)
    return [
        Finding("content-security-policy", *_csp(policy)),
        Finding("cookies", *_cookies(answer)),
        Finding("cross-origin-resource-sharing", *_cors(answer)),
        Finding("redirection", 0, "nothing answers without TLS"),
        Finding("referrer-policy", *_referrer(answer)),
        Finding("strict-transport-security", *_hsts(answer)),
        Finding("subresource-integrity", *_scripts(answer)),
        Finding("x-content-type-options", *_nosniff(answer)),
        Finding("x-frame-options", *_frames(answer, policy)),
        Finding("cross-origin-resource-policy", *_own(answer, "cross-origin-resource-policy",
                {"same-origin": 10, "same-site": 10, "cross-origin": 0})),
        Finding("cross-origin-embedder-policy", *_own(answer, "cross-origin-embedder-policy",
                {"require-corp": 10, "credentialless": 10, "unsafe-none": 0})),
        Finding("cross-origin-opener-policy", *_own(answer, "cross-origin-opener-policy",
                {"same-origin": 10, "same-origin-allow-popups": 10, "noopener-allow-popups": 10, "unsafe-none": 0})),
    ]  # fmt: skip


def _policy(answer: Answer) -> dict[str, frozenset[str]]:
    """The sources of each directive; of several policies the first, which is the looser view of them all."""
    found: dict[str, frozenset[str]] = {}
    for value in answer.headers.get("content-security-policy", ()):
        for directive in value.lower().split(";"):
            words = directive.split()
            if words:
                found.setdefault(words[0], frozenset(words[1:]))
    return found


def _csp(policy: Mapping[str, frozenset[str]]) -> tuple[int, str]:
    if not policy:
        return -25, "no policy"
    everything = policy.get("default-src", frozenset("*"))
    scripts, objects = policy.get("script-src", everything), policy.get("object-src", everything)
    styles = policy.get("style-src", everything)
    scripts, styles = _without_overruled(scripts), _without_overruled(styles)
    passive = policy.get("img-src", everything) | policy.get("media-src", everything)
    active = frozenset().union(*(words for name, words in policy.items() if name not in ("img-src", "media-src")))
    checks = (
        (bool(scripts & _UNSAFE or objects & _BROAD), -20, "scripts or objects from anywhere or inline"),
        (_without_tls(active), -20, "active content without TLS"),
        ("'unsafe-eval'" in scripts | styles, -10, "unsafe-eval"),
        (_without_tls(passive), -10, "images or media without TLS"),
        (bool(styles & _UNSAFE), 0, "styles inline or from anywhere"),
        (policy.get("default-src") == frozenset({"'none'"}), 10, "nothing unsafe, default-src 'none'"),
        (True, 5, "nothing unsafe"),
    )
    return next((points, why) for is_so, points, why in checks if is_so)


def _without_tls(sources: Iterable[str]) -> bool:
    return any(one.startswith(("http:", "ftp:")) for one in sources)


def _without_overruled(sources: frozenset[str]) -> frozenset[str]:
    """A nonce or a hash overrules 'unsafe-inline' (CSP level 2)."""
    named = any(one.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for one in sources)
    return sources - {"'unsafe-inline'"} if named else sources


def _cookies(answer: Answer) -> tuple[int, str]:
    jar = [morsel for value in answer.headers.get("set-cookie", ()) for morsel in SimpleCookie(value).values()]
    if not jar:
        return 0, "no cookie"
    kept = _hsts(answer)[0] >= 0
    worst = (5, "all secure, sessions not for scripts, all with SameSite")
    for one in jar:
        session = any(word in one.key.lower() for word in ("login", "sess"))
        anti_forgery = "csrf" in one.key.lower()
        same_site = str(one["samesite"]).lower()
        if not same_site:
            worst = min(worst, (0, f"{one.key}: no SameSite"))
        elif same_site not in ("lax", "strict", "none") or (same_site == "none" and not one["secure"]):
            worst = min(worst, (-20, f"{one.key}: SameSite={same_site}"))
        if not one["secure"]:
            points = (-10 if kept else -40) if session else (-5 if kept else -20)
            worst = min(worst, (points, f"{one.key}: not secure"))
        if anti_forgery and not same_site:
            worst = min(worst, (-20, f"{one.key}: no SameSite"))
        if session and not one["httponly"]:
            worst = min(worst, (-30, f"{one.key}: for scripts too"))
    return worst


def _cors(answer: Answer) -> tuple[int, str]:
    allowed = answer.one("access-control-allow-origin")
    if allowed is None:
        return 0, "no sharing"
    if answer.one("access-control-allow-credentials") == "true" and allowed != "*":
        return -50, f"shared with credentials: {allowed}"
    return 0, f"shared without credentials: {allowed}"


def _referrer(answer: Answer) -> tuple[int, str]:
    values = answer.headers.get("referrer-policy", ())
    if not values:
        return 0, "no policy"
    known = [
        word for word in (part.strip().lower() for part in ",".join(values).split(",")) if word in _PRIVATE | _LOOSE
    ]
    return (5, known[-1]) if known and known[-1] in _PRIVATE else (-5, known[-1] if known else "not a policy")


def _hsts(answer: Answer) -> tuple[int, str]:
    value = answer.one("strict-transport-security")
    if value is None:
        return -20, "not told"
    ages = [part.strip().lower().removeprefix("max-age=") for part in value.split(";") if "max-age=" in part.lower()]
    if "," in value or not ages or not ages[0].isdigit():
        return -20, f"not valid: {value}"
    return (0, value) if int(ages[0]) >= _HALF_A_YEAR else (-10, f"less than half a year: {value}")


class _Scripts(HTMLParser):
    """Collects source and integrity of the scripts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str | None, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            said = dict(attrs)
            self.found.append((said.get("src"), bool(said.get("integrity"))))


def _scripts(answer: Answer) -> tuple[int, str]:
    page = _Scripts()
    page.feed(answer.body)
    sources = [(source, checked) for source, checked in page.found if source]
    foreign = [(source, checked) for source, checked in sources if source.startswith(("http://", "https://", "//"))]
    if not page.found:
        return 0, "no scripts"
    if any(not checked or not source.startswith("https:") for source, checked in foreign):
        safe = all(source.startswith("https:") for source, _ in foreign)
        return (-5 if safe else -50), "scripts from elsewhere without integrity or without TLS"
    if foreign or (sources and sources[0][1]):
        return 5, "scripts with integrity"
    return 0, "all scripts from here"


def _nosniff(answer: Answer) -> tuple[int, str]:
    value = answer.one("x-content-type-options")
    return (0, "nosniff") if value is not None and value.strip().lower() == "nosniff" else (-5, str(value))


def _frames(answer: Answer, policy: Mapping[str, frozenset[str]]) -> tuple[int, str]:
    if "frame-ancestors" in policy:
        return 5, "by frame-ancestors"
    value = (answer.one("x-frame-options") or "").strip().lower()
    if value in ("deny", "sameorigin"):
        return 5, value
    return (0, value) if value.startswith("allow-from") else (-20, value or "not told")


def _own(answer: Answer, header: str, worth: Mapping[str, int]) -> tuple[int, str]:
    value = answer.one(header)
    if value is None:
        return 0, "not told"
    word = value.split(";")[0].strip()
    return (worth[word], word) if word in worth else (-5, f"not valid: {value}")
