# cython: language_level=3, boundscheck=True, wraparound=False
"""HTML's tags taken out of a text as `udfs.feeds.tags` does it, compiled: some descriptions hold a hundred."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memchr, memcpy

from udfs.feeds.tags import INLINE

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
