"""Measures how long a single fresh change of each host takes to the others, while a churn goes on.

Reads one JSON object, {"trees", "folder", "interval", "patience"}: `trees` are the hosts' trees as this machine sees them; in
each lies `folder` with one folder for each host, named by its index. Every `interval` seconds each host makes a change in its own
folder: a new file, or new content of the same old one, by turns. Ends `patience` seconds after standard input has been closed, or
when all has arrived. Writes one line for each arrival, [sender, receiver, milliseconds, time of the change], in the end also
for what has not arrived, with null for the milliseconds.
"""

import json
import os
import select
import sys
import time

request = json.loads(sys.stdin.readline())
trees = [os.path.join(tree, request["folder"]) for tree in request["trees"]]
hosts = range(len(trees))
waiting = []
count = 0
closed = None
due = time.time()


def probe(sender):
    name = "same" if count % 2 else f"{count}"
    path = f"{trees[sender]}/{sender}/{name}"
    begun = time.time()
    with open(path, "w") as file:
        file.write(f"{count}\n")
    for receiver in hosts:
        if receiver != sender:
            waiting.append((sender, receiver, name, count, begun))


def has_arrived(sender, receiver, name, number):
    try:
        with open(f"{trees[receiver]}/{sender}/{name}") as file:
            text = file.read()
    except OSError:
        return False
    # A later change of the same file stands for the ones before it.
    return text.endswith("\n") and int(text) >= number


def say(sender, receiver, milliseconds, begun):
    print(json.dumps([sender, receiver, milliseconds, begun]), flush=True)


while closed is None or (waiting and time.time() < closed + request["patience"]):
    if closed is None and select.select([sys.stdin], [], [], 0)[0] and not sys.stdin.readline():
        closed = time.time()
    if closed is None and time.time() >= due:
        due += request["interval"]
        count += 1
        for sender in hosts:
            try:
                probe(sender)
            except OSError as error:
                print(json.dumps([sender, None, str(error), time.time()]), flush=True)
    still = []
    for sender, receiver, name, number, begun in waiting:
        if has_arrived(sender, receiver, name, number):
            say(sender, receiver, round((time.time() - begun) * 1000, 1), begun)
        elif time.time() - begun < 60:
            still.append((sender, receiver, name, number, begun))
        else:
            say(sender, receiver, None, begun)
    waiting = still
    time.sleep(0.003)
for sender, receiver, _, _, begun in waiting:
    say(sender, receiver, None, begun)
