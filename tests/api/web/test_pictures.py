"""Every product gets a picture that fits it, and the same one each time."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

import pytest

from api.web.pictures import ICON_FOLDER, ICONS, TONES, VARIANTS, icon, line_url, picture_url, rule_for, tile
from api.web.shelf_icons import DEPARTMENTS, FALLBACK, RULES, WARDROBE


@dataclass(frozen=True)
class Thing:
    product_id: int = 7
    title: str = "Shredded cheese · own brand · 8 oz"
    department: str = "Grocery"
    category: str = "Cheese"
    product_type: str = "Shredded cheese"
    image: str | None = None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Hot dog buns", "hotdog"),
        ("Dog biscuits (hard biscuit)", "bone"),
        ("Dry dog food premium", "dog"),
        ("Canned cat food", "cat"),
        ("Catsup", "jar"),
        ("Seafood, fresh catfish", "fish-fins"),
        ("Baby food junior", "baby"),
        ("Watermelon seedless whole", "apple-whole"),
        ("Spring water", "bottle-water"),
        ("Chocolate milk", "bottle-droplet"),
        ("Candy bags chocolate", "table-cells"),
        ("Italian wines", "wine-bottle"),
        ("Cheese crackers", "stroopwafel"),
        ("Peanut butter", "jar"),
        ("Liquid soap", "pump-soap"),
        ("Bar soap", "soap"),
        ("Blueberries", "holly-berry"),
        ("Oranges navels all", "lemon"),
        ("Mainstream white bread", "bread-slice"),
        ("Food-magazine", "book-open"),
        ("Shrimp", "shrimp"),
        ("Toilet tissue", "toilet-paper"),
    ],
)
def test_a_product_type_finds_its_icon(words: str, expected: str) -> None:
    assert rule_for("", "Grocery", "", words).icon == expected


@pytest.mark.parametrize(
    ("title", "product_type", "expected"),
    [
        ("Cherry print midi", "Midi Dress", "person-dress"),
        ("Babydoll top with ruffles", "Babydoll Top", "shirt"),
        ("Cat eye", "Sunglasses", "glasses"),
        ("Platform", "Shoes", "shoe-prints"),
        ("Bucket Bag", "Bucket Bag", "bag-shopping"),
        ("Quite another thing", "Zzz", "shirt"),
    ],
)
def test_what_people_wear_is_no_food(title: str, product_type: str, expected: str) -> None:
    assert rule_for(title, "Clothing", "Zzz", product_type).icon == expected
    assert rule_for("Cherries", "Produce", "Cherries", "Cherries").icon == "holly-berry"


def test_the_type_speaks_before_the_category_the_title_and_the_department() -> None:
    assert rule_for("Premium", "Pastry", "Ice cream", "Premium").icon == "ice-cream"
    assert rule_for("Salmon", "Pastry", "Zzz", "Zzz").icon == "fish-fins"
    assert rule_for("Zzz", "Pastry", "Zzz", "Zzz").icon == "bread-slice"
    assert rule_for("Zzz", "Zzz", "Zzz", "Zzz") == FALLBACK


def test_every_rule_names_an_icon_of_the_package_and_a_known_tone() -> None:
    for rule in (*RULES, *WARDROBE, *DEPARTMENTS, FALLBACK):
        assert (ICON_FOLDER / f"{rule.icon}.svg").is_file(), rule.icon
        assert rule.tone in TONES, rule


@pytest.mark.parametrize("name", sorted(ICONS))
def test_every_tile_is_a_small_well_formed_picture(name: str) -> None:
    for variant in range(VARIANTS):
        source = tile(name, "green", variant)
        assert ET.fromstring(source).get("viewBox") == "0 0 400 400"  # noqa: S314 -- our own output
        assert len(source) < 6000


@pytest.mark.parametrize(
    ("name", "tone", "variant"), [("../secret", "green", 0), ("cheese", "plaid", 0), ("cheese", "amber", VARIANTS)]
)
def test_a_tile_that_no_rule_leads_to_is_refused(name: str, tone: str, variant: int) -> None:
    with pytest.raises(KeyError):
        tile(name, tone, variant)


def test_a_product_keeps_its_picture_and_neighbours_differ_in_shape() -> None:
    assert picture_url(Thing()) == picture_url(Thing()) == "/pictures/cheese.amber.1.svg"
    assert picture_url(Thing(product_id=8)) == "/pictures/cheese.amber.2.svg"
    assert line_url(Thing()) == picture_url(Thing())


def test_icons_in_a_page_are_hidden_from_screen_readers() -> None:
    drawn = icon("cart-shopping")
    assert 'aria-hidden="true"' in drawn
    assert "<!--" not in drawn
