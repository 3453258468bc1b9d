"""What a drawn shop sells: styles in pairs, each a function of the seed and the pair's number alone."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from schemas.rejects import Code
from schemas.tables import UNWANTED_CLASSES
from shops.bonds import Bond, PictureSpec, Product, SizedOffer, picture_name, relisted, worn_together
from shops.looks import drawn_look, dressed_with, leaves_for
from shops.pictures.fabrics import COLOURS
from shops.pictures.repeats import KINDS
from shops.pictures.tailor import Look
from shops.pictures.wardrobe import CLASS_OF
from shops.vocabulary import Said, Vocabulary

THINGS = ("mug", "toner", "book", "lamp")
NO_HANGER = {"shoes", "bag", "hat", "eyewear"}
BASE_PRICES = {"top": 35, "outerwear": 120, "dress": 70, "skirt": 45, "trousers": 55, "shorts": 32, "shoes": 85,
               "bag": 65, "hat": 25, "eyewear": 40}  # fmt: skip

SHARES = {"top": 5, "outerwear": 3, "dress": 2.5, "skirt": 2, "trousers": 3, "shorts": 1, "shoes": 2, "bag": 1.5,
          "hat": 1, "eyewear": 0.7}  # fmt: skip
"""How often a class is sold, against the others."""

# One style in so many carries each incident; the phase keeps them apart. Prime periods, so that they seldom meet.
OFFER_INCIDENTS = ((Code.OFFER_NO_ID, 41, 7), (Code.OFFER_NO_PICTURE, 37, 11), (Code.OFFER_BAD_PRICE, 43, 16))
PICTURE_INCIDENTS = ((Code.PICTURE_TRUNCATED, 31, 4), (Code.FETCH_TYPE, 47, 9), (Code.FETCH_404, 29, 13))
OUT_OF_SCOPE_PERIOD, OUT_OF_SCOPE_PHASE = 23, 6
PLACEHOLDER_PERIOD, PLACEHOLDER_PHASE = 19, 15


@dataclass(frozen=True)
class Pair:
    """Two styles with all their products; `number` counts from 0."""

    number: int
    products: tuple[Product, ...]


@dataclass(frozen=True)
class _Style:
    """A style in the making."""

    group: str
    look: Look
    gender: str
    sizes: tuple[str, ...]
    colours: tuple[str, ...]


@dataclass(frozen=True)
class Assortment:
    """All that a shop of this seed could sell. `drawn_pairs` bounds how many pairs have pictures of their own."""

    seed: int
    retailer: str
    words: Vocabulary
    pictures_per_product: int
    drawn_pairs: int

    def pairs(self, start: int = 0) -> Iterator[Pair]:
        """The pairs in order, without end."""
        number = start
        while True:
            yield self.pair(number)
            number += 1

    def shared_picture(self, kind: str, number: int) -> PictureSpec:
        """A picture that many products carry: a size chart of the shop, a placeholder, a banner."""
        dice = self._dice("shared", kind, number)
        return PictureSpec(
            picture_name(self.seed, "shared", kind, number),
            kind,
            kind,
            (drawn_look(dice, "t_shirt"),),
            f"{self.seed}/{kind}/{number}",
        )

    def shared_pictures(self) -> list[PictureSpec]:
        """All pictures that many products carry."""
        return [self.shared_picture(kind, number) for kind in ("sizechart", "logo", "banner") for number in range(3)]

    def pair(self, number: int) -> Pair:
        """The pair of that number. Pairs beyond `drawn_pairs` show the pictures of an earlier one."""
        drawn = number % self.drawn_pairs
        dice = self._dice("pair", drawn)
        bond = dice.choices(list(Bond), (0.76, 0.14, 0.1))[0]
        first = self._style(2 * number, 2 * drawn, None)
        second = self._style(2 * number + 1, 2 * drawn + 1, first.look if bond is Bond.OUTFIT else None)
        if bond is Bond.RELISTED:
            second = replace(first, group=second.group)
        products = self._products(first, 2 * number, 2 * drawn)
        more = self._products(second, 2 * number + 1, 2 * drawn + 1)
        if bond is Bond.OUTFIT:
            products, more = worn_together(products, more, f"{self.seed}/{drawn}/outfit")
        if bond is Bond.RELISTED:
            more = relisted(products, more, self.seed)
        return Pair(number, (*products, *more))

    def _dice(self, *place: object) -> random.Random:
        return random.Random("/".join(map(str, (self.seed, *place))))  # noqa: S311

    def _style(self, index: int, drawn: int, beside: Look | None) -> _Style:
        dice = self._dice("style", drawn)
        gender = dice.choices(("women", "men", "unisex"), (0.55, 0.3, 0.15))[0]
        leaves = leaves_for(gender)
        if beside is not None:
            wanted = (
                {"trousers", "skirt", "shorts"}
                if CLASS_OF[beside.leaf] in {"top", "outerwear"}
                else {"top", "outerwear"}
            )
            leaves = [leaf for leaf in leaves if CLASS_OF[leaf] in wanted]
        classes = sorted({CLASS_OF[leaf] for leaf in leaves})
        chosen = dice.choices(classes, [SHARES[of] for of in classes])[0]
        leaf = dice.choice([leaf for leaf in leaves if CLASS_OF[leaf] == chosen])
        look = drawn_look(dice, leaf)
        others = [colour for colour in COLOURS if colour != look.colour]
        colours = (look.colour, *dice.sample(others, dice.choice((0, 0, 1, 2))))
        sizes = tuple(self.words.sizes(look.garment_class, dice))
        return _Style(f"{index + 1:07d}", look, gender, sizes, colours)

    def _products(self, style: _Style, index: int, drawn: int) -> list[Product]:
        text = self._dice("text", index)
        brand, code = text.choice(self.words.lists["brands"]), f"{text.choice('ABCDEFGH')}{text.randrange(1000, 9999)}"
        if (drawn + self.seed) % OUT_OF_SCOPE_PERIOD == OUT_OF_SCOPE_PHASE:
            return [self._goods(style, index, drawn, text)]
        price = BASE_PRICES[style.look.garment_class] * text.uniform(0.5, 2.2)
        products = []
        for number, colour in enumerate(style.colours):
            second = style.look.colour if colour == style.look.second else style.look.second
            look = replace(style.look, colour=colour, second=second)
            said = Said(look.leaf, style.gender, colour, look.pattern, look.weave, brand, code)
            before = self.words.price(price * 1.4, text) if text.random() < 0.25 else None
            offers = tuple(
                SizedOffer(f"{style.group}{number}{place}", size, text.random() > 0.08)
                for place, size in enumerate(style.sizes)
            )
            product = Product(
                group=style.group,
                look=look,
                gender=style.gender,
                title=self.words.title(said, text),
                description=self.words.description(said, text),
                brand=brand,
                code=code,
                price=self.words.price(price, text),
                old_price=before,
                colour=self.words.colour(colour),
                thing=None,
                pictures=self._pictures(look, drawn, number),
                offers=offers,
            )
            products.append(self._with_incidents(product, index, drawn) if number == 0 else product)
        return products

    def _goods(self, style: _Style, index: int, drawn: int, text: random.Random) -> Product:
        thing = THINGS[drawn % len(THINGS)]
        name = picture_name(self.seed, drawn, 0, 0)
        spec = PictureSpec(name, "out_of_scope", "out_of_scope", (), f"{self.seed}/{drawn}/thing", thing=thing)
        offers = (SizedOffer(f"{style.group}00", "", True, Code.TEXT_OUT_OF_SCOPE),)
        return Product(
            style.group, None, "", self.words.goods(thing, text), "", "Officina", f"X{index % 9000 + 1000}",
            self.words.price(text.uniform(10, 60), text), None, "", thing, (spec,), offers,
        )  # fmt: skip

    def _pictures(self, look: Look, drawn: int, colour: int) -> tuple[PictureSpec, ...]:
        """The wanted pictures first, then what should not be shown, then a near copy."""
        dice = self._dice("pictures", drawn, colour)
        count = max(1, self.pictures_per_product + dice.choice((-1, 0, 0, 1)))
        scenes = ["flat"] if look.garment_class in NO_HANGER else [dice.choice(("flat", "flat", "hanger"))]
        scenes.append("worn")
        extras = [*UNWANTED_CLASSES, "repeat", "repeat", "shared_chart"]
        dice.shuffle(extras)
        scenes = (scenes + extras)[:count]
        if dice.random() < 0.25 and len(scenes) > 1 and scenes[1] == "worn":
            scenes[0], scenes[1] = scenes[1], scenes[0]
        specs: list[PictureSpec] = []
        for place, scene in enumerate(scenes):
            name, seed = picture_name(self.seed, drawn, colour, place), f"{self.seed}/{drawn}/{colour}/{place}"
            if scene == "repeat":
                specs.append(
                    PictureSpec(name, "wanted", "repeat", specs[0].looks, seed, specs[0].name, dice.choice(KINDS))
                )
            elif scene == "shared_chart":
                specs.append(self.shared_picture("sizechart", drawn % 3))
            elif scene == "banner":
                specs.append(self.shared_picture("banner", drawn % 3))
            elif scene in {"flat", "hanger", "worn"}:
                looks = dressed_with(look, dice) if scene == "worn" else (look,)
                specs.append(PictureSpec(name, "wanted", scene, looks, seed))
            else:
                specs.append(PictureSpec(name, scene, scene, (look,), seed))
        return tuple(specs)

    def _with_incidents(self, product: Product, index: int, drawn: int) -> Product:
        """The product with what goes wrong in this shop on purpose."""
        offers, pictures = list(product.offers), list(product.pictures)
        for code, period, phase in OFFER_INCIDENTS:
            if (index + self.seed) % period == phase:
                offers[-1] = replace(offers[-1], fault=code)
        for code, period, phase in PICTURE_INCIDENTS:
            if (drawn + self.seed) % period == phase and pictures[-1].name != pictures[0].name:
                pictures[-1] = replace(pictures[-1], name=picture_name(self.seed, drawn, "fault", code), fault=code)
        if (drawn + self.seed) % PLACEHOLDER_PERIOD == PLACEHOLDER_PHASE:
            pictures = [self.shared_picture("logo", drawn % 2)]
            offers = [offer if offer.fault else replace(offer, fault=Code.NO_PICTURE_LEFT) for offer in offers]
        return replace(product, offers=tuple(offers), pictures=tuple(pictures))
