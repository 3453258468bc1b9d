"""Mapping files and taxonomies for the tests of this folder."""

from pathlib import Path

from udfs.rules.taxonomy import Taxonomy

PROJECT = Path(__file__).resolve().parents[3]
TAXONOMY = Taxonomy.read(PROJECT / "mappings" / "taxonomy.xml")

WRITTEN = 'date="2026-11-21" by="AK"'


def mapping_file(folder: Path, *rules: str, attributes: str = 'retailer="shop"') -> Path:
    """A file whose first rule is in line 2; `%` in a rule stands for date and initials."""
    path = folder / "shop" / "categories.xml"
    path.parent.mkdir(exist_ok=True)
    lines = [f"<mapping {attributes}>", *(rule.replace("%", WRITTEN) for rule in rules), "</mapping>"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
