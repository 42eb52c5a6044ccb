"""Files of the skin and the weight of answers: addresses with content hashes, how long to keep, compression."""

import hashlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.wrappers import Response
from flask_compress import Compress
from werkzeug.wrappers import Response as BareResponse

STATIC = "static"
FOR_A_YEAR = "public, max-age=31536000, immutable"
#: Smaller answers are sent as they are: they fit into one packet either way.
SMALLEST = 1_000
#: What is worth compressing; workbooks and pictures are compressed already.
KINDS = [
    "application/json",
    "application/javascript",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
]
#: The smallest first; browsers offer brotli and zstd only over TLS or on their own machine, gzip everywhere.
ENCODINGS = ["br", "zstd", "gzip"]
#: Of files and streams: brotli keeps megabytes back before it sends the first of them.
STREAMED = ["zstd", "gzip"]
SETTINGS = {
    "COMPRESS_MIMETYPES": KINDS,
    "COMPRESS_MIN_SIZE": SMALLEST,
    "COMPRESS_ALGORITHM": ENCODINGS,
    "COMPRESS_ALGORITHM_STREAMING": STREAMED,
}


class Compression(Compress):
    """Compresses whole answers, streams chunk by chunk; a part of a file stays as it is, since it counts bytes."""

    def after_request(self, response: Response | None) -> Response:
        """The answer, compressed where the browser can read it and it pays."""
        if response is None or response.status_code == 206 or _is_small(response):
            return response if response is not None else Response(status=204)
        close = getattr(response.response, "close", None)
        if close is not None:  # the compressed stream takes the file's place and would leave it open
            response.call_on_close(close)
        return super().after_request(response)


def _is_small(response: Response) -> bool:
    """Whether the answer is whole and would be sent as it is to everybody."""
    return not response.is_streamed and (response.content_length or 0) < SMALLEST


class PageSessions(SecureCookieSessionInterface):
    """Signed cookies for pages; a file is the same for everybody, so it neither sets nor varies by a cookie."""

    def __init__(self) -> None:
        self._signer: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        """Made once for the application, since every request asks for it."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:
        """Keep what a page remembers."""
        if request.endpoint != STATIC:
            super().save_session(app, session, response)


def prepare(app: Flask) -> None:
    """Let an application serve its files and compress its answers."""
    app.session_interface = PageSessions()
    app.config.update(SETTINGS)
    Compression(app)


def asset(path: str) -> str:
    """The address of a static file with its content hash, so that it may be kept for a year."""
    return _asset(path, request.script_root)


@cache
def _asset(path: str, _root: str) -> str:
    return url_for(STATIC, filename=path, v=_digest(path))


@lru_cache(maxsize=256)  # bounded, since an address may write the same path in many ways
def _digest(path: str) -> str:
    file = Path(current_app.static_folder or "") / path
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def keeping(response: BareResponse) -> str:
    """For how long a browser keeps an answer: a file under its own hash for a year, a page never."""
    if request.endpoint != STATIC or response.status_code >= 400:
        return "no-store"
    path = str((request.view_args or {}).get("filename", ""))
    is_this_one = request.args.get("v") == _digest(path)
    return FOR_A_YEAR if is_this_one else "no-cache"
