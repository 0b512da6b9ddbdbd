"""kg with the stub tagger in place of its pipeline, in this process and in its workers: ``stub_kg.py build …``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import corpus

import kg.worker
from kg.cli import main

kg.worker.load_stages = corpus.load_stubs  # a worker process runs this too, before it begins

if __name__ == "__main__":
    main()
