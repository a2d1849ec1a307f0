#!/usr/bin/env python3
"""Runs ONNX models for splinemesh in a process of its own, with Python's onnxruntime or onnxruntime-gpu:

    splinemesh serve --model lenet5.onnx --ep cuda,cpu --executor "python3 onnx_worker.py"

For devices whose GPU build of ONNX Runtime exists for Python only, such as Jetson. Needs Python 3.8, numpy and onnxruntime; this
file alone is enough. It speaks docs/protocols/executor.md. `serve()` does that for models of any other kind, see there.
"""
import hashlib
import json
import os
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

DTYPES = {
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "int8": np.dtype("i1"),
    "uint8": np.dtype("u1"),
    "int32": np.dtype("<i4"),
    "int64": np.dtype("<i8"),
}
ALIGNMENT = 8


class Refused(Exception):
    """The models cannot be run here; the message says what to do."""


def serve(start):
    """Speaks the protocol on standard input and output, until the input ends.

    `start(request)` gets the start message and returns `(models, run, slots)`: the models as the ready message lists them, and
    `run(model, inputs, outputs)`, which gets a model id, arrays by name and the names of the wanted outputs, and returns
    the arrays of those outputs by name and the ms that it took. It may be called by several threads at once, at most `slots`.
    """
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints from here on prints to stderr
    writing = threading.Lock()

    def say(message, arrays=()):
        with writing:
            write_frame(sink, message, arrays)

    request, _ = read_frame(source)
    try:
        if request["version"] != 1:
            raise Refused("this worker speaks version 1, the executor %s: take those of one release" % request["version"])
        models, run, slots = start(request)
    except Refused as error:
        say({"type": "failed", "message": str(error)})
        return
    say({"type": "ready", "version": 1, "slots": slots, "models": models})

    def answer(message, body):
        try:
            arrays, run_ms = run(message["model"], arrays_of(message["inputs"], body), message["outputs"])
            named = [(name, np.ascontiguousarray(arrays[name])) for name in message["outputs"]]
            headers = [{"name": name, "dtype": dtype_of(array), "shape": array.shape} for name, array in named]
            say({"type": "result", "id": message["id"], "runMs": run_ms, "outputs": headers}, [array for _, array in named])
        except Exception as error:  # whatever a model does, the next run is served
            say({"type": "failed", "id": message["id"], "message": "%s: %s" % (type(error).__name__, error)})

    with ThreadPoolExecutor(slots) as threads:
        while True:
            message, body = read_frame(source)
            if message is None:
                return
            threads.submit(answer, message, body)


def read_frame(source):
    prelude = source.read(8)
    if len(prelude) < 8:
        return None, b""
    message_bytes, body_bytes = struct.unpack("<II", prelude)
    return json.loads(source.read(message_bytes)), source.read(body_bytes)


def write_frame(sink, message, arrays):
    """Each array starts at a multiple of 8 bytes of the body, and nothing follows the last."""
    parts, end = [], 0
    for array in arrays:
        padding = -end % ALIGNMENT
        parts += [bytes(padding), array.reshape(-1).view(np.uint8).data]
        end += padding + array.nbytes
    text = json.dumps(message).encode()
    sink.write(struct.pack("<II", len(text), end))
    sink.write(text)
    for part in parts:
        sink.write(part)
    sink.flush()


def arrays_of(headers, body):
    arrays, end = {}, 0
    for header in headers:
        dtype, shape = DTYPES[header["dtype"]], header["shape"]
        start = end + -end % ALIGNMENT
        size = int(np.prod(shape, dtype=np.int64))
        arrays[header["name"]] = np.frombuffer(body, dtype, size, start).reshape(shape)
        end = start + size * dtype.itemsize
    return arrays


def dtype_of(array):
    for name, dtype in DTYPES.items():
        if dtype == array.dtype:
            return name
    raise TypeError("an output is %s, which the mesh does not carry: it takes %s" % (array.dtype, ", ".join(DTYPES)))


# What follows is ONNX Runtime's; what stands above knows nothing of it.

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "dml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}


def start_onnx(request):
    try:
        import onnxruntime
    except ImportError as error:
        raise Refused("%s has no onnxruntime (%s): install it, or on Jetson the wheel of its JetPack" % (sys.executable, error))
    opened = [open_session(onnxruntime, model, request) for model in request["models"]]
    sessions = {model["id"]: session for session, model in opened}

    def run(model, inputs, outputs):
        began = time.perf_counter()
        arrays = sessions[model].run(outputs, inputs)
        return dict(zip(outputs, arrays)), (time.perf_counter() - began) * 1000

    return [model for _, model in opened], run, request["threads"]


def open_session(onnxruntime, model, request):
    """The model on the first provider that works, and why those before it do not."""
    check_id(model)
    unavailable = []
    for name in request["providers"]:
        provider = PROVIDERS.get(name, name)
        if provider not in onnxruntime.get_available_providers():
            unavailable.append({"provider": name, "reason": "this build of onnxruntime does not have it"})
            continue
        try:
            session, partly = open_on(onnxruntime, model["path"], provider, request["intraOpThreads"])
        except Exception as error:
            unavailable.append({"provider": name, "reason": str(error)})
            continue
        found = {
            "id": model["id"],
            "name": model["name"],
            "inputs": [spec_of(model, value) for value in session.get_inputs()],
            "outputs": [spec_of(model, value) for value in session.get_outputs()],
            "provider": name,
            "partly": partly,
            "unavailable": unavailable,
        }
        return session, found
    reasons = "; ".join("%(provider)s: %(reason)s" % each for each in unavailable)
    raise Refused("no execution provider for model '%s' works here (%s)" % (model["name"], reasons))


def check_id(model):
    digest = hashlib.sha256()
    try:
        with open(model["path"], "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
    except OSError as error:
        raise Refused("cannot read model '%s': %s. In a container, mount it under the same path" % (model["name"], error))
    if digest.hexdigest() != model["id"]:
        raise Refused("%s is not the file that '%s' was announced with" % (model["path"], model["name"]))


def open_on(onnxruntime, path, provider, threads):
    """A session, and whether ONNX Runtime gave some operators to the CPU, which it does in silence: so it is first asked not to."""
    if provider != "CPUExecutionProvider":
        try:
            return create(onnxruntime, path, provider, threads, {"session.disable_cpu_ep_fallback": "1"}), False
        except Exception:
            pass  # either it does not work at all, or not for every operator: the next attempt tells
    return create(onnxruntime, path, provider, threads, {}), provider != "CPUExecutionProvider"


def create(onnxruntime, path, provider, threads, config):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    for key, value in config.items():
        options.add_session_config_entry(key, value)
    session = onnxruntime.InferenceSession(path, options, providers=[provider])
    if session.get_providers()[0] != provider:  # Python's falls back to the CPU when the provider's libraries do not load
        raise RuntimeError("its libraries could not be loaded; ONNX Runtime would have taken %s" % session.get_providers()[0])
    return session


TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}


def spec_of(model, value):
    if value.type not in TYPES:
        raise Refused("'%s' of model '%s' is %s, which the mesh does not carry" % (value.name, model["name"], value.type))
    shape = [length if isinstance(length, int) else None for length in value.shape]
    return {"name": value.name, "dtype": TYPES[value.type], "shape": shape}


if __name__ == "__main__":
    serve(start_onnx)
