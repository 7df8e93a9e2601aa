"""A packet's bytes say what its fields say, and every sum in them is right; the kernel agrees in test_kernel."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoko.proof.fields import ADDRESSES, VALUES
from shoko.proof.packet import example
from shoko.proof.spans import single
from shoko.proof.wire import checksum, crc32c, datagram

ONE, OTHER = {4: 0x0A000001, 6: 0xFD00 << 112 | 1}, {4: 0xC0000263, 6: 0xFD00 << 112 | 2}
WITH_PORTS = {6, 17, 132, 136}


def packet(**values):
    family = values.get("family", 4)
    ends = {"saddr": ONE[family], "daddr": OTHER[family]}
    return example({name: single(value) for name, value in ({"family": 4} | ends | values).items()})


def total(data):
    """The sum of 16-bit words with the carries added in: all ones where the checksum within is right."""
    whole = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while whole >> 16:
        whole = (whole & 0xFFFF) + (whole >> 16)
    return whole


def taken_apart(data):
    """Read bytes as a receiver does; what it finds by the names of the fields."""
    if data[0] >> 4 == 4:
        assert total(data[:20]) == 0xFFFF
        assert struct.unpack("!H", data[2:4])[0] == len(data)
        found = {"family": 4, "hop": data[8], "proto": data[9]}
        found |= {"saddr": int.from_bytes(data[12:16]), "daddr": int.from_bytes(data[16:20])}
        found["headed"] = int(struct.unpack("!H", data[6:8])[0] & 0x1FFF == 0)
        ends, upper = data[12:20], data[20:]
    else:
        assert struct.unpack("!H", data[4:6])[0] == len(data) - 40
        found = {"family": 6, "nexthdr": data[6], "proto": data[6], "hop": data[7]}
        found |= {"saddr": int.from_bytes(data[8:24]), "daddr": int.from_bytes(data[24:40])}
        found["headed"], ends, upper = 1, data[8:40], data[40:]
        while found["proto"] in (0, 43, 44, 60):
            if found["proto"] == 44 and struct.unpack("!H", upper[2:4])[0] >> 3:
                found["headed"] = 0
            found["proto"], upper = upper[0], upper[8:]
        found["headed"] = found["headed"] and int(bool(upper))
    if found["headed"]:
        found["sport"], found["dport"] = struct.unpack("!HH", upper[:4])
        if found["proto"] == 6:
            found["flags"] = upper[13]
        if found["proto"] in (6, 17, 58, 136):
            assert total(ends + struct.pack("!IHBB", len(upper), 0, 0, found["proto"]) + upper) == 0xFFFF
        if found["proto"] in (1, 2):
            assert total(upper) == 0xFFFF
    return found


@given(
    st.sampled_from((4, 6)).flatmap(
        lambda family: st.fixed_dictionaries(
            {"family": st.just(family)},
            optional={
                "saddr": st.integers(0, ADDRESSES[family][1] - 1),
                "daddr": st.integers(0, ADDRESSES[family][1] - 1),
                "proto": st.sampled_from((1, 2, 6, 17, 47, 50, 58, 112, 132, 136)),
                "headed": st.integers(0, 1),
                "sport": st.integers(0, 0xFFFF),
                "dport": st.integers(0, 0xFFFF),
                "flags": st.integers(0, 255),
                "hop": st.integers(0, 255),
            },
        )
    )
)
def test_a_receiver_finds_in_the_bytes_what_the_packet_says(values):
    one = packet(**values)
    found = taken_apart(datagram(one))
    assert found == {name: one[name] for name in found}


def test_sums_are_those_that_the_standards_give_as_examples():
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == bytes.fromhex("220d")  # RFC 1071, section 3
    assert crc32c(b"123456789") == 0xE3069283
    assert checksum(b"") == checksum(bytes(4)) == b"\xff\xff"


def test_a_later_fragment_says_so_in_both_families():
    for family, place in ((4, 6), (6, 42)):
        data = datagram(packet(family=family, proto=17, headed=0))
        assert struct.unpack("!H", data[place : place + 2])[0] & 0x1FF8, family
    assert datagram(packet(family=6, proto=17, headed=0))[6] == 44


def test_options_before_the_transport_header_are_carried():
    data = datagram(packet(family=6, proto=6, nexthdr=0, dport=22))
    assert (data[6], data[40], data[48 + 2 : 48 + 4]) == (0, 6, (22).to_bytes(2))
    with pytest.raises(ValueError, match="first IPv6 header"):
        datagram(packet(family=6, proto=6, nexthdr=17))


def test_every_field_of_a_packet_is_said_in_bytes_or_known_not_to_be():
    unseen = {"iif", "oif", "state", "direction", "mark", "user"}
    assert set(taken_apart(datagram(packet(family=6)))) | unseen == set(VALUES)
