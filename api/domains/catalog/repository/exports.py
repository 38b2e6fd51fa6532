"""SQL of catalog for product files: all products page by page in the order of their SKU, and SKUs that are taken."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, text

from api.domains.catalog.repository.products import Reader

PAGE = text("""
    SELECT sku, title, price_minor, currency, department, category, product_type, brand, size, is_active, category_path,
        '' AS product_sku, options, gtin, description, attributes
    FROM catalog.products WHERE sku > :after ORDER BY sku LIMIT :limit
""")
COUNT = text("SELECT count(*) FROM catalog.products")
VARIANTS = text("SELECT sku FROM catalog.variants WHERE sku = ANY(:skus)")


async def page(reader: Reader, after: str, limit: int) -> Sequence[RowMapping]:
    """The next products after a SKU."""
    return (await reader.execute(PAGE, {"after": after, "limit": limit})).mappings().all()


async def count(reader: Reader) -> int:
    """How many products there are."""
    return int((await reader.execute(COUNT)).scalar_one())


async def variant_skus(reader: Reader, skus: Sequence[str]) -> set[str]:
    """Those of `skus` that further variants bear."""
    return set((await reader.execute(VARIANTS, {"skus": list(skus)})).scalars())
