"""Reads a stated gender in many languages as one of: women, men, unisex, girls, boys, kids."""

from functools import lru_cache

from udfs.text.normalise import plain, words

GENDERS = ("women", "men", "unisex", "girls", "boys", "kids")

_LIMIT = 80

_STATED = {
    "women": """
        women woman womens womenswear female females lady ladies ladieswear f w maternity
        дам дамск* жен женск* женщин* девуш* жін жіноч* жінк* жінок
        kobieta kobiet kobiety damsk damska damskie damski donna donne femminile damen frau frauen weiblich
        femme femmes mujer mujeres femenino mulher mulheres feminino feminina dames vrouw vrouwen dámské damske
        žena ženy kadin kadın bayan γυναικεια γυναικεία γυναικα γυναίκα
        レディース レディス 女性 女性用 婦人 婦人用 婦人服 ウィメンズ ウイメンズ 女
        """,
    "men": """
        men man mens menswear male males gentleman gents m муж мужск* мужчин*
        чол чолов чоловік* чоловіч* mężczyzna mezczyzna męsk męska męskie męski meskie uomo uomini maschile
        herren mann männer männlich homme hommes hombre hombres masculino masculina homem homens heren mannen
        pánské panske muž muži erkek bay ανδρικα ανδρικά ανδρας άνδρας メンズ 男性 男性用 紳士 紳士用 紳士服 男
        """,
    "unisex": """
        unisex uni унисекс юнисекс унісекс ユニセックス 男女兼用 男女共用 兼用 男女 adults adult adulto взросл* доросл*
        """,
    "girls": """
        girl girls девоч* девич* дівч* dziewczynka dziewczynki dziewczęce
        bambina bambine mädchen fille filles niña niñas menina meninas meisjes dívčí divci holka holky
        kız κοριτσι κορίτσι κοριτσια ガールズ 女児
        """,
    "boys": """
        boy boys мальчик* хлопч* chłopiec chłopcy chłopięce bambino
        jungen junge garçon garçons niño niños menino meninos jongens chlapecké chlapec chlapci
        αγορι αγόρι αγορια ボーイズ 男児
        """,
    "kids": """
        kid kids kidswear child children childrens infant infants toddler newborn baby babies junior juniors
        дет дети детск* детям детей ребен* подрост* малыш* младен* новорож* дит дитяч* діти дітям дітей немовл* підліт*
        dzieci dziecko dziecięce niemowlę kinder kind bimbo bimbi neonato enfant enfants bébé infantil criança bebê
        kinderen dětské detske děti çocuk bebek παιδικα παιδικά παιδι
        キッズ 子供 子供用 子供服 ベビー ジュニア 子 こども
        """,
}
"""Words that say for whom. One with * is the beginning of a word: Russian and Ukrainian inflect."""

_SPELT_APART = {"女の子": " ガールズ ", "男の子": " ボーイズ "}
_VALUES = {word: gender for gender, joined in _STATED.items() for word in joined.split()}
_STEMS = {word[:-1]: gender for word, gender in _VALUES.items() if word.endswith("*")}
_SHORTEST_STEM = min(map(len, _STEMS))
_CHILDREN = {"girls", "boys"}


def stated(value: str | None) -> str | None:
    """The gender that a shop's field states, or None where it is empty or not understood. Women and men: unisex."""
    return _together({_of_word(word) for word in _words(plain(value, _LIMIT))})


def named(text: str) -> str | None:
    """The gender that plain text names, or None. One Latin letter ("M") is a size here."""
    return _together({_of_word(word) for word in _words(text) if len(word) > 1 or not word.isascii()})


def _words(text: str) -> list[str]:
    for apart, word in _SPELT_APART.items():
        text = text.replace(apart, word)
    return words(text)


def _together(values: set[str | None]) -> str | None:
    found = values - {None}
    children = found & _CHILDREN
    if children or "kids" in found:
        return children.pop() if len(children) == 1 else "kids"
    return found.pop() if len(found) == 1 else ("unisex" if found else None)


@lru_cache(maxsize=16_384)
def _of_word(word: str) -> str | None:
    if word in _VALUES:
        return _VALUES[word]
    stems = (word[:length] for length in range(len(word), _SHORTEST_STEM - 1, -1))
    return next((_STEMS[stem] for stem in stems if stem in _STEMS), None) if "а" <= word[:1] <= "ґ" else None
