"""Prints the part of requirements.lock that one machine installs; run by infra/setup.sh before anything is installed.

The lock covers all machines, so it has torch's CUDA build and the packages that only this build needs. A machine
without a GPU takes torch's CPU build instead: the same version in other files. Their hashes are in torch-cpu.sha256,
because the package index of the lock does not have these files.
"""

import argparse
import re
from pathlib import Path

CUDA_ONLY = re.compile(r"nvidia-|cuda-|triton$")


def entries(lock: str) -> dict[str, str]:
    """Package name -> its lines (requirement, then hashes); a name that occurs twice keeps both."""
    found: dict[str, str] = {}
    for block in re.findall(r"^[A-Za-z0-9].*\n(?:[ \t]+.*\n)*", lock, flags=re.MULTILINE):
        name = re.match(r"[A-Za-z0-9._-]+", block)[0].lower()  # type: ignore[index]
        found[name] = found.get(name, "") + block
    return found


def cpu_torch(entry: str, sums: str) -> str:
    """The entry for torch's CPU build. uv accepts hashes only for the exact version, hence the +cpu."""
    version = re.match(r"torch==([\d.]+)", entry)[1]  # type: ignore[index]
    hashes = [line.split()[0] for line in sums.splitlines() if f"torch-{version}+cpu-" in line]
    if not hashes:
        raise SystemExit(f"infra/torch-cpu.sha256: has no hashes of torch {version}; add those of its CPU wheels")
    return " \\\n    ".join([f"torch=={version}+cpu", *(f"--hash=sha256:{digest}" for digest in hashes)]) + "\n"


def for_machine(lock: str, sums: str, gpu: bool) -> str:
    """The lock's entries for a machine with or without an NVIDIA GPU."""
    if gpu:
        return "".join(entries(lock).values())
    kept = {name: entry for name, entry in entries(lock).items() if not CUDA_ONLY.match(name)}
    return "".join(cpu_torch(entry, sums) if name == "torch" else entry for name, entry in kept.items())


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gpu", action="store_true", help="the machine has an NVIDIA GPU")
    parser.add_argument("--only", help="print only this package's entry, unchanged")
    flags = parser.parse_args()
    lock = (here.parent / "requirements.lock").read_text()
    print(
        entries(lock)[flags.only]
        if flags.only
        else for_machine(lock, (here / "torch-cpu.sha256").read_text(), flags.gpu),
        end="",
    )


if __name__ == "__main__":
    main()
