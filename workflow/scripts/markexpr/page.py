"""An HTML page that needs nothing else: what it shows stands in it, and text of a user's files is
never taken for HTML."""

import base64
import html
import io

import matplotlib.pyplot as plt
import pandas as pd

STYLE = """
* { box-sizing: border-box; }
body { font-family: system-ui, sans-serif; font-size: 15px; line-height: 1.45; color: #222;
  background: #fff; margin: 0 auto; padding: 1em; max-width: 70em; overflow-wrap: anywhere; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin: 2em 0 0.4em; }
p { max-width: 48em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9em; overflow-wrap: normal; }
caption { text-align: left; font-weight: 600; padding: 0.4em 0; }
th, td { padding: 0.25em 0.8em 0.25em 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.unlike { color: #a33d00; font-weight: 600; }
td small { color: #666; font-weight: 400; white-space: nowrap; }
.warnings { border-left: 4px solid #d55e00; background: #fff6ef; padding: 0.6em 1em; }
.warnings ul { margin: 0.3em 0; padding-left: 1.2em; }
.fine { border-left: 4px solid #009e73; background: #effaf6; padding: 0.6em 1em; }
.scroll { margin-bottom: 1.2em; }
.wide img { max-width: none; width: max(100%, 56em); }
figure { margin: 1em 0; } figcaption { color: #555; font-size: 0.9em; max-width: 52em; }
img { max-width: 100%; height: auto; }
"""
# nothing is fetched, and nothing runs
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class Markup(str):
    """Text that is HTML already; all other text is escaped."""


def escape(value):
    """A value as HTML."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def element(tag, *content, **attributes):
    """An element of HTML. content: text, which is escaped, or Markup; attributes: `class_` for
    class."""
    named = "".join(
        f' {name.rstrip("_")}="{html.escape(str(value))}"' for name, value in attributes.items()
    )
    return Markup(f"<{tag}{named}>{''.join(map(escape, content))}</{tag}>")


def table(rows, head, caption="", numbers=()):
    """A table that scrolls by itself where it is wider than the window. rows: lists of text, Markup
    or whole cells (Markup of td); head: names of the columns; numbers: those set to the right."""

    def cell(name, value):
        if isinstance(value, Markup) and value.startswith("<td"):
            return value
        return element("td", value, **({"class_": "number"} if name in numbers else {}))

    names = [
        element("th", name, **({"class_": "number"} if name in numbers else {})) for name in head
    ]
    lines = [element("tr", *(cell(*each) for each in zip(head, row))) for row in rows]
    parts = [element("caption", caption)] if caption else []
    parts += [element("thead", element("tr", *names)), element("tbody", *lines)]
    return element("div", element("table", *parts), class_="scroll")


def number(value, digits=2, small=False):
    """A number as text; a dash if it is missing. small: whether digits of small ones count too."""
    if pd.isna(value):
        return "–"
    if small and 0 < abs(value) < 0.1:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"


def picture(svg, alt, caption, wide=False):
    """A figure of SVG (bytes), which scrolls by itself in a narrow window if it is `wide`. As an
    image of its own: its names do not meet those of others, and no script of it would run."""
    data = base64.b64encode(svg).decode()
    image = Markup(f'<img src="data:image/svg+xml;base64,{data}" alt="{html.escape(str(alt))}">')
    if wide:
        image = element("div", image, class_="scroll wide")
    return element("figure", image, element("figcaption", caption))


def to_svg(figure):
    """A figure of matplotlib as SVG, bytes."""
    held = io.BytesIO()
    figure.savefig(held, format="svg", metadata={"Date": None})
    plt.close(figure)
    return held.getvalue()


def page(title, *content):
    """The whole page, as text."""
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
    )
    body = "\n".join(map(escape, content))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'
