#!/usr/bin/env python3
"""Trains LeNet5 on the handwritten digits of scikit-learn and writes all that the demo needs beside this file.

The recipe is fixed before the test images are looked at: no validation split, no early stopping, the weights of the
last epoch. One thread and one seed, so that the same packages on the same kind of processor give the same bytes.
"""
import argparse
import hashlib
import json
import platform
import struct
import zlib
from math import radians
from pathlib import Path

import numpy
import onnx
import sklearn
import torch
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits
from torch import nn

SIDE = 32
OPSET = 17
TEST_EVERY = 4
# The demo promises this much; below it nothing is written.
LEAST_TEST_ACCURACY = 0.97
# Limits of the random motion of a training image, each drawn uniformly on both sides of none.
AUGMENTATION = {"rotationDegrees": 10.0, "shiftPixels": 2.0, "scale": 0.1}


class LeNet5(nn.Module):
    """LeCun et al. 1998 as it is used today: ReLU and max pooling, 61,706 parameters, [b,1,32,32] -> logits [b,10]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, image):
        return self.layers(image)


class WithSoftmax(nn.Module):
    """What is exported: both outputs, because codes decode logits and softmax with different error."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        logits = self.model(image)
        return logits, nn.functional.softmax(logits, dim=1)


def load_images():
    """All images, float32 [n,1,32,32] in [0,1], and their labels, int64 [n], in scikit-learn's order."""
    digits = load_digits()
    small = torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
    images = nn.functional.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    return images, torch.tensor(digits.target, dtype=torch.int64)


def move_at_random(images):
    """A copy of the images [b,1,32,32], each turned, scaled and shifted a little; zeros come in from outside."""
    def uniform(limit):
        return (torch.rand(len(images)) * 2 - 1) * limit

    angle, scale = uniform(radians(AUGMENTATION["rotationDegrees"])), 1 + uniform(AUGMENTATION["scale"])
    # affine_grid measures an image from -1 to 1, so one pixel is 2 / SIDE.
    shift = AUGMENTATION["shiftPixels"] * 2 / SIDE
    right, down = uniform(shift), uniform(shift)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    motion = torch.stack([torch.stack([cos, -sin, right], 1), torch.stack([sin, cos, down], 1)], 1)
    grid = nn.functional.affine_grid(motion, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


def train(images, labels, options):
    model = LeNet5()
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.epochs)
    for epoch in range(1, options.epochs + 1):
        for batch in torch.randperm(len(images)).split(options.batch):
            loss = nn.functional.cross_entropy(model(move_at_random(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        if epoch % 10 == 0:
            print(f"epoch {epoch:3d} of {options.epochs}, loss of the last batch {loss.item():.4f}")
    return model.eval()


def predict(model, images):
    with torch.no_grad():
        return model(images).argmax(1)


def export(model, path):
    torch.onnx.export(
        WithSoftmax(model), torch.zeros(1, 1, SIDE, SIDE), str(path), opset_version=OPSET,
        input_names=["image"], output_names=["logits", "softmax"],
        dynamic_axes={name: {0: "batch"} for name in ("image", "logits", "softmax")},
    )
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)


def grayscale_png(pixels):
    """The PNG file of a uint8 image [height,width], as bytes."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)  # 0: the row is not filtered
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def write_examples(folder, model, images, labels):
    """Writes the first test image of each of four digits; returns what the model says of the 8-bit picture."""
    folder.mkdir(exist_ok=True)
    examples = {}
    for digit in range(4):
        index = int((labels == digit).nonzero()[0])
        pixels = (images[index, 0] * 255).round().to(torch.uint8)
        (folder / f"{digit}.png").write_bytes(grayscale_png(pixels.numpy()))
        predicted = int(predict(model, pixels.float().div(255).reshape(1, 1, SIDE, SIDE)))
        examples[f"{digit}.png"] = {"testIndex": index, "label": digit, "predicted": predicted}
    return examples


def share(predicted, labels):
    correct = int((predicted == labels).sum())
    return {"images": len(labels), "correct": correct, "accuracy": round(correct / len(labels), 6)}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch", type=int, default=32, help="images per step")
    parser.add_argument("--learning-rate", type=float, default=2e-3, help="of AdamW, falling to 0 along a cosine")
    parser.add_argument("--weight-decay", type=float, default=1e-2)
    return parser.parse_args()


def main():
    options = parse_arguments()
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    # The BLAS beneath torch has threads of its own, and sums in another order when it uses them.
    threadpool_limits(1)

    images, labels = load_images()
    is_test = torch.arange(len(images)) % TEST_EVERY == 0
    test_images, test_labels = images[is_test], labels[is_test]
    model = train(images[~is_test], labels[~is_test], options)
    accuracy = {"train": share(predict(model, images[~is_test]), labels[~is_test]),
                "test": share(predict(model, test_images), test_labels)}
    print(json.dumps(accuracy))
    if accuracy["test"]["accuracy"] < LEAST_TEST_ACCURACY:
        raise SystemExit(f"test accuracy is below {LEAST_TEST_ACCURACY}: nothing written")

    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    export(model, out / "lenet5.onnx")
    numpy.save(out / "test-images.npy", test_images.numpy().astype("<f4"))
    numpy.save(out / "test-labels.npy", test_labels.numpy().astype("<i4"))
    recipe = {
        "model": "LeNet5, ReLU, max pooling",
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "data": "scikit-learn load_digits(), value / 16, bilinear 8x8 to 32x32",
        "split": f"test where index % {TEST_EVERY} == 0, in the data's own order",
        "selection": "none: the weights of the last epoch",
        "optimizer": "AdamW on the cross entropy, learning rate falling to 0 along a cosine, epoch by epoch",
        "arguments": {name: value for name, value in vars(options).items() if name != "out"},
        "augmentation": AUGMENTATION,
        "accuracyOfLogits": accuracy,
        "examples": write_examples(out / "examples", model, test_images, test_labels),
        "opset": OPSET,
        "sha256": {name: hashlib.sha256((out / name).read_bytes()).hexdigest()
                   for name in ("lenet5.onnx", "test-images.npy", "test-labels.npy")},
        "environment": {
            "python": platform.python_version(), "machine": platform.machine(), "torch": torch.__version__,
            "onnx": onnx.__version__, "numpy": numpy.__version__, "scikitLearn": sklearn.__version__,
        },
    }
    (out / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")


if __name__ == "__main__":
    main()
