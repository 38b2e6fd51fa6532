"""Files in the store, with no more than what every process has in its environment."""

from collections.abc import Iterator
from io import BytesIO

import pytest

from api.core import storage


@pytest.fixture
def bare(migrated_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client as a command of a person makes it: without the switches that the stack gives to its parts."""
    for name in ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"):
        monkeypatch.delenv(name, raising=False)
    storage.close()
    yield
    storage.close()


async def test_a_file_is_kept_read_and_removed_by_a_command_too(bare: None) -> None:
    await storage.put("tests/bare", BytesIO(b"some bytes"))
    assert await storage.read("tests/bare", 4) == b"some"
    await storage.remove("tests/bare")
    with pytest.raises(storage.FileMissing):
        await storage.read("tests/bare", 4)
