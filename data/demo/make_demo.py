#!/usr/bin/env python3
"""Makes the demo's family_and_decoys.fasta.gz: drawn members of a family among shuffled decoys.

usage: make_demo.py FOLDSTREAM ALIGNMENT.a3m[.gz]

FOLDSTREAM is the command; ALIGNMENT the family's alignment with the query as its first row. Members
are drawn by `foldstream sample`; a decoy is a member with its residues shuffled, so that it has the
family's composition and no homology. Order and letters depend on the seed below alone.
"""
import gzip
import pathlib
import random
import subprocess
import sys

COUNT = 3000
SEED = 1


def read_fasta(text):
    for record in text.split(">")[1:]:
        header, _, residues = record.partition("\n")
        yield header.split()[0], residues.replace("\n", "")


def main():
    foldstream, alignment = sys.argv[1:]
    drawn = subprocess.run([foldstream, "sample", alignment, "-n", str(COUNT), "--seed", str(SEED),
                            "--prefix", "family_"], check=True, capture_output=True, text=True).stdout
    generator = random.Random(SEED)
    records = []
    for name, residues in read_fasta(drawn):
        letters = list(residues)
        generator.shuffle(letters)
        records.append((name + " drawn", residues))
        records.append((name.replace("family", "decoy") + " shuffled", "".join(letters)))
    generator.shuffle(records)
    text = "".join(f">{name}\n{residues}\n" for name, residues in records)
    out = pathlib.Path(__file__).parent / "family_and_decoys.fasta.gz"
    out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


main()
