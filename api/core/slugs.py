"""Names in addresses."""

import re
import unicodedata

WORD = re.compile(r"[a-z0-9]+")


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers without accents: what a question and the dictionary have in common."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return WORD.findall(plain)


def slugify(name: str) -> str:
    """Name → part of an address: `Drug & general` → `drug-general`. A slug stays itself."""
    return "-".join(words_of(name)) or "other"
