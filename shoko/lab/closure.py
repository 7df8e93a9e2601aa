"""Which .debs a purpose needs on a system that has nothing, as apt itself resolves it."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from shoko.lab.apt_source import KEYRING
from shoko.lab.errors import LabError
from shoko.lab.run import run

_URI = re.compile(r"^'file:(?P<path>[^']+)' ")


class Resolver:
    """An apt of its own (state, cache, sources) over a folder of indexes; the machine's is untouched."""

    def __init__(self, archive_root: Path, scratch: Path, arch: str, sources: Sequence[tuple[str, str, str]]):
        """Prepare the private apt.

        `sources` has rows (archive folder below `archive_root`, suite, component).
        """
        self._root = archive_root
        for folder in ("state/lists/partial", "cache/archives/partial", "etc"):
            (scratch / folder).mkdir(parents=True, exist_ok=True)
        (scratch / "status").write_text("")
        listing = scratch / "etc/sources.list"
        listing.write_text(
            "".join(
                f"deb [signed-by={KEYRING} arch={arch}] file:{archive_root / archive} {suite} {component}\n"
                for archive, suite, component in sources
            )
        )
        options = {
            "Dir::State": scratch / "state",
            "Dir::State::status": scratch / "status",
            "Dir::Cache": scratch / "cache",
            # A container image's apt.conf may switch both off; each call would then parse every index.
            "Dir::Cache::pkgcache": "pkgcache.bin",
            "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
            "Acquire::GzipIndexes": "false",
            "Dir::Etc::SourceList": listing,
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "APT::Architecture": arch,
            "APT::Architectures": arch,
            "APT::Default-Release": "",
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
        }
        self._apt: list[str] = ["apt-get"]
        for key, value in options.items():
            self._apt += ["-o", f"{key}={value}"]
        run([*self._apt, "-o", "APT::Update::Error-Mode=any", "update"])

    def files(self, purpose: str, packages: Sequence[str]) -> set[str]:
        """Return pool files, relative to the archive root, of the packages and all they depend on."""
        try:
            listing = run([*self._apt, "-qq", "--print-uris", "install", *packages])
        except LabError as refused:
            raise LabError(f"packages of {purpose} cannot be installed together: {refused}") from refused
        found = set()
        for line in listing.splitlines():
            match = _URI.match(line)
            if match:
                found.add(str(Path(unquote(match["path"])).relative_to(self._root)))
        if not found:
            raise LabError(f"packages of {purpose}: apt names no file to fetch")
        return found
