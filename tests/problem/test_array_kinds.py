"""Arrays as people have them, whatever their type, order and content: read rightly or refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import SMALL_DEGREES
from theorycheck.problem.archives import read_array
from theorycheck.problem.interop.foreign import real_numbers

FOUND = Path(__file__).parents[1] / "known" / "found"
FF = tc.LinearFeedforward
QUICK = replace(SMALL_DEGREES, instances=0)
ASKS: list[Any] = [tc.classify, tc.measure]

READ = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
READ += [f">{kind}" for kind in READ[2:] if kind != "u1"]


def ordered(array: np.ndarray, order: str) -> np.ndarray:
    """The same numbers in another place in memory."""
    if order == "C":
        return np.ascontiguousarray(array)
    if order == "F":
        return np.asfortranarray(array)
    if order == "negative":
        return np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]
    if order == "unaligned":
        raw = np.frombuffer(b"\0" + array.tobytes(), np.uint8)[1:]
        return raw.view(array.dtype).reshape(array.shape)
    wide = np.zeros([2 * side for side in array.shape], array.dtype)
    wide[::2, 1::2] = array
    return wide[::2, 1::2]


ORDERS = ["C", "F", "strided", "negative", "unaligned"]


@st.composite
def points(draw: st.DrawFn) -> np.ndarray:
    """Points with zeros, duplicates, zero columns and the extremes of every type."""
    kind = np.dtype(draw(st.sampled_from(READ)))
    m, n = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    special: list[Any] = [0, 1, 1, 2, 3]
    if kind.kind == "f":
        limits = np.finfo(kind)
        special += [-0.0, float(limits.smallest_subnormal), float(limits.max), -1.5, 0.1]
    elif kind.kind in "iu":
        special += [np.iinfo(kind).min, np.iinfo(kind).max, np.iinfo(kind).max - 1]
    else:
        special = [False, True]
    rows = draw(st.lists(st.lists(st.sampled_from(special), min_size=n, max_size=n), min_size=m))
    chosen = draw(st.lists(st.sampled_from(rows), min_size=m, max_size=m))  # some of them twice
    array = np.array(chosen, dtype=object).astype(kind)
    if draw(st.booleans()):
        array[:, draw(st.integers(0, n - 1))] = 0
    if draw(st.integers(0, 4)) == 0:
        return np.broadcast_to(array[:1], (m, n))  # rows of one memory
    return ordered(array, draw(st.sampled_from(ORDERS)))


@given(points(), st.sampled_from([[], [2], [3, 2]]), st.booleans(), st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_what_classify_accepts_check_accepts(
    data: np.ndarray, behind: list[int], bias: bool, seed: int
):
    m, n = data.shape
    network = FF([n, *behind, 2], bias)
    rng = np.random.default_rng(seed)
    allocation = tc.Allocation.random(network, int(rng.integers(0, network.n_weights + 1)), rng)
    if not data.any():
        with pytest.raises(tc.InputError, match="inputs are all 0"):
            tc.classify(allocation, m, inputs=data)
        return
    verdict = tc.classify(allocation, m, inputs=data, effort=QUICK)
    # The same numbers as exact Python ones give the same answer.
    plain = [[int(x) if data.dtype.kind in "biu" else float(x) for x in row] for row in data]
    again = tc.classify(allocation, m, inputs=plain, effort=QUICK)
    assert (verdict.expressivity, verdict.input_rank) == (again.expressivity, again.input_rank)
    if verdict.certificate is None:
        assert str(verdict.expressivity) == "undecided"
        return
    result = tc.check(json.loads(json.dumps(verdict.certificate.to_dict())))
    assert result.reason == "verified"
    assert result.expressivity == str(verdict.expressivity)
    values = [value for point in verdict.certificate.problem["inputs"] for value in point]
    assert {type(value) for value in values} <= {int, float}


def test_the_boolean_points_that_were_found_are_decided_and_checked():
    allocation, samples = tc.load(FOUND / "bool_inputs.json")
    data = read_array((FOUND / "bool_inputs.npy").read_bytes())
    assert data.dtype == bool
    verdict = tc.classify(allocation, samples, inputs=data)
    assert verdict.certificate is not None
    assert tc.check(json.loads(json.dumps(verdict.certificate.to_dict())))
    assert verdict.input_rank == np.linalg.matrix_rank(data[:samples].astype(float))


@pytest.mark.parametrize("kind", ["g", "F", "D", "O", "S2", "U2", "m8[s]", "M8[s]", "V4", "i,i"])
def test_other_types_of_points_are_refused(kind: str):
    if kind == "g" and np.dtype("g").itemsize == 8:
        pytest.skip("here a long double is a double")
    data = np.zeros((2, 3), dtype=kind)
    for ask in ASKS:
        with pytest.raises(tc.InputError, match="inputs must hold real numbers"):
            ask(tc.Allocation.full(FF([3, 2])), 2, inputs=data)


def test_masked_and_sparse_points_and_bytes_that_are_no_booleans_are_refused():
    import scipy.sparse

    whole = np.ma.array(np.eye(3))
    assert tc.classify(tc.Allocation.full(FF([3, 2])), 3, inputs=whole).input_rank == 3
    holes = np.ma.array(np.eye(3), mask=np.eye(3, dtype=bool)[::-1])
    for ask in ASKS:
        with pytest.raises(tc.InputError, match=r"inputs\[0, 2\] is masked .*filled\(0\)"):
            ask(tc.Allocation.full(FF([3, 2])), 3, inputs=holes)
        with pytest.raises(tc.InputError, match=r"inputs must be a dense array.*toarray\(\)"):
            ask(tc.Allocation.full(FF([3, 2])), 3, inputs=scipy.sparse.eye_array(3))
        with pytest.raises(tc.InputError, match="rows of equal length"):
            ask(tc.Allocation.full(FF([3, 2])), 3, inputs=[[1, 2, 3], [1]])
    odd = np.array([[1, 2, 0]], np.uint8).view(bool)
    with pytest.raises(tc.InputError, match="booleans of bytes 0 and 1, not 2"):
        tc.classify(tc.Allocation.full(FF([3, 2])), 1, inputs=odd)
    assert real_numbers(np.array([[True]])[:, ::-1], "here").tolist() == [[1]]


# Masks.

MASK_KINDS = [*READ, "g", "O"]


@given(
    st.sampled_from(MASK_KINDS),
    st.sampled_from([*ORDERS, "broadcast", "rows"]),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["learnable", "present"]),
)
@settings(max_examples=200)
def test_masks_of_every_type_and_order_are_read(kind: str, order: str, seed: int, which: str):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 5, 2).tolist())
    mask = rng.random(shape) < 0.5
    if order in ("broadcast", "rows"):
        part = mask[:1, :1] if order == "broadcast" else mask[:1]
        given_mask = np.broadcast_to(part.astype(kind), shape)
        mask = np.broadcast_to(part, shape)
    elif kind == "O":
        given_mask = np.asarray(mask.astype(int), dtype=object)
    else:
        values = mask.astype(kind)
        if values.dtype.kind == "f" and rng.random() < 0.5:
            values = np.where(mask, values, -values)  # -0.0
        given_mask = ordered(values, order)
    network = FF(shape[::-1])
    learnable = {} if which == "present" else {"W1": given_mask}
    present = {"W1": given_mask} if which == "present" else None
    allocation = tc.Allocation.from_masks(network, learnable, present)
    found = dict(allocation.masks(which))["W1"]
    assert found.dtype == bool
    assert np.array_equal(found, mask)
    assert not found.flags.writeable
    assert not np.shares_memory(found, given_mask)


@pytest.mark.parametrize("kind", [*READ, "g"])
@pytest.mark.parametrize("order", "CF")
def test_archives_of_every_type_and_order_are_read(tmp_path: Path, kind: str, order: Any):
    mask = np.array([[1, 0, 0], [0, 1, 1]])
    network = FF([3, 2])
    meta = np.array(json.dumps({"network": network.to_dict(), "samples": 1}))
    array = mask.astype(kind, order=order)
    arrays: dict[str, Any] = {"meta": meta, "learnable.W1": array, "present.W1": array}
    np.savez(tmp_path / "a.npz", **arrays)
    wanted = tc.Allocation(network, {"W1": mask}, {"W1": mask})
    assert tc.load(tmp_path / "a.npz").allocation == wanted


@pytest.mark.parametrize("kind", ["F", "D", "S2", "U2", "m8[s]", "M8[s]", "V4", "i,i"])
def test_masks_of_other_types_are_refused(kind: str):
    for masks in (({"W1": np.zeros((2, 3), kind)}, None), ({}, {"W1": np.zeros((2, 3), kind)})):
        with pytest.raises(tc.InputError, match=r"must hold the numbers 0 and 1|must be 0 or 1"):
            tc.Allocation.from_masks(FF([3, 2]), *masks)


def test_masked_arrays_are_read_only_where_nothing_is_masked():
    network, ones = FF([3, 2]), np.ones((2, 3), dtype=int)
    whole = np.ma.array(ones)
    assert tc.Allocation(network, {"W1": whole}).n_learnable == 6
    holes = np.ma.array(ones, mask=np.array([[0, 0, 0], [0, 1, 0]]))
    with pytest.raises(tc.InputError, match=r'learnable\["W1"\]\[1, 1\] is masked .*filled\(0\)'):
        tc.Allocation(network, {"W1": holes})
    with pytest.raises(tc.InputError, match=r'present\["W1"\]\[1, 1\] is masked'):
        tc.Allocation(network, {}, {"W1": holes})
    with pytest.raises(tc.InputError, match=r"must be 0 or 1, not nan: say what missing"):
        tc.Allocation(network, {"W1": [[np.ma.masked, 0, 1], [1, 1, 1]]})


def test_frames_with_missing_entries_are_refused_and_others_read():
    pandas = pytest.importorskip("pandas", reason="pandas is missing")
    network, mask = FF([3, 2]), np.array([[1, 0, 0], [0, 1, 1]])
    wanted = tc.Allocation(network, {"W1": mask})
    frame = pandas.DataFrame(mask)
    sparse = [pandas.SparseDtype(int, 0), pandas.SparseDtype(int, 1), pandas.SparseDtype(bool)]
    for kind in ("Int64", "boolean", "Float32", "category", "uint8", *sparse):
        whole = frame.astype(bool).astype(kind) if kind == "boolean" else frame.astype(kind)
        assert tc.Allocation(network, {"W1": whole}) == wanted, kind
    for kind in ("Int64", "boolean", "Float32"):
        holes = frame.astype(bool).astype(kind).mask(mask == 0)
        with pytest.raises(tc.InputError, match=r"\[0, 1\] must be 0 or 1, not .*say what missing"):
            tc.Allocation(network, {"W1": holes})
    holes = frame.astype(float).mask(mask == 0).astype(pandas.SparseDtype(float))
    with pytest.raises(tc.InputError, match=r"\[0, 1\] must be 0 or 1, not nan: say what missing"):
        tc.Allocation(network, {"W1": holes})


class Stubborn:
    """An object whose conversion to an array fails."""

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise RuntimeError("no array")


def test_objects_that_become_no_array_are_one_line():
    with pytest.raises(tc.InputError, match=r'learnable\["W1"\] must be a 0/1 array of shape'):
        tc.Allocation(FF([3, 2]), {"W1": Stubborn()})  # type: ignore[dict-item]
