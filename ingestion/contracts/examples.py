"""One example for each event type: for documents, and for whoever writes a first consumer."""

from typing import Any
from uuid import UUID

from ingestion.contracts import (
    analytics,
    catalog,
    communities,
    content,
    identity,
    inventory,
    moderation,
    ordering,
    payments,
    recommendations,
)
from ingestion.contracts.envelope import Event

PERSON = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
BROWSER = UUID("01890a5d-ac96-774b-bcce-b302099a8058")
ORDER = UUID("01890a5d-ac96-7b7c-8000-000000000001")
PAYMENT = UUID("01890a5d-ac96-7b7c-8000-000000000002")
THING = UUID("01890a5d-ac96-7b7c-8000-000000000003")

_PRODUCT: dict[str, Any] = {"product_id": 4711, "sku": "TEA-GREEN-100"}
_VARIANT: dict[str, Any] = {"product_id": 4711, "variant_id": 4712}
_PRICE: dict[str, Any] = {"price_minor": 1299, "currency": "USD"}
_VISIT: dict[str, Any] = {"anonymous_id": BROWSER, "customer_id": PERSON}
_BOUGHT: dict[str, Any] = {"order_id": ORDER, "customer_id": PERSON}
_COMMUNITY: dict[str, Any] = {"community_id": BROWSER, "customer_id": PERSON}
_COMMENT: dict[str, Any] = {"comment_id": ORDER, "post_id": THING} | _COMMUNITY
_PAID: dict[str, Any] = {
    "payment_id": PAYMENT,
    "order_id": ORDER,
    "amount_minor": 2598,
    "currency": "USD",
    "gateway": "sandbox",
}
_UNITS = (ordering.OrderUnits(product_id=4711, variant_id=4712, quantity=2),)
_LINE = ordering.OrderLine(
    line_number=1,
    product_id=4711,
    variant_id=4712,
    quantity=2,
    unit_price_minor=1299,
    discount_minor=0,
    total_minor=2598,
    tax_minor=0,
)
_DECIDED: dict[str, Any] = {
    "case_id": THING,
    "decision_id": THING,
    "kind": "post",
    "subject_id": THING,
    "is_done": False,
    "customer_id": PERSON,
}
_SPOKE = moderation.RuleSpoke(rule="links", rule_version=1, is_shadow=False)
_SHOWN = recommendations.Impression(position=0, product_id=4711, reason="bought together", score=0.83, propensity=1.0)

_ALL: tuple[Event, ...] = (
    identity.CustomerRegistered(customer_id=PERSON, source="storefront", age_band="35-44", household_size="2"),
    identity.SignedIn(customer_id=PERSON, anonymous_id=BROWSER),
    identity.EmailVerified(customer_id=PERSON),
    identity.ConsentGranted(customer_id=PERSON, purpose="personalisation", text_version="2026-01"),
    identity.ConsentWithdrawn(customer_id=PERSON, purpose="personalisation", text_version="2026-01"),
    catalog.ProductPublished(
        **_PRODUCT,
        **_PRICE,
        title="Green tea",
        department="Grocery",
        category="Tea",
        product_type="Green",
        brand="Private",
        size="100 g",
    ),
    catalog.ProductArchived(**_PRODUCT),
    catalog.ProductRestored(**_PRODUCT, is_active=True),
    catalog.VariantPublished(**_VARIANT, **_PRICE, sku="TEA-GREEN-250", is_active=True),
    catalog.PriceChanged(**_VARIANT, old_price_minor=1499, new_price_minor=1299, currency="USD"),
    catalog.ReviewPublished(review_id=THING, product_id=4711, customer_id=PERSON, rating=5),
    catalog.ReviewWithdrawn(review_id=THING, product_id=4711, customer_id=PERSON),
    catalog.QuestionPublished(question_id=THING, product_id=4711, customer_id=PERSON),
    catalog.QuestionWithdrawn(question_id=THING, product_id=4711, customer_id=PERSON),
    catalog.AnswerPublished(answer_id=ORDER, question_id=THING, product_id=4711, customer_id=PERSON, voice="shop"),
    catalog.AnswerWithdrawn(answer_id=ORDER, question_id=THING, product_id=4711, customer_id=PERSON),
    catalog.ItemWished(**_VARIANT, **_PRICE, customer_id=PERSON),
    catalog.ItemUnwished(**_VARIANT, customer_id=PERSON),
    catalog.ImageAdded(product_id=4711, image_id=THING),
    catalog.ImageRemoved(product_id=4711, image_id=THING),
    inventory.StockMoved(**_VARIANT, movement="allocated", quantity=-2, order_id=ORDER, location="main"),
    inventory.StockLow(**_VARIANT, location="main", available=3, low_at=5, reorder_units=40),
    inventory.BackInStock(**_VARIANT, customer_id=PERSON),
    ordering.OrderPlaced(**_BOUGHT, source="storefront", currency="USD", total_minor=2598, lines=(_LINE,)),
    ordering.OrderShipped(**_BOUGHT, shipment_id=THING, carrier="post", lines=_UNITS, is_complete=True),
    ordering.OrderDelivered(**_BOUGHT, lines=_UNITS),
    ordering.OrderReturned(
        **_BOUGHT,
        return_id=THING,
        reason="changed_mind",
        lines=_UNITS,
        refund_minor=2598,
        is_restocked=True,
        is_complete=True,
    ),
    ordering.OrderCancelled(**_BOUGHT, reason="changed_mind"),
    payments.PaymentCaptured(**_PAID, method="card"),
    payments.PaymentAuthorized(**_PAID, method="cash_on_delivery"),
    payments.PaymentDeclined(**_PAID, reason="insufficient_funds"),
    payments.PaymentCancelled(**_PAID),
    payments.PaymentRefunded(**_PAID, refund_id=THING, refunded_minor=2598, reason="returned"),
    payments.RefundFailed(**_PAID, refund_id=THING, failure="account_closed"),
    payments.DisputeOpened(**_PAID, dispute_id=THING, reason="fraudulent"),
    payments.DisputeClosed(**_PAID, dispute_id=THING, outcome="won"),
    analytics.PageViewed(**_VISIT, path="/c/grocery/tea", referrer="/"),
    analytics.ProductViewed(**_VISIT, product_id=4711, recommendation_id=THING),
    analytics.PostViewed(**_VISIT, post_id=THING, recommendation_id=THING),
    analytics.ArticleViewed(**_VISIT, article_id=THING),
    analytics.SearchPerformed(**_VISIT, query="green tea", results=12),
    analytics.CartItemAdded(**_VISIT, product_id=4711, quantity=2, recommendation_id=THING),
    analytics.CheckoutStarted(**_VISIT, items=1),
    moderation.RuleChanged(
        rule="new-links",
        rule_version=2,
        expression="text.links > 1 && author.age_days < 3",
        outcome="hold",
        policy="No advertising",
        state="shadow",
    ),
    moderation.TextJudged(
        kind="post",
        outcome="hold",
        spoke=(_SPOKE,),
        toxicity=0.93,
        customer_id=PERSON,
        subject_id=THING,
        length=120,
        words=21,
        links=2,
        mentions=0,
        capitals=0.1,
        longest_run=2,
        has_blocked_word=False,
        age_days=1.5,
        may_link=True,
        toxicity_threshold=2.0,
    ),
    moderation.PolicyPublished(policy="be-civil", policy_version=2, title="Be civil"),
    moderation.CaseOpened(
        case_id=THING,
        origin="hold",
        kind="post",
        subject_id=THING,
        community_id=THING,
        rule="links",
        rule_version=1,
        policy="No advertising",
        severity=1,
        customer_id=PERSON,
    ),
    moderation.SubjectReported(
        case_id=THING, kind="review", subject_id=THING, product_id=4711, policy="Be civil", reporter_id=PERSON
    ),
    moderation.CaseDecided(
        **_DECIDED,
        origin="hold",
        act="remove",
        effect="fall",
        rule="links",
        rule_version=1,
        policy="No advertising",
        policy_version=1,
        strike=1,
        restrict_days=0,
        reports=0,
        waited_seconds=5400,
    ),
    moderation.DecisionUndone(**_DECIDED, act="remove", effect="wait"),
    communities.CommunityFounded(**_COMMUNITY, slug="home-brewing", visibility="public"),
    communities.MemberJoined(**_COMMUNITY),
    communities.MemberLeft(**_COMMUNITY, is_banned=False),
    communities.PostPublished(**_COMMUNITY, post_id=THING, kind="text"),
    communities.PostWithdrawn(**_COMMUNITY, post_id=THING, status="removed"),
    communities.CommentPublished(**_COMMENT, parent_id=THING),
    communities.CommentWithdrawn(**_COMMENT, status="deleted"),
    communities.PostVoted(**_COMMUNITY, post_id=THING, value=1),
    communities.CommentVoted(**_COMMENT, value=-1),
    content.ArticleStarted(article_id=THING, customer_id=PERSON),
    content.ArticlePublished(article_id=THING, customer_id=PERSON, revision_number=4, is_first=True),
    content.ArticleWithdrawn(article_id=THING, customer_id=PERSON, is_by_moderator=False),
    recommendations.RecommendationServed(
        **_VISIT, recommendation_id=THING, surface="home", model="ease", model_version=3, items=(_SHOWN,)
    ),
    recommendations.FeedServed(
        **_VISIT,
        recommendation_id=THING,
        is_personal=True,
        items=(recommendations.PostImpression(position=1, post_id=THING, source="joined", score=0.02, propensity=1.0),),
    ),
    recommendations.TasteRemoved(**_VISIT, product_id=4711),
    recommendations.TasteRestored(**_VISIT, product_id=4711),
    recommendations.TasteReset(**_VISIT, reset_id=THING),
    recommendations.PostRemoved(customer_id=PERSON, post_id=THING, recommendation_id=THING),
    recommendations.PostRestored(customer_id=PERSON, post_id=THING),
    recommendations.ExperimentExposed(
        **_VISIT, experiment_id="wider-shelves", variant="wide", unit=BROWSER, recommendation_id=THING
    ),
)
_BY_TYPE = {type(event): event for event in _ALL}


def example_of(event_class: type[Event]) -> Event:
    """The example of a type. Raises KeyError for a contract without one."""
    return _BY_TYPE[event_class]
