"""Carries out the operations of one host of a churn, as a program of that host would.

Reads one JSON object, {"inside", "outside", "shadow", "enter", "seen", "pause", "start", "steps"}; writes one line for each step,
[milliseconds since `start`, error or null, error or null in the shadow], and ends.

`steps` are lists [at, name, arguments…]: `at` is in milliseconds after `start`, a time in seconds (time.time). One whose time
has passed is done at once. `shadow`, if not null, is a folder with its own `in` and `out` in which everything is done
once more, where no csync2 touches it: what the host's tree has to be in the end. No step begins while there is a file `pause`.
"""

import json
import os
import sys
import time

from files import World

request = json.load(sys.stdin)
os.umask(0o022)
real = World(request["inside"], request["outside"], request["enter"], request["seen"])
shadow = World(request["shadow"] + "/in", request["shadow"] + "/out") if request["shadow"] else None
start = request["start"]
for at, name, *arguments in request["steps"]:
    wait = start + at / 1000 - time.time()
    if wait > 0:
        time.sleep(wait)
    while os.path.exists(request["pause"]):
        time.sleep(0.01)
    begun = time.time()
    error = real.do(name, arguments)
    print(json.dumps([round((begun - start) * 1000), error, shadow.do(name, arguments) if shadow else None]))
real.do("finish", [])
if shadow:
    shadow.do("finish", [])
