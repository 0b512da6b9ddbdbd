"""The whole training recipe on a handful of sentences: slow, and only where torch, onnx and the encoder are."""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HERE = {**os.environ, "PYTHONPATH": str(ROOT)}
ROWS = (
    ("Kari", "Kari", "subst", "prop", "2", "SUBJ", "B-PER"),
    ("leder", "lede", "verb", "pres", "0", "FINV", "O"),
    ("Fjellbygg", "Fjellbygg", "subst", "prop", "2", "DOBJ", "B-ORG"),
    ("i", "i", "prep", "_", "2", "ADV", "O"),
    ("Bodø", "Bodø", "subst", "prop", "4", "PUTFYLL", "B-GPE_LOC"),
    (".", "$.", "clb", "<punkt>", "2", "IP", "O"),
)


def write_part(path: Path, articles: int) -> None:
    with lzma.open(path, "wt", encoding="utf8") as out:
        for k in range(articles):
            out.write(f"# newdoc id = a{k}\n")
            for _ in range(6):
                for i, (form, lemma, pos, feats, head, dep, name) in enumerate(ROWS, 1):
                    out.write(f"{i}\t{form}\t{lemma}\t{pos}\t{pos}\t{feats}\t{head}\t{dep}\t_\tname={name}\n")
                out.write("\n")


@pytest.mark.slow
def test_recipe_from_treebank_to_pipeline(tmp_path: Path) -> None:
    for lang in ("nob", "nno"):
        write_part(tmp_path / f"{lang}-train.conllu.xz", 4)
        write_part(tmp_path / f"{lang}-dev.conllu.xz", 2)

    def step(*command: str) -> str:
        done = subprocess.run([sys.executable, *command], cwd=ROOT, env=HERE, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    work = str(tmp_path / "work")
    step("training/encoder_weights.py", "--out", work)
    train = ("training/train.py", "--norne", str(tmp_path), "--work", work, "--tiny", "--layers", "2", "--rate", "2e-3")
    step(*train, "--epochs", "2")
    assert "resumed at epoch 2" in step(*train, "--epochs", "40")
    step("training/export.py", "--work", work, "--folder", str(tmp_path / "pipeline"))
    script = (
        "import sys, kg.pipelines.encoder, spacy; doc = spacy.load(sys.argv[1])('Kari leder Fjellbygg i Bodø.');"
        "print([(e.text, e.label_) for e in doc.ents], [t.head.text for t in doc])"
    )
    shown = step("-c", script, str(tmp_path / "pipeline"))
    assert "('Kari', 'PER'), ('Fjellbygg', 'ORG'), ('Bodø', 'GPE_LOC')" in shown
    assert "['leder', 'leder', 'leder', 'leder', 'i', 'leder']" in shown
