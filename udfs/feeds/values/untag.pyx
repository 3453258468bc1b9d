# cython: language_level=3, boundscheck=True, wraparound=False
"""`udfs.feeds.values.html_tags` compiled: some descriptions hold a hundred tags, and every text is asked whether it is plain."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport (
    PyUnicode_1BYTE_KIND,
    PyUnicode_2BYTE_KIND,
    PyUnicode_DATA,
    PyUnicode_FromKindAndData,
    PyUnicode_KIND,
)

from libc.string cimport memchr, memcpy

from udfs.feeds.values.html_tags import INLINE

ctypedef unsigned char byte
ctypedef unsigned long long letters
ctypedef fused Character:
    byte
    unsigned short
    unsigned int

cdef enum:
    NO_TAG, IN_LINE, BETWEEN  # what stands between brackets
    WITHOUT_TAGS, SINGLE_SPACED  # what becomes of a text
    IS_PLAIN, HAS_SECTIONS  # what is asked of one
    MAX_INLINE = 64

cdef letters[MAX_INLINE] INLINE_NAMES
cdef int inline_count = 0
for name in INLINE:  # none has more than eight letters
    INLINE_NAMES[inline_count] = int.from_bytes(name.encode(), "big")
    inline_count += 1


def is_plain(str text not None):
    """Whether a text has no bracket that may begin a tag, no ampersand, and no white space but single spaces inside."""
    return _answer(text, IS_PLAIN)


def has_sections(str text not None):
    """Whether a text may hold a CDATA section, a comment, a script or a style."""
    return _answer(text, HAS_SECTIONS)


def without_tags(str text not None):
    """The text with nothing for each tag inside a line, and with a space for each other one."""
    return _rewritten(text, WITHOUT_TAGS)


def single_spaced(str text not None):
    """The text with a single space for each white space, and none around it."""
    return _rewritten(text, SINGLE_SPACED)


cdef bint _answer(str text, int question):
    cdef Py_ssize_t size = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef const void* data = PyUnicode_DATA(text)
    if kind == PyUnicode_1BYTE_KIND:
        return _ask(<const byte*>data, size, question)
    if kind == PyUnicode_2BYTE_KIND:
        return _ask(<const unsigned short*>data, size, question)
    return _ask(<const unsigned int*>data, size, question)


cdef bint _ask(const Character* text, Py_ssize_t size, int question) noexcept:
    return _is_plain(text, size) if question == IS_PLAIN else _has_sections(text, size)


cdef bint _is_plain(const Character* text, Py_ssize_t size) noexcept:
    cdef byte found = size > 0 and (text[0] == 0x20 or text[size - 1] == 0x20)
    cdef Character here
    cdef Py_ssize_t place
    for place in range(size):
        here = text[place]
        found |= (here == c"<") | (here == c"&")
        found |= (here == 0x20) & (text[place + 1] == 0x20)  # CPython ends a text with a NUL
        found |= (here != 0x20) & _is_space(here)
        if Character is not byte:  # bytes are quicker asked all at once
            if found:
                return False
    return not found


cdef inline byte _is_space(Character here) noexcept:
    """As `str.isspace` has it; for bytes without a branch, so that many are asked at once."""
    if Character is not byte:
        if 0x20 < here < 0x85 or 0xA0 < here < 0x1680:
            return False
        if here >= 0x1680:
            return here in (0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000) or 0x2000 <= here <= 0x200A
    return (0x09 <= here) & (here <= 0x0D) | (0x1C <= here) & (here <= 0x20) | (here == 0x85) | (here == 0xA0)


cdef bint _has_sections(const Character* text, Py_ssize_t size) noexcept:
    """Looked for is a bracket before `!`, or before the first letters of the two names in small or in capitals."""
    cdef Py_ssize_t place = _next_opening(text, 0, size)
    cdef Character first, second, third
    while place < size - 3:
        first, second, third = text[place + 1], text[place + 2] | 0x20, text[place + 3] | 0x20
        if first == c"!":
            return True
        if first | 0x20 == c"s" and (second == c"c" and third == c"r" or second == c"t" and third == c"y"):
            return True
        place = _next_opening(text, place + 1, size)
    return False


cdef inline Py_ssize_t _next_opening(const Character* text, Py_ssize_t place, Py_ssize_t size) noexcept:
    """The next opening bracket's place, `size` where there is none."""
    cdef const void* found
    if Character is byte:
        found = memchr(text + place, c"<", size - place)
        return size if found is NULL else <const byte*>found - text
    while place < size and text[place] != c"<":
        place += 1
    return place


cdef str _rewritten(str text, int what):
    """The text with fewer characters or as many: neither way makes it longer."""
    cdef Py_ssize_t size = len(text)
    cdef int kind = PyUnicode_KIND(text)  # a character's bytes
    cdef const void* data = PyUnicode_DATA(text)
    cdef void* written = PyMem_Malloc(size * kind + 1)
    if written is NULL:
        raise MemoryError
    try:
        if kind == PyUnicode_1BYTE_KIND:
            size = _rewrite(<const byte*>data, size, <byte*>written, what)
        elif kind == PyUnicode_2BYTE_KIND:
            size = _rewrite(<const unsigned short*>data, size, <unsigned short*>written, what)
        else:
            size = _rewrite(<const unsigned int*>data, size, <unsigned int*>written, what)
        return <str>PyUnicode_FromKindAndData(kind, written, size)
    finally:
        PyMem_Free(written)


cdef Py_ssize_t _rewrite(const Character* text, Py_ssize_t size, Character* written, int what) noexcept:
    if what == WITHOUT_TAGS:
        return _write_without_tags(text, size, written)
    return _write_single_spaced(text, size, written)


cdef Py_ssize_t _write_single_spaced(const Character* text, Py_ssize_t size, Character* written) noexcept:
    """Characters written."""
    cdef Py_ssize_t place, count = 0
    cdef bint is_apart = False
    for place in range(size):
        if not 0x20 < text[place] < 0x85 and _is_space(text[place]):
            is_apart = count > 0
            continue
        if is_apart:
            written[count] = c" "
            count += 1
            is_apart = False
        written[count] = text[place]
        count += 1
    return count


cdef Py_ssize_t _write_without_tags(const Character* text, Py_ssize_t size, Character* written) noexcept:
    """Characters written."""
    cdef Py_ssize_t place = 0, count = 0, opening, closing
    cdef int kind
    while place < size:
        opening = _next_opening(text, place, size)
        memcpy(written + count, text + place, (opening - place) * sizeof(Character))
        count += opening - place
        place = opening
        if place == size:
            break
        closing = place + 1
        while closing < size and text[closing] != c"<" and text[closing] != c">":
            closing += 1
        kind = _kind(text, place + 1, closing) if closing < size and text[closing] == c">" else NO_TAG
        if kind == NO_TAG:
            written[count] = c"<"
            count += 1
            place += 1
            continue
        if kind == BETWEEN:
            written[count] = c" "
            count += 1
        place = closing + 1
    return count


cdef int _kind(const Character* text, Py_ssize_t at, Py_ssize_t end) noexcept:
    """What stands between two brackets: a tag has a letter, `!` or `?` behind the bracket or its slash."""
    cdef letters name = 0
    cdef Py_ssize_t start
    cdef int known
    if at < end and text[at] == c"/":
        at += 1
    if at == end or not (c"a" <= text[at] <= c"z" or c"A" <= text[at] <= c"Z" or text[at] == c"!" or text[at] == c"?"):
        return NO_TAG
    start = at
    while at < end and text[at] != c" " and not 0x09 <= text[at] <= 0x0D:
        if text[at] >= 0x80 or at - start == sizeof(letters):
            return BETWEEN
        name = name << 8 | text[at]
        at += 1
    for known in range(inline_count):
        if INLINE_NAMES[known] == name:
            return IN_LINE
    return BETWEEN
