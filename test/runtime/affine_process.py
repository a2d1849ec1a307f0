"""The models of fixture-models.ts in numpy, behind the `serve` of the reference worker: needs no onnxruntime."""
import hashlib
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "devices"))
from onnx_worker import serve  # noqa: E402


def spec(name, length):
    return {"name": name, "dtype": "float32", "shape": [None, length]}


MODELS = {
    "affine": ([spec("x", 4)], [spec("double", 4), spec("sum", 1)]),
    "two-inputs": ([spec("left", 2), spec("right", 2)], [spec("y", 2)]),
}
NAMES = {hashlib.sha256(name.encode()).hexdigest(): name for name in MODELS}


def start(request):
    def run(model, inputs, outputs):
        if NAMES[model] == "affine":
            x = inputs["x"]
            return {"double": 2 * x, "sum": x.sum(axis=1, keepdims=True)}, 0.1
        return {"y": inputs["left"] + 10 * inputs["right"]}, 0.1

    models = [{"id": id, "name": name, "inputs": MODELS[name][0], "outputs": MODELS[name][1]} for id, name in NAMES.items()]
    return models, run, 2


serve(start)
