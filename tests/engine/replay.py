"""Replays a training with fixed secrets, with chosen masks moved, so that two inputs can be compared message by
message."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from simulate import DEALER, QueueNet, World, data_roles, run

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.streams import Address, KeyStream, Streams

# the mask that hides each kind of message of its sender, and its sign in the message
MASKS = {
    "masked-matrix": ("matrix-mask", -1),
    "masked-vector": ("vector-mask", -1),
    "scores": ("truncation-mask", 1),
    "residuals": ("residual-mask", -1),
    "opening": ("truncation-mask", 1),
    "squares": ("square-mask", -1),
    "masked-scores": ("square-mask", -1),
    "sine": ("sine", -1),
    "dealt": ("truncation-dealt", -1),
}
Moves = dict[Address, np.ndarray]


class MovedStream:
    """A key stream plus an array of differences, read forward together."""

    def __init__(self, stream: KeyStream, moves: np.ndarray) -> None:
        self.stream, self.moves, self.at = stream, moves.reshape(-1), 0

    def fill(self, out: np.ndarray) -> np.ndarray:
        self.stream.fill(out)
        part = self.moves[self.at : self.at + out.size]
        flat = out.reshape(-1)
        flat[: part.size] += part
        self.at += out.size
        return out

    def take(self, *shape: int) -> np.ndarray:
        return self.fill(np.empty(shape, dtype=np.uint64))


class MovedStreams(Streams):
    """Streams whose values at some addresses are moved; remembers which addresses were opened, in order."""

    def __init__(self, secret: bytes, moves: Moves) -> None:
        super().__init__(secret, "job", "attempt")
        self.moves, self.opened = moves, []

    def open(self, address: Address) -> Any:
        self.opened.append(address)
        stream = super().open(address)
        return MovedStream(stream, self.moves[address]) if address in self.moves else stream


class WatchedNet(QueueNet):
    """Notes beside every message which mask of ``hidden`` its sender had opened last for it."""

    def __init__(self, world: World, role: str, streams: MovedStreams, log: dict) -> None:
        super().__init__(world, role)
        self.streams, self.log = streams, log

    def send(self, to: str, tag: str, *arrays: np.ndarray) -> None:
        purpose = MASKS.get(tag, ("", 0))[0]
        masks = [a for a in self.streams.opened if a.purpose == purpose]
        self.log[self.role, to].append((tag, arrays[0].copy(), masks[-1] if masks else None))
        super().send(to, tag, *arrays)


def replay(
    parties: int,
    seed: str,
    party: Callable[[PartyContext], Any],
    dealer: Callable[[DealerContext], Any],
    hidden: str,
    moves: Moves,
) -> dict[tuple[str, str], list[tuple[str, np.ndarray, Address | None]]]:
    """Every message by (sender, receiver) in order, with the mask of ``hidden`` that protects it. ``seed`` fixes
    every secret."""
    roles = data_roles(parties)
    world = World((*roles, DEALER))
    secrets = {role: hashlib.sha256(f"{seed} {role}".encode()).digest() for role in roles}
    ends = {role: [MovedStreams(secrets[role], moves if role == hidden else {}) for _ in range(2)] for role in roles}
    log: dict[tuple[str, str], list] = {(a, b): [] for a in world.roles for b in world.roles}

    def body(role: str) -> Callable[[QueueNet], Any]:
        def act(_: QueueNet) -> Any:
            net = WatchedNet(world, role, ends[role][0], log)
            return party(PartyContext(role, roles, DEALER, "job", "attempt", net, ends[role][0]))

        return act

    def deal(_: QueueNet) -> Any:
        net = WatchedNet(world, DEALER, ends[hidden][1], log)
        return dealer(DealerContext(DEALER, roles, "job", "attempt", net, {r: ends[r][1] for r in roles}))

    run(world, {**{role: body(role) for role in roles}, DEALER: deal})
    for role in roles:  # both ends draw exactly the same addresses
        assert sorted(ends[role][0].opened) == sorted(ends[role][1].opened)
    return log
