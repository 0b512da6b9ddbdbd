/* The controls, joined to the rest. */
const RESULTS = 12;
const byId = (id) => document.getElementById(id);
let view = "graph";
let active = -1;

function select(what, move) {
  const ends = what.node !== undefined ? [what.node] : what.edge !== undefined ? [edges[what.edge].from, edges[what.edge].to] : [];
  if (move && hiding.focus && !ends.every((id) => seen.nodes.has(id))) setFocus(null);
  chosen = what;
  showPanel(what);
  network.selectNodes(what.node !== undefined && seen.nodes.has(what.node) ? [what.node] : [], false);
  if (what.edge !== undefined && seen.edges.has(what.edge)) network.selectEdges([what.edge]);
  for (const button of byId("communities").querySelectorAll("button")) button.setAttribute("aria-pressed", String(Number(button.dataset.group) === what.group));
  if (move) moveTo(what);
}

/* Brings what was chosen from a list into view, and its details to the reader. */
function moveTo(what) {
  byId("panel").focus({ preventScroll: true });
  if (view !== "graph") return;
  const { clientWidth: width, clientHeight: height } = network.canvas.frame.canvas;
  const ids = what.node !== undefined ? [what.node] : [edges[what.edge].from, edges[what.edge].to];
  const shown = ids.filter((id) => seen.nodes.has(id));
  const inside = shown.every((id) => {
    const { x, y } = network.canvasToDOM(nodes[id]);
    return x > 60 && y > 40 && x < width - 60 && y < height - 40;
  });
  if (!shown.length || (inside && network.getScale() > 0.45)) return;
  fitTo(what.node !== undefined ? [what.node, ...ties[what.node].slice(0, 12).flatMap((edge) => [edge.from, edge.to])].filter((id) => seen.nodes.has(id)) : shown);
}

function setFocus(focus) {
  hiding.focus = focus;
  refilter();
  arrange(focus);
  byId("focus-note").hidden = !focus;
  if (focus) byId("focus-note").firstElementChild.textContent = `Within ${count(focus.hops, "step")} of ${shorten(nodes[focus.node].label)}`;
  apply();
  select(focus ? { node: focus.node } : chosen);
  fitTo();
}

function apply() {
  refilter();
  refreshDrawing();
  if (view === "table") showTable();
  tellShown();
}

function tellShown() {
  const all = seen.nodes.size === nodes.length && seen.edges.size === edges.length;
  const part = (some, total, one, many) => `${some === total ? "" : `${counts.format(some)} of `}${count(total, one, many)}`;
  byId("shown").textContent = `${all ? "" : "Showing "}${part(seen.nodes.size, nodes.length, "entity", "entities")}, ${part(seen.edges.size, edges.length, "link")}`;
}

function tellSummary() {
  const { totals } = data;
  const parts = [];
  const cut = (shown, total, word) => {
    if (shown < total) parts.push(make("strong", {}, `the ${counts.format(shown)} strongest of ${counts.format(total)} ${word}`));
    else parts.push(`${counts.format(total)} ${word}`);
  };
  cut(nodes.length, totals.nodes, totals.nodes === 1 ? "entity" : "entities");
  cut(edges.length, totals.edges, totals.edges === 1 ? "link" : "links");
  if (totals.documents !== null) parts.push(count(totals.documents, "document"));
  byId("summary").replaceChildren(...parts.flatMap((part, i) => (i ? [" · ", part] : [part])));
  if (nodes.length < totals.nodes) byId("summary").title = "Strongest: most mentioned. The store holds the rest.";
}

function tickBox(set, id, ...label) {
  const box = make("input", { type: "checkbox", checked: !set.has(id), value: id });
  const line = make("label", { class: "check" }, box, ...label);
  box.addEventListener("change", () => {
    if (box.checked) set.delete(id);
    else set.add(id);
    line.classList.toggle("off", !box.checked);
    apply();
  });
  return line;
}

function buildLegend() {
  const number = (n) => make("span", { class: "count" }, counts.format(n));
  const ofType = (type) => nodes.filter((node) => node.type === type.id).length;
  byId("types").replaceChildren(...types.map((type) => tickBox(hiding.types, type.id, drawShape(type.id), type.title, number(ofType(type)))));
  const ofRelation = (id) => edges.filter((edge) => edge.relation === id).length;
  byId("relations").replaceChildren(
    ...relations.map(({ id, title }) =>
      tickBox(hiding.relations, id, drawLine(null, id === TOGETHER), id === TOGETHER ? "same sentence" : title, number(ofRelation(id)))),
  );
  const used = STATUSES.filter((status) => edges.some((edge) => edge.status === status));
  const lines = used.map((status) => {
    const example = edges.find((edge) => edge.status === status);
    return tickBox(hiding.statuses, status, drawLine(example.dashes, false), status, number(edges.filter((edge) => edge.status === status).length));
  });
  byId("statuses").replaceChildren(...(used.some((status) => status !== "stated") ? lines : []));
  byId("statuses").hidden = !byId("statuses").childElementCount;
}

function buildCommunities() {
  const row = ({ name, size }, group) => {
    const run = () => {
      const again = chosen.group === group;
      select(again ? {} : { group });
      if (!again) fitTo(nodes.filter((node) => node.community === group && seen.nodes.has(node.id)).map((node) => node.id));
    };
    const button = make("button", { type: "button", "data-group": group, "aria-pressed": "false", title: name, on: { click: run } });
    button.append(nameText(name, { class: "what" }), make("span", { class: "count" }, counts.format(size)));
    return make("li", {}, button);
  };
  byId("groups").hidden = data.communities.length < 2;
  byId("communities").replaceChildren(...data.communities.slice(0, RESULTS).map(row));
}

function buildSliders() {
  const slider = byId("weight");
  slider.max = weights.length - 1;
  slider.disabled = weights.length < 2;
  let waiting = 0;
  const run = () => {
    hiding.weight = weights[slider.value];
    byId("weight-shown").textContent = count(hiding.weight, "sentence");
    slider.setAttribute("aria-valuetext", count(hiding.weight, "sentence"));
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(apply);
  };
  slider.addEventListener("input", run);
  const days = edges.flatMap((edge) => [edge.first, edge.last]).filter(Boolean).sort();
  byId("dates").hidden = !days.length;
  for (const name of ["since", "until"]) {
    const input = byId(name);
    if (days.length) Object.assign(input, { min: days[0].slice(0, 10), max: days[days.length - 1].slice(0, 10) });
    input.addEventListener("change", () => {
      hiding[name] = input.value;
      apply();
    });
  }
}

function reset() {
  for (const set of [hiding.types, hiding.relations, hiding.statuses]) set.clear();
  Object.assign(hiding, { weight: 1, since: "", until: "" });
  byId("weight").value = 0;
  byId("weight-shown").textContent = count(1, "sentence");
  for (const name of ["since", "until"]) byId(name).value = "";
  buildLegend();
  setFocus(null);
}

function suggest() {
  const text = byId("query").value;
  const found = search(text);
  active = found.length ? 0 : -1;
  const row = (match, i) => {
    const node = nodes[match.id];
    const alias = match.name === node.label ? "" : make("span", { class: "alias" }, " · ", nameText(match.name));
    const attributes = { role: "option", id: `match-${i}`, "aria-selected": String(i === active), on: { mousedown: (event) => event.preventDefault(), click: () => take(match.id) } };
    return make("li", attributes, drawShape(node.type), make("span", { class: "what" }, nameText(node.label), alias), make("span", { class: "count" }, count(node.mentions, "mention")));
  };
  const none = make("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, "No entity of that name");
  byId("matches").replaceChildren(...(found.length ? found.slice(0, RESULTS).map(row) : [none]));
  openMatches(Boolean(text.trim()) && view === "graph");
  if (view === "table") showTable();
}

function openMatches(open) {
  byId("matches").hidden = !open;
  byId("query").setAttribute("aria-expanded", String(open));
  if (open && active >= 0) byId("query").setAttribute("aria-activedescendant", `match-${active}`);
  else byId("query").removeAttribute("aria-activedescendant");
}

function take(id) {
  openMatches(false);
  select({ node: id }, true);
}

function steer(event) {
  const rows = [...byId("matches").querySelectorAll("[id]")];
  if (event.key === "Escape") {
    byId("query").value = "";
    suggest();
  } else if (event.key === "Enter" && rows[active] && !byId("matches").hidden) {
    rows[active].click();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && rows.length) {
    event.preventDefault();
    active = (active + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length;
    rows.forEach((row, i) => row.setAttribute("aria-selected", String(i === active)));
    rows[active].scrollIntoView({ block: "nearest" });
    openMatches(true);
  }
}

function setView(next) {
  view = next;
  byId("graph-view").hidden = next !== "graph";
  byId("table-view").hidden = next !== "table";
  byId("show-graph").setAttribute("aria-pressed", String(next === "graph"));
  byId("show-table").setAttribute("aria-pressed", String(next === "table"));
  openMatches(false);
  if (next === "table") showTable();
}

function setTheme(next) {
  theme = next;
  document.documentElement.dataset.theme = next;
  byId("theme").setAttribute("aria-pressed", String(next === "dark"));
  for (const path of document.querySelectorAll("path[data-type]")) path.setAttribute("fill", colourOf(path.dataset.type));
  if (network) repaint();
}

function zoom(by) {
  network.moveTo({ scale: network.getScale() * by, animation: calm() ? false : { duration: 150, easingFunction: "linear" } });
}

function setPhysics(on) {
  if (!on) keepPlaces([...seen.nodes]);
  network.setOptions({ physics: { enabled: on } });
}

function listen() {
  const clicks = {
    "show-graph": () => setView("graph"), "show-table": () => setView("table"), reset, unfocus: () => setFocus(null),
    "show-entities": () => showRows("entities"), "show-links": () => showRows("links"), fit: () => fitTo(),
    closer: () => zoom(1.35), farther: () => zoom(1 / 1.35), theme: () => setTheme(theme === "dark" ? "light" : "dark"),
  };
  for (const [id, run] of Object.entries(clicks)) byId(id).addEventListener("click", run);
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    setView("table");
    byId("table-view").focus();
  });
  byId("labels").addEventListener("change", (event) => {
    named = event.target.checked;
    network.redraw();
  });
  byId("physics").addEventListener("change", (event) => setPhysics(event.target.checked));
  const query = byId("query");
  query.addEventListener("input", suggest);
  query.addEventListener("focus", () => query.value.trim() && suggest());
  query.addEventListener("blur", () => openMatches(false));
  query.addEventListener("keydown", steer);
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
    if (event.key === "/" && !typing) {
      event.preventDefault();
      query.focus();
    } else if (event.key === "Escape" && !typing) {
      select({});
    }
  });
}

function start() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", (event) => setTheme(event.matches ? "dark" : "light"));
  tellSummary();
  buildLegend();
  buildCommunities();
  buildSliders();
  drawGraph();
  listen();
  tellShown();
  byId("physics").closest("label").hidden = nodes.length > data.movable;
  network.fit({ maxZoomLevel: 1.4 });
  window.kg = Object.freeze({ network, data, fold, search, select, setFocus, seen: () => seen, chosen: () => chosen });
}

start();
