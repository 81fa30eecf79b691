"""What a role's work costs on its host: seconds per iteration, peak memory."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

Progress = Callable[[int, int, float | None], None]


def give_back() -> None:
    """Memory that was freed goes back to the system, where the C library knows how (glibc): between two stages of a
    training it would lie idle below what the next one takes."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


class Usage:
    """Times the gaps between progress calls; the first iteration (compilation, warm-up) is left out."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def progress(self, forward: Progress) -> Progress:
        """A progress callback that notes the time and passes the call on."""

        def noted(iteration: int, iterations: int, loss: float | None) -> None:
            self._times.append(time.perf_counter())
            forward(iteration, iterations, loss)

        return noted

    def figures(self) -> dict[str, Any]:
        """``peak_rss_mb`` and, after two iterations and more, ``iteration_seconds`` (median, min, max)."""
        figures: dict[str, Any] = {
            "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        }
        gaps = [later - earlier for earlier, later in zip(self._times, self._times[1:], strict=False)]
        if gaps:
            figures["iteration_seconds"] = {
                "median": round(statistics.median(gaps), 6),
                "min": round(min(gaps), 6),
                "max": round(max(gaps), 6),
            }
        return figures
