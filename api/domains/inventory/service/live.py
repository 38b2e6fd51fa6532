"""Stock as it changes, for pages that are open."""

from api.core.live import Hub
from api.domains.inventory.repository import shelves

CHANNEL = "inventory_stock"
LOOK_SECONDS = 1.5  # what a notification did not tell, such as a spread unit's or a new row's change, a look finds

Levels = dict[int, int]

HUB: Hub[int, Levels] = Hub(CHANNEL, int, shelves.available_of_products, {}, LOOK_SECONDS)
