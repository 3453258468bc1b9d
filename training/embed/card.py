"""The card of the embedding."""

from collections.abc import Mapping, Sequence

import numpy as np

from training.data.views import Recall, View
from training.intervals import wilson

CARD = """# embed: a garment's crop as 256 numbers of unit length

Deep path: mean and deviation of every channel of an EfficientNet-Lite0 at four depths (ImageNet weights, Apache-2.0,
frozen), projected to {shape} numbers. Shallow path: a centre-weighted histogram over Lab of the crop at 32 x 32,
projected to {colour}. Both projections and their balance are learnt from {views} photos of {products} products, so
that two views of one product are nearer than any other product. Codes: signs of 128 fixed directions of each part.
Licence of the photos: mostly none stated; used for training and measuring only, none is in this repository.

Split by source (`training/data/split.py`). A further view is looked for among the first views of all {products}
products; figures are of sources that the training did not see.

| by | recall@1 | 95% interval | recall@5 | recall@10 | queries |
| --- | --- | --- | --- | --- | --- |
{rows}

Recall@1 by source: {sources}.

## Known failures

Backs, soles and details of a product are far from its front; frames of spectacles look alike; products whose further
photos show another colour are not found.
"""


def embed_card(report: Mapping[str, Mapping[str, float]], results: Mapping[str, Recall], views: Sequence[View]) -> str:
    """The text of `card.md`."""
    from training.embed.network import COLOUR_SIZE, SHAPE_SIZE

    rows = []
    for name, found in results.items():
        low, high = wilson(int(found.hits[:, 0].sum()), len(found.hits))
        at = [report[name][f"recall_at_{count}"] for count in (1, 5, 10)]
        rows.append(
            f"| {name} | {at[0]:.3f} | {low:.3f} to {high:.3f} | {at[1]:.3f} | {at[2]:.3f} | {len(found.hits)} |"
        )
    best = next(iter(results.values()))
    sources = np.array(best.sources)
    by_source = [
        f"{name} {best.hits[sources == name, 0].mean():.2f} of {(sources == name).sum()}"
        for name in sorted(set(best.sources))
    ]
    return CARD.format(
        shape=SHAPE_SIZE,
        colour=COLOUR_SIZE,
        views=len(views),
        products=len({view.product for view in views}),
        rows="\n".join(rows),
        sources=", ".join(by_source),
    )
