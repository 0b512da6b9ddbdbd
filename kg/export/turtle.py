"""RDF 1.1 Turtle: entities in schema.org's terms, links as statements that PROV traces to the sentence and its source.

A link is a plain triple too (``kg:leads``, below a term of schema.org where there is one), but where all its sentences
deny it: that is told by its statement alone. Ids become ``urn:kg:entity:...``; ``schema:identifier`` is the id itself.
Written by hand, as rdflib's own writer would take a second graph in memory and orders blank nodes by chance.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import networkx as nx

from kg.export.values import Edge, list_edges, list_nested
from kg.export.xml import check_ids

PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "schema": "https://schema.org/",
    "prov": "http://www.w3.org/ns/prov#",
    "kg": "urn:kg:term:",
}
TYPES = {"PERSON": "Person", "ORG": "Organization", "PLACE": "Place", "PRODUCT": "Product", "EVENT": "Event"}
ABOVE = {  # relation -> the term of schema.org that holds wherever it does
    "works_for": "worksFor", "member_of": "memberOf", "owns": "owns", "part_of": "parentOrganization",
    "located_in": "location", "lives_in": "homeLocation", "family_of": "relatedTo", "meets": "knows",
}  # fmt: skip
DAY = re.compile(r"\d{4}-\d\d-\d\d")
UNSAFE = re.compile('[\\x00-\\x1f"\\\\\\x7f]')
SUBJECT = re.compile(r'^ schema:identifier (".*") ;$|^ kg:link (".*") ;$')
END = "# end\n"


def render(graph: nx.Graph) -> Iterator[str]:
    """The file's text: prefixes, relations, entities, links, documents."""
    for prefix, iri in PREFIXES.items():
        yield f"@prefix {prefix}: <{iri}> .\n"
    for relation in sorted({edge.relation for edge in list_edges(graph)}):
        above = f" ; rdfs:subPropertyOf schema:{ABOVE[relation]}" if relation in ABOVE else ""
        yield f"{_name_term(relation)} a rdf:Property ; rdfs:label {write_text(relation.replace('_', ' '))}{above} .\n"
    for id, values in list_nested(graph):
        yield from _write_entity(id, values)
    documents: dict[str, list[str]] = {}
    for edge in list_edges(graph):
        yield from _write_link(edge)
        for item in edge.evidence():
            documents.setdefault(_name_document(item), _describe_document(item))
    for name in sorted(documents):
        yield "".join([f"{name} a schema:DigitalDocument, prov:Entity", *documents[name], " .\n"])
    yield END


def check(path: Path, graph: nx.Graph) -> None:
    """Reads the file back. ValueError: it ends too soon, or holds other entities or links than ``graph``."""
    found: dict[str, list[str]] = {"node": [], "edge": []}
    line = ""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            match = SUBJECT.match(line)
            if match:
                found["node" if match[1] else "edge"].append(json.loads(match[1] or match[2]))
    if line != END:
        raise ValueError("its end is missing")
    check_ids(found, graph)


def write_text(text: str) -> str:
    """As a Turtle string, on one line."""
    return '"' + UNSAFE.sub(lambda found: json.dumps(found[0])[1:-1], text) + '"'


def name_entity(id: str) -> str:
    """The entity's IRI."""
    return f"<urn:kg:entity:{quote(id, safe=':-._~')}>"


def _write_entity(id: str, values: dict[str, Any]) -> Iterator[str]:
    yield f"{name_entity(id)} a schema:{TYPES.get(str(values.get('type')), 'Thing')}, prov:Entity ;\n"
    yield f" schema:identifier {write_text(id)} ;\n"
    aliases = values.get("aliases")
    name = str(values.get("name", id))
    for alias in dict.fromkeys(map(str, aliases if isinstance(aliases, list) else ())):
        if alias != name:
            yield f" schema:alternateName {write_text(alias)} ;\n"
    for key in ("mentions", "documents"):
        yield from _write_number(key, values.get(key))
    yield from _write_dates(values)
    yield f" schema:name {write_text(name)} .\n"


def _write_link(edge: Edge) -> Iterator[str]:
    head, term, tail = name_entity(edge.head), _name_term(edge.relation), name_entity(edge.tail)
    if edge.values.get("status") != "denied":
        yield f"{head} {term} {tail} .\n"
        if edge.values.get("symmetric"):
            yield f"{tail} {term} {head} .\n"
    name = f"urn:kg:link:{_digest(edge.id)}"
    yield f"<{name}> a rdf:Statement, prov:Entity ;\n kg:link {write_text(edge.id)} ;\n"
    yield f" rdf:subject {head} ; rdf:predicate {term} ; rdf:object {tail} ;\n"
    for key in ("weight", "documents", "npmi"):
        yield from _write_number(key, edge.values.get(key))
    yield from _write_dates(edge.values)
    items = edge.evidence()
    for number in range(len(items)):
        yield f" prov:wasDerivedFrom <{name}:{number}> ;\n"
    yield f" kg:status {write_text(str(edge.values.get('status') or 'stated'))} .\n"
    for number, item in enumerate(items):
        yield f"<{name}:{number}> a schema:Quotation, prov:Entity ; prov:wasQuotedFrom {_name_document(item)} ;\n"
        for key in ("predicate", "status", "rule"):
            if item.get(key):
                yield f" kg:{key} {write_text(str(item[key]))} ;\n"
        if item.get("speaker"):
            yield f" schema:spokenByCharacter {name_entity(str(item['speaker']))} ;\n"
        for key in ("start", "end"):
            yield from _write_number(key, item.get(key))
        for source in dict.fromkeys(map(str, item.get("sources") or ())):
            yield f" kg:source {write_text(source)} ;\n"
        yield f" schema:text {write_text(str(item.get('sentence') or ''))} .\n"


def _write_number(key: str, value: object) -> Iterator[str]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        kind = "integer" if isinstance(value, int) else "double"
        yield f' kg:{key} "{value}"^^xsd:{kind} ;\n'


def _write_dates(values: Mapping[str, Any]) -> Iterator[str]:
    for key in ("first_seen", "last_seen"):
        day = values.get(key)
        if isinstance(day, str) and DAY.fullmatch(day):
            yield f' kg:{key} "{day}"^^xsd:date ;\n'


def _name_document(item: dict[str, Any]) -> str:
    """By its id, which is of its text, and its place: one text at two places is two documents."""
    return f"<urn:kg:document:{_digest(str(item.get('document')) + ' ' + str(item.get('source')))}>"


def _describe_document(item: dict[str, Any]) -> list[str]:
    parts = [f" ;\n kg:document {write_text(str(item['document']))}"] if item.get("document") else []
    parts += [f" ;\n schema:name {write_text(str(item['title']))}"] if item.get("title") else []
    parts += [f" ;\n kg:source {write_text(str(item['source']))}"] if item.get("source") else []
    day = item.get("date")
    parts += [f' ;\n schema:datePublished "{day}"^^xsd:date'] if isinstance(day, str) and DAY.fullmatch(day) else []
    return parts


def _name_term(relation: str) -> str:
    return f"<{PREFIXES['kg']}{quote(relation, safe='-._~')}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
