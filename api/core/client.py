"""Calls to other services of the house: one client with kept connections per event loop.

Making a client and a connection for each call costs more than the call.
"""

import asyncio
from weakref import WeakKeyDictionary

import aiohttp

MOST_CONNECTIONS = 100

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


def get_client() -> aiohttp.ClientSession:
    """The client of the running loop, made at its first use; it knows no proxies and keeps no cookies."""
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None or client.closed:
        connector = aiohttp.TCPConnector(limit=MOST_CONNECTIONS)
        client = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        _clients[loop] = client
    return client


async def close_client() -> None:
    """Close the running loop's client, if it has one."""
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.close()
