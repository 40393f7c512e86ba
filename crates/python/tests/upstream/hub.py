"""A model hub on loopback: as much of it as both sides' clients ask for."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def serve(zoo: Path) -> str:
    """Serves the models of a folder, `OWNER/NAME/…`; gives the hub's address."""

    class Hub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def log_message(self, *arguments: Any) -> None:
            pass

        def _answer(self, with_body: bool) -> None:
            parts = self.path.split("?")[0].strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                self._tell(parts[2:], with_body)
            elif len(parts) > 4 and parts[2] == "resolve":
                self._file(zoo / parts[0] / parts[1], "/".join(parts[4:]), with_body)
            else:
                self._missing("RepoNotFound", with_body)

        def _tell(self, parts: list[str], with_body: bool) -> None:
            folder = zoo.joinpath(*parts[:2])
            if not folder.is_dir():
                return self._missing("RepoNotFound", with_body)
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            if "tree" in parts:
                entries = [
                    {"type": "file", "path": str(path.relative_to(folder)), "size": path.stat().st_size, "oid": blob(path)}
                    for path in files
                ]
                return self._send(json.dumps(entries).encode(), {"Content-Type": "application/json"}, with_body)
            siblings = [{"rfilename": str(path.relative_to(folder))} for path in files]
            told = {"id": "/".join(parts[:2]), "sha": COMMIT, "siblings": siblings}
            self._send(json.dumps(told).encode(), {"Content-Type": "application/json"}, with_body)

        def _file(self, folder: Path, name: str, with_body: bool) -> None:
            path = folder / name
            if not folder.is_dir():
                return self._missing("RepoNotFound", with_body)
            if not path.is_file():
                return self._missing("EntryNotFound", with_body)
            headers = {"ETag": f'"{blob(path)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
            self._send(path.read_bytes(), headers, with_body)

        def _missing(self, code: str, with_body: bool) -> None:
            headers = {"X-Error-Code": code, "X-Error-Message": f"{self.path} is not here"}
            self._send(b"", headers, with_body, status=404)

        def _send(self, body: bytes, headers: dict[str, str], with_body: bool, status: int = 200) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def blob(path: Path) -> str:
    """Git's name of a file's content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
