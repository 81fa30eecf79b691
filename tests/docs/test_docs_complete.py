"""Whatever a user can type, call or meet is documented."""

import ast
import re
from pathlib import Path

import pytest

from fedwarden.common.messages import catalogue

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "fedwarden"
TASKS = ["deploy", "upload", "train", "follow", "publish-predict", "delete", "fate"]


def read(*names: str) -> str:
    return "\n".join((DOCS / f"{name}.md").read_text("utf-8") for name in names)


def test_every_function_and_option_of_script_py_is_documented():
    from fedwarden.cli.words import FUNCTIONS, OPTIONS

    text = read(*TASKS)
    both = [(ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md")]
    for function in FUNCTIONS:
        assert f"script.py -f {function} " in text, f"no task page shows script.py -f {function}"
        for readme in both:
            assert f"script.py -f {function} " in readme
    everywhere = text + both[0]
    shown = [spelling for option in OPTIONS for spelling in option.spellings[:1]]
    assert [spelling for spelling in shown if not re.search(rf"`?{re.escape(spelling)}[ `/]", everywhere)] == []


def cli_commands() -> dict[str, list[str]]:
    """Every verb of ``fedwarden`` (``job show`` for a verb of a group) and the spellings of its options."""
    from typer.main import get_command

    from fedwarden.cli.main import app

    found: dict[str, list[str]] = {}

    def walk(command: object, name: str) -> None:
        children = getattr(command, "commands", None)
        if children:
            for child, inner in children.items():
                if not getattr(inner, "hidden", False):
                    walk(inner, f"{name} {child}".strip())
            return
        options = [
            max(parameter.opts, key=len)
            for parameter in getattr(command, "params", [])
            if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False)
        ]
        found[name] = [option for option in options if option not in ("--help", "--install-completion")]

    walk(get_command(app), "")
    return found


def test_every_verb_and_option_of_the_command_is_documented():
    if not (SOURCE / "cli" / "main.py").exists():
        pytest.fail("the fedwarden command is not there")
    text = read(*TASKS, "party", "certificates", "commands")
    missing = []
    for verb, options in cli_commands().items():
        if f"fedwarden {verb}" not in text:
            missing.append(f"fedwarden {verb}")
        missing += [f"fedwarden {verb}: {option}" for option in options if f"{option}" not in text]
    assert missing == []


def api_routes() -> set[tuple[str, str]]:
    """(method, path) of every ApiRoute in the party's source."""
    found = set()
    for path in (SOURCE / "party").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ApiRoute" and len(node.args) >= 2:
                method, route = node.args[:2]
                if isinstance(method, ast.Constant) and isinstance(route, ast.Constant):
                    found.add((method.value, re.sub(r"\{\w+(:\w+)?\}", "{id}", route.value)))
    return found


def test_every_route_of_an_agent_is_documented():
    routes = api_routes()
    assert len(routes) > 10
    text = re.sub(r"\{\w+\}", "{id}", read("control-api"))
    assert [f"{method} {path}" for method, path in sorted(routes) if f"{method} {path}" not in text] == []


def test_the_serving_routes_are_documented():
    text = read("serving-api")
    served = set()
    for path in (SOURCE / "party").rglob("*.py"):
        served |= set(re.findall(r'"(/federation/v1/\w+)"', path.read_text("utf-8")))
    assert served, "the serving port has no route"
    assert [route for route in sorted(served) if f"POST {route}" not in text] == []


def test_every_error_code_has_a_section_in_both_languages():
    for page in ("errors", "errors.zh"):
        heads = set(re.findall(r"^### (FW-\S+)$", read(page), re.MULTILINE))
        assert heads == set(catalogue()), "make docs"


def test_every_code_in_the_source_is_in_the_catalogue():
    used = set()
    for path in SOURCE.rglob("*.py"):
        used |= set(re.findall(r'"(FW-[A-Z]+-\d{3})"', path.read_text("utf-8")))
    assert used - set(catalogue()) == set()


def test_every_message_speaks_both_languages_and_fills_the_same_places():
    wrong = []
    for code, message in catalogue().items():
        words = re.sub(r"\{\w+\}", "", message.en)
        if not message.en.strip() or (re.search(r"\w", words) and not re.search(r"[\u4e00-\u9fff]", message.zh)):
            wrong.append(f"{code}: a language is missing")
        if bool(message.fix_en.strip()) != bool(message.fix_zh.strip()):
            wrong.append(f"{code}: a fix in one language only")
        # {meaning_en} and {meaning_zh} are one place in two languages
        places = [{re.sub("_(en|zh)$", "", name) for name in re.findall(r"\{(\w+)", text)} for text in message[:2]]
        if places[0] != places[1]:
            wrong.append(f"{code}: {places[0] ^ places[1]} stands in one language only")
    assert wrong == []


def test_every_training_option_is_documented():
    from fedwarden.common.options import OPTIONS

    text = read("options")
    names = {name for model in OPTIONS.values() for name in model.model_fields}
    assert {"alpha", "sigmoid", "validation", "data_num"} <= names
    assert [name for name in sorted(names) if f"| `{name}` |" not in text] == []


def test_the_options_file_that_is_shown_is_accepted(tmp_path):
    from fedwarden.common.options import read_config, resolve

    (shown,) = re.findall(r"```yaml\n(.*?)```", read("options"), re.DOTALL)
    file = tmp_path / "options.yaml"
    file.write_text(shown)
    resolved = resolve("hetero_lr", read_config(file))
    assert (resolved["seed"], resolved["min_intersection"], resolved["max_iter"]) == (7, 1000, 160)
