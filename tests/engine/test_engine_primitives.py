"""Ring, streams, dealt shares, truncation, private matrix × shared vector: the building blocks hold for any scale
and party count."""

from __future__ import annotations

import hmac

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate import World, data_roles, run_parties, shares_of, signed

from fedwarden.engine.dealer import deal, dealt
from fedwarden.engine.errors import AddressReuse, PeerViolation, RangeError
from fedwarden.engine.product import (
    multiply,
    multiply_dealer,
    multiply_transposed,
    settle,
    settle_dealer,
    share_matrix,
    share_matrix_dealer,
)
from fedwarden.engine.ring import decode, encode, ring_int
from fedwarden.engine.streams import Address, Streams
from fedwarden.engine.tall import Stored
from fedwarden.engine.truncation import reveal, reveal_to_all, truncate, truncate_dealer

SIX_CASES = settings(max_examples=6, deadline=None)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(0, 40))
@settings(deadline=None, max_examples=60)
def test_encoding_is_exact_to_half_a_unit(values: list[float], scale: int) -> None:
    array = np.array(values)
    if np.abs(np.ldexp(array, scale)).max() >= 2.0**62:
        with pytest.raises(RangeError):
            encode(array, scale)
        return
    back = decode(encode(array, scale), scale)
    assert np.all(np.abs(back - array) <= np.ldexp(0.5, -scale) + np.abs(array) * 2.0**-52)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2.0**62, -(2.0**62)])
def test_values_outside_the_ring_are_refused(bad: float) -> None:
    with pytest.raises(RangeError):
        encode(np.array([1.0, bad]), 0)


def test_an_integer_of_any_sign_is_a_ring_element() -> None:
    assert ring_int(-1) == np.uint64(2**64 - 1)


def test_a_stream_is_hkdf_expand_and_aes_ctr() -> None:
    secret = bytes(range(32))
    address = Address("m", "p", "a", "b", 3, 1, 2)
    info = "\x1f".join(["fedwarden", "1", "job", "attempt", "m", "p", "a", "b", "3", "1", "2", ""])
    key = HKDFExpand(SHA256(), 32, info.encode()).derive(secret)
    expected = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(8 * 1000))
    assert Streams(secret, "job", "attempt").take(address, 1000).tobytes() == expected
    assert key == hmac.digest(secret, info.encode() + b"\x01", "sha256")


def test_both_ends_make_the_same_values_and_pieces_equal_the_whole() -> None:
    ours, theirs = (Streams(b"s" * 32, "job", "1").open(Address("m", "p")) for _ in range(2))
    whole = ours.take(300_000)
    pieces = np.concatenate([theirs.take(7), theirs.take(131_072), theirs.take(300_000 - 7 - 131_072)])
    assert np.array_equal(whole, pieces)


def test_an_address_used_twice_is_an_error() -> None:
    streams = Streams(b"s" * 32, "job", "1")
    streams.take(Address("m", "p", iteration=1), 4)
    streams.take(Address("m", "p", iteration=2), 4)
    with pytest.raises(AddressReuse):
        streams.take(Address("m", "p", iteration=1), 4)


def test_streams_of_other_jobs_attempts_and_addresses_differ() -> None:
    base = Streams(b"s" * 32, "job", "1").take(Address("m", "p"), 2).tobytes()
    others = [
        Streams(b"t" * 32, "job", "1").take(Address("m", "p"), 2),
        Streams(b"s" * 32, "jo", "b1").take(Address("m", "p"), 2),
        Streams(b"s" * 32, "job", "2").take(Address("m", "p"), 2),
        *(
            Streams(b"s" * 32, "job", "1").take(Address("m", "p")._replace(**{field: value}), 2)
            for field, value in [
                ("matrix", "n"),
                ("purpose", "q"),
                ("frm", "x"),
                ("to", "x"),
                ("iteration", 1),
                ("batch", 1),
                ("visit", 1),
            ]
        ),
    ]
    assert len({base, *(o.tobytes() for o in others)}) == 11


@pytest.mark.parametrize("parties", [2, 3, 6])
def test_dealt_shares_add_up_and_every_party_can_be_the_last(parties: int) -> None:
    values = np.random.default_rng(1).integers(0, 2**64, size=(3, 40), dtype=np.uint64)

    def party(ctx):
        return [dealt(ctx, Address("m", "v", iteration=turn), 3, 40, turn=turn) for turn in range(parties + 1)]

    def dealer(ctx):
        for turn in range(parties + 1):
            deal(ctx, Address("m", "v", iteration=turn), values, turn=turn)

    world = World((*data_roles(parties), "arbiter"))
    results = run_parties(parties, party, dealer, world)
    for turn in range(parties + 1):
        assert np.array_equal(sum(results[role][turn] for role in data_roles(parties)), values)
    assert not [m for m in world.inbox("arbiter") if not m.tag.startswith("attempt.")]
    assert len([m for m in world.messages if m.tag == "dealt"]) == parties + 1


@given(parties=st.integers(2, 6), seed=st.integers(0, 2**32), missing=st.booleans())
@SIX_CASES
def test_truncation_is_exact_for_every_shift_and_extreme_value(parties: int, seed: int, missing: bool) -> None:
    rng = np.random.default_rng(seed)
    count = 120_000
    shifts = rng.integers(1, 63, size=count, dtype=np.uint64)
    x = rng.integers(-(2**62), 2**62, size=count, dtype=np.int64) >> rng.integers(0, 62, size=count, dtype=np.int64)
    edges = np.array([-(2**62), -(2**62) + 1, -1, 0, 1, 2**62 - 1, 2**61, -(2**61)], dtype=np.int64)
    x[: 62 * 8] = np.tile(edges, 62)
    shifts[: 62 * 8] = np.repeat(np.arange(1, 63, dtype=np.uint64), 8)
    hidden = rng.integers(0, 2**64, size=count, dtype=np.uint64) if missing else np.zeros(count, dtype=np.uint64)
    parts = shares_of(x.view(np.uint64) - hidden, parties, rng)
    address = Address("m", "t", iteration=1)
    results = run_parties(
        parties,
        lambda ctx: truncate(ctx, parts[ctx.index], shifts, address, turn=seed),
        lambda ctx: truncate_dealer(ctx, hidden, shifts, address, turn=seed),
    )
    got = signed(sum(results[role] for role in data_roles(parties)))
    off = got - (x >> shifts.astype(np.int64))
    assert np.all((off == 0) | (off == 1))


def test_truncation_is_unbiased() -> None:
    x = np.full(400_000, 3 * 2**20 + 2**18, dtype=np.int64)  # 3.25 in units of 2^20
    parts = shares_of(x.view(np.uint64), 2, np.random.default_rng(0))
    results = run_parties(
        2,
        lambda ctx: truncate(ctx, parts[ctx.index], 20, Address("m", "t")),
        lambda ctx: truncate_dealer(ctx, np.zeros(x.size, dtype=np.uint64), 20, Address("m", "t")),
    )
    mean = signed(results["guest"] + results["host1"]).mean()
    assert abs(mean - 3.25) < 6 * np.sqrt(0.25 * 0.75 / x.size)


@pytest.mark.parametrize("shift", [0, 63])
def test_shifts_outside_1_to_62_are_refused(shift: int) -> None:
    with pytest.raises(ValueError, match="62"):
        run_parties(
            2,
            lambda ctx: truncate(ctx, np.zeros(2, dtype=np.uint64), shift, Address("m", "t")),
            lambda ctx: truncate_dealer(ctx, np.zeros(2, dtype=np.uint64), shift, Address("m", "t")),
        )


@given(parties=st.integers(2, 5), rows=st.integers(1, 3000), columns=st.integers(1, 19), seed=st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_matrix_products_are_exact_in_the_ring(parties: int, rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = data_roles(parties)
    matrices = {role: rng.integers(0, 2**64, size=(columns + k, rows), dtype=np.uint64) for k, role in enumerate(names)}
    vectors = {role: rng.integers(0, 2**64, size=m.shape[0], dtype=np.uint64) for role, m in matrices.items()}
    down = rng.integers(0, 2**64, size=rows, dtype=np.uint64)
    vector_shares = {role: shares_of(v, parties, rng) for role, v in vectors.items()}
    down_shares = shares_of(down, parties, rng)
    address = Address("", "", iteration=4)

    def party(ctx):
        owned = [
            share_matrix(ctx, r, r, *matrices[r].shape, data=Stored(matrices[r]) if r == ctx.role else None)
            for r in ctx.data_roles
        ]
        up = multiply(ctx, owned, {r: vector_shares[r][ctx.index] for r in names}, address)
        back = multiply_transposed(ctx, owned, dict.fromkeys(names, down_shares[ctx.index]), address)
        return {r: settle(ctx, up[r], Address(r, "")) for r in names}, back

    def dealer(ctx):
        owned = [share_matrix_dealer(ctx, r, r, *matrices[r].shape) for r in ctx.data_roles]
        up = multiply_dealer(ctx, owned, address)
        for r in names:
            settle_dealer(ctx, up[r], Address(r, ""))
        return multiply_dealer(ctx, owned, address, transposed=True)

    results = run_parties(parties, party, dealer)
    for role in names:
        up = sum(results[r][0][role] for r in names)
        back = sum(results[r][1][role] for r in names) + results["arbiter"][role]
        assert np.array_equal(up, (matrices[role] * vectors[role][:, None]).sum(axis=0, dtype=np.uint64))
        assert np.array_equal(back, (matrices[role] * down).sum(axis=1, dtype=np.uint64))


def test_reveal_gives_the_value_to_those_it_is_meant_for() -> None:
    values = np.arange(5, dtype=np.uint64)
    parts = shares_of(values, 3, np.random.default_rng(2))
    results = run_parties(
        3,
        lambda ctx: (reveal(ctx, parts[ctx.index], "host1"), reveal_to_all(ctx, parts[ctx.index])),
        lambda ctx: None,
    )
    assert [results[r][0] is None for r in data_roles(3)] == [True, False, True]
    assert np.array_equal(results["host1"][0], values)
    assert all(np.array_equal(results[r][1], values) for r in data_roles(3))


def test_a_message_of_the_wrong_shape_is_refused() -> None:
    def party(ctx):
        if ctx.role == "guest":
            ctx.net.send("host1", "x", np.zeros(3, dtype=np.uint64))
            return None
        return ctx.receive("guest", "x", 3, 2)

    with pytest.raises(PeerViolation):
        run_parties(2, party, lambda ctx: None)


def test_attempts_are_agreed_by_all_roles_and_never_repeat() -> None:
    seen = [run_parties(3, lambda ctx: ctx.attempt, lambda ctx: ctx.attempt) for _ in range(2)]
    assert all(len(set(result.values())) == 1 for result in seen)
    assert seen[0]["guest"] != seen[1]["guest"]
