"""What recommendations refuse."""

from api.core.errors import Invalid


class ProductNeeded(Invalid):
    """What goes with a product can only be told when the product is named."""

    def __init__(self) -> None:
        super().__init__("product_id", "is needed for the surface product")
