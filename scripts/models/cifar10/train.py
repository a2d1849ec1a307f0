#!/usr/bin/env python3
"""Fits a public ResNet-20 to a JPEG-compressed copy of CIFAR-10 and writes it beside this file.

Nothing is chosen on the test images: a fixed recipe, no early stopping, the weights of the last epoch. One thread and one
seed, so that the same packages on the same kind of processor give the same bytes.
"""
import argparse
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

import numpy
import PIL
import torch
from PIL import Image
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from training import (  # noqa: E402: the folder above is not a package
    OPSET, environment, export, make_repeatable, parameters_of, score, sha256_of,
)

FINE_TUNING = {"epochs": 3, "batch": 128, "learning_rate": 0.02, "momentum": 0.9, "weight_decay": 5e-4}
# Limits of the random motion of a training image; the mirror is even odds.
AUGMENTATION = {"shiftPixels": 4, "mirror": True}
SIDE = 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# Kept out of the fine-tuning, so that a code can be calibrated on answers to images that the network was not fitted to.
CALIBRATION_EVERY = 10
# What the public weights were trained with: mean and standard deviation of ImageNet's colours.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LEAST_TEST_ACCURACY = 0.875
FILES = {"train": "train_jpeg.tar", "test": "test_5000.bin"}
WEIGHTS = "resnet20-cifar10.th"


class Block(nn.Module):
    """Two convolutions and what skips them; where channels double, half the pixels and zeros for the new channels."""

    def __init__(self, channels_in, channels):
        super().__init__()
        self.grows = channels != channels_in
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=2 if self.grows else 1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, features):
        skipping = features
        if self.grows:
            border = features.shape[1] // 2
            skipping = nn.functional.pad(features[:, :, ::2, ::2], (0, 0, 0, 0, border, border))
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(features)))))
        return torch.relu(inner + skipping)


class ResNet20(nn.Module):
    """He et al. 2016, §4.2, with shortcut A: [b,3,32,32] with values in [0, 1] -> logits [b,10].

    Layers are named as in the public weights, and colours are normalised within, as those weights expect them.
    """

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).reshape(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).reshape(3, 1, 1), persistent=False)
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16), Block(16, 16), Block(16, 16))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.linear = nn.Linear(64, len(CLASSES))

    def features(self, image):
        first = torch.relu(self.bn1(self.conv1((image - self.mean) / self.deviation)))
        return self.layer3(self.layer2(self.layer1(first)))

    def forward(self, image):
        return self.linear(self.features(image).mean((2, 3)))


def read_weights(path):
    public = torch.load(path, map_location="cpu")["state_dict"]
    model = ResNet20()
    model.load_state_dict({name.removeprefix("module."): weight for name, weight in public.items()})
    return model.eval()


def move_at_random(images):
    """A copy of the images [b,3,32,32], each shifted and perhaps mirrored; zeros come in from outside."""
    limit = AUGMENTATION["shiftPixels"]
    padded = nn.functional.pad(images, (limit, limit, limit, limit))
    down, right = torch.randint(0, 2 * limit + 1, (2, len(images), 1))
    rows, columns = down + torch.arange(SIDE), right + torch.arange(SIDE)
    image, channel = torch.arange(len(images))[:, None, None, None], torch.arange(3)[None, :, None, None]
    shifted = padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]
    return torch.where((torch.rand(len(images)) < 0.5)[:, None, None, None], shifted.flip(3), shifted)


def fine_tune(model, images, classes, checkpoint):
    """Fits the model to images, uint8 [n,3,32,32]; goes on from the checkpoint where one is given and there."""
    options = FINE_TUNING
    optimizer = torch.optim.SGD(model.parameters(), lr=options["learning_rate"], momentum=options["momentum"],
                                weight_decay=options["weight_decay"], nesterov=True)
    steps = options["epochs"] * -(-len(images) // options["batch"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    done = resume(checkpoint, model, optimizer, schedule)
    model.train()
    for epoch in range(done + 1, options["epochs"] + 1):
        for chosen in torch.randperm(len(images)).split(options["batch"]):
            loss = nn.functional.cross_entropy(model(move_at_random(images[chosen].float() / 255)), classes[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch} of {options['epochs']}, loss of the last batch {loss.item():.4f}", flush=True)
        if checkpoint is not None:
            torch.save({"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                        "schedule": schedule.state_dict(), "random": torch.get_rng_state()}, checkpoint)
    return model.eval()


def resume(checkpoint, model, optimizer, schedule):
    """Puts everything back to where the checkpoint was written; how many epochs are done."""
    if checkpoint is None or not checkpoint.is_file():
        return 0
    state = torch.load(checkpoint)
    for part, name in ((model, "model"), (optimizer, "optimizer"), (schedule, "schedule")):
        part.load_state_dict(state[name])
    torch.set_rng_state(state["random"])
    return state["epoch"]


def load_training(path):
    """Images to fit, uint8 [45000,3,32,32], and classes; the same of 5,000 for calibration: every tenth of each class."""
    parts = {"fitted": ([], []), "calibration": ([], [])}
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            _, name, number = member.name.split("/")
            pixels = numpy.asarray(Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB"))
            held = int(number.removesuffix(".jpg")) % CALIBRATION_EVERY == 0
            images, classes = parts["calibration" if held else "fitted"]
            images.append(pixels.transpose(2, 0, 1))
            classes.append(CLASSES.index(name))
    return [(torch.from_numpy(numpy.stack(images)), torch.tensor(classes)) for images, classes in parts.values()]


def load_test(path):
    """Images, uint8 [5000,3,32,32], and classes, from records of one byte for the class and 3072 for the image."""
    records = numpy.fromfile(path, numpy.uint8).reshape(-1, 1 + 3 * SIDE * SIDE)
    return torch.from_numpy(records[:, 1:].reshape(-1, 3, SIDE, SIDE)), torch.from_numpy(records[:, 0].astype(numpy.int64))


def folder_with(data, names, subfolder):
    """The folder that holds all of these files: `<data>/data/<subfolder>`, `<data>/<subfolder>`."""
    tried = [data / "data" / subfolder, data / subfolder]
    for folder in tried:
        if all((folder / name).is_file() for name in names):
            return folder
    raise SystemExit(f"expected {', '.join(names)} in {' or '.join(map(str, tried))}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SPLINEMESH_DATA"),
                        help=f"folder that holds {' and '.join(FILES.values())} under data/cifar10 or cifar10, and "
                             f"{WEIGHTS} under models; without it the environment's SPLINEMESH_DATA")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    parser.add_argument("--checkpoint", type=Path,
                        help="file to write after each epoch, and to go on from; the outcome is the same")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.data is None:
        raise SystemExit("no data: give --data or SPLINEMESH_DATA")
    return options


def main():
    options = parse_arguments()
    folder = folder_with(options.data, FILES.values(), "cifar10")
    weights = options.data / "models" / WEIGHTS
    make_repeatable(options.seed)
    (fitted_images, fitted_classes), calibration = load_training(folder / FILES["train"])
    scored = {"calibration": calibration, "test": load_test(folder / FILES["test"])}

    def accuracy(model):
        return {part: score(model, images.float() / 255, classes) for part, (images, classes) in scored.items()}

    model = read_weights(weights)
    as_downloaded = accuracy(model)
    print(json.dumps(as_downloaded), flush=True)
    fine_tuned = accuracy(fine_tune(model, fitted_images, fitted_classes, options.checkpoint))
    print(json.dumps(fine_tuned), flush=True)
    if fine_tuned["test"]["accuracy"] < LEAST_TEST_ACCURACY:
        raise SystemExit(f"test accuracy is below {LEAST_TEST_ACCURACY}: nothing written")

    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    export(model, out / "resnet20.onnx", (3, SIDE, SIDE))
    recipe = {
        "data": {"images": "CIFAR-10 as a public JPEG-compressed copy has it, 3x32x32 RGB, value / 255",
                 "sha256": sha256_of(folder, FILES.values())},
        "weights": {"file": WEIGHTS, "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()},
        "split": {"fitted": len(fitted_classes), "calibration": len(calibration[1]),
                  "calibrationEvery": CALIBRATION_EVERY, "test": len(scored["test"][1])},
        "selection": "none; weights of the last epoch",
        "optimizer": "SGD with Nesterov momentum on the cross entropy, learning rate falling to 0 along a cosine, "
                     "step by step",
        "seed": options.seed,
        "resnet20": {
            "model": "ResNet-20 for CIFAR-10, shortcut A, colours normalised within", "classes": CLASSES,
            "parameters": parameters_of(model), "arguments": FINE_TUNING, "augmentation": AUGMENTATION,
            "accuracyAsDownloaded": as_downloaded, "accuracyOfLogits": fine_tuned,
        },
        "opset": OPSET,
        "sha256": sha256_of(out, ("resnet20.onnx",)),
        "environment": {**environment(), "pillow": PIL.__version__},
    }
    (out / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")


if __name__ == "__main__":
    main()
