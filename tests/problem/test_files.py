"""Allocation files: round trips, and every way in which a file can be bad."""

import base64
import io
import json
import os
import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import allocations, samples, seeds
from theorycheck.problem.files import load, problem_from_dict, problem_to_dict, save
from theorycheck.problem.masks import PACK_ABOVE, mask_from_json, mask_to_json

GOOD: dict[str, Any] = {
    "network": {"kind": "linear_feedforward", "widths": [3, 4, 2]},
    "samples": 3,
    "learnable": {"W1": [[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 0]], "W2": [[1, 0, 0, 1]] * 2},
    "present": {"W1": [[1, 1, 1], [1, 0, 1], [1, 1, 1], [1, 1, 1]]},
}
META = np.array(json.dumps({key: GOOD[key] for key in ("network", "samples")}))
MASK = np.array(GOOD["learnable"]["W1"], dtype=bool)


def npy_bytes(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


def headed(header: bytes, body: bytes = b"", version: bytes = b"\2\0") -> bytes:
    """An .npy file with the given header text, however wrong."""
    return b"\x93NUMPY" + version + struct.pack("<I", len(header)) + header + body


def shaped(shape: str, body: bytes, descr: str = "'|b1'") -> bytes:
    return headed(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode(), body)


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_w1(content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    return zipped({"meta.npy": npy_bytes(META), "W1.npy": content}, compression)


def with_meta(array: np.ndarray) -> bytes:
    return zipped({"meta.npy": npy_bytes(array), "W1.npy": npy_bytes(MASK)})


def patched(data: bytes, local: int, central: int, value: int) -> bytes:
    """The archive with a 16-bit field of all local and central headers replaced."""
    result = bytearray(data)
    for signature, offset in ((b"PK\3\4", local), (b"PK\1\2", central)):
        start = -1
        while (start := data.find(signature, start + 1)) >= 0:
            result[start + offset : start + offset + 2] = struct.pack("<H", value)
    return bytes(result)


def refusal(tmp_path: Path, name: str, content: bytes, **options: Any) -> str:
    """The message with which `load` refuses a file; one line, and never long."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(tc.InputError) as caught:
        load(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")  # the place, for a loop over many files
    message = message.removeprefix(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 250
    return message


# JSON

BAD_JSON: list[tuple[Any, str]] = [
    (b"", "malformed JSON at line 1 column 1"),
    (b"{", "malformed JSON at line 1 column 2"),
    (b'{\n "samples": 3,\n}', "malformed JSON at line"),
    (json.dumps(GOOD).encode() + b"}", "malformed JSON at line 1 column"),
    (json.dumps(GOOD).encode("utf-16"), "not UTF-8 text (byte 0); JSON is expected"),
    (b'{"network": "\xe9"}', "not UTF-8 text (byte 13); JSON is expected"),
    (b"[" * 100_000, "malformed JSON: nested too deeply"),
    (b'{"a":' * 100_000, "malformed JSON: nested too deeply"),
    (b'{"samples": 1, "samples": 1}', "the key 'samples' occurs twice in one object"),
    (b'{"network": {"kind": 1, "kind": 2}}', "the key 'kind' occurs twice in one object"),
    (b'{"samples":\n  NaN}', "malformed JSON at line 2 column 3: NaN instead of a number"),
    (b'{"NaN": "\\"NaN", "x": -Infinity}', "at line 1 column 23: -Infinity instead of a number"),
    (b'{"samples": ' + b"9" * 5000 + b"}", "line 1 column 13: an integer of too many digits"),
    (b"[]", "an allocation file must hold one JSON object, not []"),
    (b"3", "an allocation file must hold one JSON object, not 3"),
    (b"null", "an allocation file must hold one JSON object, not None"),
]


@pytest.mark.parametrize(("text", "message"), BAD_JSON, ids=[row[1] for row in BAD_JSON])
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, text: bytes, message: str):
    assert message in refusal(tmp_path, "bad.json", text)


def changed(**values: Any) -> dict[str, Any]:
    return {**GOOD, **values}


def mask_file(value: Any) -> dict[str, Any]:
    return {**GOOD, "learnable": {"W1": value}}


KEYS = "an allocation file has network, samples, learnable, present, comment"
SIZE = "must be an integer from 1 to 1073741824, not"

BAD_CONTENT: list[tuple[dict[str, Any], str]] = [
    (changed(learnables={}), f"unknown key 'learnables' (did you mean 'learnable'?); {KEYS}"),
    (changed(**{"k" * 10**6: 1}), f"unknown key '{'k' * 59}...; {KEYS}"),
    (changed(**{"a\nb": 1}), f"unknown key 'a\\nb'; {KEYS}"),
    ({"samples": 1, "learnable": {}}, "the key 'network' is missing; an allocation file needs it"),
    ({k: GOOD[k] for k in ("network", "learnable")}, "the key 'samples' is missing"),
    ({k: GOOD[k] for k in ("network", "samples")}, "the key 'learnable' is missing"),
    (changed(network=None), "network must be an object, not None"),
    (changed(network={"kind": ["a"]}), "network.kind must be one of linear_feedforward"),
    *[(changed(samples=m), f"samples {SIZE} {m!r}") for m in (0, -1, True, 2.5, 3.0, "3", None)],
    (changed(samples=[3]), f"samples {SIZE} [3]"),
    (changed(samples=10**30), f"samples {SIZE} 10000000000"),
    *[
        (changed(**{which: value}), f"{which} must be an object of 0/1 arrays by weight name, not")
        for which in ("learnable", "present")
        for value in (None, 3, [], "W1")
    ],
    (changed(learnable={"W3": [[1]]}), "learnable has no weight 'W3'; this network has W1, W2"),
    (changed(present={"b1": [1]}), "present has no weight 'b1'; this network has W1, W2"),
    (changed(learnable={"W3": {"shape": [], "packed": ""}}), "learnable has no weight 'W3'"),
    (mask_file(None), 'learnable["W1"] must be a 0/1 array of shape (4, 3), not None'),
    (mask_file("101"), "learnable[\"W1\"] must be a 0/1 array of shape (4, 3), not '101'"),
    (mask_file([]), 'learnable["W1"] must have shape (4, 3), not (0,)'),
    (mask_file([[1] * 4] * 3), "(4, 3), not (3, 4): rows are outputs, columns inputs"),
    (mask_file([[1, 1, 1]] * 3 + [[1]]), "of shape (4, 3), but its row 3 has 1 entries"),
    (mask_file([[1, 1, 2]] * 4), 'learnable["W1"][0, 2] must be 0 or 1, not 2'),
    (mask_file([[1, 1, "1"]] * 4), "learnable[\"W1\"][0, 2] must be 0 or 1, not '1'"),
    (mask_file([[1, 1, None]] * 4), 'learnable["W1"][0, 2] must be 0 or 1, not None'),
    (mask_file([[1, 1, {}]] * 4), 'learnable["W1"][0, 2] must be 0 or 1, not {}'),
    (mask_file([[1, 1, 10**4000]] * 4), 'learnable["W1"][0, 2] must be 0 or 1, not 1000'),
    (
        changed(present={"W1": (1 - MASK).tolist()}),
        'learnable["W1"][0, 1] is 1 but present["W1"][0, 1] is 0: an absent connection cannot',
    ),
]


@pytest.mark.parametrize(("data", "message"), BAD_CONTENT, ids=[r[1][:60] for r in BAD_CONTENT])
def test_wrong_content_is_refused_with_its_place(tmp_path: Path, data: Any, message: str):
    assert message in refusal(tmp_path, "bad.json", json.dumps(data).encode())


@pytest.mark.parametrize("depth", [30, 70, 500, 900])
def test_a_deeply_nested_value_is_refused_wherever_it_stands(tmp_path: Path, depth: int):
    nested = json.dumps("?").replace('"?"', "[" * depth + "1" + "]" * depth)
    for data in (mask_file("?"), changed(network="?"), changed(samples="?"), changed(present="?")):
        text = json.dumps(data).replace('"?"', nested)
        assert refusal(tmp_path, "deep.json", text.encode())


def test_a_byte_order_mark_and_any_layout_are_accepted(tmp_path: Path):
    path = tmp_path / "file.JSON"
    path.write_bytes(b"\xef\xbb\xbf\r\n" + json.dumps(GOOD, indent=3).encode())
    assert problem_to_dict(*load(path)) == problem_to_dict(*problem_from_dict(GOOD))


# Packed masks


def packed(content: bytes, shape: Any = (4, 3)) -> dict[str, Any]:
    return {"shape": list(shape), "packed": base64.b64encode(content).decode()}


BITS = zlib.compress(np.packbits(MASK).tobytes())
FORM = 'learnable["W1"].packed must be base64 of zlib-compressed bits'
BAD_PACKED: list[tuple[Any, str]] = [
    ({}, 'learnable["W1"] must be a 0/1 list or have the keys shape, packed, not []'),
    ({"shape": [4, 3]}, "must be a 0/1 list or have the keys shape, packed, not ['shape']"),
    (packed(BITS) | {"bits": 12}, "have the keys shape, packed, not ['bits', 'packed', 'shape']"),
    (packed(BITS, (3, 4)), 'learnable["W1"].shape must be [4, 3], not [3, 4]'),
    (packed(BITS, (4.0, 3.0)), 'learnable["W1"].shape must be [4, 3], not [4.0, 3.0]'),
    (packed(BITS) | {"shape": "43"}, "learnable[\"W1\"].shape must be [4, 3], not '43'"),
    (packed(BITS) | {"packed": 3}, f"{FORM}, not 3"),
    (packed(BITS) | {"packed": None}, f"{FORM}, not None"),
    (packed(BITS) | {"packed": "?"}, FORM),
    (packed(BITS) | {"packed": "\u00e9"}, FORM),
    (packed(b"no zlib"), FORM),
    (packed(b""), f"{FORM}: its end is missing"),
    (packed(BITS[:-6]), f"{FORM}: its end is missing"),
    (packed(BITS[:-1]), f"{FORM}: its end is missing"),
    (packed(BITS[:-1] + bytes([BITS[-1] ^ 1])), f"{FORM}: Error -3"),
    (packed(BITS + b"more"), f"{FORM}: bytes follow its end"),
    (packed(zlib.compress(b"")), 'learnable["W1"].packed must hold 2 bytes of bits, not 0'),
    (packed(zlib.compress(bytes(3))), 'learnable["W1"].packed must hold 2 bytes of bits, not more'),
    (packed(zlib.compress(bytes(10**8))), "packed must hold 2 bytes of bits, not more"),
    (packed(zlib.compress(b"\0\1")), 'learnable["W1"].packed must have zeros behind its 12 bits'),
]


@pytest.mark.parametrize(("value", "message"), BAD_PACKED)
def test_corrupted_packed_masks_are_refused(tmp_path: Path, value: Any, message: str):
    assert message in refusal(tmp_path, "bad.json", json.dumps(mask_file(value)).encode())


def test_a_packed_mask_may_be_of_any_size():
    problem = problem_from_dict(mask_file(packed(BITS)))
    assert np.array_equal(problem.allocation.mask("W1"), MASK)


@given(st.integers(1, 300), st.integers(1, 300), seeds)
def test_masks_are_packed_above_ten_thousand_cells(rows: int, columns: int, seed: int):
    mask = np.random.default_rng(seed).random((rows, columns)) < 0.3
    data = mask_to_json(mask)
    assert isinstance(data, dict) == (mask.size > PACK_ABOVE)
    again = mask_from_json(json.loads(json.dumps(data)), mask.shape, "W1")
    assert np.array_equal(np.asarray(again), mask)


# NumPy archives


class Trap:
    """Leaves a trace if it is ever unpickled."""

    path = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


def objects(shape: tuple[int, ...] = (4, 3)) -> np.ndarray:
    array = np.empty(shape, dtype=object)
    array.fill(Trap())
    return array


PICKLED: dict[str, tuple[Callable[[], bytes], str]] = {
    "mask": (
        lambda: with_w1(npy_bytes(objects(), allow_pickle=True)),
        "array 'W1' holds pickled objects, which are never loaded",
    ),
    "meta": (
        lambda: zipped({"meta.npy": npy_bytes(objects(()), allow_pickle=True)}),
        "array 'meta' holds pickled objects, which are never loaded",
    ),
    "field": (
        lambda: with_w1(npy_bytes(np.zeros((4, 3), [("a", "O")]), allow_pickle=True)),
        "array 'W1' holds pickled objects, which are never loaded",
    ),
    "raw member": (lambda: with_w1(pickle.dumps(Trap())), "array 'W1' is damaged"),
    "raw file": (lambda: pickle.dumps(Trap()), "not an .npz archive, or a damaged one"),
    "other member": (
        lambda: zipped({"meta.npy": npy_bytes(META), "W1.pkl": pickle.dumps(Trap())}),
        "'W1.pkl' in the archive is not an array (.npy)",
    ),
    "header": (
        lambda: with_w1(headed(b"__import__('pathlib').Path(%r).touch()" % Trap.path)),
        "array 'W1' is damaged",
    ),
}


@pytest.mark.parametrize("where", PICKLED)
def test_nothing_in_an_archive_is_ever_run(tmp_path: Path, monkeypatch: Any, where: str):
    trace = tmp_path / "trace"
    monkeypatch.setattr(Trap, "path", str(trace))
    pickle.loads(pickle.dumps(Trap()))
    assert trace.exists()  # the trap works
    trace.unlink()
    make, message = PICKLED[where]
    assert message in refusal(tmp_path, "bad.npz", make())
    assert not trace.exists()


GOOD_ZIP = with_w1(npy_bytes(MASK))
STORED = with_w1(npy_bytes(MASK), zipfile.ZIP_STORED)
NO_ZIP = "not an .npz archive, or a damaged one (np.savez writes one)"
BAD_NPZ: dict[str, tuple[bytes, str]] = {
    "empty": (b"", NO_ZIP),
    "text": (b'{"network": 1}', NO_ZIP),
    "single array": (npy_bytes(MASK), NO_ZIP),
    "truncated": (GOOD_ZIP[:-1], NO_ZIP),
    "half": (GOOD_ZIP[: len(GOOD_ZIP) // 2], NO_ZIP),
    "no arrays": (zipped({}), "the key 'meta' is missing; it holds network and samples as a JSON"),
    "no meta": (zipped({"W1.npy": npy_bytes(MASK)}), "the key 'meta' is missing"),
    "meta a number": (with_meta(np.array(3)), "meta must be one JSON string"),
    "meta a list": (with_meta(np.array(["{}"])), "meta must be one JSON string"),
    "meta empty": (with_meta(np.array("")), "meta: malformed JSON at line 1 column 1"),
    "meta no json": (with_meta(np.array("{")), "meta: malformed JSON at line 1 column 2"),
    "meta no object": (with_meta(np.array("[]")), "meta must be a JSON object with network and"),
    "meta no text": (with_meta(np.array(b"\xff")), "meta: not UTF-8 text (byte 0)"),
    "meta surrogate": (with_meta(np.array("\ud800")), "meta is not valid Unicode text"),
    "meta no character": (
        zipped({"meta.npy": shaped("()", b"\xff\xff\xff\xff", "'<U1'")}),
        "meta is not valid Unicode text",
    ),
    "meta twice a key": (with_meta(np.array('{"samples":1,"samples":1}')), "meta: the key 'sampl"),
    "meta unknown key": (
        with_meta(np.array('{"learnable": {}}')),
        "unknown key 'learnable' in meta; it has network, samples",
    ),
    "meta lacks samples": (
        with_meta(np.array(json.dumps({"network": GOOD["network"]}))),
        "the key 'samples' is missing",
    ),
    "unknown weight": (
        zipped({"meta.npy": npy_bytes(META), "W7.npy": npy_bytes(MASK)}),
        "learnable has no weight 'W7'; this network has W1, W2",
    ),
    "unknown prefix": (
        zipped({"meta.npy": npy_bytes(META), "frozen.W1.npy": npy_bytes(MASK)}),
        "unknown array 'frozen.W1'; expected names like learnable.W1",
    ),
    "no name": (
        zipped({"meta.npy": npy_bytes(META), ".npy": npy_bytes(MASK)}),
        "unknown array ''; expected names like learnable.W1",
    ),
    "two spellings": (
        zipped({f"{name}.npy": npy_bytes(MASK) for name in ("W1", "learnable.W1")}
               | {"meta.npy": npy_bytes(META)}),
        "the array learnable.W1 occurs twice (again as 'learnable.W1')",
    ),
    "no array": (
        zipped({"meta.npy": npy_bytes(META), "read.me": b""}),
        "'read.me' in the archive is not an array (.npy)",
    ),
    "a folder": (zipped({"W1/": b""}), "'W1/' in the archive is not an array (.npy)"),
    "empty array file": (with_w1(b""), "array 'W1' is damaged"),
    "transposed": (with_w1(npy_bytes(MASK.T)), "(4, 3), not (3, 4): rows are outputs"),
    "nan": (with_w1(npy_bytes(np.full((4, 3), np.nan))), 'learnable["W1"][0, 0] must be 0 or 1'),
    "two": (with_w1(npy_bytes(2 * MASK)), 'learnable["W1"][0, 1] must be 0 or 1, not 2'),
    "text values": (with_w1(npy_bytes(MASK.astype("U1"))), "[0, 0] must be 0 or 1, not 'F'"),
    "complex": (with_w1(npy_bytes(MASK + 0j)), "must hold the numbers 0 and 1, not complex128"),
    "dates": (with_w1(npy_bytes(np.zeros((4, 3), "M8[s]"))), "not datetime64[s] values"),
    "structured": (
        with_w1(npy_bytes(np.zeros((4, 3), [("a", "i4")]))),
        "must hold the numbers 0 and 1, not [('a', '<i4')] values",
    ),
    "other booleans": (
        with_w1(shaped("(4, 3)", b"\2" + bytes(11))),
        'learnable["W1"][0, 0] must be 0 or 1, not 2',
    ),
    "too short": (with_w1(shaped("(4, 3)", bytes(11))), "has 11 bytes, its header promises 12"),
    "too long": (with_w1(shaped("(4, 3)", bytes(13))), "has 13 bytes, its header promises 12"),
    "huge shape": (with_w1(shaped("(2**40, 2**40)", b"")), "array 'W1' is damaged"),
    "huge literal": (with_w1(shaped(f"({2**40}, {2**40})", b"")), "0 bytes, its header promises"),
    "huge side": (with_w1(shaped(f"(0, {2**70})", b"")), "array 'W1' is damaged"),
    "negative shape": (with_w1(shaped("(-4, -3)", bytes(12))), "has shape (-4, -3), which no mask"),
    "boolean shape": (with_w1(shaped("(True, 2)", bytes(2))), "has shape (True, 2), which no mask"),
    "many dimensions": (with_w1(shaped(f"({'1, ' * 100})", b"\0")), ", which no mask has"),
    "header no dict": (with_w1(headed(b"[1, 2]")), "array 'W1' is damaged"),
    "header open": (with_w1(headed(b"(" * 5000)), "array 'W1' is damaged"),
    "header keys": (with_w1(headed(b"{'descr': '|b1'}")), "array 'W1' is damaged"),
    "header digits": (with_w1(shaped(f"({'9' * 5000},)", b"")), "array 'W1' is damaged"),
    "header dtype": (with_w1(shaped("(4, 3)", b"", "'xyz'")), "array 'W1' is damaged"),
    "header length": (
        with_w1(b"\x93NUMPY\2\0\xff\xff\xff\xff{}"),
        "array 'W1' is damaged",
    ),
    "header too long": (with_w1(headed(b" " * 2**17)), "array 'W1' is damaged"),
    "other version": (with_w1(headed(b"{}", version=b"\x09\0")), "array 'W1' is damaged"),
    "checksum": (
        STORED.replace(MASK.tobytes(), bytes(12)),
        "'W1.npy' in the archive is damaged: BadZipFile(\"Bad CRC-32",
    ),
    "damaged stream": (
        GOOD_ZIP.replace(b"W1.npy" + GOOD_ZIP[GOOD_ZIP.index(b"W1.npy") + 6 :][:20],
                         b"W1.npy" + 20 * b"\xff"),
        "'W1.npy' in the archive is damaged",
    ),
    "encrypted": (patched(GOOD_ZIP, 6, 8, 1), "'meta.npy' in the archive is encrypted; save it"),
    "other compression": (
        patched(GOOD_ZIP, 8, 10, 99),
        "'meta.npy' is compressed in a way that np.savez_compressed never writes",
    ),
    "bzip2": (with_w1(npy_bytes(MASK), zipfile.ZIP_BZIP2), "is compressed in a way that"),
    "patch": (patched(GOOD_ZIP, 6, 8, 0x20), "'meta.npy' in the archive is damaged"),
    "future zip": (patched(GOOD_ZIP, 4, 6, 99), NO_ZIP),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_NPZ)
def test_a_bad_archive_is_refused_with_its_place(tmp_path: Path, case: str):
    content, message = BAD_NPZ[case]
    assert message in refusal(tmp_path, "bad.npz", content)


def test_an_array_that_occurs_twice_is_refused(tmp_path: Path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of the second
        for name, array in (("meta", META), ("W1", MASK), ("W1", ~MASK)):
            archive.writestr(f"{name}.npy", npy_bytes(array))
    message = refusal(tmp_path, "bad.npz", stream.getvalue())
    assert message == "the array 'W1' occurs twice in the archive"


def test_an_archive_damaged_anywhere_is_loaded_or_refused(tmp_path: Path):
    path = tmp_path / "damaged.npz"
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(2000):
        damaged = bytearray(GOOD_ZIP)
        for place in rng.integers(len(damaged), size=rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            load(path)
        except tc.InputError:  # any other error fails this test
            refused += 1
    assert refused > 1000


@pytest.mark.parametrize(
    "mask",
    [MASK, MASK.astype(np.int64), MASK.astype(float), MASK.astype(">f2"), np.asfortranarray(MASK)],
    ids=["bool", "int", "float", "big endian", "Fortran order"],
)
@pytest.mark.parametrize("name", ["learnable.W1", "learnable/W1", "learnable_W1", "W1"])
def test_arrays_of_any_number_type_and_spelling_are_read(tmp_path: Path, name: str, mask: Any):
    for save_archive in (np.savez, np.savez_compressed):
        path = tmp_path / "file.NPZ"
        with path.open("wb") as file:
            save_archive(file, meta=META, **{name: mask})
        allocation, m = load(path)
        assert m == GOOD["samples"]
        assert np.array_equal(allocation.mask("W1"), MASK)
        assert allocation.counts == {"W1": 5}


def test_the_spellings_of_present_arrays_are_read(tmp_path: Path):
    path = tmp_path / "file.npz"
    for name in ("present.W1", "present/W1", "present_W1"):
        np.savez(path, meta=META, **{name: MASK})  # type: ignore[arg-type]
        allocation, _ = load(path)
        assert np.array_equal(allocation.present_mask("W1"), MASK)
        assert allocation.n_learnable == 0


def test_meta_may_be_bytes(tmp_path: Path):
    path = tmp_path / "file.npz"
    np.savez(path, meta=META.astype(bytes), W1=MASK)
    assert load(path).allocation.n_learnable == 5


# Size limits


def test_a_file_larger_than_the_limit_is_refused(tmp_path: Path):
    text = json.dumps(GOOD).encode()
    message = refusal(tmp_path, "large.json", text, largest=len(text) - 1)
    assert message == f"larger than the limit of {len(text) - 1} bytes"
    assert load(tmp_path / "large.json", largest=len(text)).samples == 3


def test_no_more_than_the_limit_is_read(monkeypatch: Any):
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 <= size <= 1001
            return bytes(size)

    monkeypatch.setattr(Path, "open", lambda *_: Endless())
    with pytest.raises(tc.InputError, match="larger than the limit of 1000 bytes"):
        load("endless.json", largest=1000)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: Any):
    bomb = with_w1(shaped("(10000, 10000)", bytes(10**8)))
    assert len(bomb) < 10**6
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # whoever unpacks fails
    message = refusal(tmp_path, "bomb.npz", bomb, largest=10**7)
    assert message.startswith("would unpack to 1000")
    assert message.endswith("bytes, the limit is 10000000")


def test_a_bomb_that_lies_about_its_size_is_unpacked_no_further(tmp_path: Path):
    import tracemalloc

    content = shaped("(4, 3)", bytes(3 * 10**7))
    bomb = zipped({"W1.npy": content}).replace(
        struct.pack("<I", len(content)), struct.pack("<I", len(content) - 3 * 10**7 + 12)
    )
    tracemalloc.start()
    try:
        message = refusal(tmp_path, "bomb.npz", bomb, largest=10**6)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "'W1.npy' in the archive is damaged" in message
    assert peak < 5 * 10**6


# Files that cannot be read


def test_unreadable_paths_are_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for path, message in (
        (tmp_path / "missing.json", "no such file"),
        (tmp_path, "this is a directory, a file is expected"),
        (tmp_path / "file" / "below", "cannot be read: Not a directory"),
        ("nul\0.json", "no such file (embedded null"),
        ("x" * 5000, "cannot be read: File name too long"),
    ):
        with pytest.raises(tc.InputError) as caught:
            load(path)
        text = str(caught.value)
        assert f": {message}" in text
        assert len(text) < 300


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied"), "no permission to read this file"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
    ],
)
def test_errors_of_the_system_become_one_line(monkeypatch: Any, error: OSError, message: str):
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(tc.InputError) as caught:
        load("file.json")
    assert str(caught.value) == f"file.json: {message}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path):
    path = tmp_path / "secret.json"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(tc.InputError, match="no permission to read this file"):
        load(path)


# Round trips


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    return tmp_path_factory.mktemp("files")


@given(allocation=allocations(), m=samples, ending=st.sampled_from([".json", ".npz", ".JSON"]))
def test_saved_files_load_as_the_same_problem(folder: Path, allocation: Any, m: int, ending: str):
    path = folder / f"file{ending}"
    path.unlink(missing_ok=True)
    save(path, allocation, m)
    problem = load(path)
    assert problem == (allocation, m)
    assert load(str(path)).samples == m
    assert problem.allocation.is_dense == allocation.is_dense


@given(allocations(), samples)
def test_the_object_of_a_file_is_plain_json_with_the_keys_of_the_format(allocation: Any, m: int):
    data = json.loads(json.dumps(problem_to_dict(allocation, m)))
    assert problem_from_dict(data) == (allocation, m)
    assert set(data) == {"network", "samples", "learnable"} | (
        set() if allocation.is_dense else {"present"}
    )
    assert set(data["learnable"]) == set(allocation.counts)


@pytest.mark.parametrize("ending", [".json", ".npz"])
def test_large_masks_survive_the_round_trip(tmp_path: Path, ending: str):
    network = tc.LinearFeedforward([150, 101, 3], bias=True)
    rng = np.random.default_rng(2)
    present = {"W1": rng.random((101, 150)) < 0.6}
    allocation = tc.Allocation.random(network, 4000, rng, present=present)
    assert allocation.mask("W1").size > PACK_ABOVE
    save(tmp_path / f"large{ending}", allocation, 7)
    assert load(tmp_path / f"large{ending}") == (allocation, 7)
    if ending == ".json":
        data = json.loads((tmp_path / "large.json").read_text())
        assert set(data["learnable"]["W1"]) == set(data["present"]["W1"]) == {"shape", "packed"}
        assert isinstance(data["learnable"]["W2"], list)


def test_the_example_of_the_format_loads(tmp_path: Path):
    path = tmp_path / "example.json"
    path.write_text(json.dumps(GOOD))
    allocation, m = load(path)
    assert allocation.network == tc.LinearFeedforward([3, 4, 2])
    assert (m, allocation.n_learnable, allocation.n_present) == (3, 9, 19)


def test_save_refuses_other_endings_and_bad_samples(tmp_path: Path):
    allocation = tc.Allocation.none(tc.LinearFeedforward([2, 2]))
    with pytest.raises(tc.InputError, match=r"file\.txt: the name .* must end in \.json, \.npz or"):
        save(tmp_path / "file.txt", allocation, 1)
    with pytest.raises(tc.InputError, match="samples must be an integer from 1"):
        save(tmp_path / "file.json", allocation, 0)
    assert list(tmp_path.iterdir()) == []
