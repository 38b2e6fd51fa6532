"""Reading products and selling prices; one price change."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.outbox import publish
from api.core.slugs import slugify
from api.domains.catalog.contracts import CategoryCount, DepartmentCount, ProductDetails, ProductView
from api.domains.catalog.domain import nodes_above
from api.domains.catalog.errors import ProductArchived, ProductNotFound
from api.domains.catalog.repository import imports, products
from api.domains.catalog.repository.products import Reader
from ingestion.contracts.catalog import ProductPublished

SITEMAP_PART = 20_000

get_products = products.products
labels = products.labels
price_for_sale = products.for_sale


async def get_product(reader: Reader, product_id: int) -> ProductView:
    """Raises ProductNotFound."""
    product = await products.product(reader, product_id)
    if product is None:
        raise ProductNotFound(product_id)
    return product


async def details(reader: Reader, product: ProductView) -> ProductDetails:
    """What the product's page says besides."""
    return await products.details(reader, product.product_id, nodes_above(product.category_path))


async def shown_product(reader: Reader, product_id: int) -> ProductView:
    """A product that shoppers may see, or whose page past orders lead to. Raises ProductNotFound, ProductArchived."""
    product = await get_product(reader, product_id)
    if not product.is_active:
        is_archived, is_scheduled = await products.hidden(reader, product_id)
        _refuse_hidden(product_id, is_archived, is_scheduled)
    return product


def _refuse_hidden(product_id: int, is_archived: bool, is_scheduled: bool) -> None:
    if is_scheduled:
        raise ProductNotFound(product_id)
    if is_archived:
        raise ProductArchived(product_id=product_id)


async def get_product_row(connection: AsyncConnection, product_id: int) -> dict[str, Any]:
    """The same as a mapping, for the hot path. Raises ProductNotFound, ProductArchived."""
    row = await products.product_row(connection, product_id)
    if row is None:
        raise ProductNotFound(product_id)
    _refuse_hidden(product_id, row.pop("is_archived"), row.pop("is_scheduled"))
    return row


async def best_sellers(reader: Reader, department: str | None = None, limit: int = 12) -> list[ProductView]:
    """What sells most, everywhere or in one department (its name or slug)."""
    return await products.best_sellers(reader, slugify(department) if department else None, limit)


async def active(reader: Reader, ids: Sequence[int]) -> set[int]:
    """Those of `ids` that are for sale."""
    return await products.active(reader, ids)


async def newest(reader: Reader, limit: int = 50) -> list[int]:
    """Ids of what came into the shop in the last thirty days, the newest first."""
    return await products.newest(reader, limit)


async def shelves(reader: Reader, departments: Sequence[str], limit: int = 12) -> dict[str, list[ProductView]]:
    """Department slug → its best sellers, in the order asked for."""
    by_slug: dict[str, list[ProductView]] = defaultdict(list)
    for view in await products.best_per_department(reader, [slugify(name) for name in departments], limit):
        by_slug[view.department_slug].append(view)
    return dict(by_slug)


async def similar(reader: Reader, product_id: int, limit: int = 12) -> list[ProductView]:
    """Of the same category, the same type first: what a page shows while no model knows the product."""
    return await products.similar(reader, product_id, limit)


async def sitemap_parts(reader: Reader) -> list[int]:
    """The parts of the sitemap that hold something."""
    return await products.sitemap_parts(reader, SITEMAP_PART)


async def sitemap(reader: Reader, part: int) -> list[tuple[int, str, datetime]]:
    """(product id, slug, last change) of one part of the sitemap."""
    return await products.sitemap(reader, part * SITEMAP_PART, (part + 1) * SITEMAP_PART)


async def departments(reader: Reader) -> list[DepartmentCount]:
    """The whole tree with counts, largest department first."""
    return group_departments(await products.tree(reader))


def group_departments(rows: Sequence[Any]) -> list[DepartmentCount]:
    """Rows of (department, category, products) → departments, largest first, each with its categories."""
    names: dict[str, str] = {}
    categories: dict[str, list[CategoryCount]] = defaultdict(list)
    for row in rows:
        names[row["department_slug"]] = row["department"]
        counted = CategoryCount(row["category"], row["category_slug"], row["products"])
        categories[row["department_slug"]].append(counted)
    counts = [
        DepartmentCount(name, slug, sum(each.products for each in categories[slug]), tuple(categories[slug]))
        for slug, name in names.items()
    ]
    return sorted(counts, key=lambda department: (-department.products, department.name))


async def change_first_price(session: AsyncSession, product_id: int, price_minor: int) -> None:
    """The product's own price, with its line of history and its event; the same price again does nothing."""
    if await imports.set_price(session, product_id, price_minor):
        await publish(session, published(await get_product(session, product_id)))


def published(product: ProductView) -> ProductPublished:
    """The event that tells the rest of the house the whole product."""
    return ProductPublished.model_validate({name: getattr(product, name) for name in ProductPublished.model_fields})
