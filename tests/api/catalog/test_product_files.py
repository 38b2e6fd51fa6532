"""Catalogue files in and out: dirt is told by line, what is good is kept, the same again changes nothing."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ImportCounts, VariantNew
from api.domains.catalog.contracts.keeping import AttributeDefinition
from api.domains.catalog.errors import UnreadableFile
from api.domains.catalog.repository import keeping
from api.domains.catalog.service.bulk import importing, reading
from api.domains.catalog.service.bulk.columns import COLUMNS, Refused, to_product

HEADER = "sku,title,price\n"


class Importer:
    """Imports what a test writes, and reads back the report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bad: list[tuple[int, str, str, str]] = []

    async def __call__(self, content: str | bytes | pl.DataFrame, **options: Any) -> ImportCounts:
        path = self.folder / ("products.parquet" if isinstance(content, pl.DataFrame) else "products.csv")
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        report = self.folder / "bad.csv"
        try:
            return await catalog.import_file(path, report=report, **options)
        finally:
            if report.exists():
                with report.open(newline="") as file:
                    rows = list(csv.reader(file))
                assert rows[0] == ["line", "sku", "field", "reason"]
                self.bad = [(int(line), sku, field, reason) for line, sku, field, reason in rows[1:]]


@pytest.fixture
def take(tmp_path: Path, session: AsyncSession) -> Importer:
    return Importer(tmp_path)


def counts(read: int, new: int = 0, changed: int = 0, same: int = 0, bad: int = 0) -> ImportCounts:
    return ImportCounts(read, new, changed, same, bad)


async def stored(session: AsyncSession) -> dict[str, tuple[Any, ...]]:
    rows = await session.execute(
        text("SELECT sku, title, price_minor, currency::text, department, category, product_type, is_active"
             " FROM catalog.products")
    )  # fmt: skip
    return {row[0]: tuple(row[1:]) for row in rows}


async def outbox(session: AsyncSession) -> int:
    return int((await session.execute(text("SELECT count(*) FROM core.outbox"))).scalar_one())


async def test_new_then_the_same_then_one_changed(take: Importer, session: AsyncSession) -> None:
    content = HEADER + 'A-1,"Tea, green",3.50\nA-2,Cup,12\n'
    assert await take(content) == counts(2, new=2)
    assert await outbox(session) == 2
    assert await take(content) == counts(2, same=2)
    assert await outbox(session) == 2
    assert await take(content.replace("12", "13")) == counts(2, changed=1, same=1)
    assert await outbox(session) == 4  # the product, and its price
    found = await stored(session)
    assert found["A-1"][:3] == ("Tea, green", 350, "USD")
    assert found["A-2"] == ("Cup", 1300, "USD", "Miscellaneous", "Miscellaneous", "Miscellaneous", True)
    assert take.bad == []


async def test_a_dry_run_counts_and_writes_nothing(take: Importer, session: AsyncSession) -> None:
    assert await take(HEADER + "A-1,Tea,3.50\nA-2,Cup,x\n", is_dry_run=True) == counts(2, new=1, bad=1)
    assert await stored(session) == {}
    assert await outbox(session) == 0
    assert take.bad == [(3, "A-2", "price", "is not a number")]


async def test_bad_rows_are_told_and_the_good_ones_kept(take: Importer, session: AsyncSession) -> None:
    rows = [
        "A-1,Tea,3.50", "A-2,Free,0", "A-3,Owed,-1", "A-4,,2", ",Nameless,2", "A-1,Tea again,4", "A-5,Half,1.005",
        "A-6,Huge,1e40", f"A-7,{'x' * 301},1", "A-8,Short", "A-9,Long,1,2", "A-10,Bell\x07,1", "A-11,NaN,NaN",
        "=cmd,Sheet,0", "", "A-12,Cup,1",
    ]  # fmt: skip
    assert await take(HEADER + "\n".join(rows) + "\n") == counts(15, new=2, bad=13)
    assert sorted(await stored(session)) == ["A-1", "A-12"]
    assert take.bad == [
        (3, "A-2", "price", "is zero"),
        (4, "A-3", "price", "is below zero"),
        (5, "A-4", "title", "is empty"),
        (6, "", "sku", "is empty"),
        (7, "A-1", "sku", "was on an earlier line"),
        (8, "A-5", "price", "has parts of the smallest coin"),
        (9, "A-6", "price", "is not a number"),
        (10, "A-7", "title", "is longer than 300 characters"),
        (11, "", "row", "has 2 fields where the first line has 3"),
        (12, "", "row", "has 4 fields where the first line has 3"),
        (13, "A-10", "title", "has control characters in it"),
        (14, "A-11", "price", "is not a number"),
        (15, "'=cmd", "price", "is zero"),
    ]


async def test_a_variant_is_no_product_of_its_own(take: Importer, session: AsyncSession) -> None:
    await take(HEADER + "A-1,Tea,3.50\n")
    product_id = (await catalog.product_ids(session, ["A-1"]))["A-1"]
    await catalog.add_variant(session, product_id, VariantNew("A-1-L", {"Size": "L"}, 450))
    await session.commit()
    assert await take(HEADER + "A-2,Cup,x\nA-1-L,Tea,4.50\nA-3,Pot,x\nA-4,Pan,1\n") == counts(4, new=1, bad=3)
    assert [row[:3] for row in take.bad] == [(2, "A-2", "price"), (3, "A-1-L", "sku"), (4, "A-3", "price")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
async def test_the_delimiter_is_found_and_a_byte_order_mark_left_out(
    take: Importer, session: AsyncSession, delimiter: str
) -> None:
    content = f"\ufeffSKU{delimiter}Product Name{delimiter}Unit Price\r\nA-1{delimiter}Tea{delimiter}3.50\r\n"
    assert await take(content) == counts(1, new=1)
    assert list(await stored(session)) == ["A-1"]


async def test_what_is_no_utf_8_is_one_bad_row(take: Importer, session: AsyncSession) -> None:
    assert await take(HEADER.encode() + b"A-1,Th\xe9,1\nA-2,Caf\xc3\xa9,2\n") == counts(2, new=1, bad=1)
    assert take.bad == [(2, "", "row", "is not UTF-8 in the column title")]
    assert (await stored(session))["A-2"][0] == "Café"


async def test_quotes(take: Importer, session: AsyncSession) -> None:
    content = (
        HEADER + 'A-1,"Two\nlines ""quoted""",1\nA-2,"Open" end,1\nA-3,5" pipe,1\nA-4,"Never closed,1\nA-5,Lost,1\n'
    )
    assert await take(content) == counts(4, new=2, bad=2)
    assert {sku: row[0] for sku, row in (await stored(session)).items()} == {
        "A-1": 'Two lines "quoted"',
        "A-3": '5" pipe',
    }
    assert [(line, field) for line, _, field, _ in take.bad] == [(4, "row"), (6, "row")]
    assert take.bad[1][3] == "has a quotation mark that is never closed; lines 6 to 7 are lost"


async def test_huge_fields_and_lines_are_one_bad_row_each(take: Importer, session: AsyncSession) -> None:
    field = "x" * (reading.LONGEST_FIELD + 1)
    line = "x" * (3 * reading.LONGEST_LINE + 5)
    assert await take(f"{HEADER}A-1,{field},1\nA-2,{line},1\nA-3,Cup,1\n") == counts(3, new=1, bad=2)
    assert [(line, reason[:14]) for line, _, _, reason in take.bad] == [(2, "has a field of"), (3, "is a line of m")]
    assert list(await stored(session)) == ["A-3"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("\n\n", "no line of column names"),
        ("name,price\nTea,1\n", r"no column for sku; its first line has name, price"),
        ("a;b\n1;2\n", r"no column for sku, title, price"),
        ("sku,sku,title,price\n1,2,3,4\n", "two columns of the file mean sku"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (b"PAR1" + bytes(50), "no column for sku"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused_whole(
    take: Importer, session: AsyncSession, content: str | bytes, reason: str
) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        await take(content)
    assert await stored(session) == {}


async def test_a_mapping_names_what_no_alias_knows(take: Importer, session: AsyncSession) -> None:
    content = 'Artikel,Bezeichnung,Preis,name\n1,Tee,"3,50",other\n'
    mapping = {"sku": "Artikel", "title": "Bezeichnung", "price": "Preis"}
    assert await take(content, mapping=mapping) == counts(1, new=1)
    assert (await stored(session))["1"][:2] == ("Tee", 350)
    with pytest.raises(UnreadableFile, match="no column 'Nichts'"):
        await take(content, mapping={"sku": "Nichts"})
    with pytest.raises(UnreadableFile, match="no column colour to map to"):
        await take(content, mapping={"colour": "Artikel"})


async def test_all_levels_may_stand_in_one_column(take: Importer, session: AsyncSession) -> None:
    rows = "A,Maxi,1,Clothing > Dresses > Long > Maxi\nB,Cap,1,Hats\nC,Thing,1,\n"
    assert await take("sku,title,price,category_path\n" + rows) == counts(3, new=3)
    found = {sku: row[3:6] for sku, row in (await stored(session)).items()}
    assert found == {
        "A": ("Clothing", "Dresses", "Maxi"),
        "B": ("Hats", "Hats", "Hats"),
        "C": ("Miscellaneous",) * 3,
    }


async def test_parquet(take: Importer, session: AsyncSession) -> None:
    frame = pl.DataFrame(
        {
            "SKU": [1, 2, 3, 4],
            "Title": ["Tea", "Cup", None, "Pot"],
            "Price": [28.99, None, 1.0, float("nan")],
            "Active": [True, True, False, True],
        }
    )
    assert await take(frame) == counts(4, new=1, bad=3)
    assert (await stored(session))["1"][:2] == ("Tea", 2899)
    assert take.bad == [
        (2, "2", "price", "is empty"), (3, "3", "title", "is empty"), (4, "4", "price", "is not a number"),
    ]  # fmt: skip
    whole = (take.folder / "products.parquet").read_bytes()
    (take.folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match="no Parquet, or not all of it"):
        await catalog.import_file(take.folder / "cut.parquet")
    with pytest.raises(UnreadableFile, match="must be one of csv, parquet"):
        await catalog.import_file(take.folder / "report.xlsx")


async def test_damage_in_the_middle_keeps_what_was_read_before(take: Importer, session: AsyncSession) -> None:
    size = 2 * importing.ROWS_AT_ONCE
    frame = pl.DataFrame({"sku": [f"A-{n}" for n in range(size)], "title": ["Tea"] * size, "price": ["1.50"] * size})
    path = take.folder / "damaged.parquet"
    frame.write_parquet(path, row_group_size=importing.ROWS_AT_ONCE, compression="zstd", use_pyarrow=True)
    content = bytearray(path.read_bytes())
    second = pq.ParquetFile(path).metadata.row_group(1).column(0)
    begin = second.dictionary_page_offset or second.data_page_offset
    content[begin : begin + 200] = bytes(200)
    path.write_bytes(bytes(content))
    with pytest.raises(UnreadableFile, match=r"cannot be read after row \d+"):
        await catalog.import_file(path)
    assert len(await stored(session)) == importing.ROWS_AT_ONCE


@pytest.mark.parametrize("ending", ["csv", "parquet"])
async def test_an_export_comes_back_unchanged(take: Importer, session: AsyncSession, ending: str) -> None:
    rows = (
        'A-1,"Tea, ""best""\nof all",3.50,GBP,no,Drinks\nA-2,Cup – été,12,USD,yes,Home > Kitchen > Cups > Thin\n'
        "A-3,Sushi,900,JPY,yes,\nA-4,Pot,5,USD,yes,Home > Home > Pots\n"
    )
    await take("sku,title,price,currency,active,category_path\n" + rows)
    path = take.folder / f"out.{ending}"
    assert await catalog.export_file(path) == 4
    before, placed = await stored(session), text("SELECT category_path FROM catalog.products ORDER BY sku")
    paths = ["drinks", "home/kitchen/cups/thin", "miscellaneous", "home/pots"]
    assert list((await session.execute(placed)).scalars()) == paths
    assert await catalog.import_file(path) == counts(4, same=4)
    assert await stored(session) == before
    assert list((await session.execute(placed)).scalars()) == paths
    frame = pl.read_csv(path) if ending == "csv" else pl.read_parquet(path)
    assert frame["sku"].to_list() == ["A-1", "A-2", "A-3", "A-4"]
    assert frame["category_path"].to_list()[1] == "Home > Kitchen > Cups > Thin"
    assert before["A-3"][1:3] == (900, "JPY")


async def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Rows wait for nobody: what is taken at once is one batch, however long the file."""
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write(HEADER)
        file.writelines(f"A-{n},{'Tea ' * 20}{n},1.50\n" for n in range(50_000))
    source = reading.open_source(path, "csv")
    rows = iter(source.rows)
    first = importing._take(rows, set())
    assert (first.rows, len(first.products)) == (importing.ROWS_AT_ONCE,) * 2
    assert source.fraction() < 0.3


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10**6), places=2))
def test_every_price_of_two_decimals_is_taken_exactly(price: Decimal) -> None:
    for shown in (str(price), f"{price:,}", f"$ {price}", float(price)):
        assert to_product({"sku": "A", "title": "B", "price": shown}).price_minor == int(price * 100)


VALUES = st.one_of(st.text(max_size=50), st.floats(), st.integers(), st.none(), st.booleans())


@given(st.dictionaries(st.sampled_from([each.name for each in COLUMNS]), VALUES))
def test_any_row_is_a_product_or_refused(values: dict[str, Any]) -> None:
    try:
        product = to_product(values)
    except Refused:
        return
    assert product.price_minor > 0
    assert product.title.strip()


VARIED = "sku,title,price,product_sku,options,gtin,description,attributes,product_type,is_active\n"
SHIRT = 'S,Shirt,10,,Size: S,4006381333931,"Soft.\n\nWashes well.",Colour: Red | Weight: 0.2 | Organic: yes,Shirt,yes\n'
LARGE = "S-L,,12,S,Size: L,,,,,yes\n"


@pytest.fixture
async def shirts(session: AsyncSession) -> None:
    """What may be said of shirts."""
    wanted = [
        AttributeDefinition("Colour", "choice", choices=("Red", "Blue")),
        AttributeDefinition("Weight", "number", "kg"),
        AttributeDefinition("Organic", "boolean"),
    ]
    await keeping.define(session, "Shirt", wanted)


async def whole(session: AsyncSession) -> list[tuple[Any, ...]]:
    rows = await session.execute(
        text(
            "SELECT sku, gtin, options, price_minor, description, attributes, is_active FROM catalog.products"
            " UNION ALL SELECT sku, gtin, options, price_minor, '', '{}', is_active FROM catalog.variants ORDER BY sku"
        )
    )
    return [tuple(row) for row in rows]


async def told(session: AsyncSession) -> list[str]:
    rows = await session.execute(text("SELECT type FROM core.outbox WHERE type LIKE 'catalog.%' ORDER BY id"))
    return [name.removeprefix("catalog.") for name in rows.scalars()]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
async def test_variants_texts_and_attributes_come_and_go(
    take: Importer, session: AsyncSession, shirts: None, ending: str
) -> None:
    assert await take(VARIED + SHIRT + LARGE) == counts(2, new=2)
    expected = [
        ("S", "4006381333931", {"Size": "S"}, 1000, "Soft.\n\nWashes well.",
         {"Colour": "Red", "Weight": 0.2, "Organic": True}, True),
        ("S-L", None, {"Size": "L"}, 1200, "", {}, True),
    ]  # fmt: skip
    assert await whole(session) == expected
    assert await told(session) == ["product_published", "variant_published"]
    assert await take(VARIED + SHIRT + LARGE) == counts(2, same=2)
    path = take.folder / f"out.{ending}"
    assert await catalog.export_file(path) == 2
    assert await catalog.import_file(path) == counts(2, same=2)
    assert await whole(session) == expected
    assert await told(session) == ["product_published", "variant_published"]
    assert await take(VARIED + SHIRT + LARGE.replace("12", "9").replace("yes", "no")) == counts(2, changed=1, same=1)
    assert (await told(session))[2:] == ["variant_published", "price_changed"]
    prices = "SELECT p.price_minor FROM catalog.prices p JOIN catalog.variants USING (variant_id) ORDER BY price_id"
    assert list((await session.execute(text(prices))).scalars()) == [1200, 900]


async def test_a_file_without_those_columns_leaves_them(take: Importer, session: AsyncSession, shirts: None) -> None:
    await take(VARIED + SHIRT)
    before = (await whole(session))[0]
    assert await take("sku,title,price,product_type\nS,Shirt,11,Shirt\n") == counts(1, changed=1)
    assert (await whole(session))[0] == (*before[:3], 1100, *before[4:])
    assert await take(VARIED + "S,Shirt,11,,,,,,Shirt,yes\n") == counts(1, changed=1)
    assert (await whole(session))[0] == ("S", None, {}, 1100, "", {}, True)


async def test_variants_and_attributes_that_cannot_be_are_told(
    take: Importer, session: AsyncSession, shirts: None
) -> None:
    await take("sku,title,price,currency\nother,Other,1,GBP\nT,T,1,USD\n")
    rows = [
        SHIRT.replace('"Soft.\n\nWashes well."', "Soft."),
        LARGE,
        "S-2,,12,S,Size: L,,,,,yes",
        "S-3,,12,S,,,,,,yes",
        "S-4,,12,nobody,Size: M,,,,,yes",
        "S-5,,12,S,Size,,,,,yes",
        "S-6,,12,S,Size: M,4006381333931,,,,yes",
        "S-7,,12,S,Size: M,4006381333932,,,,yes",
        "S-8,,12,other,Size: M,,,,,yes",
        "T,,12,S,Size: M,,,,,yes",
        "U,U,3,,,,,Colour: Green,Shirt,yes",
        "V,V,3,,,,,Taste: Sour,Shirt,yes",
        "W,W,3,,,,,Weight: heavy,Shirt,yes",
        "X,X,3,,,4006381333931,,,Shirt,yes",
        'Y,Y,3,,,,,"{""Weight"": [1]}",Shirt,yes',
    ]
    done = await take(VARIED + "\n".join(row.strip() for row in rows) + "\n")
    assert done == counts(15, new=2, bad=13)
    assert [(line, sku, field) for line, sku, field, _ in sorted(take.bad)] == [
        (4, "S-2", "options"), (5, "S-3", "options"), (6, "S-4", "product_sku"), (7, "S-5", "options"),
        (8, "S-6", "gtin"), (9, "S-7", "gtin"), (10, "S-8", "currency"), (11, "T", "sku"),
        (12, "U", "attributes.Colour"), (13, "V", "attributes.Taste"), (14, "W", "attributes.Weight"),
        (15, "X", "gtin"), (16, "Y", "attributes"),
    ]  # fmt: skip
    assert [row[0] for row in await whole(session)] == ["S", "S-L", "T", "other"]
