"""Packs the connector: `flattap.mez`, a ZIP of the section document, its texts and its icons.

    python3 connectors/powerbi/build.py [FOLDER]

Needs nothing but Python. The icons are drawn here: three bars of falling height on one ground line.
"""

import struct
import sys
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIZES = [16, 20, 24, 32, 40, 48, 64]
GROUND, BAR = (15, 118, 110), (255, 255, 255)


def icon(size):
    """A PNG of this size, in RGB."""
    margin = max(2, size // 6)
    width = (size - 2 * margin) // 3
    rows = []
    for y in range(size):
        row = bytearray(b"\0")  # no filter
        for x in range(size):
            bar, within = divmod(x - margin, width)
            top = margin + bar * (size - 2 * margin) // 4
            is_bar = 0 <= bar < 3 and within < width - max(1, size // 16) and top <= y < size - margin
            row += bytes(BAR if is_bar else GROUND)
        rows.append(bytes(row))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + chunk(b"IEND", b"")


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "flattap.mez"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ["flattap.pq", "resources.resx"]:
            packed.writestr(entry(name), (HERE / name).read_bytes())
        for size in SIZES:
            packed.writestr(entry(f"flattap{size}.png"), icon(size))
    print(path)


def entry(name):
    """The same bytes every time: no date of today."""
    made = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
    made.compress_type = zipfile.ZIP_DEFLATED
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd())
