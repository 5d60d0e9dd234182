# SPDX-License-Identifier: Apache-2.0
"""Every SLS file renders the same, whatever jinja settings a master or a minion has."""

import re

import pytest
import rendered
import salt.state
from test_sls import MINION_SLS, undelivered  # noqa: F401  a fixture
from test_sls_bootstrap import PILLAR, master
from test_sls_orchestrations import ALL, pillar

BLOCKS = {"trim_blocks": True, "lstrip_blocks": True}
# Salt writes the settings by the old names into these.
OWN = {"jinja_env": {}, "jinja_sls_env": {}}
# What each is called in the configuration, where Salt passes it to jinja.
SETTINGS = {
    "trim_blocks": {"jinja_sls_env": {"trim_blocks": True}},
    "lstrip_blocks": {"jinja_sls_env": {"lstrip_blocks": True}},
    "by their old names": {"jinja_trim_blocks": True, "jinja_lstrip_blocks": True, **OWN},
    "line statements with %": {"jinja_sls_env": {"line_statement_prefix": "%", **BLOCKS}},
    "line statements with #": {"jinja_sls_env": {"line_statement_prefix": "#"}},
    "line comments": {"jinja_sls_env": {"line_comment_prefix": "#"}, "allow_undefined": True},
    "newlines": {"jinja_sls_env": {"newline_sequence": "\r\n", "keep_trailing_newline": True}},
}
REPOSITORY = {
    "repos": {"docker": {"baseurl": "https://example.org", "gpgkey": "https://example.org/gpg"}},
    "pkgs": {"docker-engine": {"version": "5:28.5.2"}},
}
RUN = {
    "leaving": ["worker2"],
    "ends": "c1",
    "prune": 2,
    "rotate": ["ca", "worker", "manager", "unlock_key"],
    "key": "k",
    "place": {"key_file": "/root/key"},
}
EACH_BRANCH = [
    {"swarm": PILLAR["swarm"], "repositories": REPOSITORY, "swarm_run": RUN},
    {"swarm": None},
]


def of_minions(opts, given):
    """``{sls: high data}`` of all files that minions apply."""
    with salt.state.HighState({**opts, "pillar": given}, initial_pillar=given) as state:
        return {sls: rendered.high_of(state, sls) for sls in MINION_SLS}


# Each setting meets each file in the first case, and each case some of the settings.
ALL_SETTINGS, *SOME_SETTINGS = list(SETTINGS), *(list(SETTINGS)[n::3] for n in range(3))
MINIONS = {
    "Debian": (rendered.DEBIAN, EACH_BRANCH[0], ALL_SETTINGS),
    "RedHat": (rendered.REDHAT, EACH_BRANCH[0], SOME_SETTINGS[0]),
    "Debian, without pillar": (rendered.DEBIAN, EACH_BRANCH[1], SOME_SETTINGS[1]),
    "RedHat, without pillar": (rendered.REDHAT, EACH_BRANCH[1], SOME_SETTINGS[2]),
}


@pytest.mark.parametrize("case", MINIONS)
def test_the_files_of_minions(undelivered, case):  # noqa: F811
    family, given, settings = MINIONS[case]
    opts = {**undelivered, "grains": {"id": "manager1", **family}}
    expected = of_minions(opts, given)
    for name in settings:
        setting = SETTINGS[name]
        assert of_minions({**opts, **setting}, given) == expected, name


def of_the_master(root, given, **more):
    """``{sls: high data}`` of all orchestrations."""
    same = {"random.get_str": lambda *args, **kwargs: "id"}
    with master(root, given, instead=same, **more) as high:
        return {sls: high(sls) for sls in ALL}


EVERYTHING = {key: value for given in ALL.values() for key, value in given.items()}
RUNS = {
    "real": {"given": pillar(EVERYTHING, prune=1)},
    "in test mode": {"given": pillar(EVERYTHING), "test": True},
    "nothing is said": {"given": pillar({})},
    "refused": {"given": {"swarm": {}}},
}


@pytest.mark.parametrize(
    "run, settings", list(zip(RUNS, [ALL_SETTINGS, *SOME_SETTINGS], strict=True))
)
def test_the_orchestrations(tmp_path, run, settings):
    expected = of_the_master(tmp_path, **RUNS[run])
    for name in settings:
        assert of_the_master(tmp_path, **RUNS[run], **SETTINGS[name]) == expected, name


FILES = sorted(path for kind in ("*.sls", "*.jinja") for path in rendered.STATES.rglob(kind))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_relies_on_what_settings_change(path):
    """A branch that no test renders breaks no less: blocks have their line, and text its own."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"[{][%#{]-|-[%#}][}]", text), "it strips lines, which then run together"
    outside = re.sub(r"{#.*?#}", "", text, flags=re.S)
    assert not re.search(r"^\s*[#%]", outside, re.M), "a line statement, where the prefix is # or %"
    # A block may have several lines.
    outside = re.sub(r"{%.*?%}", "{%%}", outside, flags=re.S)
    assert not re.search(r"^(?!{%).*\S.*%}$", outside, re.M), "a block ends a line of text"
