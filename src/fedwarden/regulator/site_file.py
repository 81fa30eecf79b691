"""``fedwarden.yaml``: a deployment in one file. The template beside this module shows every field with its comment."""

from __future__ import annotations

import difflib
import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from fedwarden.common.errors import FedwardenError, UsageError
from fedwarden.common.usual_ports import USUAL
from fedwarden.regulator.addresses import ipv4

MAX_BYTES = 1 << 20
TEMPLATE = "fedwarden.yaml"
_SOURCE = re.compile(r"prompt|env:[A-Za-z_][A-Za-z0-9_]*|file:.+", re.ASCII)
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?", re.ASCII)


def _address(text: str) -> str:
    try:
        return ipv4(text)
    except FedwardenError:
        raise ValueError("an IPv4 address is needed, such as 192.0.2.11") from None


def _advertised(text: str) -> str:
    host, sign, port = text.partition(":")
    if text and sign and not (port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("the port is 1 to 65535")
    return f"{_address(host)}{sign}{port}" if text else ""


def _address_or_none(text: str) -> str:
    return _address(text) if text else ""


def _places(said: Any) -> str | dict[int, str]:
    if isinstance(said, str):
        return _advertised(said)
    if not isinstance(said, dict) or not said:
        raise ValueError("one address[:port], or one for each party that dials another, by its id")
    for party, place in said.items():
        if type(party) is not int or not 0 <= party < 2**31 or not isinstance(place, str) or not place:
            raise ValueError("by peer: the id of a party as a number, then its address[:port] as text")
    return {party: _advertised(place) for party, place in said.items()}


def _matching(pattern: re.Pattern[str], why: str) -> AfterValidator:
    def check(text: str) -> str:
        if text and pattern.fullmatch(text) is None:
            raise ValueError(why)
        return text

    return AfterValidator(check)


Address = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, Field(ge=1, le=65535)]
Place = Annotated[str, AfterValidator(_advertised)]
#: One place for everybody, or one per peer that dials another than ``host``.
Places = Annotated[str | dict[int, str], PlainValidator(_places)]


class _Part(BaseModel):
    # strict: `port: "22"` or `relay: "no"` is a mistake that is better told than guessed
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Ports(_Part):
    """The ports that agents ask for."""

    control: Port = USUAL["control"]
    data: Port = USUAL["data"]
    serving: Port = USUAL["serving"]


class HostEntry(_Part):
    """Where an agent runs and how to log in there; the defaults are this machine's."""

    host: Address = "127.0.0.1"
    port: Port = 22
    user: Annotated[str, Field(min_length=1), _matching(_USER, "no name of a user")] = "root"
    key: str = ""
    password_from: Annotated[str, _matching(_SOURCE, "prompt, env:VARIABLE or file:PATH; never a password")] = ""
    bind: Annotated[str, AfterValidator(_address_or_none)] = ""
    control: Place = ""
    advertise: Places = ""
    advertise_control: Places = ""
    relay: bool = False


class PartyEntry(HostEntry):
    """One party; ``host`` has to be told, unless the party joins by its own hand: then it may."""

    id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    host: Annotated[str, AfterValidator(_address_or_none)]
    name: Annotated[str, Field(max_length=60)] = ""
    join: bool = False
    fate: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _anywhere(cls, data: Any) -> Any:
        return {"host": "", **data} if isinstance(data, dict) and data.get("join") is True else data

    @model_validator(mode="after")
    def _own_hand(self) -> Self:
        """Of an agent that its own party runs, the file says nothing that only that party decides."""
        said = [name for name in ("port", "user", "key", "password_from", "bind") if name in self.model_fields_set]
        if self.join and said:
            raise ValueError(f"join: true: its own operator runs the agent; leave out {', '.join(said)}")
        if not self.join and not self.host:
            raise ValueError("host: an IPv4 address is needed, such as 192.0.2.11")
        return self


class SiteFile(_Part):
    """The whole file."""

    deployment: Annotated[str, Field(min_length=1, max_length=60)] = "main"
    engine: str = "native"
    ports: Ports = Ports()
    arbiter: HostEntry = HostEntry()
    parties: Annotated[list[PartyEntry], Field(min_length=1)]
    fate: dict[str, Any] = {}


def template() -> str:
    """What ``fedwarden init`` writes."""
    return resources.files(__package__).joinpath(TEMPLATE).read_text("utf-8")


def read(path: Path) -> SiteFile:
    """The file, checked; key files and password files as absolute paths.

    Raises UsageError FW-USE-440 (unreadable), -441 (no YAML, or a key twice), -442 (unknown key, with the nearest one),
    -443 (a value out of its range). No value is repeated: it might be a password in the wrong place.
    """
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError("FW-USE-440", path=str(path), why=error.strerror or type(error).__name__) from None
    if len(data) > MAX_BYTES:
        raise UsageError("FW-USE-440", path=str(path), why=f"> {MAX_BYTES} bytes")
    return _placed(parse(data, str(path)), path.absolute().parent)


def parse(data: bytes | str, path: str) -> SiteFile:
    """As :func:`read`, of text; ``path`` is only for messages, and paths in it stay as they are."""
    try:
        found = yaml.load(data, _Loader)  # noqa: S506 - a SafeLoader that refuses a key given twice
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else "?"
        why = getattr(error, "problem", None) or "no text"
        raise UsageError("FW-USE-441", path=path, line=line, why=str(why)[:100]) from None
    except (ValueError, TypeError, RecursionError) as error:  # an impossible date, a list as a key, endless nesting
        raise UsageError("FW-USE-441", path=path, line="?", why=type(error).__name__) from None
    if not isinstance(found, dict):
        raise UsageError("FW-USE-441", path=path, line=1, why="no `name: value` lines")
    try:
        return SiteFile.model_validate(found)
    except ValidationError as error:
        raise _explained(path, error) from None


class _Loader(yaml.SafeLoader):
    """YAML itself lets the later of two equal keys win, silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _explained(path: str, error: ValidationError) -> UsageError:
    # an unknown key explains a missing one, so it goes first
    first = min(error.errors(include_url=False, include_input=False), key=lambda one: one["type"] != "extra_forbidden")
    where = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    if first["type"] == "extra_forbidden":
        known = _fields_at(first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, 1, 0.0)
        return UsageError("FW-USE-442", path=path, key=where[:80], nearest=near[0] if near else "-", known=known)
    why = str(first["msg"]).removeprefix("Value error, ")
    return UsageError("FW-USE-443", path=path, key=where[:80], why=why)


def _fields_at(place: tuple[int | str, ...]) -> list[str]:
    parts: dict[int | str, type[BaseModel]] = {"ports": Ports, "arbiter": HostEntry, "parties": PartyEntry}
    return sorted((parts[place[0]] if place else SiteFile).model_fields)


def _placed(file: SiteFile, folder: Path) -> SiteFile:
    def placed(text: str) -> str:
        return str(folder / Path(text).expanduser()) if text else ""

    def host(entry: Any) -> Any:
        source = entry.password_from
        if source.startswith("file:"):
            source = f"file:{placed(source.removeprefix('file:'))}"
        return entry.model_copy(update={"key": placed(entry.key), "password_from": source})

    return file.model_copy(update={"arbiter": host(file.arbiter), "parties": [host(one) for one in file.parties]})
