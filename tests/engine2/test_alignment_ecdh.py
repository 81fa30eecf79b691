"""Alignment without the arbiter: the same rows everywhere, not a byte to it, and no role sees more than is said."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_alignment import check, common_ids, overlapping_tables, tables_of
from threaded_roles import World, run_or_raise

from fedwarden.engine import alignment_ecdh, psi, ristretto
from fedwarden.engine.alignment import Alignment
from fedwarden.engine.alignment_ecdh import align_guest, align_host
from fedwarden.engine.errors import AlignmentTooSmall, PeerViolation


def parts(tables: dict[str, list[str]], minimum: int) -> dict:
    hosts = [role for role in tables if role != "guest"]
    roles = {h: lambda net, h=h: align_host(net, h, tables[h], hosts, minimum=minimum) for h in hosts}
    roles["guest"] = lambda net: align_guest(net, tables["guest"], hosts, minimum=minimum)
    return roles


def checked(tables: dict[str, list[str]], results: dict[str, Alignment]) -> None:
    check(tables, {**results, "arbiter": results["guest"]})


@settings(max_examples=40, deadline=None)
@given(overlapping_tables())
def test_any_overlap_between_two_to_five_parties_aligns_exactly(tables: dict[str, list[str]]) -> None:
    results = World().run(parts(tables, minimum=0))
    checked(tables, results)


@settings(max_examples=25, deadline=None)
@given(overlapping_tables(), st.integers(1, 60))
def test_below_the_minimum_nobody_gets_a_position(tables: dict[str, list[str]], minimum: int) -> None:
    world = World()
    results = world.run(parts(tables, minimum))
    size = len(common_ids(tables))
    if size >= minimum:
        checked(tables, results)
        return
    for role, result in results.items():
        assert isinstance(result, AlignmentTooSmall) and result.params == {"minimum": minimum}, (role, result)
    assert {item["count"] for item in results["guest"].revealed if item["what"] == "psi.intersection_size"} == {size}
    told = {arrays[0].tobytes() for *_, tag, arrays in world.log if tag == "psi.size"}
    assert told == {bytes(8)}, "how far below the minimum no host is told"
    assert not {"psi.positions", "psi.common"} & {tag for _, _, tag, _ in world.log}


def test_lists_longer_than_a_message_align(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment_ecdh, "_CHUNK", 97)
    tables = tables_of(1000)
    results, _ = run_or_raise(parts(tables, minimum=1))
    checked(tables, results)


def test_the_arbiter_gets_nothing_and_the_guest_is_told_no_row_that_is_not_in_common() -> None:
    tables = tables_of(1000)
    results, world = run_or_raise(parts(tables, minimum=1))
    assert not world.inbox("arbiter")
    guest = [(frm, tag) for frm, tag, _ in world.inbox("guest")]
    assert {tag for _, tag in guest} == {
        "psi.held", "psi.held.count", "psi.returned", "psi.returned.count", "psi.positions",
    }  # fmt: skip
    (named,) = (arrays[0] for frm, tag, arrays in world.inbox("guest") if tag == "psi.positions")
    assert len(named) == 600
    learned = {(item["what"], item.get("of"), item["to"]): item["count"] for item in results["guest"].revealed}
    assert learned[("psi.overlap", "guest, host1", "guest")] == 600
    assert learned[("psi.overlap", "guest, host2", "guest")] == 700
    assert {tag for _, tag, _ in world.inbox("host2")} == {
        "psi.rule", "psi.masked.count", "psi.masked", "psi.shuffle", "psi.size", "psi.positions",
    }  # fmt: skip


def test_what_a_host_returns_stands_in_an_order_the_guest_cannot_undo() -> None:
    """Both hosts use one order, so that the guest can intersect; it is none of the guest's own."""
    tables = {"guest": [f"{i}" for i in range(300)], "host1": [f"{i}" for i in range(300)]}
    orders = []
    for _ in range(2):
        _, world = run_or_raise(parts(tables, minimum=1))
        common = next(arrays[0] for _, _, tag, arrays in world.log if tag == "psi.common")
        named = next(arrays[0] for frm, to, tag, arrays in world.log if tag == "psi.positions" and to == "guest")
        assert common.tolist() == list(range(300))
        assert abs(np.corrcoef(named, np.arange(300))[0, 1]) < 0.3
        orders.append(named.tolist())
    assert orders[0] != orders[1]


def test_no_point_is_seen_twice_and_masks_are_fresh() -> None:
    tables = tables_of(600)
    seen: set[bytes] = set()
    for _ in range(2):
        _, world = run_or_raise(parts(tables, minimum=1))
        sent = {
            (frm, tag): {row.tobytes() for row in arrays[0]}
            for frm, _, tag, arrays in world.log
            if tag in ("psi.masked", "psi.held")
        }
        for points in sent.values():
            assert not points & seen
            seen |= points
    plain = {row.tobytes() for row in ristretto.hash_to_group(tables["guest"])}
    assert not plain & seen


def test_ids_become_points_by_the_standard_suite() -> None:
    """RFC 9496, A.3: the map from 64 uniform bytes; RFC 9380, 5.3.1: those bytes, written out a second time here."""
    label = b"Ristretto is traditionally a short shot of espresso coffee"
    encoded = ristretto._sodium.crypto_core_ristretto255_from_hash(hashlib.sha512(label).digest())
    assert encoded.hex() == "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"
    message, domain = "客户1".encode(), ristretto._DOMAIN + bytes([len(ristretto._DOMAIN)])
    b0 = hashlib.sha512(b"\0" * 128 + message + b"\0\x40" + b"\0" + domain).digest()
    assert ristretto.expand(message) == hashlib.sha512(b0 + b"\x01" + domain).digest()
    assert len(ristretto._DOMAIN) <= 255
    points = ristretto.hash_to_group(["1", "01", "1 ", "客户"])
    assert len({row.tobytes() for row in points}) == 4


def test_masking_commutes_and_is_a_permutation() -> None:
    a, b = ristretto.random_scalar(), ristretto.random_scalar()
    points = ristretto.hash_to_group([str(i) for i in range(1500)])
    one = ristretto.multiply(b, ristretto.multiply(a, points))
    np.testing.assert_array_equal(one, ristretto.multiply(a, ristretto.multiply(b, points)))
    assert len({row.tobytes() for row in one}) == 1500


def test_loading_the_library_leaves_no_file_behind(tmp_path: Path) -> None:
    words = "from fedwarden.engine import ristretto; print(len(ristretto.random_scalar()))"
    done = subprocess.run(
        [sys.executable, "-c", words], env={"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "32"
    assert list(tmp_path.iterdir()) == []
    assert tempfile.tempdir is None or Path(tempfile.tempdir).exists()


@pytest.mark.parametrize("bad", [bytes(32), b"\xff" * 32, b"\x01" + bytes(31)])
def test_what_is_no_point_is_refused_and_its_sender_named(bad: bytes) -> None:
    def bad_guest(net) -> None:
        net.send("host1", "psi.rule", np.frombuffer(b"v1", dtype=np.uint8))
        net.send("host1", "psi.masked.count", np.array([1], dtype=np.uint64))
        net.send("host1", "psi.masked", np.frombuffer(bad, dtype=np.uint8).reshape(1, 32))

    result = World().run(parts({"guest": ["a"], "host1": ["a", "b"]}, 0) | {"guest": bad_guest})["host1"]
    assert isinstance(result, PeerViolation) and result.peer == "guest" and "no point at 0" in result.what


def test_a_host_that_lists_an_id_twice_or_too_many_is_named() -> None:
    def host(points: np.ndarray, count: int):
        def play(net) -> None:
            net.recv("guest", "psi.rule", 64)
            net.recv("guest", "psi.masked.count", 8)
            net.send("guest", "psi.held.count", np.array([count], dtype=np.uint64))
            net.send("guest", "psi.held", points)
            net.recv("guest", "psi.masked", 1 << 20)
            net.send("guest", "psi.returned.count", np.array([1], dtype=np.uint64))
            net.send("guest", "psi.returned", np.array([[1, 1]], dtype=np.uint64))

        return play

    twice = ristretto.hash_to_group(["b", "b"])
    tables = {"guest": ["a"], "host1": []}
    result = World().run(parts(tables, 0) | {"host1": host(twice, 2)})["guest"]
    assert isinstance(result, PeerViolation) and (result.peer, result.what) == ("host1", "a point twice")
    result = World().run(parts(tables, 0) | {"host1": host(twice, 2**60)})["guest"]
    assert isinstance(result, PeerViolation) and result.what == "a size out of range"


def test_both_ways_of_alignment_find_the_same_people() -> None:
    from test_alignment import parts as arbiter_parts

    tables = tables_of(500)
    first, _ = run_or_raise(parts(tables, minimum=1))
    second, _ = run_or_raise(arbiter_parts(tables, minimum=1))
    for role, ids in tables.items():
        normal = psi.normalise_ids(ids)
        assert {normal[i] for i in first[role].index.tolist()} == {normal[i] for i in second[role].index.tolist()}
