"""What the trainings beside this file share: LeNet5, the random motion of images, the loop, the score and the export.

Imported by the `train.py` of digits, MNIST and CIFAR-10 and by `digits/convnet.py`; run by itself it does nothing.
"""
import argparse
import hashlib
import platform
from math import radians
from pathlib import Path

import numpy
import onnx
import torch
from threadpoolctl import threadpool_limits
from torch import nn

SIDE = 32
OPSET = 17
# Limits of the random motion of a training image, each drawn uniformly on both sides of none.
AUGMENTATION = {"rotationDegrees": 10.0, "shiftPixels": 2.0, "scale": 0.1}
# So many images at once bound the memory of a forward pass.
IMAGES_AT_ONCE = 1000


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


def training_parser(description, out, *, epochs, learning_rate):
    """The options of a training by `train`, to which its own are added; `out` is where it writes if nothing is said."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="folder to write to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--batch", type=int, default=32, help="images per step")
    parser.add_argument("--learning-rate", type=float, default=learning_rate, help="of AdamW, falling to 0 along a cosine")
    parser.add_argument("--weight-decay", type=float, default=1e-2)
    return parser


def make_repeatable(seed):
    """One seed and one thread, so that the same packages on the same kind of processor give the same bytes."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    # The BLAS beneath torch has threads of its own, and sums in another order when it uses them.
    threadpool_limits(1)


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


def train(model, images, targets, move, *, epochs, batch, learning_rate, weight_decay):
    """Fits the model to targets that are classes, int64 [n], or probabilities, float32 [n,10]; keeps the last epoch.

    AdamW on the cross entropy; each batch of images goes through `move` first, a function from [b,1,32,32] to the same.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(1, epochs + 1):
        for chosen in torch.randperm(len(images)).split(batch):
            loss = nn.functional.cross_entropy(model(move(images[chosen])), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        if epoch % max(1, epochs // 10) == 0:
            print(f"epoch {epoch:3d} of {epochs}, loss of the last batch {loss.item():.4f}", flush=True)
    return model.eval()


def logits_of(model, images):
    with torch.no_grad():
        return torch.cat([model(part) for part in images.split(IMAGES_AT_ONCE)])


def score(model, images, classes):
    """How many images [n,1,32,32] the model gives the class it should."""
    correct = int((logits_of(model, images).argmax(1) == classes).sum())
    return {"images": len(classes), "correct": correct, "accuracy": round(correct / len(classes), 6)}


def parameters_of(model):
    return sum(weight.numel() for weight in model.parameters())


def export(model, path, shape=(1, SIDE, SIDE)):
    """Writes the model of images of this shape as ONNX, any number of them in one run."""
    # The export leaves a model in the mode that it found it in.
    both = WithSoftmax(model).eval()
    torch.onnx.export(
        both, torch.zeros(1, *shape), str(path), opset_version=OPSET,
        input_names=["image"], output_names=["logits", "softmax"],
        dynamic_axes={name: {0: "batch"} for name in ("image", "logits", "softmax")},
    )
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)


def sha256_of(folder, names):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def environment():
    return {
        "python": platform.python_version(), "machine": platform.machine(), "torch": torch.__version__,
        "onnx": onnx.__version__, "numpy": numpy.__version__,
    }
