"""Makes very many entries, or very deep ones, which no path reaches. Names are decimal numbers, filled up to a length.

  make-entries.py directories PLACE COUNT [LENGTH]   empty directories in PLACE, which is made if it is missing
  make-entries.py files PLACE COUNT [LENGTH]         empty files in PLACE
  make-entries.py chain PLACE LEVELS NAME            a directory NAME in a directory NAME in PLACE, so many levels; the last holds
                                                     a file `bottom`
  make-entries.py grown PLACE LEVELS NAME            the same, put together by renames: chains are moved to each other's ends
  make-entries.py sized PLACE BYTES COUNT            so many files with paths of so many bytes, below directories in PLACE
"""
import os
import sys

what, place, number, *rest = sys.argv[1:]
count = int(number)
os.makedirs(place, exist_ok=True)
os.chdir(place)


def names():
    length = int(rest[0]) if rest else 0
    return (str(index).ljust(length, "n") for index in range(count))


def descend(levels, name):
    for _ in range(levels):
        os.mkdir(name)
        os.chdir(name)


if what == "directories":
    for each in names():
        os.mkdir(each)
elif what == "files":
    for each in names():
        os.mknod(each)
elif what == "chain":
    descend(count, rest[0])
    os.mknod("bottom")
elif what == "grown":
    name = rest[0]
    part = 1000
    top = os.open(".", os.O_RDONLY)
    for piece in range(-(-count // part)):
        os.fchdir(top)
        levels = min(part, count - piece * part)
        descend(levels, name)
        if piece == 0:
            os.mknod("bottom")
        end = os.open(".", os.O_RDONLY)
        if piece > 0:
            os.rename("grown", name, src_dir_fd=top, dst_dir_fd=end)
        os.rename(name, "grown", src_dir_fd=top, dst_dir_fd=top)
        os.close(end)
elif what == "sized":
    room = int(rest[0])
    length = len(os.fsencode(os.getcwd()))
    while count - length > 256:
        step = min(200, count - length - 101)
        os.mkdir("d" * step)
        os.chdir("d" * step)
        length += 1 + step
    for index in range(room):
        open(str(index).ljust(count - length - 1, "n"), "w").close()
else:
    sys.exit(__doc__)
