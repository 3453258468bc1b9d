"""Tables of what `infra/gpu_check.sh` found on a GPU.

`python -m benchmarks.gpu_table [FILE] [--write]` prints them, `--write` puts them into docs/gpu.md. FILE is the check's
JSON (default var/gpu-check/result.json).
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "var" / "gpu-check" / "result.json"
PAGE = ROOT / "docs" / "gpu.md"
BEGIN, END = "<!-- the tables begin -->\n", "<!-- the tables end -->\n"
MISSING = "-"


def tables(found: dict[str, Any]) -> str:
    """Everything that the check found, as Markdown."""
    machine = found["machine"]
    said = ", ".join(
        f"{name} {machine[name]}" for name in ("python", "torch", "cuda", "torchvision", "cores", "decoder")
    )
    parts = [f"{found['card'] or 'No card'}; {found['said']}; {found['seconds']:.0f} seconds ({said}).\n"]
    parts += [
        "\n".join(lines(found)) + "\n"
        for lines in (_parity, _decode, _forward, _chain)
        if found[lines.__name__.lstrip("_")]
    ]
    if (spark := found.get("spark")) is not None:
        speed = spark.get("left_out") or f"{_speed(spark['decode_pictures_a_second'])} pictures a second opened"
        parts.append(f"Through Spark on two cores: {speed}.\n")
    if found["left_out"]:
        parts.append(f"No time was left for: {'; '.join(found['left_out'])}.\n")
    return "\n".join(parts)


def _parity(found: dict[str, Any]) -> Iterator[str]:
    yield "| network | precision | lowest cosine to the golden answers | photos of the same class as in fp32 |"
    yield "| --- | --- | --- | --- |"
    for row in found["parity"]:
        same = f"{row['same_class']:.1%}" if "same_class" in row else MISSING
        yield f"| {row['network']} | {row['precision']} | {min(row['cosine'].values()):.5f} | {same} |"


def _decode(found: dict[str, Any]) -> Iterator[str]:
    yield "| pictures | opened by | pictures a second |"
    yield "| --- | --- | --- |"
    for row in found["decode"]:
        by = "the card" if row["threads"] == "card" else f"{row['threads']} threads"
        yield f"| {row['kind']} | {by} | {row.get('left_out') or _speed(row['pictures_a_second'])} |"


def _forward(found: dict[str, Any]) -> Iterator[str]:
    yield "| network | precision | batch | pictures a second | plain: eager | CUDA graph | compiled | of the best |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in found["forward"]:
        plain = " | ".join(_speed(row["plain"].get(name)) for name in ("eager", "graph", "compiled"))
        head = f"| {row['network']} | {row['precision']} | {row['batch']} | {_speed(row['pictures_a_second'])} "
        yield f"{head}| {plain} | {row['share']:.2f} |"


def _chain(found: dict[str, Any]) -> Iterator[str]:
    yield "| whole chain | batch | pictures a second | plain loops of its networks | share | card busy | peak memory |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in found["chain"]:
        busy = MISSING if row["busy"] is None else f"{row['busy']:.0%}"
        memory = MISSING if row["peak_memory_bytes"] is None else f"{row['peak_memory_bytes'] / 1e9:.1f} GB"
        speeds = f"{_speed(row['pictures_a_second'])} | {_speed(row['plain'])} | {row['share']:.2f}"
        yield f"| {row['precision']} | {row['batch']} | {speeds} | {busy} | {memory} |"


def _speed(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=RESULT)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/gpu.md")
    flags = parser.parse_args()
    if not flags.file.is_file():
        print(f"gpu_table: {flags.file} does not exist; infra/gpu_check.sh writes it")
        return
    made = tables(json.loads(flags.file.read_text(encoding="utf-8")))
    if not flags.write:
        print(made)
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + made + "\n" + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
