"""The store's format: every table and view, documented for those who read it with ``sqlite3`` or Datasette.

Facts are what was read and found, and are never computed from one another; derived tables are a pure function of the
facts and the corrections, written in one transaction at the end of a build, and may be dropped and made anew.
Offsets count characters (code points) of ``document.text``, half open. Dates are ISO 8601 days, times UTC.

Ready for analysts: the views ``entities``, ``edges``, ``evidence``, ``documents`` and ``skipped``.
"""

from __future__ import annotations

from kg.records import STATUSES, SYMMETRIC

APPLICATION_ID = 0x6B675F31  # "kg_1" in the file's header: tells a store of ours from any other SQLite file
FORMAT = 5  # user_version; a higher one was written by a newer kg

FACTS = """
CREATE TABLE file (              -- a file as it was last read; tells cheaply whether it has changed
  key INTEGER PRIMARY KEY,
  place TEXT NOT NULL UNIQUE,    -- absolute path, or the name of what is no file
  path TEXT NOT NULL,            -- as given
  hash TEXT,                     -- SHA-256 of its bytes; NULL when they could not be read
  size INTEGER, mtime INTEGER,   -- bytes; nanoseconds
  maker TEXT NOT NULL,           -- version of kg and of the patterns that read it
  reader TEXT NOT NULL,          -- how the user said to read it: "text=body"
  time TEXT NOT NULL
) STRICT;
CREATE INDEX file_hash ON file(hash);
CREATE INDEX file_size ON file(size);

CREATE TABLE document (          -- one text, however many files hold it
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL,              -- first 16 hex digits of SHA-256 of the text
  pipeline TEXT NOT NULL,        -- what tagged it
  maker TEXT NOT NULL,           -- version of kg and of the patterns that did the rest
  lang TEXT NOT NULL,
  named INTEGER NOT NULL,        -- how many of its sentences hold a name
  sentences TEXT NOT NULL,       -- JSON: [start, end, start, end, ...]
  sketch BLOB NOT NULL,          -- bytes of which near-copies of the text have most in common; see sketch.py
  text TEXT NOT NULL,            -- last, so that the rest is read without it
  UNIQUE (id, pipeline, maker)
) STRICT;

CREATE TABLE source (            -- the ledger: what became of each document of each file
  file INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
  number INTEGER NOT NULL,       -- place within the file
  path TEXT NOT NULL,            -- as given, with the part of the file
  status TEXT NOT NULL CHECK (status IN ('read', 'skipped')),
  stage TEXT, reason TEXT,       -- of a skipped one
  passing INTEGER NOT NULL,      -- 1: worth trying again
  document INTEGER REFERENCES document,
  title TEXT, date TEXT,
  title_from TEXT, date_from TEXT, lang_from TEXT,   -- where these were found: "metadata", "file name", "text", ...
  guesses TEXT NOT NULL,         -- JSON: what had to be guessed to read it, in words
  PRIMARY KEY (file, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_document ON source(document);
CREATE INDEX source_status ON source(status);

CREATE TABLE page (              -- from where on a document's text stands where in its file, where that tells
  file INTEGER NOT NULL, number INTEGER NOT NULL,
  start INTEGER NOT NULL,        -- offset in its text
  name TEXT NOT NULL,            -- "page 2", "quoted reply"; empty where there is nothing to say
  PRIMARY KEY (file, number, start),
  FOREIGN KEY (file, number) REFERENCES source ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE local (             -- an entity within one document
  key INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
  id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
  fold TEXT NOT NULL,            -- search key of the name
  names TEXT NOT NULL,           -- JSON: {normal form: how often}
  mentions INTEGER NOT NULL, sentences INTEGER NOT NULL,
  UNIQUE (document, id)
) STRICT;

CREATE TABLE mention (
  local INTEGER NOT NULL REFERENCES local ON DELETE CASCADE,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  text TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
  rule TEXT NOT NULL,            -- why it belongs to its entity
  derived INTEGER NOT NULL,      -- 1: part of a compound
  PRIMARY KEY (local, start, "end")
) STRICT, WITHOUT ROWID;

CREATE TABLE link (              -- one sentence's statement about two entities
  key INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
  head INTEGER NOT NULL, relation TEXT NOT NULL, tail INTEGER NOT NULL,   -- head, tail: local
  predicate TEXT NOT NULL,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  status TEXT NOT NULL, rule TEXT NOT NULL, speaker INTEGER,              -- speaker: local
  print INTEGER NOT NULL,        -- fingerprint of the sentence: copies of one text count once
  sketch BLOB NOT NULL           -- by which near-copies are told; see sketch.py
) STRICT;
CREATE INDEX link_document ON link(document);

CREATE TABLE correction (        -- the analyst's word, in the order it was given
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  time TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL
) STRICT;

CREATE TABLE carved (            -- documents of which a correction set single mentions apart
  document INTEGER PRIMARY KEY REFERENCES document ON DELETE CASCADE,
  record TEXT NOT NULL           -- JSON: its mentions, entities and links without any correction
) STRICT;

CREATE TABLE dirty (             -- documents whose facts changed since the derived tables were made; 0: corrections
  document INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
"""

DERIVED = """
CREATE TABLE shown (             -- the documents that the graph is made of
  document INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  path TEXT NOT NULL, title TEXT, date TEXT,     -- of its first source; the earliest date
  named INTEGER NOT NULL,        -- how many of its sentences hold a name
  date_from TEXT,                -- where that date was found
  sources TEXT NOT NULL,         -- JSON: [[path, title, date], ...] of all of them
  copy_of TEXT                   -- id of the oldest original that this one is a near-copy of
) STRICT;

CREATE TABLE sketch_of (         -- which documents share a part of their sketches
  hash INTEGER NOT NULL,
  copy INTEGER NOT NULL,         -- 1: of a near-copy, with which no other is compared
  document INTEGER NOT NULL,
  PRIMARY KEY (hash, copy, document)
) STRICT, WITHOUT ROWID;

CREATE TABLE entity (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, type TEXT NOT NULL,
  mentions INTEGER NOT NULL DEFAULT 0, documents INTEGER NOT NULL DEFAULT 0,
  sentences INTEGER NOT NULL DEFAULT 0,          -- that name it, those of copies left out
  degree INTEGER NOT NULL DEFAULT 0,             -- entities it is linked to
  first_seen TEXT, last_seen TEXT
) STRICT;
CREATE INDEX entity_mentions ON entity(mentions);

CREATE TABLE entity_of (         -- which entity of the graph a document's entity is, and why
  entity INTEGER NOT NULL, local INTEGER NOT NULL,
  document INTEGER NOT NULL, mentions INTEGER NOT NULL,
  sentences INTEGER NOT NULL,                    -- 0 of a copy, so that chance is not asked twice
  date TEXT, names TEXT NOT NULL,                -- as in local and shown: all that is counted lies side by side
  reason TEXT NOT NULL,
  PRIMARY KEY (entity, local)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entity_of_local ON entity_of(local);

CREATE TABLE shape_of (          -- local entities with the same keys, by which resolution joins them, have one shape
  local INTEGER PRIMARY KEY, shape INTEGER NOT NULL
) STRICT;
CREATE INDEX shape_of_shape ON shape_of(shape);
CREATE TABLE shape_key (         -- fingerprints of the keys of each shape
  shape INTEGER NOT NULL, key INTEGER NOT NULL,
  PRIMARY KEY (shape, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX shape_key_key ON shape_key(key, shape);

CREATE TABLE alias (
  key INTEGER PRIMARY KEY,
  entity INTEGER NOT NULL, name TEXT NOT NULL, fold TEXT NOT NULL,
  mentions INTEGER NOT NULL,
  UNIQUE (entity, name)
) STRICT;
CREATE INDEX alias_fold ON alias(fold);

CREATE TABLE edge (
  key INTEGER PRIMARY KEY,
  head INTEGER NOT NULL, relation TEXT NOT NULL, tail INTEGER NOT NULL,   -- head, tail: entity
  weight INTEGER NOT NULL DEFAULT 0,             -- sentences that say so; near-copies count once
  documents INTEGER NOT NULL DEFAULT 0,
  together INTEGER NOT NULL DEFAULT 0,           -- appears_with: sentences that name both, those of copies left out
  status TEXT NOT NULL DEFAULT '',               -- the firmest of its evidence
  first_seen TEXT, last_seen TEXT,
  strength INTEGER NOT NULL DEFAULT 0,           -- of all edges between its ends: sentences, those that say how thrice
  most_documents INTEGER NOT NULL DEFAULT 0,     -- of one of the edges between its ends
  UNIQUE (head, tail, relation)
) STRICT;
CREATE INDEX edge_tail ON edge(tail, head);
CREATE INDEX edge_strongest_out ON edge(head, strength DESC, most_documents DESC, tail);   -- a hub's first neighbours
CREATE INDEX edge_strongest_in ON edge(tail, strength DESC, most_documents DESC, head);

CREATE TABLE edge_of (           -- which edge a link is evidence for
  link INTEGER PRIMARY KEY, edge INTEGER NOT NULL,
  print INTEGER NOT NULL         -- of the sentence; of a near-copy, that of the one it is a copy of
) STRICT;
CREATE INDEX edge_of_edge ON edge_of(edge);

CREATE VIRTUAL TABLE alias_words USING fts5(
  fold, content='alias', content_rowid='key', tokenize='unicode61 remove_diacritics 0', prefix='2 3');
CREATE VIRTUAL TABLE alias_grams USING fts5(
  fold, content='alias', content_rowid='key', tokenize='trigram', detail='none', columnsize=0);
CREATE VIRTUAL TABLE document_words USING fts5(
  fold, content='', tokenize='unicode61 remove_diacritics 0', detail='none', columnsize=0);
"""

_SYMMETRIC = ", ".join(f"'{relation}'" for relation in sorted(SYMMETRIC))

VIEWS = f"""
CREATE VIEW entities AS
SELECT id, name, type, mentions, documents, degree, first_seen, last_seen,
  (SELECT group_concat(name, '; ') FROM (SELECT a.name FROM alias a WHERE a.entity = entity.key
    ORDER BY a.mentions DESC, a.name)) AS aliases
FROM entity;

CREATE VIEW edges AS             -- expected: sentences with both, were they named independently of each other
SELECT h.id AS head, h.name AS head_name, g.relation, t.id AS tail, t.name AS tail_name,
  g.weight, g.documents, g.status, g.first_seen, g.last_seen, g.relation IN ({_SYMMETRIC}) AS symmetric, g.together,
  1.0 * h.sentences * t.sentences / (SELECT value FROM meta WHERE name = 'sentences') AS expected,
  g.strength, g.most_documents
FROM edge g JOIN entity h ON h.key = g.head JOIN entity t ON t.key = g.tail;

CREATE VIEW evidence AS
SELECT h.id AS head, g.relation, t.id AS tail, substr(d.text, k.start + 1, k."end" - k.start) AS sentence,
  k.predicate, k.status, k.rule, s.id AS speaker, d.id AS document, w.path AS source, w.title, w.date,
  k.start, k."end", o.print, w.date_from,
  (SELECT p.name FROM source s JOIN page p ON p.file = s.file AND p.number = s.number
    WHERE s.document = k.document AND s.path = w.path AND p.start <= k.start ORDER BY p.start DESC LIMIT 1) AS page
FROM edge_of o JOIN link k ON k.key = o.link JOIN edge g ON g.key = o.edge
  JOIN entity h ON h.key = g.head JOIN entity t ON t.key = g.tail
  JOIN document d ON d.key = k.document JOIN shown w ON w.document = k.document
  LEFT JOIN entity_of p ON p.local = k.speaker LEFT JOIN entity s ON s.key = p.entity;

CREATE VIEW documents AS
SELECT d.id, w.path AS source, w.title, w.date, d.lang, d.pipeline, length(d.text) AS characters, d.text, w.sources,
  w.date_from, w.copy_of,
  (SELECT s.title_from FROM source s WHERE s.document = d.key AND s.title = w.title LIMIT 1) AS title_from,
  (SELECT s.lang_from FROM source s WHERE s.document = d.key LIMIT 1) AS lang_from
FROM shown w JOIN document d ON d.key = w.document;

CREATE VIEW skipped AS
SELECT s.path, s.stage, s.reason, s.passing, f.hash, f.time FROM source s JOIN file f ON f.key = s.file
WHERE s.status = 'skipped';
"""

STRENGTH = "CASE WHEN relation <> 'appears_with' AND status <> 'denied' THEN 3 ELSE 1 END"
"""What a sentence of an edge counts for: one that says how two are linked, three times one that only names both."""

STATUS_RANK = " ".join(f"WHEN '{status}' THEN {rank}" for rank, status in enumerate(STATUSES))
"""Branches of a CASE over a status: 0 for the firmest."""
RANK_STATUS = " ".join(f"WHEN {rank} THEN '{status}'" for rank, status in enumerate(STATUSES))

TABLES = (
    "file", "document", "source", "page", "local", "mention", "link", "correction", "carved", "dirty", "meta", "shown",
    "sketch_of", "entity", "entity_of", "shape_of", "shape_key", "alias", "edge", "edge_of",
    "alias_words", "alias_grams", "document_words",
)  # fmt: skip
