"""Step 2. Fine-tune the encoder and its heads on NorNE train (bokmål + nynorsk together).

    python training/train.py --norne DATA/norne --run accurate --epochs 5
    python training/train.py --norne DATA/norne --run fast --layers 4 --teacher training/work/accurate.pt --epochs 10

NorNE: https://github.com/ltgoslo/norne (CC0). Writes training/work/RUN.pt (averaged weights, label lists) and
RUN.log.jsonl after every epoch, and a checkpoint every few minutes; the same command resumes after an interruption.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from network import Network, losses, mask_arcs
from norne import LENGTHS, Layout, Window, batches, list_labels, read_articles
from torch import Tensor

from kg.pipelines.decode import decode_names
from kg.pipelines.pieces import PAD, WordPieces

WEIGHTS = {"names": 1.0, "tags": 0.2, "deps": 0.2, "lemmas": 0.1, "arcs": 0.3, "starts": 0.2}
CHECKPOINT_SECONDS = 240


def collate(batch: list[Window], vectors: WordPieces) -> tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]:
    """(vectors [B, T, width], padding [B, T], sentence numbers, gold) padded to one of LENGTHS."""
    length = next(n for n in LENGTHS if max(len(w.ids) for w in batch) <= n)

    def pad(rows: list[np.ndarray], value: int) -> np.ndarray:
        out = np.full((len(rows), length), value, dtype=np.int64)
        for i, r in enumerate(rows):
            out[i, : len(r)] = r
        return out

    ids = pad([w.ids for w in batch], PAD)
    x = torch.from_numpy(vectors.vectors(ids.ravel()).reshape(*ids.shape, -1))
    gold = {k: torch.from_numpy(pad([w.gold[k] for w in batch], -100)) for k in batch[0].gold}
    return x, torch.from_numpy(ids == PAD), torch.from_numpy(pad([w.sentence for w in batch], -1)), gold


def optimizer_of(model: Network, rate: float, decay: float) -> torch.optim.AdamW:
    """AdamW with layer-wise rates: each lower layer learns ``decay`` times as fast; new heads 4 times as fast."""
    groups = []
    depth = len(model.layers)
    for name, p in model.named_parameters():
        if name.startswith("layers."):
            scale = decay ** (depth - 1 - int(name.split(".")[1]))
        elif name.startswith(("position", "norm.")):
            scale = decay**depth
        else:
            scale = 4.0
        groups.append(
            {"params": [p], "lr": rate * scale, "base": rate * scale, "weight_decay": 0.01 if p.ndim > 1 else 0.0}
        )
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6)


def span_counts(found: set[tuple[int, int, str]], gold: set[tuple[int, int, str]]) -> np.ndarray:
    return np.array([len(found & gold), len(found - gold), len(gold - found)])


@torch.no_grad()
def evaluate(
    model: Network, windows: list[Window], vectors: WordPieces, labels: dict[str, list[str]]
) -> dict[str, float]:
    model.eval()
    names, right, known = np.zeros(3), dict.fromkeys(("tags", "deps", "lemmas", "arcs", "las", "starts"), 0), 0
    for batch in batches(windows, 4096, None):
        x, padding, sentence, gold = collate(batch, vectors)
        with torch.autocast("cpu", torch.bfloat16):
            out = model.heads(model.encode(x, padding)[-1])
        arcs = mask_arcs(out["arcs"].float(), sentence).argmax(-1)
        words = gold["heads"] != -100
        known += int(words.sum())
        good = {k: (out[k].argmax(-1) == gold[k]) & words for k in ("tags", "deps", "lemmas")}
        good["arcs"] = (arcs == gold["heads"]) & words
        good["las"] = good["arcs"] & good["deps"]
        good["starts"] = ((out["starts"] > 0).long() == gold["starts"]) & words
        for k, v in good.items():
            right[k] += int(v.sum())
        for i in range(len(batch)):
            at = gold["names"][i] >= 0
            wanted = decode_names(np.eye(len(labels["names"]))[gold["names"][i][at].numpy()] * 9, labels["names"])
            found = decode_names(out["names"][i][at].float().numpy(), labels["names"])
            names += span_counts(set(found), set(wanted))
    tp, fp, fn = names
    scores = {k: round(v / max(known, 1), 4) for k, v in right.items()}
    return {
        "P": round(tp / max(tp + fp, 1), 4),
        "R": round(tp / max(tp + fn, 1), 4),
        "F": round(2 * tp / max(2 * tp + fp + fn, 1), 4),
        **scores,
    }


class Run:
    """One training run: model, average, optimiser and place, saved together."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        work: Path = args.work
        self.vectors = WordPieces.load(work)
        self.train = [a for lang in ("nob", "nno") for a in read_articles(args.norne, f"{lang}-train")]
        self.dev = {lang: read_articles(args.norne, f"{lang}-dev") for lang in ("nob", "nno")}
        if args.with_dev:
            self.train += [a for articles in self.dev.values() for a in articles]
        self.labels = list_labels(self.train)
        self.layout = Layout(self.vectors, self.labels)
        if args.tiny:
            self.train = self.train[:4]
            self.dev = {lang: articles[:2] for lang, articles in self.dev.items()}
        torch.manual_seed(args.seed)
        self.model = Network(self.labels, args.layers)
        self.teacher: Network | None = None
        if args.teacher:
            saved = torch.load(args.teacher, weights_only=True)
            self.teacher = Network(self.labels, saved["layers"])
            self.teacher.load_state_dict(saved["model"])
            self.teacher.eval()
            copy_layers(self.teacher, self.model)
        else:
            self.model.load_encoder(dict(np.load(work / "encoder.npz")))
        self.average = {k: v.clone() for k, v in self.model.state_dict().items()}
        self.optimizer = optimizer_of(self.model, args.rate, args.layer_decay)
        self.epoch = self.done = 0
        self.step = 0
        self.total = args.epochs * len(self.epoch_batches(0))

    def epoch_batches(self, epoch: int) -> list[list[Window]]:
        noise = random.Random(self.args.seed * 1000 + epoch)
        return batches(list(self.layout.windows(self.train, noise)), self.args.pieces, noise)

    def path(self, suffix: str) -> Path:
        return Path(self.args.work) / f"{self.args.run}{suffix}"

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(), "average": self.average, "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch, "done": self.done, "step": self.step, "torch": torch.get_rng_state(),
        }  # fmt: skip
        part = self.path(".ckpt.part")
        torch.save(state, part)
        part.replace(self.path(".ckpt"))

    def resume(self) -> None:
        if self.path(".ckpt").exists():
            state = torch.load(self.path(".ckpt"), weights_only=True)
            self.model.load_state_dict(state["model"])
            self.average = state["average"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.epoch, self.done, self.step = state["epoch"], state["done"], state["step"]
            torch.set_rng_state(state["torch"])
            print(f"resumed at epoch {self.epoch}, batch {self.done}", flush=True)

    def rate(self) -> float:
        warm = max(1, self.total // 15)
        if self.step < warm:
            return (self.step + 1) / warm
        return max(0.0, (self.total - self.step) / max(1, self.total - warm))

    def distil(self, x: Tensor, padding: Tensor, out: dict[str, Tensor], gold: dict[str, Tensor]) -> Tensor:
        """Kullback-Leibler to the teacher's distributions at the words (Hinton et al. 2015), temperature 2."""
        assert self.teacher is not None
        with torch.no_grad():
            soft = self.teacher.heads(self.teacher.encode(x, padding)[-1])
        known = gold["names"] >= 0
        total = torch.zeros(())
        for head in ("names", "tags", "deps"):
            mine, theirs = out[head][known].float() / 2, soft[head][known].float() / 2
            loss = F.kl_div(F.log_softmax(mine, -1), F.log_softmax(theirs, -1), log_target=True, reduction="batchmean")
            total = total + 4 * WEIGHTS[head] * loss
        return total

    def learn(self, batch: list[Window]) -> dict[str, float]:
        x, padding, sentence, gold = collate(batch, self.vectors)
        with torch.autocast("cpu", torch.bfloat16):
            out = self.model.heads(self.model.encode(x, padding)[-1])
            parts = losses(out, gold, sentence)
            loss: Any = sum(WEIGHTS[k] * v for k, v in parts.items())
            if self.teacher is not None:
                loss = 0.5 * loss + self.distil(x, padding, out, gold)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * self.rate()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        keep = min(0.998, (1 + self.step) / (10 + self.step))
        for k, v in self.model.state_dict().items():
            self.average[k].lerp_(v, 1 - keep)
        return {k: float(v.detach()) for k, v in parts.items()}

    def finish_epoch(self, started: float) -> None:
        raw = {k: v.clone() for k, v in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)
        row: dict[str, Any] = {"epoch": self.epoch, "step": self.step, "seconds": round(time.time() - started)}
        for lang, articles in self.dev.items():
            windows = list(self.layout.windows(articles, None))
            row[lang] = evaluate(self.model, windows, self.vectors, self.labels)
        print(json.dumps(row), flush=True)
        with self.path(".log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")
        torch.save({"model": self.average, "labels": self.labels, "layers": self.args.layers}, self.path(".pt"))
        self.model.load_state_dict(raw)

    def train_all(self) -> None:
        started = saved = time.time()
        while self.epoch < self.args.epochs:
            todo = self.epoch_batches(self.epoch)
            for batch in itertools.islice(todo, self.done, None):
                self.model.train()
                parts = self.learn(batch)
                self.done += 1
                if not math.isfinite(parts["names"]):
                    raise SystemExit(f"loss is not finite at step {self.step}")
                if self.step % 50 == 0:
                    shown = " ".join(f"{k} {v:.3f}" for k, v in parts.items())
                    print(f"{self.step}/{self.total} {time.time() - started:.0f}s {shown}", flush=True)
                if time.time() - saved > CHECKPOINT_SECONDS:
                    self.save()
                    saved = time.time()
            self.epoch, self.done = self.epoch + 1, 0
            self.finish_epoch(started)
            self.save()


def copy_layers(teacher: Network, student: Network) -> None:
    """The student starts from the teacher's layers, evenly spaced, the last one included, and from its heads."""
    state = {k: v for k, v in teacher.state_dict().items() if not k.startswith("layers.")}
    n, m = len(teacher.layers), len(student.layers)
    student.load_state_dict(state, strict=False)
    for i in range(m):
        source = round((i + 1) * n / m) - 1 if i else 0
        student.layers[i].load_state_dict(teacher.layers[source].state_dict())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--norne", type=Path, required=True, help="folder with {nob,nno}-{train,dev}.conllu.xz")
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--run", default="accurate", help="name of this run's files")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--teacher", type=Path, help="distil from this finished run")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--pieces", type=int, default=1024, help="pieces in a batch")
    parser.add_argument("--rate", type=float, default=2.5e-4, help="peak learning rate of the top layer")
    parser.add_argument("--layer-decay", type=float, default=0.92)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--with-dev", action="store_true", help="train on dev too: the last run, when nothing is tuned any more"
    )
    parser.add_argument("--tiny", action="store_true", help="a handful of articles, for the test of this recipe")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    run = Run(args)
    run.resume()
    run.train_all()


if __name__ == "__main__":
    main()
