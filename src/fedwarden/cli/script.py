"""``script.py``: the old words, exactly. ``main`` never raises and never prints anything else on stdout."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from fedwarden.cli import forms, words
from fedwarden.common import disk
from fedwarden.common.api import Notice
from fedwarden.common.errors import DeployError, FedwardenError, StateError, UsageError


class Interrupted(BaseException):
    """SIGTERM, SIGINT or SIGHUP: what was begun is taken back on the way out."""


def _interrupt(*_: object) -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # once is enough: taking back must not be interrupted in turn
    raise Interrupted


def catch_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _interrupt)


def main(given: list[str] | None = None) -> int:
    """The exit code: 0 success, 1 failure, 2 without a known function."""
    argv = sys.argv[1:] if given is None else given
    os.umask(0o077)
    function = words.function_of(argv)
    if "-h" in argv or "--help" in argv:
        forms.say_lines(words.USAGE)
        return 0
    if function is None:
        forms.complain(UsageError("FW-USE-025"))
        return 2
    as_json = "--json" in argv
    catch_signals()
    notices: list[Notice] = []
    try:
        return _run(words.parse(function, argv), as_json, notices)
    except FedwardenError as error:
        failure = error
    except (Interrupted, KeyboardInterrupt):
        failure = DeployError("FW-DEP-012")
    except OSError as error:
        why = f"{type(error).__name__}: {error.strerror} {error.filename or ''}"
        failure = disk.refusal(error) or StateError("FW-STATE-099", why=why)
    except Exception as error:
        failure = unexpected(error)
    forms.say(forms.failure_json(function, failure) if as_json else forms.failure_form(function, failure))
    forms.complain(failure)
    if function in ("deploy", "delete", "upload"):  # which hosts were met, and what was taken back or is left there
        for notice in notices:
            forms.tell(notice)
    return 1


def unexpected(error: Exception) -> FedwardenError:
    """A fault of the program: its kind and place, never its text, which may quote what was read."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return StateError("FW-STATE-099", why=f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}")


def _run(given: words.Words, as_json: bool, notices: list[Notice]) -> int:
    if given.function == "predict":
        from fedwarden.cli import predicting

        lines, fields = predicting.from_words(given, notices)
    else:
        from fedwarden.cli import functions

        lines, fields = functions.run(given, notices)
    if as_json:
        forms.say(forms.success_json(given.function, notices, **fields))
    else:
        forms.say_lines("\n".join(lines) + "\n")
    for notice in notices:
        forms.tell(notice)
    return 0


if __name__ == "__main__":
    sys.exit(main())
