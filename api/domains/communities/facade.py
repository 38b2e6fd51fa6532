"""The door of communities for the application and for pages composed of several domains."""

from uuid import UUID

from api.core.db import Reader
from api.domains.communities.service import notifications


async def unread(reader: Reader, customer_id: UUID) -> int:
    """How many notifications a person has not read; 100 stands for that many or more."""
    return await notifications.unread(reader, customer_id)


async def close() -> None:
    """End every stream of this process, before its connections close."""
    await notifications.HUB.close()
