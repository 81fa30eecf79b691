"""The systemd unit of an agent on a host that has systemd."""

from __future__ import annotations

from collections.abc import Sequence

_TEMPLATE = """\
[Unit]
Description=fedwarden agent of party {party}
After=network-online.target
Wants=network-online.target

[Service]
Type=simple
WorkingDirectory=/
UMask=0077
ExecStart={words}
Restart=on-failure
RestartSec=2
TimeoutStopSec=20
KillMode=mixed
NoNewPrivileges=yes
StandardOutput=append:{log}
StandardError=append:{log}

[Install]
WantedBy={target}
"""


def quoted(word: str) -> str:
    """One word of ExecStart: systemd expands ``%`` and ``$`` and reads backslashes."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'


def unit_text(party: int, words: Sequence[str], log: str, *, root: bool) -> str:
    """``root``: a unit of the system, else of the user's own manager."""
    target = "multi-user.target" if root else "default.target"
    return _TEMPLATE.format(party=party, words=" ".join(map(quoted, words)), log=log.replace("%", "%%"), target=target)
