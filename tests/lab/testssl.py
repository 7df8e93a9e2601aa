"""testssl.sh of Debian 13 on an endpoint, run in the host that may see it: the grade by SSL Labs' rating guide."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile

from converged import CHECKOUT, Converged
from endpoints import Endpoint
from scans import keep

from shoko.lab.machines import machine

TOOLS = CHECKOUT / ".cache/scanners"
PLACE = "/run/shoko-audit"
# The scanner, and what it wants of hosts that have less: hexdump, and something that could ask for names.
PACKAGES = ("testssl.sh", "bsdextrautils", "ldnsutils", "libldns3t64")


def tools() -> None:
    """Have the scanner unpacked on this machine."""
    if not (TOOLS / "usr/bin/testssl").exists():
        subprocess.run([str(CHECKOUT / "tools/trixie-packages"), str(TOOLS), *PACKAGES], check=True)


def lend(converged: Converged, host: str) -> None:
    """Put the scanner and the site's root into a host's /run, until `take_back`."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(TOOLS / "usr/bin/testssl", "testssl")
        for program in ("hexdump", "drill"):
            tar.add(TOOLS / "usr/bin" / program, program)
        for library in TOOLS.glob("usr/lib/*/libldns.so*"):
            tar.add(library, library.name)
        tar.add(TOOLS / "etc/testssl", ".")
        tar.add(converged.root_certificate, "root.pem")
    feed(converged, host, archive.getvalue())


def feed(converged: Converged, host: str, archive: bytes) -> None:
    """Unpack an archive into the place."""
    command = machine(converged.settings, host).entry(["sh", "-c", f"mkdir -p {PLACE} && tar -x -C {PLACE} -f -"])
    subprocess.run(command, input=archive, check=True)


def take_back(converged: Converged, host: str) -> None:
    """Leave nothing in the host."""
    converged.said(host, "rm", "-rf", PLACE)


def scan(converged: Converged, endpoint: Endpoint) -> dict[str, str]:
    """testssl's findings by their id (severity, then what was found); its page and JSON are kept."""
    address, _, port = endpoint.at.rpartition(":")
    path = f"{PLACE}:/usr/sbin:/usr/bin:/sbin:/bin"
    words = [
        "env", f"PATH={path}", f"LD_LIBRARY_PATH={PLACE}", f"TESTSSL_INSTALL_DIR={PLACE}", f"CA_BUNDLES_PATH={PLACE}",
        f"{PLACE}/testssl", "--openssl", "/usr/bin/openssl", "--add-ca", f"{PLACE}/root.pem", "--nodns", "none",
        "--warnings", "off", "--color", "0", "--quiet", "--ip", address, "--jsonfile", f"{PLACE}/out.json",
        *(["--starttls", endpoint.starttls] if endpoint.starttls else []), f"{endpoint.server_name}:{port}",
    ]  # fmt: skip
    converged.said(endpoint.looker, "rm", "-f", f"{PLACE}/out.json")
    done = converged.inside(endpoint.looker, *words, timeout=900)
    keep(f"testssl/{endpoint.name}.txt", done.stdout + done.stderr)
    said = converged.said(endpoint.looker, "cat", f"{PLACE}/out.json")
    keep(f"testssl/{endpoint.name}.json", said)
    return {row["id"]: f"{row['severity']} {row['finding']}" for row in json.loads(said)}
