"""A network in PyTorch: on one CUDA card, or on torch's own CPU device, where the tests compare it.

On a card: channels-last, convolutions in fp16, one CUDA graph for each batch size, rows copied through pinned memory
while the card computes. Only this module and `torch_network` import torch, and nobody imports them before a card, or
torch itself, was chosen.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from udfs.runtime.batches import padded
from udfs.runtime.device import CardLost, Device
from udfs.runtime.errors import first_line
from udfs.runtime.onnx_file import OnnxGraph, read_graph
from udfs.runtime.torch_network import translated

LARGEST_BATCH = 256
"""Rows of a call on a card until it says that they do not fit."""
SMALLEST_BATCH = 8
"""Fewer rows take a card as long."""
WARM_UPS = 3
"""Calls before a CUDA graph is recorded: cuDNN chooses its algorithms in them."""

Slot = tuple[torch.Tensor, list[torch.Tensor], Any]
"""Pinned rows, pinned answers, and the event after which both are free."""


class TorchSession:
    """One graph with one input, for any number of rows: they are run in batches, the last one padded."""

    def __init__(self, graph: bytes, device: Device, half: bool | None = None) -> None:
        """`half`: convolutions in fp16; None: on a card."""
        on_card = device.kind == "cuda"
        self._graph: OnnxGraph = read_graph(graph)
        self.device = torch.device("cuda", device.index) if on_card else torch.device("cpu")
        self._half = on_card if half is None else half
        self._names = [port.name for port in self._graph.outputs]
        self.largest = LARGEST_BATCH if on_card else self._graph.batch
        self._networks: dict[int, _Network] = {}
        self._turn = threading.Lock()
        if on_card:
            _set_up()
        else:
            torch.set_num_threads(device.threads)

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, in the graph's order, for any number of rows; one thread after another. Raises CardLost."""
        with self._turn:
            return self._run(inputs)

    def _run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        at, parts = 0, []
        while at < len(inputs):
            try:
                for found in self._answers(inputs[at:]):
                    parts.append(found)
                    at += len(found[0])
            except RuntimeError as error:  # torch has no narrower class for what a driver says
                if _is_out_of_memory(error):
                    self._halve(error)
                elif _is_of_the_card(error):
                    raise CardLost(self.device.index or 0, first_line(error)) from error
                else:
                    raise
        return dict(zip(self._names, map(np.concatenate, zip(*parts, strict=True)), strict=True))

    def _answers(self, rows: np.ndarray) -> Iterator[list[np.ndarray]]:
        """The answers to `rows`, batch by batch."""
        size = batch_size(len(rows), self.largest, SMALLEST_BATCH if self.device.type == "cuda" else 1)
        if size not in self._networks:
            self._networks[size] = _Network(self._module(size), self.device, (size, *self._graph.input.shape[1:]))
        yield from self._networks[size].run(rows)

    def _module(self, size: int) -> torch.nn.Module:
        return translated(self._graph, size, self._half).to(self.device)

    def _halve(self, error: Exception) -> None:
        """Smaller batches from now on; what the larger ones held is freed."""
        size = max(self._networks, default=self.largest)
        self._networks.clear()
        self.largest = min(size, self.largest) // 2
        if self.largest < 1:
            raise CardLost(
                self.device.index or 0, f"not one picture fits into its memory: {first_line(error)}"
            ) from error
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def batch_size(rows: int, largest: int, smallest: int) -> int:
    """Rows of the next batch: the largest, or the smallest times the power of two that holds what is left."""
    needed = smallest
    while needed < rows:
        needed *= 2
    return min(needed, largest)


@dataclass
class _Network:
    """A module for one batch size, and on a card its CUDA graph and the memory that it reads and writes."""

    module: torch.nn.Module
    device: torch.device
    shape: tuple[int, ...]
    _replay: Callable[[], None] | None = field(default=None, init=False)

    def run(self, rows: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Answers to `rows` in batches; padding rows are zero and dropped."""
        size = self.shape[0]
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        if self.device.type == "cpu":
            for chunk in chunks:
                yield [answer.numpy()[: len(chunk)] for answer in self._compute(torch.from_numpy(padded(chunk, size)))]
            return
        if self._replay is None:
            self._record()
        waiting: list[tuple[Slot, int]] = []
        for place, chunk in enumerate(chunks):
            if len(waiting) == len(self._slots):
                yield self._finished(*waiting.pop(0))
            waiting.append((self._started(self._slots[place % len(self._slots)], chunk), len(chunk)))
        for slot, count in waiting:
            yield self._finished(slot, count)

    def _compute(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        with torch.inference_mode():
            answers: tuple[torch.Tensor, ...] = self.module(rows)
        return answers

    def _record(self) -> None:
        """Record the CUDA graph, whose input and answers stay where they are."""
        with torch.cuda.device(self.device):
            self._input = torch.zeros(self.shape, dtype=torch.uint8, device=self.device)
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(WARM_UPS):
                    self._compute(self._input)
            torch.cuda.current_stream().wait_stream(aside)
            torch.cuda.empty_cache()  # a graph has memory of its own
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._output = self._compute(self._input)
            self._slots = [self._slot(), self._slot()]
            self._replay = graph.replay

    def _slot(self) -> Slot:
        rows = torch.empty(self.shape, dtype=torch.uint8, pin_memory=True)
        answers = [torch.empty(answer.shape, dtype=answer.dtype, pin_memory=True) for answer in self._output]
        return rows, answers, torch.cuda.Event()

    def _started(self, slot: Slot, chunk: np.ndarray) -> Slot:
        """Give a batch to the card, and do not wait for it."""
        rows, answers, event = slot
        rows.numpy()[: len(chunk)] = chunk
        rows.numpy()[len(chunk) :] = 0
        assert self._replay is not None
        with torch.cuda.device(self.device):
            self._input.copy_(rows, non_blocking=True)
            self._replay()
            for kept, answer in zip(answers, self._output, strict=True):
                kept.copy_(answer, non_blocking=True)
            event.record()
        return slot

    def _finished(self, slot: Slot, count: int) -> list[np.ndarray]:
        _, answers, event = slot
        event.synchronize()
        return [answer.numpy()[:count].copy() for answer in answers]


def probe(index: int) -> None:
    """Run something small on a card and compare; raises RuntimeError if it does not run there."""
    _set_up()
    if torch.cuda.device_count() <= index:
        raise RuntimeError(f"torch sees {torch.cuda.device_count()} cards")
    rows = torch.arange(64.0, device=torch.device("cuda", index)).reshape(1, 4, 4, 4)
    found = torch.nn.functional.conv2d(rows.half(), torch.ones(1, 4, 1, 1, device=rows.device).half()).float().sum()
    if float(found) != float(torch.arange(64.0).sum()):
        raise RuntimeError("it adds up wrongly")


def _set_up() -> None:
    """In this process: fp32 means fp32, and cuDNN tries its algorithms on each batch size."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, also where ending the record of a CUDA graph failed for that."""
    while error is not None:
        if isinstance(error, torch.OutOfMemoryError) or "ALLOC_FAILED" in str(error):
            return True
        error = error.__context__
    return False


def _is_of_the_card(error: RuntimeError) -> bool:
    return isinstance(error, torch.AcceleratorError) or any(word in str(error) for word in ("CUDA", "cuDNN", "NVML"))
