"""What catalog refuses."""

from api.core.errors import AppError, Conflict, Invalid, NotFound


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


class UnreadableFile(AppError):
    """A file that cannot be used as a whole."""

    status = 422
    type = "unreadable-file"
    title = "The file cannot be read"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)


class RunNotFound(NotFound):
    """No import or export has this id."""

    type = "run-not-found"
    title = "There is no such import or export"


class NothingToFetch(NotFound):
    """The run has no file: it is not over, or no row was bad."""

    type = "nothing-to-fetch"
    title = "This run has no file to fetch"


class LengthNeeded(AppError):
    """An upload that does not say how long it is."""

    status = 411
    type = "length-needed"
    title = "Say how long the upload is"


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


class ReviewNotFound(NotFound):
    """No review has this id, or it cannot be seen."""

    type = "review-not-found"
    title = "There is no such review"


class NotBought(AppError):
    """A review by somebody whom the product never reached."""

    status = 403
    type = "not-bought"
    title = "Only who bought a product and got it can review it"


class OwnReview(Conflict):
    """A vote for one's own review."""

    type = "own-review"
    title = "You cannot vote for your own review"


class ImageNotFound(NotFound):
    """No picture of this product has this id."""

    type = "image-not-found"
    title = "There is no such picture"


class ImageRefused(AppError):
    """What was uploaded is no picture of the promised kind; it was removed."""

    status = 422
    type = "image-refused"
    title = "This file cannot be taken"

    def __init__(self, reason: str) -> None:
        super().__init__(f"It was removed: {reason}.", reason=reason)


class TooManyImages(Conflict):
    """More pictures than a product may have."""

    type = "too-many-images"
    title = "The product has as many pictures as it may have"

    def __init__(self, most: int) -> None:
        super().__init__(f"Remove one of its {most} pictures first.", most=most)
