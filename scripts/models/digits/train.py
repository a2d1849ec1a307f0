#!/usr/bin/env python3
"""Trains LeNet5 on the handwritten digits of scikit-learn and writes all that the demo needs beside this file.

The recipe is fixed before the test images are looked at: no validation split, no early stopping, the weights of the
last epoch. One thread and one seed, so that the same packages on the same kind of processor give the same bytes.
"""
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy
import sklearn
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from digits.images import TEST_EVERY, load_images  # noqa: E402: the folder above is not a package
from training import (  # noqa: E402
    AUGMENTATION, OPSET, SIDE, LeNet5, environment, export, logits_of, make_repeatable, move_at_random, parameters_of,
    score, sha256_of, train, training_parser,
)

# The demo promises this much; below it nothing is written.
LEAST_TEST_ACCURACY = 0.97


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
        predicted = int(logits_of(model, pixels.float().div(255).reshape(1, 1, SIDE, SIDE)).argmax())
        examples[f"{digit}.png"] = {"testIndex": index, "label": digit, "predicted": predicted}
    return examples


def parse_arguments():
    parser = training_parser(__doc__, Path(__file__).parent, epochs=100, learning_rate=2e-3)
    parser.add_argument("--train-images", type=Path, help="train nothing: write the training images there, as .npy")
    return parser.parse_args()


def main():
    options = parse_arguments()
    make_repeatable(options.seed)

    images, labels = load_images()
    is_test = torch.arange(len(images)) % TEST_EVERY == 0
    test_images, test_labels = images[is_test], labels[is_test]
    train_images, train_labels = images[~is_test], labels[~is_test]
    if options.train_images:
        numpy.save(options.train_images, train_images.numpy().astype("<f4"))
        return
    model = train(LeNet5(), train_images, train_labels, move_at_random, epochs=options.epochs, batch=options.batch,
                  learning_rate=options.learning_rate, weight_decay=options.weight_decay)
    accuracy = {"train": score(model, train_images, train_labels), "test": score(model, test_images, test_labels)}
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
        "parameters": parameters_of(model),
        "data": "scikit-learn load_digits(), value / 16, bilinear 8x8 to 32x32",
        "split": f"test where index % {TEST_EVERY} == 0, in the data's own order",
        "selection": "none: the weights of the last epoch",
        "optimizer": "AdamW on the cross entropy, learning rate falling to 0 along a cosine, epoch by epoch",
        "arguments": {name: value for name, value in vars(options).items() if name not in ("out", "train_images")},
        "augmentation": AUGMENTATION,
        "accuracyOfLogits": accuracy,
        "examples": write_examples(out / "examples", model, test_images, test_labels),
        "opset": OPSET,
        "sha256": sha256_of(out, ("lenet5.onnx", "test-images.npy", "test-labels.npy")),
        "environment": {**environment(), "scikitLearn": sklearn.__version__},
    }
    (out / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")


if __name__ == "__main__":
    main()
