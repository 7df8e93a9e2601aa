"""What an installer leaves on a host, for every managed host: the bootstrap's files, and a host key."""

from collections.abc import Mapping, Sequence

from shoko import bootstrap
from shoko.declaration import Declaration
from shoko.lab.keys import LabKeys
from shoko.lab.plan import DayZero

LOGIN = "shoko"  # the administrator that the day-0 files make


def day_zero_files(
    declaration: Declaration, keys: LabKeys
) -> tuple[Mapping[str, Sequence[DayZero]], Mapping[str, Sequence[tuple[str, str]]]]:
    """Return per managed host its day-0 files and its symbolic links (path, target)."""
    files: dict[str, list[DayZero]] = {}
    for host, rendered in bootstrap.render(declaration, keys.controller_line()).items():
        files[host] = [DayZero(item.path, item.content, item.mode) for item in rendered]
        files[host] += [
            DayZero("/etc/ssh/ssh_host_ed25519_key", keys.host_private(host), 0o600),
            DayZero("/etc/ssh/ssh_host_ed25519_key.pub", keys.host_public(host) + "\n", 0o644),
        ]
    return files, {}
