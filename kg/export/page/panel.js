/* Details of what is chosen: an entity with its links and documents, a link with its sentences. */
const LIST_START = 40;

function showPanel(what) {
  const panel = document.getElementById("panel");
  const contents = what.node !== undefined ? describeNode(nodes[what.node]) : what.edge !== undefined ? describeEdge(edges[what.edge]) : null;
  panel.hidden = !contents;
  panel.replaceChildren(...(contents || []));
  panel.scrollTop = 0;
}

function topLine(...children) {
  const close = make("button", { type: "button", class: "close", "aria-label": "Close details", on: { click: () => select({}) } }, "×");
  return make("div", { class: "top" }, ...children, close);
}

function describeNode(node) {
  const others = node.aliases.filter((alias) => alias !== node.label);
  const parts = [
    topLine(make("span", { class: "kind" }, drawShape(node.type), typeOf.get(node.type).title)),
    make("h2", {}, nameText(node.label)),
    ...noteHidden(seen.nodes.has(node.id)),
  ];
  if (others.length) {
    const names = others.flatMap((alias, i) => [i ? ", " : "", nameText(alias)]);
    parts.push(make("p", { id: "aliases" }, make("span", { class: "relation" }, "Also: "), ...names));
  }
  const when = period(node.first, node.last);
  parts.push(make("p", { class: "facts" }, `${count(node.mentions, "mention")} in ${count(node.documents, "document")}${when ? ` · ${when}` : ""}`));
  if (node.community !== null && data.communities[node.community]) {
    parts.push(make("p", { class: "facts" }, "Community: ", nameText(data.communities[node.community].name)));
  }
  parts.push(make("div", { class: "actions", role: "group", "aria-label": "Focus" }, ...[1, 2].map((hops) => focusButton(node, hops))));
  parts.push(make("h3", {}, `Links (${counts.format(ties[node.id].length)})`));
  parts.push(listSome(ties[node.id], (edge) => describeTie(node, edge), "neighbours"));
  const sources = documentsOf(ties[node.id]);
  const all = sources.length < node.documents ? ` (${counts.format(sources.length)} of ${counts.format(node.documents)}: those of the links shown)` : ` (${counts.format(sources.length)})`;
  parts.push(make("h3", {}, `Documents${all}`), listSome(sources, (id) => make("li", {}, ...describeDocument(id)), "documents"));
  return parts;
}

function noteHidden(shown) {
  if (shown) return [];
  const again = make("button", { type: "button", class: "plain", on: { click: reset } }, "Reset filters");
  return [make("p", { class: "note" }, "Not drawn: the filters leave it out. ", again)];
}

function focusButton(node, hops) {
  const on = Boolean(hiding.focus) && hiding.focus.node === node.id && hiding.focus.hops === hops;
  const run = () => setFocus(on ? null : { node: node.id, hops });
  return make("button", { type: "button", "aria-pressed": String(on), "data-hops": hops, on: { click: run } }, `Only ${count(hops, "step")} away`);
}

/* Reads as it is said: "leads Aker", "Øyvind Eriksen leads". */
function describeTie(node, edge) {
  const out = edge.from === node.id;
  const { title, symmetric } = relationOf.get(edge.relation);
  const word = make("span", { class: "relation" }, title);
  const name = goTo(nodes[out ? edge.to : edge.from]);
  const says = make("span", { class: "says" }, ...(out || symmetric ? [word, " ", name] : [name, " ", word]));
  const chip = statusChip(edge.status);
  if (chip) says.append(chip);
  const open = make("button", { type: "button", class: "plain more", on: { click: () => select({ edge: edge.id }, true) } }, count(edge.weight, "sentence"));
  return make("li", {}, make("div", { class: "tie" }, says, open));
}

/* The first of a long list, and a button for the rest. */
function listSome(items, describe, id) {
  const list = make("ul", { class: "list", id }, ...items.slice(0, LIST_START).map(describe));
  if (items.length > LIST_START) {
    const rest = make("li", {});
    const run = () => rest.replaceWith(...items.slice(LIST_START).map(describe));
    rest.append(make("button", { type: "button", class: "plain", on: { click: run } }, `Show all ${counts.format(items.length)}`));
    list.append(rest);
  }
  return list;
}

function documentsOf(some) {
  const found = new Set(some.flatMap((edge) => edge.evidence.map(([sentence]) => sentences[sentence][0])));
  return [...found].sort((a, b) => (documents[b].date || "").localeCompare(documents[a].date || "") || a - b);
}

function describeDocument(id) {
  const { title, source, date } = documents[id];
  return [
    title ? nameText(title, { class: "title" }) : "",
    title && date ? " · " : "",
    date ? make("time", { datetime: date }, date) : "",
    title || date ? make("br") : "",
    nameText(source, { class: "source" }),
  ];
}

function describeEdge(edge) {
  const [, ...others] = between(edge);
  const parts = [topLine(make("span", { class: "kind" }, drawLine(edge.dashes, isTogether(edge)), "Link")), describeTriple(edge), ...noteHidden(seen.edges.has(edge.id)), ...describeEvidence(edge)];
  for (const other of others) {
    parts.push(make("h3", {}, "Also between them"), describeTriple(other), ...describeEvidence(other));
  }
  return parts;
}

function describeTriple(edge) {
  const { title, symmetric } = relationOf.get(edge.relation);
  const word = make("span", { class: "relation" }, isTogether(edge) ? "in one sentence with" : symmetric ? title : `${title} →`);
  return make("div", { class: "triple" }, goTo(nodes[edge.from]), word, goTo(nodes[edge.to]), statusChip(edge.status));
}

function describeEvidence(edge) {
  const when = period(edge.first, edge.last);
  const shown = edge.evidence.length < edge.weight ? ` · the ${counts.format(edge.evidence.length)} strongest shown` : "";
  const facts = `${count(edge.weight, "sentence")} in ${count(edge.documents, "document")}${when ? ` · ${when}` : ""}${shown}`;
  const chance = isTogether(edge) && edge.expected !== null && edge.expected !== undefined ? ` · together in ${count(Math.max(edge.together || 0, edge.weight), "sentence")}; chance predicts ${edge.expected.toFixed(1)}` : "";
  return [make("p", { class: "facts" }, facts + chance), ...edge.evidence.map((evidence) => quote(edge, evidence))];
}

function quote(edge, [sentence, predicate, status, rule, speaker, copies]) {
  const [source, text] = sentences[sentence];
  const cite = make("cite", {}, ...describeDocument(source));
  if (copies) cite.append(make("br"), `also in ${count(copies, "other source")}`);
  if (rule) cite.append(make("br"), `found by: ${rule}`);
  const chip = statusChip(status);
  if (chip) cite.append(" ", chip, speaker ? ` by ${speaker}` : "");
  return make("blockquote", { class: status === "stated" ? null : "doubt" }, make("p", { dir: "auto" }, ...mark(edge, text, predicate)), cite);
}

/* The sentence with the two names and the words between them marked where they stand. */
function mark(edge, text, predicate) {
  const names = [edge.from, edge.to].flatMap((id) => [nodes[id].label, ...nodes[id].aliases]).filter(Boolean);
  const longest = [...new Set(names)].sort((a, b) => b.length - a.length);
  const taken = [];
  const note = (word, says) => {
    const at = text.indexOf(word);
    const end = at + word.length;
    if (at >= 0 && taken.every((other) => end <= other.at || at >= other.end)) taken.push({ at, end, says });
  };
  for (const name of longest) note(name, false);
  if (predicate) note(predicate, true);
  const pieces = [];
  let at = 0;
  for (const part of taken.sort((a, b) => a.at - b.at)) {
    pieces.push(text.slice(at, part.at), make("mark", { class: part.says ? "says" : null }, text.slice(part.at, part.end)));
    at = part.end;
  }
  return [...pieces, text.slice(at)];
}
