"""Frames and ClientHellos from strangers: every bound holds before anything is allocated, and nothing escapes."""

from __future__ import annotations

import ssl

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedwarden.transport import frames
from fedwarden.transport.sni import MAX_HELLO, NEED_MORE, NOT_TLS, server_name


def client_hello(name: str | None) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


HELLO = client_hello("202611231845120042137.host1.fedwarden")


def test_the_name_of_a_real_hello_is_read_and_every_prefix_of_it_waits() -> None:
    assert server_name(HELLO) == "202611231845120042137.host1.fedwarden"
    assert server_name(HELLO + b"more") == "202611231845120042137.host1.fedwarden"
    assert all(server_name(HELLO[:n]) is NEED_MORE for n in range(len(HELLO)))
    assert server_name(client_hello(None)) is NOT_TLS


def test_a_hello_in_several_records_is_put_together() -> None:
    body = HELLO[5:]
    parts = [body[i : i + 50] for i in range(0, len(body), 50)]
    split = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in parts)
    assert server_name(split) == "202611231845120042137.host1.fedwarden"
    assert server_name(split[:-1]) is NEED_MORE


@pytest.mark.parametrize(
    "text", [b"GET / HTTP/1.1\r\n", b"\x15\x03\x01\x00\x02", b"\x16\x02", b"\x16\x03\x01\x00\x01\x02"]
)
def test_other_protocols_are_refused_at_their_first_bytes(text: bytes) -> None:
    assert server_name(text) is NOT_TLS


def test_a_hello_without_end_is_refused() -> None:
    record = b"\x16\x03\x01\x40\x00" + b"\x01\x00\x3f\xfc" + bytes(MAX_HELLO)
    assert server_name(record[: MAX_HELLO + 1]) is NOT_TLS


@given(st.binary(max_size=600))
def test_garbage_never_raises(data: bytes) -> None:
    server_name(data)
    server_name(b"\x16\x03\x01" + len(data).to_bytes(2, "big") + data)


@given(st.integers(0, len(HELLO) - 1), st.integers(0, 255))
def test_a_changed_hello_never_raises(at: int, value: int) -> None:
    found = server_name(HELLO[:at] + bytes([value]) + HELLO[at + 1 :])
    assert found is None or found is False or isinstance(found, str)


@given(st.binary(max_size=400))
def test_any_header_is_decoded_or_refused(data: bytes) -> None:
    try:
        header = frames.decode_header(data)
    except frames.BadFrame:
        return
    assert len(header.arrays) <= frames.MAX_ARRAYS


_ANY = st.recursive(
    st.none() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(_ANY, max_size=6))
def test_any_msgpack_header_is_decoded_or_refused(fields: list[object]) -> None:
    with pytest.raises(frames.BadFrame) if not _good(fields) else _nothing():
        frames.decode_header(msgspec.msgpack.encode(fields))


def _good(fields: list[object]) -> bool:
    try:
        frames.decode_header(msgspec.msgpack.encode(fields))
    except frames.BadFrame:
        return False
    return True


class _nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    "fields",
    [
        ["X"],
        ["D", "t", -1],
        ["D", "t" * 201],
        ["D", "t", 0, [["|O", [1]]]],
        ["D", "t", 0, [["<c16", [1]]]],
        ["D", "t", 0, [["<u8", [-1]]]],
        ["D", "t", 0, [["<u8", [2**48]]]],
        ["D", "t", 0, [["<u8", [1] * 5]]],
        ["D", "t", 0, [["<u8", [1]]] * 65],
        ["H", "", 0, [["<u8", [1]]]],
        ["D", "t", 0, [], {}, "more"],
        ["D", "t", 0, [["<u8", [1.5]]]],
    ],
)
def test_what_is_not_allowed_is_refused(fields: list[object]) -> None:
    with pytest.raises(frames.BadFrame):
        frames.decode_header(msgspec.msgpack.encode(fields))


def test_deep_nesting_and_false_lengths_are_refused() -> None:
    for text in (
        b"\x95\xa1D\xa1t\x00\x90\x81\xa1a" + b"\x91" * 60_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
    ):
        with pytest.raises(frames.BadFrame):
            frames.decode_header(text)
    for length in (0, 65_537, 2**32 - 1):
        with pytest.raises(frames.BadFrame):
            frames.header_length(length.to_bytes(4, "big"))


@given(
    st.sampled_from(sorted(frames.DTYPES)),
    st.lists(st.integers(0, 7), max_size=4),
    st.booleans(),
    st.dictionaries(st.text(max_size=5), st.integers(-5, 5), max_size=3),
)
def test_arrays_come_back_as_they_were(dtype: str, shape: list[int], turned: bool, meta: dict[str, int]) -> None:
    item = np.arange(int(np.prod(shape)), dtype=np.dtype(dtype)).reshape(shape)
    item = item.T if turned else item
    buffers, size = frames.encode(frames.DATA, "t", 5, [item, item], meta)
    data = b"".join(buffers)
    assert len(data) == size
    length = frames.header_length(data)
    header = frames.decode_header(data[4 : 4 + length])
    assert (header.tag, header.seq, header.meta, sum(header.sizes())) == ("t", 5, meta, 2 * item.nbytes)
    for number, out in enumerate(frames.allocate(header)):
        target = frames.writable(out)
        begin = 4 + length + number * item.nbytes
        if target is not None:
            target[:] = data[begin : begin + item.nbytes]
        assert out.dtype == item.dtype and out.shape == item.shape and (out == item).all()


def test_objects_and_foreign_types_are_not_sent() -> None:
    for item in (np.array([{}]), np.array([1 + 2j]), np.array(["a"]), np.array([True]), np.zeros(2, ">u8")):
        with pytest.raises(ValueError, match="not sent"):
            frames.encode(frames.DATA, "t", 0, [item])
