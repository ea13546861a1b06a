"""Fits the two small networks of the potts predictor.

  states_table.inc   local states (from local_table.inc, averaged over the rows of the alignment) and
                     couplings around a residue -> backbone states, 81 -> 12 -> 5
  pattern_table.inc  9 x 9 couplings around a pair, local states, separation and depth of the
                     alignment -> 10 bins of the CB distance, 107 -> 48 -> 10

The states are learnt from alignments with known structures, each used whole (at most 5,000 rows) and,
for chains up to 170 residues, as random subsets of 1,000 and 300 rows, so that shallow alignments are
met too. The distances are learnt from these (a quarter of the weight) and from simulated maps of other
chains (simulated_maps.py). The features are those of workflows/src/predict/{local,distances}.cpp:
change both or neither.

usage: pattern_fit.py PAIRS_FOLDER STRUCTURES.h5 TABLE_FOLDER [--cache FOLDER] [--leave-out FOLD]

TABLE_FOLDER holds local_table.inc and receives the tables; --leave-out 0..4 leaves a fifth of the
families out of everything (their precision is then printed), which tells fit from overfit.
"""

import argparse
import gzip
import json
import pathlib
import re

import numpy as np

import local_states
import simulated_maps

LETTERS = "ARNDCQEGHILKMFPSTWYV"
EDGES = np.array([5, 6, 7, 8, 10, 12, 14, 16, 20.0])
SEPARATIONS = np.array([4, 5, 6, 8, 12, 17, 24, 36, 60])
RELATED = [["1U2HA_PF07679", "2RIKA_PF07679", "2PNDA_PF07686"]]  # never on both sides of a split
FOLDS = 5
CHAINS = 1000  # of simulated maps
REAL_SHARE = 0.25  # of the weight of all examples


def read_rows(path):
    token = np.full(256, 20, np.uint8)
    token[np.frombuffer(LETTERS.encode(), np.uint8)] = np.arange(20)
    rows, lines = [], []
    with gzip.open(path, "rt") as file:
        for line in list(file) + [">"]:
            if line.startswith(">"):
                rows.append("".join(lines))
                lines = []
            else:
                lines.append(line.strip())
    kept = [np.frombuffer(row.encode(), np.uint8) for row in rows if row]
    tokens = np.array([token[row[(row < 97) | (row > 122)]] for row in kept])
    gaps = (tokens == 20).mean(1)
    return tokens[(gaps <= 0.5) | (np.arange(len(tokens)) == 0)]


def sequence_weights(tokens):
    hot = (tokens[:, :, None] == np.arange(20)).astype(np.float32).reshape(len(tokens), -1)
    valid = (tokens < 20).astype(np.float32)
    similar = np.zeros(len(tokens))
    for start in range(0, len(tokens), 1000):
        part = slice(start, start + 1000)
        same, joint = hot[part] @ hot.T, valid[part] @ valid.T
        similar[part] = (same >= 0.8 * joint - 1e-3).sum(1)
    return 1 / similar


def coupling_scores(tokens, weights, pseudocount=0.5):
    """Mean field with the gap as reference state, Frobenius, APC, robust z."""
    size, q = tokens.shape[1], 21
    hot = (tokens[:, :, None] == np.arange(20)).astype(np.float32).reshape(len(tokens), -1)
    share = (weights / weights.sum()).astype(np.float32)
    single = (1 - pseudocount) * (share @ hot) + pseudocount / q
    joint = (1 - pseudocount) * ((hot * share[:, None]).T @ hot) + pseudocount / q**2
    blocks = joint.reshape(size, 20, size, 20)
    for i in range(size):
        blocks[i, :, i, :] = np.diag(single.reshape(size, 20)[i])
    inverse = np.linalg.inv((joint - np.outer(single, single)).astype(np.float32))
    j = np.pad(-inverse.reshape(size, 20, size, 20).transpose(0, 2, 1, 3), [(0, 0)] * 2 + [(0, 1)] * 2)
    j = j - j.mean(2, keepdims=True) - j.mean(3, keepdims=True) + j.mean((2, 3), keepdims=True)
    score = np.sqrt((j[:, :, :20, :20] ** 2).sum((2, 3)))
    np.fill_diagonal(score, 0)
    mean = score.sum(1) / (size - 1)
    score -= np.outer(mean, mean) / (score.sum() / (size * (size - 1)))
    far = score[np.triu_indices(size, 6)]
    centre = np.median(far)
    return (score - centre) / (1.4826 * np.median(abs(far - centre)))


def native_atoms(folder):
    """[length, 5, 3] N CA C O CB of the query's residues, NaN where absent; CB built for glycine."""
    meta = json.loads((folder / "meta.json").read_text())
    atoms = {}
    for line in (folder / "native.pdb").read_text().splitlines():
        if line.startswith("ATOM") and line[16] in " A1":
            place = [float(line[c : c + 8]) for c in (30, 38, 46)]
            atoms.setdefault(line[22:27].strip(), {}).setdefault(line[12:16].strip(), place)
    xyz = np.full((meta["L"], 5, 3), np.nan)
    for i, number in enumerate(meta["query_to_pdb_resnum"]):
        for k, name in enumerate(["N", "CA", "C", "O", "CB"]):
            xyz[i, k] = atoms.get(str(number), {}).get(name, np.nan)
    b, c = xyz[:, 1] - xyz[:, 0], xyz[:, 2] - xyz[:, 1]
    cb = -0.5827 * np.cross(b, c) + 0.5680 * b - 0.5407 * c + xyz[:, 1]
    xyz[:, 4] = np.where(np.isnan(xyz[:, 4]), cb, xyz[:, 4])
    return xyz


def load(folder, cache):
    """Coupling maps and the first 1,000 rows of one protein."""
    path = cache / (folder.name + ".npz") if cache else None
    if path and path.exists():
        return dict(np.load(path))
    rng, rows = np.random.default_rng(1), read_rows(folder / "msa.a3m.gz")[:5000]
    result = {"xyz": native_atoms(folder)}
    for tag, count in (("full", 5000), ("s1000", 1000), ("s300", 300)):
        if tag != "full" and (count >= len(rows) or rows.shape[1] > 170):
            continue
        pick = np.concatenate([[0], 1 + rng.permutation(len(rows) - 1)[: count - 1]])
        part = rows if tag == "full" else rows[pick]
        weights = sequence_weights(part)
        result["z_" + tag] = coupling_scores(part, weights).astype(np.float32)
        result["neff_" + tag] = weights.sum()
        if tag == "full":
            result["tokens"], result["w"] = part[:1000], weights[:1000]
    if path:
        np.savez(path, **result)
    return result


def read_table(path, name):
    body = re.search(name + r"\[\d+\] = \{(.*?)\};", path.read_text(), re.S).group(1)
    return np.array([float(w.strip().rstrip("f")) for w in body.split(",") if w.strip()], np.float32)


def family_states(protein, table):
    """[length, 5]: exp of the weighted mean log-probability over 300 rows, the query five times."""
    weights = read_table(table, "local_weights").reshape(-1, 5)
    bias = read_table(table, "local_bias")
    tokens, w = protein["tokens"].astype(int), protein["w"].copy()
    w[0] = 5
    total, count = np.zeros((tokens.shape[1], 5)), np.zeros(tokens.shape[1])
    for row, weight in zip(tokens[:300], w):
        at = np.flatnonzero(row < 20)
        logits = local_states.one_hot(local_states.windows(row[at])) @ weights + bias
        logits -= logits.max(1, keepdims=True)
        total[at] += weight * (logits - np.log(np.exp(logits).sum(1, keepdims=True)))
        count[at] += weight
    return np.exp(total / np.maximum(count, 1e-6)[:, None])


def true_states(xyz):
    absent = np.isnan(xyz[:, :4]).any((1, 2))
    filled = xyz.astype(float)
    filled[absent] = 1e3 + 50 * np.arange(absent.sum())[:, None, None]
    ss = local_states.secondary_structure(filled)
    state, _, _ = local_states.local_states(filled, np.zeros(len(xyz) - 1, bool), ss)
    state[absent] = -1
    return state


def compressed(z):
    g = np.arcsinh(np.clip(z, -3, 20) / 2).astype(np.float32)
    np.fill_diagonal(g, 0)
    return g


def shifted(matrix, a, b):
    size = len(matrix)
    return np.pad(matrix, 12)[12 + a : 12 + a + size, 12 + b : 12 + b + size]


def state_features(states, g):
    size = len(states)
    padded = np.pad(states, ((4, 4), (0, 0)))
    columns = [padded[m : m + size] for m in range(9)]
    for k in (2, 3, 4, 5):
        diagonal = np.zeros(size + 16, np.float32)
        diagonal[8 : 8 + size - k] = np.diagonal(g, k)
        columns += [diagonal[8 + m : 8 + m + size, None] for m in range(-5, 3)]
    i = np.arange(size)
    far = abs(i[:, None] - i[None]) >= 4
    for turn in (-1, 1):
        ladder = sum(shifted(g, k, turn * k) for k in range(-2, 3)) / 5
        best = -np.sort(-np.where(far, ladder, -1), 1)
        columns += [best[:, :1], best[:, 1:2]]
    return np.concatenate(columns, 1).astype(np.float32)


def pair_features(z, states, neff):
    size, g = len(z), compressed(z)
    i, j = np.triu_indices(size, 3)
    columns = [shifted(g, a, b)[i, j] for a in range(-4, 5) for b in range(-4, 5)]
    padded = np.pad(states, ((3, 3), (0, 0)))
    for o in (0, 3, 6):
        columns += [padded[i + o, 0], padded[i + o, 1], padded[j + o, 0], padded[j + o, 1]]
    kind = np.searchsorted(SEPARATIONS, j - i, side="right")
    columns += [kind == c for c in range(len(SEPARATIONS) + 1)]
    top = np.sort(z[np.triu_indices(size, 6)])[-size:].mean()
    depth = [np.log(neff / np.sqrt(size) + 1), np.log(size), np.log(max(top, 0.1))]
    columns += [np.log(j - i)] + [np.full(len(i), value) for value in depth]
    return i, j, np.stack(columns, 1).astype(np.float32)


def fit(x, y, hidden, epochs, decay, batch, weight, rate=4e-3):
    """One hidden ReLU layer and a softmax by Adam; the normalisation is folded into the weights."""
    rng = np.random.default_rng(0)
    mean, spread = x.mean(0), x.std(0) + 1e-2
    inputs, outputs = x.shape[1], y.max() + 1
    params = [rng.normal(0, inputs**-0.5, (inputs, hidden)), np.zeros(hidden),
              rng.normal(0, 0.5 * hidden**-0.5, (hidden, outputs)), np.zeros(outputs)]
    params = [p.astype(np.float32) for p in params]
    first, second = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    step, steps = 0, epochs * -(-len(x) // batch)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            u = (x[rows] - mean) / spread
            h = np.maximum(u @ params[0] + params[1], 0)
            p = softmax(h @ params[2] + params[3])
            p[np.arange(len(rows)), y[rows]] -= 1
            p *= weight[rows][:, None] / len(rows)
            back = (p @ params[2].T) * (h > 0)
            slopes = [u.T @ back + decay * params[0], back.sum(0),
                      h.T @ p + decay * params[2], p.sum(0)]
            step += 1
            now = rate * (1 - step / steps) + 1e-5
            for k, slope in enumerate(slopes):
                first[k] = 0.9 * first[k] + 0.1 * slope
                second[k] = 0.99 * second[k] + 0.01 * slope**2
                size = np.sqrt(second[k] / (1 - 0.99**step)) + 1e-8
                params[k] -= (now * first[k] / (1 - 0.9**step) / size).astype(np.float32)
    return [params[0] / spread[:, None], params[1] - (mean / spread) @ params[0], *params[2:]]


def softmax(logits):
    p = np.exp(logits - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def evaluate(params, x):
    return softmax(np.maximum(x @ params[0] + params[1], 0) @ params[2] + params[3])


def split(names):
    """The fold of each protein; relatives share one."""
    folds, k = {}, 0
    for name in names:
        if name in RELATED[0]:
            folds[name] = 0
        else:
            k += 1
            folds[name] = k % FOLDS
    return folds


def fit_states(proteins, table, train):
    x, y = [], []
    for name in train:
        for tag in proteins[name]["tags"]:
            known = proteins[name]["truth"] >= 0
            g = compressed(proteins[name]["z_" + tag])
            x.append(state_features(proteins[name]["states"], g)[known])
            y.append(proteins[name]["truth"][known])
    x, y = np.concatenate(x), np.concatenate(y)
    return fit(x, y, 12, 30, 3e-3, 512, np.ones(len(x), np.float32))


def refined_states(proteins, params, name, tag):
    g = compressed(proteins[name]["z_" + tag])
    return evaluate(params, state_features(proteins[name]["states"], g))


def pair_examples(protein, states, tag):
    cb = protein["xyz"][:, 4]
    i, j, x = pair_features(protein["z_" + tag], states, float(protein["neff_" + tag]))
    d = np.linalg.norm(cb[i] - cb[j], axis=-1)
    return i, j, x, d


def real_examples(proteins, table, train, folds):
    """Features, distances and weights; the states are as wrong as on proteins never seen."""
    crossed = {k: fit_states(proteins, table, [n for n in train if folds[n] != k])
               for k in range(FOLDS)}
    for name in train:
        for tag in proteins[name]["tags"]:
            states = refined_states(proteins, crossed[folds[name]], name, tag)
            _, _, features, d = pair_examples(proteins[name], states, tag)
            known = ~np.isnan(d)
            yield features[known], d[known], np.full(known.sum(), len(d) ** -0.5)


def simulated_examples(proteins, table, train, structures):
    """Close pairs and a part of the others of each chain, with weights that make up for it."""
    rng = np.random.default_rng(5)
    weights, bias = read_table(table, "local_weights").reshape(-1, 5), read_table(table, "local_bias")
    noise = simulated_maps.noise_tables(list(real_maps(proteins, train)))
    for aatype, structure, truth, distance in simulated_maps.chains(structures, CHAINS):
        size = len(truth)
        logits = local_states.one_hot(local_states.windows(aatype)) @ weights + bias
        states = simulated_maps.blurred_states(rng, logits, truth)
        z, depth = simulated_maps.simulate(rng, distance, structure, noise)
        i, j, features = pair_features(z, states, depth * np.sqrt(size))
        d = distance[i, j]
        share = np.where(d < 12, 1, 0.35)
        kept = rng.random(len(i)) < share * min(1, 5000 / len(i))
        weight = 1 / share[kept]
        yield features[kept], d[kept], weight / np.sqrt(weight.sum())


def real_maps(proteins, names):
    for name in names:
        protein = proteins[name]
        cb = protein["xyz"][:, 4]
        distance = np.linalg.norm(cb[:, None] - cb[None], axis=-1)
        letters = np.array(["H", "E", "-", "-", "-", "-"])[protein["truth"]]
        for tag in protein["tags"]:
            depth = float(protein["neff_" + tag]) / np.sqrt(len(cb))
            yield protein["z_" + tag], distance, letters, depth


def fit_distances(parts):
    """`parts`: (examples, their share of the weight)."""
    x, y, weight = [], [], []
    for examples, share in parts:
        examples = list(examples)
        total = sum(w.sum() for _, _, w in examples)
        for features, d, w in examples:
            x.append(features)
            y.append(np.searchsorted(EDGES, d))
            weight.append(w * share / total)
    weight = np.concatenate(weight)
    weight = (weight / weight.mean()).astype(np.float32)
    return fit(np.concatenate(x), np.concatenate(y), 48, 4, 1e-4, 2048, weight)


def report(name, i, j, d, p, size):
    far = (j - i >= 6) & ~np.isnan(d)
    hit = (d[far] < 8)[np.argsort(-p[far, :4].sum(1))]
    print(name, "precision L/5 %.2f L %.2f" % (hit[: size // 5].mean(), hit[:size].mean()))


def write_network(path, params, name, comment):
    with open(path, "w") as file:
        file.write("// Made by data/models/potts/pattern_fit.py; do not edit.\n\n")
        parts = ("hidden_weights", "hidden_bias", "output_weights", "output_bias")
        for part, values in zip(parts, params):
            label = f"{comment}, {list(values.shape)}"
            local_states.write_table(file, f"{name}_{part}", values, label)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", type=pathlib.Path)
    parser.add_argument("structures", type=pathlib.Path)
    parser.add_argument("tables", type=pathlib.Path)
    parser.add_argument("--cache", type=pathlib.Path)
    parser.add_argument("--leave-out", type=int, default=-1)
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    out, table = args.out or args.tables, args.tables / "local_table.inc"
    names = sorted(p.name for p in args.pairs.iterdir())
    folds, proteins = split(names), {}
    for name in names:
        protein = proteins[name] = load(args.pairs / name, args.cache)
        protein["tags"] = [key[2:] for key in protein if key.startswith("z_")]
        protein["truth"] = true_states(protein["xyz"])
        protein["states"] = family_states(protein, table)
    train = [name for name in names if folds[name] != args.leave_out]
    final = fit_states(proteins, table, train)
    pattern = fit_distances([
        (real_examples(proteins, table, train, folds), REAL_SHARE),
        (simulated_examples(proteins, table, train, args.structures), 1 - REAL_SHARE)])
    for name in names:
        if folds[name] == args.leave_out:
            states = refined_states(proteins, final, name, "full")
            i, j, features, d = pair_examples(proteins[name], states, "full")
            report(name, i, j, d, evaluate(pattern, features), len(states))
    write_network(out / "states_table.inc", final, "states", "local states and couplings -> states")
    write_network(out / "pattern_table.inc", pattern, "pattern", "couplings -> CB distance bins")


if __name__ == "__main__":
    main()
