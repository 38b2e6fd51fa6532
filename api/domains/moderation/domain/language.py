"""In which language something is written, so that it comes to somebody who reads it."""

from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

SURE = 0.8  # below it a guess would send words to the wrong desk


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language_of(text: str) -> str | None:
    """The language by ISO 639-1; None where that is not sure, as of a few words. The first call takes a second."""
    language, probability = _identifier().classify(text)
    return str(language) if probability >= SURE else None
