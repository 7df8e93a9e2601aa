"""Frames of the path suite: read back by a plain reading of the RFCs that shares nothing with their making."""

import random
import struct
from ipaddress import ip_address

import pytest

from shoko.proof.dynamic import frames


def summed(data):
    """The ones' complement sum of RFC 1071, word by word: 0xFFFF over data with a right checksum."""
    data += b"\0" * (len(data) % 2)
    total = 0
    for (word,) in struct.iter_unpack("!H", data):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total


def read(packet):
    """Header fields of an IP packet without extension headers, and its transport part."""
    if packet[0] >> 4 == 4:
        assert summed(packet[:20]) == 0xFFFF
        assert struct.unpack("!H", packet[2:4])[0] == len(packet)
        return packet[1], packet[8], packet[9], packet[12:16], packet[16:20], packet[20:]
    assert struct.unpack("!H", packet[4:6])[0] == len(packet) - 40
    traffic = (packet[0] & 15) << 4 | packet[1] >> 4
    return traffic, packet[7], packet[6], packet[8:24], packet[24:40], packet[40:]


def checked(packet):
    """Whether the transport checksum is right."""
    _class, _hop, proto, source, destination, upper = read(packet)
    pseudo = b"" if proto == 1 else source + destination + struct.pack("!II", len(upper), proto)
    return summed(pseudo + upper) == 0xFFFF


def some(family, proto, number=0):
    """A packet with fields by chance."""
    chance = random.Random(f"{family} {proto} {number}")  # noqa: S311 - the same in every run
    width = 32 if family == 4 else 128
    return {
        "family": family, "proto": proto, "nexthdr": proto, "headed": 1, "flags": chance.randrange(256),
        "saddr": chance.getrandbits(width), "daddr": chance.getrandbits(width), "hop": chance.randrange(1, 256),
        "sport": chance.randrange(65536), "dport": chance.randrange(65536),
    }  # fmt: skip


KINDS = [(4, 6), (4, 17), (4, 1), (6, 6), (6, 17), (6, 58)]


@pytest.mark.parametrize(("family", "proto"), KINDS)
def test_every_field_is_where_it_belongs_and_every_checksum_is_right(family, proto):
    for number in range(200):
        fields = some(family, proto, number)
        packet = frames.packet(fields, 4711, b"odd" * (number % 3))
        traffic, hop, kind, source, destination, upper = read(packet)
        assert (traffic, hop, kind) == (frames.CLASS, fields["hop"], proto)
        assert (int.from_bytes(source), int.from_bytes(destination)) == (fields["saddr"], fields["daddr"])
        assert int.from_bytes(upper[:2]) == fields["sport"]
        if proto in (6, 17):
            assert int.from_bytes(upper[2:4]) == fields["dport"]
            assert frames.ends_of(packet) == (proto, fields["sport"], fields["dport"])
        if proto == 6:
            assert upper[13] == fields["flags"]
        assert checked(packet)
        assert frames.token_of(packet) == 4711


@pytest.mark.parametrize(("family", "proto"), [(4, 6), (4, 17), (6, 6), (6, 17)])
def test_the_complement_keeps_the_checksum_right_for_every_port(family, proto):
    content = b"\xff\xff" if proto == 17 else b""
    whole = frames.packet({**some(family, proto), "dport": 0, "flags": 2}, 1, content)
    upper = 20 if family == 4 else 40
    for port in range(0, 65536, 97):
        packet = bytearray(whole)
        packet[upper + 2 : upper + 4] = port.to_bytes(2)
        at = upper + frames.COMPLEMENT_AT[proto]
        packet[at : at + 2] = (0xFFFF - port).to_bytes(2)
        assert checked(bytes(packet)), port


@pytest.mark.parametrize(("family", "proto"), [(4, 6), (4, 17), (6, 6), (6, 17)])
def test_two_fragments_hold_the_packet(family, proto):
    fields = some(family, proto)
    content = bytes(range(64))
    first, second = frames.fragments(fields, 99, content)
    head = 20 if family == 4 else 48
    assert first[head:] + second[head:] == frames.upper(fields, content)
    if family == 4:
        words = [struct.unpack("!H", one[6:8])[0] for one in (first, second)]
        assert words == [0x2000, 3]
    else:
        assert {first[6], second[6]} == {44}
        assert [struct.unpack("!H", one[42:44])[0] for one in (first, second)] == [1, 24]
        assert first[40] == second[40] == proto


def test_a_packet_without_header_ends_behind_ip():
    assert len(frames.packet({**some(4, 6), "headed": 0}, 1)) == 20
    assert len(frames.packet({**some(6, 17), "headed": 0}, 1)) == 40


def test_destination_options_stand_before_the_transport_header():
    packet = frames.packet({**some(6, 6), "nexthdr": 60}, 1)
    assert packet[6] == 60
    assert packet[40] == 6
    assert packet[41] == 0
    assert len(packet) == 40 + 8 + 20


def test_a_frame_names_its_ends_and_its_kind():
    packet = frames.packet({**some(6, 6), "saddr": int(ip_address("fd00::1"))}, 1)
    assert frames.frame(b"\1" * 6, b"\2" * 6, packet)[:14] == b"\1" * 6 + b"\2" * 6 + b"\x86\xdd"
