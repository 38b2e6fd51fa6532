"""What catalog refuses."""

from api.core.errors import Conflict, Invalid, NotFound


class ProductNotFound(NotFound):
    """No product has this id."""

    type = "product-not-found"
    title = "There is no such product"

    def __init__(self, product_id: int) -> None:
        super().__init__(f"No product has the id {product_id}.", product_id=product_id)


class InvalidPrice(Invalid):
    """A price below one minor unit."""

    type = "invalid-price"
    title = "A price must be at least one cent"

    def __init__(self, price_minor: int) -> None:
        super().__init__("price_minor", f"must be at least 1, not {price_minor}")


class VariantNotFound(NotFound):
    """No variant has this id."""

    type = "variant-not-found"
    title = "There is no such variant"

    def __init__(self, variant_id: int) -> None:
        super().__init__(f"No variant has the id {variant_id}.", variant_id=variant_id)


class VariantExists(Conflict):
    """Another variant has the same SKU, GTIN or, within its product, options."""

    type = "variant-exists"
    title = "There is such a variant already"

    def __init__(self, field: str) -> None:
        super().__init__(f"Another variant has the same {field}.", field=field)
