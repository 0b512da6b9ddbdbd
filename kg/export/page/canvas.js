/* The drawing: vis-network places and moves, names and highlights are drawn over it at the size of the screen. */
const INK = {
  light: { paper: "#f7f6f3", name: "#1c232e", word: "#596273", typed: "#5b6779", loose: "#b9bfc8", denied: "#b4533c", ring: "#1c232e", rim: "#ffffff" },
  dark: { paper: "#13161b", name: "#e6e9ee", word: "#a0a9b8", typed: "#98a3b5", loose: "#454d59", denied: "#e08b72", ring: "#ffffff", rim: "#13161b" },
};
const NAME_FONT = '13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const WORD_FONT = NAME_FONT.replace("13px", "11px");
const LABEL_CHARS = 28;
const ROOM = 11000; // square pixels of screen for one name, on average: fewer names far out, more close by
const WORDS_MAX = 90; // relations written on links at once
const WORDS_SCALE = 0.6; // zoom from which on they are
const DENSE = 2500; // links from which on the weaker kind is drawn fainter still
const widths = new Map();
let theme = "light";
let chosen = {}; // {node} or {edge} or {group}
let hovered = null;
let named = true;
let network = null;
let drawnNodes = null;
let drawnEdges = null;
let nodeView = null;
let edgeView = null;

function colourOf(type) {
  return typeOf.get(type)[theme];
}

function styleNode(node) {
  const fill = colourOf(node.type);
  const ink = INK[theme];
  const on = { background: fill, border: ink.ring };
  return { id: node.id, shape: node.shape, size: node.size, color: { background: fill, border: ink.rim, highlight: on, hover: on } };
}

function styleEdge(edge) {
  const ink = INK[theme];
  const colour = edge.status === "denied" ? ink.denied : isTogether(edge) ? ink.loose : ink.typed;
  const { id, from, to, width, dashes, arrows, smooth } = edge;
  return { id, from, to, width, dashes, arrows, smooth, color: { color: colour, opacity: edges.length <= DENSE ? 1 : isTogether(edge) ? 0.5 : 0.75, highlight: ink.name, hover: ink.name } };
}

function drawGraph() {
  drawnNodes = new vis.DataSet(nodes.map((node) => ({ ...styleNode(node), x: node.x, y: node.y })));
  drawnEdges = new vis.DataSet(edges.map(styleEdge));
  nodeView = new vis.DataView(drawnNodes, { filter: (node) => seen.nodes.has(node.id) });
  edgeView = new vis.DataView(drawnEdges, { filter: (edge) => seen.edges.has(edge.id) });
  network = new vis.Network(document.getElementById("network"), { nodes: nodeView, edges: edgeView }, data.options);
  network.on("afterDrawing", drawOver);
  network.on("click", (event) => {
    const [node] = event.nodes;
    const [edge] = event.edges;
    select(node !== undefined ? { node } : edge !== undefined ? { edge } : {});
  });
  network.on("doubleClick", (event) => event.nodes.length && setFocus({ node: event.nodes[0], hops: 1 }));
  network.on("hoverNode", (event) => hover({ node: event.node }));
  network.on("hoverEdge", (event) => hover({ edge: event.edge }));
  network.on("blurNode", () => hover(null));
  network.on("blurEdge", () => hover(null));
  network.on("dragEnd", (event) => keepPlaces(event.nodes));
  const canvas = network.canvas.frame.canvas;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "The graph, drawn. The table view holds the same data as text.");
}

function hover(what) {
  hovered = what;
  document.getElementById("network").style.cursor = what ? "pointer" : "";
}

/* Where the reader dragged them; within a focus that is forgotten when it ends. */
function keepPlaces(ids) {
  if (hiding.focus) return;
  const places = network.getPositions(ids);
  for (const [id, { x, y }] of Object.entries(places)) Object.assign(nodes[id], { x, y });
  drawnNodes.update(Object.entries(places).map(([id, place]) => ({ id: Number(id), ...place })));
}

/* A focus is drawn by itself: its node in the middle, each step a ring around, every branch in a sector of its own. */
function arrange(focus) {
  const home = (id) => ({ id, x: nodes[id].x, y: nodes[id].y });
  drawnNodes.update(nodes.map(({ id }) => home(id)));
  if (!focus) return;
  const { children, rings } = growTree(focus);
  const leaves = (id) => Math.max(1, children.get(id).reduce((sum, child) => sum + leaves(child), 0));
  const centre = home(focus.node);
  const radii = rings.map((ring, i) => Math.max(i * 150, (ring * 40) / (2 * Math.PI) + i * 10));
  const places = [];
  const spread = (id, depth, from, to) => {
    const angle = (from + to) / 2;
    places.push({ id, x: centre.x + radii[depth] * Math.cos(angle), y: centre.y + radii[depth] * Math.sin(angle) });
    const whole = leaves(id);
    let at = from;
    for (const child of children.get(id)) {
      const end = at + ((to - from) * leaves(child)) / whole;
      spread(child, depth + 1, at, end);
      at = end;
    }
  };
  spread(focus.node, 0, -Math.PI, Math.PI);
  drawnNodes.update(places);
}

/* Who is reached through whom, and how many leaves each ring must hold; neighbours in the order of their old angles. */
function growTree({ node, hops }) {
  const children = new Map([[node, []]]);
  const rings = [0];
  let rim = [node];
  const angle = (id) => Math.atan2(nodes[id].y - nodes[node].y, nodes[id].x - nodes[node].x);
  for (let hop = 1; hop <= hops; hop += 1) {
    const next = [];
    for (const id of rim) {
      const near = ties[id].filter((edge) => seen.edges.has(edge.id)).flatMap((edge) => [edge.from, edge.to]);
      const fresh = [...new Set(near)].filter((other) => !children.has(other)).sort((a, b) => angle(a) - angle(b));
      for (const other of fresh) children.set(other, []);
      children.set(id, fresh);
      next.push(...fresh);
    }
    rings.push(next.length + (hop > 1 ? rim.filter((id) => !children.get(id).length).length : 0));
    rim = next;
  }
  return { children, rings };
}

function repaint() {
  drawnNodes.update(nodes.map(styleNode));
  drawnEdges.update(edges.map(styleEdge));
}

function refreshDrawing() {
  nodeView.refresh();
  edgeView.refresh();
}

function fitTo(ids) {
  const among = ids || [...seen.nodes];
  if (among.length) network.fit({ nodes: among, maxZoomLevel: 1.4, animation: calm() ? false : { duration: 350, easingFunction: "easeInOutQuad" } });
}

function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/* What stands out: the chosen node with its neighbours, the chosen edge with its ends, the chosen community. */
function highlighted() {
  if (hiding.focus && chosen.node === hiding.focus.node) return null;
  if (chosen.node !== undefined) {
    const near = ties[chosen.node].filter((edge) => seen.edges.has(edge.id));
    return { nodes: new Set([chosen.node, ...near.flatMap((edge) => [edge.from, edge.to])]), edges: near };
  }
  if (chosen.edge !== undefined) {
    const edge = edges[chosen.edge];
    return { nodes: new Set([edge.from, edge.to]), edges: [edge] };
  }
  if (chosen.group !== undefined) {
    const within = nodes.filter((node) => node.community === chosen.group).map((node) => node.id);
    const inside = (edge) => nodes[edge.from].community === chosen.group && nodes[edge.to].community === chosen.group;
    return { nodes: new Set(within), edges: edges.filter((edge) => seen.edges.has(edge.id) && inside(edge)) };
  }
  return null;
}

function drawOver(context) {
  const lit = highlighted();
  if (lit) drawLit(context, lit);
  const ratio = network.canvas.pixelRatio;
  const { clientWidth: width, clientHeight: height } = network.canvas.frame.canvas;
  context.save();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.lineJoin = "round";
  context.textAlign = "center";
  context.textBaseline = "middle";
  const taken = [];
  if (named || lit || hovered) drawNames(context, { width, height, taken, lit });
  drawWords(context, { width, height, taken, lit });
  context.restore();
}

/* Everything is veiled, and what stands out is drawn again over the veil. */
function drawLit(context, lit) {
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 0.78;
  context.fillStyle = INK[theme].paper;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.restore();
  for (const { id } of lit.edges) {
    const edge = network.body.edges[id];
    edge.draw(context);
    edge.drawArrows(context);
  }
  for (const id of lit.nodes) if (seen.nodes.has(id)) network.body.nodes[id].draw(context);
}

function drawNames(context, { width, height, taken, lit }) {
  const scale = network.getScale();
  const places = network.getPositions();
  const held = hovered && hovered.node !== undefined ? [hovered.node] : [];
  const first = [...held, ...(chosen.node !== undefined ? [chosen.node] : [])];
  const rest = strongest.filter((id) => (lit ? lit.nodes.has(id) : named) && !first.includes(id));
  const most = Math.max(20, Math.round((width * height) / ROOM));
  const shapes = coverShapes(places, { scale, width, height });
  context.font = NAME_FONT;
  for (const id of [...first, ...rest]) {
    if (taken.length >= most) break;
    if (!places[id]) continue;
    const { x, y } = network.canvasToDOM(places[id]);
    if (x < -60 || y < -40 || x > width + 60 || y > height + 40) continue;
    const radius = Math.max(nodes[id].size * scale, 2);
    const text = shorten(nodes[id].label);
    const half = measure(context, text) / 2;
    const spots = [[x, y + radius + 10], [x, y - radius - 10], [x + radius + half + 5, y], [x - radius - half - 5, y]];
    const free = spots.filter(([cx, cy]) => isFree(taken, box(cx, cy, half)));
    const spot = free.find(([cx, cy]) => isFree(shapes, box(cx, cy, half))) || free[0] || (first.includes(id) ? spots[0] : null);
    if (!spot) continue;
    taken.push(box(spot[0], spot[1], half));
    context.lineWidth = 4;
    context.strokeStyle = INK[theme].paper;
    context.strokeText(text, ...spot);
    context.fillStyle = INK[theme].name;
    context.fillText(text, ...spot);
  }
}

/* Where the shapes are that a name had better not lie on. */
function coverShapes(places, { scale, width, height }) {
  const large = Object.keys(places).filter((id) => nodes[id].size * scale > 4);
  const boxes = large.map((id) => {
    const { x, y } = network.canvasToDOM(places[id]);
    const half = nodes[id].size * scale * 0.8;
    return [x - half, y - half, x + half, y + half];
  });
  return boxes.filter(([left, top, right, bottom]) => right > 0 && bottom > 0 && left < width && top < height);
}

function box(x, y, half) {
  return [x - half - 2, y - 8, x + half + 2, y + 8];
}

function isFree(taken, [left, top, right, bottom]) {
  return taken.every(([l, t, r, b]) => right <= l || r <= left || bottom <= t || b <= top);
}

/* The relation on each stated link that is long enough on the screen to carry it, doubt included. */
function drawWords(context, { width, height, taken, lit }) {
  if (!lit && network.getScale() < WORDS_SCALE) return;
  context.font = WORD_FONT;
  let written = 0;
  const some = lit ? lit.edges : edges;
  for (const edge of some) {
    if (written >= WORDS_MAX) break;
    if (!seen.edges.has(edge.id) || (isTogether(edge) && chosen.edge !== edge.id)) continue;
    const drawn = network.body.edges[edge.id];
    const middle = network.canvasToDOM(drawn.edgeType.getPoint(0.5));
    if (middle.x < 0 || middle.y < 0 || middle.x > width || middle.y > height) continue;
    const text = relationOf.get(edge.relation).title + (edge.status === "stated" ? "" : ` (${edge.status})`);
    const half = measure(context, text) / 2;
    const length = Math.hypot(drawn.from.x - drawn.to.x, drawn.from.y - drawn.to.y) * network.getScale();
    if (length < 2 * half + 24 || !isFree(taken, box(middle.x, middle.y, half))) continue;
    taken.push(box(middle.x, middle.y, half));
    context.fillStyle = INK[theme].paper;
    context.fillRect(middle.x - half - 3, middle.y - 7, 2 * half + 6, 14);
    context.fillStyle = INK[theme].word;
    context.fillText(text, middle.x, middle.y);
    written += 1;
  }
}

function shorten(name) {
  const letters = Array.from(name.replace(/\s+/gu, " "));
  return letters.length > LABEL_CHARS ? `${letters.slice(0, LABEL_CHARS - 1).join("")}…` : letters.join("");
}

function measure(context, text) {
  const key = `${context.font} ${text}`;
  if (!widths.has(key)) widths.set(key, context.measureText(text).width);
  return widths.get(key);
}
