"""The encoder (BERT, Devlin et al. 2019) and its heads in torch: names, tags, lemma rules, heads, labels, sentences.

Arcs are biaffine (Dozat & Manning 2017); every other head is linear. Word vectors are given, not learned.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

ARC = 128


class Layer(nn.Module):
    def __init__(self, width: int, inner: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=1e-12)
        self.up = nn.Linear(width, inner)
        self.down = nn.Linear(inner, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        b, t, w = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        drop = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=drop)
        y = self.out(y.transpose(1, 2).reshape(b, t, w))
        x = self.norm1(x + F.dropout(y, self.dropout, self.training))
        y = self.down(F.gelu(self.up(x)))
        return self.norm2(x + F.dropout(y, self.dropout, self.training))


class Network(nn.Module):
    def __init__(self, labels: dict[str, list[str]], layers: int = 12, dropout: float = 0.1) -> None:
        super().__init__()
        width, inner = 384, 1536
        self.dropout = dropout
        self.position = nn.Parameter(torch.zeros(512, width))
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(width, inner, 12, dropout) for _ in range(layers))
        self.names = nn.Linear(width, len(labels["names"]))
        self.tags = nn.Linear(width, len(labels["tags"]))
        self.deps = nn.Linear(width, len(labels["deps"]))
        self.lemmas = nn.Linear(width, len(labels["lemmas"]))
        self.starts = nn.Linear(width, 1)
        self.arc_child = nn.Linear(width, ARC)
        self.arc_head = nn.Linear(width, ARC)
        self.arc = nn.Linear(ARC, ARC)
        self.arc_bias = nn.Linear(ARC, 1)

    def encode(self, vectors: Tensor, padding: Tensor) -> list[Tensor]:
        """Hidden states after each layer, [B, T, width]; ``vectors`` [B, T, width], ``padding`` [B, T] (true: pad)."""
        x = self.norm(vectors + self.position[: vectors.shape[1]])
        x = F.dropout(x, self.dropout, self.training)
        mask = torch.zeros(padding.shape, dtype=x.dtype).masked_fill(padding, -1e4)[:, None, None, :]
        mask = mask.expand(-1, 1, x.shape[1], -1)
        states = []
        for layer in self.layers:
            x = layer(x, mask.to(x.dtype))
            states.append(x)
        return states

    def heads(self, x: Tensor) -> dict[str, Tensor]:
        x = F.dropout(x, self.dropout, self.training)
        child, head = F.gelu(self.arc_child(x)), F.gelu(self.arc_head(x))
        arcs = self.arc(child) @ head.transpose(1, 2) + self.arc_bias(head).transpose(1, 2)
        return {
            "names": self.names(x),
            "tags": self.tags(x),
            "deps": self.deps(x),
            "lemmas": self.lemmas(x),
            "starts": self.starts(x).squeeze(-1),
            "arcs": arcs,
        }

    def load_encoder(self, tensors: dict[str, np.ndarray]) -> None:
        """Copy the pretrained layers (as many as this network has)."""
        t = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in tensors.items()}
        with torch.no_grad():
            self.position.copy_(t["emb.pos"].view(512, -1) + t["emb.type"].view(2, -1)[0])
            self.norm.weight.copy_(t["emb.ln.w"])
            self.norm.bias.copy_(t["emb.ln.b"])
            for i, layer in enumerate(self.layers):
                p = f"l{i}."
                layer.qkv.weight.copy_(torch.cat([t[p + n + ".w"] for n in "qkv"]))
                layer.qkv.bias.copy_(torch.cat([t[p + n + ".b"] for n in "qkv"]))
                for ours, theirs in (("out", "ao"), ("up", "fi"), ("down", "fo"), ("norm1", "aln"), ("norm2", "oln")):
                    getattr(layer, ours).weight.copy_(t[p + theirs + ".w"].view_as(getattr(layer, ours).weight))
                    getattr(layer, ours).bias.copy_(t[p + theirs + ".b"])


def mask_arcs(arcs: Tensor, sentence: Tensor) -> Tensor:
    """Only words of the same sentence, and position 0 (the root), can be a word's head."""
    same = sentence[:, :, None] == sentence[:, None, :]
    same &= sentence[:, None, :] >= 0
    same[:, :, 0] = True
    return arcs.masked_fill(~same, -1e4)


def losses(out: dict[str, Tensor], gold: dict[str, Tensor], sentence: Tensor) -> dict[str, Tensor]:
    found = {k: cross_entropy(out[k], gold[k]) for k in ("names", "tags", "deps", "lemmas")}
    found["arcs"] = cross_entropy(mask_arcs(out["arcs"], sentence), gold["heads"])
    known = gold["starts"] >= 0
    found["starts"] = F.binary_cross_entropy_with_logits(out["starts"][known].float(), gold["starts"][known].float())
    return found


def cross_entropy(logits: Tensor, gold: Tensor) -> Tensor:
    known = gold >= 0
    return F.cross_entropy(logits[known].float(), gold[known])
