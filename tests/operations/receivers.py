"""What alerts are sent to in tests: a web server and a mail server on this machine that keep what they get."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """Messages so far, title and text; `urls`: where to send them, as the package apprise reads it."""

    web: list[str] = field(default_factory=list)
    mail: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.web.clear()
        self.mail.clear()


@contextmanager
def receivers() -> Iterator[Received]:
    """Both servers, for as long as the block lasts."""
    received = Received()

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.web.append(f"{message['title']}\n{message['message']}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 local")
            while command := self.rfile.readline().strip().upper():
                if command.startswith(b"DATA"):
                    self.say("354 go on")
                    received.mail.append(text_of(self.body()))
                self.say("250 ok" if not command.startswith(b"QUIT") else "221 bye")

        def body(self) -> bytes:
            lines = iter(self.rfile.readline, b".\r\n")
            return b"".join(lines)

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Web) as web,
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as mail,
    ):
        mail.daemon_threads = True
        for server in (web, mail):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        received.urls += [
            f"json://127.0.0.1:{web.server_address[1]}/alerts",
            f"mailto://127.0.0.1:{mail.server_address[1]}?from=panel@example.org&to=operator@example.org&mode=insecure",
        ]
        try:
            yield received
        finally:
            web.shutdown()
            mail.shutdown()


def text_of(raw: bytes) -> str:
    """Subject and plain text of a mail."""
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain", "html"))
    return f"{message['subject']}\n{body.get_content() if body else ''}"
