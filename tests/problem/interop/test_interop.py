"""Masks and files of other libraries: SciPy sparse matrices, safetensors, pandas."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import allocations, samples
from theorycheck.problem.archives import read_arrays
from theorycheck.problem.interop.foreign import sparse_from_arrays

NETWORK = tc.LinearFeedforward([3, 4])
MASK = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0], [1, 1, 1]], dtype=bool)
WANTED = tc.Allocation(NETWORK, {"W1": MASK})
DATA = {"network": NETWORK.to_dict(), "samples": 2}


def tensors(path: Path, arrays: dict[str, Any], meta: Any = None) -> Path:
    numpy = pytest.importorskip("safetensors.numpy", reason="safetensors is missing")
    numpy.save_file(arrays, path, {"meta": json.dumps(DATA)} if meta is None else meta)
    return path


# From masks of any library.


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_masks_may_be_sparse_matrices(kind: str, dtype: Any):
    matrix = scipy.sparse.csr_array(MASK.astype(dtype)).asformat(kind)
    assert tc.Allocation.from_masks(NETWORK, {"W1": matrix}) == WANTED
    old: Any = scipy.sparse.csr_matrix(MASK.astype(dtype)).asformat(kind)
    assert tc.Allocation(NETWORK, {"W1": old}) == WANTED


def test_stored_zeros_are_zeros():
    matrix = scipy.sparse.coo_array(([1, 0, 1], ([0, 1, 3], [0, 0, 2])), shape=(4, 3))
    assert tc.Allocation.from_masks(NETWORK, {"W1": matrix}).n_learnable == 2


def test_bad_sparse_matrices_are_refused():
    twice = scipy.sparse.coo_array((np.ones(2), ([0, 0], [1, 1])), shape=(4, 3))
    with pytest.raises(tc.InputError, match=r'learnable\["W1"\] names an entry twice'):
        tc.Allocation.from_masks(NETWORK, {"W1": twice})
    with pytest.raises(tc.InputError, match=r'learnable\["W1"\]\[1, 2\] must be 0 or 1, not 2'):
        tc.Allocation.from_masks(NETWORK, {"W1": scipy.sparse.csr_array(MASK * [1, 1, 2])})
    with pytest.raises(tc.InputError, match=r"\(4, 3\), not \(3, 4\): rows are outputs"):
        tc.Allocation.from_masks(NETWORK, {"W1": scipy.sparse.csr_array(MASK.T)})
    with pytest.raises(tc.InputError, match="complex128"):
        tc.Allocation.from_masks(NETWORK, {"W1": scipy.sparse.csr_array(MASK * 1j)})


def test_masks_of_several_libraries_can_be_mixed():
    pandas = pytest.importorskip("pandas", reason="pandas is missing")
    network = tc.LinearFeedforward([3, 4, 2], bias=True)
    learnable = {
        "W1": pandas.DataFrame(MASK.astype(int), columns=list("abc")),
        "b1": pandas.Series([1, 0, 0, 1]),
        "W2": scipy.sparse.csr_array([[0, 0, 0, 1], [1, 0, 0, 0]]),
        "b2": [True, False],
    }
    allocation = tc.Allocation.from_masks(network, learnable, {"W1": pandas.DataFrame(MASK)})
    assert allocation.counts == {"W1": 6, "b1": 2, "W2": 2, "b2": 1}
    assert np.array_equal(allocation.mask("W1"), MASK)


def test_biases_alone():
    assert tc.Allocation.biases(tc.ShallowReLU([2, 3, 1], bias=True)).counts == {"b1": 3, "b2": 1}
    some = tc.Allocation.biases(tc.LinearFeedforward([2, 2], bias=True), {"b1": [0, 1]})
    assert some.mask("b1").tolist() == [False, True]
    with pytest.raises(tc.InputError, match="the network has no biases: linear feed-forward 3-4"):
        tc.Allocation.biases(NETWORK)
    with pytest.raises(tc.InputError, match="no biases: linear recurrent"):
        tc.Allocation.biases(tc.LinearRecurrent(1, 1, 1, steps=1))


@given(st.tuples(*[st.integers(1, 4)] * 4))
def test_a_low_rank_update_is_maximal_iff_its_rank_suffices(sizes: tuple[int, ...]):
    """W + B A meets any matrix on the samples iff B A can be any difference, of rank min(d, m)."""
    inputs, outputs, rank, m = sizes
    allocation = tc.Allocation.low_rank(tc.LinearFeedforward([inputs, outputs]), {"W1": rank})
    verdict = tc.classify(allocation, m, effort=tc.Effort(seconds=0))
    if rank >= min(outputs, m, inputs):
        assert verdict.expressivity not in (tc.Expressivity.MINIMAL, tc.Expressivity.INTERMEDIATE)
    else:
        assert verdict.expressivity == tc.Expressivity.MINIMAL


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_low_rank_updates_in_deep_networks_have_the_rank_of_the_real_thing(seed: int):
    rng = np.random.default_rng(seed)
    widths = rng.integers(1, 5, 4).tolist()
    network = tc.LinearFeedforward(widths)
    names = [name for name in network.weight_shapes if rng.random() < 0.6] or ["W2"]
    ranks = {name: int(rng.integers(1, 3)) for name in names}
    allocation = tc.Allocation.low_rank(network, ranks)
    weights = {n: rng.normal(size=shape) for n, shape in network.weight_shapes.items()}
    factors = {
        n: (rng.normal(size=(weights[n].shape[0], k)), rng.normal(size=(k, weights[n].shape[1])))
        for n, k in ranks.items()
    }
    full = {n: w + np.matmul(*factors[n]) if n in factors else w for n, w in weights.items()}
    columns = []
    for name, (b, a) in factors.items():
        below, above = np.eye(widths[0]), np.eye(full[name].shape[0])
        for layer, weight in enumerate(full.values(), start=1):
            below = weight @ below if layer < int(name[1:]) else below
            above = weight @ above if layer > int(name[1:]) else above
        steps = [np.outer(e, row) for e in np.eye(len(b)) for row in a]
        steps += [np.outer(column, e) for column in b.T for e in np.eye(a.shape[1])]
        columns += [(above @ step @ below).ravel() for step in steps]
    jacobian = np.array(columns)
    k = min(widths)
    target = k * (widths[0] + widths[-1] - k)
    verdict = tc.classify(allocation, widths[0], effort=tc.Effort(seconds=0))
    too_small = np.linalg.matrix_rank(jacobian, tol=1e-9) < target
    assert (verdict.expressivity == tc.Expressivity.MINIMAL) == too_small


def test_low_rank_updates_that_are_no_allocations_are_refused():
    with pytest.raises(tc.InputError, match="low-rank updates are allocations of linear"):
        tc.Allocation.low_rank(tc.ShallowReLU([2, 2, 1]), {"W1": 1})
    with pytest.raises(tc.InputError, match=r'ranks\["b1"\] is that of a bias'):
        tc.Allocation.low_rank(tc.LinearFeedforward([2, 2], bias=True), {"b1": 1})
    with pytest.raises(tc.InputError, match="ranks has no weight 'W2'"):
        tc.Allocation.low_rank(NETWORK, {"W2": 1})
    with pytest.raises(tc.InputError, match=r'ranks\["W1"\] must be an integer from 1'):
        tc.Allocation.low_rank(NETWORK, {"W1": 0})


# Pandas.


@given(allocations())
@settings(max_examples=30)
def test_a_frame_has_every_weight(allocation: tc.Allocation):
    pytest.importorskip("pandas", reason="pandas is missing")
    frame = allocation.to_pandas()
    assert len(frame) == allocation.network.n_weights
    assert frame["learnable"].sum() == allocation.n_learnable
    assert frame["present"].sum() == allocation.n_present
    masks: dict[str, dict[str, Any]] = {"learnable": {}, "present": {}}
    for name, shape in allocation.network.weight_shapes.items():
        part = frame[frame["name"] == name]
        offsets = part["offset"] if len(shape) > 2 else [None] * len(part)
        for which, found in masks.items():
            found[name] = np.zeros(shape, dtype=bool)
            columns = zip(part["row"], part["column"], offsets, part[which], strict=True)
            for row, column, offset, value in columns:
                behind = () if offset is None else tuple(map(int, offset.split(",")))
                found[name][(row,) if len(shape) == 1 else (row, column, *behind)] = value
    assert tc.Allocation(allocation.network, **masks) == allocation


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for package in ("pandas", "safetensors", "safetensors.numpy", "torch"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(tc.InputError, match=r"extra pandas: pip install 'theorycheck\[pandas\]'"):
        WANTED.to_pandas()
    with pytest.raises(tc.InputError, match=r"extra torch: pip install 'theorycheck\[torch\]'"):
        tc.Allocation.from_torch(None)  # type: ignore[arg-type]
    path = tmp_path / "mask.safetensors"
    with pytest.raises(tc.InputError, match=r"pip install 'theorycheck\[safetensors\]'"):
        tc.save(path, WANTED, 2)
    path.write_bytes(b"")
    with pytest.raises(tc.InputError, match="need the extra safetensors"):
        tc.load(path)


def test_nothing_is_imported_before_it_is_needed():
    code = (
        "import sys, theorycheck as tc; a = tc.Allocation.full(tc.LinearFeedforward([2, 2]));"
        "tc.classify(a, 1); print(sorted({'torch', 'pandas', 'safetensors'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Safetensors.


@given(allocations(), samples)
@settings(max_examples=30)
def test_safetensors_files_round_trip(tmp_path_factory: Any, allocation: tc.Allocation, m: int):
    pytest.importorskip("safetensors", reason="safetensors is missing")
    path = tmp_path_factory.mktemp("masks") / "mask.safetensors"
    tc.save(path, allocation, m)
    assert tc.load(path) == (allocation, m)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float32])
def test_safetensors_files_of_others(tmp_path: Path, dtype: Any):
    path = tensors(tmp_path / "a.safetensors", {"learnable.W1": MASK.astype(dtype)})
    assert tc.load(path) == (WANTED, 2)
    assert tc.load(tensors(path, {"W1": MASK.astype(dtype)})) == (WANTED, 2)


def test_bad_safetensors_files_are_refused(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    cases: list[tuple[dict[str, Any], Any, str]] = [
        ({"W1": MASK}, {}, "the key 'meta' is missing in the metadata"),
        ({"W1": MASK}, {"meta": "{"}, "meta: malformed JSON"),
        ({"W1": MASK}, {"meta": '{"samples": 1}'}, "the key 'network' is missing"),
        ({"W3": MASK}, None, "learnable has no weight 'W3'"),
        ({"a.b": MASK}, None, "unknown array 'a.b'"),
        ({"W1": MASK, "learnable.W1": MASK}, None, "occurs twice"),
        ({"W1": MASK[:3]}, None, "must have shape"),
        ({"W1": MASK * 2}, None, "must be 0 or 1, not 2"),
        ({"W1": MASK, "present.W1": ~MASK}, None, "an absent connection cannot be learnable"),
    ]
    for arrays, meta, message in cases:
        with pytest.raises(tc.InputError, match=message):
            tc.load(tensors(path, arrays, meta))
    good = tensors(path, {"W1": MASK}).read_bytes()
    header = b'{"W1":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    odd = len(header).to_bytes(8, "little") + header + b"\0\0"
    for data in (b"", b"x", b"\0" * 8, good[:-1], good + b"x", good[:20], b"\xff" * 99, odd):
        path.write_bytes(data)
        with pytest.raises(tc.InputError, match=r"safetensors file|the key 'meta' is"):
            tc.load(path)


@given(st.integers(0, 200), st.integers(0, 255))
def test_damaged_safetensors_files_never_crash(tmp_path_factory: Any, place: int, byte: int):
    path = tmp_path_factory.mktemp("masks") / "a.safetensors"
    data = bytearray(tensors(path, {"W1": MASK}).read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(data)
    with contextlib.suppress(tc.InputError):  # any other error fails the test
        assert tc.load(path).allocation.network == NETWORK


# Sparse matrices in files of their own.


def naming(folder: Path, file: Any, which: str = "learnable") -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps({**DATA, "learnable": {}} | {which: {"W1": {"sparse": file}}}))
    return path


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
@pytest.mark.parametrize("which", ["learnable", "present"])
def test_a_file_may_name_a_sparse_matrix(tmp_path: Path, kind: str, which: str):
    (tmp_path / "masks").mkdir()
    matrix = scipy.sparse.csr_array(MASK).asformat(kind)
    scipy.sparse.save_npz(tmp_path / "masks" / "w1.npz", matrix)
    allocation, _ = tc.load(naming(tmp_path, "masks/w1.npz", which))
    assert np.array_equal(dict(allocation.masks(which))["W1"], MASK)


def test_bad_names_of_sparse_matrices_are_refused(tmp_path: Path):
    for file in ("/w1.npz", "", 3, None, ["w1.npz"]):
        with pytest.raises(tc.InputError, match=r'learnable\["W1"\].sparse must be the path of an'):
            tc.load(naming(tmp_path, file))
    with pytest.raises(tc.InputError, match=r'\["W1"\].sparse \(w1.npz\): no such file'):
        tc.load(naming(tmp_path, "w1.npz"))
    scipy.sparse.save_npz(tmp_path / "w1.npz", scipy.sparse.csr_array(MASK.T))
    with pytest.raises(tc.InputError, match="must have shape"):
        tc.load(naming(tmp_path, "w1.npz"))
    with pytest.raises(tc.InputError, match=r"this is one sparse matrix; name it in"):
        tc.load(tmp_path / "w1.npz")


GOOD: dict[str, Any] = {
    "format": np.array(b"csr"),
    "shape": np.array([4, 3]),
    "data": np.array([1, 1]),
    "indices": np.array([0, 2]),
    "indptr": np.array([0, 1, 1, 1, 2]),
}
FLAWS: list[tuple[dict[str, Any], str]] = [
    ({"format": np.array(b"dia")}, "as csr, csc or coo, it has the format 'dia'"),
    ({"format": None}, "it has no format"),
    ({"indptr": None}, "the array 'indptr' of a sparse matrix is missing"),
    ({"indices": np.array([0, 3])}, "a column outside 0 to 2"),
    ({"indices": np.array([0, -1])}, "a column outside 0 to 2"),
    ({"indices": np.array([0.0, 1.0])}, "'indices' must be a list of integers"),
    ({"indptr": np.array([0, 1, 1, 1, 3])}, "do not fit together"),
    ({"indptr": np.array([0, 2, 1, 1, 2])}, "do not fit together"),
    ({"indptr": np.array([0, 1, 2])}, "do not fit together"),
    ({"data": np.array([1, 1, 1])}, "do not fit together"),
    ({"data": np.array([1, 2])}, r"\[3, 2\] must be 0 or 1, not 2"),
    ({"data": np.array([1, 1j])}, "not complex128 values"),
    ({"shape": np.array([4])}, "must be two sizes"),
    ({"shape": np.array([-4, 3])}, "must be two sizes"),
    ({"shape": np.array([2**31, 2**31]), "indptr": GOOD["indptr"]}, "do not fit together"),
    ({"indices": np.array([1, 1]), "indptr": np.array([0, 2, 2, 2, 2])}, "names an entry twice"),
    ({"data": np.array([object()] * 2)}, "pickled objects"),
]


@pytest.mark.parametrize(("change", "message"), FLAWS)
def test_every_flaw_of_a_sparse_file_is_named(tmp_path: Path, change: Any, message: str):
    arrays = {name: value for name, value in (GOOD | change).items() if value is not None}
    np.savez(tmp_path / "w1.npz", **arrays)
    with pytest.raises(tc.InputError, match=message):
        tc.load(naming(tmp_path, "w1.npz"))


@given(st.integers(0, 2**32 - 1), st.sampled_from(["csr", "csc", "coo"]))
@settings(max_examples=50)
def test_sparse_files_are_read_as_scipy_reads_them(tmp_path_factory: Any, seed: int, kind: str):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 2).tolist())
    matrix = scipy.sparse.csr_array(rng.random(shape) < rng.random()).asformat(kind)
    path = tmp_path_factory.mktemp("masks") / "w1.npz"
    scipy.sparse.save_npz(path, matrix)
    arrays = read_arrays(path.read_bytes(), 10**6)
    found = sparse_from_arrays(arrays, "here").dense("here")
    assert np.array_equal(found, scipy.sparse.load_npz(path).toarray())


# The commands, and a large mask.


def classified(path: Path, cwd: Path) -> tuple[dict[str, Any], float]:
    """What the command prints, and the most memory of its process, in MB.

    VmHWM, for `ru_maxrss` includes what the parent held when it forked; 0 where there is no /proc.
    """
    code = (
        "import sys; from pathlib import Path; from theorycheck.cli.app import main\n"
        "status = Path('/proc/self/status')\n"
        "try: main()\n"
        "finally:\n"
        "    lines = status.read_text().splitlines() if status.exists() else ['VmHWM: 0']\n"
        "    peak = next(line for line in lines if line.startswith('VmHWM'))\n"
        "    print(peak.split()[1], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "classify", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=cwd)
    return json.loads(done.stdout), int(done.stderr.split()[-1]) / 1024


def test_commands_take_safetensors_files(tmp_path: Path):
    path = tensors(tmp_path / "a.safetensors", {"W1": MASK})
    verdict, _ = classified(path, tmp_path)
    assert verdict["expressivity"] == "minimal"
    design = ["design", str(path), "--samples", "2", "--budget", "8", "--out", "b.safetensors"]
    command = [sys.executable, "-m", "theorycheck", *design]
    subprocess.run(command, capture_output=True, check=True, cwd=tmp_path)
    assert tc.load(tmp_path / "b.safetensors").allocation.n_learnable == 8


LARGE = [
    ([16384, 16384], "W1", 100, "maximal"),
    ([16384] * 4, "W2", 200, "minimal"),
]


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the memory on Linux only")
@pytest.mark.parametrize(("widths", "weight", "m", "expected"), LARGE)
def test_a_large_sparse_mask_needs_less_than_a_gigabyte(
    tmp_path: Path, widths: list[int], weight: str, m: int, expected: str
):
    side, rng = 16384, np.random.default_rng(0)
    entries = rng.integers(0, side, (2, side * side // 100))  # 1 %, but for what is drawn twice
    matrix = scipy.sparse.coo_array((np.ones(entries.shape[1], bool), tuple(entries)), (side, side))
    matrix = matrix.tocsr()
    matrix.data[:] = True
    scipy.sparse.save_npz(tmp_path / "w.npz", matrix, compressed=False)
    data = {"network": tc.LinearFeedforward(widths).to_dict(), "samples": m}
    path = tmp_path / "large.json"
    path.write_text(json.dumps({**data, "learnable": {weight: {"sparse": "w.npz"}}}))
    verdict, peak = classified(path, tmp_path)
    # An oracle of its own: with as many outputs as rows every row needs m learnables (T3, T4).
    assert (np.diff(matrix.indptr).min() >= m) == (expected == "maximal")
    assert verdict["expressivity"] == expected
    assert verdict["learnable"] == matrix.nnz
    assert peak < 600, os.environ.get("OPENBLAS_NUM_THREADS")  # one dense mask has 268 MB


@pytest.mark.long
@pytest.mark.torch
@pytest.mark.parametrize("torch", [False, True])
def test_the_example_runs_with_and_without_torch(torch: bool, tmp_path: Path):
    if torch:
        pytest.importorskip("torch", reason="torch is missing (extra torch)")
    source = Path(__file__).parents[3] / "examples" / "sparse_fine_tuning.py"
    text = source.read_text()
    assert text.count("HAS_TORCH = importlib.util.find_spec") == 1
    script = tmp_path / "example.py"
    script.write_text(text if torch else text.replace("if HAS_TORCH:", "if False:"))
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "repaired: 7 weights swapped, maximal" in done.stdout
    assert ("error after training" in done.stdout) == torch
