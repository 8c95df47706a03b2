"""How ``make site`` builds the documentation into a site: Sphinx reads the pages as they are, Markdown with MyST."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

from crmkit import __version__

project = "crmkit"
author = copyright = "crmkit contributors"
version = release = __version__

extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["_site"]
source_suffix = {".md": "markdown"}

# Headings are what pages link to, by the same names as on the hosts of source code.
myst_heading_anchors = 4
myst_links_external_new_tab = True
# Languages of snippets that the highlighter knows; a console session shows commands and their output.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"crmkit {release}"
html_show_sphinx = False
# Fonts and scripts come with the site; it asks no other host for anything.
html_theme_options = {"source_view_link": "", "top_of_page_buttons": []}


_LINK = re.compile(r"\]\(([\w./-]+)\.md(?:#[^)]*)?\)")


def with_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add what the site's menu shows to the pages that lead to others: their own links, in their order.

    So the pages hold nothing but Markdown, and the menu cannot miss what the index page lists.
    """
    if docname != "index" and docname not in _LEADING:
        return
    for section in re.split(r"(?m)^(?=## )", source[0])[docname == "index" :]:
        found = list(dict.fromkeys(_LINK.findall(section)))
        caption = re.match(r"## (.+)", section)
        title = f":caption: {caption[1]}\n" if caption and docname == "index" else ""
        if found:
            source[0] += f"\n```{{toctree}}\n:hidden:\n{title}\n" + "\n".join(found) + "\n```\n"


_LEADING = {"reference/index", "adr/README"}


def setup(app: Sphinx) -> None:
    """Take part in reading the pages."""
    app.connect("source-read", with_contents)
