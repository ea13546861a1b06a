"""Coupling maps as they would look for chains that have a structure but no alignment.

The z of all pairs of columns of the real maps are sorted by separation, distance of the CB atoms and
secondary structure, in five groups of maps from poor to good; the quantiles of each are kept. A map
for a chain is then drawn pair by pair: a random quantile (partly shared by the pairs of a residue, as
in real maps, where some columns are noisy) read from the table of the pair's distance. So thousands
of structures teach what patterns of contacts look like, and 30 alignments only what noise looks like.
"""

import math

import numpy as np

import local_states

SEPARATIONS = np.array([1, 2, 3, 4, 5, 6, 12, 24])  # lower edges
DISTANCES = np.array([5, 6, 7, 8, 10, 12, 15, 20.0])
KINDS, GROUPS = 4, 5
KEYS = len(SEPARATIONS) * (len(DISTANCES) + 1) * KINDS
# dense in the upper tail, where the contacts are
LEVELS = np.concatenate([np.linspace(0.002, 0.9, 40), 1 - 10.0 ** -np.arange(1.1, 4.6, 0.15)])
GRID = np.linspace(-5, 5, 2001)
CUMULATIVE = np.array([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in GRID])


def pair_kinds(structure):
    """[size, size]: both helix 0, both strand 1, one of each 2, other 3."""
    code = np.where(structure == "H", 0, np.where(structure == "E", 1, 5))
    a, b = code[:, None], code[None]
    return np.where(a + b == 0, 0, np.where((a == 1) & (b == 1), 1, np.where(a + b == 1, 2, 3)))


def pair_keys(distance, kinds):
    i, j = np.triu_indices(len(distance), 1)
    separation = np.searchsorted(SEPARATIONS, j - i, side="right") - 1
    place = np.searchsorted(DISTANCES, distance[i, j])
    return i, j, (separation * (len(DISTANCES) + 1) + place) * KINDS + kinds[i, j]


def noise_tables(maps):
    """From (z, distance, structure, depth) of real maps: [(quantiles [KEYS, LEVELS], depths)]."""
    items = []
    for z, distance, structure, depth in maps:
        i, j, key = pair_keys(distance, pair_kinds(structure))
        known = ~np.isnan(distance[i, j])
        i, j, key = i[known], j[known], key[known]
        far = j - i >= 6
        best = np.argsort(-z[i, j][far])[: len(z)]
        items.append(((distance[i, j][far] < 8)[best].mean(), key, z[i, j], depth))
    items.sort(key=lambda item: item[0])
    every = [np.concatenate([item[k] for item in items]) for k in (1, 2)]
    tables = []
    for g in range(GROUPS):
        part = items[g * len(items) // GROUPS : (g + 1) * len(items) // GROUPS]
        own = [np.concatenate([item[k] for item in part]) for k in (1, 2)]
        rows = [np.quantile(values_of(key, own, every), LEVELS) for key in range(KEYS)]
        tables.append((np.array(rows, np.float32), [item[3] for item in part]))
    return tables


def values_of(key, own, every):
    """z of this key in the group; where they are few, in all maps or of any secondary structure."""
    for keys, z, least, width in ((*own, 30, 1), (*every, 10, 1), (*own, 5, KINDS), (*every, 1, KINDS)):
        found = z[keys // width == key // width]
        if len(found) >= least:
            return found
    return np.zeros(1)


def simulate(rng, distance, structure, tables):
    """z [size, size] and the depth (Neff / sqrt(length)) of an alignment it could come from."""
    table, depths = tables[rng.integers(len(tables))]
    i, j, key = pair_keys(distance, pair_kinds(structure))
    shared = rng.uniform(0.1, 0.5)
    noisy = rng.normal(size=len(distance))
    x = np.sqrt(shared / 2) * (noisy[i] + noisy[j]) + np.sqrt(1 - shared) * rng.normal(size=len(i))
    place = np.interp(np.interp(x, GRID, CUMULATIVE), LEVELS, np.arange(len(LEVELS)))
    low = np.minimum(place.astype(int), len(LEVELS) - 2)
    z = np.zeros(distance.shape, np.float32)
    z[i, j] = table[key, low] * (1 - place + low) + table[key, low + 1] * (place - low)
    return z + z.T, depths[rng.integers(len(depths))]


def blurred_states(rng, logits, truth):
    """Single-sequence predictions pushed to the truth, here more, there less: as good on the whole
    as those of an alignment."""
    size = len(truth)
    knots = np.maximum(0, rng.normal(0.8, 0.9, size // 8 + 2))
    push = np.interp(np.arange(size) / 8, np.arange(len(knots)), knots)
    logits = 1.2 * logits
    logits[np.arange(size), truth] += 1.2 * push
    p = np.exp(logits - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def chains(path, count, seed=0):
    """(aatype, backbone, secondary structure, state, distance) of `count` chains in random order."""
    rng = np.random.default_rng(seed)
    usable = [chain for chain in local_states.chains(path) if 45 <= len(chain[0]) <= 250]
    for index in rng.permutation(len(usable))[:count]:
        aatype, xyz, breaks = usable[index]
        structure = local_states.secondary_structure(xyz)
        state, _, _ = local_states.local_states(xyz, breaks, structure)
        b, c = xyz[:, 1] - xyz[:, 0], xyz[:, 2] - xyz[:, 1]
        cb = -0.5827 * np.cross(b, c) + 0.5680 * b - 0.5407 * c + xyz[:, 1]
        distance = np.linalg.norm(cb[:, None] - cb[None], axis=-1)
        yield aatype, structure, np.where(state < 0, 3, state), distance
