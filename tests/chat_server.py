"""A server on a real socket that implements OpenAI's chat completions, with faults on request."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
#: How a request fails: with an HTTP status, or as ``drop``, ``slow`` (answered after 3 s), ``garbage``, or
#: ``max_tokens`` (that parameter is refused). None: the request is answered.
Fault = int | str | None


class ChatServer(ThreadingHTTPServer):
    """A server that replies with ``answer(body)``, a message's content or a whole choice.

    ``fault(body, count)``, where ``count`` is the number of requests so far, decides whether a request fails.
    """

    daemon_threads = True

    def __init__(self, answer: Callable[[Body], str | Body]) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.answer = answer
        self.fault: Callable[[Body, int], Fault] = lambda _body, _count: None
        self.seconds = 0.0
        self.bodies: list[Body] = []
        self.keys: set[str] = set()
        self.open = self.most_open = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, *_: object) -> None:
        """Ignore errors, because killed clients leave broken pipes behind."""


class _Request(BaseHTTPRequestHandler):
    server: ChatServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        assert self.path == "/v1/models"
        self._reply(200, {"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self) -> None:
        assert self.path == "/v1/chat/completions"
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.bodies.append(body)
            server.keys.add(self.headers["Authorization"])
            count = len(server.bodies)
            server.open += 1
            server.most_open = max(server.most_open, server.open)
        try:
            time.sleep(server.seconds)
            self._meet(server.fault(body, count), body)
        finally:
            with server.lock:
                server.open -= 1

    def _meet(self, fault: Fault, body: Body) -> None:
        if isinstance(fault, int):
            self._reply(fault, {"error": {"message": f"injected {fault}"}})
        elif fault == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault == "garbage":
            self._reply(200, {"object": "chat.completion"})
        elif fault == "max_tokens":
            why = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            self._reply(400, {"error": {"message": why}})
        else:
            time.sleep(3 if fault == "slow" else 0)
            said = self.server.answer(body)
            message = {"role": "assistant", "content": said}
            choice = {"index": 0, "finish_reason": "stop", "message": message} if isinstance(said, str) else said
            about = {"id": "x", "object": "chat.completion", "created": 0, "model": "m"}
            self._reply(200, {**about, "choices": [choice]})

    def _reply(self, status: int, value: Body) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        # By default, clients wait at least half a second before they retry.
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(answer: Callable[[Body], str | Body]) -> Iterator[ChatServer]:
    server = ChatServer(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
