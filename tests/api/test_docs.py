# SPDX-License-Identifier: Apache-2.0
"""The made pages are up to date, and leave no public function out."""

import importlib.machinery
import importlib.util
import re

import pytest
import tables

ROOT = tables.ROOT


@pytest.fixture(scope="module")
def maker():
    """docs/make-reference as a module."""
    path = str(ROOT / "docs/make-reference")
    loader = importlib.machinery.SourceFileLoader("make_reference", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("make_reference", loader)
    )
    loader.exec_module(module)
    return module


def test_pages_are_up_to_date(maker, capsys):
    assert maker.main("--check") == 0, capsys.readouterr().out


def test_every_exported_function_is_in_the_reference(maker):
    exported = set(
        re.findall(r"^\t(swarm_\w+);", (ROOT / "libswarm/libswarm.map").read_text(), re.MULTILINE)
    )
    titles = re.findall(r"^### (.*)$", maker.reference(), re.MULTILINE)
    documented = {name for title in titles for name in re.findall(r"`(\w+)`", title)}
    assert exported - documented == set()


def test_every_header_is_in_the_reference(maker):
    headers = {path.name for path in maker.HEADERS.glob("*.h")} - {"swarm.h"}
    assert set(maker.header_order()) == headers


def test_every_error_is_in_its_page():
    page = (ROOT / "docs/errors.md").read_text()
    for name, number, exception, meaning in tables.errors():
        assert f"| `SWARM_E_{name}` | {number} | `{exception}` | {meaning} |" in page


def test_every_field_of_a_service_is_in_its_page(maker):
    page = maker.fields()
    rows = list(maker.spec_rows())
    assert len(rows) > 80
    for _, name, _, kind, *_, flags in rows:
        assert ("HIDDEN" in flags) or f"| `{name}` |" in page, name
        assert kind in maker.expectations(), kind


def test_links_lead_somewhere():
    for page in sorted((ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)#:]+)", page.read_text()):
            made = re.fullmatch(r"ref/(\w+)-(\w+)\.rst", link)
            # The site's own pages are made with it, one for each file of Salt modules.
            source = ROOT / f"salt_states/_{made[1]}/{made[2]}.py" if made else page.parent / link
            assert source.exists(), f"{page.name}: {link}"


@pytest.mark.parametrize(
    "declaration, names",
    [
        ("#define SWARM_X 1\n#define SWARM_Y 2", ["SWARM_X"]),
        ("typedef int (*swarm_x_cb)(void *payload);", ["swarm_x_cb"]),
        ("typedef struct swarm_x swarm_x;", ["swarm_x"]),
        ("typedef struct swarm_x {\n\tint (*call)(void);\n} swarm_x;", ["swarm_x"]),
        ("int swarm_a(int b,\n\t    int c);\nint swarm_b(void);", ["swarm_a", "swarm_b"]),
    ],
)
def test_names(maker, declaration, names):
    assert maker.names_of(declaration) == names


def test_a_comment_becomes_text_and_a_list(maker):
    comment = "/**\n * Do it.\n *\n * @param a  an <a>\n *           of two lines\n * @return 0, or\n *         not\n *\n * Any thread.\n */"
    text = "\n".join(maker.section(comment, "int swarm_do(int a);"))
    assert text.endswith(
        "Do it.\n\nAny thread.\n\n- `a`: an &lt;a> of two lines\n- returns 0, or not\n"
    )


@pytest.mark.parametrize(
    "table, path, version",
    [
        ("SERVICE", "Labels", ""),
        ("SERVICE", "TaskTemplate.ContainerSpec.Healthcheck.StartInterval", "1.44"),
        ("SERVICE", "TaskTemplate.ContainerSpec.Healthcheck.Test", "1.25"),
        ("PORT", "PublishMode", "1.25"),
        ("VOLUME", "VolumeOptions.Subpath", "1.45"),
    ],
)
def test_version_of_a_field(maker, table, path, version):
    assert maker.api_version(table, path) == version
