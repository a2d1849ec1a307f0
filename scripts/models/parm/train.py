#!/usr/bin/env python3
"""Trains ParM's parity models of a deployed model: each gives, from a mixture of K queries, that mixture of K predictions.

Kosaian, Rashmi and Venkataraman 2019, §3; the mixtures are those of `src/codes/parm.ts`. Images may be concatenated in
place of added up: each is shrunk to a tile of one image, as `src/companions/mosaic.ts` does. One thread and one seed.
"""
import argparse
import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from companion import (  # noqa: E402: the folder above is not a package
    Teaching, arguments, export_checked, fit, make_repeatable, new_network, recipe_of, write_json,
)
from tiling import tiled, tiles_of  # noqa: E402

EXAMPLES = 100


def weights_of(parity, k):
    """Parity query j (from 0) mixes query i (from 1) with weight i^j, over the sum of the weights."""
    weights = torch.arange(1, k + 1, dtype=torch.float32) ** parity
    return weights / weights.sum()


def mixed(weights, values):
    """The mixture of each group: [groups,k,...] -> [groups,...]."""
    return torch.einsum("k,gk...->g...", weights, values)


def reconstructed(parity, answers, weights):
    """What decoding by subtraction gives for each query of a group, if it alone is missing: [groups,k,classes]."""
    return answers + ((parity - mixed(weights, answers))[:, None] / weights[:, None])


def train(teaching, parity, options):
    """One parity model, and how often what it reconstructs has the deployed model's class on groups held back.

    Each has a checkpoint of its own.
    """
    weights = weights_of(parity, options.k)
    tiles = tiles_of(options.k)

    def together(queries):
        return tiled(queries, tiles) if options.concatenate else mixed(weights, queries)

    def loss_of_batch(model):
        queries, answers = teaching.draw(options.batch, options.k)
        error = model(together(queries)) - mixed(weights, answers)
        # Times k, so that errors are those of a reconstructed prediction.
        return (options.k * error).square().sum(1).mean()

    held_queries, held_answers = teaching.held_groups(options.k)
    held = torch.cat([together(part) for part in held_queries.split(1000)])

    def agreement(model):
        parity_answers = torch.cat([model(part) for part in held.split(1000)])
        decoded = reconstructed(parity_answers, held_answers, weights)
        return float((decoded.argmax(2) == held_answers.argmax(2)).float().mean())

    checkpoint = options.checkpoint and options.checkpoint.with_suffix(f".{parity + 1}")
    model = fit(new_network(options, held_answers.shape[2]), loss_of_batch, agreement,
                argparse.Namespace(**{**vars(options), "checkpoint": checkpoint}))
    return model, agreement(model), held[:EXAMPLES]


def parse_arguments():
    parser = arguments(__doc__, steps=16000)
    parser.add_argument("--k", type=int, default=2, help="queries in a group")
    parser.add_argument("--concatenate", action="store_true", help="images as tiles of one, in place of their mean")
    parser.add_argument("--parities", type=int, default=1, help="parity models, one for each prediction that may be missing")
    return parser.parse_args()


def main():
    options = parse_arguments()
    make_repeatable(options.seed)
    teaching = Teaching(options)
    if options.concatenate:
        teaching.shrink(tiles_of(options.k))
    for parity in range(options.parities):
        torch.manual_seed(options.seed + 1000 * parity)
        model, agreement, examples = train(teaching, parity, options)
        kind = "concatenated" if options.concatenate else "parity"
        name = f"{kind}-k{options.k}" + (f"-{parity + 1}" if parity > 0 else "")
        with torch.no_grad():
            export_checked(model, options.out / f"{name}.onnx", examples, options.output, options)
        write_json(options.out / f"{name}.recipe.json", recipe_of(model, options, agreement, [f"{name}.onnx"]))


if __name__ == "__main__":
    main()
