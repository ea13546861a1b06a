#!/usr/bin/python3
"""Reads a run folder without Foldstream, as docs/formats.md describes it: read_run.py FOLDER

Prints the arrays of all tasks and streams with the XXH3 of their bytes, once through run.h5 and
once through the journals, which also know what a killed run had stored."""
import json, math, pathlib, struct, sys
import h5py, numpy, xxhash
TYPES = dict(zip("u8 i8 i16 i32 i64 f16 bf16 f32 f64".split(), "u1 i1 i2 i4 i8 u2 u2 f4 f8".split()))
RUN = pathlib.Path(sys.argv[1])

def frames(pattern, magic):  # (journal, offset), key, time and body of each undamaged frame
    for path in sorted((RUN / "ranks").glob(pattern)):
        data, at = path.read_bytes(), 0
        while (at := data.find(magic, at)) >= 0:
            frame = data[at:at + int.from_bytes(data[at + 4:at + 8], "little")]
            is_whole = xxhash.xxh3_64_intdigest(frame[16:]).to_bytes(8, "little") == frame[8:16]
            if is_whole:
                yield (path, at), frame[16:32], struct.unpack_from("<q", frame, 32)[0], frame[40:]
            at += len(frame) if is_whole else 1

def read(file, offset, size):
    return numpy.fromfile(RUN / "ranks" / file, "u1", size, "", offset).tobytes()

def tasks():
    for _, body in sorted((time, body) for _, _, time, body in frames("*.journal", b"FSJ1")):
        task = json.loads(body)
        for field in task["fields"]:
            data = b"".join(read(task["file"], at, size) for at, size, _ in field["pieces"])
            array = numpy.frombuffer(data, TYPES[field["dtype"]]).reshape(field["shape"])
            yield f"targets/{task['target']}/{task['task']}/{field['path']}", array

def streams():
    headers, names, chunks = {}, {}, {}
    for place, key, _, body in frames("*.streams", b"FSS1"):
        if body[0] == 1: headers[place] = names[key] = json.loads(body[8:])
        if body[0] == 2:
            at, number = struct.unpack_from("<Qq", body, 8)
            header, data = headers[place[0], at], b""
            row = math.prod(header["row"]) * numpy.dtype(TYPES[header["dtype"]]).itemsize
            for offset, checksum, rows, left in struct.iter_unpack("<QQII", body[24:]):
                data += read(header["file"], offset, rows * row)
                if left == 0 and xxhash.xxh3_64_intdigest(data) == checksum:
                    chunks[key, number] = data
                data, number = (data, number) if left else (b"", number + 1)
    for key, name in names.items():
        count = next(n for n in range(len(chunks) + 1) if (key, n) not in chunks)
        data = b"".join(chunks[key, n] for n in range(count))
        array = numpy.frombuffer(data, TYPES[name["dtype"]]).reshape([-1] + name["row"])
        yield "streams/{target}/{task}/{port}".format(**name), array

def walk(item, path):  # visititems() would not follow the links into other files
    if isinstance(item, h5py.Dataset):
        return [(path, item[()])]
    return [found for name in item for found in walk(item[name], f"{path}/{name}")]

with h5py.File(RUN / "run.h5") as run:
    shown = dict(walk(run["targets"], "targets") + walk(run["streams"], "streams"))
for way, arrays in ("run.h5", shown), ("journals", dict([*tasks(), *streams()])):
    for name, array in sorted(arrays.items()):
        print(way, name, array.dtype, array.shape, xxhash.xxh3_64_hexdigest(array.tobytes()))
