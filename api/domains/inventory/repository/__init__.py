"""SQL of inventory. Every change locks claims first, then stock in the order of variant, location and shard."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

Reader = AsyncConnection | AsyncSession
