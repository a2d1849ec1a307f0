#!/usr/bin/env python3
"""Trains LeNet5 on MNIST, and a student of 2% of its work on LeNet5's own answers; writes both beside this file.

Nothing is chosen on the test images: fixed recipes, no early stopping, the weights of the last epoch.
One thread and one seed, so that the same packages on the same kind of processor give the same bytes.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mnist.images import BORDER, find_mnist, load_mnist  # noqa: E402: the folder above is not a package
from training import (  # noqa: E402
    AUGMENTATION, OPSET, SIDE, LeNet5, environment, export, logits_of, make_repeatable, move_at_random, parameters_of,
    score, sha256_of, train,
)

LENET5 = {"epochs": 20, "batch": 128, "learning_rate": 2e-3, "weight_decay": 1e-2}
STUDENT = {"epochs": 40, "batch": 128, "learning_rate": 1e-2, "weight_decay": 1e-2}
HIDDEN = 36
# Hinton, Vinyals and Dean 2015: divided by this, the answers also tell which wrong classes are near.
TEMPERATURE = 3
# The published tables are made with networks this good; below it nothing is written.
LEAST_TEST_ACCURACY = 0.989


class Student(nn.Module):
    """Small enough for a master: 2x2 means within the border, one hidden layer, [b,1,32,32] -> logits [b,10]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.AvgPool2d(2), nn.Flatten(), nn.Linear((SIDE // 2 - BORDER) ** 2, HIDDEN), nn.ReLU(),
            nn.Linear(HIDDEN, 10),
        )

    def forward(self, image):
        return self.layers(image[:, :, BORDER:-BORDER, BORDER:-BORDER])


def distil(lenet5, images):
    """The student of LeNet5's answers on these images; no label reaches it, it learns right and wrong alike."""
    softened = nn.functional.softmax(logits_of(lenet5, images) / TEMPERATURE, dim=1)
    student = train(Student(), images, softened, lambda unmoved: unmoved, **STUDENT)
    with torch.no_grad():
        for weight in student.layers[-1].parameters():
            weight.mul_(TEMPERATURE)
    return student


def multiply_accumulates(model):
    """Multiply-accumulates of one image, biases aside; a mean counts one for each pixel that it reads."""
    counts = []

    def count(layer, inputs, output):
        if isinstance(layer, nn.AvgPool2d):
            counts.append(inputs[0].numel())
        elif isinstance(layer, (nn.Conv2d, nn.Linear)):
            counts.append(output.numel() * layer.weight[0].numel())

    hooks = [layer.register_forward_hook(count) for layer in model.modules()]
    logits_of(model, torch.zeros(1, 1, SIDE, SIDE))
    for hook in hooks:
        hook.remove()
    return sum(counts)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SPLINEMESH_DATA"),
                        help="folder that holds MNIST's four idx .gz files under data/mnist or mnist; "
                             "without it the environment's SPLINEMESH_DATA")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    options = parse_arguments()
    train_images, train_labels, test_images, test_labels, data_sha256 = load_mnist(find_mnist(options.data))
    make_repeatable(options.seed)

    lenet5 = train(LeNet5(), train_images, train_labels, move_at_random, **LENET5)
    accuracy = {"train": score(lenet5, train_images, train_labels), "test": score(lenet5, test_images, test_labels)}
    print(json.dumps(accuracy))
    if accuracy["test"]["accuracy"] < LEAST_TEST_ACCURACY:
        raise SystemExit(f"test accuracy is below {LEAST_TEST_ACCURACY}: nothing written")

    # Seeded anew, so that the student follows from LeNet5's weights alone.
    torch.manual_seed(options.seed)
    student = distil(lenet5, train_images)
    lenet5_classes = logits_of(lenet5, test_images).argmax(1)

    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    export(lenet5, out / "lenet5.onnx")
    export(student, out / "student.onnx")
    macs = {"lenet5": multiply_accumulates(lenet5), "student": multiply_accumulates(student)}
    recipe = {
        "data": {"images": f"MNIST, 28x28 padded by {BORDER} zeros on each side to 32x32, value / 255",
                 "sha256Unpacked": data_sha256},
        "split": "MNIST's own: 60,000 for training, 10,000 for the test",
        "selection": "none on test images; weights of the last epoch; the student's shape, epochs and temperature were "
                     "chosen among 13 candidates fitted to 50,000 training images and compared on the other 10,000",
        "optimizer": "AdamW on the cross entropy, learning rate falling to 0 along a cosine, epoch by epoch",
        "seed": options.seed,
        "lenet5": {
            "model": "LeNet5, ReLU, max pooling", "parameters": parameters_of(lenet5),
            "multiplyAccumulates": macs["lenet5"], "arguments": LENET5, "augmentation": AUGMENTATION,
            "accuracyOfLogits": accuracy,
        },
        "student": {
            "model": f"2x2 means within the border, {HIDDEN} hidden, ReLU", "parameters": parameters_of(student),
            "multiplyAccumulates": macs["student"], "shareOfLeNet5": round(macs["student"] / macs["lenet5"], 6),
            "arguments": STUDENT, "temperature": TEMPERATURE,
            "targets": "softmax of LeNet5's logits / temperature, training images, unmoved",
            "accuracyOfLogits": {"train": score(student, train_images, train_labels),
                                 "test": score(student, test_images, test_labels)},
            "agreesWithLeNet5": {"test": score(student, test_images, lenet5_classes)},
        },
        "opset": OPSET,
        "sha256": sha256_of(out, ("lenet5.onnx", "student.onnx")),
        "environment": environment(),
    }
    (out / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")
    print(json.dumps({name: recipe[name]["accuracyOfLogits"]["test"] for name in ("lenet5", "student")}))


if __name__ == "__main__":
    main()
