"""A small catalogue."""

from collections.abc import Callable

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from tests.api.conftest import SignedUp, SignUp

MakeProduct = Callable[..., ProductImport]


def _make_product(sku: str, title: str, **other: object) -> ProductImport:
    """A product with what the test names; the rest is usual."""
    usual: dict[str, object] = {
        "department": "Grocery",
        "category": "Candy, packaged",
        "product_type": "Candy bags",
        "brand": "National",
        "size": "8 oz",
        "price_minor": 299,
    }
    return ProductImport(sku=sku, title=title, **(usual | other))  # type: ignore[arg-type]


@pytest.fixture
def make_product() -> MakeProduct:
    """Makes products with usual values."""
    return _make_product


@pytest.fixture
async def shop(session: AsyncSession, make_product: MakeProduct) -> dict[str, int]:
    """SKU → product id of a handful of products."""
    return await catalog.import_products(
        session,
        [
            make_product("choc-1", "Milk chocolate bar · 2 oz", price_minor=129),
            make_product("choc-2", "Dark chocolate · 8 oz", price_minor=499),
            make_product("milk-1", "Whole milk · 1 gal", category="Milk", product_type="Fluid milk", price_minor=289),
            make_product("gum-1", "Chewing gum · 5 ct", price_minor=99),
            make_product(
                "soap-1",
                "Bar soap · 3 ct",
                department="Drugstore & general goods",
                category="Soap",
                product_type="Soap",
            ),
            make_product(
                "fuel-1", "Gasoline", department="Fuel", category="Fuel", product_type="Fuel", is_active=False
            ),
        ],
    )


@pytest.fixture
async def keeper(client: AsyncClient, sign_up: SignUp, session: AsyncSession, shop: dict[str, int]) -> SignedUp:
    """An operator, who is signed in at `client`; the shop is committed."""
    await session.commit()
    signed_up = await sign_up("operator")
    client.headers.update(signed_up.headers)
    return signed_up
