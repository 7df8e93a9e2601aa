"""Reads the configuration from environment variables; README.md has the table of all of them."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """Value of the variable `name`; without a default it must be set."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set: README.md says what it must hold")
    return value


def names(name: str, default: str | None = "") -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def number(name: str, default: int) -> int:
    """A whole number."""
    raw = text(name, str(default))
    try:
        return int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number") from None


def secret(name: str) -> str:
    """Content of the file that the variable names, one line; at least 32 characters."""
    path = Path(text(name))
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: cannot read {path}: {error.strerror}") from error
    if len(value) < 32:
        raise ImproperlyConfigured(f"{name}: {path} holds fewer than 32 characters")
    return value


def site(name: str) -> dict[str, Any]:
    """The site file: names of the site and its libraries, as rendered from the declaration.

    Shape: `{"name": {"ja", "en"}, "libraries": [{"key", "ja", "en", …}]}`; README.md lists the optional keys.
    """
    path = Path(text(name))
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: cannot read {path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise ImproperlyConfigured(f"{name}: {path}:{error.lineno}: not JSON: {error.msg}") from error
    try:
        complete = all(data["name"][language] for language in ("ja", "en")) and all(
            library[key] for library in data["libraries"] for key in ("key", "ja", "en")
        )
    except (KeyError, TypeError) as error:
        raise ImproperlyConfigured(f"{name}: {path}: missing {error}") from error
    if not complete or not data["libraries"]:
        raise ImproperlyConfigured(f"{name}: {path}: a name is empty or no library is listed")
    return data


def host_and_port(name: str, port: int) -> tuple[str, int]:
    """One `host:port`, `port` where none is given; an unset variable gives an empty host."""
    host, colon, given = text(name, "").rpartition(":")
    if not colon:
        return given, port
    if not given.isdigit():
        raise ImproperlyConfigured(f"{name}: {given!r} is not a port")
    return host, int(given)


def hosts_and_ports(name: str) -> tuple[str, str]:
    """libpq's parallel lists from `host:port,[v6]:port,/socket/directory:port`; the port defaults to 5432."""
    hosts, ports = [], []
    for entry in names(name, None):
        head, colon, tail = entry.rpartition(":")
        host, port = (head, tail) if colon and tail.isdigit() and head else (entry, "5432")
        hosts.append(host.removeprefix("[").removesuffix("]"))
        ports.append(port)
    if not hosts:
        raise ImproperlyConfigured(f"{name} names no database host")
    return ",".join(hosts), ",".join(ports)
