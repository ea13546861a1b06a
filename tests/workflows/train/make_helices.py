"""Makes helices.h5, a chain library of invented chains: two helices joined by a turn, random residues."""
import sys
import h5py, numpy as np
rng = np.random.default_rng(7)
def place(a, b, c, bond, angle, dihedral):
    axis = (c - b) / np.linalg.norm(c - b)
    n = np.cross(b - a, axis); n /= np.linalg.norm(n)
    m = np.cross(n, axis)
    return c + bond * (-np.cos(angle) * axis + np.sin(angle) * (np.cos(dihedral) * m + np.sin(dihedral) * n))
def chain(size):
    phi = np.radians(rng.normal(-62, 4, size)); psi = np.radians(rng.normal(-42, 4, size))
    middle = size // 2
    phi[middle : middle + 3], psi[middle : middle + 3] = np.radians([-80, -90, 60]), np.radians([140, 0, 30])
    r = np.radians
    n, ca = np.zeros(3), np.array([1.458, 0, 0]); c = ca + 1.525 * np.array([-np.cos(r(111)), np.sin(r(111)), 0])
    out = []
    for i in range(size):
        nn = place(n, ca, c, 1.329, r(116.6), psi[i]); o = place(nn, ca, c, 1.231, r(120.4), np.pi)
        out.append([n, ca, c, o])
        nca = place(ca, c, nn, 1.458, r(121.7), np.pi)
        nc = place(c, nn, nca, 1.525, r(111), phi[(i + 1) % size]); n, ca, c = nn, nca, nc
    return np.array(out)
sizes = [34 + k for k in range(14)]
R = sum(sizes)
xyz = np.zeros((R, 14, 3), np.int16); mask = np.zeros((R, 14), np.uint8); number = np.zeros(R, np.int16)
offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
for k, size in enumerate(sizes):
    p = chain(size); p -= p.mean((0, 1)); part = slice(offset[k], offset[k + 1])
    xyz[part, :4] = np.round(p * 100); mask[part, :4] = 1; number[part] = np.arange(1, size + 1)
mask[offset[12], 3] = 0                      # chain 12 misses an atom
near = np.zeros(len(sizes), np.uint8); near[13] = 1   # chain 13 is held out
aa = rng.integers(0, 20, R).astype(np.uint8)
aa[offset[5] : offset[5] + 34] = aa[offset[0] : offset[0] + 34]  # chains 0 and 5 are relatives
with h5py.File(sys.argv[1], "w") as f:
    kw = dict(compression="gzip", track_times=False)
    for name, v in dict(offset=offset, aatype=aa, residue_number=number, atom14_mask=mask, atom14_centi_angstrom=xyz, near_dev_pair=near).items():
        f.create_dataset(name, data=v, **kw)
