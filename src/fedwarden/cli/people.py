"""What all verbs of the ``fedwarden`` command share: one way to do, to show, to fail, and to say what comes next."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fedwarden.cli import forms
from fedwarden.cli.headings import heading
from fedwarden.common import messages
from fedwarden.common.errors import FedwardenError, UsageError
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.opening import open_desk

Json = Annotated[bool, typer.Option("--json", help="strict JSON on stdout / 输出严格 JSON")]
Fields = dict[str, Any]


def console() -> Console:
    """For stdout; wide enough for ids when it is no terminal."""
    made = Console(highlight=False, soft_wrap=False, markup=False)
    return made if made.is_terminal else Console(highlight=False, markup=False, width=140)


def perform(
    verb: str,
    as_json: bool,
    work: Callable[[Desk], Fields],
    show: Callable[[Fields], None],
    following: Callable[[Fields], tuple[str, Fields]] | None = None,
) -> None:
    """Does ``work``, then JSON, or ``show``, the notices, and the *Next:* line (a code and its places)."""
    with open_desk() as desk:
        if not as_json:
            desk.progress = forms.tell
        notices = desk.notices
        try:
            fields = work(desk)
        except FedwardenError as error:
            if verb in ("deploy", "destroy"):  # which hosts were met, and what was taken back or is left there
                error.beside["notices"] = forms.plain(notices)
                for notice in notices:
                    forms.tell(notice)
            raise
    if as_json:
        forms.say(forms.success_json(verb, notices, **fields))
        return
    show(fields)
    sys.stdout.flush()
    for notice in notices:
        forms.tell(notice)
    if following is not None:
        code, params = following(fields)
        say(code, **params)


def say(code: str, **params: Any) -> None:
    """One sentence of the catalogue on stdout."""
    forms.say(messages.render(code, params))


def table(*columns: str, title: str = "") -> Table:
    """The first column is never cut: it holds ids that people copy. Headings follow the language (``headings``)."""
    made = Table(title=heading(title) or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        made.add_column(heading(column), no_wrap=place == 0, overflow="fold")
    return made


def pair(text: str, option: str) -> tuple[str, str]:
    """``ID=VALUE``. Raises UsageError FW-USE-027."""
    left, sign, right = text.partition("=")
    if not sign or not left or not right:
        raise UsageError("FW-USE-027", found=text[:80], form=f"{option} ID=VALUE")
    return left.strip(), right.strip()


def confirm(verb: str, code: str, as_json: bool, **params: Any) -> None:
    """Asks before something goes. Raises UsageError FW-USE-029 where nobody can answer; ends the command on a no."""
    if as_json or not sys.stdin.isatty():
        raise UsageError("FW-USE-029", what=verb)
    if input(messages.render(code, params) + " ").strip().lower() not in ("y", "yes", "是"):
        raise typer.Exit(1)


def size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
