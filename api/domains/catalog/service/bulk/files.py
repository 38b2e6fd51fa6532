"""Where product files lie between the one who sends them and the worker: the media bucket, under names of their own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from api.core.errors import Unavailable
from api.core.settings import get_settings
from api.domains.catalog.errors import NothingToFetch

PART = 1024**2
MISSING = frozenset({"NoSuchKey", "404"})


@lru_cache(maxsize=1)
def _client() -> Any:
    import boto3  # noqa: PLC0415 - a third of a second that only who moves files pays

    settings = get_settings()
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        region_name=settings.s3_region,
    )


async def put(name: str, file: IO[bytes]) -> None:
    """Keep the rest of an open file under `name`, part by part. Raises Unavailable."""
    await _call(lambda client, bucket: client.upload_fileobj(file, bucket, name))


async def fetch(name: str, path: Path) -> None:
    """Bring a kept file to `path`. Raises NothingToFetch, Unavailable."""
    await _call(lambda client, bucket: client.download_file(bucket, name, str(path)))


async def stream(name: str) -> AsyncIterator[bytes]:
    """A kept file in parts. Raises NothingToFetch, Unavailable."""
    answer = await _call(lambda client, bucket: client.get_object(Bucket=bucket, Key=name))
    return _parts(answer["Body"])


async def remove(name: str) -> None:
    """Forget a file; one that is gone already is no error. Raises Unavailable."""
    await _call(lambda client, bucket: client.delete_object(Bucket=bucket, Key=name))


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
            raise NothingToFetch from error
        raise Unavailable("The store of files refuses.") from error
    except BotoCoreError as error:
        raise Unavailable("The store of files does not answer.") from error
