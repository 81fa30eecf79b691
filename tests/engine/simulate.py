"""All roles of a protocol as threads over queues that record every message."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext, open_dealer, open_party

DEALER = "arbiter"


class Gone(Exception):
    """Another role failed; this one was told so."""


@dataclass(frozen=True)
class Message:
    frm: str
    to: str
    tag: str
    arrays: tuple[np.ndarray, ...]


@dataclass
class World:
    """The queues between all roles and everything that went through them, per destination in order."""

    roles: Sequence[str]
    record: bool = True
    seconds: float = 120  # until roles that have not ended are given up
    messages: list[Message] = field(default_factory=list)
    queues: dict[tuple[str, str], queue.Queue] = field(default_factory=dict)
    failed: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.queues = {(a, b): queue.Queue(64) for a in self.roles for b in self.roles if a != b}

    def inbox(self, role: str) -> list[Message]:
        return [m for m in self.messages if m.to == role]


class QueueNet:
    def __init__(self, world: World, role: str) -> None:
        self.world, self.role = world, role

    def send(self, to: str, tag: str, *arrays: np.ndarray) -> None:
        message = Message(self.role, to, tag, tuple(a.copy() for a in arrays))
        if self.world.record:
            with self.world.lock:
                self.world.messages.append(message)
        while not self.world.failed.is_set():
            try:
                self.world.queues[self.role, to].put(message, timeout=0.2)
                return
            except queue.Full:
                continue
        raise Gone

    def recv(self, frm: str, tag: str, limit: int) -> Sequence[np.ndarray]:
        while not self.world.failed.is_set():
            try:
                message = self.world.queues[frm, self.role].get(timeout=0.2)
            except queue.Empty:
                continue
            assert message.tag == tag, f"{self.role} waits for {tag} of {frm}, got {message.tag}"
            assert sum(a.nbytes for a in message.arrays) <= limit, f"{tag} is larger than {limit} bytes"
            return message.arrays
        raise Gone


def run(world: World, jobs: dict[str, Callable[[QueueNet], Any]]) -> dict[str, Any]:
    """Runs one blocking function per role; the first real failure is raised, the results are returned by role."""
    results: dict[str, Any] = {}
    errors: list[BaseException] = []

    def body(role: str) -> None:
        try:
            results[role] = jobs[role](QueueNet(world, role))
        except Gone:
            pass
        except BaseException as error:
            errors.append(error)
            world.failed.set()

    threads = [threading.Thread(target=body, args=(role,), daemon=True) for role in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(world.seconds)
    if errors:
        raise errors[0]
    assert len(results) == len(jobs), f"only {sorted(results)} ended"
    assert all(q.empty() for q in world.queues.values()), "messages were left unread"
    return results


def data_roles(parties: int) -> tuple[str, ...]:
    return ("guest", *(f"host{i}" for i in range(1, parties)))


def run_parties(
    parties: int,
    party: Callable[[PartyContext], Any],
    dealer: Callable[[DealerContext], Any],
    world: World | None = None,
) -> dict[str, Any]:
    """Opens contexts at ``parties`` data roles and the dealer, then runs the two functions."""
    roles = data_roles(parties)
    world = world or World((*roles, DEALER))
    jobs: dict[str, Callable[[QueueNet], Any]] = {
        role: (lambda net, role=role: party(open_party(net, role, roles, DEALER, "job"))) for role in roles
    }
    jobs[DEALER] = lambda net: dealer(open_dealer(net, DEALER, roles, "job"))
    return run(world, jobs)


def shares_of(values: np.ndarray, parties: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random additive shares (test material only: the product never uses numpy's generators)."""
    parts = [rng.integers(0, 2**64, size=values.shape, dtype=np.uint64) for _ in range(parties - 1)]
    return [*parts, values - sum(parts, np.zeros_like(values))]


def signed(values: np.ndarray) -> np.ndarray:
    return values.view(np.int64)
