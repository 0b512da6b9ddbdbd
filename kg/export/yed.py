"""GraphML as yEd draws it: a shape, colour and label for each entity, a line for each link, placed as on the page.

yEd keeps the plain data as properties; other readers of GraphML pass over what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

import networkx as nx

from kg.export import graphml
from kg.export.values import OTHER_COLOUR, TYPE_COLOURS, Edge, Plain
from kg.export.xml import quote
from kg.layout import place_nodes
from kg.text import clean_text

NAMESPACES = ' xmlns:y="http://www.yworks.com/xml/graphml"'
KEYS = (
    '<key id="n_graphics" for="node" yfiles.type="nodegraphics"/>\n'
    '<key id="e_graphics" for="edge" yfiles.type="edgegraphics"/>\n'
)
SHAPES = {"PERSON": "ellipse", "ORG": "rectangle", "PLACE": "triangle", "PRODUCT": "diamond", "EVENT": "star5"}
LINES = {"stated": "line", "reported": "dashed", "alleged": "dashed_dotted", "denied": "dotted"}
MAX_WIDTH = 7.0  # yEd's widest line


def render(graph: nx.Graph) -> Iterator[str]:
    """The file's text, piece by piece."""
    layout = place_nodes(graph)
    boxes = {clean_text(str(node)): (x, y, layout.radii[node]) for node, (x, y) in layout.positions.items()}
    directed = graph.is_directed()
    flavour = graphml.Flavour(
        NAMESPACES,
        KEYS,
        lambda id, values: _draw_node(str(values.get("name", id)), values, boxes[id]),
        lambda edge: _draw_edge(edge, directed=directed),
    )
    yield from graphml.render(graph, flavour)


def _draw_node(label: str, values: Mapping[str, Plain], box: tuple[int, int, float]) -> str:
    x, y, radius = box
    kind = str(values.get("type"))
    colour = "#{:02x}{:02x}{:02x}".format(*TYPE_COLOURS.get(kind, OTHER_COLOUR))
    place = f'height="{2 * radius:.1f}" width="{2 * radius:.1f}" x="{x - radius:.1f}" y="{y - radius:.1f}"'
    return (
        f'<data key="n_graphics"><y:ShapeNode><y:Geometry {place}/><y:Fill color="{colour}" transparent="false"/>'
        f'<y:BorderStyle color="#444444" type="line" width="1.0"/>'
        f'<y:NodeLabel modelName="sandwich" modelPosition="s">{escape(label)}</y:NodeLabel>'
        f'<y:Shape type="{SHAPES.get(kind, "hexagon")}"/></y:ShapeNode></data>'
    )


def _draw_edge(edge: Edge, *, directed: bool) -> str:
    weight = edge.values.get("weight", 1)
    width = min(MAX_WIDTH, 1 + float(weight) ** 0.5 / 2) if isinstance(weight, (int, float)) and weight > 0 else 1
    arrow = "standard" if directed and not edge.values.get("symmetric") else "none"
    together = edge.relation == "appears_with"
    line = LINES.get(str(edge.values.get("status")), "line")
    label = "" if together else f"<y:EdgeLabel>{escape(edge.relation.replace('_', ' '))}</y:EdgeLabel>"
    return (
        f'<data key="e_graphics"><y:PolyLineEdge><y:LineStyle color={quote("#bbbbbb" if together else "#555555")} '
        f'type="{line}" width="{width:.1f}"/><y:Arrows source="none" target="{arrow}"/>{label}</y:PolyLineEdge></data>'
    )
