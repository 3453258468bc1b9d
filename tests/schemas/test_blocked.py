"""Takedowns: each line is one, and a line that blocks nothing by mistake is refused."""

from datetime import date
from pathlib import Path

import pytest

from schemas.blocked import errors_of_blocked, read_blocked
from schemas.errors import WrongInput

HEADER = "kind\tvalue\treason\tdate\tinitials\n"
SHA = "ab" * 32


def test_lines_block_by_kind(tmp_path: Path) -> None:
    file = tmp_path / "blocked.tsv"
    file.write_text(
        f"{HEADER}sha256\t{SHA}\tface of a minor\t2026-01-31\tAK\n\n"
        "url\thttps://shop.example/1.jpg\ttakedown 12\t2026-02-01\tAK\n"
        "product\tshop:12:red\ttakedown 12\t2026-02-01\tAK\n",
        encoding="utf-8",
    )
    blocked = read_blocked(file)
    assert blocked.pictures == {bytes.fromhex(SHA)}
    assert blocked.urls == {"https://shop.example/1.jpg"}
    assert blocked.products == {"shop:12:red"}
    assert blocked.blocks[0].date == date(2026, 1, 31)


def test_a_file_that_a_spreadsheet_wrote(tmp_path: Path) -> None:
    file = tmp_path / "blocked.tsv"
    lines = [HEADER.strip(), f"sha256\t{SHA}\tasked\u2028twice\t2026-01-31\tAK", "sha1\tx\ty\t2026-01-31\tAK"]
    file.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())
    (wrong,) = errors_of_blocked(file)
    assert wrong.line == 3
    file.write_bytes("\ufeff".encode() + "\r\n".join(lines[:2]).encode())
    assert read_blocked(file).pictures == {bytes.fromhex(SHA)}


def test_no_file_blocks_nothing(tmp_path: Path) -> None:
    assert read_blocked(tmp_path / "blocked.tsv").blocks == ()


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (1, "", "columns"),
        (1, "kind,value,reason,date,initials\n", "columns"),
        (2, f"{HEADER}sha256\t{SHA}\treason\t2026-01-31\n", "5 cells"),
        (2, f"{HEADER}sha256\t{SHA[:-1]}\treason\t2026-01-31\tAK\n", "64"),
        (2, f"{HEADER}sha1\t{SHA}\treason\t2026-01-31\tAK\n", "kind is sha1"),
        (3, f"{HEADER}\nurl\t/1.jpg\treason\t2026-01-31\tAK\n", "http"),
        (2, f"{HEADER}product\t12\treason\t2026-01-31\tAK\n", "retailer:group"),
        (2, f"{HEADER}product\tshop:12\treason\t31.01.2026\tAK\n", "is not a date"),
        (2, f"{HEADER}product\tshop:12\t \t2026-01-31\tAK\n", "5 cells"),
    ],
)
def test_each_mistake_is_said_with_its_line(tmp_path: Path, line: int, text: str, said: str) -> None:
    file = tmp_path / "blocked.tsv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WrongInput, match=said) as caught:
        read_blocked(file)
    assert caught.value.line == line


def test_every_line_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "blocked.tsv"
    file.write_text(f"{HEADER}sha1\tx\ty\t2026-01-31\tAK\n\nurl\t/1\ty\t2026-01-31\tAK\n", encoding="utf-8")
    assert [wrong.line for wrong in errors_of_blocked(file)] == [2, 4]
    file.write_text("kind\n", encoding="utf-8")
    assert [wrong.line for wrong in errors_of_blocked(file)] == [1]
    assert errors_of_blocked(tmp_path / "none.tsv") == []
