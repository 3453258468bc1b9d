"""Drawn pictures that a network's answers are kept for: no photo of anyone's, and the same everywhere."""

import cv2
import numpy as np

COUNT = 3


def golden_inputs(side: int) -> np.ndarray:
    """uint8 [COUNT, side, side, 3]: a garment-like shape on white, cloth-like checks, a table of lines."""
    canvas = np.full((COUNT, side, side, 3), 255, np.uint8)
    unit = side / 16
    outline = np.array([(5, 3), (11, 3), (15, 7), (13, 8), (11, 6), (11, 14), (5, 14), (5, 6), (3, 8), (1, 7)])
    cv2.fillPoly(canvas[0], [np.round(outline * unit).astype(np.int32)], (170, 40, 60))
    cv2.circle(canvas[0], (side // 2, round(2.2 * unit)), round(unit), (235, 200, 170), -1)
    place = np.arange(side) // max(1, side // 20)
    checks = (place[:, None] + place[None, :]) % 3
    canvas[1] = np.array([(30, 60, 90), (200, 180, 90), (90, 30, 40)], np.uint8)[checks]
    for line in range(2, 15, 2):
        across = round(line * unit)
        cv2.line(canvas[2], (round(unit), across), (round(15 * unit), across), (40, 40, 40), 1)
        cv2.line(canvas[2], (across, round(2 * unit)), (across, round(14 * unit)), (120, 120, 120), 1)
    return canvas
