"""What search engines are told."""

import re
from xml.etree import ElementTree

from httpx import AsyncClient

from api.core.settings import get_settings
from tests.api.web.test_pages import PAGE, Shop
from tests.api.web.test_pages import shop as shop  # noqa: PLC0414 -- a fixture

NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def locations(document: bytes) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(document).iterfind(".//s:loc", NAMES)]  # noqa: S314


async def test_every_product_for_sale_is_in_the_sitemap_once(client: AsyncClient, shop: Shop) -> None:
    base = get_settings().api_url
    listed = []
    for part in locations((await client.get("/sitemap.xml")).content):
        assert part.startswith(f"{base}/sitemaps/")
        listed += locations((await client.get(part.removeprefix(base))).content)
    assert f"{base}/p/{shop['c']}-shredded-cheese-8-oz" in listed
    assert len([each for each in listed if "/p/" in each]) == len(shop)
    paths = ["floral", "floral/roses", "grocery", "grocery/cheese", "grocery/cookies"]
    assert [each for each in listed if "/c/" in each] == [f"{base}/c/{path}" for path in paths]
    for address in listed:
        assert (await client.get(address.removeprefix(base), headers=PAGE)).status_code == 200, address
    assert (await client.get("/sitemaps/4000000.xml")).status_code == 404


async def test_robots_may_read_the_shop_and_nobodys_own_pages(client: AsyncClient) -> None:
    lines = (await client.get("/robots.txt")).text.splitlines()
    assert f"Sitemap: {get_settings().api_url}/sitemap.xml" in lines
    assert {"Disallow: /cart", "Disallow: /orders", "Disallow: /operate"} <= set(lines)


async def test_a_page_names_its_one_address_and_itself(client: AsyncClient, shop: Shop) -> None:
    path = f"/p/{shop['c']}-shredded-cheese-8-oz"
    page = (await client.get(path, params={"rec": "x"}, headers=PAGE)).text
    assert f'<link rel="canonical" href="{get_settings().api_url}{path}">' in page
    assert '<meta property="og:title" content="Shredded cheese · 8 oz – Agora">' in page
    assert '<meta property="product:price:amount" content="2.99">' in page
    listing = (await client.get("/c/grocery", params={"category": "cheese", "sort": "price"}, headers=PAGE)).text
    assert re.search(r'rel="canonical" href="[^"]*/c/grocery/cheese"', listing)
    assert "canonical" not in (await client.get("/p/999999999", headers=PAGE)).text
