#!/usr/bin/env python3
"""Trains a small network of convolutions alone on the digits of scikit-learn, which takes images of any size.

A third of the training images is held back, for what is learned of the model's exits and descriptions: they are to be
judged on images that it was not fitted to. The recipe is fixed before the test images are looked at, as that of LeNet5.
"""
import json
import sys
from pathlib import Path

import numpy
import sklearn
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from digits.images import TEST_EVERY, load_images  # noqa: E402: the folder above is not a package
from training import (  # noqa: E402
    AUGMENTATION, OPSET, environment, export, make_repeatable, move_at_random, parameters_of, score, sha256_of, train,
    training_parser,
)

# Of the training images one in so many is held back.
HELD_BACK_EVERY = 3


class ConvNet(nn.Module):
    """Four convolutions and the mean over what is left of the image, [b,1,h,w] -> logits [b,10]."""

    def __init__(self):
        super().__init__()
        def layer(before, after, stride):
            return [nn.Conv2d(before, after, 3, stride, 1), nn.BatchNorm2d(after), nn.ReLU()]

        self.layers = nn.Sequential(*layer(1, 12, 2), *layer(12, 20, 1), *layer(20, 32, 2), *layer(32, 40, 1))
        self.head = nn.Linear(40, 10)

    def forward(self, image):
        return self.head(self.layers(image).mean((2, 3)))


def parse_arguments():
    parser = training_parser(__doc__, Path(__file__).parent, epochs=24, learning_rate=4e-3)
    parser.add_argument("--held-back", type=Path, help="train nothing: write the images that are held back there, as .npy")
    parser.add_argument("--copies", type=int, default=3, help="of each image that is held back, moved as in training")
    return parser.parse_args()


def main():
    options = parse_arguments()
    make_repeatable(options.seed)
    images, labels = load_images()
    is_test = torch.arange(len(images)) % TEST_EVERY == 0
    train_images, train_labels = images[~is_test], labels[~is_test]
    is_held_back = torch.arange(len(train_images)) % HELD_BACK_EVERY == 0
    if options.held_back:
        held_back = train_images[is_held_back]
        moved = [move_at_random(held_back) for _ in range(options.copies)]
        numpy.save(options.held_back, torch.cat([held_back, *moved]).numpy().astype("<f4"))
        return
    model = train(ConvNet(), train_images[~is_held_back], train_labels[~is_held_back], move_at_random,
                  epochs=options.epochs, batch=options.batch, learning_rate=options.learning_rate,
                  weight_decay=options.weight_decay)
    accuracy = {"heldBack": score(model, train_images[is_held_back], train_labels[is_held_back]),
                "test": score(model, images[is_test], labels[is_test])}
    print(json.dumps(accuracy))
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    export(model, out / "convnet.onnx")
    recipe = {
        "model": "four convolutions, batch normalization, ReLU, the mean over the image, a linear layer",
        "parameters": parameters_of(model),
        "data": "scikit-learn load_digits(), value / 16, bilinear 8x8 to 32x32",
        "split": f"test where index % {TEST_EVERY} == 0; of the others, one in {HELD_BACK_EVERY} is held back",
        "selection": "none: the weights of the last epoch",
        "optimizer": "AdamW on the cross entropy, learning rate falling to 0 along a cosine, epoch by epoch",
        "arguments": {name: value for name, value in vars(options).items()
                      if name not in ("out", "held_back", "copies")},
        "augmentation": AUGMENTATION,
        "accuracyOfLogits": accuracy,
        "opset": OPSET,
        "sha256": sha256_of(out, ("convnet.onnx",)),
        "environment": {**environment(), "scikitLearn": sklearn.__version__},
    }
    (out / "convnet.recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")


if __name__ == "__main__":
    main()
