"""Roles as threads over queues, with a record of every message: the engine as it runs in workers, without sockets."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class PeerGone(Exception):
    """What a transport would raise when a peer is gone."""


class QueueNet:
    def __init__(self, world: World, role: str) -> None:
        self.world, self.role = world, role

    def send(self, to: str, tag: str, *arrays: np.ndarray) -> None:
        self.world.log.append((self.role, to, tag, [np.array(a) for a in arrays]))
        self.world.box(self.role, to).put((tag, arrays))

    def recv(self, frm: str, tag: str, limit: int) -> Sequence[np.ndarray]:
        try:
            got, arrays = self.world.box(frm, self.role).get(timeout=60)
        except queue.Empty:
            raise PeerGone(f"{self.role} waited for {tag} of {frm}") from None
        if got is None:
            raise PeerGone(f"{frm} ended while {self.role} waited for {tag}")
        assert got == tag, f"{self.role} expected {tag} of {frm}, got {got}"
        size = sum(a.nbytes for a in arrays)
        assert size <= limit, f"{tag}: {size} bytes, limit {limit}"
        return arrays


class World:
    """Runs one callable per role at once; ``log`` holds (from, to, tag, arrays) of everything sent."""

    def __init__(self) -> None:
        self.boxes: dict[tuple[str, str], queue.Queue[Any]] = {}
        self.lock = threading.Lock()
        self.log: list[tuple[str, str, str, list[np.ndarray]]] = []

    def box(self, frm: str, to: str) -> queue.Queue[Any]:
        with self.lock:
            return self.boxes.setdefault((frm, to), queue.Queue())

    def run(self, roles: dict[str, Callable[[QueueNet], Any]]) -> dict[str, Any]:
        """Each role's result, or the exception it ended with."""
        results: dict[str, Any] = {}

        def play(role: str, part: Callable[[QueueNet], Any]) -> None:
            try:
                results[role] = part(QueueNet(self, role))
            except BaseException as error:
                results[role] = error
            for other in roles:
                self.box(role, other).put((None, ()))

        threads = [threading.Thread(target=play, args=item) for item in roles.items()]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return results

    def inbox(self, role: str) -> list[tuple[str, str, list[np.ndarray]]]:
        return [(frm, tag, arrays) for frm, to, tag, arrays in self.log if to == role]


def run_or_raise(roles: dict[str, Callable[[QueueNet], Any]]) -> tuple[dict[str, Any], World]:
    world = World()
    results = world.run(roles)
    errors = [r for r in results.values() if isinstance(r, BaseException)]
    for error in sorted(errors, key=lambda e: isinstance(e, PeerGone)):
        raise error
    return results, world
