#!/usr/bin/env python3
"""Trains a description model of a deployed model: K = q² queries, shrunk and tiled into one input, give K predictions.

Collage inference (Narra and others 2019); the tiling is that of `src/companions/mosaic.ts`. One thread and one seed.
"""
import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from companion import (  # noqa: E402: the folder above is not a package
    NETWORKS, Teaching, arguments, export_checked, fit, make_repeatable, recipe_of, write_json,
)

EXAMPLES = 100


def shrunk(images, side):
    """Means of side×side pixels: [n,c,h,w] -> [n,c,h/side,w/side]."""
    return nn.functional.avg_pool2d(images, side)


def tiled(groups, side):
    """Small images of a group, row by row in one: [groups,side²,c,h,w] -> [groups,c,side·h,side·w]."""
    count, _, channels, height, width = groups.shape
    grid = groups.reshape(count, side, side, channels, height, width)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, side * height, side * width)


class Description(nn.Module):
    """A network with an output for each class of each tile: [b,1,32,32] -> logits [b·side²,classes]."""

    def __init__(self, network, side, classes):
        super().__init__()
        self.classes = classes
        self.network = network(side * side * classes)

    def forward(self, image):
        return self.network(image).reshape(-1, self.classes)


def train(teaching, options):
    side, together = options.side, options.side ** 2
    teaching.queries, teaching.held_queries = (shrunk(part, side) for part in (teaching.queries, teaching.held_queries))

    def loss_of_batch(model):
        queries, answers = teaching.draw(options.batch, together)
        return nn.functional.cross_entropy(model(tiled(queries, side)), answers.flatten(0, 1))

    held_queries, held_answers = teaching.held_groups(together)
    held = tiled(held_queries, side)

    def agreement(model):
        return float((model(held).argmax(1) == held_answers.flatten(0, 1).argmax(1)).float().mean())

    model = fit(Description(NETWORKS[options.network], side, held_answers.shape[2]), loss_of_batch, agreement, options)
    return model, agreement(model), held[:EXAMPLES]


def parse_arguments():
    parser = arguments(__doc__, steps=12000)
    parser.add_argument("--side", type=int, default=2, help="queries to a side of the mosaic: K is its square")
    return parser.parse_args()


def main():
    options = parse_arguments()
    make_repeatable(options.seed)
    model, agreement, examples = train(Teaching(options), options)
    name = f"mosaic-k{options.side ** 2}"
    with torch.no_grad():
        export_checked(model, options.out / f"{name}.onnx", examples, "logits", rows="queries")
    write_json(options.out / f"{name}.recipe.json", recipe_of(model, options, agreement, [f"{name}.onnx"]))


if __name__ == "__main__":
    main()
