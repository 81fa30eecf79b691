"""Structures that several threads read: msgspec looks at each one once, when its module is imported.

It does so at the first use otherwise, and two first uses at one time end the process with a segmentation fault
(msgspec 0.22, under the interpreter's lock too).
"""

from __future__ import annotations

import sys

import msgspec


def prepare(module: str) -> None:
    """For the last line of a module: ``prepare(__name__)``."""
    for kind in list(vars(sys.modules[module]).values()):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not msgspec.Struct:
            msgspec.json.Decoder(kind)
