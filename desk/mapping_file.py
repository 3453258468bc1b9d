"""Adds rules to a mapping file: what is there stays as it is, byte for byte, and nothing is written unchecked."""

import codecs
import fcntl
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from xml.sax.saxutils import quoteattr

from desk.edits import ChangedMeanwhile, Decision, write_durably
from schemas.errors import WrongInput
from schemas.retailer import MAPPING_FILE
from schemas.xml_files import raise_errors, read_xml
from udfs.rules import mapping
from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import normalise, written

LONGEST = 1_000
"""Characters of an attribute (`schemas/mapping.xsd`)."""

_NOT_XML = re.compile("[\ufffe\uffff]")
_RULE = re.compile(
    r"<!--.*?-->|<\?.*?\?>"
    r"|(?P<element><(?P<tag>rule|ignore)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(?:/>|>\s*</(?P=tag)\s*>))",
    re.DOTALL,
)
"""A rule, or what may look like one and is none: a comment or an instruction."""

_ATTRIBUTE = re.compile(r"(?P<name>[\w:.-]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_AFTER = r"(?:\s|<!--(?:(?!--).)*-->|<\?.*?\?>)*\Z"
_ROOT_END = re.compile(r"</mapping\s*>" + _AFTER, re.DOTALL)
_EMPTY_ROOT = re.compile(r"(?P<tag><mapping\b(?:[^>\"'/]|\"[^\"]*\"|'[^']*')*)(?P<close>/>)" + _AFTER, re.DOTALL)


@dataclass(frozen=True)
class MappingText:
    """A mapping file as it was read; `body` is None where there is none yet."""

    path: Path
    body: bytes | None

    @classmethod
    def read(cls, folder: Path) -> "MappingText":
        path = folder / MAPPING_FILE
        try:
            return cls(path, path.read_bytes())
        except FileNotFoundError:
            return cls(path, None)

    @property
    def digest(self) -> str:
        return "none" if self.body is None else hashlib.sha256(self.body).hexdigest()

    def with_rules(self, lines: Sequence[str], taxonomy: Taxonomy) -> bytes:
        """The file with rules added at its end. Raises WrongInput if the file is not XML."""
        if self.body is None:
            head = f'<mapping retailer="{self.path.parent.name}" taxonomy="{taxonomy.version}">'
            return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *(f"  {line}" for line in lines),
                              "</mapping>", ""]).encode()  # fmt: skip
        text, encoding = _decoded(self.path, self.body)
        newline = "\r\n" if "\r\n" in text else "\n"
        indent = _indent_of(text)
        added = "".join(f"{indent}{line}{newline}" for line in lines)
        if empty := _EMPTY_ROOT.search(text):
            place = empty.end("tag")
            text = f"{text[:place].rstrip()}>{newline}{added}</mapping>{text[empty.end('close') :]}"
        else:
            end = _ROOT_END.search(text)
            if end is None:
                raise WrongInput(self.path, None, "the end of <mapping> was not found; to act: the data engineer")
            before = text[: end.start()].rstrip(" \t")
            lead = "" if before.endswith("\n") else newline
            text = before + lead + added + text[len(before) :]
        return text.encode(encoding, "xmlcharrefreplace")

    def without(self, number: int) -> bytes:
        """The file without one of its rules, counted from 0; a line that held nothing else goes too."""
        text, encoding, found = self._found(number)
        start, end = found.span("element")
        line, rest = text.rfind("\n", 0, start) + 1, text.find("\n", end) + 1
        if rest and not text[line:start].strip() and not text[end:rest].strip():
            start, end = line, rest
        return (text[:start] + text[end:]).encode(encoding)

    def with_new(self, number: int, said: Mapping[str, str], by: str, on: date) -> bytes:
        """The file with another `to` in one of its rules, or another `because`; only that, date and initials change."""
        text, encoding, found = self._found(number)
        if said.keys() != {"to" if found["tag"] == "rule" else "because"}:
            raise WrongInput(self.path, None, "an <ignore> names no category: delete it, then decide on the category")
        new = {name: _plain(value)[:LONGEST] for name, value in said.items()} | {"date": on.isoformat(), "by": by}

        def changed(attribute: re.Match[str]) -> str:
            name = attribute["name"]
            return f"{name}={quoteattr(new[name])}" if name in new else attribute[0]

        element = _ATTRIBUTE.sub(changed, found["element"])
        return (text[: found.start()] + element + text[found.end() :]).encode(encoding, "xmlcharrefreplace")

    def _found(self, number: int) -> tuple[str, str, re.Match[str]]:
        """The text, its encoding, and where a rule stands. Raises WrongInput if the file holds fewer."""
        text, encoding = _decoded(self.path, self.body or b"")
        rules = [found for found in _RULE.finditer(text) if found["element"]]
        if not 0 <= number < len(rules):
            raise WrongInput(self.path, None, "the file has no such rule any more; load it again")
        return text, encoding, rules[number]


def rule_of(decision: Decision, by: str, on: date) -> str:
    """A decision as a line of the mapping file. Raises WrongInput where no rule can name the category."""
    which = dict(_place_of(decision))
    for name in ("title", "gender"):
        value = getattr(decision, name)
        if value is not None:
            which[name] = value
    tag, what = ("rule", "to") if decision.to is not None else ("ignore", "because")
    which[what] = str(getattr(decision, what))
    which |= {"date": on.isoformat(), "by": by}
    if decision.note:
        which["note"] = decision.note
    said = " ".join(f"{name}={quoteattr(_plain(value)[:LONGEST])}" for name, value in which.items())
    return f"<{tag} {said}/>"


def _place_of(decision: Decision) -> Iterator[tuple[str, str]]:
    path = _plain(written(decision.path))
    if decision.path and len(path) <= LONGEST and all(normalise(name) for name in decision.path):
        yield "path", path
    elif decision.ids and decision.ids[-1] and len(decision.ids[-1]) <= LONGEST:
        yield "id", decision.ids[-1]
    else:
        text = "the category has neither a path that a rule can hold nor an id; to act: the data engineer (the feed)"
        raise WrongInput("mapping desk", None, f"{written(decision.path)[:100]}: {text}")


def _plain(text: str) -> str:
    """One line without control characters: comparing drops them, and XML cannot hold them."""
    kept = "".join(c if unicodedata.category(c) not in ("Cc", "Cf") else "" for c in " ".join(text.split()))
    return _NOT_XML.sub("?", kept)


def save(read: MappingText, body: bytes, taxonomy: Taxonomy) -> MappingText:
    """Writes the new file if it is right and nobody wrote the old one meanwhile.

    Raises WrongInput with the line of a mistake, and ChangedMeanwhile; the file then stays as it is.
    """
    read_in(read.path, read.path.parent.name, body, taxonomy)
    target = read.path.resolve()
    with locked(target.parent):
        if MappingText.read(read.path.parent).digest != read.digest:
            raise ChangedMeanwhile(
                f"{read.path}: somebody saved this file since it was read; nothing was written, and your decisions "
                "are kept; to act: the analyst (load the file again and look at what differs)"
            )
        mode = target.stat().st_mode & 0o777 if target.exists() else None
        write_durably(target, body)
        if mode is not None:
            target.chmod(mode)
    return MappingText(read.path, body)


def read_as(path: Path, taxonomy: Taxonomy) -> mapping.Mapping:
    """A mapping file that lies anywhere, as if it were in its retailer's folder. Raises WrongInput with its line."""
    root, problems = read_xml(path, "mapping.xsd")
    raise_errors(path, problems)
    return read_in(path, root.get("retailer", ""), path.read_bytes(), taxonomy)


def read_in(path: Path, folder: str, body: bytes, taxonomy: Taxonomy) -> mapping.Mapping:
    """What a mapping file of a retailer's folder would be with these bytes; mistakes are told as of `path`."""
    with tempfile.TemporaryDirectory(prefix="selvedge-desk-") as place:
        copy = Path(place) / folder / MAPPING_FILE
        copy.parent.mkdir()
        copy.write_bytes(body)
        try:
            return mapping.Mapping.read(copy, taxonomy)
        except WrongInput as error:
            raise WrongInput(path, error.line, error.text) from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other desks on this machine out while a file is compared and replaced."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _decoded(path: Path, body: bytes) -> tuple[str, str]:
    """The text of a well-formed file and its encoding; encoding it again gives the same bytes."""
    root, _ = read_xml(path, "mapping.xsd")
    encoding = root.getroottree().docinfo.encoding or "utf-8"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16-le" if body.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    try:
        text = body.decode(encoding)
        if text.encode(encoding) == body:
            return text, encoding
    except (LookupError, UnicodeDecodeError):
        pass
    raise WrongInput(path, None, f"its encoding ({encoding}) cannot be written back unchanged; save the file as UTF-8")


def _indent_of(text: str) -> str:
    found = re.findall(r"^([ \t]*)<(?:rule|ignore)\b", text, re.MULTILINE)
    return found[-1] if found else "  "
