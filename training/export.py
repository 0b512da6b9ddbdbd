"""Step 3. Trained weights -> the pipeline folder that ships in the package.

    python training/export.py --run accurate --name nb --version 1.0.0

Builds the ONNX graph by hand (one window of pieces in, scores out), stores the weights of the large products as
int8 per output channel (activations are quantised as they come), and writes a spaCy pipeline around it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

import kg.pipelines.encoder as component

WIDTH, HEADS = 384, 12


class Graph:
    """Collects nodes and weights; every method returns the name of its output."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        self.weights = {k: v.float().numpy() for k, v in weights.items()}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants[name] = value
        return name

    def node(self, op: str, inputs: list[str], name: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def linear(self, x: str, name: str, out: str | None = None) -> str:
        weight = self.constant(f"{name}.weight", np.ascontiguousarray(self.weights[f"{name}.weight"].T))
        product = self.node("MatMul", [x, weight], f"{name}.product")
        return self.node(
            "Add", [product, self.constant(f"{name}.bias", self.weights[f"{name}.bias"])], out or f"{name}.out"
        )

    def norm(self, x: str, name: str) -> str:
        scale = self.constant(f"{name}.weight", self.weights[f"{name}.weight"])
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.node("LayerNormalization", [x, scale, bias], f"{name}.out", axis=-1, epsilon=1e-12)

    def split_heads(self, x: str, name: str, order: list[int]) -> str:
        shape = self.constant("shape.heads", np.array([0, HEADS, WIDTH // HEADS], dtype=np.int64))
        parts = self.node("Reshape", [x, shape], f"{name}.parts")
        return self.node("Transpose", [parts], f"{name}.heads", perm=order)

    def layer(self, x: str, i: int) -> str:
        p = f"layers.{i}"
        qkv = self.weights[f"{p}.qkv.weight"], self.weights[f"{p}.qkv.bias"]
        scale = (WIDTH // HEADS) ** -0.5  # folded into the queries
        qkv[0][:WIDTH] *= scale
        qkv[1][:WIDTH] *= scale
        joint = self.linear(x, f"{p}.qkv")
        thirds = [f"{p}.{n}" for n in "qkv"]
        self.nodes.append(helper.make_node("Split", [joint], thirds, name=f"{p}.split", axis=-1, num_outputs=3))
        q = self.split_heads(thirds[0], thirds[0], [1, 0, 2])
        k = self.split_heads(thirds[1], thirds[1], [1, 2, 0])
        v = self.split_heads(thirds[2], thirds[2], [1, 0, 2])
        share = self.node("Softmax", [self.node("MatMul", [q, k], f"{p}.scores")], f"{p}.share", axis=-1)
        mixed = self.node("Transpose", [self.node("MatMul", [share, v], f"{p}.mixed")], f"{p}.mixed.t", perm=[1, 0, 2])
        flat = self.node(
            "Reshape", [mixed, self.constant("shape.flat", np.array([0, WIDTH], dtype=np.int64))], f"{p}.flat"
        )
        x = self.norm(self.node("Add", [x, self.linear(flat, f"{p}.out")], f"{p}.sum1"), f"{p}.norm1")
        inner = self.node("Gelu", [self.linear(x, f"{p}.up")], f"{p}.gelu")
        return self.norm(self.node("Add", [x, self.linear(inner, f"{p}.down")], f"{p}.sum2"), f"{p}.norm2")

    def heads(self, x: str) -> None:
        self.linear(x, "names", "names")
        for head in ("tags", "deps", "lemmas"):
            self.node("ArgMax", [self.linear(x, head)], head, axis=-1, keepdims=0)
        self.linear(x, "starts", "starts")
        child = self.node("Gelu", [self.linear(x, "arc_child")], "child")
        head = self.node("Gelu", [self.linear(x, "arc_head")], "head")
        turned = self.node("Transpose", [head], "head.t", perm=[1, 0])
        product = self.node("MatMul", [self.linear(child, "arc"), turned], "arcs.product")
        bias = self.node("Transpose", [self.linear(head, "arc_bias")], "arcs.bias", perm=[1, 0])
        self.node("Add", [product, bias], "arcs")


def build_model(weights: dict[str, torch.Tensor], layers: int) -> onnx.ModelProto:
    g = Graph(weights)
    length = g.node("Shape", ["vectors"], "length", start=0, end=1)
    zero, axis = g.constant("zero", np.array([0], dtype=np.int64)), g.constant("axis", np.array([0], dtype=np.int64))
    places = g.node("Slice", [g.constant("position", g.weights["position"]), zero, length, axis], "places")
    x = g.norm(g.node("Add", ["vectors", places], "placed"), "norm")
    for i in range(layers):
        x = g.layer(x, i)
    g.heads(x)
    shapes = {"names": ["pieces", "labels"], "starts": ["pieces", 1], "arcs": ["pieces", "pieces"]}
    outputs = [
        helper.make_tensor_value_info(
            n, TensorProto.FLOAT if n in shapes else TensorProto.INT64, shapes.get(n, ["pieces"])
        )
        for n in component.OUTPUTS
    ]
    graph = helper.make_graph(
        g.nodes,
        "kg-encoder",
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["pieces", WIDTH])],
        outputs,
        [numpy_helper.from_array(v, k) for k, v in g.constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--run", default="accurate")
    parser.add_argument("--name", default="nb", help="folder under kg/pipelines")
    parser.add_argument("--folder", type=Path, help="write the pipeline here instead")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--share", help="pipeline folder whose vocabulary this one uses, so that it ships once")
    parser.add_argument("--float", action="store_true", help="keep float32 weights, to see what int8 costs")
    args = parser.parse_args()
    saved = torch.load(args.work / f"{args.run}.pt", weights_only=True)
    folder = args.folder or Path(component.__file__).parent / args.name
    full = args.work / f"{args.run}.onnx"
    onnx.save(build_model(saved["model"], saved["layers"]), full)
    small = args.work / f"{args.run}.int8.onnx"
    if args.float:
        shutil.copy(full, small)
    else:
        large = [f"layers.{i}.{n}.product" for i in range(saved["layers"]) for n in ("qkv", "out", "up", "down")]
        quantize_dynamic(full, small, weight_type=QuantType.QInt8, per_channel=True, nodes_to_quantize=large)
    labels = {k: saved["labels"][k] for k in ("names", "tags", "deps", "lemmas")}
    component.write_pipeline(folder, small, labels, version=args.version, vocabulary=args.work, share=args.share)
    sizes = {p.name: p.stat().st_size for p in folder.rglob("*") if p.is_file()}
    print(json.dumps({"folder": folder.name, "bytes": sum(sizes.values()), **sizes}))


if __name__ == "__main__":
    main()
