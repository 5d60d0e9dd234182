#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The compose files of tests/compose/cases as JSON documents, for the tests in C: each NN.json is made from
the files of one case by the loader of swarm_compose.

Usage: build/venv/bin/python tests/compose/cases.py   write all of them
"""

import importlib.util
import json
from pathlib import Path

CASES = Path(__file__).parent / "cases"
LOADER = Path(__file__).parents[2] / "salt_states/_modules/swarm_compose.py"
# The folder on the host in which docker's CLI deployed them.
BASE_DIR = "/srv/cases"
# The environment in which it did.
ENV = {"EMPTY": "", "PASSED": "from-env", "WP_PORT": "8081"}
# Those whose stack is not called as the file, and those of several files.
NAMES = {"07-gitlab-runner": "gitlab"}
FILES = {
    "13-merge": ["13-merge-base.yml", "13-merge-over.yml"],
    "33-shop": ["33-shop-base.yml", "33-shop-live.yml"],
    "50-zabbix": ["50-zabbix-base.yml", "50-zabbix-size.yml", "50-zabbix-place.yml"],
}


def loader():
    """Return the execution module, without Salt's loader around it."""
    spec = importlib.util.spec_from_file_location("swarm_compose", LOADER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases():
    """Return {case: its files}."""
    parts = {name for names in FILES.values() for name in names}
    single = {path.stem: [path.name] for path in CASES.glob("*.yml") if path.name not in parts}
    return dict(sorted({**single, **FILES}.items()))


def text_of(case, files, module):
    """Return the text of the JSON file of a case."""
    found = {
        "name": NAMES.get(case, case.partition("-")[2]),
        "env": ENV,
        "base_dir": BASE_DIR,
        "names": files,
        "documents": [module.load((CASES / name).read_text(), name)["document"] for name in files],
    }
    return json.dumps(found, indent=1) + "\n"


def main():
    module = loader()
    for case, files in cases().items():
        (CASES / f"{case}.json").write_text(text_of(case, files, module))


if __name__ == "__main__":
    main()
