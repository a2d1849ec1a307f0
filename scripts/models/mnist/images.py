"""MNIST as the trainings read it: 28x28 images, padded to LeNet5's 32x32."""
import gzip
import hashlib

import numpy
import torch

BORDER = 2
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def find_mnist(data):
    if data is None:
        raise SystemExit("no data: give --data or SPLINEMESH_DATA, a folder that holds data/mnist or mnist")
    tried = [data / "data" / "mnist", data / "mnist"]
    for folder in tried:
        if all((folder / f"{name}.gz").is_file() for name in FILES):
            return folder
    raise SystemExit(f"no MNIST: expected {', '.join(FILES)}, each with .gz, in {' or '.join(map(str, tried))}")


def read_idx(content):
    """The uint8 array of an idx file: two zeros, 8 for bytes, the number of axes, each axis as uint32, the values."""
    if content[:3] != b"\0\0\x08":
        raise SystemExit(f"not an idx file of bytes: expected to begin 00 00 08, begins {content[:3].hex(' ')}")
    axes = content[3]
    shape = numpy.frombuffer(content, ">u4", axes, 4)
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * axes).reshape(shape)


def load_mnist(folder):
    """Training images, float32 [60000,1,32,32] in [0,1], and labels, int64 [60000]; the same of 10,000 test images.

    Last comes the sha-256 of each file as unpacked, because copies of MNIST differ in how they are packed.
    """
    contents = {name: gzip.decompress((folder / f"{name}.gz").read_bytes()) for name in FILES}
    train_images, train_labels, test_images, test_labels = (read_idx(content) for content in contents.values())

    def pad(images):
        padded = numpy.pad(images, ((0, 0), (BORDER, BORDER), (BORDER, BORDER)))
        return torch.from_numpy(padded).unsqueeze(1).float().div(255)

    def classes(labels):
        return torch.from_numpy(labels.astype(numpy.int64))

    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return pad(train_images), classes(train_labels), pad(test_images), classes(test_labels), sha256
