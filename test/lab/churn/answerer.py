"""Answers of one host in a churn: rewrites a file as soon as it has arrived from another host.

Reads one JSON object, {"inside", "outside", "start", "until", "begins", "answers"}; writes one line for each answer when it is given,
[its index, the time in seconds], and ends when all were given or at `until`, a time in seconds (time.time).

`begins` are objects {"at", "path", "token", "size"}: `at` milliseconds after `start` the file is made.
`answers` are objects {"path", "expected", "token", "how", "size", "delay"}: `delay` milliseconds after the file at `path` was seen
to begin with the line `expected`, it is rewritten so that it begins with `token`.
"""

import json
import os
import sys
import time

from files import World

request = json.load(sys.stdin)
os.umask(0o022)
world = World(request["inside"], request["outside"])
answers = request["answers"]
due = {}
open_ones = set(range(len(answers)))


def arrived(answer):
    try:
        text, _ = world._read(answer["path"])
    except OSError:
        return False
    return text.startswith((answer["expected"] + "\n").encode())


def rewrite(answer):
    path, token, size = answer["path"], answer["token"], answer["size"]
    if answer["how"] == "save":
        return world.do("save", [path, path + ".new", token, size])
    if answer["how"] == "same_size":
        return world.do("same_size", [path, token])
    if answer["how"] == "pinned":
        return world.do("pinned", [path, token])
    return world.do("write", [path, token, size])


begins = sorted(request["begins"], key=lambda begin: begin["at"])
while (open_ones or begins) and time.time() < request["until"]:
    while begins and time.time() >= request["start"] + begins[0]["at"] / 1000:
        begin = begins.pop(0)
        world.do("write", [begin["path"], begin["token"], begin["size"]])
    for index in sorted(open_ones):
        if index not in due:
            if arrived(answers[index]):
                due[index] = time.time() + answers[index]["delay"] / 1000
        # What was seen once may have been replaced by something older meanwhile.
        elif time.time() >= due[index] and arrived(answers[index]) and rewrite(answers[index]) is None:
            print(json.dumps([index, time.time()]), flush=True)
            open_ones.discard(index)
    time.sleep(0.002)
