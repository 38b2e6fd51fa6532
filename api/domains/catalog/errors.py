"""What catalog refuses."""

from collections.abc import Mapping
from typing import Any

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


class QuestionNotFound(NotFound):
    """No question has this id, or it cannot be seen."""

    type = "question-not-found"
    title = "There is no such question"


class AnswerNotFound(NotFound):
    """No answer has this id."""

    type = "answer-not-found"
    title = "There is no such answer"


class MayNotAnswer(AppError):
    """An answer by somebody who neither sells the product nor got it."""

    status = 403
    type = "may-not-answer"
    title = "Only the shop, the seller and who got a product can answer questions about it"


class TooManyQuestions(Conflict):
    """More questions about one product than one person may ask."""

    type = "too-many-questions"
    title = "You have asked as many questions about this product as fit"


class ProductArchived(AppError):
    """The product was sold once, and is no longer."""

    status = 410
    type = "product-archived"
    title = "This product is no longer sold"


class SkuTaken(Conflict):
    """Something else is sold under this SKU."""

    type = "sku-taken"
    title = "There is something with this SKU already"


class StaleProduct(Conflict):
    """The product was changed by somebody else meanwhile; `changed` tells field by field what it is now."""

    type = "stale-product"
    title = "Somebody else changed this product meanwhile"

    def __init__(self, version: int, changed: Mapping[str, Any]) -> None:
        super().__init__("Look at what it is now, and send your change with this version.", version=version)
        self.extra["changed"] = dict(changed)


class InvalidAttributes(AppError):
    """Values that do not fit what is defined for the product's type; `errors` names each."""

    status = 422
    type = "invalid-attributes"
    title = "These attributes do not fit the product's type"

    def __init__(self, reasons: Mapping[str, str]) -> None:
        errors = [{"field": f"attributes.{name}", "reason": reason} for name, reason in reasons.items()]
        super().__init__(None, errors=errors)


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


class CollectionNotFound(NotFound):
    """No collection is here, or it is not shown."""

    type = "collection-not-found"
    title = "There is no such collection"


class CollectionExists(Conflict):
    """Another collection has the same address."""

    type = "collection-exists"
    title = "There is such a collection already"


class StaleCollection(StaleProduct):
    """The collection was changed by somebody else meanwhile; `changed` tells field by field what it is now."""

    type = "stale-collection"
    title = "Somebody else changed this collection meanwhile"


class CategoryNotFound(NotFound):
    """The tree has no such node."""

    type = "category-not-found"
    title = "There is no such category"

    def __init__(self, path: str) -> None:
        super().__init__(f"The tree has no {path}.")


class CategoryExists(Conflict):
    """Another node has the same address."""

    type = "category-exists"
    title = "There is such a category already"

    def __init__(self, path: str) -> None:
        super().__init__(f"Its address would be {path}, which is taken.", path=path)


class CategoryInUse(Conflict):
    """Products or other categories stand there."""

    type = "category-in-use"
    title = "Something stands in this category"

    def __init__(self, path: str) -> None:
        super().__init__("Move its products and remove what is below it first.", path=path)
