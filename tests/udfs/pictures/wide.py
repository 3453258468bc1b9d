"""An ICC profile that moves colours: sRGB's curve with the primaries of Adobe RGB (1998)."""

import struct

from PIL import ImageCms

PRIMARIES = {
    b"rXYZ": (0.60974, 0.31111, 0.01947),
    b"gXYZ": (0.20528, 0.62567, 0.06087),
    b"bXYZ": (0.14919, 0.06322, 0.74457),
}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _wide() -> bytes:
    body = bytearray(SRGB)
    for at in range(132, 132 + 12 * struct.unpack_from(">I", body, 128)[0], 12):
        name, offset, _ = struct.unpack_from(">4sII", body, at)
        if name in PRIMARIES:
            struct.pack_into(">3i", body, offset + 8, *(round(value * 65536) for value in PRIMARIES[name]))
    return bytes(body)


WIDE = _wide()
