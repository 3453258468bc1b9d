"""A stated gender in many languages, as one of the values of the table: women, men, unisex, girls, boys, kids."""

import re

from udfs.text.normalise import plain

GENDERS = ("women", "men", "unisex", "girls", "boys", "kids")

_LIMIT = 80

_STATED = {
    "women": "women|woman|womens|womenswear|female|females|lady|ladies|ladieswear|f|w|дам|дамск|жен|женск|женщин|женщина|женщины|женщинам|девуш"
    "|жін|жіноч|жінка|жінки|жінкам|kobieta|kobiet|kobiety|damsk|damska|damskie|damski|dla niej|donna|donne|femminile|damen|frau|frauen"
    "|weiblich|femme|femmes|mujer|mujeres|femenino|mulher|mulheres|feminino|feminina|dames|vrouw|vrouwen|dámské|damske|zena|žena|ženy"
    "|kadin|kadın|bayan|γυναικεια|γυναικεία|γυναικα|γυναίκα|レディース|女性|婦人|ウィメンズ|ウイメンズ|女|maternity",
    "men": "men|man|mens|menswear|male|males|gentleman|gents|m|муж|мужск|мужчин|мужчина|мужчины|мужчинам|чолов|чоловік|чоловіч"
    "|mężczyzna|mezczyzna|męsk|męska|męskie|męski|meskie|uomo|uomini|maschile|herren|mann|männer|männlich|homme|hommes|hombre|hombres"
    "|masculino|masculina|homem|homens|heren|man|mannen|pánské|panske|muz|muž|muži|erkek|bay|ανδρικα|ανδρικά|ανδρας|άνδρας"
    "|メンズ|男性|紳士|男",
    "unisex": "unisex|uni|унисекс|юнисекс|унісекс|ユニセックス|男女兼用|男女共用|兼用|adults|adult|adulto|взрослые|взрослый|дорослі"
    "|women,men|men,women|menwomen|мужской/женский|women & men|men & women|неопределен",
    "girls": "girl|girls|девочк|девочки|девочек|девочкам|дівч|дівчата|дівчатка|dziewczynka|dziewczynki|dziewczęce|bambina|bambine|mädchen"
    "|fille|filles|niña|niñas|menina|meninas|meisjes|dívčí|divci|holka|holky|kız|kız çocuk|κοριτσι|κορίτσι|κοριτσια|女の子|ガールズ|女児",
    "boys": "boy|boys|мальчик|мальчики|мальчиков|мальчикам|хлопч|хлопчик|хлопчики|chłopiec|chłopcy|chłopięce|bambino|bambini maschio|jungen"
    "|junge|garçon|garçons|niño|niños|menino|meninos|jongens|chlapecké|chlapec|chlapci|erkek çocuk|αγορι|αγόρι|αγορια|男の子|ボーイズ|男児",
    "kids": "kid|kids|child|children|childrens|infant|infants|toddler|newborn|baby|babies|junior|juniors|unisex kids|дет|дети|детск|детям|ребен"
    "|подрост|малыш|младен|дит|дитяч|діти|дітям|немовл|dzieci|dziecko|dziecięce|niemowlę|kinder|kind|bimbo|bimbi|neonato|enfant|enfants"
    "|bébé|niños y niñas|infantil|criança|bebê|kinderen|dětské|detske|deti|děti|çocuk|bebek|παιδικα|παιδικά|παιδι|キッズ|子供|子ども|こども|ベビー|ジュニア|赤ちゃん",
}
_STEM = 4
"""Cyrillic words of this many letters or more are beginnings: Russian and Ukrainian inflect."""

_VALUES = {word: gender for gender, joined in _STATED.items() for word in joined.split("|")}


def stated(value: str | None) -> str | None:
    """The gender that a shop's field states, or None where it is empty or not understood. Two values mean unisex."""
    whole = plain(value, _LIMIT)
    if whole in _VALUES:
        return _VALUES[whole]
    found = {gender for word in re.findall(r"[^\W_]+", whole) if (gender := _of_word(word))}
    children = found & {"girls", "boys"}
    if children or "kids" in found:
        return children.pop() if len(children) == 1 else "kids"
    return found.pop() if len(found) == 1 else ("unisex" if found else None)


def _of_word(word: str) -> str | None:
    if word in _VALUES:
        return _VALUES[word]
    if not re.match("[а-яіїєґ]", word):
        return None
    stems = (word[:length] for length in range(len(word), _STEM - 2, -1))
    return next((_VALUES[stem] for stem in stems if stem in _VALUES), None)
