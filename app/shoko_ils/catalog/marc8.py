"""Unicode to MARC-8, the way that pymarc leaves open: for libraries whose system reads nothing else.

Each field begins and ends in ASCII. East Asian characters are three bytes of EACC between escape sequences;
combining marks stand before their letter; what MARC-8 does not have is written as &#xXXXX; (MARC 21, lossless).
"""

import unicodedata
from functools import cache

from pymarc import Record
from pymarc.marc8_mapping import CODESETS

ASCII, ANSEL, EACC = 0x42, 0x45, 0x31
TO_EACC, TO_ASCII = b"\x1b$1", b"\x1b(B"


@cache
def _codes() -> dict[str, tuple[int, int, bool]]:
    """Character → set, code, whether it combines."""
    found: dict[str, tuple[int, int, bool]] = {}
    for number in (EACC, ANSEL, ASCII):
        for code, (point, combines) in sorted(CODESETS[number].items(), reverse=True):
            found[chr(point)] = number, code, bool(combines)
    return found


def encode(text: str) -> bytes:
    """MARC-8 bytes of a text."""
    out, in_eacc = bytearray(), False

    def put(number: int, code: int) -> None:
        nonlocal in_eacc
        if (number == EACC) is not in_eacc:
            out.extend(TO_EACC if number == EACC else TO_ASCII)
            in_eacc = number == EACC
        out.extend(code.to_bytes(3 if number == EACC else 1, "big"))

    for cluster in _clusters(unicodedata.normalize("NFC", text)):
        if (known := _known(cluster)) is None:
            known = [(ASCII, ord(char), False) for point in cluster for char in f"&#x{ord(point):04X};"]
        for number, code, _ in [*(each for each in known if each[2]), *(each for each in known if not each[2])]:
            put(number, code)
    if in_eacc:
        out.extend(TO_ASCII)
    return bytes(out)


def _clusters(text: str) -> list[str]:
    """Characters with the combining marks that follow them."""
    found: list[str] = []
    for char in text:
        if found and unicodedata.combining(char):
            found[-1] += char
        else:
            found.append(char)
    return found


def _known(cluster: str) -> list[tuple[int, int, bool]] | None:
    """Codes of a cluster, decomposed if it has none whole."""
    for form in (cluster, unicodedata.normalize("NFD", cluster)):
        codes = [_codes().get(char) for char in form]
        if all(codes):
            return [code for code in codes if code]
    return None


def write(record: Record) -> bytes:
    """ISO 2709 in MARC-8."""
    fields, directory, position = bytearray(), bytearray(), 0
    for each in record.fields:
        if each.control_field:
            body = encode(each.data or "")
        else:
            body = f"{each.indicator1}{each.indicator2}".encode()
            body += b"".join(b"\x1f" + part.code.encode() + encode(part.value) for part in each.subfields)
        body += b"\x1e"
        directory += f"{each.tag:3}{len(body):04}{position:05}".encode()
        fields += body
        position += len(body)
    base = 24 + len(directory) + 1
    leader = str(record.leader)
    head = f"{base + len(fields) + 1:05}{leader[5:9]} {leader[10:12]}{base:05}{leader[17:24]}"
    return head.encode() + bytes(directory) + b"\x1e" + bytes(fields) + b"\x1d"
