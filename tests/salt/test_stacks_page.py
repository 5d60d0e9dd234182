# SPDX-License-Identifier: Apache-2.0
"""docs/stacks.md as it is: its compose file is converted, and its states and pillar are right."""

import re

import pytest
import rendered
import yaml
from fleet import check_contract
from salt.exceptions import SaltInvocationError

PAGE = (rendered.PROJECT / "docs/stacks.md").read_text(encoding="utf-8")
GIT = (rendered.PROJECT / "docs/stacks-git.md").read_text(encoding="utf-8")


def block(word, page=PAGE):
    """The one YAML block of a page that has this word."""
    (found,) = [one for one in re.findall(r"(?ms)^```yaml\n(.*?)^```$", page) if word in one]
    return found


@pytest.fixture
def formed(fleet):
    """A swarm whose managers have the page's files, and its pillar."""
    (fleet.root / "compose.yml").write_text(block("api:\n    image"))
    (fleet.root / "site.conf").write_text("server {}")
    return fleet.form()


def arguments(fleet):
    """Those of the page's state, with its file where this host has it."""
    ((name, state),) = yaml.safe_load(block("TAG: '1.4'")).items()
    given = {key: value for one in state["swarm.stack"] for key, value in one.items()}
    assert given["source"] == "salt://shop/compose.yml"
    return {"name": name, **given, "source": str(fleet.root / "compose.yml")}


def test_the_first_stack(formed):
    job = formed["manager1"].job(pillar={"shop": {"db_password": "planted"}})
    ret = job.states["swarm.stack"](**arguments(formed))
    check_contract(ret, test=False)
    assert ret["result"] is True, ret["comment"]
    assert f"comment: {ret['comment']}" in PAGE
    for name in ret["changes"]:
        assert f"    {name}:" in PAGE, name


def test_a_mistake_has_the_line_that_the_page_shows(formed):
    text = block("api:\n    image").replace("ports:", "prots:")
    with pytest.raises(SaltInvocationError) as caught:
        formed["manager1"].job().salt["swarm_compose.convert"](
            [["salt://shop/compose.yml", text]], "shop", env={"TAG": "1"}, content=lambda file: b"x"
        )
    (shown,) = re.findall(r"`(salt://shop/compose\.yml:\d+:[^`]*)`", " ".join(PAGE.split()))
    assert shown.partition(": services")[2] in str(caught.value)
    assert re.match(r"salt://shop/compose\.yml:\d+: services\.web\.prots: ", str(caught.value))


@pytest.mark.parametrize(
    "text",
    [block("after: [proxy]"), block("image_tag", GIT), block("./db_password.txt: {pillar", GIT)],
)
def test_pillar_of_the_pages_is_right(formed, text):
    swarm = {**formed.pillar, **yaml.safe_load(text)["swarm"]}
    check = formed["manager1"].job().salt["swarm_schema.check"]
    assert check({"swarm": swarm})["refusals"] == []


def test_every_argument_of_a_stack_is_on_the_page(formed):
    schema = formed["manager1"].job().salt["swarm_schema.check"].func.__globals__["STACK"]
    text = PAGE + "registry_auth resolve_image timeout wait"
    assert [key for key in schema if not re.search(rf"\b{key}\b", text)] == []


def test_the_state_takes_what_pillar_has(formed):
    """Each key of swarm:stacks is an argument of the state, and the other way round."""
    import inspect

    job = formed["manager1"].job()
    schema = job.salt["swarm_schema.check"].func.__globals__["STACK"]
    names = set(inspect.signature(job.states["swarm.stack"].func).parameters)
    assert set(schema) - {"after"} == names - {"name", "runs_on", "kwargs"}


def test_the_runner_has_each_function_of_the_module():
    folder = rendered.STATES
    own = re.findall(r"(?m)^def (stack_\w+)", (folder / "_modules/swarm_stacks.py").read_text())
    text = (folder / "_runners/swarm_stacks.py").read_text()
    assert re.findall(r'return __salt__\["swarm\.ask"\]\("swarm\.(\w+)"', text) == re.findall(
        r"(?m)^def (stack_\w+)", text
    )
    assert sorted(own) == sorted(re.findall(r"(?m)^def (stack_\w+)", text))
