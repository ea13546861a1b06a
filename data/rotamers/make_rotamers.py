#!/usr/bin/env python3
"""Counts side-chain geometry in crystal structures: make_rotamers.py structures.h5 > rotamers.txt

Reads an HDF5 file of protein chains (data sets: see README.md) and writes ideal internal
coordinates, rotamers, their dependence on the backbone, and the allowed regions of phi and psi.
"""
import sys

import h5py
import numpy as np

LETTERS = "ARNDCQEGHILKMFPSTWYV"
NAMES = {"A": "ALA", "R": "ARG", "N": "ASN", "D": "ASP", "C": "CYS", "Q": "GLN", "E": "GLU",
         "G": "GLY", "H": "HIS", "I": "ILE", "L": "LEU", "K": "LYS", "M": "MET", "F": "PHE",
         "P": "PRO", "S": "SER", "T": "THR", "W": "TRP", "Y": "TYR", "V": "VAL"}
# atom: three reference atoms, and the chi angle it turns with (0: a fixed dihedral)
TREE = {
    "A": "", "G": "",
    "R": "CG N CA CB 1;CD CA CB CG 2;NE CB CG CD 3;CZ CG CD NE 4;NH1 CD NE CZ 0;NH2 CD NE CZ 0",
    "N": "CG N CA CB 1;OD1 CA CB CG 2;ND2 CA CB CG 2",
    "D": "CG N CA CB 1;OD1 CA CB CG 2;OD2 CA CB CG 2",
    "C": "SG N CA CB 1",
    "Q": "CG N CA CB 1;CD CA CB CG 2;OE1 CB CG CD 3;NE2 CB CG CD 3",
    "E": "CG N CA CB 1;CD CA CB CG 2;OE1 CB CG CD 3;OE2 CB CG CD 3",
    "H": "CG N CA CB 1;ND1 CA CB CG 2;CD2 CA CB CG 2;CE1 CB CG ND1 0;NE2 CB CG CD2 0",
    "I": "CG1 N CA CB 1;CG2 N CA CB 1;CD1 CA CB CG1 2",
    "L": "CG N CA CB 1;CD1 CA CB CG 2;CD2 CA CB CG 2",
    "K": "CG N CA CB 1;CD CA CB CG 2;CE CB CG CD 3;NZ CG CD CE 4",
    "M": "CG N CA CB 1;SD CA CB CG 2;CE CB CG SD 3",
    "F": "CG N CA CB 1;CD1 CA CB CG 2;CD2 CA CB CG 2;CE1 CB CG CD1 0;CE2 CB CG CD2 0;"
         "CZ CG CD1 CE1 0",
    "P": "CG N CA CB 1;CD CA CB CG 2",
    "S": "OG N CA CB 1",
    "T": "OG1 N CA CB 1;CG2 N CA CB 1",
    "W": "CG N CA CB 1;CD1 CA CB CG 2;CD2 CA CB CG 2;NE1 CB CG CD1 0;CE2 CB CG CD2 0;"
         "CE3 CB CG CD2 0;CZ2 CG CD2 CE2 0;CZ3 CG CD2 CE3 0;CH2 CD2 CE2 CZ2 0",
    "Y": "CG N CA CB 1;CD1 CA CB CG 2;CD2 CA CB CG 2;CE1 CB CG CD1 0;CE2 CB CG CD2 0;"
         "CZ CG CD1 CE1 0;OH CD1 CE1 CZ 0",
    "V": "CG1 N CA CB 1;CG2 N CA CB 1",
}
# atom order of the data set where it differs from the order of building
ORDER = {"H": "CG ND1 CD2 CE1 NE2", "I": "CG1 CG2 CD1", "T": "OG1 CG2",
         "F": "CG CD1 CD2 CE1 CE2 CZ", "Y": "CG CD1 CD2 CE1 CE2 CZ OH",
         "W": "CG CD1 CD2 NE1 CE2 CE3 CZ2 CZ3 CH2"}
# chi angles that are not staggered: (bins, period); the first bin is centred on zero
FLAT = {("N", 2): (8, 360), ("D", 2): (4, 180), ("Q", 3): (6, 360), ("E", 3): (3, 180),
        ("H", 2): (8, 360), ("F", 2): (4, 180), ("Y", 2): (4, 180), ("W", 2): (8, 360)}
SMALLEST = 0.003  # rotamers rarer than this are left out
GRID = 12         # backbone bins of 30 degrees


def dihedral(a, b, c, d):
    u, v, w = b - a, c - b, d - c
    left, right = np.cross(u, v), np.cross(v, w)
    y = np.linalg.norm(v, axis=-1) * np.einsum("ij,ij->i", u, right)
    return np.degrees(np.arctan2(y, np.einsum("ij,ij->i", left, right)))


def angle(a, b, c):
    u, v = a - b, c - b
    cosine = np.einsum("ij,ij->i", u, v) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def circular_mean(degrees):
    return np.degrees(np.angle(np.exp(1j * np.radians(degrees)).mean()))


def wrapped(degrees):
    return (degrees + 180) % 360 - 180


def backbone(xyz, mask, number, offset):
    """phi and psi of each residue, NaN where a neighbour is missing."""
    count = len(number)
    follows = np.zeros(count, bool)
    follows[1:] = (number[1:] == number[:-1] + 1) & mask[1:, :3].all(1) & mask[:-1, :3].all(1)
    follows[offset[:-1]] = False
    follows[1:] &= np.linalg.norm(xyz[1:, 0] - xyz[:-1, 2], axis=1) < 2.0
    at = np.flatnonzero(follows)
    phi, psi = np.full(count, np.nan), np.full(count, np.nan)
    phi[at] = dihedral(xyz[at - 1, 2], xyz[at, 0], xyz[at, 1], xyz[at, 2])
    psi[at - 1] = dihedral(xyz[at - 1, 0], xyz[at - 1, 1], xyz[at - 1, 2], xyz[at, 0])
    return phi, psi


def grid_bin(degrees):
    return np.floor((degrees % 360) / (360 // GRID)).astype(int)


def chi_bin(letter, index, degrees):
    bins, period = FLAT.get((letter, index), (3, 360))
    flat = (letter, index) in FLAT
    width = period / bins
    return np.floor(((degrees + (width / 2 if flat else 0)) % period) / width).astype(int)


def centred(letter, index, degrees):
    """Folds a symmetric chi onto one period around its bins, so that means make sense."""
    bins, period = FLAT.get((letter, index), (3, 360))
    if period == 360:
        return degrees
    width = period / bins
    return (degrees + width / 2) % period - width / 2


def write_geometry(letter, atoms, tree, out):
    """One line an atom; returns the chi angles of all residues."""
    chis = {}
    for name, a, b, c, chi in tree:
        torsion = dihedral(atoms[a], atoms[b], atoms[c], atoms[name])
        length = np.median(np.linalg.norm(atoms[c] - atoms[name], axis=1))
        bend = np.median(angle(atoms[b], atoms[c], atoms[name]))
        offset = 0.0
        if chi and chi not in chis:
            chis[chi] = torsion
        elif chi:
            offset = circular_mean(torsion - chis[chi])
        else:
            offset = circular_mean(torsion)
        out.append(f"atom {NAMES[letter]} {name} {a} {b} {c} {length:.4f} {bend:.2f} {chi} "
                   f"{offset:.2f}")
    return [chis[i] for i in sorted(chis)]


def write_rotamers(letter, chis, phi, psi, out):
    if not chis:
        return
    bins = np.stack([chi_bin(letter, i + 1, chi) for i, chi in enumerate(chis)], 1)
    kinds, inverse, counts = np.unique(bins, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.ravel()
    for kind in np.argsort(-counts, kind="stable"):
        share = counts[kind] / len(bins)
        if share < SMALLEST:
            continue
        chosen = inverse == kind
        means = [circular_mean(centred(letter, i + 1, chi[chosen])) for i, chi in enumerate(chis)]
        out.append(f"rotamer {NAMES[letter]} {kinds[kind][0]} {share:.4f} " +
                   " ".join(f"{mean:.1f}" for mean in means))
    prior = np.array([(bins[:, 0] == k).mean() for k in range(3)])
    known = ~np.isnan(phi) & ~np.isnan(psi)
    at = grid_bin(phi[known]) * GRID + grid_bin(psi[known])
    for cell in range(GRID * GRID):
        first = bins[known][at == cell, 0]
        if len(first) < 5:
            continue
        share = np.array([(first == k).sum() for k in range(3)]) + 10 * prior
        share /= share.sum()
        out.append(f"backbone {NAMES[letter]} {cell // GRID} {cell % GRID} " +
                   " ".join(f"{100 * value / prior[k]:.0f}" if prior[k] > 0 else "100"
                            for k, value in enumerate(share)))


def write_ramachandran(phi, psi, kind, out):
    """The cells of a 10-degree grid outside the best 99.8 % of residues, as rows of 36 marks."""
    counts, _, _ = np.histogram2d(phi, psi, bins=36, range=[[-180, 180], [-180, 180]])
    smooth = sum(np.roll(np.roll(counts, i, 0), j, 1) * (2 - abs(i)) * (2 - abs(j))
                 for i in (-1, 0, 1) for j in (-1, 0, 1)) / 16
    order = np.argsort(-smooth, axis=None, kind="stable")
    covered = np.cumsum(counts.ravel()[order]) / counts.sum()
    allowed = np.zeros(36 * 36, bool)
    allowed[order[covered <= 0.998]] = True
    for row, cells in enumerate(allowed.reshape(36, 36)):
        out.append(f"ramachandran {kind} {row} " + "".join("+" if c else "." for c in cells))


def main():
    with h5py.File(sys.argv[1]) as file:
        offset = file["offset"][:]
        aatype = file["aatype"][:]
        number = file["residue_number"][:]
        xyz = file["atom14_centi_angstrom"][:].astype(np.float64) / 100
        mask = file["atom14_mask"][:].astype(bool)
        near = file["near_dev_pair"][:].astype(bool)
    used = np.repeat(~near, np.diff(offset))
    phi, psi = backbone(xyz, mask, number, offset)
    out = [f"# counted in {int((~near).sum())} chains, {int(used.sum())} residues; see README.md"]
    for index, letter in enumerate(LETTERS):
        tree = [part.split() for part in TREE[letter].split(";") if part]
        tree = [(n, a, b, c, int(chi)) for n, a, b, c, chi in tree]
        side = ORDER.get(letter, " ".join(part[0] for part in tree)).split()
        names = ["N", "CA", "C", "O"] + ([] if letter == "G" else ["CB"]) + side
        chosen = used & (aatype == index) & mask[:, :len(names)].all(1)
        atoms = {name: xyz[chosen, i] for i, name in enumerate(names)}
        if letter != "G":
            tree.insert(0, ("CB", "C", "N", "CA", 0))
        chis = write_geometry(letter, atoms, tree, out)
        write_rotamers(letter, chis, phi[chosen], psi[chosen], out)
    full = used & mask[:, :3].all(1) & ~np.isnan(phi) & ~np.isnan(psi)
    glycine, proline = LETTERS.index("G"), LETTERS.index("P")
    for kind, chosen in (("glycine", aatype == glycine), ("proline", aatype == proline),
                         ("general", (aatype != glycine) & (aatype != proline))):
        write_ramachandran(phi[full & chosen], psi[full & chosen], kind, out)
    nca = angle(xyz[used & mask[:, :3].all(1), 0], xyz[used & mask[:, :3].all(1), 1],
                xyz[used & mask[:, :3].all(1), 2])
    print(f"N-CA-C: mean {nca.mean():.2f}, standard deviation {nca.std():.2f}", file=sys.stderr)
    print("\n".join(out))


if __name__ == "__main__":
    main()
