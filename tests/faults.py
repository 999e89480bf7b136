"""A proxy on loopback before an object store, which counts requests and breaks some of them."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_SECONDS = 60.0  # longer than any client waits in the tests
Fault = Callable[[str, str], "str | int | None"]


def none(_method: str, _path: str) -> None:
    """Break nothing."""


class Faults(ThreadingHTTPServer):
    """The proxy; it calls `fault` with the method and path of every request.

    The result is None to pass it on, or how to break it: a status to answer with; `cut` to close
    the connection before the store has the request; `late cut` or `late 500` to lose only the
    store's answer; `hang`; or `blind` to drop the request's conditions.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store_port = port
        self.fault: Fault = none
        self.seen: list[tuple[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def what(self, method: str, path: str) -> str | int | None:
        with self.lock:
            self.seen.append((method, path))
            return self.fault(method, path)

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a client was killed."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise each answer waits 40 ms: its body for the client's delayed ACK of the headers.
    disable_nagle_algorithm = True
    server: Faults

    def log_message(self, *_: Any) -> None:
        pass

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        what = self.server.what(self.command, self.path)
        if what == "hang":
            time.sleep(HANG_SECONDS)
        if isinstance(what, int):
            self.say(what)
        elif what in {"hang", "cut"}:
            self.cut()
        else:
            self.forward(body, what or "")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815  as it is called

    def forward(self, body: bytes, what: str) -> None:
        inner = http.client.HTTPConnection("127.0.0.1", self.server.store_port)
        headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
        if what == "blind":
            headers = {k: v for k, v in headers.items() if not k.lower().startswith("if-")}
        inner.request(self.command, self.path, body, headers)
        answer = inner.getresponse()
        data = answer.read()
        inner.close()
        if what == "late cut":
            return self.cut()
        if what == "late 500":
            return self.say(500)
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return None

    def cut(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def say(self, status: int) -> None:
        code = {403: "AccessDenied", 503: "SlowDown"}.get(status, "InternalError")
        data = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
