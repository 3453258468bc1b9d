"""Product texts with a known leaf, from folders that are known by the columns of their files, not by their names."""

import csv
import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree

from schemas.languages import LANGUAGES
from udfs.text.features import Text
from udfs.text.gender import stated
from udfs.text.language import ANSWERS, by_letters

AMBIGUOUS, OUT_OF_SCOPE = "ambiguous", "out_of_scope"
TITLE_COLUMNS = {"source", "title", "category"}
LABEL_COLUMNS = {"source", "category", "leaf"}
STYLE_COLUMNS = {"productDisplayName", "articleType"}
TAXONOMY_COLUMNS = {*LANGUAGES, "leaf"}
FEED_COLUMNS = {"file", "fashion", "language"}
FEED_TEXTS_LIMIT = 250
"""Texts taken of one feed, so that one shop's toner does not outweigh the rest."""

csv.field_size_limit(2**31 - 1)
_HERE = Path(__file__).parent
_READ_FROM_TITLE = re.compile(r"\[title\]|^(?:search|keyword|file)\b|^\(")


@dataclass(frozen=True)
class Row:
    """One text: where it comes from, what is sold, and who said so (`basis`: stated, title, search, file, name)."""

    text: Text
    language: str
    source: str
    leaf: str
    basis: str
    gender: str | None = None
    stated_path: tuple[str, ...] = ()

    def on_path(self, path: Sequence[str]) -> "Row":
        return replace(self, text=replace(self.text, category_path=tuple(path)))


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a .tsv (unquoted, as the data's README says) or .csv file; fields that are missing are empty."""
    with path.open(encoding="utf-8", newline="") as lines:
        if path.suffix == ".tsv":
            reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
        else:
            reader = csv.DictReader(lines, restval="")
        return list(reader)


def columns(path: Path) -> set[str]:
    """Names in the first line of a table."""
    with path.open(encoding="utf-8") as lines:
        separator = "\t" if path.suffix == ".tsv" else ","
        return set(lines.readline().rstrip("\r\n").split(separator))


def tables(folder: Path, needed: set[str]) -> list[Path]:
    """Tables at any depth of a folder that have the needed columns, sorted."""
    found = [path for path in sorted(folder.rglob("*")) if path.suffix in {".tsv", ".csv"}]
    return [path for path in found if needed <= columns(path)]


def titles(folder: Path, ambiguous: bool = False) -> list[Row]:
    """Rows of the title tables of a folder, labelled by its label table; ambiguous rows are left out if not asked for.

    A row that the label table does not name is always left out.
    """
    labels = {
        (row["source"], row["category"]): (row["leaf"], row.get("basis", "stated"))
        for path in tables(folder, LABEL_COLUMNS)
        for row in table(path)
    }
    rows = []
    for path in tables(folder, TITLE_COLUMNS):
        for row in table(path):
            leaf, basis = labels.get((row["source"], row["category"]), (AMBIGUOUS, ""))
            if leaf != AMBIGUOUS or (ambiguous and basis):
                rows.append(_title_row(row, _language(row, path), leaf, basis))
    return rows


def _language(row: dict[str, str], path: Path) -> str:
    """A table's language is its file's name; one of another name is told by its column or by each title's letters."""
    stated_language = row.get("language") or path.stem
    return stated_language if stated_language in ANSWERS else by_letters(row["title"].lower()) or "en"


def _title_row(row: dict[str, str], language: str, leaf: str, basis: str) -> Row:
    category = row["category"]
    path = () if _READ_FROM_TITLE.search(category) else tuple(category.split(" > "))
    text = Text(row["title"], row.get("description", ""), row.get("brand", ""))
    return Row(text, language, row["source"], leaf, basis, stated(row.get("gender", "")), path)


def styles(folder: Path) -> list[Row]:
    """Rows of catalogues with `productDisplayName` and `articleType`; each brand counts as a source of its own."""
    leaf_of = article_types()
    rows = []
    for path in tables(folder, STYLE_COLUMNS):
        for row in table(path):
            title = row["productDisplayName"]
            brand = row.get("brand") or title.split(" ")[0]
            leaf = leaf_of(row["articleType"], title, brand)
            if leaf == AMBIGUOUS:
                continue
            steps = (row.get("masterCategory", ""), row.get("subCategory", ""), row["articleType"])
            gender = stated(row.get("gender", ""))
            rows.append(Row(Text(title, "", brand), "en", f"styles:{brand.lower()}", leaf, "styles", gender, steps))
    return rows


def article_types() -> Callable[[str, str, str], str]:
    """The leaf of an article type, title and brand: a type that covers several leaves is told apart by a title's word.

    A word of the brand's name tells nothing: a T-shirt of a polo club is no polo.
    """
    rules = table(_HERE / "article_types.tsv")

    def leaf(article_type: str, title: str, brand: str) -> str:
        said = {*re.findall(r"\w+", title.lower())} - {*re.findall(r"\w+", brand.lower())}
        for rule in rules:
            if rule["article_type"] == article_type and (not rule["title_word"] or rule["title_word"] in said):
                return rule["leaf"]
        return AMBIGUOUS

    return leaf


def names(folder: Path) -> list[Row]:
    """Category names and paths of taxonomies, one row each: as a title, and as the path of a product without one."""
    rows = []
    for path in tables(folder, TAXONOMY_COLUMNS):
        for row in table(path):
            if row["leaf"] == AMBIGUOUS:
                continue
            for language in LANGUAGES:
                for name in filter(None, row[language].split(" | ")):
                    steps = tuple(name.split(" > "))
                    rows.append(Row(Text(steps[-1]), language, f"names:{path.stem}", row["leaf"], "name", None, steps))
    return rows


def lexicon(path: Path = _HERE / "lexicon.tsv") -> list[tuple[str, str, str]]:
    """(leaf, language, name) of the hand-written list of garment names."""
    return [
        (row["leaf"], row["language"], name.strip())
        for row in table(path)
        for name in row["names"].split(",")
        if name.strip()
    ]


def yields(path: Path = _HERE / "yields.tsv") -> dict[str, frozenset[str]]:
    """The leaves to which each leaf's name yields, of the hand-written table."""
    return {row["leaf"]: frozenset(row["to"].split(", ")) for row in table(path)}


def out_of_scope_feeds(folder: Path) -> list[Row]:
    """Texts of feeds whose index says that they sell no fashion: evenly drawn, about `FEED_TEXTS_LIMIT` a feed."""
    rows = []
    for index in tables(folder, FEED_COLUMNS):
        for entry in table(index):
            if entry["fashion"] != "no":
                continue
            texts = sorted(
                set(_feed_texts(index.parent / entry["file"], entry["encoding_real"])), key=lambda text: text.title
            )
            step = max(len(texts) // FEED_TEXTS_LIMIT, 1)
            source = f"feed:{entry['file'].split('-')[-1].split('.')[0]}"
            rows += [Row(text, entry["language"], source, OUT_OF_SCOPE, "feed") for text in texts[::step]]
    return rows


_TITLES = {"title", "name", "model", "productname", "product_name", "nazwa", "nome", "urunadi", "baslik"}
_DESCRIPTIONS = {"description", "descrizione", "desc", "aciklama", "detay"}
_DECLARATION = re.compile(r"^.*?<\?xml[^>]*\?>", re.DOTALL)
_OFFERS = {"offer", "item", "entry", "product", "shopitem", "urun", "o", "offerta", "listing", "post"}


def _feed_texts(path: Path, encoding: str) -> Iterator[Text]:
    """Title and description of the repeated elements of a feed, as far as it can be read."""
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = _DECLARATION.sub("", body.decode(encoding.split()[0], errors="replace"))
    parser = etree.XMLParser(encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(text[text.find("<") :].encode(), parser) if "<" in text else None
    if root is None:
        return
    for offer in root.iter(etree.Element):
        if _local(offer) in _OFFERS and len(offer):
            fields = {
                _local(child): "".join(map(str, child.itertext())).strip()
                for child in offer
                if isinstance(child.tag, str)
            }
            title = next((fields[name] for name in fields if name in _TITLES and fields[name]), "")
            description = next((fields[name] for name in fields if name in _DESCRIPTIONS), "")
            if title:
                yield Text(title, description[:1000])


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname.lower()
