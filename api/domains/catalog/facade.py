"""The only door into catalog for other domains, the pages of api.web and the loaders.

Readers are an AsyncConnection (AUTOCOMMIT) or a session. Departments and categories go by name or slug.
"""

from api.domains.catalog.service.imports import import_products
from api.domains.catalog.service.products import (
    best_sellers,
    change_price,
    departments,
    get_product,
    get_products,
    price_for_sale,
    shelves,
    similar,
)
from api.domains.catalog.service.search import facets, search

__all__ = [
    "best_sellers",
    "change_price",
    "departments",
    "facets",
    "get_product",
    "get_products",
    "import_products",
    "price_for_sale",
    "search",
    "shelves",
    "similar",
]
