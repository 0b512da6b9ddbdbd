"""FollowTheMoney (https://followthemoney.tech) as JSON lines, for OpenAleph and its kin: an entity, link or document
a line.

A link is a Directorship, Employment, Membership, Ownership or Family where what it joins fits that schema and it is not
denied; else an UnknownLink whose ``role`` says what it is. ``proof`` are its documents, ``description`` its sentences.
An organisation is a Company where a name of it ends in a company's legal form or something owns it, a PublicBody where
a word of its name says so. ``kg_id`` keeps the id as it was; FollowTheMoney's must be plain.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx as nx

from kg.export.values import Edge, list_edges, list_nested
from kg.export.xml import check_ids
from kg.names import strip_legal_form

SCHEMATA = {"PERSON": "Person", "PLACE": "Address", "PRODUCT": "Asset", "EVENT": "Event"}
PUBLIC = re.compile(
    r"\b(?:\w*kommune|\w*departement(?:et)?|\w*direktorat(?:et)?|\w*tilsyn(?:et)?|\w*etaten?|statsforvalter\w*"
    r"|politiet|\w*politidistrikt|stortinget|regjering[ae]n?|ministry|municipality|parliament)\b",
    re.IGNORECASE,
)
LINKS = {  # relation -> schema, property of the head, property of the tail, what each may be
    "leads": ("Directorship", "director", "organization", {"Person", "Company", "Organization"}, "org"),
    "works_for": ("Employment", "employee", "employer", {"Person"}, "org"),
    "member_of": ("Membership", "member", "organization", {"Person", "Company", "Organization", "PublicBody"}, "org"),
    "owns": ("Ownership", "owner", "asset", {"Person", "Company", "Organization", "PublicBody"}, "asset"),
    "family_of": ("Family", "person", "relative", {"Person"}, "person"),
}
FITTING = {"org": {"Company", "Organization", "PublicBody"}, "asset": {"Company", "Asset"}, "person": {"Person"}}
WITH_ROLE = {"Directorship", "Employment", "Membership", "Ownership", "UnknownLink"}
URL = re.compile(r"https?://\S+")

Json = dict[str, Any]


def render(graph: nx.Graph) -> Iterator[str]:
    """The file's text, a line each: entities, links, documents."""
    owned = {edge.tail for edge in list_edges(graph) if edge.relation == "owns" and _is_said(edge)}
    schemata = {}
    for id, values in list_nested(graph):
        schemata[id] = choose_schema(values, owned=id in owned)
        yield _write(_describe_entity(id, values, schemata[id]))
    documents: dict[str, Json] = {}
    for edge in list_edges(graph):
        yield _write(_describe_link(edge, schemata))
        for item in edge.evidence():
            document = _describe_document(item)
            documents.setdefault(document["id"], document)
    for id in sorted(documents):
        yield _write(documents[id])


def check(path: Path, graph: nx.Graph) -> None:
    """Reads the file back. ValueError: a line is not JSON, or it holds other entities or links than ``graph``."""
    found: dict[str, list[str]] = {"node": [], "edge": []}
    known: set[str] = set()
    proofs: set[str] = set()
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            row = json.loads(line)
            known.add(row["id"])
            proofs.update(row["properties"].get("proof", ()))
            if row["schema"] != "Document":
                found["edge" if "kg_link" in row else "node"].append(row.get("kg_link") or row["kg_id"])
    check_ids(found, graph)
    if not proofs <= known:
        raise ValueError("documents of its links are missing")


def choose_schema(values: Mapping[str, Any], *, owned: bool) -> str:
    """The schema of an entity."""
    kind = values.get("type")
    if kind != "ORG":
        return SCHEMATA.get(str(kind), "Asset")
    names = [str(values.get("name", "")), *map(str, values.get("aliases") or ())]
    if any(PUBLIC.search(name) for name in names):
        return "PublicBody"
    return "Company" if owned or any(strip_legal_form(name)[1] for name in names) else "Organization"


def _describe_entity(id: str, values: Json, schema: str) -> Json:
    name = str(values.get("name") or id)
    aliases = values.get("aliases")
    others = [alias for alias in map(str, aliases if isinstance(aliases, list) else ()) if alias and alias != name]
    properties = {"name": [name], "alias": list(dict.fromkeys(others))}
    if schema == "Address":
        properties["full"] = [name]
    return {"id": _make_id("entity", id), "schema": schema, "properties": _keep(properties), "kg_id": id}


def _describe_link(edge: Edge, schemata: Mapping[str, str]) -> Json:
    schema, head, tail, heads, fitting = LINKS.get(edge.relation, ("UnknownLink", "", "", set(), ""))
    fits = schemata[edge.head] in heads and schemata[edge.tail] in FITTING.get(fitting, set())
    if not fits or not _is_said(edge):
        schema, head, tail = "UnknownLink", "subject", "object"
    items = edge.evidence()
    status = str(edge.values.get("status") or "stated")
    predicates = _unique(item.get("predicate") for item in items)
    role = edge.relation.replace("_", " ") + (" (denied)" if status == "denied" else "")
    properties = {
        head: [_make_id("entity", edge.head)],
        tail: [_make_id("entity", edge.tail)],
        "date": sorted(_unique(item.get("date") for item in items)),
        "description": _unique(item.get("sentence") for item in items),
        "recordId": [edge.id],
        "proof": _unique(_describe_document(item)["id"] for item in items),
    }
    if schema in WITH_ROLE:
        properties["role"] = [role] if schema == "UnknownLink" else predicates
        properties["status"] = [status]
    elif status != "stated":
        properties["summary"] = [status]
    return {
        "id": _make_id("link", edge.id),
        "schema": schema,
        "properties": _keep(properties),
        "kg_link": edge.id,
    }


def _describe_document(item: Json) -> Json:
    source = str(item.get("source") or item.get("document") or "")
    properties = {
        "fileName": [source],
        "title": _unique([item.get("title")]),
        "publishedAt": _unique([item.get("date")]),
        "sourceUrl": [source] if URL.fullmatch(source) else [],
    }
    name = f"{item.get('document')} {source}"
    return {"id": _make_id("document", name), "schema": "Document", "properties": _keep(properties)}


def _is_said(edge: Edge) -> bool:
    return edge.values.get("status") != "denied"


def _keep(properties: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: values for name, values in properties.items() if values}


def _unique(values: Iterable[object]) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value))


def _make_id(kind: str, name: str) -> str:
    digest = hashlib.sha256(f"{kind} {name}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"kg-{kind}-{digest[:32]}"


def _write(row: Json) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n"
