"""What the trainings of companions share: queries and the deployed model's answers, the loop, the export and its check.

A companion learns the answers of the deployed model, so no label reaches it. Imported by `parm/train.py`, `mosaic/train.py`
and `invnet/train.py`; run by itself it does nothing.
"""
import argparse
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import numpy
import onnx
import torch
from torch import nn

from cifar10.train import FILES as CIFAR10, load_training as load_cifar10, read_weights
from digits.images import TEST_EVERY, load_images
from half import halve
from mnist.images import find_mnist, load_mnist
from tiling import shrunk
from training import OPSET, environment, make_repeatable, move_at_random, parameters_of, sha256_of

MODELS = Path(__file__).resolve().parent
NODE = MODELS.parents[1] / "node_modules" / ".bin" / "node"
# Every so many queries one is held back: to see how the training goes, and to learn what a companion is worth.
HELD_BACK_EVERY = 10
LOOKS = 10
# ONNX Runtime and PyTorch sum in different orders.
MOST_APART = 1e-3


class NormalisedLeNet5(nn.Module):
    """LeNet5 with batch normalisation, which the export folds into the layers before it: LeNet5's own work."""

    def __init__(self, classes, tiles):
        super().__init__()
        self.classes = classes
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(400, 120), nn.BatchNorm1d(120), nn.ReLU(),
            nn.Linear(120, 84), nn.BatchNorm1d(84), nn.ReLU(), nn.Linear(84, tiles * tiles * classes),
        )

    def forward(self, image):
        return self.layers(image).reshape(-1, self.classes)


class WideNetwork(nn.Module):
    """Not more work than LeNet5, 393k multiply-adds of an image [b,1,32,32], in fewer and wider layers: strides, no pooling.

    It learns as much in half the time. The export folds each normalisation into the layer before it.
    """

    def __init__(self, classes, tiles):
        super().__init__()
        self.classes = classes
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(),
            nn.Linear(32 * 6 * 6, 120), nn.BatchNorm1d(120), nn.ReLU(),
            nn.Linear(120, 84), nn.BatchNorm1d(84), nn.ReLU(), nn.Linear(84, tiles * tiles * classes),
        )

    def forward(self, image):
        return self.layers(image).reshape(-1, self.classes)


class TiledResNet20(nn.Module):
    """The ResNet-20 of `cifar10` with a last layer of its own, on features averaged tile by tile: of an image [b,3,32,32]."""

    def __init__(self, classes, tiles, weights):
        super().__init__()
        self.network = read_weights(weights)
        self.network.linear = nn.Linear(self.network.linear.in_features, classes)
        self.pixels = 8 // tiles

    def forward(self, image):
        features = nn.functional.avg_pool2d(self.network.features(image), self.pixels)
        return self.network.linear(features.permute(0, 2, 3, 1).flatten(0, 2))


# The paper takes the architecture of the deployed model.
NETWORKS = {"wide": WideNetwork, "lenet5": NormalisedLeNet5, "resnet20": TiledResNet20}


def new_network(options, classes, tiles=1):
    """A network of images that have tiles×tiles tiles, with an answer for each: [b,c,h,w] -> [b·tiles²,classes]."""
    if (options.network == "resnet20") != (options.weights is not None):
        raise SystemExit("--network resnet20 goes on from public weights, and the others from none: give --weights with it alone")
    start = {} if options.weights is None else {"weights": options.weights}
    return NETWORKS[options.network](classes, tiles, **start)


def arguments(description, steps):
    """The options that every training of a companion has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the deployed model, .onnx")
    parser.add_argument("--data", required=True,
                        help="queries without labels: a .npy file, 'digits', a folder that holds MNIST, or the one of CIFAR-10's "
                             "files")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--output", default="softmax", help="the output of the model that is learned")
    parser.add_argument("--network", choices=NETWORKS, default="wide")
    parser.add_argument("--weights", type=Path, help="public weights that resnet20 starts from")
    parser.add_argument("--most", type=int, help="learn from so many of the queries, drawn by chance")
    parser.add_argument("--mirror", action="store_true", help="mirror queries by chance; their answers stay as they are")
    parser.add_argument("--copies", type=int, default=0, help="moved copies of each query to learn from beside it")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=4e-3, help="its peak")
    parser.add_argument("--half", action="store_true", help="keep the large weights as float16: the file is half as large")
    parser.add_argument("--checkpoint", type=Path,
                        help="file to write ten times on the way, and to go on from; the outcome is the same")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def read_queries(data):
    """Queries to learn from, float32 [n,...]; of data sets that have a test part, the others."""
    if data == "digits":
        images, _ = load_images()
        return images[torch.arange(len(images)) % TEST_EVERY != 0]
    path = Path(data)
    if (path / CIFAR10["train"]).is_file():
        (fitted, _), _ = load_cifar10(path / CIFAR10["train"])
        return fitted.float() / 255
    return load_mnist(find_mnist(path))[0] if path.is_dir() else torch.from_numpy(numpy.load(path))


def known_answers(options, queries):
    """What the deployed model says of the queries, kept beside what is trained: another training of the same has it at once."""
    asked = hashlib.sha256(options.model.read_bytes() + options.output.encode() + queries.numpy().tobytes()).hexdigest()
    kept = options.out / f"answers-{asked[:12]}.npy"
    if not kept.is_file():
        numpy.save(kept, answers_of(options.model, queries, options.output).numpy())
    return torch.from_numpy(numpy.load(kept))


def answers_of(model, queries, output):
    """What the ONNX model says of each query, by the project's own ONNX Runtime; float32 [n,...]."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "queries.npy"), Path(folder, "answers.npy")
        numpy.save(asked, queries.numpy())
        subprocess.run([NODE, MODELS / "answers.ts", "--model", model, "--input", asked, "--output", output,
                        "--out", answered], check=True)
        return torch.from_numpy(numpy.load(answered))


class Teaching:
    """Queries and the deployed model's answers to them: some to learn from, every tenth held back, for what it is worth."""

    def __init__(self, options):
        queries = read_queries(options.data)
        if options.most is not None:
            queries = queries[torch.randperm(len(queries))[:options.most]]
        held = torch.arange(len(queries)) % HELD_BACK_EVERY == 0
        learned = queries[~held]
        if options.copies > 0:
            moved = [move_at_random(part) for _ in range(options.copies) for part in learned.split(1000)]
            learned = torch.cat([learned, *moved])
        self.queries, self.held_queries = learned, queries[held]
        options.out.mkdir(parents=True, exist_ok=True)
        numpy.save(options.out / "held-back.npy", self.held_queries.numpy())
        answers = known_answers(options, torch.cat([learned, self.held_queries]))
        self.answers, self.held_answers = answers[:len(learned)], answers[len(learned):]
        self.mirror = options.mirror

    def shrink(self, tiles):
        """Keeps all queries as the small images that they become in tiles."""
        self.queries, self.held_queries = shrunk(self.queries, tiles), shrunk(self.held_queries, tiles)

    def draw(self, count, together):
        """A batch of groups by chance: queries [count,together,...] and answers [count,together,classes]."""
        chosen = torch.randint(0, len(self.queries), (count, together))
        queries = self.queries[chosen]
        if self.mirror:
            mirrored = torch.rand(count, together) < 0.5
            queries[mirrored] = queries[mirrored].flip(-1)
        return queries, self.answers[chosen]

    def held_groups(self, together):
        """As many groups of queries held back as there are such queries, each query once in each place."""
        chance = torch.Generator().manual_seed(0)
        chosen = torch.stack([torch.randperm(len(self.held_queries), generator=chance) for _ in range(together)], 1)
        return self.held_queries[chosen], self.held_answers[chosen]


def fit(model, loss_of_batch, agreement, options):
    """AdamW along one cycle of the learning rate (Smith and Topin 2019); the weights of the last step."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.learning_rate, total_steps=options.steps)
    for step in range(resume(options.checkpoint, model, optimizer, schedule) + 1, options.steps + 1):
        loss = loss_of_batch(model)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % max(1, options.steps // LOOKS) == 0:
            model.eval()
            with torch.no_grad():
                print(f"step {step} of {options.steps}, agreement on queries held back {agreement(model):.4f}", flush=True)
            model.train()
            save(options.checkpoint, step, model, optimizer, schedule)
    return model.eval()


def save(checkpoint, step, model, optimizer, schedule):
    if checkpoint is not None:
        torch.save({"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(), "random": torch.get_rng_state()}, checkpoint)


def resume(checkpoint, model, optimizer, schedule):
    """Puts everything back to where the checkpoint was written; how many steps are done."""
    if checkpoint is None or not checkpoint.is_file():
        return 0
    state = torch.load(checkpoint)
    for part, name in ((model, "model"), (optimizer, "optimizer"), (schedule, "schedule")):
        part.load_state_dict(state[name])
    torch.set_rng_state(state["random"])
    return state["step"]


def export_checked(model, path, examples, output, options, rows="batch"):
    """Writes the model as ONNX, and refuses it if ONNX Runtime gives other answers to the examples than PyTorch."""
    torch.onnx.export(model, examples[:1], str(path), opset_version=OPSET, input_names=["image"], output_names=[output],
                      dynamic_axes={"image": {0: "batch"}, output: {0: rows}})
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    with torch.no_grad():
        apart = float((answers_of(path, examples, output) - model(examples)).abs().max())
    if not apart <= MOST_APART:
        path.unlink()
        raise SystemExit(f"ONNX Runtime and PyTorch differ by {apart} on {path.name}: nothing written")
    if options.half:
        halve(path)


def recipe_of(model, options, agreement, files):
    return {
        "teacher": sha256_of(options.model.parent, [options.model.name]),
        **({} if options.weights is None else {"startsFrom": sha256_of(options.weights.parent, [options.weights.name])}),
        "selection": "none; weights of the last step",
        "heldBackEvery": HELD_BACK_EVERY,
        "arguments": {name: value for name, value in vars(options).items() if not isinstance(value, Path)
                      and name not in ("data", "checkpoint")},
        "parameters": parameters_of(model),
        "agreementOnQueriesHeldBack": round(agreement, 4),
        "sha256": sha256_of(options.out, files),
        "environment": environment(),
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")
