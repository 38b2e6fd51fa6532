"""The only door into catalog for other domains, the pages of api.web and the loaders.

Readers are an AsyncConnection (AUTOCOMMIT) or a session. Departments and categories go by name or slug.
"""

from api.domains.catalog.errors import ProductArchived
from api.domains.catalog.service.attributes import define_once as define_attributes_once
from api.domains.catalog.service.bulk.exporting import export_file
from api.domains.catalog.service.bulk.importing import Report, import_file, import_rows
from api.domains.catalog.service.bulk.reading import RawRow, Source
from api.domains.catalog.service.categories import branch as category_branch
from api.domains.catalog.service.categories import stocked as stocked_categories
from api.domains.catalog.service.categories import store as store_categories
from api.domains.catalog.service.images import attach_now as attach_image
from api.domains.catalog.service.images import of_product as images_of
from api.domains.catalog.service.imports import import_products, product_ids, write_products
from api.domains.catalog.service.products import (
    active,
    best_sellers,
    departments,
    details,
    get_product,
    get_products,
    labels,
    newest,
    price_for_sale,
    shelves,
    shown_product,
    similar,
    sitemap,
    sitemap_parts,
)
from api.domains.catalog.service.questions import list_questions, own_answers, own_waiting, voice_of
from api.domains.catalog.service.reviews import list_reviews, may_review, own_review, review_summary
from api.domains.catalog.service.search import facets, search, search_with_facets
from api.domains.catalog.service.variants import (
    add_variant,
    change_price,
    get_variants,
    make_bundle,
    price_drops,
    set_variant_active,
    variants_for_sale,
    variants_of,
)
from api.domains.catalog.service.wishes import is_wished, wishers, wishlist

__all__ = [
    "ProductArchived",
    "RawRow",
    "Report",
    "Source",
    "active",
    "add_variant",
    "attach_image",
    "best_sellers",
    "category_branch",
    "change_price",
    "define_attributes_once",
    "departments",
    "details",
    "export_file",
    "facets",
    "get_product",
    "get_products",
    "get_variants",
    "images_of",
    "import_file",
    "import_products",
    "import_rows",
    "is_wished",
    "labels",
    "list_questions",
    "list_reviews",
    "make_bundle",
    "may_review",
    "newest",
    "own_answers",
    "own_review",
    "own_waiting",
    "price_drops",
    "price_for_sale",
    "product_ids",
    "review_summary",
    "search",
    "search_with_facets",
    "set_variant_active",
    "shelves",
    "shown_product",
    "similar",
    "sitemap",
    "sitemap_parts",
    "stocked_categories",
    "store_categories",
    "variants_for_sale",
    "variants_of",
    "voice_of",
    "wishers",
    "wishlist",
    "write_products",
]
