# SPDX-License-Identifier: Apache-2.0
"""Sphinx: the pages of this folder, and the reference of the Salt modules out of their docstrings."""

import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

project = "libswarm"
author = "the libswarm authors"
release = version = (ROOT / "VERSION").read_text(encoding="ascii").strip()

extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "alabaster"
html_theme_options = {"page_width": "70em", "sidebar_width": "16em", "fixed_sidebar": True}
html_show_copyright = False
html_show_sphinx = False
myst_heading_anchors = 3
nitpicky = True
add_module_names = False
autodoc_member_order = "bysource"
# The navigation shows pages; a page has its own functions.
toc_object_entries = False

# The names that the wheel gives the folders of Salt modules. Nothing is installed for this: the
# modules load without their core, as on any host.
for kind in ("modules", "states", "output", "runners", "grains"):
    package = types.ModuleType(f"saltext.swarm.{kind}")
    package.__path__ = [str(ROOT / f"salt_states/_{kind}")]
    sys.modules[package.__name__] = package


def find_in_the_other_files(app, env, node, contnode):
    """
    The function behind a reference such as ``swarm.join <join>``: Salt takes several files for one
    name, and a state's docstring may name an execution function as ``salt.modules.swarm.join``.
    """
    if node.get("refdomain") != "py":
        return None
    kind, _, name = node["reftarget"].rpartition(".")
    kind = (
        "modules" if kind.startswith("salt.modules") else node.get("py:module", "").split(".")[-2]
    )
    domain = env.get_domain("py")
    found = [
        full
        for full in domain.objects
        if full.startswith(f"saltext.swarm.{kind}.") and full.rpartition(".")[2] == name
    ]
    # Of several the one in the file that the reference names.
    exact = [full for full in found if node["reftarget"].endswith(full.partition(f".{kind}")[2])]
    found = exact if len(found) > 1 else found
    if len(found) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "func", found[0], node, contnode)


def write_reference_pages(app):
    """A page in ``ref`` for each file of Salt modules; what else is there goes."""
    folder = ROOT / "docs/ref"
    folder.mkdir(exist_ok=True)
    pages = {}
    for path in ROOT.glob("salt_states/_*/*.py"):
        kind = path.parent.name.strip("_")
        text = f".. automodule:: saltext.swarm.{kind}.{path.stem}\n   :members:\n"
        pages[folder / f"{kind}-{path.stem}.rst"] = text
    for page in set(folder.glob("*.rst")) - set(pages):
        page.unlink()
    for page, text in pages.items():
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


def setup(app):
    app.connect("builder-inited", write_reference_pages)
    app.connect("missing-reference", find_in_the_other_files)
