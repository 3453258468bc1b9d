"""What the detector's head should answer, and how far off it is."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.networks.pyramid import STRIDE, Answer
from udfs.pictures.detect import CLASSES

SPREAD = 0.09
"""Standard deviation of a garment's peak as a share of its side."""
NARROWEST_PX = 0.4 * STRIDE
LEARNT_FROM = 0.3
"""Cells whose peak is at least so high learn the box."""
BOX_WEIGHT = 4.0
FIT_WEIGHT = 1.0


@dataclass
class Targets:
    """One photo's targets, C classes on an H x W map; N cells learn a box."""

    heat: np.ndarray
    """[C, H, W]: 1 at a garment's centre, falling off."""
    weight: np.ndarray
    """[C, H, W]: 0 where nothing is known, or nothing should be learnt."""
    cells: np.ndarray
    """int64 [N, 3]: class, row, column."""
    boxes: np.ndarray
    """[N, 4] in canvas pixels."""
    box_weight: np.ndarray
    """[N]: sums to 1 over each garment's cells."""


def draw(
    boxes: np.ndarray, classes: np.ndarray, ignored: np.ndarray, labelled: np.ndarray, shape: tuple[int, int]
) -> Targets:
    """Targets on a canvas of `shape` (height, width) of boxes [N, 4] and regions [M, 4] in its pixels."""
    down, across = ((np.arange(side // STRIDE, dtype=np.float32) + 0.5) * STRIDE for side in shape)
    heat = np.zeros((len(CLASSES), len(down), len(across)), np.float32)
    weight = np.repeat(labelled.astype(np.float32), len(down) * len(across)).reshape(heat.shape)
    for left, top, right, bottom in ignored:
        rows, columns = (down >= top) & (down <= bottom), (across >= left) & (across <= right)
        weight[:, rows[:, None] & columns[None, :]] = 0
    cells, learnt = [np.zeros((0, 3), np.int64)], [np.zeros((0, 4), np.float32)]
    shares: list[np.ndarray] = [np.zeros(0, np.float32)]
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    for index in np.argsort(areas, kind="stable"):
        name = int(classes[index])
        peak, row, column = peak_of(boxes[index], down, across)
        places = np.argwhere((peak > LEARNT_FROM) & (peak > heat[name]))
        np.maximum(heat[name], peak, out=heat[name])
        weight[name, row, column] = 1
        share = peak[places[:, 0], places[:, 1]]
        cells.append(np.column_stack((np.full(len(places), name), places)))
        learnt.append(np.broadcast_to(boxes[index], (len(places), 4)))
        shares.append(share / max(float(share.sum()), 1e-6))
    return Targets(heat, weight, np.concatenate(cells), np.concatenate(learnt), np.concatenate(shares))


def peak_of(box: np.ndarray, down: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, int, int]:
    """A garment's peak [H, W], 1 in the cell of the box's centre, and that cell's row and column."""
    left, top, right, bottom = (float(value) for value in box)
    column = min(int((left + right) / 2 / STRIDE), len(across) - 1)
    row = min(int((top + bottom) / 2 / STRIDE), len(down) - 1)
    x_spread, y_spread = max((right - left) * SPREAD, NARROWEST_PX), max((bottom - top) * SPREAD, NARROWEST_PX)
    columns = np.exp(-((across - across[column]) ** 2) / (2 * x_spread**2))
    rows = np.exp(-((down - down[row]) ** 2) / (2 * y_spread**2))
    return (rows[:, None] * columns[None, :]).astype(np.float32), row, column


def loss(answer: Answer, targets: list[Targets]) -> tuple[Tensor, Tensor, Tensor]:
    """Of the peaks focal loss (Law and Deng 2018, alpha 2, beta 4), of the boxes GIoU loss, of their fit cross-entropy.

    Each a garment. The fit learns how much the box, as it is now, overlaps the garment's.
    """
    heat, weight = (
        torch.from_numpy(np.stack([getattr(item, name) for item in targets])) for name in ("heat", "weight")
    )
    centres = heat == 1
    garments = centres.sum().clamp(min=1)
    score = answer.logits.sigmoid()
    hit = functional.logsigmoid(answer.logits[centres]) * (1 - score[centres]) ** 2
    miss = functional.logsigmoid(-answer.logits) * score**2 * ((1 - heat) ** 4 * weight)
    focal = -(hit.sum() + miss.sum()) / garments
    photo = np.repeat(np.arange(len(targets)), [len(item.cells) for item in targets])
    cells = np.concatenate([item.cells for item in targets])
    reach = answer.reach.permute(0, 1, 3, 4, 2)[photo, cells[:, 0], cells[:, 1], cells[:, 2]]
    centre = torch.from_numpy((cells[:, [2, 1]] + 0.5).astype(np.float32) * STRIDE)
    found = torch.cat((centre - reach[:, :2], centre + reach[:, 2:]), 1)
    shared, generalised = overlaps(found, torch.from_numpy(np.concatenate([item.boxes for item in targets])))
    shares = torch.from_numpy(np.concatenate([item.box_weight for item in targets]))
    said = answer.fit[photo, cells[:, 0], cells[:, 1], cells[:, 2]]
    fit = functional.binary_cross_entropy_with_logits(said, shared.detach(), reduction="none")
    return (
        focal,
        BOX_WEIGHT * ((1 - generalised) * shares).sum() / garments,
        FIT_WEIGHT * (fit * shares).sum() / garments,
    )


def overlaps(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union [N] of boxes [N, 4] and [N, 4], plain and generalised (Rezatofighi et al. 2019)."""

    def area(boxes: Tensor) -> Tensor:
        return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)

    shared = area(
        torch.cat((torch.maximum(first[:, :2], second[:, :2]), torch.minimum(first[:, 2:], second[:, 2:])), 1)
    )
    hull = area(torch.cat((torch.minimum(first[:, :2], second[:, :2]), torch.maximum(first[:, 2:], second[:, 2:])), 1))
    union = area(first) + area(second) - shared
    plain = shared / union.clamp(min=1e-6)
    return plain, plain - (hull - union) / hull.clamp(min=1e-6)
