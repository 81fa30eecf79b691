"""The same rows in the same order everywhere, and nobody sees more than it must."""

from __future__ import annotations

import hmac
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threaded_roles import World, run_or_raise

from fedwarden.engine import psi
from fedwarden.engine.alignment import (
    Alignment,
    align_arbiter,
    align_guest,
    align_host,
    receive_split,
    send_split,
)
from fedwarden.engine.errors import AlignmentTooSmall, DuplicateIds, EmptyId, PeerViolation


def parts(tables: dict[str, list[str]], minimum: int) -> dict:
    hosts = [r for r in tables if r != "guest"]
    roles = {h: lambda net, h=h: align_host(net, tables[h], minimum=minimum) for h in hosts}
    roles["guest"] = lambda net: align_guest(net, tables["guest"], hosts, minimum=minimum)
    roles["arbiter"] = lambda net: align_arbiter(net, hosts, minimum=minimum)
    return roles


def common_ids(tables: dict[str, list[str]]) -> set[str]:
    return set.intersection(*(set(psi.normalise_ids(ids)) for ids in tables.values()))


def check(tables: dict[str, list[str]], results: dict[str, Alignment]) -> None:
    normal = {role: psi.normalise_ids(ids) for role, ids in tables.items()}
    aligned = {r: [normal[r][i] for i in results[r].index.tolist()] for r in tables}
    assert set(aligned["guest"]) == common_ids(tables)
    assert len(aligned["guest"]) == results["guest"].size == results["arbiter"].size
    for rows in aligned.values():
        assert rows == aligned["guest"]


TEXT = st.text(min_size=1, max_size=6).filter(lambda s: s.strip())


@st.composite
def overlapping_tables(draw: st.DrawFn) -> dict[str, list[str]]:
    n_hosts = draw(st.integers(1, 4))
    pool = draw(st.lists(TEXT, min_size=1, max_size=40, unique_by=lambda s: unicodedata.normalize("NFC", s).strip()))
    tables = {}
    for role in ["guest", *(f"host{k + 1}" for k in range(n_hosts))]:
        mine = [i for i in pool if draw(st.integers(0, 3))]
        form = draw(st.sampled_from(["NFC", "NFD"]))
        pad = draw(st.sampled_from(["", " ", "\t"]))
        tables[role] = [pad + unicodedata.normalize(form, i) for i in draw(st.permutations(mine))]
    return tables


@settings(max_examples=150, deadline=None)
@given(overlapping_tables())
def test_any_overlap_between_two_to_five_parties_aligns_exactly(tables: dict[str, list[str]]) -> None:
    world = World()
    results = world.run(parts(tables, minimum=0))
    check(tables, results)


@settings(max_examples=80, deadline=None)
@given(overlapping_tables(), st.integers(1, 60))
def test_below_the_minimum_nobody_gets_a_position(tables: dict[str, list[str]], minimum: int) -> None:
    world = World()
    results = world.run(parts(tables, minimum))
    size = len(common_ids(tables))
    if size >= minimum:
        check(tables, results)
        return
    for role, result in results.items():
        assert isinstance(result, AlignmentTooSmall), (role, result)
        assert result.params == {"minimum": minimum}
    told = {arrays[0].tobytes() for *_, tag, arrays in world.log if tag == "psi.size"}
    assert told == {bytes(8)}, "how far below the minimum is told to nobody"
    assert {tag for _, _, tag, _ in world.log} <= {
        "psi.key",
        "psi.size",
        *(t + c for t in ["psi.tokens", *(f"psi.tokens.{r}" for r in tables)] for c in ("", ".count")),
    }


def test_the_default_minimum_is_one_hundred() -> None:
    for n, enough in ((99, False), (100, True)):
        ids = [str(i) for i in range(n)]
        results = World().run(
            {
                "guest": lambda net, ids=ids: align_guest(net, ids, ["host1"]),
                "host1": lambda net, ids=ids: align_host(net, ids[::-1]),
                "arbiter": lambda net: align_arbiter(net, ["host1"]),
            }
        )
        assert all(isinstance(r, Alignment if enough else AlignmentTooSmall) for r in results.values())


def test_ids_are_text_and_never_read_as_numbers() -> None:
    tables = {
        "guest": ["1", "01", "1.0", "1e0", "11010119900307123X"],
        "host1": ["001", "1", "+1", "11010119900307123x"],
    }
    results, _ = run_or_raise(parts(tables, minimum=1))
    assert results["guest"].size == 1
    assert tables["guest"][results["guest"].index[0]] == "1"


def test_duplicates_are_refused_with_count_and_first_three_of_the_own_ids() -> None:
    ids = ["a", "b ", "b", "c", "c", "c", "e\u0301", "\u00e9", "d", "d"]
    with pytest.raises(DuplicateIds) as caught:
        psi.normalise_ids(ids)
    assert caught.value.count == 4
    assert caught.value.examples == ["b", "c", "\u00e9"]
    assert "b" not in caught.value.params and "'c'" not in str(caught.value)
    with pytest.raises(EmptyId) as empty:
        psi.normalise_ids(["a", " ", "b", "\t"])
    assert (empty.value.count, empty.value.row) == (2, 1)


def test_tokens_are_hmac_sha256_cut_to_128_bits() -> None:
    key = bytes(range(32))
    ids = ["1", "甲乙", "x" * 200, "\u00e9"]
    got = psi.keyed_tokens(key, ids).astype(">u8").tobytes()
    assert got == b"".join(hmac.digest(key, i.encode(), "sha256")[:16] for i in ids)


def test_tokens_that_share_their_first_64_bits_are_told_apart() -> None:
    held = np.array([[5, 1], [5, 2], [5, 9], [7, 0], [2**64 - 1, 3]], dtype=np.uint64)
    assert psi.strictly_sorted(held)
    wanted = np.array([[5, 9], [2**64 - 1, 3], [5, 3], [5, 1], [0, 0], [7, 0], [5, 2], [8, 0]], dtype=np.uint64)
    assert psi.find_tokens(wanted, held).tolist() == [2, 4, -1, 0, -1, 3, 1, -1]
    assert psi.token_order(held[[2, 4, 0, 3, 1]]).tolist() == [2, 4, 0, 3, 1]
    assert not psi.strictly_sorted(held[[0, 2, 1]])
    assert not psi.strictly_sorted(held[[0, 0, 1]])


def test_a_guest_that_lists_an_id_twice_is_named() -> None:
    def twice(net) -> None:
        key = bytes(32)
        net.send("host1", "psi.key", np.frombuffer(key, dtype=np.uint8), np.frombuffer(b"v1", dtype=np.uint8))
        net.send("arbiter", "psi.tokens.host1.count", np.array([2], dtype=np.uint64))
        net.send("arbiter", "psi.tokens.host1", psi.keyed_tokens(key, ["a", "a"]))

    result = World().run(parts({"guest": [], "host1": ["a", "b"]}, 0) | {"guest": twice})["arbiter"]
    assert isinstance(result, PeerViolation) and (result.peer, result.what) == ("guest", "a token twice")


def tables_of(n: int) -> dict[str, list[str]]:
    ids = [f"客户{i:06d}" for i in range(n)]
    return {"guest": ids[: n // 2 + 200], "host1": ids[100:], "host2": ids[: n - 50]}


def test_the_arbiter_sees_sizes_and_tokens_that_no_two_lists_share() -> None:
    tables = tables_of(1000)
    results, world = run_or_raise(parts(tables, minimum=1))
    inbox = world.inbox("arbiter")
    assert {tag for _, tag, _ in inbox} == {
        "psi.tokens", "psi.tokens.count", "psi.tokens.host1", "psi.tokens.host1.count", "psi.tokens.host2",
        "psi.tokens.host2.count",
    }  # fmt: skip
    lists = {(frm, tag): arrays[0] for frm, tag, arrays in inbox if not tag.endswith("count")}
    as_sets = {k: set(map(tuple, v.tolist())) for k, v in lists.items()}
    h1, h2 = as_sets["host1", "psi.tokens"], as_sets["host2", "psi.tokens"]
    g1, g2 = as_sets["guest", "psi.tokens.host1"], as_sets["guest", "psi.tokens.host2"]
    assert not h1 & h2 and not g1 & g2 and not h1 & g2 and not h2 & g1  # different keys: hosts cannot be matched
    assert len(h1 & g1) == 600 and len(h2 & g2) == 700
    assert psi.strictly_sorted(lists["host1", "psi.tokens"])  # the order says nothing about the host's table
    learned = {(r["what"], r["of"]): r["count"] for r in results["arbiter"].revealed}
    assert learned == {
        ("psi.list_size", "guest"): 700,
        ("psi.list_size", "host1"): 900,
        ("psi.list_size", "host2"): 950,
        ("psi.overlap", "guest, host1"): 600,
        ("psi.overlap", "guest, host2"): 700,
    }
    assert all(r["to"] == "arbiter" for r in results["arbiter"].revealed)
    # hosts get a key, the size, and positions in their own list: nothing of each other
    assert [(f, t) for f, t, _ in world.inbox("host1")] == [
        ("guest", "psi.key"),
        ("arbiter", "psi.size"),
        ("arbiter", "psi.positions"),
    ]
    assert results["guest"].revealed == [
        {"what": "psi.intersection_size", "to": r, "count": 600} for r in ("guest", "host1", "host2", "arbiter")
    ]


def test_keys_are_fresh_and_the_common_order_is_secret_each_time() -> None:
    tables = tables_of(600)
    runs = [run_or_raise(parts(tables, minimum=1)) for _ in range(2)]
    keys = [arrays[0].tobytes() for _, world in runs for _, _, tag, arrays in world.log if tag == "psi.key"]
    assert len(set(keys)) == 4
    orders = [results["guest"].index.tolist() for results, _ in runs]
    assert sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1]
    for order in orders:  # no trace of the table's own order
        assert abs(np.corrcoef(order, np.arange(len(order)))[0, 1]) < 0.3
    tokens = [arrays[0] for _, world in runs for f, _, t, arrays in world.log if t == "psi.tokens.host1"]
    assert not set(map(tuple, tokens[0].tolist())) & set(map(tuple, tokens[1].tolist()))


def test_tokens_are_uniform_bytes() -> None:
    tables = tables_of(4000)
    _, world = run_or_raise(parts(tables, minimum=1))
    for frm, tag, arrays in world.inbox("arbiter"):
        if tag.endswith("count"):
            continue
        counts = np.bincount(arrays[0].view(np.uint8).ravel(), minlength=256)
        expected = counts.sum() / 256
        chi2 = float(((counts - expected) ** 2 / expected).sum())
        assert chi2 < 400, (frm, tag, chi2)  # 255 degrees of freedom: 400 has probability 2e-8


def test_a_peer_that_sends_nonsense_is_named() -> None:
    def bad_host(net) -> None:
        net.recv("guest", "psi.key", 64)
        net.send("arbiter", "psi.tokens.count", np.array([3], dtype=np.uint64))
        net.send("arbiter", "psi.tokens", np.array([[3, 0], [2, 0], [1, 0]], dtype=np.uint64))

    roles = parts({"guest": ["a", "b"], "host1": []}, 0) | {"host1": bad_host}
    result = World().run(roles)["arbiter"]
    assert isinstance(result, PeerViolation) and result.peer == "host1"

    def bad_arbiter(net) -> None:
        net.send("host1", "psi.size", np.array([2], dtype=np.uint64))
        net.send("host1", "psi.positions", np.array([1, 7], dtype=np.int64))
        net.send("guest", "psi.size", np.array([2], dtype=np.uint64))
        net.send("guest", "psi.positions", np.array([1, 0], dtype=np.int64))

    results = World().run(parts({"guest": ["a", "b"], "host1": ["a", "b"]}, 0) | {"arbiter": bad_arbiter})
    for role in ("guest", "host1"):
        assert isinstance(results[role], PeerViolation) and results[role].peer == "arbiter"


def test_a_huge_announced_size_is_refused_before_memory_is_taken() -> None:
    def bad_host(net) -> None:
        net.send("arbiter", "psi.tokens.count", np.array([2**62], dtype=np.uint64))

    roles = parts({"guest": ["a"], "host1": []}, 0) | {"host1": bad_host}
    result = World().run(roles)["arbiter"]
    assert isinstance(result, PeerViolation) and result.what == "a size out of range"


def test_the_split_reaches_every_host_and_not_the_arbiter() -> None:
    held_out = np.arange(1003) % 7 == 3
    roles = {h: lambda net: receive_split(net, 1003) for h in ("host1", "host2")}
    roles["guest"] = lambda net: send_split(net, ["host1", "host2"], held_out)
    results, world = run_or_raise(roles)
    for host in ("host1", "host2"):
        np.testing.assert_array_equal(results[host], held_out)
    assert not world.inbox("arbiter")
    assert [r["count"] for r in results["guest"]] == [int(held_out.sum())] * 2


def test_a_hundred_thousand_ids_align_in_chunks_and_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedwarden.engine.alignment_messages._CHUNK", 7919)
    rng = np.random.default_rng(1)
    pool = [f"{i:018d}" for i in range(120_000)]
    tables = {
        "guest": [pool[i] for i in rng.permutation(120_000)[:100_000]],
        "host1": [pool[i] for i in rng.permutation(120_000)[:100_000]],
    }
    results, _ = run_or_raise(parts(tables, minimum=1))
    check(tables, results)
