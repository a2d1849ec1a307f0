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
    Teaching, arguments, export_checked, fit, make_repeatable, new_network, recipe_of, write_json,
)
from tiling import tiled  # noqa: E402

EXAMPLES = 100


def train(teaching, options):
    side, together = options.side, options.side ** 2
    tiles = (side, side)
    teaching.shrink(tiles)

    def loss_of_batch(model):
        queries, answers = teaching.draw(options.batch, together)
        return nn.functional.cross_entropy(model(tiled(queries, tiles)), answers.flatten(0, 1))

    held_queries, held_answers = teaching.held_groups(together)
    held = tiled(held_queries, tiles)

    def agreement(model):
        answers = torch.cat([model(part) for part in held.split(1000)])
        return float((answers.argmax(1) == held_answers.flatten(0, 1).argmax(1)).float().mean())

    model = fit(new_network(options, held_answers.shape[2], side), loss_of_batch, agreement, options)
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
        export_checked(model, options.out / f"{name}.onnx", examples, "logits", options, rows="queries")
    write_json(options.out / f"{name}.recipe.json", recipe_of(model, options, agreement, [f"{name}.onnx"]))


if __name__ == "__main__":
    main()
