# cython: language_level=3, boundscheck=True, wraparound=False
"""What offers say, straight from the bytes of a block, compiled: no tree is built where markup is plain.

Plain means: well formed, no processing instruction, no namespace declared inside an offer, no HTML standing as elements
in a text. Whatever else comes, `Shredder.read` gives the block up, and lxml reads it; where it does not, the columns
are those that `udfs.feeds.markup.walk.Walk` makes of lxml's tree.

No loop leaves the block: CPython ends every `bytes` with a NUL, which is no part of a name, a text or a value, and
nothing looks behind a byte that it has not seen to be another.
"""

import re

from cpython.dict cimport PyDict_GetItemWithError
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_DecodeUTF8, PyUnicode_FromOrdinal
from libc.string cimport memchr, memcmp, memcpy, strncmp

from udfs.feeds.markup.plan import MAX_KNOWN_NAMES, MarkupText, NamedTexts, Plan

LETTERS = r"A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u3001-\uD7FF"
"""What may begin a name (https://www.w3.org/TR/xml/#NT-NameStartChar), but for punctuation and rare scripts."""
NAME = re.compile(f"(?:[{LETTERS}][{LETTERS}0-9.-]*:)?[{LETTERS}][{LETTERS}0-9.-]*")
NO_CHARACTERS = b"\xef\xbf\xbe", b"\xef\xbf\xbf"
"""U+FFFE and U+FFFF."""

cdef enum:
    MAX_DEPTH = 60
    MAX_ATTRIBUTES = 16
    MAX_DIGITS = 8
    LONG_TEXT = 32  # bytes: shorter ones are quicker read byte by byte
    MAX_WORD_BYTES = 24  # longer texts seldom come again
    KNOWN_WORDS = 1024  # at a time: more than there are tags, few enough for the processor's cache
    # what a byte may be
    NAME_START = 1
    IN_NAME = 2
    SPACE = 4
    ENDS_TEXT = 8
    ENDS_VALUE = 16

# of the hash that places known words, http://www.isthe.com/chongo/tech/comp/fnv/
cdef unsigned int FNV_OFFSET = 2166136261
cdef unsigned int FNV_PRIME = 16777619

cdef unsigned char[256] KINDS

cdef struct Reference:
    const char* name
    int length
    Py_UCS4 meant

cdef Reference[5] REFERENCES = [
    Reference("lt;", 3, c"<"),
    Reference("gt;", 3, c">"),
    Reference("amp;", 4, c"&"),
    Reference("quot;", 5, c'"'),
    Reference("apos;", 5, c"'"),
]


cdef void _fill_kinds():
    cdef int byte
    for byte in range(256):
        KINDS[byte] = NAME_START | IN_NAME if byte >= 0x80 else 0  # such a name is looked at once more
        if byte < 0x20:
            KINDS[byte] |= ENDS_VALUE
        if byte < 0x20 and byte != c"\t" and byte != c"\n":
            KINDS[byte] |= ENDS_TEXT
        if c"a" <= byte <= c"z" or c"A" <= byte <= c"Z" or byte == c"_":
            KINDS[byte] |= NAME_START | IN_NAME
        if c"0" <= byte <= c"9" or byte == c"-" or byte == c"." or byte == c":":
            KINDS[byte] |= IN_NAME
    for byte in b" \t\n\r":
        KINDS[byte] |= SPACE
    for byte in b"<&]":
        KINDS[byte] |= ENDS_TEXT
    for byte in b"<&\"'":
        KINDS[byte] |= ENDS_VALUE


_fill_kinds()


class Unfit(Exception):
    """Markup that is not plain: lxml's to read, or to refuse."""


cdef class Shredder:
    """Reads blocks of offers into the columns of one plan, see `udfs.feeds.markup.plan`."""

    cdef bytes _block
    cdef const unsigned char* _data
    cdef Py_ssize_t _size, _at, _place
    cdef list _tags, _words
    cdef dict _offer
    cdef object _names
    cdef set _known_names
    cdef str _name

    def __init__(self, str offer_tag, plan, names):
        """`plan` has to know names as they are written; `names`: the prefixes that the feed declares."""
        self._offer = {offer_tag: plan}
        self._names = names
        self._known_names = set()
        self._tags, self._words = [""] * KNOWN_WORDS, [""] * KNOWN_WORDS

    def read(self, bytes block, line):
        """Put what the block's offers say into the columns, in turn; the lines of their start tags, and of the end.

        The block begins in `line`. None where the block is not plain: the columns hold leftovers then.
        """
        cdef list lines = []
        cdef Py_ssize_t counted = 0
        try:
            block.decode()
            if not block.isascii() and any(one in block for one in NO_CHARACTERS):
                return None
            self._block, self._data, self._size, self._at, self._place = block, block, len(block), 0, 0
            self._pass_spaces()
            while self._at < len(block):
                line += self._line_feeds(counted, self._at)
                counted = self._at
                lines.append(line)
                self._read_element(self._offer, 0)
                self._place += 1
                self._pass_spaces()
        except (Unfit, LookupError, UnicodeDecodeError):
            return None
        lines.append(line + self._line_feeds(counted, self._size))
        return lines

    # -- elements ----------------------------------------------------------------------------------------------------

    cdef int _read_element(self, by_tag, int depth) except -1:
        """From a start tag's `<` to behind the end tag."""
        cdef Py_ssize_t start, end
        cdef bint is_markup = False
        cdef object column = None, attributes = None, children = None, todo = None, kind
        if depth > MAX_DEPTH:
            raise Unfit
        self._expect(c"<")
        start = self._at
        end = self._pass_name()
        if by_tag is not None:
            todo = _of(by_tag, self._word(self._tags, start, end))
        else:
            self._check_prefix(self._word(self._tags, start, end))
        kind = type(todo)
        if kind is list:
            column = todo
        elif kind is MarkupText:
            column, is_markup = todo.column, True
        elif kind is Plan:
            if todo.is_collected:
                raise Unfit
            if todo.names is not None:
                return self._read_pair(todo, start, end, depth)
            column, is_markup, attributes, children = todo.column, todo.keeps_markup, todo.attributes, todo.children
        elif kind is NamedTexts:
            return self._read_named(todo, start, end, depth)
        if self._data[end] == c">":
            self._at += 1
        elif self._read_attributes(attributes, None):
            return 0
        self._read_content(column, is_markup, children, depth)
        self._pass_end_tag(start, end)
        return 0

    cdef int _read_named(self, todo, Py_ssize_t start, Py_ssize_t end, int depth) except -1:
        """The rest of `<param name="Colour">red</param>`, from behind its tag's name."""
        cdef bint is_empty
        self._name = None
        is_empty = self._read_attributes(None, todo.attribute)
        if not self._name:
            raise Unfit
        if not is_empty:
            self._read_content(_of(todo.by_name, self._name), False, None, depth)
            self._pass_end_tag(start, end)
        return 0

    cdef int _read_pair(self, todo, Py_ssize_t start, Py_ssize_t end, int depth) except -1:
        """The rest of `<param><name>Colour</name><value>red</value></param>`, from behind its tag's name."""
        cdef Py_ssize_t place = self._place
        if todo.pair is None:
            raise Unfit
        if self._read_attributes(None, None):
            return 0
        self._place = 0
        try:
            self._read_content(None, False, todo.pair.parts, depth)
        finally:
            name, value = todo.pair.take()
        self._place = place
        self._pass_end_tag(start, end)
        if type(name) is list:
            raise Unfit
        column = _of(todo.names, name) if name else None
        if column is not None:
            for text in value if type(value) is list else [value]:
                _put(column, place, todo.meaning_of.get(text, text))
        return 0

    cdef int _read_content(self, column, bint is_markup, children, int depth) except -1:
        """Up to the element's end tag."""
        text = self._read_text(column is not None)
        if column is not None:
            _put(column, self._place, text)
        while self._data[self._at + 1] != c"/":
            if is_markup:
                raise Unfit
            self._read_element(children, depth + 1)
            if self._data[self._at] != c"<" or self._data[self._at + 1] == c"!":
                self._read_text(False)
        return 0

    cdef int _pass_end_tag(self, Py_ssize_t start, Py_ssize_t end) except -1:
        """Behind the end tag of the element whose name stands from `start` to `end`."""
        self._at += 2
        if len(self._block) - self._at < end - start or memcmp(self._data + self._at, self._data + start, end - start):
            raise Unfit
        self._at += end - start
        self._pass_spaces()
        return self._expect(c">")

    # -- attributes --------------------------------------------------------------------------------------------------

    cdef bint _read_attributes(self, by_name, str wanted) except -1:
        """From behind a tag's name to behind the tag; whether it was `<a/>`. `_name` becomes the wanted one's value."""
        cdef Py_ssize_t before
        cdef list seen = None
        cdef str name
        cdef bint has_prefix = False
        while True:
            before = self._at
            self._pass_spaces()
            if self._data[self._at] == c">":
                self._at += 1
                return False
            if self._data[self._at] == c"/":
                self._at += 1
                self._expect(c">")
                return True
            if self._at == before:
                raise Unfit
            name = self._read_attribute_name()
            if ":" in name:
                if has_prefix:
                    raise Unfit
                self._check_prefix(name)
                has_prefix = True
            if seen is None:
                seen = [name]
            elif name in seen or len(seen) == MAX_ATTRIBUTES:
                raise Unfit
            else:
                seen.append(name)
            column = None if by_name is None else _of(by_name, name)
            value = self._read_value(column is not None or name == wanted)
            if name == wanted:
                self._name = value
            if column is not None:
                _put(column, self._place, value)

    cdef str _read_attribute_name(self):
        """The name of an attribute that declares no namespace."""
        cdef Py_ssize_t start = self._at
        cdef Py_ssize_t end = self._pass_name()
        if not strncmp(<const char*>self._data + start, b"xmlns", 5):
            raise Unfit
        return self._word(self._tags, start, end)

    cdef object _read_value(self, bint is_wanted):
        """From behind an attribute's name to behind its value."""
        cdef const unsigned char* data = self._data
        cdef unsigned char quote
        cdef Py_ssize_t start, at
        cdef bint is_plain = True
        cdef Py_UCS4 meant
        self._pass_spaces()
        self._expect(c"=")
        self._pass_spaces()
        quote = data[self._at]
        if quote != c'"' and quote != c"'":
            raise Unfit
        start = at = self._at + 1
        while True:
            while not KINDS[data[at]] & ENDS_VALUE:
                at += 1
            if data[at] == quote:
                break
            if data[at] == c"&":
                at = self._pass_reference(at, &meant)
                is_plain = False
            elif KINDS[data[at]] & SPACE:
                at += 1
                is_plain = False
            elif data[at] == c'"' or data[at] == c"'":
                at += 1
            else:
                raise Unfit
        self._at = at + 1
        if not is_wanted:
            return None
        return self._decoded(start, at) if is_plain else self._resolved(start, at, c" ")

    # -- texts -------------------------------------------------------------------------------------------------------

    cdef object _read_text(self, bint is_wanted):
        """The text up to the next tag; None where it is not wanted."""
        cdef const unsigned char* data = self._data
        cdef Py_ssize_t start = self._at, at = self._plain_end(start)
        cdef bint is_plain = True
        cdef Py_UCS4 meant
        cdef list parts = None
        while True:
            while not KINDS[data[at]] & ENDS_TEXT:
                at += 1
            if data[at] == c"<":
                if data[at + 1] != c"!":
                    break
                if is_wanted:
                    parts = parts or []
                    if at > start:
                        parts.append(self._text(start, at, is_plain))
                start = at = self._pass_section(at, parts)
                is_plain = True
            elif data[at] == c"&":
                at = self._pass_reference(at, &meant)
                is_plain = False
            elif data[at] == c"]":
                if data[at + 1] == c"]" and data[at + 2] == c">":
                    raise Unfit
                at += 1
            elif data[at] == c"\r":
                at += 1
                is_plain = False
            else:
                raise Unfit
        self._at = at
        if not is_wanted:
            return None
        if parts is None:
            return self._text(start, at, is_plain)
        if at > start:
            parts.append(self._text(start, at, is_plain))
        return "".join(parts)

    cdef Py_ssize_t _plain_end(self, Py_ssize_t at) noexcept:
        """Behind bytes that need no look: up to the first that does, of a long text all or only its beginning."""
        cdef const unsigned char* data = self._data
        cdef const unsigned char* end
        cdef unsigned char needs_look = 0, byte
        cdef Py_ssize_t place
        for place in range(LONG_TEXT):
            if KINDS[data[at]] & ENDS_TEXT:
                return at
            at += 1
        end = <const unsigned char*>memchr(data + at, c"<", self._size - at)
        if end is NULL:
            return at
        for place in range(at, end - data):  # asked at once
            byte = data[place]
            needs_look |= ((byte < 0x20) & (byte != c"\t") & (byte != c"\n")) | (byte == c"&") | (byte == c"]")
        return at if needs_look else end - data

    cdef str _text(self, Py_ssize_t start, Py_ssize_t end, bint is_plain):
        return self._decoded(start, end) if is_plain else self._resolved(start, end, c"\n")

    cdef Py_ssize_t _pass_section(self, Py_ssize_t start, list parts) except -1:
        """Behind a CDATA section, whose text becomes a part where `parts` are wanted, or behind a comment."""
        cdef Py_ssize_t end
        if self._block.startswith(b"<!--", start):
            return self._pass_comment(start + 4)
        if not self._block.startswith(b"<![CDATA[", start):
            raise Unfit
        start += 9
        end = self._section_end(start)
        self._check_characters(start, end)
        if parts is not None:
            text = self._decoded(start, end)
            parts.append(text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text)
        return end + 3

    cdef Py_ssize_t _section_end(self, Py_ssize_t at) except -1:
        cdef const unsigned char* found
        while True:
            found = <const unsigned char*>memchr(self._data + at, c"]", self._size - at)
            if found is NULL:
                raise Unfit
            if found[1] == c"]" and found[2] == c">":
                return found - self._data
            at = found - self._data + 1

    cdef Py_ssize_t _pass_comment(self, Py_ssize_t start) except -1:
        cdef Py_ssize_t end = self._block.find(b"--", start)
        if end < 0 or self._data[end + 2] != c">":
            raise Unfit
        self._check_characters(start, end)
        return end + 3

    cdef int _check_characters(self, Py_ssize_t at, Py_ssize_t end) except -1:
        """Every control character is one that XML has: all bytes are asked at once."""
        cdef const unsigned char* data = self._data
        cdef unsigned char is_other = 0, byte
        cdef Py_ssize_t place
        for place in range(at, end):
            byte = data[place]
            is_other |= (byte < 0x20) & (byte != c"\t") & (byte != c"\n") & (byte != c"\r")
        if is_other:
            raise Unfit
        return 0

    # -- what stands for other characters ---------------------------------------------------------------------------

    cdef str _resolved(self, Py_ssize_t start, Py_ssize_t end, unsigned char white):
        """A stretch with its references read and its line ends `white`; in a value (a space) tabs and breaks too."""
        cdef const unsigned char* data = self._data
        cdef char* written = <char*>PyMem_Malloc(end - start)  # a reference is longer than what it stands for
        cdef Py_ssize_t size = 0
        cdef Py_UCS4 meant
        if written is NULL:
            raise MemoryError
        try:
            while start < end:
                if data[start] == c"&":
                    start = self._pass_reference(start, &meant)
                    size += _put_character(written + size, meant)
                elif data[start] == c"\r" or (data[start] < 0x20 and white == c" "):
                    start += 2 if data[start] == c"\r" and start + 1 < end and data[start + 1] == c"\n" else 1
                    written[size] = white
                    size += 1
                else:
                    written[size] = data[start]
                    start += 1
                    size += 1
            return PyUnicode_DecodeUTF8(written, size, NULL)
        finally:
            PyMem_Free(written)

    cdef Py_ssize_t _pass_reference(self, Py_ssize_t at, Py_UCS4* meant) except -1:
        """Behind a reference that every XML has, or to a character by its number."""
        cdef const char* name = <const char*>self._data + at + 1
        if name[0] == c"#":
            return self._pass_numbered(at + 2, meant)
        for known in REFERENCES:
            if not strncmp(name, known.name, known.length):
                meant[0] = known.meant
                return at + 1 + known.length
        raise Unfit

    cdef Py_ssize_t _pass_numbered(self, Py_ssize_t at, Py_UCS4* meant) except -1:
        """The rest of `&#233;` or `&#xE9;`, from behind its number sign."""
        cdef const unsigned char* data = self._data
        cdef int base = 16 if data[at] == c"x" else 10, digit
        cdef long code = 0
        cdef Py_ssize_t first
        if base == 16:
            at += 1
        first = at
        while data[at] != c";":
            digit = _digit(data[at])
            if digit >= base or at - first == MAX_DIGITS:
                raise Unfit
            code = code * base + digit
            at += 1
        if at == first or not _is_character(code):
            raise Unfit
        meant[0] = <Py_UCS4>code
        return at + 1

    # -- bytes -------------------------------------------------------------------------------------------------------

    cdef Py_ssize_t _pass_name(self) except -1:
        """Behind a name with one prefix at most; that place."""
        cdef const unsigned char* data = self._data
        cdef Py_ssize_t at = self._at, colon = -1
        cdef bint is_ascii = True
        if not KINDS[data[at]] & NAME_START:
            raise Unfit
        while KINDS[data[at]] & IN_NAME:
            if data[at] == c":":
                if colon >= 0 or not KINDS[data[at + 1]] & NAME_START:
                    raise Unfit
                colon = at
            elif data[at] >= 0x80:
                is_ascii = False
            at += 1
        if not is_ascii:
            self._check_name(self._word(self._tags, self._at, at))
        self._at = at
        return at

    cdef int _check_name(self, str name) except -1:
        """A name outside ASCII has letters alone; each is looked at once."""
        if name not in self._known_names:
            if NAME.fullmatch(name) is None:
                raise Unfit
            if len(self._known_names) < MAX_KNOWN_NAMES:
                self._known_names.add(name)
        return 0

    cdef int _check_prefix(self, str name) except -1:
        prefix, colon, _ = name.partition(":")
        if colon and prefix not in self._names:
            raise Unfit
        return 0

    cdef void _pass_spaces(self):
        while KINDS[self._data[self._at]] & SPACE:
            self._at += 1

    cdef int _expect(self, unsigned char byte) except -1:
        if self._data[self._at] != byte:
            raise Unfit
        self._at += 1
        return 0

    cdef Py_ssize_t _line_feeds(self, Py_ssize_t at, Py_ssize_t end) noexcept:
        cdef const unsigned char* found
        cdef Py_ssize_t count = 0
        while True:
            found = <const unsigned char*>memchr(self._data + at, c"\n", end - at)
            if found is NULL:
                return count
            count += 1
            at = found - self._data + 1

    cdef str _decoded(self, Py_ssize_t start, Py_ssize_t end):
        if end - start <= MAX_WORD_BYTES:
            return self._word(self._words, start, end)
        return PyUnicode_DecodeUTF8(<const char*>self._data + start, end - start, NULL)

    cdef str _word(self, list known_words, Py_ssize_t start, Py_ssize_t end):
        """What was read before is given once more: names, brands, sizes and prices come again and again."""
        cdef const char* written = <const char*>self._data + start
        cdef const char* known
        cdef Py_ssize_t at, size
        cdef unsigned int place = FNV_OFFSET
        for at in range(start, end):
            place = (place ^ self._data[at]) * FNV_PRIME
        place = (place ^ place >> 16) % KNOWN_WORDS
        word = <str>known_words[place]
        known = PyUnicode_AsUTF8AndSize(word, &size)
        if size != end - start or memcmp(known, written, size):
            word = known_words[place] = PyUnicode_DecodeUTF8(written, end - start, NULL)
        return word


cdef object _of(by_name, key):
    """What a dictionary of `udfs.feeds.markup.plan` answers: asked as C does, where Python would ask the class first."""
    cdef PyObject* found = PyDict_GetItemWithError(by_name, key)
    return by_name[key] if found is NULL else <object>found


cdef int _put(list column, Py_ssize_t place, str text) except -1:
    """Add a text without the white space around it; one that is nothing else is nothing."""
    if not text:
        return 0
    if not (0x20 < text[0] < 0x7F and 0x20 < text[len(text) - 1] < 0x7F):  # elsewhere there may be spaces
        text = text.strip()
        if not text:
            return 0
    held = column[place]
    if held is None:
        column[place] = text
    elif type(held) is list:
        (<list>held).append(text)
    else:
        column[place] = [held, text]
    return 0


cdef Py_ssize_t _put_character(char* written, Py_UCS4 meant) except -1:
    """Bytes of a character in UTF-8, which are put where `written` points to."""
    cdef Py_ssize_t size
    cdef const char* encoded
    if meant < 0x80:
        written[0] = <char>meant
        return 1
    character = PyUnicode_FromOrdinal(<long>meant)
    encoded = PyUnicode_AsUTF8AndSize(character, &size)
    memcpy(written, encoded, size)
    return size


cdef int _digit(unsigned char byte):
    """What a digit of any base up to 16 counts; more than that for any other byte."""
    if c"0" <= byte <= c"9":
        return byte - c"0"
    if c"a" <= byte <= c"f":
        return byte - c"a" + 10
    if c"A" <= byte <= c"F":
        return byte - c"A" + 10
    return 16


cdef bint _is_character(long code):
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
