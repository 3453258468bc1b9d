"""Where a feed comes from: http(s), S3, or a file below the one configured folder. The same answer from each."""

import os
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from schemas.rejects import Code
from udfs.pictures.inspect import one_line
from udfs.web.download import Downloaded, FeedRequest, Sink, charset_in, download_feed

PIECE = 1 << 20

WRONG_SECRETS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
"""What S3 answers where ours are wrong; AccessDenied may as well be the shop's wish."""


def receive(url: str, request: FeedRequest, target: BinaryIO) -> Downloaded:
    """Bring a feed's bytes into `target`, which is emptied first.

    `url` is an http(s) or s3 address, or a path, which must lead below `request.folder`. Answers "unchanged" where the
    source still has what `request` knows of. Never raises for what a source does;
    raises `NotWritten` where `target` cannot be written.
    """
    scheme = urlsplit(url).scheme.lower()
    if scheme in ("http", "https"):
        return download_feed(url, request, target)
    if scheme == "s3":
        return _from_s3(url, request, target)
    if scheme in ("", "file"):
        return _from_file(unquote(urlsplit(url).path) if scheme else url, request, target)
    return Downloaded(
        "refused", Code.FEED_ADDRESS, f"a feed must be an http, https or s3 address or a file, not {scheme[:40]!r}"
    )


def _from_file(path: str, request: FeedRequest, target: BinaryIO) -> Downloaded:
    """A file below the folder, links followed before that is checked. Its size and time stand for an ETag."""
    if request.folder is None:
        return Downloaded("refused", Code.FEED_ADDRESS, f"{path}: the setting feeds.folder is not set")
    try:
        folder = request.folder.resolve(strict=True)
        file = (folder / path).resolve(strict=True)
        if not file.is_relative_to(folder):
            detail = f"{path} is outside {folder} (setting feeds.folder)"
            return Downloaded("refused", Code.FEED_ADDRESS, detail)
        if not file.is_file():
            return Downloaded("refused", Code.FEED_ADDRESS, f"{path} is not a regular file")
        return _read_file(file, request, target)
    except FileNotFoundError:
        below = f"in {request.folder} (setting feeds.folder)"
        return Downloaded("refused", Code.FEED_MISSING, f"{path}: no such file {below}")
    except (OSError, ValueError) as error:
        return Downloaded("refused", Code.FEED_UNREACHABLE, f"{path}: {one_line(error)}")


def _read_file(file: Path, request: FeedRequest, target: BinaryIO) -> Downloaded:
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as source:
        found = os.fstat(source.fileno())
        etag = f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"
        if etag == request.etag:
            return Downloaded("unchanged", etag=etag, final_url=file.as_uri())
        return _store(iter(lambda: source.read(PIECE), b""), request, target, etag=etag, final_url=file.as_uri())


def _from_s3(url: str, request: FeedRequest, target: BinaryIO) -> Downloaded:
    """An object. The endpoint and the secrets come from the environment, as boto3 reads them."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    parts = urlsplit(url)
    config = Config(
        connect_timeout=request.connect_s, read_timeout=request.read_s, retries={"total_max_attempts": request.tries},
        proxies={},
    )  # fmt: skip
    condition = {"IfNoneMatch": request.etag} if request.etag else {}
    try:
        client = boto3.client("s3", config=config)
        answer = client.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"), **condition)
        validators = {
            "etag": answer.get("ETag"),
            "last_modified": answer["ResponseMetadata"]["HTTPHeaders"].get("last-modified"),
            "final_url": url,
            "charset": charset_in(answer.get("ContentType")),
        }
        with closing(answer["Body"]) as body:
            return _store(body.iter_chunks(PIECE), request, target, http_status=200, **validators)
    except ClientError as error:
        return _s3_refusal(url, request, error.response)
    except ParamValidationError:
        return Downloaded("refused", Code.FEED_ADDRESS, f"{url} must have the form s3://bucket/key", final_url=url)
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        detail = f"{url}: {one_line(error)}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        return Downloaded("refused", Code.FEED_CREDENTIALS, detail, final_url=url)
    except (BotoCoreError, OSError, ValueError) as error:
        return Downloaded("refused", Code.FEED_UNREACHABLE, f"{url}: {one_line(error)}", final_url=url)


def _s3_refusal(url: str, request: FeedRequest, response: Any) -> Downloaded:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status == 304:
        return Downloaded("unchanged", http_status=304, etag=request.etag, final_url=url)
    said = response.get("Error", {})
    code = Code.FEED_MISSING if status == 404 else Code.FEED_UNREACHABLE
    code = Code.FEED_CREDENTIALS if said.get("Code") in WRONG_SECRETS else code
    return Downloaded("refused", code, f"{url}: {said.get('Code')}: {said.get('Message')}", status, final_url=url)


def _store(pieces: Iterable[bytes], request: FeedRequest, target: BinaryIO, **answer: Any) -> Downloaded:
    sink = Sink(target)
    for piece in pieces:
        if sink.size + len(piece) > request.max_bytes:
            detail = f"more than {request.max_bytes} bytes"
            return Downloaded("refused", Code.FEED_TOO_LARGE, detail, final_url=answer.get("final_url"))
        sink.write(piece)
    return Downloaded("new", bytes=sink.size, sha256=sink.sha256, **answer)
