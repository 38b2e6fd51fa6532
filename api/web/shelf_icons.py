"""Which icon and which tone stand for a product: the first rule whose words occur in its own description wins.

Icons are names in Font Awesome Free's solid set. Rules run from the particular to the general, because
"hot dog buns" is bread and "dog treats" is not. Words match at the start of a word; `$` ends one.
"""

from typing import NamedTuple


class Rule(NamedTuple):
    """`words` in a product's type, category or title lead to `icon` on `tone`."""

    icon: str
    tone: str
    words: str


RULES = (
    # reading, paper and play: their names are full of food words
    Rule("book-open", "slate", "magazine|tabloid|crossword|comics|newspaper"),
    Rule("book", "violet", "book|paperback|hardback|best seller"),
    Rule(
        "envelope",
        "rose",
        "cards? everyday|cards? seasonal|christmas cards|greeting|stationery$|social stationery|mailing",
    ),
    Rule("gift", "rose", "gift|ribbon|balloon|party|wrap$|wrap everyday|bags/tags"),
    Rule("compact-disc", "slate", "dvd|audio|video|cd-r|sphe|vhs"),
    Rule(
        "puzzle-piece",
        "violet",
        "toy|games|puzzle|barbie|diecast|plush|preschool|hasbro|fisher|male action|doll|models",
    ),
    Rule("pencil", "amber", "writing|school|pencil|office|art suppl|craft|label|calendar|filing|ink cart|tape$"),
    Rule("heart", "red", "valentine"),
    Rule("ghost", "orange", "halloween|costume|treat carrier"),
    Rule("tree", "green", "christmas|xmas|ornament|wreath|tinsel|tree stand|artificial tree|stockings"),
    Rule("egg", "violet", "easter"),
    Rule("football", "green", "collegiate|fm-|sports memor"),
    Rule("phone", "slate", "wireless|phone|calling card|cellular"),
    # pets and babies before the words for food
    Rule("dove", "teal", "bird"),
    Rule("fish", "teal", "aquarium"),
    Rule("cat", "amber", "cat$|cats$|catfd|litter"),
    Rule("hotdog", "orange", "hot dog|hotdog|corn dog|frank"),
    Rule("bone", "sand", "rawhide|dog bisc|dog treat|pet treat"),
    Rule("dog", "sand", "dog$|dogs$|dogfd"),
    Rule("paw", "sand", "pet$|pet care|flea|collars|small animal"),
    Rule("baby", "blue", "baby|infant|diaper|pediatric|feeding access"),
    # the medicine cabinet
    Rule("tooth", "teal", "tooth|oral|mouth|dental|denture|floss|whitening"),
    Rule("bandage", "red", "bandage|first ?aid|elstc|compress"),
    Rule("eye", "blue", "eye$|eye |lens|glasses$|vision"),
    Rule("head-side-cough", "blue", "cold and flu|cough|sinus|nasal|allerg"),
    Rule("capsules", "green", "vitamin|supplement|herbal supp|dietary|diet c|fitness|nutritional|liquid nutrition"),
    Rule(
        "pills",
        "blue",
        "analges|anti-?acid|antacid|laxative|sleeping|medicat|hydrocort|hemorr|linament|pharm|contracept|prophyl"
        "|family plan|pregnan|smoking cess",
    ),
    Rule("venus", "rose", "fem\\.?|feminine|menstrual|incontinen"),
    # bath and beauty
    Rule(
        "palette",
        "rose",
        "make-?up|maybelline|covergirl|revlon|loreal|cosmetic|almay|max factor|bonne|wet n|lipcare|nail ?care|sally",
    ),
    Rule(
        "spray-can-sparkles",
        "violet",
        "fragran|perfum|cologne|air care|potpourri|deodor|antipersp|fabric refresh|hair spray|hair set",
    ),
    Rule("scissors", "violet", "sewing|hair|dandruff|comb$|combs|brushes$"),
    Rule("pump-soap", "teal", "shampoo|body wash|liquid soap|lotion|hand and body|facial|bath$|bath |bath|skin"),
    Rule("soap", "rose", "soap|soap$|cleansing"),
    Rule("user-large", "slate", "razor|shav|dipilat"),
    Rule("umbrella-beach", "teal", "inflatable|swim|pool|grill acc|umbrella|holidays"),
    Rule("sun", "amber", "sun ?tan|sunburn|sunless|solar"),
    Rule("socks", "slate", "sock|hosiery|leggs|underwear|apparel|bandana|glove|slipper"),
    Rule("shoe-prints", "sand", "shoe|foot$|footwear|sandal"),
    # the household
    Rule("toilet-paper", "slate", "toilet tissue|bath tissue|paper towel"),
    Rule("box-tissue", "blue", "tissue|napkin"),
    Rule("jug-detergent", "blue", "laundry|detergent|fabric soft|bleach|starch"),
    Rule("trash-can", "slate", "trash|garbage"),
    Rule("box-open", "slate", "foil|storage|freezer bag|sandwich bag|plastic wrap|food wrap|fd wraps"),
    Rule("broom", "sand", "broom|mop|floor|vacuum|vac bag"),
    Rule("spray-can", "teal", "clean|toilet|polish|drain|scour|sponge|household|ironing|abrasive|rinse aid"),
    Rule("battery-full", "green", "batter(?:y|ies)$|alkaline"),
    Rule("lightbulb", "amber", "bulb|lights|lighting|lamp|floods|flashlight"),
    Rule("fire", "orange", "candle|charcoal|firewood|lighter|firework|propane|incense"),
    Rule("plug", "slate", "electric|extension|appliance|persnl appl"),
    Rule("toolbox", "slate", "hardware|tool|fastener|adhesive|caulk|repair|weather|j-?hook|wire$"),
    Rule("car", "slate", "auto(?:motive|mobile)?$|motor|interior/ext"),
    Rule("gas-pump", "slate", "gasoline|fuel"),
    Rule("camera", "slate", "camera|film$|film |photo|processing|frames"),
    Rule("smoking", "sand", "cig|tobacco|snuff"),
    Rule("bug-slash", "green", "insect|repellant"),
    Rule("bed", "violet", "domestic|bedding|sheets|throws|pillow|curtain|furnish"),
    Rule("kitchen-set", "slate", "cookware|bake ?ware|gadget|kitchen|glassware|dinnerware|housewares|thermos|textile"),
    Rule("bowl-rice", "teal", "ramen"),
    Rule("utensils", "slate", "plate|cutlery|plstc|cups$|drinking cups|tabletop"),
    # flowers and garden
    Rule("spa", "rose", "rose|bouquet|flower|floral|carnation|mums|stem|lily|bunch"),
    Rule("seedling", "green", "foliage|plant|garden|annuals|lawn|soil"),
    # drinks
    Rule("champagne-glasses", "amber", "sparkling wine|champagne"),
    Rule("wine-bottle", "berry", "wine|varietal|vermouth"),
    Rule("beer-mug-empty", "amber", "beer|ale|malt liq|cooler"),
    Rule("martini-glass-citrus", "teal", "cocktails|cocktail mix|mixer|rtd|schnapps"),
    Rule("whiskey-glass", "amber", "liquor|vodka|rum$|rum |whisk|gin$|liqueur|spirits|tequila|bourbon"),
    Rule("mug-saucer", "sand", "coffee|espresso|regular bean|creamer|coff"),
    Rule("mug-hot", "sand", "cocoa|hot chocolate"),
    Rule("mug-hot", "green", "tea$|teas$|tea "),
    Rule("bottle-water", "blue", "water$|waters"),
    Rule("ice-cream", "rose", "ice cream|sherbet|sherbt|novelt|super premium pints|pints|push ups|water ice|cones?$"),
    Rule("snowflake", "blue", "ice$|frzn ice"),
    Rule("glass-water", "orange", "juice|oj$|cider|punch|nectar|drinks?$ ?-? ?canned|lemonade|jce"),
    Rule("bottle-droplet", "red", "soft drink|sft drnk|cola|carb|energy|isotonic|beverage|drink|enhanced"),
    # dairy and eggs
    Rule("jar", "sand", "peanut butter|nut butter|apple sauce|hummus"),
    Rule("stroopwafel", "amber", "cracker|rice cake|waffle|pancake|graham|wafer"),
    Rule("cookie-bite", "sand", "cookie|brownie|biscotti|cone"),
    Rule("stroopwafel", "sand", "donut|danish|pastr|muffin|sweet goods|sw gds|pie$|pies|croissant|sweet roll|tart"),
    Rule("cake-candles", "rose", "cake|birthday|frosting|icing|decor"),
    Rule("box-open", "amber", "chip|pretzel|popcorn|snack|puffs|nacho"),
    Rule("cheese", "amber", "cheese|ricotta"),
    Rule("spoon", "rose", "yogurt|pudding|gelatin|custard|cottage|sour cream|dip$|dips"),
    Rule("bottle-droplet", "blue", "milk|egg nog|cream$|soy bev|non-dairy|dairy"),
    Rule("cube", "amber", "butter|margarine|shortening|lard"),
    Rule("egg", "amber", "egg"),
    # the butcher and the fishmonger
    Rule("shrimp", "orange", "shrimp|shlfsh|crab$|crabs|crabmeat|lobster|shellfish|prawn"),
    Rule("fish-fins", "blue", "tuna|salmon|catfish|seafood|fish|tilapia|herring"),
    Rule("bowl-rice", "teal", "sushi|japanese|oriental|thai|ramen"),
    Rule(
        "bacon",
        "red",
        "bacon|ham$|hams|pork|loin|rib$|ribs|butts|bologna"
        "|lunch(?:eon)? ?meat|potted|chunk meats|salami|pepperoni|lunch combo|deli meat",
    ),
    Rule("hotdog", "red", "sausage|links|smoked"),
    Rule("drumstick-bite", "orange", "chicken|turkey|poultry|chix|hen$|hens|wing|drums|chick$|fowl|breast|toms"),
    Rule("burger", "red", "burger|patties|patty|grnd|ground (?:beef|turkey)|sandwich(?:es)?|handheld|meatball"),
    Rule("cow", "red", "beef|steak|veal|angus|choice|select|primal|chuck"),
    Rule("bone", "red", "lamb|offal|variety meat"),
    # the bakery
    Rule("pizza-slice", "red", "pizza"),
    Rule(
        "bread-slice",
        "sand",
        "bread$|breads|bun$|buns|bagel|toast|roll$|rolls|tortilla|pita|biscuit|dough|crouton|loaf",
    ),
    # sweets and snacks
    Rule("candy-cane", "rose", "candy.*non.?chocol|novelty candy"),
    Rule("table-cells", "cocoa", "chocolate|chococ|cocoa"),
    Rule("candy-cane", "rose", "candy|gum$|gum |mint|marshmallow|sweets"),
    Rule(
        "wheat-awn",
        "amber",
        "cereal|granola|oatmeal|grits|flour|wheat|oats|cornmeal|baking|package mixes|grain|yeast|breakfast bar",
    ),
    # the pantry
    Rule("plate-wheat", "amber", "pasta|spaghetti|macaroni|noodle|lasagna|italian foods"),
    Rule("bowl-rice", "sand", "rice"),
    Rule(
        "bowl-food",
        "orange",
        "soup|broth|chili|stew$|bouillon|entree|dinner|meal|stuffing|frzn ss|prep(?:ared)? (?:fd|food)|side dish",
    ),
    Rule("bottle-droplet", "amber", "olive oil"),
    Rule("jar", "green", "pickle|olive|relish|kraut|pickld"),
    Rule("bottle-droplet", "amber", "oil$|oils|honey$|syrup|molasses|vinegar"),
    Rule("jar", "rose", "jam|jelly|preserve|jellies"),
    Rule("jar", "red", "sauce|salsa|catsup|ketchup|mustard|dressing|condiment|gravy|marinad|mayo"),
    Rule("cubes", "slate", "sugar|sweetener"),
    Rule("mortar-pestle", "orange", "spice|seasonings?$|salt|extract|pepper sauce"),
    Rule("whiskey-glass", "cocoa", "shake"),
    # the green grocer
    Rule(
        "lemon",
        "amber",
        "lemon|citrus|orange|grapefruit|lime|mandarin|tangerine|clementine|pineapple",
    ),
    Rule("apple-whole", "amber", "banana|mango|tropical"),
    Rule("holly-berry", "berry", "\\w*berr|grape|cherr|raisin|cran|plum|dried fruit"),
    Rule("apple-whole", "red", "apple|tomato|peach|pear|stone fruit|nectarine|pomegran"),
    Rule("apple-whole", "green", "fruit|\\w*melon|avocado|kiwi"),
    Rule("pepper-hot", "green", "peppers? green|jalap"),
    Rule("pepper-hot", "red", "pepper|chil(?:e|i)|jalap|mexican|hispanic"),
    Rule("leaf", "green", "salad|lettuce|spinach|greens|herb|parsley|cabbage|celery|broccoli|asparag|kale|organic"),
    Rule("carrot", "orange", "carrot|vegetable|potato|yam|squash|corn|beet|onion|garlic|mushroom|cucumber|cauli"),
    Rule("seedling", "green", "bean|pea$|peas|lentil|tofu|vegetarian|nut$|nuts|almond|pecan|peanut|seed"),
)

DEPARTMENTS = (
    Rule("gem", "violet", "jewel"),
    Rule("bag-shopping", "cocoa", "handbag"),
    Rule("hat-cowboy-side", "sand", "clothing access"),
    Rule("shirt", "berry", "clothing|apparel|fashion"),
    Rule("shoe-prints", "sand", "shoes$"),
    Rule("book", "violet", "books?$"),
    Rule("basket-shopping", "green", "grocery"),
    Rule("prescription-bottle", "blue", "drug|pharm|health"),
    Rule("carrot", "orange", "produce|fruit"),
    Rule("palette", "rose", "cosmetic|beauty"),
    Rule("wheat-awn", "amber", "nutrition|natural"),
    Rule("bacon", "red", "meat.*(?:pack|pckgd)"),
    Rule("drumstick-bite", "red", "meat|butcher"),
    Rule("cheese", "amber", "deli"),
    Rule("bread-slice", "sand", "pastry|bakery"),
    Rule("spa", "rose", "floral|flower"),
    Rule("fish-fins", "blue", "seafood"),
    Rule("whiskey-glass", "amber", "spirit"),
    Rule("seedling", "green", "garden"),
    Rule("utensils", "orange", "restaurant|chef|salad"),
    Rule("snowflake", "blue", "frozen"),
    Rule("gas-pump", "slate", "fuel|auto"),
    Rule("ticket", "violet", "coupon"),
    Rule("suitcase-rolling", "teal", "travel"),
)

# What people wear is told by its kind alone: a cherry print is no fruit, and a babydoll top not for babies.
WARDROBE_DEPARTMENTS = "clothing|apparel|fashion|jewel|handbag|shoes$"
WARDROBE = (
    Rule("glasses", "teal", "\\w*glasses"),
    Rule("umbrella-beach", "teal", "swim\\w*|bikini|tankini|cover-?ups?"),
    Rule("gem", "violet", "earrings?|necklace|bracelet|brooch|pendant|jewelry|anklet|charm|studs?$|hoops?$"),
    Rule("ring", "amber", "rings?$"),
    Rule("clock", "slate", "watch"),
    Rule("shoe-prints", "sand", "shoes?|sneaker|sandal|heels?$|boots?$|slipper|loafer|flats$|mules$|pumps$"),
    Rule("wallet", "cocoa", "wallet|card (?:case|holder)|checkbook|badge|passport"),
    Rule("bag-shopping", "cocoa", "\\w*bags?|tote|clutch|purse|backpack|pouch|satchel"),
    Rule("hat-cowboy-side", "sand", "hats?$|caps?$|beanie|beret|visor|fedora"),
    Rule("wand-magic-sparkles", "berry", "wig|hair|scrunchy|headband|barrette|tiara"),
    Rule("mitten", "red", "gloves?|mitten|scar(?:f|ves)|shawl|wrap$"),
    Rule("grip-lines", "cocoa", "belts?$|suspender"),
    Rule("moon", "blue", "pajama|sleep\\w*|lounge\\w*|robe$|nightgown|nightdress|slip$"),
    Rule(
        "socks",
        "slate",
        "socks?|tights|stockings|hosiery|underwear|undergarment|lingerie|bras?$|brief|boxer|long johns",
    ),
    Rule(
        "person-dress",
        "rose",
        "\\w*dress(?:es)?$|gown|romper|jumpsuit|overalls|playsuit|bodysuit|one-piece|skirts?|skort",
    ),
    Rule("vest", "slate", "jacket|coats?$|blazer|vest|outerwear|parka|trench|poncho|kimono|cape$"),
    Rule("shirt", "green", "sweat\\w*|hoodie|cardigan|knit|pullover|jumper"),
    Rule("shirt", "blue", "pants|jeans|shorts|leggings|joggers|trousers|capri|denim|activewear|track\\w*|yoga"),
    Rule("shirt", "berry", "tops?$|blouse|\\w*shirt|tees?$|tank|cami|corset|bustier|polo|tunic|clothing|outfit|set$"),
)

FALLBACK = Rule("basket-shopping", "sand", "")
