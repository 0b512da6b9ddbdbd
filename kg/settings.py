"""Every threshold and limit, with its unit and the reason for its value. Passed along, never read at import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    # Reading
    max_bytes: int = 50_000_000  # bytes of one file; larger is skipped with its reason
    max_chars: int = 10_000_000  # characters of one clean text
    max_unpacked: int = 200_000_000  # bytes that the parts of one archive, office document or mail unpack to
    max_ratio: int = 100  # unpacked to packed bytes of a part over 1 MB; text packs to a tenth, bombs to a thousandth
    max_parts: int = 100_000  # documents in one file: rows, messages, files in an archive
    max_depth: int = 4  # files in files: a report in a zip that is attached to a mail in a mailbox
    max_pages: int = 10_000  # of one PDF
    read_seconds: float = 10.0  # time to read one document of a file, before tagging; 117 pages of PDF take under one
    file_seconds: float = 300.0  # time to read all documents of one file; an archive of 10,000 web pages takes as long
    # Tagging
    chunk_chars: int = 100_000  # characters given to spaCy at once; it refuses over 1,000,000
    max_run: int = 200  # non-alphanumeric run that the tokenizer still sees whole; it is quadratic on them
    document_seconds: float = 60.0  # wall time of one document in a worker, before it is killed
    worker_megabytes: int = 4_000  # address space of one worker beyond what it holds when ready
    # Graph
    max_together: int = 30  # entities of one sentence of which all pairs are linked; of more only the nearest are
    evidence_per_edge: int = 5  # sentences carried on an edge; all of them stay in the store


DEFAULTS = Settings()
