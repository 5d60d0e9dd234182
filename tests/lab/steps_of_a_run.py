# SPDX-License-Identifier: Apache-2.0
"""
An orchestration beside the master's event bus: each job that it publishes is a step, told as it begins.
Runs on the master. Its argument is JSON, `[number, function, command]`: the run is killed as the step of this
number begins (0: never), and steps count from the first one of this function ("": all do). It writes a line of
JSON for each step, `[function, first argument or "", hosts]`, and at the end `{"code", "out"}`. A step that comes
again and again, such as a look at a host until it is back, counts once.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile

import salt.config
import salt.utils.event

# They come when they like.
OTHERS = ("saltutil.find_job", "swarm_hold.renew", "test.ping", "saltutil.running")


def told(data):
    # Of the core's function the first argument is what is asked of it.
    first = str((data.get("arg") or [""])[0]) if data["fun"] == "swarm_core.core" else ""
    return [data["fun"], first, data["tgt"]]


def main():
    kill_at, since, command = json.loads(sys.argv[1])
    answering, sys.stdout = sys.stdout, sys.stderr
    opts = salt.config.master_config("/etc/salt/master")
    seen = []
    with (
        tempfile.TemporaryFile("w+") as out,
        salt.utils.event.get_master_event(opts, opts["sock_dir"], listen=True) as bus,
    ):
        bus.connect_pub(timeout=10)
        run = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        ended = False
        while True:
            event = bus.get_event(wait=0.2, full=True)
            if event and event["tag"].startswith("salt/job/") and event["tag"].endswith("/new"):
                step = told(event["data"])
                counts = seen or since in ("", step[0])
                if counts and step[0] not in OTHERS and step not in seen[-1:]:
                    seen.append(step)
                    print(json.dumps(step), file=answering, flush=True)
                    if len(seen) == kill_at:
                        os.killpg(run.pid, signal.SIGKILL)
            elif ended:
                break
            ended = run.poll() is not None
        out.seek(0)
        done = {"code": run.returncode, "out": out.read()}
        print(json.dumps(done), file=answering, flush=True)


main()
