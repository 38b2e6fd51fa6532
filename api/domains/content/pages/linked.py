"""An article as search engines read it: schema.org's Article."""

from typing import Any

from api.core.settings import get_settings
from api.domains.content.contracts import Article


def document(article: Article) -> dict[str, Any]:
    """The JSON-LD of an article's page."""
    home = get_settings().api_url.rstrip("/")
    here = f"{home}/articles/{article.slug}"
    image = {"image": [f"{home}/articles/images/{article.image_id}/960.webp"]} if article.image_id else {}
    return {
        "@context": "https://schema.org",
        "@type": "Article",
        "mainEntityOfPage": here,
        "url": here,
        "headline": article.title,
        "description": article.summary or article.title,
        **image,
        "author": [
            {"@type": "Person", "name": name, "url": f"{home}/articles/by/{slug}"} for name, slug in article.authors
        ],
        "publisher": {"@type": "Organization", "name": "Agora", "url": home},
        "datePublished": article.published_at.isoformat(),
        "dateModified": article.live_at.isoformat(),
    }
