"""JSON over plain HTTP, as FATE-Flow and FATE-Serving speak it: every answer has a deadline and a largest size."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from typing import Any

from fedwarden.common.errors import LinkError, UsageError

#: More than this is no answer to any question we ask.
LIMIT = 64 << 20


def base_address(text: str, option: str) -> str:
    """``http://host:port`` without anything behind it. Raises UsageError FW-USE-600."""
    try:
        parts = urllib.parse.urlsplit(text if "//" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urllib.parse.urlsplit("")
    if parts.scheme != "http" or not host or port is None or parts.path.strip("/") or parts.query or parts.username:
        raise UsageError("FW-USE-600", option=option, found=text[:120])
    return f"http://{host}:{port}"


class Web:
    """One server. ``what`` names it in messages: "FATE-Flow", "FATE-Serving"."""

    def __init__(self, base: str, what: str, party: int, shown: str = "") -> None:
        parts = urllib.parse.urlsplit(base)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._what, self._party = what, party
        self._shown = shown or f"{self._host}:{self._port}"

    def ask(self, method: str, path: str, body: object = None, seconds: float = 15.0) -> dict[str, Any]:
        """A JSON object. Raises LinkError FW-LINK-600 (no answer) or -601 (no JSON object)."""
        raw = self.fetch(method, path, body, seconds)
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._strange(path, raw)
        return found

    def fetch(self, method: str, path: str, body: object = None, seconds: float = 60.0) -> bytes:
        """The answer's bytes, whatever its HTTP status. Raises LinkError FW-LINK-600, -601 (too long)."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, path, data, headers)
            raw = connection.getresponse().read(LIMIT + 1)
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise LinkError(
                "FW-LINK-600", what=self._what, party=self._party, address=self._shown, why=str(why)[:200]
            ) from None
        finally:
            connection.close()
        if len(raw) > LIMIT:
            raise self._strange(path, b"> 64 MB")
        return raw

    def _strange(self, path: str, raw: bytes) -> LinkError:
        begin = " ".join(raw[:80].decode("utf-8", "replace").split())
        return LinkError("FW-LINK-601", what=self._what, party=self._party, address=self._shown, path=path, found=begin)
