#!/usr/bin/env python3
"""The old words: python3 script.py -f {deploy,upload,submit,query,load_bind,predict,delete} ...

This file must parse on any Python >= 3.6: it only finds the project's own environment (.venv beside it) and hands over
to fedwarden.cli.script there, which does the work.
"""

# These lines parse on Python 3.6.
# ruff: noqa: PTH100, PTH110, PTH118, PTH120, UP031, S606, RUF005
import os
import sys

FUNCTIONS = ("deploy", "upload", "submit", "query", "load_bind", "predict", "delete")


def chosen_function(words):
    """What stands after -f, or an empty text."""
    found = ""
    for place, word in enumerate(words):
        if word in ("-f", "--function"):
            found = words[place + 1] if place + 1 < len(words) else ""
        elif word.startswith("--function="):
            found = word[len("--function=") :]
    return found


def without_environment(folder, why):
    """The failure form of the function, and how to make the environment. Returns the exit code."""
    function = chosen_function(sys.argv[1:])
    message = "fedwarden's environment %s %s" % (os.path.join(folder, ".venv"), why)
    fix = "Make it with: make -C %s setup" % folder
    chinese = "请先建立运行环境：make -C %s setup" % folder
    code = 1
    if function not in FUNCTIONS:
        code = 2
    elif "--json" in sys.argv[1:]:
        import json

        answer = {"retcode": 1, "code": "FW-USE-099", "message": message, "fix": fix}
        sys.stdout.write(json.dumps(answer) + "\n")
    elif function == "submit":
        sys.stdout.write("{'retcode': 1}\n")
    elif function == "query":
        sys.stdout.write("failed\n")
    elif function == "predict":
        sys.stdout.write('{"retmsg":"the environment has not been made: make setup","retcode":9001}\n')
    else:
        sys.stdout.write(function + " failure.\n")
    line = "error: %s. %s / %s\n" % (message, fix, chinese)
    stream = getattr(sys.stderr, "buffer", sys.stderr)
    stream.write(line.encode("utf-8"))
    return code


def main():
    folder = os.path.dirname(os.path.realpath(os.path.abspath(__file__)))
    environment = os.path.join(folder, ".venv")
    python = os.path.join(environment, "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(environment):
        from fedwarden.cli.script import main as run

        return run(sys.argv[1:])
    if not os.path.exists(python):
        return without_environment(folder, "has not been made")
    if not os.path.exists(os.path.join(environment, ".base")):
        return without_environment(folder, "is not complete")
    try:
        # -P: nothing in the current folder is taken for a module
        os.execv(python, [python, "-P", "-m", "fedwarden.cli.script"] + sys.argv[1:])
    except OSError as error:
        return without_environment(folder, "cannot be used (%s)" % error.strerror)


if __name__ == "__main__":
    sys.exit(main())
