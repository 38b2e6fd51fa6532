"""Files in the media bucket of S3: put, fetched, streamed, removed, and uploaded by others with a signed address.

Calls go over the network: never inside a transaction. Every function raises Unavailable when the store does not answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from api.core.errors import NotFound, Unavailable
from api.core.settings import get_settings

PART = 1024**2
MISSING = frozenset({"NoSuchKey", "404"})


class FileMissing(NotFound):
    """There is no file of this name."""

    type = "file-missing"
    title = "There is no such file"


@lru_cache(maxsize=1)
def _client() -> Any:
    import boto3  # noqa: PLC0415 - a third of a second that only who moves files pays
    from botocore.config import Config  # noqa: PLC0415

    settings = get_settings()
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        region_name=settings.s3_region,
        # Not every store that speaks S3 knows the checksums that are sent with every file by default.
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def close() -> None:
    """Close the connections of this process to the store; the next call makes new ones."""
    if _client.cache_info().currsize:
        _client().close()
        _client.cache_clear()


async def put(name: str, file: IO[bytes]) -> None:
    """Keep the rest of an open file under `name`, part by part."""
    await _call(lambda client, bucket: client.upload_fileobj(file, bucket, name))


async def fetch(name: str, path: Path) -> None:
    """Bring a kept file to `path`. Raises FileMissing."""
    await _call(lambda client, bucket: client.download_file(bucket, name, str(path)))


async def stream(name: str) -> AsyncIterator[bytes]:
    """A kept file in parts. Raises FileMissing."""
    answer = await _call(lambda client, bucket: client.get_object(Bucket=bucket, Key=name))
    return _parts(answer["Body"])


async def read(name: str, limit: int) -> bytes:
    """At most the first `limit` bytes of a kept file. Raises FileMissing."""

    def work(client: Any, bucket: str) -> bytes:
        with client.get_object(Bucket=bucket, Key=name)["Body"] as body:
            content: bytes = body.read(limit)
            return content

    found: bytes = await _call(work)
    return found


async def size_of(name: str) -> int:
    """How many bytes a kept file has. Raises FileMissing."""
    answer = await _call(lambda client, bucket: client.head_object(Bucket=bucket, Key=name))
    return int(answer["ContentLength"])


async def remove(name: str) -> None:
    """Forget a file; one that is gone already is no error."""
    await _call(lambda client, bucket: client.delete_object(Bucket=bucket, Key=name))


async def sign_upload(name: str, content_type: str, size: int, seconds: int) -> str:
    """An address to which exactly `size` bytes of this type may be PUT for so many seconds."""

    def work(client: Any, bucket: str) -> str:
        what = {"Bucket": bucket, "Key": name, "ContentType": content_type, "ContentLength": size}
        address: str = client.generate_presigned_url("put_object", Params=what, ExpiresIn=seconds, HttpMethod="PUT")
        return address

    signed: str = await _call(work)
    return signed


async def _parts(body: Any) -> AsyncIterator[bytes]:
    try:
        while part := await asyncio.to_thread(body.read, PART):
            yield part
    finally:
        body.close()


async def _call(work: Callable[[Any, str], Any]) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return await asyncio.to_thread(lambda: work(_client(), get_settings().s3_media_bucket))
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in MISSING:
            raise FileMissing from error
        raise Unavailable("The store of files refuses.") from error
    except BotoCoreError as error:
        raise Unavailable("The store of files does not answer.") from error
