"""What squid lets through, by its configuration as it stands: evaluated rule by rule, not compared as text.

Only what role `forward_proxy` writes is understood, and everything built of the same pieces. Whatever else could
decide a request is named in `unknown`. Meaning of the directives: squid.conf.documented of squid 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network

from shoko.declaration.model import Network
from shoko.proof.expected.networks import of_network
from shoko.proof.spans import Spans, meet, minus, union

ANY_NAME = "any other site"
ANY_PORT = 0  # stands for the ports that nothing names
_TLS = 443

# Directives of the role that decide nothing about who may reach what.
_DECIDE_NOTHING = {
    "visible_hostname", "external_acl_type", "dns_nameservers", "hosts_file", "dns_defnames", "cache", "cache_mem",
    "via", "forwarded_for", "httpd_suppress_version_string", "icp_port", "htcp_port", "snmp_port", "pinger_enable",
    "request_header_access", "error_directory", "connect_timeout", "client_lifetime", "shutdown_lifetime", "note",
    "logformat", "access_log", "cache_log", "pid_filename", "logfile_rotate", "coredump_dir",
}  # fmt: skip
_KINDS = {"src", "dst", "method", "port", "dstdomain", "ssl::server_name", "at_step", "external"}
_ACTIONS = {"peek", "stare", "splice", "bump", "terminate", "none"}
Words = tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One kind of request: who asks for which name on which port, and where that name leads to."""

    source: frozenset[str]  # the source ACLs that hold the asking address
    name: str
    port: int
    connect: bool
    inside: bool  # the name resolves to an address of the site
    same_hello: bool = True  # the TLS hello names what CONNECT named


@dataclass
class Squid:
    """A configuration: ACLs by name (kind and values), and the lists of rules in order (action and ACLs)."""

    acls: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    access: list[tuple[str, Words]] = field(default_factory=list)
    bump: list[tuple[str, Words]] = field(default_factory=list)
    looks_into_hellos: bool = True
    unknown: list[str] = field(default_factory=list)

    def sources(self, family: int) -> dict[str, Spans]:
        """Return the addresses of every source ACL in a family."""
        return {
            name: union(of_network(one) for one in map(_network, values) if one.version == family)
            for name, (kind, values) in self.acls.items()
            if kind == "src"
        }

    def names(self) -> set[str]:
        """Return every site that is named."""
        kinds = ("dstdomain", "ssl::server_name")
        return {value for kind, values in self.acls.values() if kind in kinds for value in values}

    def ports(self) -> set[int]:
        """Return every port that is named."""
        return {int(value) for kind, values in self.acls.values() if kind == "port" for value in values}

    def lets(self, one: Request) -> bool:
        """Tell whether a request comes through to where its name leads."""
        if not self._allowed(one):
            return False
        return self._passed_on(one) if one.connect and self.looks_into_hellos else True

    def guards(self, name: str, prefixes: Spans, family: int) -> bool:
        """Tell whether a destination ACL holds all of some addresses."""
        held = (of_network(one) for one in map(_network, self.acls[name][1]) if one.version == family)
        return not minus(prefixes, union(held))

    def _allowed(self, one: Request) -> bool:
        """The first rule that matches decides; where none does, the opposite of the last one."""
        for action, words in self.access:
            if self._match(words, one, step=0):
                return action == "allow"
        return bool(self.access) and self.access[-1][0] == "deny"

    def _passed_on(self, one: Request) -> bool:
        """The hello is looked at before it is read, and after; without a rule a connection is passed on."""
        for step in (1, 2):
            action = next((verb for verb, words in self.bump if self._match(words, one, step)), "splice")
            if action not in ("peek", "stare"):
                return action != "terminate"
        return True

    def _match(self, words: Words, one: Request, step: int) -> bool:
        return all(self._holds(word.removeprefix("!"), one, step) != word.startswith("!") for word in words)

    def _holds(self, name: str, one: Request, step: int) -> bool:
        if name == "all":
            return True
        kind, values = self.acls[name]
        hello = one.name if one.same_hello else ANY_NAME
        return {
            "src": lambda: name in one.source,
            "dst": lambda: one.inside,
            "method": lambda: one.connect and values == ["CONNECT"],
            "port": lambda: str(one.port) in values,
            "dstdomain": lambda: any(_names(value, one.name) for value in values),
            "ssl::server_name": lambda: any(_names(value, hello) for value in values),
            "at_step": lambda: f"SslBump{step}" in values,
            "external": lambda: one.same_hello,
        }[kind]()


def read(text: str) -> Squid:
    """Read a squid.conf; never raises: what is not understood is in `unknown`, with its line."""
    squid = Squid()
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for words in lines:
        if words[0] == "acl":
            _acl(squid, words)
    for words in lines:
        _line(squid, words)
    return squid


def _acl(squid: Squid, words: list[str]) -> None:
    name, kind, values = words[1], words[2] if len(words) > 2 else "", [w for w in words[3:] if not w.startswith("-")]
    former = squid.acls.setdefault(name, (kind, []))
    sound = kind in _KINDS and former[0] == kind and all(_sound(kind, value) for value in values)
    if sound and not (kind == "method" and values != ["CONNECT"]):
        former[1].extend(values)
    else:
        squid.acls[name] = ("", [" ".join(words)])


def _sound(kind: str, value: str) -> bool:
    if kind in ("src", "dst"):
        try:
            return bool(_network(value))
        except ValueError:
            return False
    return value.isdecimal() if kind == "port" else not value.startswith('"')


def _line(squid: Squid, words: list[str]) -> None:
    name = words[0]
    if name in ("http_access", "ssl_bump") and len(words) > 1:
        used = [word.removeprefix("!") for word in words[2:]]
        actions = {"allow", "deny"} if name == "http_access" else _ACTIONS
        if words[1] not in actions or not all(_understood(squid, one, words) for one in used):
            squid.unknown.append(" ".join(words))
            return
        (squid.access if name == "http_access" else squid.bump).append((words[1], tuple(words[2:])))
    elif name == "http_port":
        squid.looks_into_hellos &= "ssl-bump" in words
    elif name != "acl" and name not in _DECIDE_NOTHING:
        squid.unknown.append(" ".join(words))


def _understood(squid: Squid, name: str, words: list[str]) -> bool:
    """Where a name leads to is only known where it must not lead inside."""
    if name == "all":
        return True
    kind = squid.acls.get(name, ("", []))[0]
    return kind != "" and (kind != "dst" or f"!{name}" in words)


def _network(value: str) -> Network:
    return ip_network(value, strict=False)


def _names(value: str, name: str) -> bool:
    """A value with a dot in front means the domain and everything below it."""
    return value == name or (value.startswith(".") and f".{name.removeprefix('.')}".endswith(value))


def classes(squid: Squid, family: int, whole: Spans) -> Iterator[tuple[frozenset[str], Spans]]:
    """Yield all addresses of a family, parted by which source ACLs hold them."""
    parts: list[tuple[frozenset[str], Spans]] = [(frozenset(), whole)]
    for name, members in squid.sources(family).items():
        split = [(held | {name}, meet(at, members)) for held, at in parts]
        parts = [(held, at) for held, at in [*split, *((h, minus(at, members)) for h, at in parts)] if at]
    yield from parts
