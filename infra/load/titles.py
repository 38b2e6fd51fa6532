"""The chain's shorthand → words for people: `FRZN ICE`, `22 LB` → `Frozen ice · 22 lb`."""

import re
from functools import lru_cache

ABBREVIATIONS = {
    "acces": "accessories", "access": "accessories", "accessiores": "accessories", "additi": "additives",
    "asst": "assorted", "aut": "authentic", "bbq": "barbecue", "bev": "beverage", "bg": "bags", "bkd": "baked",
    "bkfst": "breakfast", "bn": "bean", "bndges": "bandages", "br": "bread", "brd": "breaded",
    "brkfst": "breakfast", "btl": "bottle", "btr": "butter", "carb": "carbonated", "catfd": "cat food",
    "chick": "chicken", "chix": "chicken", "choc": "chocolate", "chococlate": "chocolate", "chocol": "chocolate",
    "chp": "chop", "ckys": "cookies", "cleang": "cleaning", "cnd": "canned", "cndy": "candy", "cntrl": "control",
    "coco": "cocoa", "coff": "coffee", "combin": "combination", "conc": "concentrate", "cont": "contributions",
    "contain": "container", "containr": "container", "crbntd": "carbonated", "crkr": "crackers", "crmd": "creamed",
    "crystl": "crystal", "deod": "deodorant", "deoder": "deodorant", "dept": "department", "disp": "disposable",
    "disposible": "disposable", "dl": "deli", "dnr": "dinner", "dnrs": "dinners", "dogfd": "dog food",
    "drnk": "drink", "drnking": "drinking", "drnkng": "drinking", "drnks": "drinks", "drp": "drop",
    "drsng": "dressing", "dsh": "dishes", "dtrgnt": "detergent", "elect": "electrical", "elstc": "elastic",
    "excp": "except", "fd": "food", "fem": "feminine", "flv": "flavored", "flvr": "flavored", "flvrd": "flavored",
    "frd": "fried", "fre": "fresh", "frthr": "further", "frz": "frozen", "frzn": "frozen", "gds": "goods",
    "gold": "golden", "gr": "ground", "grnd": "ground", "hbc": "health and beauty", "hlth": "health",
    "holdiay": "holiday", "hygn": "hygiene", "incl": "including", "ingred": "ingredients", "jce": "juice",
    "jhook": "j-hook", "kt": "kit", "liq": "liquid", "liqs": "liquids", "lozng": "lozenge", "mach": "machine",
    "marin": "marinade", "marinad": "marinade", "memorablilia": "memorabilia", "merch": "merchandise",
    "mfg": "manufacturer", "minwtr": "mineral water", "misc": "miscellaneous", "mixs": "mixes", "mlk": "milk",
    "mlt": "malt", "mneral": "mineral", "mnral": "mineral", "mnrl": "mineral", "mt": "meat", "must": "mustard",
    "mw": "microwave", "mx": "mix", "mxs": "mixes", "ndairy": "non-dairy", "ntrtnl": "nutritional",
    "nz": "New Zealand", "occas": "occasion", "oj": "orange juice", "orntl": "oriental", "pac": "pack",
    "pc": "piece", "pckgd": "packaged", "pickld": "pickled", "pk": "pack", "pkg": "packaged", "pkgd": "packaged",
    "pkld": "pickled", "plstc": "plastic", "plsti": "plastic", "pnch": "punch", "pnt": "peanut", "port": "portion",
    "porton": "portion", "ppk": "prepack", "prem": "premium", "prep": "prepared", "prepd": "prepared",
    "preportnd": "pre-portioned", "preprd": "prepared", "prod": "produce", "protien": "protein", "prpck": "prepack",
    "prslc": "pre-sliced", "pwdr": "powder", "pwdrs": "powders", "qsr": "quick service",
    "refrgratd": "refrigerated", "refrig": "refrigerated", "reg": "regular", "rtd": "ready to drink",
    "rts": "ready to serve", "sal": "salad", "sald": "salad", "saus": "sausage", "sft": "soft", "sgl": "single",
    "sherbts": "sherbets", "shlder": "shoulder", "shldr": "shoulder", "shlfsh": "shellfish", "slc": "slice",
    "smi": "semi", "sndwch": "sandwich", "sngl": "single", "snks": "snacks", "sod": "soda",
    "specilaty": "specialty", "sply": "supplies", "sprd": "spreads", "srv": "served", "stk": "stick",
    "sup": "supplies", "supp": "supplement", "suppplies": "supplies", "suprt": "support", "sv": "served",
    "sw": "sweet", "sweetners": "sweeteners", "swt": "sweet", "syrp": "syrup", "tiss": "tissues",
    "tort": "tortilla", "trad": "traditional", "trans": "transactions", "trsh": "trash", "vac": "vacuum",
    "veg": "vegetable", "wastecans": "wastebaskets", "wat": "water", "wh": "white", "whl": "whole",
    "whlsm": "wholesome", "whs": "warehouse", "wt": "weight", "wtr": "water", "xpctrnt": "expectorant",
}  # fmt: skip
PHRASES = (
    (r"\bDRUG GM\b", "Drugstore & general goods"),
    (r"\bDISHWASH DETERGENTS\b", "DISHWASHING DETERGENTS"),
    (r"\bMEAT-PCKGD\b", "PACKAGED MEAT"),
    (r"\bSEAFOOD-PCKGD\b", "PACKAGED SEAFOOD"),
    (r"\bCNTRL/STORE SUP\b", "STORE SUPPLIES"),
    (r"\bGM MERCH EXP\b", "GENERAL MERCHANDISE"),
    (r"\bPROD-WHS SALES\b", "PRODUCE WAREHOUSE"),
    (r"\bCHARITABLE CONT\b", "CHARITABLE CONTRIBUTIONS"),
    (r"\bELECT &PLUMBING\b", "ELECTRICAL & PLUMBING"),
    (r"\bMEATS?-MISC-", "MEAT "),
    (r"\bBAR-B-Q\b", "BARBECUE"),
    (r"\bVINEGAR ALL-EXCEPT WINE/RIC\b", "VINEGAR"),
    (r"\bSAUCESSALSAPICANTEE?\b", "SAUCES, SALSA, PICANTE"),
    (r"\bBEERALEMALT\b", "BEER, ALE, MALT"),
    (r"\bN/CARB\b", "NON-CARBONATED"),
    (r"\bN/MEAT\b", "NON-MEAT"),
    (r"\bSS\b", "SINGLE SERVE"),
    (r"\bMULTI PK\b", "MULTIPACK"),
    (r"\bMULTI PACK\b", "MULTIPACK"),
    (r"\bW/O\b", "WITHOUT"),
    (r"\bW/(?=[A-Z])", "WITH "),
    (r"\bN/F\b|\bNT/F\b", ""),
    (r"\bBKD FD\b", "BAKED FOODS"),
    (r"\bSNKS/CKYS/CRKR/CNDY\b", "SNACKS, COOKIES, CRACKERS, CANDY"),
    (r"-NON CHOC", ", NON-CHOC"),
    (r"-CHOC", ", CHOC"),
    (r"\bMULTI\s*-\s*PACKS?\b", "MULTIPACK"),
    (r"\bSEAFOOD-FRE-", "FRESH SEAFOOD, "),
    (r"\bSEAFOOD-FRZ-", "FROZEN SEAFOOD, "),
    (r"\bRW-ALL\b|\bRW\b", ""),
    (r"\bBABYFOOD\b", "BABY FOOD"),
    (r"\bSOAPS-SCRUBS-MASKS\b", "SOAPS, SCRUBS, MASKS"),
    (r"\b(NON|SEMI|ANTI)\s*-\s*", r"\1-"),
    (r"\bPEPPERIDG\b", "PEPPERIDGE FARM"),
    (r"\bH & B AIDS\b", "HEALTH & BEAUTY AIDS"),
    (r"\bMILK BY-PRODUCTS\b", "MILK PRODUCTS"),
)
NAMES = (
    "Alfredo", "Almay", "Alpo", "American", "Angus", "Anjou", "Asian", "Australian", "BBQ", "Barbie", "Bartlett",
    "Bermuda", "Bosc", "Boston", "British", "Caesar", "Cajun", "Cheddar", "Chinese", "Christmas", "DVD", "DVDs",
    "Dijon", "Disney", "Easter", "English", "Express", "Factor", "Fisher", "French", "Fuji", "Gala", "Gatorade",
    "Granny", "Greek", "Halloween", "Hanes", "Hansen", "Hawaiian", "Hispanic", "IQF", "Idaho", "Indian", "Irish",
    "Italian", "Japanese", "Jewish", "Latin", "MasterCard", "Max", "Maybelline", "Mexican", "Nabisco", "Oriental",
    "Parmesan", "Ramen", "Revlon", "Ritz", "Roma", "Russet", "SPF", "Sally", "Skippy", "Smith", "Spanish", "Swiss",
    "TV", "Thai", "VHS", "Valentine", "Vidalia", "Vienna", "Worcester",
)  # fmt: skip
PROPER = {name.lower(): name for name in NAMES} | {"loreal": "L'Oréal", "covergirl": "CoverGirl"}
UNITS = {
    "OZ": "oz", "CT": "ct", "LB": "lb", "ML": "ml", "IN": "in", "L": "L", "PK": "pack", "QT": "qt", "GAL": "gal",
    "GA": "gal", "CTN": "carton", "SQ": "sq", "FT": "ft", "PT": "pt", "STEM": "stem", "PC": "pieces", "LOADS": "loads",
    "LOAD": "loads", "LD": "loads", "LDS": "loads", "FL": "fl", "KIT": "kit", "DZ": "dozen", "GM": "g", "MED": "medium",
    "BTL": "bottle",
}  # fmt: skip
CUT_AT = 30
STUMP = re.compile(r"[\s/&-]+(?!ALL$|BAG$|BOX$|OIL$|TEA$|HOT$|MIX$|NUT$|ICE$|HAM$|PK$|IN$)[A-Z]{1,3}$")
SAYS_NOTHING = frozenset({
    "Basic", "Blends", "Collegiate", "Continuity", "Decor", "Dry", "Economy", "Enhanced", "Everyday", "Fresh", "Lean",
    "Mainstream", "Miscellaneous", "Novelties", "Other", "Pantry", "Premium", "Primal", "Regular", "Seasonal", "Small",
    "Specialty", "Standard", "Traditional", "Ultra premium", "Value",
})  # fmt: skip
OWN_BRAND = "Private"
MISCELLANEOUS = "Miscellaneous"


def _word(match: re.Match[str]) -> str:
    lower = match.group().lower()
    plain = ABBREVIATIONS.get(lower, lower)
    return PROPER.get(plain, plain)


def _whole(text: str) -> str:
    """The source cuts at 30 letters: a bracket that never closes and a stump of a word go."""
    if len(text) == CUT_AT:
        text = STUMP.sub("", text)
    opened = text.rfind("(")
    return text[:opened] if opened > text.rfind(")") else text


@lru_cache(maxsize=8192)
def humanise(raw: str | None) -> str:
    """One name of the source → sentence case, abbreviations written out; nothing → Miscellaneous."""
    text = _whole(re.sub(r"[^\S ]", " ", raw or "").replace("`", "'").strip())
    for pattern, words in PHRASES:
        text = re.sub(pattern, words, text)
    text = re.sub(r"\s*[:;]\s*|\s+-\s*|\s*-\s+|\s{2,}|-(?=MAGAZINE\b)", ", ", text)
    text = re.sub(r"(?<=\w)\(", " (", re.sub(r"\s*&\s*", " & ", text))
    text = re.sub(r"(?<=\d)(?=PK\b|PACK\b|ML\b)", " ", text)
    text = re.sub(r"[A-Za-z]+(?:'[A-Za-z]+)?", _word, text)
    text = re.sub(r"\s*,(?:\s*,)*\s*", ", ", text).replace(" .", ".")
    text = re.sub(r"(?<=[a-z])\.\s*(?=\S)", " ", text).strip(" ,./&-")
    return text[:1].upper() + text[1:] if text else MISCELLANEOUS


@lru_cache(maxsize=8192)
def humanise_size(raw: str | None) -> str | None:
    """`12 PK/12 OZ` → `12 pack/12 oz`; what is no size (`?`, `*`) → None."""
    if raw is None:
        return None
    text = re.sub(r"^[A-Z]+\s+(?=\d)", "", raw)
    text = re.sub(r"[A-Za-z]+", lambda match: UNITS.get(match.group().upper(), match.group().lower()), text)
    text = re.sub(r"\b([a-z]+) \1\b", r"\1", re.sub(r"\s+", " ", text)).strip(" *?#.,/")
    return text or None


def build_title(product_type: str, category: str, size: str | None, brand: str, is_fuel: bool) -> str:
    """What stands on the shelf's label: type, own brand where it is one, size; fuel is sold by the gallon.

    A type that says nothing alone (`Premium`) stands behind its category.
    """
    name = product_type
    if product_type in SAYS_NOTHING and category != MISCELLANEOUS:
        says_more = product_type != MISCELLANEOUS and product_type.lower() not in category.lower()
        name = f"{category}, {product_type.lower()}" if says_more else category
    parts = [name]
    if brand == OWN_BRAND:
        parts.append("own brand")
    if is_fuel:
        parts.append("per gallon")
    elif size is not None:
        parts.append(size)
    return " · ".join(parts)
