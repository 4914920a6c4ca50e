"""One self-contained HTML page of figures and tables."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
img { max-width: 100%; }
table { border-collapse: collapse; }
th, td { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
pre { background: #f6f6f6; padding: 1rem; overflow-x: auto; }
"""


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; the first column names the row."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A titled part of the page: figures, tables and texts in order."""

    title: str
    content: Sequence[Figure | Table | str]


def write_page(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the page, pictures included, so that it can be sent as one file."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
    ]
    for section in sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        parts += [_render(item) for item in section.content]
    parts.append("</body></html>")
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _render(item: Figure | Table | str) -> str:
    if isinstance(item, Figure):
        stream = io.BytesIO()
        item.savefig(stream, format="png", dpi=110, bbox_inches="tight")
        encoded = base64.b64encode(stream.getvalue()).decode("ascii")
        return f'<p><img alt="figure" src="data:image/png;base64,{encoded}"></p>'
    if isinstance(item, Table):
        return _render_table(item)
    return f"<pre>{html.escape(item)}</pre>"


def _render_table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in table.headings)
    rows = (
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"
