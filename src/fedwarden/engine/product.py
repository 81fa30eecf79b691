"""Private matrix × shared vector (protocol, section 2).

Party p (the owner) holds M fixed during an attempt; the vector is shared among all data parties. Once: the owner and
the dealer expand a mask A,
the owner sends E = M − A to every other data party. Per use: every other q sends e_q = v_q − b_q with a fresh b_q, and

    owner: M·(v_p + Σ e_q)        q: E·b_q        still missing: T = A·Σ b_q, which the dealer knows.

The parties' results are *partial sums*: Σ partials + T = M·v. They are never opened; they go, with T at the dealer,
into
``truncation.truncate`` (whose mask swallows T, so that no correction travels) or into ``settle`` for ordinary shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.dealer import deal, dealt
from fedwarden.engine.ring import Ring
from fedwarden.engine.streams import Address
from fedwarden.engine.tall import Tall

MASKED, VECTOR = "masked-matrix", "masked-vector"
MATRIX_MASK, VECTOR_MASK, SETTLED = "matrix-mask", "vector-mask", "settled"
_MESSAGE_WORDS = 1 << 20  # E travels in groups of columns of about 8 MiB


@dataclass(frozen=True)
class PrivateMatrix:
    """One owner's matrix. ``data``: M at the owner, E at the other data parties, A at the dealer."""

    name: str
    owner: str
    data: Tall

    @property
    def rows(self) -> int:
        return self.data.rows

    @property
    def columns(self) -> int:
        return self.data.columns


def share_matrix(
    ctx: PartyContext, name: str, owner: str, columns: int, rows: int, data: Tall | None = None
) -> PrivateMatrix:
    """Masks the owner's matrix (``data``, given by the owner only) and sends E to the other data
    parties."""
    step = max(1, _MESSAGE_WORDS // max(rows, 1))
    if ctx.role == owner:
        assert data is not None and (data.columns, data.rows) == (columns, rows)
        stream = ctx.streams.open(Address(name, MATRIX_MASK, owner))
        for start in range(0, columns, step):
            part = data.read(start, min(step, columns - start))
            ctx.send_others(MASKED, part - stream.take(*part.shape))
        return PrivateMatrix(name, owner, data)
    masked = ctx.executor.room(columns, rows)
    for start in range(0, columns, step):
        count = min(step, columns - start)
        masked.write(start, 0, ctx.receive(owner, MASKED, count, rows))
    return PrivateMatrix(name, owner, masked)


def share_matrix_dealer(ctx: DealerContext, name: str, owner: str, columns: int, rows: int) -> PrivateMatrix:
    """The dealer's side: only the mask A is made."""
    return PrivateMatrix(
        name, owner, ctx.executor.masks(ctx.streams[owner], Address(name, MATRIX_MASK, owner), columns, rows)
    )


def multiply(
    ctx: PartyContext, matrices: Sequence[PrivateMatrix], vectors: Mapping[str, Ring], address: Address
) -> dict[str, Ring]:
    """Partial sums of M·v for several matrices with distinct names in one round; results (rows,) by matrix name.

    ``vectors``: this party's share of each matrix's vector (columns,), by matrix name.
    """
    return _round(ctx, matrices, vectors, address, transposed=False)


def multiply_transposed(
    ctx: PartyContext, matrices: Sequence[PrivateMatrix], vectors: Mapping[str, Ring], address: Address
) -> dict[str, Ring]:
    """The same for Mᵀ·u; vectors have (rows,) and results (columns,) elements."""
    return _round(ctx, matrices, vectors, address, transposed=True)


def multiply_dealer(
    ctx: DealerContext, matrices: Sequence[PrivateMatrix], address: Address, transposed: bool = False
) -> dict[str, Ring]:
    """What the parties' partial sums miss, T, by matrix name."""
    out: dict[str, Ring] = {}
    for matrix in matrices:
        size = matrix.rows if transposed else matrix.columns
        total = np.zeros(size, dtype=np.uint64)
        for role in ctx.others(matrix.owner):
            total += ctx.streams[role].take(_mask_address(address, matrix, role, transposed), size)
        out[matrix.name] = _apply(matrix, total, transposed)
    return out


def settle(ctx: PartyContext, partial: Ring, address: Address, turn: int = 0) -> Ring:
    """Ordinary shares of a product, still at the product's full scale: truncate before opening."""
    return partial + dealt(ctx, address._replace(purpose=SETTLED), *partial.shape, turn=turn)


def settle_dealer(ctx: DealerContext, missing: Ring, address: Address, turn: int = 0) -> None:
    deal(ctx, address._replace(purpose=SETTLED), missing, turn)


def _round(
    ctx: PartyContext,
    matrices: Sequence[PrivateMatrix],
    vectors: Mapping[str, Ring],
    address: Address,
    transposed: bool,
) -> dict[str, Ring]:
    masks: dict[str, Ring] = {}
    for matrix in matrices:
        share = vectors[matrix.name]
        if matrix.owner != ctx.role:
            masks[matrix.name] = ctx.streams.take(_mask_address(address, matrix, ctx.role, transposed), share.size)
            ctx.net.send(matrix.owner, VECTOR, share - masks[matrix.name])
    out: dict[str, Ring] = {}
    for matrix in matrices:
        if matrix.owner == ctx.role:
            total = vectors[matrix.name].copy()
            for role in ctx.others:
                total += ctx.receive(role, VECTOR, total.size)
        else:
            total = masks[matrix.name]
        out[matrix.name] = _apply(matrix, total, transposed)
    return out


def _apply(matrix: PrivateMatrix, vector: Ring, transposed: bool) -> Ring:
    out = np.zeros(matrix.columns if transposed else matrix.rows, dtype=np.uint64)
    product = matrix.data.backward if transposed else matrix.data.forward
    product(np.ascontiguousarray(vector), out, 0, matrix.rows)
    return out


def _mask_address(address: Address, matrix: PrivateMatrix, frm: str, transposed: bool) -> Address:
    purpose = VECTOR_MASK + ("-transposed" if transposed else "")
    return address._replace(matrix=matrix.name, purpose=purpose, frm=frm, to=matrix.owner)
