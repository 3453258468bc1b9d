"""What stands between a page on loopback and other programs here: a token in the address, host and origin, headers."""

import hmac

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1 << 20

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))  # fmt: skip
"""No request leaves the page, whatever a title says."""

# A form that is sent without any referrer comes from the origin "null", so that the page may name itself to itself.
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Lets a request through whose path begins with the token, whose host is this server, and that no other page sent.

    The application sees the path below the token. What is refused learns nothing of the lake.
    """

    def __init__(self, app: ASGIApp, token: str, port: int, most_bytes: int = MAX_BODY_BYTES) -> None:
        self._app, self._token, self._most_bytes = app, token, most_bytes
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal:
            await PlainTextResponse(refusal, 403, headers=HEADERS)(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app({**scope, "root_path": f"/{self._token}"}, receive, guarded)

    def _refusal(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self._hosts:
            return "selvedge: this server answers only to 127.0.0.1"
        token = scope["path"].split("/")[1]
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return "selvedge: the address lacks the token; open the one that the command printed"
        if scope["method"] not in ("GET", "HEAD"):
            origin = headers.get("origin", "")
            if origin.removeprefix("http://") not in self._hosts or not origin.startswith("http://"):
                return "selvedge: another page may not change anything here"
            if int(headers.get("content-length") or self._most_bytes + 1) > self._most_bytes:
                return "selvedge: the request is too large"
        return ""
