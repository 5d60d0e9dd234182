# SPDX-License-Identifier: Apache-2.0
"""docs/stacks-git.md as it is: its configuration with Salt's gitfs on a repository, and its reactors."""

import re
import subprocess
from collections.abc import Sequence

import once
import pytest
import rendered
import salt.config
import salt.fileserver
import salt.fileserver.gitfs
import salt.loader
import salt.template
import salt.utils.gitfs
import yaml

PAGE = (rendered.PROJECT / "docs/stacks-git.md").read_text(encoding="utf-8")
BLOCKS = [block for block in re.findall(r"(?ms)^```yaml(?:\+jinja)?\n(.*?)^```$", PAGE)]


def block(word):
    """The one block of the page that has this word."""
    (found,) = [one for one in BLOCKS if word in one]
    return found


def git(folder, *command):
    who = ("-c", "user.name=lab", "-c", "user.email=lab@example.com")
    subprocess.run(["git", "-C", folder, *who, *command], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "stacks"
    (folder / "shop").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")

    def commit(**files):
        for name, text in files.items():
            (folder / "shop" / name.replace("_", ".")).write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "x")

    commit.folder = folder
    return commit


@pytest.fixture
def master(tmp_path, repository):
    """A minion that serves itself, with the page's configuration and this repository in its place."""
    (tmp_path / "cache").mkdir()
    given = yaml.safe_load(block("gitfs_remotes"))
    (remote,) = given.pop("gitfs_remotes")
    ((_, settings),) = remote.items()
    given["gitfs_remotes"] = [{f"file://{repository.folder}": settings}]
    assert given["gitfs_provider"] == "gitpython"
    defaults = {
        # Salt's own are of a type that it does not take back.
        name: [*value] if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in salt.config.DEFAULT_MASTER_OPTS.items()
        if name.startswith("gitfs")
    }
    opts = rendered.minion_opts(tmp_path, **{**defaults, **given, "fileserver_events": False})
    opts["__role"] = "minion"
    return opts


def gathered(opts, source="salt://stacks/shop/compose.yml"):
    modules = salt.loader.minion_mods(opts)
    files = salt.fileserver.Fileserver(opts)
    files.update()

    def into(sources, options):
        return sources[0][1], options["content"]("./page.txt")

    return modules["swarm_stack_source.gather"](into=into, source=source)


def test_a_commit_is_what_the_stack_is_made_of(master, repository):
    repository(compose_yml="services: {}\n", page_txt="first")
    assert gathered(master) == (b"services: {}\n", b"first")
    repository(page_txt="second")
    assert gathered(master)[1] == b"second"


def reactor(word, data):
    text = block(word)
    opts = once.minion_config()
    renderers = salt.loader.render(opts, {})
    found = salt.template.compile_template(
        ":string:", renderers, "jinja|yaml", [], [], input_data=text, data=data
    )
    return dict(found or {})


@pytest.mark.parametrize(
    "word, function", [("plan-stacks:", "swarm.plan"), ("mods:", "state.orchestrate")]
)
def test_a_reactor_calls_what_there_is(tmp_path, word, function):
    found = reactor(word, {"changed": True, "backend": "gitfs"})
    ((_, calls),) = found.items()
    ((name, arguments),) = calls.items()
    assert name == f"runner.{function}"
    given = {key: value for one in arguments[0]["args"] for key, value in one.items()}
    assert given in ({"orchestration": "deploy"}, {"mods": "docker.deploy"})
    opts = rendered.minion_opts(tmp_path, runner_dirs=[str(rendered.STATES / "_runners")])
    assert function in salt.loader.runner(opts)
    assert (rendered.STATES / "docker/deploy.sls").exists()


def test_no_plan_without_a_commit():
    assert reactor("plan-stacks:", {"changed": False, "backend": "gitfs"}) == {}


def test_the_event_is_the_one_that_salt_sends():
    given = yaml.safe_load(block("gitfs_remotes"))
    ((tag, (path,)),) = given["reactor"][0].items()
    assert tag == salt.utils.gitfs.tagify(["gitfs", "update"], prefix="fileserver")
    assert f"`{path}`" in PAGE


def test_the_schedules_run_what_there_is():
    for one in (block("gitfs_remotes"), block("docker.manager.deploy")):
        (job,) = yaml.safe_load(one)["schedule"].values()
        (name,) = job["args"]
        assert (rendered.STATES / f"{name.replace('.', '/')}.sls").exists()
        assert job["function"] in ("state.orchestrate", "state.apply")
        # Salt runs it at each start of the daemon otherwise, also outside of the window.
        assert "range" not in job or job["run_on_start"] is False
