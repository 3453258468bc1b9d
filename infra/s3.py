"""Runs a substitute for S3 (moto) on this machine's loopback, until Ctrl-C. In memory only: for trials and tests."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

from infra.programs import until_told_to_end

HOST = "127.0.0.1"
REGION = "us-east-1"


@contextmanager
def s3_server(bucket: str, port: int = 0) -> Iterator[dict[str, str]]:
    """A server with one bucket (port 0: any free port). Gives the environment variables that its clients need."""
    server = ThreadedMotoServer(HOST, port, verbose=False)
    server.start()
    try:
        found_port = server.get_host_and_port()[1]
        found = {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{found_port}",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "stand-in",
            "AWS_SECRET_ACCESS_KEY": "stand-in",
            "AWS_ALLOW_HTTP": "true",
        }
        client(found).create_bucket(Bucket=bucket)
        yield found
    finally:
        server.stop()


def client(environment: dict[str, str]) -> "boto3.client":
    """A boto3 client for this server."""
    return boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.s3", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bucket", default="selvedge", help="bucket to create")
    parser.add_argument("--port", type=int, default=8791, help="port to listen on")
    flags = parser.parse_args()
    with s3_server(flags.bucket, flags.port) as environment, until_told_to_end():
        print(*(f"export {name}={value}" for name, value in environment.items()), sep="\n")
        print(f"export SELVEDGE_LAKE=s3://{flags.bucket}/lake", flush=True)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
