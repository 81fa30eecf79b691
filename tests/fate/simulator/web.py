"""A small HTTP server for JSON, and the client that goes with it."""

import http.client
import json
import threading
import urllib.parse
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NOT_FOUND = '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<title>{0}</title>\n<h1>{1}</h1>\n'


class Reply(Exception):
    """An answer that is no JSON object of the ordinary kind: raised, or returned."""

    def __init__(self, body, status=200, kind="application/json", name=None):
        super().__init__(status)
        self.body = body if isinstance(body, bytes) else str(body).encode()
        self.status, self.kind, self.name = status, kind, name


def html(status, words):
    return Reply(NOT_FOUND.format(f"{status} {words}", words), status, "text/html")


class Request:
    def __init__(self, method, path, query, raw, headers):
        self.method, self.path, self.query, self.raw, self.headers = method, path, query, raw, headers

    @property
    def json(self):
        """The body as an object; ValueError when it is none."""
        found = json.loads(self.raw or b"{}")
        if not isinstance(found, dict):
            raise ValueError("no object")
        return found

    def form(self):
        """A multipart form: name → text or bytes (of a file)."""
        head = f"Content-Type: {self.headers.get('Content-Type', '')}\r\n\r\n".encode()
        found = {}
        message = BytesParser().parsebytes(head + self.raw)
        if not message.is_multipart():
            return found
        for part in message.get_payload():
            name = part.get_param("name", header="content-disposition")
            data = part.get_payload(decode=True)
            found[name] = data if part.get_filename() else data.decode()
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        parts = urllib.parse.urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {key: values[-1] for key, values in urllib.parse.parse_qs(parts.query).items()}
        request = Request(self.command, parts.path, query, raw, self.headers)
        try:
            found = self.server.answer(request)
        except Reply as reply:
            found = reply
        if not isinstance(found, Reply):
            found = Reply(json.dumps(found, sort_keys=True))
        self.send_response(found.status)
        self.send_header("Content-Type", found.kind)
        self.send_header("Content-Length", str(len(found.body)))
        self.send_header("Connection", "close")
        if found.name:
            self.send_header("Content-Disposition", f"attachment; filename={found.name}")
        self.end_headers()
        self.wfile.write(found.body)
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """``answer(request)`` gives a JSON object or a Reply. Listens at once; ``start`` serves in a thread."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer, port=0, host="127.0.0.1"):
        super().__init__((host, port), _Handler)
        self.answer = answer
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self):
        return f"http://{self.server_address[0]}:{self.server_address[1]}"

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self.shutdown()
        self.server_close()
        self._thread.join()


def call(address, path, body, seconds=10.0):
    """POST of JSON to ``host:port`` (or an URL); the JSON answer. OSError, ValueError when there is none."""
    host, _, port = address.removeprefix("http://").rstrip("/").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=seconds)
    try:
        connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return json.loads(answer.read())
    except http.client.HTTPException as error:
        raise OSError(str(error)) from None
    finally:
        connection.close()
