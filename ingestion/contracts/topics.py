"""The topics: one per domain, each with who answers for what is said there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """Who owns the domain's contracts, and what they are about."""

    owner: str
    summary: str


TOPICS = {
    "identity": Topic("Identity", "People's accounts: registered, signed in, agreed. No name and no address."),
    "catalog": Topic("Merchandise", "Products, variants, prices, pictures, reviews and wishes."),
    "inventory": Topic("Fulfilment", "Every movement of stock, and what follows from it."),
    "ordering": Topic("Ordering", "What became of each order, from placed to returned."),
    "payments": Topic("Payments", "Money that was held, taken, given back or disputed."),
    "analytics": Topic("Analytics", "What people do on pages and in apps."),
    "moderation": Topic("Trust", "Which rules spoke of what people wrote, cases and decisions, and how rules changed."),
    "communities": Topic("Community", "That people joined, wrote, were removed and voted; never what they wrote."),
    "content": Topic("Editorial", "That articles were begun, published and withdrawn; never what they say."),
    "recommendations": Topic("Recommendations", "Every answer of the recommender, with all that was shown."),
}
