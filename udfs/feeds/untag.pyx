# cython: language_level=3, boundscheck=True, wraparound=False
"""`udfs.feeds.tags` compiled: some descriptions hold a hundred tags, and every text is asked for its white space."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport (
    PyUnicode_1BYTE_KIND,
    PyUnicode_2BYTE_KIND,
    PyUnicode_DATA,
    PyUnicode_DecodeUTF8,
    PyUnicode_KIND,
)
from libc.string cimport memchr, memcpy

from udfs.feeds.tags import INLINE

ctypedef unsigned char uchar
ctypedef fused Character:
    uchar
    unsigned short
    unsigned int

cdef enum:
    NO_TAG, IN_LINE, BETWEEN

cdef frozenset INLINE_NAMES = frozenset(name.encode() for name in INLINE)


def without_tags(str text):
    """The text with nothing for each tag inside a line, and with a space for each other one."""
    cdef bytes data = text.encode("utf-8", "surrogatepass")
    cdef char* written = <char*>PyMem_Malloc(len(data) + 1)
    cdef Py_ssize_t size
    if written is NULL:
        raise MemoryError
    try:
        size = _copy_without_tags(data, len(data), written)
        return PyUnicode_DecodeUTF8(written, size, "surrogatepass")
    finally:
        PyMem_Free(written)


def is_plain(str text not None):
    """Whether a text has no bracket that may begin a tag, no ampersand, and no white space but single spaces inside."""
    cdef Py_ssize_t size = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef const void* data = PyUnicode_DATA(text)
    if kind == PyUnicode_1BYTE_KIND:
        return _is_plain(<const uchar*>data, size)
    if kind == PyUnicode_2BYTE_KIND:
        return _is_plain(<const unsigned short*>data, size)
    return _is_plain(<const unsigned int*>data, size)


cdef bint _is_plain(const Character* text, Py_ssize_t size) noexcept:
    """The same of characters of one width: all are asked at once, whatever the first ones say."""
    cdef unsigned char found = size > 0 and (text[0] == 0x20 or text[size - 1] == 0x20)
    cdef Character here
    cdef Py_ssize_t place
    for place in range(size):
        here = text[place]
        found |= (here == c"<") | (here == c"&")
        found |= (here == 0x20) & (text[place + 1] == 0x20)  # CPython ends a text with a NUL
        found |= (0x09 <= here) & (here <= 0x0D) | (0x1C <= here) & (here <= 0x1F)
        found |= (here == 0x85) | (here == 0xA0)
        if Character is not uchar:
            found |= (here == 0x1680) | (0x2000 <= here) & (here <= 0x200A) | (here == 0x2028) | (here == 0x2029)
            found |= (here == 0x202F) | (here == 0x205F) | (here == 0x3000)
    return not found


cdef Py_ssize_t _copy_without_tags(const char* data, Py_ssize_t size, char* written) except -1:
    """Bytes written: never more than there were, as no tag is shorter than what takes its place."""
    cdef const char* end = data + size
    cdef const char* opening
    cdef const char* closing
    cdef Py_ssize_t count = 0
    cdef int kind
    while True:
        opening = <const char*>memchr(data, c"<", end - data)
        if opening is NULL:
            memcpy(written + count, data, end - data)
            return count + (end - data)
        closing = _next_bracket(opening + 1, end)
        kind = _kind(opening + 1, closing) if closing < end and closing[0] == c">" else NO_TAG
        if kind == NO_TAG:  # up to the next bracket as it is
            memcpy(written + count, data, closing - data)
            count += closing - data
            data = closing
            continue
        memcpy(written + count, data, opening - data)
        count += opening - data
        if kind == BETWEEN:
            written[count] = c" "
            count += 1
        data = closing + 1


cdef const char* _next_bracket(const char* at, const char* end) noexcept:
    while at < end and at[0] != c"<" and at[0] != c">":
        at += 1
    return at


cdef int _kind(const char* at, const char* end) except -1:
    """What stands between two brackets: a tag has a letter, `!` or `?` behind the bracket or its slash."""
    cdef const char* start
    if at < end and at[0] == c"/":
        at += 1
    if at == end or not (c"a" <= at[0] <= c"z" or c"A" <= at[0] <= c"Z" or at[0] == c"!" or at[0] == c"?"):
        return NO_TAG
    start = at
    while at < end and at[0] != c" " and not 0x09 <= at[0] <= 0x0D:
        at += 1
    return IN_LINE if PyBytes_FromStringAndSize(start, at - start) in INLINE_NAMES else BETWEEN
