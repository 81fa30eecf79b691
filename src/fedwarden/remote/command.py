"""What is run on a host, as data: nothing outside this package writes a line of shell for another machine."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Command:
    """One program with its words, for one host.

    ``argv`` is quoted word by word, so no word is ever read by a shell as anything but itself. Secrets go through
    ``stdin``, which is never shown or logged; everybody on the host can read the words of a command.
    """

    step: str  # a person reads it when the command fails or hangs
    argv: tuple[str, ...]
    stdin: bytes = field(default=b"", repr=False)
    seconds: float = 30.0

    def line(self) -> str:
        """The text given to the host's login shell.

        ``timeout`` ends the program there too: when only our side gives up, it would go on running.
        """
        limit = ("timeout", "-k", "5", f"{self.seconds:g}")
        return "exec " + shlex.join((*limit, *self.argv))


@dataclass(frozen=True)
class Output:
    """What a command left: its exit status and what it printed."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")

    @property
    def last_words(self) -> str:
        """The last line of stderr (else of stdout), printable, at most 300 characters."""
        for stream in (self.stderr, self.stdout):
            lines = stream.decode("utf-8", "replace").strip().splitlines()
            if lines:
                return "".join(letter if letter.isprintable() else " " for letter in lines[-1])[:300]
        return ""


def script(step: str, body: str, *words: str, stdin: bytes = b"", seconds: float = 30.0) -> Command:
    """A POSIX shell script of ours with ``words`` as its ``$1`` …; ``body`` is constant text, never put together."""
    return Command(step, ("sh", "-c", body, "fedwarden", *words), stdin, seconds)
