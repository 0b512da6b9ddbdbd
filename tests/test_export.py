"""Files that are whole or not there, and the same for the same graph."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

from kg import export
from kg.errors import KGError, UsageError
from kg.export import FORMATS, files
from kg.export.values import clean_value
from tests.sample_graphs import add_node, make_large, make_small


@pytest.mark.parametrize("format", FORMATS)
def test_same_graph_same_bytes(format: str, tmp_path: Path) -> None:
    graph = make_small()
    shuffled = nx.MultiDiGraph(**graph.graph)
    nodes, edges = list(graph.nodes(data=True)), list(graph.edges(keys=True, data=True))
    random.Random(4).shuffle(nodes)
    random.Random(5).shuffle(edges)
    shuffled.add_nodes_from(nodes)
    shuffled.add_edges_from(edges)
    first = [path.read_bytes() for path in export.write(graph, tmp_path / f"a{FORMATS[format].suffixes[0]}")]
    again = [path.read_bytes() for path in export.write(shuffled, tmp_path / f"b{FORMATS[format].suffixes[0]}")]
    assert first == again
    assert all(first)


def test_another_process_on_another_day_writes_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import time; real = time.time; time.time = lambda: real() + 9e7\n"
        "import sys; from pathlib import Path; from kg import export; from tests.sample_graphs import make_large\n"
        "graph = make_large(300)\n"
        "for name in export.FORMATS:\n"
        "    export.write(graph, Path(sys.argv[1]) / f'graph.{name}', format=name)\n"
    )
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ".", "TZ": f"UTC{seed}"}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / seed)], env=environment, check=True)
    found = [{p.name: p.read_bytes() for p in (tmp_path / seed).iterdir()} for seed in ("1", "2")]
    assert found[0] == found[1]
    assert len(found[0]) >= len(FORMATS)


@pytest.mark.parametrize("format", FORMATS)
def test_graph_is_left_as_it_was(format: str, tmp_path: Path) -> None:
    graph, twin = make_small(), make_small()
    export.write(graph, tmp_path / "graph.out", format=format)
    assert nx.utils.graphs_equal(graph, twin)


@pytest.mark.parametrize("format", FORMATS)
def test_empty_graph(format: str, tmp_path: Path) -> None:
    for path in export.write(nx.MultiDiGraph(), tmp_path / "graph.out", format=format):
        assert path.exists()


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_left_when_writing_fails(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle of each write in turn."""
    kept = {path: path.read_bytes() for path in export.write(make_small(), tmp_path / "graph.out", format=format)}
    larger = make_large(350)

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(KGError, match=r"graph.*cannot be written: No space left on device"):
        export.write(larger, tmp_path / "graph.out", format=format)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize("format", FORMATS)
def test_what_cannot_be_read_back_does_not_replace(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {path: path.read_bytes() for path in export.write(make_small(), tmp_path / "graph.out", format=format)}
    real = files._write_through

    def cut(path: Path, text: object, **rest: object) -> None:
        real(path, text, **rest)  # type: ignore[arg-type]
        os.truncate(path, path.stat().st_size * 2 // 3)

    monkeypatch.setattr(files, "_write_through", cut)
    with pytest.raises(KGError, match="could not be read back whole"):
        export.write(make_large(350), tmp_path / "graph.out", format=format)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_an_error_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "graph.graphml"
    export.write(make_small(), path)
    before = path.read_bytes()

    class Bad:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    graph = make_small()
    add_node(graph, "org:bad", name=Bad())
    with pytest.raises(RuntimeError):
        export.write(graph, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_format_by_suffix_or_by_name(tmp_path: Path) -> None:
    graph = make_small()
    assert export.write(graph, tmp_path / "a.GraphML") == [tmp_path / "a.GraphML"]
    assert export.write(graph, tmp_path / "a.xml", format="graphml") == [tmp_path / "a.xml"]
    assert (tmp_path / "a.GraphML").read_bytes() == (tmp_path / "a.xml").read_bytes()
    with pytest.raises(UsageError, match=r"'a\.doc' does not tell the format: let it end in \.graphml"):
        export.write(graph, tmp_path / "a.doc")
    with pytest.raises(UsageError, match="no format 'dox': use graphml"):
        export.write(graph, tmp_path / "a.graphml", format="dox")
    with pytest.raises(UsageError, match="no format 'dox'"):
        export.render(graph, "dox")


def test_render_gives_what_write_writes(tmp_path: Path) -> None:
    graph = make_small()
    for name, format in FORMATS.items():
        if len(format.files) == 1:
            (path,) = export.write(graph, tmp_path / "graph.out", format=name)
            assert export.render(graph, name).encode() == path.read_bytes()


def test_places_that_are_no_file(tmp_path: Path) -> None:
    graph = make_small()
    (tmp_path / "dir.graphml").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        export.write(graph, tmp_path / "dir.graphml")
    with pytest.raises(UsageError, match="does not exist"):
        export.write(graph, tmp_path / "none" / "a.graphml")
    os.mkfifo(tmp_path / "pipe.graphml")
    with pytest.raises(UsageError, match="not a regular file"):
        export.write(graph, tmp_path / "pipe.graphml")


def test_links_and_modes_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "graph.graphml", tmp_path / "link.graphml"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    link.symlink_to(target)
    export.write(make_small(), link)
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8").startswith("<?xml")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    fresh = tmp_path / "fresh.graphml"
    export.write(make_small(), fresh)
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o666 & ~mask


def test_long_names_of_files(tmp_path: Path) -> None:
    path = tmp_path / ("ø" * 120 + ".graphml")
    assert export.write(make_small(), path) == [path]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\x00b\ud800\ufffe", "a\ufffdb\ufffd\ufffd"),
        (None, None),
        (float("inf"), None),
        (True, True),
        (7, 7),
        ([1, "\x00", None, float("nan")], '[1, "\ufffd", null, null]'),
        ({"b": 1, "a": ("x",)}, '{"a": ["x"], "b": 1}'),
        ({"y", "x"}, '["x", "y"]'),
        (b"abc", "b'abc'"),
    ],
)
def test_clean_value(value: object, expected: object) -> None:
    assert clean_value(value) == expected
