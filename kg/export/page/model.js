/* What the page knows: the data of the page, what is filtered out, what a search finds. Draws nothing. */
const data = JSON.parse(document.getElementById("kg-data").textContent);
const { nodes, edges, sentences, documents, types, relations } = data;
const TOGETHER = "appears_with";
const STATUSES = ["stated", "reported", "alleged", "denied"];
const typeOf = new Map(types.map((type) => [type.id, type]));
const relationOf = new Map(relations.map((relation) => [relation.id, relation]));
const ties = nodes.map(() => []);
for (const edge of edges) {
  ties[edge.from].push(edge);
  if (edge.to !== edge.from) ties[edge.to].push(edge);
}
for (const list of ties) list.sort((a, b) => isTogether(a) - isTogether(b) || b.weight - a.weight || a.id - b.id);
const loose = (id) => (ties[id].length ? 0 : 1);
const strongest = nodes.map((node) => node.id).sort((a, b) => loose(a) - loose(b) || nodes[b].mentions - nodes[a].mentions || a - b);
const weights = [...new Set([1, ...edges.map((edge) => edge.weight)])].sort((a, b) => a - b);
const hiding = { types: new Set(), relations: new Set(), statuses: new Set(), weight: 1, since: "", until: "", focus: null };
const keys = nodes.map((node) => [...new Set([node.label, ...node.aliases])].map((name) => [fold(name), name]));
let seen = { nodes: new Set(nodes.map((node) => node.id)), edges: new Set(edges.map((edge) => edge.id)) };

function isTogether(edge) {
  return edge.relation === TOGETHER;
}

/* The search key of kg.text.fold. */
function fold(text) {
  const small = text.toLowerCase().toUpperCase().toLowerCase().replace(/ς/g, "σ");
  const swap = (s) => Array.from(s, (c) => (Object.hasOwn(data.folds, c) ? data.folds[c] : c)).join("");
  return swap(swap(small).normalize("NFKD").replace(/\p{Mn}/gu, "")).split(/\s+/u).filter(Boolean).join(" ");
}

function passes(edge) {
  return (
    edge.weight >= hiding.weight &&
    !hiding.relations.has(edge.relation) &&
    !hiding.statuses.has(edge.status) &&
    !hiding.types.has(nodes[edge.from].type) &&
    !hiding.types.has(nodes[edge.to].type) &&
    inTime(edge)
  );
}

/* Seen at some time between the two days; a link without a date counts only while no day is asked for. */
function inTime(edge) {
  if (!hiding.since && !hiding.until) return true;
  const first = edge.first || edge.last;
  const last = edge.last || edge.first;
  return Boolean(first) && (!hiding.since || last >= hiding.since) && (!hiding.until || first <= hiding.until);
}

/* A node whose every link is filtered out goes with them; one that never had any stays. */
function refilter() {
  const kept = edges.filter(passes);
  const linked = new Set(kept.flatMap((edge) => [edge.from, edge.to]));
  const near = hiding.focus ? reach(hiding.focus.node, hiding.focus.hops, kept) : null;
  const shows = (node) =>
    near ? near.has(node.id) : !hiding.types.has(node.type) && (linked.has(node.id) || !ties[node.id].length);
  const shown = new Set(nodes.filter(shows).map((node) => node.id));
  seen = {
    nodes: shown,
    edges: new Set(kept.filter((edge) => shown.has(edge.from) && shown.has(edge.to)).map((edge) => edge.id)),
  };
}

/* Nodes at most so many links away. */
function reach(start, hops, among) {
  const next = new Map();
  for (const { from, to } of among) {
    next.set(from, [...(next.get(from) || []), to]);
    next.set(to, [...(next.get(to) || []), from]);
  }
  let found = new Set([start]);
  let rim = [start];
  for (let hop = 0; hop < hops; hop += 1) {
    rim = rim.flatMap((node) => next.get(node) || []).filter((node) => !found.has(node));
    found = new Set([...found, ...rim]);
  }
  return found;
}

/* Best matches first: whole name, start of the name, start of a word, anywhere; then the most mentioned. */
function search(text) {
  const query = fold(text);
  if (!query) return [];
  const found = [];
  for (const id of strongest) {
    let best = null;
    for (const [key, name] of keys[id]) {
      const at = key.indexOf(query);
      if (at < 0) continue;
      const rank = key === query ? 0 : at === 0 ? 1 : key[at - 1] === " " ? 2 : 3;
      if (!best || rank < best.rank) best = { id, name, rank };
    }
    if (best) found.push(best);
  }
  return found.sort((a, b) => a.rank - b.rank);
}

function findEntity(entity) {
  return nodes.find((node) => node.entity === entity);
}

function between(edge) {
  const pair = (other) =>
    (other.from === edge.from && other.to === edge.to) || (other.from === edge.to && other.to === edge.from);
  return [edge, ...ties[edge.from].filter((other) => other !== edge && pair(other))];
}
