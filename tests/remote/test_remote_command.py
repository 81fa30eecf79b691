"""Commands are data: what a shell there would read is exactly the words given."""

import shlex
import subprocess

import pytest

from fedwarden.remote.command import Command, Output, script

NASTY = ["a b", "$(touch /x)", "`id`", "'; rm -rf /; '", 'say "hi"', "*", "~", "\n", "", "--", "密码"]


def local(command: Command) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-c", command.line()], input=command.stdin, capture_output=True, timeout=20, check=False
    )


def test_every_word_arrives_as_itself():
    done = local(Command("words", ("printf", r"%s\0", *NASTY)))
    assert done.stdout.decode().split("\0")[:-1] == NASTY
    assert shlex.split(Command("words", tuple(NASTY)).line())[-len(NASTY) :] == NASTY


def test_a_scripts_words_are_its_parameters():
    done = local(script("words", r'printf "%s\0" "$@"', *NASTY))
    assert done.stdout.decode().split("\0")[:-1] == NASTY


def test_stdin_never_shows():
    command = Command("secret", ("cat",), b"hunter2")
    assert "hunter2" not in repr(command) + command.line()
    assert local(command).stdout == b"hunter2"


def test_the_host_ends_a_command_by_itself():
    done = local(Command("slow", ("sleep", "30"), seconds=0.3))
    assert done.returncode == 124


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [
        (b"a\nb\n", b"", "b"),
        (b"a", b"x\n\x1b[31mred\x07\n\n", " [31mred "),
        (b"", b"", ""),
        (b"", b"q" * 999, "q" * 300),
    ],
)
def test_last_words_are_one_printable_line(stdout, stderr, words):
    assert Output(1, stdout, stderr).last_words == words
