"""What an installer leaves on a managed host: exactly the bootstrap's files, in the lab's own form."""

from dataclasses import dataclass
from pathlib import Path

from shoko.bootstrap import Keys, ensure_keys, render
from shoko.declaration import Declaration
from shoko.lab.plan import DayZero


@dataclass(frozen=True)
class Arrival:
    """A managed host's day-0 files, symbolic links (path, target) and packages."""

    files: tuple[DayZero, ...]
    links: tuple[tuple[str, str], ...]
    packages: tuple[str, ...]


def site_keys(declaration: Declaration, state: Path) -> Keys:
    """Return the controller's and every host's key pair, made once per lab and kept in its state."""
    return ensure_keys(state / "keys", declaration.hosts)


def arrivals(declaration: Declaration, keys: Keys) -> dict[str, Arrival]:
    """Return what every managed host starts from, by name."""
    return {
        host: Arrival(
            tuple(DayZero(file.path, file.content, file.mode, file.owner) for file in rendered.files),
            rendered.links,
            rendered.packages,
        )
        for host, rendered in render(declaration, keys).items()
    }
