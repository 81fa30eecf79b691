"""Channels: order, bounds, back-pressure, both ends of an end, and strangers' frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import links
import numpy as np
import pytest

from fedwarden.common.errors import DataError, LinkError
from fedwarden.transport import channel, frames

MIB = 1 << 20


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[links.Pair]:
    pair = links.Pair(tmp_path)
    yield pair
    pair.close()


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[links.RawPeer]:
    peer = links.RawPeer(tmp_path, link_timeout=1.5)
    yield peer
    peer.close()


def words(size: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**63, size, dtype=np.uint64)


def test_messages_of_all_sizes_arrive_whole_and_in_order(pair: links.Pair) -> None:
    sizes = [0, 1, 7, 2000, 8192, 8200, 9000, 200_000, 3, 1_000_000, 0, 5]
    for number, size in enumerate(sizes):
        pair.guest.send(f"t{number}", words(size, number), np.float64([number]), meta={"n": number})
    for number, size in enumerate(sizes):
        message = pair.host.recv(f"t{number}", 8 * MIB)
        assert message.meta == {"n": number}
        assert (message.arrays[0] == words(size, number)).all()
        assert message.arrays[0].flags.writeable
        assert message.arrays[1].tolist() == [number]
    assert pair.host.received == pair.guest.sent > 8 * sum(sizes)


def test_fifty_megabytes_both_ways_at_once_do_not_lock_up(pair: links.Pair) -> None:
    big = words(50 * MIB // 8)
    out: list[bool] = []

    def side(channel: object) -> None:
        for _ in range(2):
            channel.send("big", big)  # type: ignore[attr-defined]
        for _ in range(2):
            out.append(bool((channel.recv("big", 50 * MIB).arrays[0] == big).all()))  # type: ignore[attr-defined]

    threads = [threading.Thread(target=side, args=(channel,)) for channel in (pair.guest, pair.host)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert out == [True] * 4


def test_a_sender_waits_when_nobody_takes_and_goes_on_when_somebody_does(tmp_path: Path) -> None:
    pair = links.Pair(tmp_path, send_limit=2 * MIB, receive_limit=2 * MIB)
    sent: list[int] = []

    def send() -> None:
        for number in range(24):
            pair.guest.send("x", words(MIB // 8, number))
            sent.append(number)

    thread = threading.Thread(target=send)
    thread.start()
    time.sleep(1.0)
    held = len(sent)
    assert held < 20, "the queues are bounded"
    with pytest.raises(LinkError) as caught:
        pair.guest.send("y", words(MIB), seconds=0.2)
    assert caught.value.code == "FW-LINK-017"
    for number in range(24):
        assert (pair.host.recv("x", MIB).arrays[0] == words(MIB // 8, number)).all()
    thread.join(5)
    assert len(sent) == 24
    pair.close()


def test_a_receiver_that_takes_nothing_for_longer_than_a_silence_loses_nothing(tmp_path: Path) -> None:
    """A party may be busy with its table while the dealer runs ahead of it: its window is shut, but it is there."""
    pair = links.Pair(tmp_path, send_limit=32 * MIB, receive_limit=MIB, link_timeout=0.1)
    for number in range(24):
        pair.guest.send("x", words(MIB // 8, number))
    # the system's own patience was twice the silence once; it looks at growing intervals
    time.sleep(12.0)
    for number in range(24):
        assert (pair.host.recv("x", MIB, 5).arrays[0] == words(MIB // 8, number)).all()
    assert not any(alarm.tripped.is_set() for alarm in pair.alarms)
    pair.close()


def test_a_message_above_the_read_ahead_needs_the_receivers_word(tmp_path: Path) -> None:
    pair = links.Pair(tmp_path, receive_limit=MIB)
    pair.guest.send("big", words(MIB))
    assert pair.host.recv("big", 8 * MIB).arrays[0].size == MIB
    pair.guest.send("big", words(MIB))
    time.sleep(0.3)
    with pytest.raises(LinkError) as caught:
        pair.host.recv("big", MIB, 5)
    assert (caught.value.code, caught.value.params["size"], caught.value.params["limit"]) == (
        "FW-LINK-014",
        8 * MIB,
        MIB,
    )
    pair.close()


def test_a_wrong_tag_and_a_size_above_the_limit_end_it_for_both(tmp_path: Path) -> None:
    for place, tag, limit, code in (("a", "other", 8000, "FW-LINK-013"), ("b", "x", 7999, "FW-LINK-014")):
        pair = links.Pair(tmp_path / place)
        pair.guest.send("x", words(1000))
        with pytest.raises(LinkError) as caught:
            pair.host.recv(tag, limit)
        assert caught.value.code == code
        with pytest.raises(LinkError) as caught:
            pair.guest.recv("answer", 10, 5)
        assert caught.value.code == code, "the other side hears the same cause"
        assert pair.alarms[0].cause == pair.alarms[1].cause
        pair.close()


def test_a_wait_ends_at_its_deadline_and_names_what_it_waited_for(pair: links.Pair) -> None:
    with pytest.raises(LinkError) as caught:
        pair.guest.recv("gradient", 10, 0.2)
    assert caught.value.code == "FW-LINK-016"
    assert "gradient" in caught.value.message("en") and "host1" in caught.value.message("zh")
    assert pair.alarms[0].cause is None


def test_an_orderly_end_delivers_everything_and_is_no_failure(pair: links.Pair) -> None:
    pair.guest.send("last", words(MIB))
    pair.guest.bye()
    with pytest.raises(LinkError) as caught:
        pair.guest.send("more")
    assert caught.value.code == "FW-LINK-015"
    assert pair.host.recv("last", 8 * MIB).arrays[0].size == MIB
    with pytest.raises(LinkError) as caught:
        pair.host.recv("more", 10, 5)
    assert caught.value.code == "FW-LINK-015"
    assert pair.alarms[0].cause is None and pair.alarms[1].cause is None


def test_an_abort_overtakes_what_is_queued_and_carries_its_cause(tmp_path: Path) -> None:
    pair = links.Pair(tmp_path, receive_limit=MIB)
    for _ in range(6):
        pair.guest.send("x", words(MIB // 8))
    cause = {"code": "FW-DATA-001", "params": {"column": "年龄"}, "role": "guest", "party": 1}
    begin = time.monotonic()
    pair.guest.abort(cause)
    with pytest.raises(DataError) as caught:
        while True:
            pair.host.recv("x", MIB, 5)
    assert time.monotonic() - begin < 2
    assert caught.value.params == {"column": "年龄"}
    assert pair.alarms[1].cause == cause
    pair.close()


def test_heartbeats_keep_a_quiet_channel_and_a_large_slow_frame_alive(tmp_path: Path) -> None:
    pair = links.Pair(tmp_path / "a", link_timeout=1.0)
    time.sleep(2 * 1.0 + channel.RECOVERY + 1.0)
    pair.guest.send("x")
    pair.host.recv("x", 0)
    assert pair.guest.received > 0, "heartbeats are counted"
    pair.close()
    peer = links.RawPeer(tmp_path / "b", link_timeout=1.0)
    buffers, _ = frames.encode(frames.DATA, "slow", 0, [words(1000)])
    data = b"".join(buffers)
    for at in range(0, len(data), 1500):
        peer.sock.sendall(data[at : at + 1500])
        time.sleep(0.8)
    assert peer.guest.recv("slow", 8000, 2).arrays[0].size == 1000
    peer.close()


def test_silence_and_a_closed_connection_are_noticed_and_name_the_peer(raw: links.RawPeer, tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(LinkError) as caught:
        raw.guest.recv("x", 10, 15)
    assert (caught.value.code, caught.value.params["role"], caught.value.params["party"]) == ("FW-LINK-011", "host1", 2)
    limit = 2 * 1.5 + channel.RECOVERY
    assert limit - 0.1 < time.monotonic() - begin < limit + 2
    second = links.RawPeer(tmp_path / "second")
    threading.Timer(0.2, second.sock.close).start()
    begin = time.monotonic()
    with pytest.raises(LinkError) as caught:
        second.guest.recv("x", 10, 10)
    assert caught.value.code == "FW-LINK-010"
    assert time.monotonic() - begin < 1.2
    second.close()


def _frame(*fields: object) -> bytes:
    import msgspec

    text = msgspec.msgpack.encode(list(fields))
    return len(text).to_bytes(4, "big") + text


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x00",
        b"GET / HTTP/1.1\r\n\r\n" * 5,
        _frame("D", "x", 1),
        _frame("D", "x", 0, [["|O", [2]]]),
        _frame("I", "", 0, [], {}),
        _frame("D", "x", 0, [["<u8", [2**40, 2**40]]]),
    ],
)
def test_a_peers_nonsense_ends_the_job_without_taking_memory(raw: links.RawPeer, data: bytes) -> None:
    raw.sock.sendall(data)
    with pytest.raises(LinkError) as caught:
        raw.guest.recv("x", MIB, 5)
    assert caught.value.code in ("FW-LINK-012", "FW-LINK-014")
    assert caught.value.params["role"] == "host1"


def test_a_peers_cause_is_data_whatever_it_holds(raw: links.RawPeer) -> None:
    raw.sock.sendall(
        _frame("A", "", 0, [], {"code": "FW-" + "x" * 5000, "params": {"why": "{why.__class__}"}, "role": 7})
    )
    with pytest.raises(Exception, match="FW-x") as caught:
        raw.guest.recv("x", MIB, 5)
    assert len(caught.value.code) <= 40  # type: ignore[attr-defined]
    assert raw.alarm.cause is not None and raw.alarm.cause["role"] == "host1"


def test_many_small_messages_of_several_threads_stay_whole(pair: links.Pair) -> None:
    def send(number: int) -> None:
        for _ in range(300):
            pair.guest.send("x", np.full(number * 700, number, np.uint64))

    threads = [threading.Thread(target=send, args=(number,)) for number in (1, 2, 20)]
    for thread in threads:
        thread.start()
    seen = {1: 0, 2: 0, 20: 0}
    for _ in range(900):
        item = pair.host.recv("x", MIB).arrays[0]
        assert (item == item[0]).all() and item.size == 700 * int(item[0])
        seen[int(item[0])] += 1
    assert seen == {1: 300, 2: 300, 20: 300}
