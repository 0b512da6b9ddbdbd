"""evaluate: how good kg is on text that a person has annotated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kg.cli import options
from kg.cli.printing import on_terminal, write_json, write_rows, write_table

if TYPE_CHECKING:
    from kg.evaluate import Evaluation, Score
    from kg.records import Document, Record
    from kg.worker import Stages

SCORES = {
    "names": "names, exact span and type",
    "pairs": "same-entity pairs",
    "pairs_spelt": "  of different spelling",
    "pairs_across": "  across texts",
    "nodes": "graph nodes",
    "edges": "graph edges (one sentence)",
    "relations": "typed relations",
}
"""Scores of an Evaluation in the order shown, each with its name for people."""


def evaluate(
    gold: Annotated[
        str, typer.Argument(metavar="GOLD", help="A file of annotated texts: .jsonl, or that as .xz, .gz.")
    ],
    pipeline: options.PipelineName = "nb",
    patterns: options.Patterns = None,
    part: Annotated[
        str | None, typer.Option("--part", metavar="NAME", help='Only texts whose "part" it is, as dev.')
    ] = None,
    as_json: options.Json = False,
) -> None:
    """How good kg is on annotated texts: names, who is who, relations.

    \b
    kg evaluate data/gold/articles.jsonl
    kg evaluate data/gold/relations.jsonl --json

    A line of GOLD is one text: {"id", "text", "lang", "sentences": [[start, end]], "mentions": [{"start", "end",
    "label", "cluster"}]}, or {"id", "text", "lang", "entities": [{"start", "end", "type"}], "relations": [[head,
    relation, tail, words]]}, head and tail being numbers of entities. P is the share of what kg found that is right, R
    the share of what is annotated that it found, F their harmonic mean; B³ and false merges (entities of kg that hold
    several real ones) are over the annotated mentions.
    With --json, {"documents", "scores": {name: {"precision", "recall", "f", "gold", "found"}}, "b3": {"precision",
    "recall", "f"}, "false_merges", "by_relation"}.
    """
    from kg.evaluate import evaluate as evaluate_gold
    from kg.worker import Options, load_stages

    stages = load_stages(Options(pipeline=pipeline, patterns=tuple(patterns or ())))
    result = evaluate_gold(gold, lambda documents: read_all(documents, stages), part=part)
    if as_json:
        write_json(plain_result(result))
        return
    rows = list(list_scores(result))
    (write_table if on_terminal() else write_rows)(("what", "P", "R", "F", "annotated", "found"), rows)


def read_all(documents: Sequence[Document], stages: Stages) -> Iterator[Record]:
    from kg.errors import KGError
    from kg.records import Failure
    from kg.worker import run_stages

    for document in documents:
        record = run_stages(document, stages)
        if isinstance(record, Failure):
            raise KGError(f"the gold text {record.source} failed at {record.stage}: {record.reason}")
        yield record


def list_scores(result: Evaluation) -> Iterable[tuple[object, ...]]:
    for name, title in SCORES.items():
        score: Score = getattr(result, name)
        if score.tp + score.fn + score.fp:
            yield (
                title,
                *describe_shares(score.precision, score.recall, score.f),
                score.tp + score.fn,
                score.tp + score.fp,
            )
    if result.b3_recall.count:
        b3 = describe_shares(result.b3_precision.value, result.b3_recall.value, result.b3_f)
        yield ("B³ over mentions", *b3, result.b3_recall.count, None)
        yield ("false merges", f"{result.false_merge_rate:.4f}", "", "", None, result.entities)
    for relation, score in sorted(result.by_relation.items()):
        yield (
            f"  {relation}", *describe_shares(score.precision, score.recall, score.f), score.tp + score.fn,
            score.tp + score.fp,
        )  # fmt: skip


def describe_shares(*shares: float) -> tuple[str, ...]:
    return tuple(f"{share:.4f}" for share in shares)


def plain_result(result: Evaluation) -> dict[str, object]:
    return {
        "documents": result.documents,
        "scores": {name: plain_score(getattr(result, name)) for name in SCORES},
        "b3": {"precision": result.b3_precision.value, "recall": result.b3_recall.value, "f": result.b3_f},
        "false_merges": result.false_merge_rate,
        "by_relation": {relation: plain_score(score) for relation, score in sorted(result.by_relation.items())},
    }


def plain_score(score: Score) -> dict[str, float | int]:
    return {
        "precision": score.precision,
        "recall": score.recall,
        "f": score.f,
        "gold": score.tp + score.fn,
        "found": score.tp + score.fp,
    }
