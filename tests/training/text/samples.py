"""A small folder of labelled texts, made up, in the form of the real ones."""

from pathlib import Path

COLOURS = ("red", "blue", "green", "black", "white", "pink", "grey", "navy", "olive", "sand")
CUTS = ("slim", "wide", "long", "short", "soft", "light")
GOODS = {"dress": "Dress", "shirt": "Shirt", "out_of_scope": "Toner cartridge"}
RUSSIAN = {"dress": "Платье", "shirt": "Рубашка", "out_of_scope": "Картридж"}


def write_samples(folder: Path) -> Path:
    """Four English and two Russian shops, a catalogue of ten brands, leaves, and one ambiguous category."""
    folder.mkdir(parents=True, exist_ok=True)
    english = [
        (f"shop{shop}", f"{colour} {cut} {GOODS[leaf]}", "women" if leaf == "dress" else "", leaf)
        for shop in range(4)
        for colour in COLOURS
        for cut in CUTS
        for leaf in GOODS
    ]
    russian = [
        (f"лавка{shop}", f"{RUSSIAN[leaf]} {colour} {shop}{cut}", "", leaf)
        for shop in range(2)
        for colour in COLOURS
        for cut in CUTS
        for leaf in RUSSIAN
    ]
    _titles(folder / "en.tsv", [*english, ("shop0", "Gift", "", "unclear")])
    _titles(folder / "ru.tsv", russian)
    labels = ["source\tcategory\tcount\tleaf\tbasis"]
    for source in sorted({row[0] for row in english + russian}):
        labels += [f"{source}\t{leaf}\t1\t{leaf}\tstated" for leaf in GOODS]
    labels.append("shop0\tunclear\t1\tambiguous\tstated")
    _write(folder / "labels.tsv", labels)
    _write(folder / "leaves.tsv", ["leaf\tparent", "dress\tdress", "shirt\ttop", "out_of_scope\tout_of_scope"])
    styles = ["id,gender,masterCategory,subCategory,articleType,productDisplayName,brand"]
    for brand in range(10):
        for number, colour in enumerate(COLOURS):
            kind, word = (("Shirts", "Shirt"), ("Dresses", "Dress"))[number % 2]
            styles.append(f"{number},Women,Apparel,Topwear,{kind},Brand{brand} Women {colour} {word},Brand{brand}")
    _write(folder / "styles.csv", styles)
    return folder


def _titles(path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    lines = ["source\tid\ttitle\tdescription\tbrand\tgender\tcategory\tprice\tcurrency"]
    lines += [
        f"{source}\t{number}\t{title}\t\t\t{gender}\t{category}\t\t"
        for number, (source, title, gender, category) in enumerate(rows)
    ]
    _write(path, lines)


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
