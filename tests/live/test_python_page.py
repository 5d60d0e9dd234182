# SPDX-License-Identifier: Apache-2.0
"""The blocks of docs/python.md, in their order, on a manager."""

import pathlib
import re

from options import IMAGE

PAGE = pathlib.Path(__file__).parents[2] / "docs/python.md"
CONNECT = "from saltext.swarm import _swarm\n\nclient = _swarm.Client()\n"


def test_the_page_from_top_to_bottom(swarm, client, capsys):
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", page)
    assert blocks[0].startswith(CONNECT)
    code = "".join(blocks).removeprefix(CONNECT).replace("busybox:1.36", IMAGE)
    exec(compile(code, str(PAGE), "exec"), {"client": client, "_swarm": swarm})
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("create ") and said[2] == "2 of 2 tasks are running"
    assert said[3].startswith("update tasks {'environment.LEVEL'")
    assert said[4] == "enviroment: no such key, did you mean environment?"
    assert said[5].startswith("create {'web'")
    assert not client.service_list()
