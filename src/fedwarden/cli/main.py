"""The ``fedwarden`` command: the same functions as script.py, for people."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import fedwarden
from fedwarden.cli import (
    attach_verbs,
    audit_verbs,
    deploying,
    forms,
    hosts,
    job_help,
    job_verbs,
    membership_verbs,
    party_verbs,
    verbs,
    wrong_words,
)
from fedwarden.cli.script import Interrupted, catch_signals, unexpected
from fedwarden.common import disk
from fedwarden.common.errors import DeployError, FedwardenError, StateError

ABOUT = """Vertical federated learning between organisations, stood up by a regulator. / 监管方主导的纵向联邦学习。

\b
fedwarden demo                                             see it all / 演示
fedwarden deploy --party 1=127.0.0.1 --party 2=127.0.0.1   begin / 开始
"""

app = typer.Typer(
    help=ABOUT,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        forms.say(f"fedwarden {fedwarden.__version__}")
        raise typer.Exit


@app.callback()
def _every(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="which version this is / 显示版本")
    ] = False,
) -> None:
    pass


deploying.add_to(app)
verbs.add_to(app)
attach_verbs.add_to(app, job_verbs.add_to(app))
hosts.add_to(app)
audit_verbs.add_to(app)
job_help.add_to(app)
membership_verbs.add_to(app)
party_verbs.add_to(app)


def main() -> None:
    """Ends the process: 0 success, 1 failure, 2 wrong words, 130 after Ctrl-C."""
    os.umask(0o077)
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """The exit code. One clear line on stderr for every failure; with ``--json`` the failure on stdout too."""
    as_json = "--json" in words
    verb = next((word for word in words if not word.startswith("-")), "fedwarden")
    if verb != "demo":  # it catches signals itself, to take everything down
        catch_signals()
    code = 1
    try:
        return int(app(words, prog_name="fedwarden", standalone_mode=False) or 0)
    except typer.Exit as leaving:
        return leaving.exit_code
    except FedwardenError as error:
        failure = error
    except (Interrupted, KeyboardInterrupt, typer.Abort):
        failure, code = DeployError("FW-DEP-012"), 130
    except OSError as error:
        why = f"{type(error).__name__}: {error.strerror} {error.filename or ''}"
        failure = disk.refusal(error) or StateError("FW-STATE-099", why=why)
    except Exception as error:
        told = getattr(error, "format_message", None)  # a wrong word, as typer puts it
        if type(error).__name__ == "NoArgsIsHelpError":
            print(told() if told else "", file=sys.stderr)
            return 2
        failure = wrong_words.told(told()) if told else unexpected(error)
        code = 2 if told else 1
    if as_json:
        forms.say(forms.failure_json(verb, failure))
    forms.complain(failure)
    return code


if __name__ == "__main__":
    main()
