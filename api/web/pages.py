"""Every page that several domains make together."""

from api.core.routing import Router
from api.web import contracts, desk, discovery, for_you, home, listing, product, wishlist

router = Router(include_in_schema=False)
router.include_router(contracts.router)
router.include_router(discovery.router)
router.include_router(for_you.router)
router.include_router(home.router)
router.include_router(desk.router)
router.include_router(listing.router)
router.include_router(product.router)
router.include_router(wishlist.router)
