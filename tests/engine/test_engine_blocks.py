"""Block by block or all at once, from an array or made anew from a stream: the same products and the same model."""

from __future__ import annotations

import numpy as np
import pytest
from simulate import data_roles, run_parties

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.errors import AddressReuse
from fedwarden.engine.executor import InMemory, Remade, block_rows
from fedwarden.engine.linr import LinrOptions
from fedwarden.engine.linr import train_dealer as linr_dealer
from fedwarden.engine.linr import train_party as linr_party
from fedwarden.engine.lr import train_dealer, train_party
from fedwarden.engine.lr_options import LrOptions
from fedwarden.engine.streams import Address, Streams
from fedwarden.engine.tall import Expanded, Stored, gram

ADDRESS = Address("m", "mask", "guest")


class SmallBlocks(InMemory):
    """Arrays of which a product sees 100 rows at a time, and masks that are made anew 77 rows at a time."""

    def __init__(self) -> None:
        self.betweens = 0

    def between(self) -> None:
        self.betweens += 1

    def room(self, columns, rows):
        return Stored(np.empty((columns, rows), dtype=np.uint64), 100, self.between)

    def masks(self, streams, address, columns, rows):
        return Expanded(streams.keep(address), columns, rows, 77)


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 2**64, size=shape, dtype=np.uint64)


def kinds(columns: int, rows: int) -> list:
    """One matrix, held in four ways."""
    whole = Streams(bytes(32), "job", "attempt").take(ADDRESS, columns, rows)
    kept = Streams(bytes(32), "job", "attempt").keep(ADDRESS)
    return [Stored(whole), Stored(whole.copy(), 7), Expanded(kept, columns, rows, 13), Expanded(kept, columns, rows, 2)]


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (3, 50), (5, 201), (8, 1025)])
def test_a_product_is_the_same_however_the_matrix_is_held(columns: int, rows: int) -> None:
    first, last = rows // 3, rows - rows // 7
    vector, down = numbers(columns), numbers(last - first)
    results = []
    for matrix in kinds(columns, rows):
        ahead, back = np.ones(last - first, dtype=np.uint64), np.ones(columns, dtype=np.uint64)
        matrix.forward(vector, ahead, first, last)
        matrix.backward(down, back, first, last)
        twice = ahead.copy(), back.copy()
        matrix.both(vector, down, *twice, first, last)
        results.append((ahead, back, *twice, matrix.read(columns - 1, 1)))
        short = np.zeros(last - first, dtype=np.uint64)
        matrix.head(1).forward(vector[:1].copy(), short, first, last)
        assert np.array_equal(short, matrix.read(0, 1)[0, first:last] * vector[0])
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_products_of_two_matrices_are_the_same_too() -> None:
    wanted = None
    for left in kinds(4, 301):
        for right in kinds(3, 301):
            out = np.zeros((4, 3), dtype=np.uint64)
            gram(left, right, out, 5, 290)
            wanted = out if wanted is None else wanted
            assert np.array_equal(out, wanted)


def test_a_kept_stream_counts_as_a_use_of_its_address() -> None:
    streams = Streams(bytes(32), "job", "attempt")
    streams.keep(ADDRESS)
    for again in (streams.open, streams.keep):
        with pytest.raises(AddressReuse):
            again(ADDRESS)


def test_any_part_of_a_kept_stream_is_the_part_of_the_whole() -> None:
    whole = Streams(bytes(32), "job", "attempt").take(ADDRESS, 40)
    kept = Streams(bytes(32), "job", "attempt").keep(ADDRESS)
    for word in (0, 1, 2, 17, 38):
        assert np.array_equal(kept.fill(np.empty(2, dtype=np.uint64), word), whole[word : word + 2])


def test_a_mask_that_is_made_anew_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        kinds(2, 10)[2].write(0, 0, numbers(1, 1))


def test_blocks_are_bounded_by_their_bytes() -> None:
    assert block_rows(64, 1 << 20) == 2048
    assert block_rows(0) == block_rows(1)
    assert block_rows(20_000, 1) == 256


def table(columns: int = 7, rows: int = 700) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    X = rng.normal(size=(rows, columns)) * np.arange(1, columns + 1)
    return X, (rng.random(rows) < 1 / (1 + np.exp(-X[:, 0] - X[:, 5] / 3))).astype(float)


def with_executor(ctx, executor):
    return type(ctx)(**{**ctx.__dict__, "executor": executor})


@pytest.mark.parametrize("algorithm", ["lr", "linr"])
def test_the_model_is_the_same_whatever_each_party_does(algorithm: str) -> None:
    X, y = table()
    parts = [X[:, :3], X[:, 3:5], X[:, 5:]]
    train, deal = (train_party, train_dealer) if algorithm == "lr" else (linr_party, linr_dealer)
    options = LrOptions(max_iter=30, sigmoid="32,14") if algorithm == "lr" else LinrOptions(alpha=0.01)

    def run(executors: dict, dealer):
        def party(ctx: PartyContext):
            labels = y if ctx.index == 0 else None
            # a table that is mapped from a file has its columns one after another
            columns = np.asfortranarray(parts[ctx.index]) if executors else parts[ctx.index]
            return train(with_executor(ctx, executors.get(ctx.role, InMemory())), columns, labels, 600, options)

        def arbiter(ctx: DealerContext):
            return deal(with_executor(ctx, dealer), options)

        return run_parties(3, party, arbiter)

    plain = run({}, InMemory())
    blocks = {"guest": SmallBlocks(), "host1": SmallBlocks()}
    mixed = run(blocks, Remade())
    assert all(each.betweens > 20 for each in blocks.values())
    # two runs of the same logistic regression differ as well: a truncation rounds up or down by its masks
    within = 3e-5 if algorithm == "lr" else 1e-6
    for role in data_roles(3):
        assert np.abs(plain[role].standardised - mixed[role].standardised).max() < within
        assert mixed[role].revealed == plain[role].revealed
    assert np.abs(plain["guest"].held_out_scores - mixed["guest"].held_out_scores).max() < 2 / 4096
