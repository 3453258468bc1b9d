"""What a machine installs from the one lock."""

import re
from pathlib import Path

import pytest

from infra.machine_lock import entries, for_machine

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK = (REPOSITORY / "requirements.lock").read_text()
SUMS = (REPOSITORY / "infra" / "torch-cpu.sha256").read_text()


def pins(*names: str) -> dict[str, str]:
    lines = "\n".join((REPOSITORY / name).read_text() for name in names)
    return dict(re.findall(r"^([a-zA-Z0-9-]+)(?:\[\w+\])?==(\S+)$", lines, flags=re.MULTILINE))


def test_lock_holds_every_direct_pin() -> None:
    wanted = pins("requirements.txt", "requirements-train.txt", "requirements-dev.txt")
    locked = entries(LOCK)
    assert len(wanted) > 30
    for name, version in wanted.items():
        assert re.match(rf"{name}(\[\w+\])?=={re.escape(version)} ", locked[name.lower()], re.IGNORECASE), name


def test_every_locked_package_has_hashes() -> None:
    assert all("--hash=sha256:" in entry for entry in entries(LOCK).values())


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-gpu.txt", "infra/setup.sh", ".ci/run", "Makefile"])
def test_repository_names_no_index_and_no_local_build(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    assert "://" not in text
    assert "+cpu" not in text


def test_without_a_gpu_nothing_of_cuda_is_installed() -> None:
    names = set(entries(for_machine(LOCK, SUMS, gpu=False)))
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton"))]
    assert names == {name for name in entries(LOCK) if not re.match(r"nvidia-|cuda-|triton$", name)}


def test_without_a_gpu_torch_is_the_cpu_build_of_the_same_version() -> None:
    torch = entries(for_machine(LOCK, SUMS, gpu=False))["torch"]
    version = pins("requirements.txt")["torch"]
    assert torch.startswith(f"torch=={version}+cpu ")
    assert re.findall(r"sha256:(\w{64})", torch) == [line.split()[0] for line in SUMS.splitlines()]


def test_with_a_gpu_the_whole_lock_is_installed() -> None:
    assert entries(for_machine(LOCK, SUMS, gpu=True)) == entries(LOCK)


def test_a_new_torch_without_sums_is_said() -> None:
    with pytest.raises(SystemExit, match=r"has no hashes of torch 9\.9\.9"):
        for_machine("torch==9.9.9 \\\n    --hash=sha256:00\n", SUMS, gpu=False)


def test_package_that_stands_twice_keeps_both_lines() -> None:
    lock = (
        "a==1 ; python_version < '3.12' \\\n    --hash=sha256:0\n"
        "a==2 ; python_version >= '3.12' \\\n    --hash=sha256:1\n    # via b\nb==3 \\\n    --hash=sha256:2\n"
    )
    assert for_machine(lock, SUMS, gpu=False) == lock
