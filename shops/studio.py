"""Draws the pictures of a pair and stores them; runs in a process of its own where a shop is large."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from schemas.rejects import Code
from shops.bonds import PictureSpec
from shops.layout import picture_file
from shops.pictures import charts, details, notices, repeats, scenes
from shops.pictures.painter import Picture
from shops.pictures.scenes import Scene, Seen
from shops.vocabulary import Vocabulary, vocabulary

NOT_A_PICTURE = b"<!DOCTYPE html><html><head><title>404</title></head><body><h1>Not found</h1></body></html>\n"


@dataclass(frozen=True)
class Studio:
    """Draws pictures of one shop into `folder`."""

    folder: Path
    language: str
    retailer: str

    def draw(self, specs: tuple[PictureSpec, ...]) -> list[dict[str, Any]]:
        """Draws the pictures in order (a repeat after its original) and gives their rows of truth, without URLs."""
        cv2.setNumThreads(1)
        made: dict[str, Scene] = {}
        rows = []
        for spec in specs:
            if spec.name in made:
                continue
            scene = self._scene(spec, made)
            made[spec.name] = scene
            self._store(spec, scene.picture)
            rows.append(_truth(spec, scene.seen))
        return rows

    def _scene(self, spec: PictureSpec, made: Mapping[str, Scene]) -> Scene:
        dice = random.Random(spec.seed)  # noqa: S311
        words = vocabulary(self.language)
        match spec.scene:
            case "flat":
                return scenes.laid_flat(spec.looks[0], dice)
            case "hanger":
                return scenes.on_hanger(spec.looks[0], dice)
            case "worn" | "outfit":
                return scenes.worn(spec.looks, dice, whole=spec.scene == "outfit")
            case "repeat":
                return self._repeat(spec, made, dice)
            case _:
                return Scene(self._unwanted(spec, words, dice), ())

    def _repeat(self, spec: PictureSpec, made: Mapping[str, Scene], dice: random.Random) -> Scene:
        original = made[spec.repeats or ""]
        picture, frame = repeats.repeat(original.picture, spec.repeat_kind or "", self.retailer, dice)
        return Scene(picture, tuple(Seen(seen.look, repeats.reframed(seen.box, frame)) for seen in original.seen))

    def _unwanted(self, spec: PictureSpec, words: Vocabulary, dice: random.Random) -> Picture:
        match spec.scene:
            case "sizechart":
                return charts.size_chart(words.chart, spec.looks[0].garment_class, dice)
            case "texture":
                return details.texture(spec.looks[0], dice)
            case "closeup":
                return details.close_up(spec.looks[0], dice)
            case "banner":
                return notices.banner(words.lists["banners"], spec.looks[0], dice)
            case "logo":
                if dice.random() < 0.5:
                    return notices.placeholder(dice.choice(words.lists["placeholders"]), dice)
                return notices.logo(dice.choice(words.lists["brands"]), dice)
            case _:
                return notices.thing(spec.thing or "", dice)

    def _store(self, spec: PictureSpec, picture: Picture) -> None:
        if spec.fault is Code.FETCH_404:
            return
        path = self.folder / picture_file(spec.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if spec.fault is Code.FETCH_TYPE:
            path.write_bytes(NOT_A_PICTURE)
            return
        dice = random.Random(f"{spec.seed}/{spec.name}")  # noqa: S311
        quality = dice.randrange(55, 75) if spec.repeats else dice.randrange(80, 93)
        body = simplejpeg.encode_jpeg(
            np.ascontiguousarray(picture), quality=quality, colorspace="RGB", colorsubsampling="420"
        )
        path.write_bytes(body[: len(body) * 3 // 5] if spec.fault is Code.PICTURE_TRUNCATED else body)


def _truth(spec: PictureSpec, seen: tuple[Seen, ...]) -> dict[str, Any]:
    return {
        "file": picture_file(spec.name),
        "kind": spec.kind,
        "scene": spec.scene,
        "seen": [
            {"class": one.look.garment_class, "leaf": one.look.leaf, "colour": one.look.colour, "box": list(one.box)}
            for one in seen
        ],
        "repeats": picture_file(spec.repeats) if spec.repeats else None,
        "repeat_kind": spec.repeat_kind,
        "fault": spec.fault,
    }
