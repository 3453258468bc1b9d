"""One picture asked for once: the answer read within its caps, checked, and handed on."""

from collections.abc import Awaitable, Callable
from hashlib import sha256

from schemas.rejects import Code
from udfs.pictures.inspect import SNIFFED_BYTES, Picture, PictureRefused, beginning, inspect, sniff
from udfs.web.addresses import Target
from udfs.web.body import Body, Cap
from udfs.web.client import Client, ClientOptions, Response
from udfs.web.failures import Failure
from udfs.web.guard import Networks
from udfs.web.pace import ByteBudget, Clock
from udfs.web.request import Answer, FetchPolicy, PictureRequest
from udfs.web.resolver import Names
from udfs.web.robots import Robots, opted_out

Keep = Callable[[bytes, Picture, bytes, str], None]
"""Takes the sha256, what the picture is, its bytes and the URL asked for. The same content may come more than once."""

ACCEPT = {"Accept": "image/jpeg,image/png,image/webp,image/avif;q=0.9,image/*;q=0.8", "Accept-Encoding": "identity"}


class NotKept(Exception):
    """The caller could not keep a picture; its own error is the cause."""


class PictureBody(Body):
    """A picture's bytes as they come: what is no picture, or is not meant for us, is not read on."""

    def __init__(self, cap: Cap, robot: str | None, budget: ByteBudget, clock: Clock) -> None:
        self._parts: list[bytes] = []
        super().__init__(cap, self._parts.append)  # a method of its own would be a cycle that keeps the bytes
        self._robot = robot  # None: a contract passes by what the answer says
        self._budget = budget
        self._clock = clock
        self._held_bytes = 0
        self._sniffed = False
        self._answer: Response | None = None

    @property
    def whole(self) -> bytes:
        """All of it."""
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def begin(self, response: Response) -> Awaitable[None] | None:
        """Heed the owner's wish, and take what the body needs from the budget: what is announced, else the cap."""
        super().begin(response)
        self._answer = response
        tags = response.headers.get("x-robots-tag")
        directive = opted_out(tags, self._robot) if tags and self._robot else None
        if directive is not None:
            detail = f"the X-Robots-Tag of the response says {directive}"
            raise Failure(Code.FETCH_ROBOTS, detail, response.status, response.url)
        announced = None if self.coding else response.length
        wanted = self._cap.max_bytes if announced is None else announced
        if (taken := self._budget.take_now(wanted)) is not None:
            self._held_bytes = taken
            return None
        return self._wait_for(wanted)

    def write(self, piece: bytes) -> None:
        """The next bytes as they came; the first of them say whether the rest is wanted."""
        super().write(piece)
        if not self._sniffed and self._size >= SNIFFED_BYTES:
            self._sniffed = True
            self._check_head()

    def coded_as(self, head: bytes) -> str:
        """What is said of a body that is no picture, whose head names a coding that we do not undo."""
        return (
            f"content encoding {self.coding[:40]!r}, which we did not ask for; the body begins with {beginning(head)}"
        )

    def give_back(self) -> None:
        """The bytes are needed no more."""
        self._budget.give_back(self._held_bytes)
        self._held_bytes = 0

    async def _wait_for(self, wanted: int) -> None:
        with self._clock.stopped():
            self._held_bytes = await self._budget.take(wanted)

    def _check_head(self) -> None:
        head = b"".join([part[:SNIFFED_BYTES] for part in self._parts])
        if sniff(head) is None:
            if self.coding:
                raise self._failure(Code.FETCH_CODING, self.coded_as(head))
            said = ((self._answer and self._answer.header("content-type")) or "missing")[:60]
            raise self._failure(Code.FETCH_TYPE, f"content type {said}, but the body begins with {beginning(head)}")


class Asker:
    """Fetches pictures with one set of allowed networks, and keeps the good ones."""

    def __init__(self, policy: FetchPolicy, opened: Networks, keep: Keep, budget: ByteBudget, names: Names) -> None:
        self._policy = policy
        self._keep = keep
        self._budget = budget
        self._cap = Cap(policy.limits.max_bytes)
        self._client = Client(ClientOptions(policy.user_agent, policy.connect_s, policy.read_s, opened), names)
        self.robots = Robots(self._client, policy.robot, policy.total_s)

    async def close(self) -> None:
        """Close every connection."""
        await self.robots.close()
        self._client.close()

    async def ask(
        self, request: PictureRequest, target: Target, clock: Clock, before: Callable[[Target], Awaitable[None]]
    ) -> Answer:
        """Ask once. Raises Failure where no body came; a body that is no good is an answer with a code."""
        body = PictureBody(self._cap, None if request.contract else self._policy.robot, self._budget, clock)
        try:
            response = await self._client.get(target, _headers(request), body, before)
            answer = _answer(response)
            if response.status == 304:
                return _unchanged(request, answer)
            return self._judge(request, answer, body)
        finally:
            body.give_back()

    def _judge(self, request: PictureRequest, answer: Answer, received: PictureBody) -> Answer:
        body = received.whole
        answer.bytes = len(body)
        answer.picture = sha256(body).digest()
        try:
            picture = inspect(body, self._policy.limits)
        except PictureRefused as refused:
            answer.code, answer.detail = refused.code, refused.detail
            if refused.code is Code.FETCH_TYPE and received.coding:
                answer.code, answer.detail = Code.FETCH_CODING, received.coded_as(body)
            return answer
        try:
            self._keep(answer.picture, picture, body, request.url)
        except Exception as error:
            raise NotKept from error
        return answer


def _headers(request: PictureRequest) -> dict[str, str]:
    """Conditional where the URL gave a picture before."""
    headers = dict(ACCEPT)
    if request.picture is not None:
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
    return headers


def _answer(response: Response) -> Answer:
    return Answer(
        http_status=response.status,
        etag=response.header("etag"),
        last_modified=response.header("last-modified"),
        final_url=response.url,
    )


def _unchanged(request: PictureRequest, answer: Answer) -> Answer:
    """304: the picture of before, with the validators of before where the answer names none."""
    answer.picture = request.picture
    answer.etag = answer.etag or request.etag
    answer.last_modified = answer.last_modified or request.last_modified
    return answer
