"""The notebook runs from top to bottom, in a kernel of its own, and shows what it says."""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"


def test_notebook_runs_and_shows_what_it_says() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "the notebook is kept without outputs"
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = [str(cell.get("outputs", "")) for cell in notebook.cells if cell.cell_type == "code"]
    assert "'Øyvind Eriksen', 'leads', 'Aker'" in shown[2]
    assert "Kvandal" in shown[3]
    assert shown[4].count("(") > 3
    assert "sandbox=" in shown[5]
    assert "kg.graphml" in shown[6]
