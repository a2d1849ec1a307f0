"""Weights kept as float16, which halves the file of a model; it still computes in float32.

Imported by `companion.py`; run by itself it does nothing.
"""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

# What is smaller saves nothing.
LEAST_NUMBERS = 256


def halve(path):
    """Rounds the large weights of the ONNX model to float16, and casts them back where they are used."""
    model = onnx.load(str(path))
    graph = model.graph
    large = [weight for weight in graph.initializer
             if weight.data_type == TensorProto.FLOAT and numpy.prod(weight.dims) >= LEAST_NUMBERS]
    for weight in large:
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(numpy.float16), f"{weight.name}.half")
        graph.initializer.remove(weight)
        graph.initializer.append(half)
        graph.node.insert(0, helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
