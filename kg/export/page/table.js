/* The same data as a table: what the filters leave, what the search matches, in the order asked for. */
const ROWS_AT_ONCE = 200;
const table = { rows: "entities", sort: { entities: ["mentions", -1], links: ["weight", -1] }, shown: ROWS_AT_ONCE };
const collator = new Intl.Collator("nb", { numeric: true });
const COLUMNS = {
  entities: [
    { id: "name", title: "Name", value: (node) => node.label, cell: (node) => goTo(node), head: true },
    { id: "type", title: "Type", value: (node) => typeOf.get(node.type).title, cell: (node) => make("span", { class: "kind" }, drawShape(node.type), typeOf.get(node.type).title) },
    { id: "aliases", title: "Also known as", value: (node) => otherNames(node).join(", "), cell: (node) => nameText(otherNames(node).join(", ")) },
    { id: "mentions", title: "Mentions", number: true, value: (node) => node.mentions },
    { id: "documents", title: "Documents", number: true, value: (node) => node.documents },
    { id: "links", title: "Links", number: true, value: (node) => ties[node.id].filter((edge) => seen.edges.has(edge.id)).length },
    { id: "first", title: "First seen", date: true, value: (node) => node.first || "" },
    { id: "last", title: "Last seen", date: true, value: (node) => node.last || "" },
  ],
  links: [
    { id: "from", title: "From", value: (edge) => nodes[edge.from].label, cell: (edge) => goTo(nodes[edge.from]), head: true },
    { id: "relation", title: "Relation", value: (edge) => relationOf.get(edge.relation).title, cell: (edge) => openEdge(edge) },
    { id: "to", title: "To", value: (edge) => nodes[edge.to].label, cell: (edge) => goTo(nodes[edge.to]) },
    { id: "status", title: "Status", value: (edge) => edge.status, cell: (edge) => statusChip(edge.status) || edge.status },
    { id: "weight", title: "Sentences", number: true, value: (edge) => edge.weight },
    { id: "documents", title: "Documents", number: true, value: (edge) => edge.documents },
    { id: "first", title: "First seen", date: true, value: (edge) => edge.first || "" },
    { id: "sentence", title: "Strongest sentence", wide: true, value: firstSentence, cell: (edge) => nameText(firstSentence(edge)) },
  ],
};

function otherNames(node) {
  return node.aliases.filter((alias) => alias !== node.label);
}

function firstSentence(edge) {
  return edge.evidence.length ? sentences[edge.evidence[0][0]][1] : "";
}

function openEdge(edge) {
  return make("button", { type: "button", class: "go", on: { click: () => select({ edge: edge.id }, true) } }, relationOf.get(edge.relation).title);
}

function listRows() {
  const query = document.getElementById("query").value;
  const matching = query.trim() ? new Set(search(query).map((match) => match.id)) : null;
  const rows =
    table.rows === "entities"
      ? nodes.filter((node) => seen.nodes.has(node.id) && (!matching || matching.has(node.id)))
      : edges.filter((edge) => seen.edges.has(edge.id) && (!matching || matching.has(edge.from) || matching.has(edge.to)));
  const [id, way] = table.sort[table.rows];
  const { value } = COLUMNS[table.rows].find((column) => column.id === id);
  const compare = (a, b) => (typeof a.value === "number" ? a.value - b.value : collator.compare(a.value, b.value));
  return rows
    .map((row) => ({ row, value: value(row) }))
    .sort((a, b) => (a.value === "") - (b.value === "") || way * compare(a, b) || a.row.id - b.row.id)
    .map(({ row }) => row);
}

function showTable() {
  const rows = listRows();
  const columns = COLUMNS[table.rows];
  const element = document.getElementById("rows");
  const heads = columns.map((column) => headCell(column));
  const body = make("tbody", {}, ...rows.slice(0, table.shown).map((row) => bodyRow(row, columns)));
  const caption = make("caption", {}, table.rows === "entities" ? "Entities that the filters leave" : "Links that the filters leave");
  element.replaceChildren(caption, make("thead", {}, make("tr", {}, ...heads)), body);
  if (rows.length > table.shown) {
    const run = () => {
      table.shown = Infinity;
      showTable();
    };
    const all = make("button", { type: "button", class: "plain", on: { click: run } }, `Show all ${counts.format(rows.length)} rows`);
    element.append(make("tfoot", {}, make("tr", {}, make("td", { class: "rest", colspan: columns.length }, all))));
  }
  const total = table.rows === "entities" ? nodes.length : edges.length;
  document.getElementById("rows-shown").textContent = `${counts.format(rows.length)} of ${count(total, table.rows === "entities" ? "entity" : "link", table.rows)}`;
  document.getElementById("show-entities").setAttribute("aria-pressed", String(table.rows === "entities"));
  document.getElementById("show-links").setAttribute("aria-pressed", String(table.rows === "links"));
}

function headCell(column) {
  const [id, way] = table.sort[table.rows];
  const sorted = id === column.id ? (way > 0 ? "ascending" : "descending") : null;
  const run = () => {
    const start = column.number ? -1 : 1;
    table.sort[table.rows] = [column.id, id === column.id ? -way : start];
    showTable();
    document.querySelector(`#rows th[data-column="${column.id}"] button`).focus();
  };
  const button = make("button", { type: "button", on: { click: run } }, column.title);
  return make("th", { scope: "col", "aria-sort": sorted, "data-column": column.id, class: column.number ? "number" : null }, button);
}

function bodyRow(row, columns) {
  const cells = columns.map((column) => {
    const content = column.cell ? column.cell(row) : column.number ? counts.format(column.value(row)) : column.value(row);
    const style = ["number", "wide", "date"].find((kind) => column[kind]) || null;
    return make(column.head ? "th" : "td", { scope: column.head ? "row" : null, class: style }, content);
  });
  return make("tr", {}, ...cells);
}

function showRows(which) {
  table.rows = which;
  table.shown = ROWS_AT_ONCE;
  showTable();
}
