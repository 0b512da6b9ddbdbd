/* Pieces of the page. Text goes in as text alone; nothing here reads markup. */
const SVG = "http://www.w3.org/2000/svg";
const counts = new Intl.NumberFormat("en");
const OUTLINES = {
  dot: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13z",
  square: "M2 2h12v12H2z",
  triangle: "M8 1.2 15.2 14H.8z",
  diamond: "M8 .5 15.5 8 8 15.5.5 8z",
  star: "m8 .5 2.1 5.1 5.4.4-4.1 3.6 1.3 5.4L8 12.1 3.3 15l1.3-5.4L.5 6l5.4-.4z",
  hexagon: "M4.2 1.5h7.6L15.5 8l-3.7 6.5H4.2L.5 8z",
};

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") for (const [event, run] of Object.entries(value)) element.addEventListener(event, run);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function drawShape(type) {
  const { shape } = typeOf.get(type);
  const svg = draw("svg", { viewBox: "0 0 16 16", class: "shape", "aria-hidden": "true" });
  svg.append(draw("path", { d: OUTLINES[shape], fill: colourOf(type), "data-type": type }));
  return svg;
}

function drawLine(dashes, light) {
  const svg = draw("svg", { viewBox: "0 0 22 8", class: light ? "line light" : "line", "aria-hidden": "true" });
  svg.append(draw("line", { x1: 0, x2: 22, y1: 4, y2: 4, "stroke-dasharray": dashes ? dashes.join(" ") : "none" }));
  return svg;
}

/* A name may be written from right to left, and must not turn its surroundings round. */
function nameText(name, attributes) {
  return make("bdi", { dir: "auto", ...attributes }, name);
}

function goTo(node, label) {
  return make("button", { type: "button", class: "go", on: { click: () => select({ node: node.id }, true) } }, nameText(label || node.label));
}

function count(number, one, many) {
  return `${counts.format(number)} ${number === 1 ? one : many || `${one}s`}`;
}

function period(first, last) {
  if (!first && !last) return "";
  return !last || !first || first === last ? first || last : `${first} – ${last}`;
}

function statusChip(status) {
  return status === "stated" ? null : make("span", { class: "status" }, status);
}
