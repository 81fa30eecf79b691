"""What typer finds wrong with a command line, as errors of our own: it speaks English only."""

from __future__ import annotations

import re

from fedwarden.common.errors import FedwardenError, UsageError

#: How typer puts it → our code and the names of what it quotes.
_SENTENCES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"No such command '(.*)'", "FW-USE-770", ("found",)),
    (r"No such option: (\S+) \(Possible options: (.*)\)", "FW-USE-778", ("option", "near")),
    (r"No such option: (\S+).*", "FW-USE-771", ("option",)),
    (r"Option '?(.+?)'? requires an argument", "FW-USE-772", ("option",)),
    (r"Option '?(.+?)'? does not take a value", "FW-USE-773", ("option",)),
    (r"Missing (?:option|argument|parameter):? '?([^'.]+?)'?(?: \(.*)?", "FW-USE-774", ("option",)),
    (r"Got unexpected extra argument.*", "FW-USE-775", ()),  # which words is not told: one may be a password
    (r"Invalid value for '?(.+?)'?: .*", "FW-USE-776", ("option",)),
    (r"Missing command", "FW-USE-777", ()),
)


def told(sentence: str) -> FedwardenError:
    """``sentence`` is typer's; one that is not known here is passed on as it is."""
    text = " ".join(sentence.split()).rstrip(".")
    for pattern, code, names in _SENTENCES:
        if found := re.fullmatch(pattern, text):
            return UsageError(code, **{name: part[:80] for name, part in zip(names, found.groups(), strict=True)})
    return UsageError("FW-USE-028", why=text)
