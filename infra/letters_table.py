"""Counts letters in threes for `udfs/feeds/source/letters.npz`: `python -m infra.letters_table OUT.npz`.

Needs a Python of its own with numpy, wordfreq==3.1.1, simplemma==2.0.0, langdetect==1.0.9 and babel==2.19.0, which a
night does not have. One word in five, by its hash, is left out: `tests/encodings/words.txt` is drawn from those. The
file in use was counted by a draft of this module: for sq, de, et, fa, ur, th and zh-tw some counts differ.
"""

import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from hashlib import sha1
from importlib.resources import files
from typing import Any

import numpy as np

LATIN = {
    "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "pl": "ąćęłńóśźżéü", "hu": "áéíóöőúüű", "sl": "čšžćđéöü",
    "hr": "čćđšžéöü", "ro": "ăâîșțşţé", "sq": "çë", "de": "äöüßéèà", "fr": "àâæçéèêëîïôœùûüÿñö", "es": "áéíñóúüç",
    "pt": "àáâãçéêíóôõúü", "it": "àèéìíòóùúî", "nl": "áâäçèéêëïíóöüúûñ", "da": "æøåéäöü", "nb": "æøåéòôóäöü",
    "sv": "åäöéàü", "fi": "äöåšžéü", "is": "áðéíóúýþæö", "ca": "àçéèíïòóúü", "en": "éèêçñöüïôâäáíó", "tr": "çğıöşüâîû",
    "lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž", "et": "äöüõšž", "id": "é", "ms": "é", "fil": "ñ",
    "vi": "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
}  # fmt: skip
"""Letters of a language besides a to z; other words are foreign, or were decoded wrongly."""
SCRIPTS = {"ru": "CYRILLIC", "uk": "CYRILLIC", "bg": "CYRILLIC", "mk": "CYRILLIC", "sr": "CYRILLIC", "el": "GREEK",
           "he": "HEBREW", "ar": "ARABIC", "fa": "ARABIC", "ur": "ARABIC"}  # fmt: skip
SERBIAN = dict(zip("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш", strict=True))
TONES = "\u0300\u0301\u0303\u0309\u0323"
WORDS, CJK_WORDS, EVERY = 60_000, 120_000, 80_000


def is_held_back(word: str) -> bool:
    """Whether a word is left to the tests."""
    return sha1(word.encode(), usedforsecurity=False).digest()[0] % 5 == 0


def _frequent(language: str, most: int) -> Iterator[tuple[str, float]]:
    import wordfreq

    found = wordfreq.get_frequency_dict({"hr": "sh", "sr": "sh"}.get(language, language), "best")
    for word in sorted(found, key=lambda one: (-found[one], one))[:most]:
        yield word.replace("\u200c", ""), found[word] ** 0.5


def _words(language: str) -> dict[str, float]:
    """Words of a language with letters in threes, and their weights."""
    letters = {*LATIN.get(language, ""), *"abcdefghijklmnopqrstuvwxyz'"}
    if language in ("et", "sq"):
        every = sorted(word for word in _lemmas(language) if len(word) > 2 and word.isalpha() and set(word) <= letters)
        names = {word: 30.0 for word in _names(language) if set(word) <= letters}
        return dict.fromkeys(every[:: max(1, len(every) // EVERY)], 1.0) | names
    found: dict[str, float] = {}
    for word, weight in _frequent(language, WORDS):
        word = _cyrillic(word) if language == "sr" else word
        word = word[:-1] + "ς" if language == "el" and word.endswith("σ") else word
        script = SCRIPTS.get(language)
        fits = all(unicodedata.name(char, "").startswith(script) for char in word) if script else set(word) <= letters
        if fits and (word.isalpha() or language in ("vi", "he")):
            found[word] = weight
    for word in _lemmas("de") if language == "de" else ():  # wordfreq writes ss for ß
        if "ß" in word and (plain := word.replace("ß", "ss")) in found:
            found[word] = found[plain] * 0.7
    return found


def _lemmas(language: str) -> set[str]:
    from simplemma.strategies.dictionaries import DefaultDictionaryFactory

    return {str(word).lower() for word in DefaultDictionaryFactory().get_dictionary(language)}


def _names(locale: str) -> set[str]:
    from babel import Locale

    names = Locale.parse(locale)
    every = [*names.languages.values(), *names.territories.values(), *names.currencies.values()]
    return {word.lower() for name in every for word in re.findall(r"[^\W\d_]+", name)}


def _cyrillic(word: str) -> str:
    for two, one in (("dž", "џ"), ("lj", "љ"), ("nj", "њ")):
        word = word.replace(two, one)
    return "".join(SERBIAN.get(char, char) for char in word)


def _spellings(word: str, language: str) -> set[str]:
    """How old encodings write a word."""
    if language == "ro":
        return {word, word.translate(str.maketrans("șț", "şţ"))}
    if language == "fa":
        return {word, word.translate(str.maketrans("یک", "يك"))}
    if language == "vi":
        return {"".join(_apart(char) for char in word)}
    return {word}


def _apart(char: str) -> str:
    parts = unicodedata.normalize("NFD", char)
    rest = "".join(part for part in parts if part not in TONES)
    return unicodedata.normalize("NFC", rest) + "".join(part for part in parts if part in TONES)


def _profile(language: str) -> dict[str, int]:
    body = (files("langdetect") / "profiles" / language).read_text(encoding="utf-8")
    counts: dict[str, int] = json.loads(body)["freq"]
    return counts


def _threes(language: str) -> Counter[str]:
    """How often three letters follow each other; a space is the edge of a word."""
    counts: Counter[str] = Counter()
    if language == "th":
        for letters, count in _profile("th").items():
            if all(char == " " or "\u0e00" <= char <= "\u0e7f" for char in letters) and len(letters) != 2:
                counts[letters if len(letters) == 3 else f"  {letters}"] += (
                    count if len(letters) == 3 else count // 1000
                )
        return counts
    for word, weight in _words(language).items():
        spellings = set() if is_held_back(word) else _spellings(word, language)
        for edged in (f"  {spelling} " for spelling in spellings):
            for at in range(len(edged) - 2):
                counts[edged[at : at + 3]] += weight / len(spellings)  # type: ignore[assignment]
    return counts


def _alphabetic(language: str) -> tuple[str, Any]:
    """Letters, and (A, A, A) quarter-log2 counts of threes, 0 for none."""
    counts = _threes(language)
    ones: Counter[str] = Counter()
    for letters, count in counts.items():
        ones[letters[2]] += count
    del ones[" "]
    least = 1e-5 * ones.total() if language in SCRIPTS else 0
    alphabet = "".join(sorted(char for char, count in ones.items() if count > least))
    place = {char: at for at, char in enumerate(f" {alphabet}")}
    table = np.zeros((len(place),) * 3)
    for letters, count in counts.items():
        if all(char in place for char in letters):
            table[tuple(place[char] for char in letters)] += count
    scaled = np.maximum(table * 2e6 / table.sum(), 0.5)
    return alphabet, np.where(table > 0, np.clip(np.round(np.log2(scaled) * 4) + 5, 1, 255), 0).astype(np.uint8)


def _ideographic(language: str) -> tuple[str, Any]:
    """Characters, and (A,) eighth-log2 counts."""
    counts: Counter[str] = Counter()
    if language == "zh-tw":
        found = {char: count for char, count in _profile("zh-tw").items() if len(char) == 1 and char > "\u2fff"}
        counts.update(found)
        for word in _names("zh_Hant"):
            counts.update({} if is_held_back(word) else dict.fromkeys(word, 200))
    else:
        for word, weight in _frequent(language, CJK_WORDS):
            if word.isalpha() and not word.isascii() and not is_held_back(word):
                for char in word:
                    counts[char] += weight  # type: ignore[assignment]
    total = counts.total()
    chars = sorted(char for char, count in counts.items() if count > 1e-7 * total and ord(char) < 65536)
    shares = np.array([counts[char] / total for char in chars])
    return "".join(chars), np.clip(np.round(np.log2(shares * 2**24) * 8), 1, 255).astype(np.uint8)


def main() -> None:
    tables = {language: _alphabetic(language) for language in (*LATIN, *SCRIPTS, "th")}
    tables |= {language: _ideographic(language) for language in ("ja", "zh", "zh-tw", "ko")}
    arrays = {}
    for language, (letters, counts) in tables.items():
        arrays[f"{language}.letters"] = np.frombuffer(letters.encode("utf-16-le"), np.uint16)
        arrays[f"{language}.counts"] = counts
    np.savez_compressed(sys.argv[1], **arrays)


if __name__ == "__main__":
    main()
