# SPDX-License-Identifier: Apache-2.0
"""
What the tests ask minions by: `salt -L`, without the second of processor time that each start of it takes.
Runs on the master. A line of JSON on stdin is a call, `{"minions", "function", "arguments", "seconds"}`,
its arguments as on the command line; a line on stdout the answer, `{minion: [return, exit code]}`.
"""

import json
import sys

import salt.client
from salt.utils.args import parse_input


def main():
    # Salt's client prints what it has to say, such as that no minion is called so.
    answering, sys.stdout = sys.stdout, sys.stderr
    with salt.client.get_local_client() as client:
        for line in sys.stdin:
            call = json.loads(line)
            found = client.cmd(
                call["minions"],
                call["function"],
                parse_input(call["arguments"]),
                tgt_type="list",
                timeout=call["seconds"],
                full_return=True,
            )
            answers = {
                minion: [answer["ret"], answer.get("retcode", 0)]
                for minion, answer in found.items()
                if isinstance(answer, dict) and "ret" in answer
            }
            print(json.dumps(answers), file=answering, flush=True)


main()
