"""Tables of text as xlsx, and back. Only what a sheet of text needs: no formula, no style, no link."""

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

from lxml import etree

from schemas.errors import WrongInput

MAX_PART_BYTES = 64_000_000
"""Of one file in the archive, unpacked."""

MAX_COLUMNS = 50
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FRAME = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="'
    f'application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="'
    f'{_TYPE}.sheet.main+xml"/><Override PartName="/{SHEET}" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/'
    'officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="categories" sheetId="1" '
    'r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def written(rows: Sequence[Sequence[str]]) -> bytes:
    """One sheet in which every cell is text, so that none is a formula."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = (
            f'<c r="{name_of(at)}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(_NOT_XML.sub("", cell))}'
            "</t></is></c>"
            for at, cell in enumerate(row)
            if cell
        )
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in {**_FRAME, SHEET: sheet}.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{body}')
    return out.getvalue()


def read(file: Path, body: bytes) -> list[list[str]]:
    """The rows of the first sheet. Raises WrongInput for what is no workbook, and for a formula, by its cell."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            names = set(archive.namelist())
            strings = _strings(_part(file, archive, STRINGS)) if STRINGS in names else []
            sheet = _part(file, archive, SHEET)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise WrongInput(file, None, f"is no workbook that can be read ({error}); save it as xlsx again") from None
    except etree.XMLSyntaxError as error:
        raise WrongInput(file, None, f"a part of the workbook is not well-formed XML ({error})") from None
    rows: list[list[str]] = []
    formulas = []
    for row in sheet.iter(f"{{{_MAIN}}}row"):
        number = row.get("r", "")
        at = int(number[:8]) if number.isdecimal() else len(rows) + 1
        if at - len(rows) > 100_000:
            raise WrongInput(file, None, f"A{at}: lies too far below the others")
        rows += [[] for _ in range(at - len(rows))]
        for cell in row.iter(f"{{{_MAIN}}}c"):
            place = _column(cell.get("r", ""), len(rows[at - 1]))
            if place >= MAX_COLUMNS:
                continue
            if cell.find(f"{{{_MAIN}}}f") is not None:
                formulas.append(f"{name_of(place)}{at}")
            mine = rows[at - 1]
            mine += [""] * (place + 1 - len(mine))
            mine[place] = _text(file, cell, strings, f"{name_of(place)}{at}")
    if formulas:
        raise WrongInput(file, None, f"{', '.join(formulas[:20])}: holds a formula; paste its value in its place")
    return rows


def name_of(column: int) -> str:
    """A column as spreadsheets name it; only the first 702 have such a name."""
    return (chr(ord("A") + column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)


def _part(file: Path, archive: zipfile.ZipFile, name: str) -> etree._Element:
    with archive.open(name) as part:
        body = part.read(MAX_PART_BYTES + 1)
    if len(body) > MAX_PART_BYTES:
        raise WrongInput(file, None, f"{name} is larger than {MAX_PART_BYTES:,} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(body, parser)
    if b"<!DOCTYPE" in body:
        raise WrongInput(file, None, f"{name} declares a document type, which no spreadsheet writes")
    return root


def _strings(root: etree._Element) -> list[str]:
    return [_said(item) for item in root.iter(f"{{{_MAIN}}}si")]


def _said(element: etree._Element) -> str:
    """The text of an element's runs; how it is pronounced is left out."""
    texts = element.iter(f"{{{_MAIN}}}t")
    return "".join(text.text or "" for text in texts if next(text.iterancestors(f"{{{_MAIN}}}rPh"), None) is None)


def _text(file: Path, cell: etree._Element, strings: Sequence[str], name: str) -> str:
    kind, value = cell.get("t"), cell.findtext(f"{{{_MAIN}}}v") or ""
    if kind == "inlineStr":
        return _said(cell)
    if kind != "s":
        return value
    if not value.isdecimal() or int(value[:9]) >= len(strings):
        raise WrongInput(file, None, f"{name}: names a text that the workbook does not hold")
    return strings[int(value[:9])]


def _column(reference: str, following: int) -> int:
    letters = re.match("[A-Z]{1,3}", reference)
    if letters is None:
        return following
    place = 0
    for letter in letters[0]:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1
