"""Counts what a chain does locally: secondary structure, torsion states and handedness.

Reads structures.h5 (chains with near_dev_pair = 0 only: nothing the alignments of the development
pairs are judged on) and writes two tables of constants for workflows/src/predict:

  local_table.inc   softmax weights: window of 17 residues -> 5 backbone states, and what phi/psi
                    and secondary structure each state means
  hands_table.inc   log-odds of a packing angle and of a crossover against their mirror images

usage: local_states.py structures.h5 OUTPUT_FOLDER      (numpy and h5py; about two minutes)
"""

import sys

import h5py
import numpy as np

STATES = "H E A B L".split()  # helix, strand, coil alpha, coil beta, phi > 0
HALF_WINDOW = 8
CLASSES = np.array([8, 14, 22, 35, 60])  # upper edges of the separation classes of the hand tables
EDGES = np.array([-0.6, -0.3, -0.1, 0.0, 0.1, 0.3, 0.6])


def unit(v):
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-6)


def dihedral(a, b, c, d):
    u, v, w = b - a, c - b, d - c
    n, m = np.cross(u, v), np.cross(v, w)
    return np.arctan2((np.cross(n, m) * unit(v)).sum(-1), (n * m).sum(-1))


def hydrogen_bonds(xyz):
    """[donor, acceptor]: the electrostatic criterion, energy below -0.5 kcal/mol."""
    n, c, o = xyz[:, 0], xyz[:, 2], xyz[:, 3]
    h = n.copy()
    h[1:] += unit(c[:-1] - o[:-1]) * 1.01
    dist = lambda p, q: np.linalg.norm(p[:, None] - q[None], axis=-1) + 1e-3
    energy = 27.89 * (1 / dist(n, o) + 1 / dist(h, c) - 1 / dist(h, o) - 1 / dist(n, c))
    i = np.arange(len(n))
    energy[(abs(i[:, None] - i[None]) < 2)] = 0
    energy[0] = 0
    return energy < -0.5


def secondary_structure(xyz):
    """'H', 'E' or '-' of each residue, from turns of 3, 4, 5 and from bridges."""
    hb = hydrogen_bonds(xyz)
    size = len(xyz)
    state = np.full(size, "-")
    for turn in (4, 3, 5):
        t = np.zeros(size, bool)
        t[: size - turn] = np.diagonal(hb, -turn)
        for i in np.flatnonzero(t[1:] & t[:-1]) + 1:
            if turn == 4 or not (state[i : i + turn] == "H").any():
                state[i : i + turn] = "H"
    acc = hb.T  # [acceptor, donor]
    shifted = lambda m, di, dj: np.pad(m, 1)[1 + di : 1 + di + size, 1 + dj : 1 + dj + size]
    # parallel: (i-1 <- j and j <- i+1) or the same with i and j exchanged; "<-": O of the left one
    one = shifted(acc, -1, 0) & shifted(acc.T, 1, 0)
    par = one | one.T
    anti = (acc & acc.T) | (shifted(acc, -1, 1) & shifted(acc.T, 1, -1))
    i = np.arange(size)
    far = abs(i[:, None] - i[None]) >= 3
    bridge = (par | anti) & far
    strand = bridge.any(1) & (state != "H")
    state[strand] = "E"
    return state


def chains(path):
    with h5py.File(path) as file:
        offset, near = file["offset"][:], file["near_dev_pair"][:]
        for k in np.flatnonzero(near == 0):
            part = slice(offset[k], offset[k + 1])
            xyz = file["atom14_centi_angstrom"][part, :5].astype(np.float64) / 100
            mask = file["atom14_mask"][part, :4].all(1)
            number = file["residue_number"][part].astype(int)
            if mask.all():
                yield file["aatype"][part].astype(int), xyz, np.diff(number) != 1


def local_states(xyz, breaks, ss):
    """State index and phi/psi of each residue; -1 at the ends and beside breaks."""
    size = len(xyz)
    phi, psi = np.full(size, np.nan), np.full(size, np.nan)
    n, ca, c = xyz[:, 0], xyz[:, 1], xyz[:, 2]
    phi[1:] = np.where(breaks, np.nan, dihedral(c[:-1], n[1:], ca[1:], c[1:]))
    psi[:-1] = np.where(breaks, np.nan, dihedral(n[:-1], ca[:-1], c[:-1], n[1:]))
    degrees = np.degrees(psi)
    alpha = (degrees > -110) & (degrees < 50)
    state = np.where(phi > 0, 4, np.where(ss == "H", 0, np.where(ss == "E", 1, np.where(alpha, 2, 3))))
    state[np.isnan(phi) | np.isnan(psi)] = -1
    return state, phi, psi


def windows(aatype):
    padded = np.pad(aatype, HALF_WINDOW, constant_values=20)
    return np.stack([padded[k : k + len(aatype)] for k in range(2 * HALF_WINDOW + 1)], 1)


def one_hot(window):
    hot = np.zeros((len(window), window.shape[1], 21), np.float32)
    np.put_along_axis(hot, window[:, :, None], 1, 2)
    return hot.reshape(len(window), -1)


def fit_softmax(window, state, held_out):
    """Adam on minibatches; returns weights [17*21, 5] and bias [5]."""
    rng = np.random.default_rng(1)
    train = np.flatnonzero(~held_out)
    params = np.zeros((window.shape[1] * 21 + 1, len(STATES)), np.float32)
    first, second = np.zeros_like(params), np.zeros_like(params)
    step, epochs = 0, 5
    for epoch in range(epochs):
        rng.shuffle(train)
        for start in range(0, len(train), 4096):
            rows = train[start : start + 4096]
            x = one_hot(window[rows])
            x = np.concatenate([x, np.ones((len(x), 1), np.float32)], 1)
            logits = x @ params
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[np.arange(len(rows)), state[rows]] -= 1
            grad = x.T @ p / len(rows) + 1e-5 * params
            step += 1
            first = 0.9 * first + 0.1 * grad
            second = 0.99 * second + 0.01 * grad**2
            rate = 0.03 * (1 - (epoch + start / len(train)) / epochs) + 1e-3
            params -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return params


def hand_terms(ca, ss):
    """Yields (table, key, t) of all close pairs: table 0 packing, 1 crossover."""
    size = len(ca)
    code = np.where(ss == "H", 0, np.where(ss == "E", 1, 2))
    u = np.zeros_like(ca)
    u[2:-2] = ca[4:] - ca[:-4]
    u = unit(u)
    i, j = np.triu_indices(size, 4)
    keep = (i >= 2) & (j < size - 2)
    i, j = i[keep], j[keep]
    r = ca[j] - ca[i]
    d = np.linalg.norm(r, axis=1)
    near = d < 11
    i, j, r, d = i[near], j[near], r[near], d[near]
    parallel = ((u[i] * u[j]).sum(1) > 0).astype(int)
    sep = np.searchsorted(CLASSES, j - i, side="right")
    close = np.searchsorted([5.8, 8.0], d)
    t = (np.cross(u[i], u[j]) * unit(r)).sum(1)
    key = ((((code[i] * 3 + code[j]) * 6 + sep) * 2 + parallel) * 3) + close
    yield 0, key, t
    far = j - i >= 8
    i, j, r, parallel, sep = i[far], j[far], r[far], parallel[far], sep[far]
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(ca, 0)])
    helix = np.concatenate([[0], np.cumsum(code == 0)])
    count = (j - 2) - (i + 3)
    w = (total[j - 2] - total[i + 3]) / count[:, None] - (ca[i] + ca[j]) / 2
    fraction = (helix[j - 2] - helix[i + 3]) / count
    direction = unit(u[i] + np.where(parallel == 1, 1, -1)[:, None] * u[j])
    t = (np.cross(direction, unit(r)) * unit(w)).sum(1)
    key = ((((code[i] * 3 + code[j]) * 6 + sep) * 2 + parallel) * 2) + (fraction > 0.2)
    yield 1, key, t


def log_odds(counts):
    return np.log((counts + 20) / (counts[:, ::-1] + 20))


def write_table(file, name, values, comment, form="%.3g"):
    values = np.asarray(values).ravel()
    file.write(f"// {comment}\ninline constexpr float {name}[{len(values)}] = {{\n")
    line = ""
    for value in values:
        word = form % value
        word = "0" if float(word) == 0 else word
        word += "," if set(word) <= set("-0123456789") else "f,"
        if len(line) + len(word) > 98:
            file.write(line + "\n")
            line = ""
        line += word
    file.write(line + "\n};\n\n")


def main(source, folder):
    window, state, torsion, aatypes, held = [], [], [], [], []
    counts = [np.zeros((324, 8)), np.zeros((216, 8))]
    score = []
    for number, (aatype, xyz, breaks) in enumerate(chains(source)):
        ss = secondary_structure(xyz)
        s, phi, psi = local_states(xyz, breaks, ss)
        good = s >= 0
        window.append(windows(aatype)[good])
        state.append(s[good])
        torsion.append(np.stack([phi, psi], 1)[good])
        aatypes.append(aatype[good])
        held.append(np.full(good.sum(), number % 10 == 0))
        terms = list(hand_terms(xyz[:, 1], ss))
        if number % 10 == 0:
            score.append((len(aatype), terms))
        else:
            for table, key, t in terms:
                np.add.at(counts[table], (key, np.searchsorted(EDGES, t)), 1)
    window, state = np.concatenate(window).astype(np.int64), np.concatenate(state)
    torsion, aatypes, held = np.concatenate(torsion), np.concatenate(aatypes), np.concatenate(held)
    print("residues", len(state), "states", np.bincount(state) / len(state))
    tables = [log_odds(c) for c in counts]
    hits = []
    for size, terms in score:
        hits.append([tables[k][key, np.searchsorted(EDGES, t)].sum() / size for k, key, t in terms])
    hits = np.array(hits)
    print("native beats mirror (held-out chains): packing %.3f crossover %.3f sum %.3f, mean %s" % (
        *(hits > 0).mean(0), (hits.sum(1) > 0).mean(), hits.mean(0)))
    params = fit_softmax(window, state, held)
    rows = np.flatnonzero(held)
    x = one_hot(window[rows])
    guess = (x @ params[:-1] + params[-1]).argmax(1)
    merge = np.array([0, 1, 2, 2, 2])
    print("held-out: states %.3f Q3 %.3f" % (
        (guess == state[rows]).mean(), (merge[guess] == merge[state[rows]]).mean()))
    means, spread = [], []
    for k in range(5):
        angle = np.exp(1j * torsion[state == k])
        mean = angle.mean(0)
        means.append(np.angle(mean))
        spread.append(1 / np.maximum(1 - abs(mean), 1e-3) / 2)
        print(STATES[k], np.degrees(means[-1]), "kappa", spread[-1])
    with open(folder + "/local_table.inc", "w") as file:
        file.write("// Made by data/models/potts/local_states.py; do not edit.\n\n")
        write_table(file, "local_weights", params[:-1], "[17 offsets][21 residues][5 states H E A B L]", "%.2f")
        write_table(file, "local_bias", params[-1], "[5]")
        write_table(file, "torsion_mean", means, "[5 states][phi, psi], radians")
        write_table(file, "torsion_kappa", spread, "[5 states][phi, psi], von Mises concentration")
        write_table(file, "state_frequency", np.bincount(state) / len(state), "[5 states]")
    with open(folder + "/hands_table.inc", "w") as file:
        file.write("// Made by data/models/potts/local_states.py; do not edit.\n\n")
        write_table(file, "packing_odds", tables[0], "[SS i][SS j][6 separations][parallel][3 distances][8 bins of t]", "%.2f")
        write_table(file, "crossover_odds", tables[1], "[SS i][SS j][6 separations][parallel][helix between][8 bins of t]", "%.2f")


if __name__ == "__main__":
    main(*sys.argv[1:])
