"""Lynis and OpenSCAP on a host with a kernel of its own: lent to it, run there as root, taken back; their bars."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from emulated import Emulated
from scans import keep

from shoko.hardening.waivers import waivers

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = CHECKOUT / ".cache/benchmarks"
PLACE = "/usr/local/lib/shoko-audit"  # /run, /tmp and people's folders may hold no programs
# Scanners, the rules, and the libraries that a host of ours does not have.
PACKAGES = (
    "lynis", "openscap-scanner", "openscap-common", "libopenscap33", "ssg-debian", "libxml2", "libxslt1.1",
    "libxmlsec1t64", "libxmlsec1t64-openssl", "libcurl4t64", "librpm10", "librpmio10", "libgcrypt20", "libyaml-0-2",
    "libgpg-error0", "librtmp1", "libssh2-1t64", "libnghttp2-14", "libnghttp3-9", "libpsl5t64", "libbrotli1",
    "libldap2", "libsasl2-2", "libidn2-0", "libunistring5", "liblua5.3-0", "librpm-sequoia-1",
)  # fmt: skip
RULES = "usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
PROFILE = "anssi_bp28_enhanced"
LYNIS_BAR, ANSSI_BAR = 88, 0.95  # of 100; of the applicable rules
# ComplianceAsCode of Debian 13 (0.1.76) has rules for Debian 12. Three questions that the two answer
# differently, or for which only one of two places is looked at, are put anew: what is asked, how often, what instead.
# No value is touched.
ANEW = (
    (r">\^12\.\[0-9\]\+\$<", 1, r">^13.[0-9]+$<"),  # is this the Debian of these rules
    (r"Requires=augenrules\.service", 1, "Requires=audit-rules.service"),  # are the files in rules.d what is loaded
    # The words of the command line: GRUB reads /etc/default/grub and all that is in this folder.
    (
        r"/etc/default/grub(</ind:filepath>\s*<[^>]*>\^\\s\*GRUB_CMDLINE_LINUX=)",
        16,
        r"/etc/default/grub.d/shoko-hardening.cfg\1",
    ),
)
PREFIX = "xccdf_org.ssgproject.content_rule_"
XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"


def tools() -> None:
    """Have the scanners unpacked on this machine."""
    if not (TOOLS / RULES).exists():
        subprocess.run([str(CHECKOUT / "tools/trixie-packages"), str(TOOLS), *PACKAGES], check=True)


def lend(host: Emulated) -> None:
    """Put the scanners into the host, until `take_back`."""
    text = (TOOLS / RULES).read_text()
    for asked, times, anew in ANEW:
        text, found = re.subn(asked, anew, text)
        assert found == times, f"{asked}: stands {found} times in the rules, not {times}"
    rules = text.encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(TOOLS / "usr/bin/oscap", "oscap")
        tar.add(TOOLS / "usr/share/openscap", "openscap")
        for library in (TOOLS / "usr/lib/x86_64-linux-gnu").glob("*.so*"):
            tar.add(library, f"lib/{library.name}")
        tar.add(TOOLS / "usr/sbin/lynis", "lynis/lynis")
        for name in ("include", "db"):
            tar.add(TOOLS / "usr/share/lynis" / name, f"lynis/{name}")
        for name in ("default.prf", "plugins"):
            tar.add(TOOLS / "etc/lynis" / name, f"lynis/{name}")
        about = tarfile.TarInfo("rules.xml")
        about.size = len(rules)
        tar.addfile(about, io.BytesIO(rules))
    host.run(f"rm -rf {PLACE}; mkdir -p {PLACE} && tar -xz --no-same-owner -C {PLACE} -f -", archive.getvalue())


def take_back(host: Emulated) -> None:
    """Leave nothing in the host."""
    host.run(f"rm -rf {PLACE}")


def lynis(host: Emulated) -> tuple[int, int, set[str]]:
    """Lynis's index (0 to 100), how many tests it made, and those that found something; its words are kept."""
    command = (
        f"cd {PLACE}/lynis && ./lynis audit system --no-colors --quick --report-file {PLACE}/report.dat"
        f" --logfile {PLACE}/lynis.log"
    )
    said = host.run(command, check=False, timeout=3000)
    keep(f"lynis/{host.name}.txt", said)
    report = host.run(f"cat {PLACE}/report.dat")
    keep(f"lynis/{host.name}.dat", report)
    keep(f"lynis/{host.name}.log", host.run(f"cat {PLACE}/lynis.log"))
    index, tests = (re.search(pattern, said) for pattern in (r"Hardening index : (\d+)", r"Tests performed : (\d+)"))
    assert index, said[-2000:]
    assert tests, said[-2000:]
    found = set(re.findall(r"^(?:suggestion|warning)\[\]=([^|]+)\|", report, re.MULTILINE))
    return int(index[1]), int(tests[1]), found


def judged_by_lynis(host: Emulated) -> tuple[str, list[str]]:
    """Its figures in a line, and what keeps the host from the bar: the index, or other findings than those waived."""
    index, tests, found = lynis(host)
    short = [f"index {index}, not {LYNIS_BAR}"] if index < LYNIS_BAR else []
    return f"{index}, {tests} tests", short + unlike(found, waivers("lynis", host.group))


def judged_by_openscap(host: Emulated) -> tuple[str, list[str]]:
    """The same of ANSSI's rules."""
    found = openscap(host)
    failed = {rule for rule, outcome in found.items() if outcome in {"fail", "error", "unknown"}}
    applicable = {rule for rule, outcome in found.items() if outcome in {"pass", "fixed"}} | failed
    passed = 1 - len(failed) / len(applicable)
    short = [f"{passed:.1%} of {len(applicable)} rules, not {ANSSI_BAR:.0%}"] if passed < ANSSI_BAR else []
    return f"{passed:.1%}: {counted(found)}", short + unlike(failed, waivers(PROFILE, host.group))


def unlike(found: Iterable[str], waived: Iterable[str]) -> list[str]:
    """What is found and not waived, and what is waived and not found."""
    found, waived = set(found), set(waived)
    return [f"{one}: not waived" for one in sorted(found - waived)] + [
        f"{one}: waived, and not found" for one in sorted(waived - found)
    ]


def openscap(host: Emulated) -> dict[str, str]:
    """What each selected rule of the profile came to (pass, fail, notapplicable, …); the result file is kept."""
    environment = f"LD_LIBRARY_PATH={PLACE}/lib OSCAP_SCHEMA_PATH={PLACE}/openscap/schemas"
    command = (
        f"cd {PLACE} && env {environment} OSCAP_XSLT_PATH={PLACE}/openscap/xsl OSCAP_CPE_PATH={PLACE}/openscap/cpe"
        f" ./oscap xccdf eval --skip-validation --profile {PROFILE} --results {PLACE}/results.xml rules.xml"
    )
    keep(f"openscap/{host.name}.txt", host.run(f"{command} 2>&1", check=False, timeout=7200))
    results = host.run(f"cat {PLACE}/results.xml")
    keep(f"openscap/{host.name}.xml", results)
    return outcomes(results)


def outcomes(results: str) -> dict[str, str]:
    """The outcomes in an XCCDF result file, by rule, of those that the profile selects."""
    found = {}
    for row in ElementTree.fromstring(results).iter(f"{XCCDF}rule-result"):  # noqa: S314 - our scanner wrote it
        outcome = row.findtext(f"{XCCDF}result", "")
        if outcome != "notselected":
            found[row.get("idref", "").removeprefix(PREFIX)] = outcome
    return found


def counted(found: dict[str, str]) -> str:
    """The figures in one line."""
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(Counter(found.values()).items()))
