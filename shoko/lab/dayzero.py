"""What an installer leaves on a host, for every managed host: exactly the bootstrap's files and links."""

from collections.abc import Mapping, Sequence

from shoko import bootstrap
from shoko.declaration import Declaration
from shoko.lab.keys import LabKeys
from shoko.lab.plan import DayZero

LOGIN = bootstrap.ADMINISTRATOR


def day_zero_files(
    declaration: Declaration, keys: LabKeys
) -> tuple[Mapping[str, Sequence[DayZero]], Mapping[str, Sequence[tuple[str, str]]]]:
    """Return per managed host its day-0 files and its symbolic links (path, target)."""
    keys.controller_line()  # makes the pair if it is not there yet
    pairs = bootstrap.Keys(
        controller=bootstrap.pair_of(keys.controller.read_bytes()),
        hosts={name: bootstrap.pair_of(keys.host_private(name).encode()) for name in declaration.hosts},
    )
    rendered = bootstrap.render(declaration, pairs)
    files = {
        host: [DayZero(item.path, item.content.decode(), item.mode) for item in content.files]
        for host, content in rendered.items()
    }
    return files, {host: list(content.links) for host, content in rendered.items()}
