#!/usr/bin/env python3
"""Trains Coded-InvNet on MNIST, CIFAR-10 or the digits: an invertible network with a linear head, and the encoder of a group of K images.

Dinh and Lee 2021. The network is f = h∘g, g invertible, h linear, so that f(g⁻¹(mean of g(x_i))) is the mean of f(x_i): one more
run of the deployed network makes up for one slow worker of K. The encoder is a small U-Net, run by the master, that
approximates g⁻¹(mean of g(x_i)) from the images. One thread and one seed.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import numpy
import onnx
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cifar10.train import FILES as CIFAR10, load_test, load_training as load_cifar10  # noqa: E402
from companion import HELD_BACK_EVERY, answers_of, fit, MOST_APART  # noqa: E402: the folder above is not a package
from digits.images import TEST_EVERY, load_images  # noqa: E402
from mnist.images import find_mnist, load_mnist  # noqa: E402
from training import (  # noqa: E402
    OPSET, SIDE, environment, export, logits_of, make_repeatable, move_at_random, parameters_of, score,
    sha256_of,
)

NETWORK = {"batch": 128, "learning_rate": 4e-3,
           "mixup": "Manifold Mixup, of a layer by chance, uniform share", "loss": "square"}
ENCODER = {"batch": 32, "learning_rate": 3e-3}
# What the network gives the class of an image, where it gives the others 0: softmax of that is .9995.
SURE = 10.0
CLASSES = 10


def conv(channels_in, channels, stride=1):
    return nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1)


class Coupling(nn.Module):
    """Dinh, Krueger and Bengio 2015 (NICE): each half is moved by a function of the other, so that it can be moved back."""

    def __init__(self, channels, hidden):
        super().__init__()
        half = channels // 2
        self.first, self.second = (
            nn.Sequential(conv(half, hidden), nn.BatchNorm2d(hidden), nn.ReLU(), conv(hidden, half)) for _ in range(2)
        )

    def forward(self, x):
        left, right = x.chunk(2, 1)
        left = left + self.first(right)
        return torch.cat([left, right + self.second(left)], 1)

    def inverse(self, y):
        left, right = y.chunk(2, 1)
        right = right - self.second(left)
        return torch.cat([left - self.first(right), right], 1)


class Squeeze(nn.Module):
    """2×2 pixels become 4 channels: [b,c,h,w] -> [b,4c,h/2,w/2]."""

    def forward(self, x):
        count, channels, height, width = x.shape
        grid = x.reshape(-1, channels, height // 2, 2, width // 2, 2)
        return grid.permute(0, 3, 5, 1, 2, 4).reshape(-1, 4 * channels, height // 2, width // 2)

    def inverse(self, y):
        count, channels, height, width = y.shape
        grid = y.reshape(-1, 2, 2, channels // 4, height, width)
        return grid.permute(0, 3, 4, 1, 5, 2).reshape(-1, channels // 4, 2 * height, 2 * width)


class InvNet(nn.Module):
    """f = h∘g: [b,c,32,32] -> logits [b,10]; g keeps all numbers of an image."""

    def __init__(self, channels):
        super().__init__()
        self.layers = nn.ModuleList([
            Squeeze(), Squeeze(), Coupling(16 * channels, 32 * channels), Coupling(16 * channels, 32 * channels),
            Squeeze(), Coupling(64 * channels, 64 * channels),
        ])
        self.head = nn.Linear(channels * SIDE * SIDE, CLASSES)

    def features(self, image):
        for layer in self.layers:
            image = layer(image)
        return image

    def inverse(self, features):
        for layer in reversed(self.layers):
            features = layer.inverse(features)
        return features

    def forward(self, image):
        return self.head(self.features(image).flatten(1))


class Encoder(nn.Module):
    """A group as one image: [groups,k,c,32,32] -> [groups,c,32,32].

    Each image is seen by itself first, as a whole, so that what is averaged can be what it is of; the way up starts from that
    average, and at each size sees the average at that size.
    """

    def __init__(self, channels):
        super().__init__()
        self.down = nn.ModuleList([
            nn.Sequential(nn.Conv2d(channels, 32, 4, stride=4), nn.BatchNorm2d(32), nn.ReLU()),
            nn.Sequential(conv(32, 32, 2), nn.BatchNorm2d(32), nn.ReLU()),
            nn.Sequential(
                nn.Flatten(), nn.Linear(512, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
            ),
        ])
        self.bottom = nn.Sequential(nn.Linear(64, 512), nn.ReLU())
        self.up = nn.ModuleList([
            nn.Sequential(conv(32 + 32, 64), nn.ReLU(), nn.PixelShuffle(2)),
            nn.Sequential(conv(16 + 32, 64), nn.ReLU(), conv(64, 16 * channels), nn.PixelShuffle(4)),
        ])

    def forward(self, groups):
        count, together = groups.shape[:2]
        each = groups.flatten(0, 1)
        means = []
        for layer in self.down:
            each = layer(each)
            means.append(each.reshape(count, together, *each.shape[1:]).mean(1))
        image = self.bottom(means.pop()).reshape(count, 32, 4, 4)
        for layer in self.up:
            image = layer(torch.cat([image, means.pop()], 1))
        return image + groups.mean(1)


class OneGroup(nn.Module):
    """What is exported: the K images of one group as a batch, [k,c,32,32] -> [1,c,32,32]."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, images):
        return self.encoder(images[None])


def train_network(images, classes, held, options):
    """Manifold Mixup (Verma and others 2019): mixtures of what a layer gives are to have the mixture of the classes.

    On the square loss (Hui and Belkin 2021): what the head gives is bounded then, so that ten answers add up without one
    drowning the others.
    """
    targets = SURE * nn.functional.one_hot(classes, CLASSES).float()

    def loss_of_batch(model):
        chosen = torch.randint(0, len(images), (NETWORK["batch"],))
        share, mixed_after = torch.rand(1), int(torch.randint(0, len(model.layers), (1,)))

        def mixed(values):
            return share * values + (1 - share) * values.flip(0)

        values = images[chosen]
        for number, layer in enumerate(model.layers):
            values = mixed(layer(values)) if number == mixed_after else layer(values)
        return (model.head(values.flatten(1)) - mixed(targets[chosen])).square().sum(1).mean()

    def accuracy(model):
        return score(model, *held)["accuracy"]

    return fit(InvNet(images.shape[1]), loss_of_batch, accuracy,
               phase(options, "network", {"steps": options.network_steps, **NETWORK}))


def train_encoder(network, images, held_images, options):
    """Fitted to give the mean of the predictions."""
    network.requires_grad_(False)
    logits, held_logits = logits_of(network, images), logits_of(network, held_images)
    k = options.k

    def error(encoded, answers):
        """What a reconstructed prediction is off by, whichever of the group it is: [groups,classes]."""
        return k * (network(encoded) - answers.mean(1))

    def loss_of_batch(model):
        chosen = torch.randint(0, len(images), (ENCODER["batch"], k))
        return (error(model(images[chosen]), logits[chosen]) / SURE).square().sum(1).mean()

    chance = torch.Generator().manual_seed(0)
    drawn = torch.stack([torch.randperm(len(held_images), generator=chance) for _ in range(k)], 1)[:1000]

    def agreement(model):
        decoded = held_logits[drawn] + error(model(held_images[drawn]), held_logits[drawn])[:, None]
        return float((decoded.argmax(2) == held_logits[drawn].argmax(2)).float().mean())

    model = fit(Encoder(images.shape[1]), loss_of_batch, agreement, phase(options, "encoder", {"steps": options.steps, **ENCODER}))
    return model, agreement(model)


def read_images(data):
    """Images and classes to learn from, and to test."""
    folder = None if data is None else Path(data)
    if folder is not None and (folder / CIFAR10["train"]).is_file():
        fitted, _ = load_cifar10(folder / CIFAR10["train"])
        return [part.float() / 255 if part.ndim == 4 else part for part in (*fitted, *load_test(folder / CIFAR10["test"]))]
    if data != "digits":
        return load_mnist(find_mnist(folder))[:4]
    images, classes = load_images()
    tested = torch.arange(len(images)) % TEST_EVERY == 0
    return images[~tested], classes[~tested], images[tested], classes[tested]


def phase(options, name, how):
    """The options of `fit` for one of the two trainings."""
    checkpoint = options.checkpoint and options.checkpoint.with_suffix(f".{name}")
    return argparse.Namespace(steps=how["steps"], learning_rate=how["learning_rate"], checkpoint=checkpoint)


def export_encoder(encoder, path, example):
    """Writes the encoder as ONNX, and refuses it if ONNX Runtime gives another image than PyTorch."""
    # The export leaves a model in the mode that it found it in.
    one_group = OneGroup(encoder).eval()
    torch.onnx.export(one_group, example, str(path), opset_version=OPSET, input_names=["image"],
                      output_names=["coded"], dynamic_axes={"image": {0: "k"}})
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    with torch.no_grad():
        apart = float((answers_of(path, example, "coded") - one_group(example)).abs().max())
    if not apart <= MOST_APART:
        path.unlink()
        raise SystemExit(f"ONNX Runtime and PyTorch differ by {apart} on {path.name}: nothing written")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("SPLINEMESH_DATA"), 
                        help="a folder that holds MNIST, the one of CIFAR-10's files, or 'digits'")
    parser.add_argument("--copies", type=int, default=0, help="moved copies of each image to learn from beside it")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--k", type=int, default=10, help="queries in a group")
    parser.add_argument("--network-steps", type=int, default=3000, help="of the network")
    parser.add_argument("--steps", type=int, default=5000, help="of the encoder")
    parser.add_argument("--checkpoint", type=Path, help="as for parm/train.py")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    options = parse_arguments()
    make_repeatable(options.seed)
    images, classes, test_images, test_classes = read_images(options.data)
    is_held = torch.arange(len(images)) % HELD_BACK_EVERY == 0
    held_images, held_classes = images[is_held], classes[is_held]
    learned = torch.cat([images[~is_held], *(move_at_random(images[~is_held]) for _ in range(options.copies))])
    learned_classes = classes[~is_held].repeat(1 + options.copies)
    network = train_network(learned, learned_classes, (held_images, held_classes), options)
    torch.manual_seed(options.seed)
    encoder, agreement = train_encoder(network, learned, held_images, options)

    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    numpy.save(out / "held-back.npy", held_images.numpy())
    names = ["invnet.onnx", f"encoder-k{options.k}.onnx"]
    export(network, out / names[0], held_images.shape[1:])
    export_encoder(encoder, out / names[1], held_images[:options.k])
    recipe = {
        "selection": "none; weights of the last step", "heldBackEvery": HELD_BACK_EVERY, "copies": options.copies,
        "seed": options.seed,
        "network": {"parameters": parameters_of(network), "steps": options.network_steps, "arguments": NETWORK,
                    "accuracyOfLogits": {"test": score(network, test_images, test_classes)}},
        "encoder": {"k": options.k, "parameters": parameters_of(encoder), "steps": options.steps, "arguments": ENCODER,
                    "agreementOnQueriesHeldBack": round(agreement, 4)},
        "sha256": sha256_of(out, names), "environment": environment(),
    }
    (out / "invnet.recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")


if __name__ == "__main__":
    main()
