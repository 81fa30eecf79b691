"""For which machine a bundle is: Python, architecture, glibc; and how pip is told."""

from __future__ import annotations

import msgspec

from fedwarden.remote.facts import Facts

#: The oldest glibc that any wheel is asked for.
_FIRST_GLIBC = 5


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """``python`` is "3.11"; ``glibc`` is "2.28": wheels for it and older ones fit."""

    python: str
    arch: str
    glibc: str

    def pip_words(self) -> list[str]:
        """pip's options that choose wheels for this machine instead of the one that pip runs on."""
        tag = "cp" + self.python.replace(".", "")
        words = ["--python-version", self.python, "--implementation", "cp"]
        for abi in (tag, "abi3", "none"):
            words += ["--abi", abi]
        newest = int(self.glibc.split(".")[1])
        platforms = [f"manylinux_2_{minor}_{self.arch}" for minor in range(newest, _FIRST_GLIBC - 1, -1)]
        platforms += [f"{name}_{self.arch}" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux")]
        for platform in platforms:
            words += ["--platform", platform]
        return words


def target_of(facts: Facts, carried: str = "") -> Target:
    """Call it only when the doctor found no error. The newest glibc asked for is 2.28, which all wheels have: hosts
    that differ in nothing else then share one bundle. ``carried``: the version of the Python that comes along."""
    version = carried
    if not carried:
        if facts.python is None:
            raise ValueError("no usable Python")
        version = f"{facts.python.version[0]}.{facts.python.version[1]}"
    return Target(python=version, arch=facts.arch, glibc="2.28")
