"""Draws pictures, and makes what they are benchmarked with.

    python pictures.py OUT_DIR

    OUT_DIR/jpg, OUT_DIR/png  the same pictures, of usual sizes, each with detail as photographs have it
    OUT_DIR/<processor>       a preprocessor_config.json of each kind
    OUT_DIR/vit, OUT_DIR/vit-small
                              vision transformers on 32 x 32 patches, a smaller and a tiny sister of CLIP's, with
                              random weights from a fixed seed: as fast as trained ones, and as useless
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageFilter

SIZES = [(1280, 960), (960, 1280), (1280, 720), (640, 480), (1600, 1200), (800, 800)]
OF_EACH_SIZE = 4

NORMALIZE = {"do_normalize": True, "image_mean": [0.481, 0.458, 0.408], "image_std": [0.269, 0.261, 0.276]}
PROCESSORS = {
    "clip": {"image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": 224},
             "do_center_crop": True, "crop_size": {"height": 224, "width": 224}},
    "siglip": {"image_processor_type": "SiglipImageProcessor", "do_resize": True, "resample": 2,
               "size": {"height": 224, "width": 224}},
    "convnext": {"image_processor_type": "ConvNextFeatureExtractor", "do_resize": True, "size": {"shortest_edge": 224},
                 "crop_pct": 0.875, "resample": 3},
    "jinaclip": {"image_processor_type": "JinaCLIPImageProcessor", "size": 224, "resize_mode": "shortest",
                 "mean": NORMALIZE["image_mean"], "std": NORMALIZE["image_std"]},
    "idefics3": {"image_processor_type": "Idefics3ImageProcessor", "do_resize": True, "resample": 1,
                 "size": {"longest_edge": 2048}, "max_image_size": {"longest_edge": 512}, "do_image_splitting": True},
}
TRANSFORMERS = {"vit": {"layers": 6, "dim": 384}, "vit-small": {"layers": 1, "dim": 64}}


def draw(random, width, height):
    """Noise at three scales, so that files and decoders have the work that photographs give them."""
    noise = Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
    picture = np.zeros((height, width, 3))
    for radius, share in (1, 10), (4, 25), (32, 50):
        layer = np.asarray(noise.filter(ImageFilter.GaussianBlur(radius)), dtype=float) - 127
        picture += layer / layer.std() * share
    return Image.fromarray(np.clip(picture + 127, 0, 255).astype(np.uint8))


def draw_all(out):
    random = np.random.default_rng(1)
    for kind in "jpg", "png":
        (out / kind).mkdir()
    for number in range(OF_EACH_SIZE):
        for width, height in SIZES:
            picture = draw(random, width, height)
            picture.save(out / "jpg" / f"{width}x{height}-{number}.jpg", quality=90)
            if number == 0:
                picture.save(out / "png" / f"{width}x{height}.png")


class Graph:
    """Nodes and random weights, put one after another."""

    def __init__(self):
        self.nodes, self.weights, self.random = [], [], np.random.default_rng(0)

    def constant(self, value):
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, *shape):
        return self.constant(self.random.normal(0, shape[0] ** -0.5, shape).astype(np.float32))

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def node(self, operator, *inputs, **attributes):
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def linear(self, rows, width, to):
        return self.node("Add", self.node("MatMul", rows, self.weight(width, to)), self.weight(to))

    def norm(self, rows, width):
        ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
        return self.node("LayerNormalization", rows, self.constant(ones), self.constant(zeros))


def transformer(layers, dim, head=64, side=224, patch=32, out=512):
    graph, patches = Graph(), (side // patch) ** 2
    kernels = graph.weight(3 * patch * patch, dim)
    kernels = graph.node("Reshape", graph.node("Transpose", kernels), graph.ints(dim, 3, patch, patch))
    grid = graph.node("Conv", "pixel_values", kernels, strides=[patch, patch])
    rows = graph.node("Transpose", graph.node("Reshape", grid, graph.ints(0, dim, patches)), perm=[0, 2, 1])
    rows = graph.node("Add", rows, graph.weight(patches, dim))
    split, merge = graph.ints(0, patches, dim // head, head), graph.ints(0, patches, dim)
    scale = graph.constant(np.float32(head**-0.5))
    for _ in range(layers):
        normed = graph.norm(rows, dim)
        q, k, v = (graph.node("Reshape", graph.linear(normed, dim, dim), split) for _ in "qkv")
        q, v = (graph.node("Transpose", heads, perm=[0, 2, 1, 3]) for heads in (q, v))
        k = graph.node("Transpose", k, perm=[0, 2, 3, 1])
        scores = graph.node("Softmax", graph.node("Mul", graph.node("MatMul", q, k), scale), axis=-1)
        mixed = graph.node("Transpose", graph.node("MatMul", scores, v), perm=[0, 2, 1, 3])
        rows = graph.node("Add", rows, graph.linear(graph.node("Reshape", mixed, merge), dim, dim))
        hidden = graph.linear(graph.norm(rows, dim), dim, 4 * dim)
        hidden = graph.node("Mul", hidden, graph.node("Sigmoid", hidden))
        rows = graph.node("Add", rows, graph.linear(hidden, 4 * dim, dim))
    mean = graph.node("ReduceMean", graph.norm(rows, dim), graph.ints(1), keepdims=0)
    embeds = graph.node("Identity", graph.linear(mean, dim, out))
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, side, side])
    graph.nodes[-1].output[0] = "image_embeds"
    output = helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["batch", out])
    body = helper.make_graph(graph.nodes, "vision", [pixels], [output], graph.weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def configure(folder, processor):
    folder.mkdir()
    (folder / "preprocessor_config.json").write_text(json.dumps(NORMALIZE | PROCESSORS[processor]))


def main(out):
    out.mkdir(parents=True)
    draw_all(out)
    for processor in PROCESSORS:
        configure(out / processor, processor)
    for name, shape in TRANSFORMERS.items():
        configure(out / name, "clip")
        onnx.save(transformer(**shape), out / name / "model.onnx")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
