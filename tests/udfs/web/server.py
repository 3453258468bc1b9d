"""A loopback HTTP server that behaves as badly as it is told to, and name servers that lie."""

import asyncio
import gzip
import io
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image

from udfs.web.guard import networks

LOOPBACK = networks(["127.0.0.1/32"])


@dataclass
class Request:
    """What came in."""

    path: str
    headers: dict[str, str]
    at: float


Behaviour = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def picture(seed: int = 0, side: int = 64, kind: str = "JPEG") -> bytes:
    target = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(target, kind)
    return target.getvalue()


def _head(status: int, headers: Mapping[str, object]) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode()


def answer(body: bytes = b"", status: int = 200, close: bool = False, **headers: object) -> Behaviour:
    """An honest answer; headers may contradict it. `close`: the connection ends behind it."""

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        said = {"Content_Length": len(body), **headers} if status != 304 else headers
        writer.write(_head(status, said) + body)
        if close:
            writer.close()

    return behave


def conditional(body: bytes, etag: str) -> Behaviour:
    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        known = request.headers.get("if-none-match") == etag
        await (answer(status=304, ETag=etag) if known else answer(body, ETag=etag))(request, writer)

    return behave


def redirect(to: str, status: int = 302) -> Behaviour:
    return answer(status=status, Location=to)


def drip(body: bytes, pause_s: float = 0.05) -> Behaviour:
    """A byte at a time: never idle, never done."""

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(200, {"Content_Length": len(body)}))
        for place in range(len(body)):
            writer.write(body[place : place + 1])
            await writer.drain()
            await asyncio.sleep(pause_s)

    return behave


@dataclass
class Endless:
    """A body without end, which counts what it got rid of."""

    start: bytes
    sent: int = 0

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(200, {"Transfer_Encoding": "chunked"}))
        piece = self.start
        while True:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
            self.sent += len(piece)
            piece = bytes(64 << 10)


async def silence(request: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def reset(request: Request, writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


def reset_after(body: bytes, announced: int) -> Behaviour:
    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(200, {"Content_Length": announced}) + body)
        await writer.drain()
        await asyncio.sleep(0.05)
        await reset(request, writer)

    return behave


def gzip_bomb(unpacked: int) -> Behaviour:
    body = gzip.compress(picture() + bytes(unpacked), 9)
    return answer(body, Content_Encoding="gzip", Content_Type="image/jpeg")


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Another one each time; the last one for ever."""
    left = list(behaviours)

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, writer)

    return behave


def after(seconds: float, behaviour: Behaviour) -> Behaviour:
    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await behaviour(request, writer)

    return behave


def not_http(request: Request, writer: asyncio.StreamWriter) -> Awaitable[None]:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    return asyncio.sleep(0)


@dataclass
class Server:
    """Serves `routes` (a path, or "*" for all others) from a thread; `seen` is what was asked, robots.txt aside."""

    routes: dict[str, Behaviour]
    address: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    seen: list[Request] = field(default_factory=list)
    port: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def __enter__(self) -> "Server":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(5)
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def url(self, path: str, host: str | None = None) -> str:
        return f"http{'s' if self.tls else ''}://{host or self.address}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.seen]

    async def _start(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, self.address, 0, ssl=self.tls, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False where the connection was left unusable."""
        line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = line.split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (entry.partition(":") for entry in lines if entry)}
        request = Request(path, headers, time.monotonic())
        behaviour = self.routes.get(path) or self.routes.get("*") or answer(status=404)
        if path == "/robots.txt":
            await self.routes.get(path, answer(status=404))(request, writer)
            await writer.drain()
            return True
        self.seen.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await behaviour(request, writer)
            await writer.drain()
        finally:
            self.at_once -= 1
        return not writer.is_closing()


class NameServer:
    """Answers for names: each time the next of a name's answers, the last one for ever; no answers: no such name."""

    def __init__(self, answers: Mapping[str, Sequence[str]]) -> None:
        self.answers = {name: list(addresses) for name, addresses in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        await asyncio.sleep(0.01)
        left = self.answers.get(host)
        if not left:
            raise OSError(f"{host} is not known")
        return [left.pop(0) if len(left) > 1 else left[0]]


def self_signed(folder: Path, name: str = "localhost") -> ssl.SSLContext:
    """A certificate that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ) + certificate.public_bytes(serialization.Encoding.PEM)
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
