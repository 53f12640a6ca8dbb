"""Masks in files of others: small floats, files of torch, state dicts, arrays without a network."""

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.cli.test_cli import check_one_line, run
from theorycheck.problem.interop.tensor_files import read_safetensors, small_floats

pytestmark = pytest.mark.torch

__all__ = ["run"]  # a fixture

NETWORK = tc.LinearFeedforward([3, 2])
MASK = np.array([[1, 0, 1], [0, 1, 0]])
WANTED = tc.Allocation(NETWORK, {"W1": MASK})
META = json.dumps({"network": NETWORK.to_dict(), "samples": 2})
# The bytes of 1, of 0, and of the numbers -1 and 2, by the definitions of these types.
CODES = {
    "BF16": (0x3F80, [0, 0x8000], [0xBF80, 0x4000, 0x7F80, 0x7FC0, 0x3F81]),
    "F8_E4M3": (0x38, [0, 0x80], [0xB8, 0x40, 0x7F, 0x39]),
    "F8_E5M2": (0x3C, [0, 0x80], [0xBC, 0x40, 0x7C, 0x7E]),
    "F8_E4M3FNUZ": (0x40, [0], [0xC0, 0x48, 0x80]),
    "F8_E5M2FNUZ": (0x40, [0], [0xC0, 0x44, 0x80]),
}


def tensor_file(path: Path, dtype: str, codes: np.ndarray, meta: str | None = META) -> Path:
    """A safetensors file with the tensor W1 of these codes, written byte by byte."""
    pytest.importorskip("safetensors", reason="safetensors is missing")
    data = codes.astype("<u2" if dtype == "BF16" else "u1").tobytes()
    entry = {"dtype": dtype, "shape": list(codes.shape), "data_offsets": [0, len(data)]}
    header: dict[str, Any] = {"W1": entry} if meta is None else {"__metadata__": {"meta": meta}}
    text = json.dumps({**header, "W1": entry}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.mark.parametrize("dtype", CODES)
def test_small_floats_of_0_and_1_are_masks_and_no_others(tmp_path: Path, dtype: str):
    one, zeros, others = CODES[dtype]
    for zero in zeros:
        path = tensor_file(tmp_path / "a.safetensors", dtype, np.where(MASK == 1, one, zero))
        assert tc.load(path) == (WANTED, 2)
    for other in others:
        path = tensor_file(tmp_path / "a.safetensors", dtype, np.where(MASK == 1, one, other))
        with pytest.raises(tc.InputError, match=r'learnable\["W1"\]\[0, 1\] must be 0 or 1, not'):
            tc.load(path)


def test_types_without_0_or_that_no_mask_has(tmp_path: Path):
    path = tensor_file(tmp_path / "a.safetensors", "F8_E8M0", np.full((2, 3), 127))
    assert tc.load(path).allocation.n_learnable == 6
    path = tensor_file(tmp_path / "a.safetensors", "F8_E8M0", np.full((2, 3), 0))
    with pytest.raises(tc.InputError, match="must be 0 or 1"):
        tc.load(path)
    path = tensor_file(tmp_path / "a.safetensors", "C64", np.zeros((2, 24)))
    text = path.read_bytes().replace(b'"shape": [2, 24]', b'"shape": [2, 3] ')
    path.write_bytes(text)
    with pytest.raises(tc.InputError, match="has the type C64, which no mask needs: save it as"):
        tc.load(path)


def test_small_floats_are_those_of_torch():
    torch = pytest.importorskip("torch", reason="torch is missing")
    names = {"F8_E4M3": "e4m3fn", "F8_E5M2": "e5m2", "F8_E8M0": "e8m0fnu"}
    names |= {"F8_E4M3FNUZ": "e4m3fnuz", "F8_E5M2FNUZ": "e5m2fnuz"}
    for dtype, name in names.items():
        if hasattr(torch, f"float8_{name}"):
            codes = torch.arange(256).to(torch.uint8).view(getattr(torch, f"float8_{name}"))
            assert np.array_equal(codes.float().numpy(), small_floats(dtype), equal_nan=True)


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=20)
def test_safetensors_keep_their_order_and_values(tmp_path_factory: Any, seed: int, both: bool):
    numpy = pytest.importorskip("safetensors.numpy", reason="safetensors is missing")
    rng = np.random.default_rng(seed)
    kinds = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
    arrays = {f"x{n}": rng.integers(0, 2, (2, n + 1)).astype(k) for n, k in enumerate(kinds)}
    path = tmp_path_factory.mktemp("t") / "a.safetensors"
    numpy.save_file(arrays, path, {"meta": "x"} if both else None)
    metadata, found = read_safetensors(path.read_bytes())
    assert metadata == ({"meta": "x"} if both else {})
    assert {name: (a.dtype, a.tolist()) for name, a in found.items()} == {
        name: (a.dtype, a.tolist()) for name, a in arrays.items()
    }


# Files of torch.


def saved(path: Path, content: Any) -> Path:
    torch = pytest.importorskip("torch", reason="torch is missing")
    torch.save(content, path)
    return path


def tensor(array: Any, dtype: str = "bool") -> Any:
    torch = pytest.importorskip("torch", reason="torch is missing")
    return torch.as_tensor(np.asarray(array)).to(getattr(torch, dtype))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "bfloat16", "float16"])
@pytest.mark.parametrize("ending", [".pt", ".pth"])
def test_files_of_torch_are_allocation_files(tmp_path: Path, dtype: str, ending: str):
    mask, path = tensor(MASK, dtype), tmp_path / f"a{ending}"
    forms = [
        {"network": NETWORK.to_dict(), "samples": 2, "learnable": {"W1": mask}},
        {"meta": META, "learnable.W1": mask, "present.W1": tensor(np.ones((2, 3)))},
        {"meta": META, "W1": mask},
    ]
    for content in forms:
        assert tc.load(saved(path, content)) == (WANTED, 2)


def test_a_design_starts_from_a_file_of_torch(tmp_path: Path, run: Any):
    path = saved(tmp_path / "a.pt", {"meta": META, "W1": tensor(MASK)})
    assert run("design", path, "--samples", 2, "--budget", 4).status == 0


class Trap:
    """Leaves a trace if it is ever unpickled."""

    path = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


def test_what_needs_pickling_is_never_run(tmp_path: Path, monkeypatch: Any):
    trace = tmp_path / "trace"
    monkeypatch.setattr(Trap, "path", str(trace))
    for content in ({"W1": Trap()}, Trap()):
        path = saved(tmp_path / "a.pt", content)
        with pytest.raises(tc.InputError, match=r"needs pickling.*never done.*state_dict\(\)"):
            tc.load(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(tc.InputError, match=r"needs pickling|not a file of torch.save"):
        tc.load(path)
    torch = pytest.importorskip("torch")
    with pytest.raises(tc.InputError, match="needs pickling"):
        tc.load(saved(path, torch.nn.Linear(3, 2)))
    assert not trace.exists()
    whole = saved(path, {"W1": tensor(MASK)}).read_bytes()
    for damaged in (b"", b"nothing", whole[:-20], whole[:100]):
        path.write_bytes(damaged)
        with pytest.raises(tc.InputError, match=r"not a file of torch.save|is no file of tensors"):
            tc.load(path)


def test_torch_files_that_are_no_allocation_files_tell_the_way(tmp_path: Path):
    state = {"0.weight": tensor(MASK, "float32")}
    for content in (state, tensor(MASK), {"state_dict": state}):
        with pytest.raises(tc.InputError, match=r"theorycheck new OUT.json --masks FILE --sampl"):
            tc.load(saved(tmp_path / "a.pt", content))
    for content, match in (([1], "a dictionary of tensors is expected"), ({"a": 1}, "no tensor")):
        with pytest.raises(tc.InputError, match=match):
            tc.load(saved(tmp_path / "a.pt", content))


def test_without_torch_its_files_are_refused_in_one_line(tmp_path: Path, monkeypatch: Any):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    path = tmp_path / "a.pt"
    path.write_bytes(b"x")
    with pytest.raises(tc.InputError, match=r"need the extra torch: pip install.*\.safetensors"):
        tc.load(path)


# Masks without a network.


def test_arrays_are_layers_or_have_the_names_of_their_files(tmp_path: Path):
    second = np.array([[1, 1]])
    for name, array in (("a", MASK), ("b", second), ("W2", second), ("W1", MASK)):
        np.save(tmp_path / f"{name}.npy", array)
    np.save(tmp_path / "present.W1.npy", np.ones((2, 3)))
    both = tc.Allocation(tc.LinearFeedforward([3, 2, 1]), {"W1": MASK, "W2": second})
    one = tc.load_masks(tmp_path / "a.npy")
    assert one == WANTED
    assert tc.load_masks(tmp_path / "a.npy", tmp_path / "b.npy") == both
    named = [tmp_path / f"{name}.npy" for name in ("W2", "present.W1", "W1")]
    assert tc.load_masks(*named) == both
    assert tc.load_masks(*named, kind="shallow_relu").network == tc.ShallowReLU([3, 2, 1])
    with pytest.raises(tc.InputError, match=r"the mask 'W1' is in another file already"):
        tc.load_masks(tmp_path / "a.npy", tmp_path / "W1.npy")
    with pytest.raises(tc.InputError, match=r"W1 is missing; or say the sizes of the network"):
        tc.load_masks(tmp_path / "W2.npy")
    network = tc.LinearFeedforward([5, 2, 1])
    assert tc.load_masks(tmp_path / "W2.npy", network=network).counts == {"W2": 2}
    with pytest.raises(tc.InputError, match=r"this file is no allocation file.*--masks FILE"):
        tc.load(tmp_path / "a.npy")


def test_archives_sparse_matrices_and_recurrent_masks(tmp_path: Path):
    np.savez(tmp_path / "a.npz", **{"learnable.W1": MASK, "present.W1": np.ones((2, 3))})
    assert tc.load_masks(tmp_path / "a.npz") == WANTED
    scipy.sparse.save_npz(tmp_path / "b.npz", scipy.sparse.csr_array(MASK))
    assert tc.load_masks(tmp_path / "b.npz") == WANTED
    masks = {"input": np.eye(3)[:, :1], "recurrent": np.eye(3), "readout": np.ones((2, 3))}
    np.savez(tmp_path / "c.npz", **masks)  # type: ignore[arg-type]
    found = tc.load_masks(tmp_path / "c.npz", steps=4, readout="all")
    assert found.network == tc.LinearRecurrent(1, 3, 2, 4, "all")
    assert found.counts == {"input": 1, "recurrent": 3, "readout": 6}
    with pytest.raises(tc.InputError, match="steps are missing"):
        tc.load_masks(tmp_path / "c.npz")
    np.savez(tmp_path / "d.npz", recurrent=np.eye(3))
    with pytest.raises(tc.InputError, match="a recurrent network needs the mask of input"):
        tc.load_masks(tmp_path / "d.npz", steps=4)
    with pytest.raises(tc.InputError, match=r"files of masks end in \.npy"):
        tc.load_masks(tmp_path / "a.csv")


def test_a_json_file_may_name_an_array(tmp_path: Path):
    np.save(tmp_path / "w1.npy", MASK)
    path = tmp_path / "a.json"
    data = {"network": NETWORK.to_dict(), "samples": 2, "learnable": {"W1": {"file": "w1.npy"}}}
    path.write_text(json.dumps(data))
    assert tc.load(path) == (WANTED, 2)
    (tmp_path / "w1.npy").write_bytes(b"x")
    with pytest.raises(
        tc.InputError, match=r'learnable\["W1"\].file \(w1.npy\): array in the file'
    ):
        tc.load(path)
    path.write_text(json.dumps({**data, "learnable": {"W1": {"file": "/w1.npy"}}}))
    with pytest.raises(tc.InputError, match=r"must be the path of an .npy file from the folder"):
        tc.load(path)


# State dicts.


PRUNED = {
    "0.weight_orig": np.full((2, 3), 0.3),
    "0.weight_mask": MASK,
    "2.weight": np.full((1, 2), 0.5),
}


def test_masks_of_pruning_are_present_and_what_they_leave_is_learnable():
    found = tc.Allocation.from_state_dict(PRUNED, "linear_feedforward")
    network = tc.LinearFeedforward([3, 2, 1])
    assert found == tc.Allocation.full(network, present={"W1": MASK})
    relu = tc.Allocation.from_state_dict(PRUNED, "shallow_relu")
    assert relu.network == tc.ShallowReLU([3, 2, 1])
    only = tc.Allocation.from_state_dict({"weight_mask": MASK}, network=NETWORK)
    assert only == tc.Allocation.full(NETWORK, present={"W1": MASK})


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("relu", [False, True])
def test_a_pruned_module_and_its_state_dict_are_read_alike(tmp_path: Path, bias: bool, relu: bool):
    torch = pytest.importorskip("torch", reason="torch is missing")
    prune = pytest.importorskip("torch.nn.utils.prune", reason="torch is missing")

    model = torch.nn.Sequential(
        torch.nn.Linear(4, 3, bias=bias),
        torch.nn.ReLU() if relu else torch.nn.Identity(),
        torch.nn.Linear(3, 2, bias=bias),
    )
    prune.random_unstructured(model[0], "weight", 0.5)
    if bias:
        prune.random_unstructured(model[2], "bias", 1)
    wanted = tc.Allocation.from_torch(model)
    kind = wanted.network.kind
    assert tc.Allocation.from_state_dict(model.state_dict(), kind) == wanted
    path = saved(tmp_path / "model.pt", model.state_dict())
    assert tc.load_masks(path, kind=kind) == wanted
    saved(path, {"epoch_loss": torch.zeros(1), "state_dict": model.state_dict()})
    assert tc.load_masks(path, kind=kind) == wanted
    pytest.importorskip("safetensors.torch", reason="safetensors is missing")
    from safetensors.torch import save_file

    meta = json.dumps({"network": wanted.network.to_dict(), "samples": 3})
    save_file(model.state_dict(), tmp_path / "a.safetensors", {"meta": meta})
    assert tc.load(tmp_path / "a.safetensors") == (wanted, 3)
    assert tc.load_masks(tmp_path / "a.safetensors", kind=kind) == wanted
    saved(path, {"meta": meta, **model.state_dict()})
    assert tc.load(path) == (wanted, 3)


def test_a_pruned_recurrent_module_and_its_state_dict_are_read_alike():
    torch = pytest.importorskip("torch", reason="torch is missing")
    prune = pytest.importorskip("torch.nn.utils.prune", reason="torch is missing")

    rnn = torch.nn.RNN(2, 3, bias=False)
    prune.random_unstructured(rnn, "weight_hh_l0", 0.5)
    model = torch.nn.ModuleDict({"rnn": rnn, "out": torch.nn.Linear(3, 1, bias=False)})
    found = tc.Allocation.from_state_dict(model.state_dict(), "linear_recurrent", steps=5)
    assert found.network == tc.LinearRecurrent(2, 3, 1, 5)
    assert np.array_equal(found.present_mask("recurrent"), rnn.weight_hh_l0_mask.numpy() == 1)
    assert found.n_learnable == found.n_present == 6 + found.counts["recurrent"] + 3
    with pytest.raises(tc.InputError, match="steps are missing"):
        tc.Allocation.from_state_dict(model.state_dict(), "linear_recurrent")


def test_tensors_of_0_and_1_are_masks_of_what_is_learnable():
    masks = {"net.2.weight": [[1, 0]], "net.0.weight": MASK}
    found = tc.Allocation.from_state_dict(masks, "linear_feedforward")
    assert found == tc.Allocation(tc.LinearFeedforward([3, 2, 1]), {"W1": MASK, "W2": [[1, 0]]})
    sparse = {"0.weight": scipy.sparse.csr_array(MASK)}
    assert tc.Allocation.from_state_dict(sparse, "linear_feedforward") == WANTED


SQUARE = {"encoder.weight": np.eye(2), "decoder.weight": 1 - np.eye(2)}


def test_the_order_of_layers_is_that_of_numbers_or_shapes_or_is_asked():
    many = {f"layers.{n}.weight": np.ones((1, 1)) * (n == 10) for n in (10, 9, 2, 0)}
    found = tc.Allocation.from_state_dict(many, "linear_feedforward")
    assert found.counts == {"W4": 1}
    shapes = {"head.weight": np.ones((1, 2)), "body.weight": np.zeros((2, 3))}
    assert tc.Allocation.from_state_dict(shapes, "linear_feedforward").counts == {"W2": 2}
    with pytest.raises(tc.InputError, match=r"order of the layers 'encoder', 'decoder' is open"):
        tc.Allocation.from_state_dict(SQUARE, "linear_feedforward")
    order = ["decoder", "encoder"]
    found = tc.Allocation.from_state_dict(SQUARE, "linear_feedforward", layers=order)
    assert found.mask("W1").tolist() == [[False, True], [True, False]]
    with pytest.raises(tc.InputError, match="layers must name each of encoder, decoder once"):
        tc.Allocation.from_state_dict(SQUARE, "linear_feedforward", layers=["decoder"])


@pytest.mark.parametrize(
    ("tensors", "options", "match"),
    [
        ({}, {}, "a state dict of names and tensors is expected"),
        ({"0.weight": MASK}, {"kind": None}, "does not tell activations: say the kind"),
        ({"0.weight": MASK}, {"kind": "linear"}, "kind must be linear_feedforward or shallow_relu"),
        ({"0.weight": MASK}, {"kind": "linear_recurrent"}, "no module of the state dict has the"),
        ({"0.weight": MASK * 0.5}, {}, r"0.weight holds weights, no mask .*from_torch\(model\)"),
        ({"0.weight": MASK, "0.running_mean": [1]}, {}, "the state dict has '0.running_mean'"),
        ({"0.weight": MASK, 3: [1]}, {}, "the state dict has 3"),
        ({"0.weight": np.ones((2, 1, 3, 3))}, {}, r"has shape \(2, 1, 3, 3\); only linear layers"),
        ({"0.bias": [1, 0]}, {}, "a bias of '0', but no weight"),
        ({"0.weight": MASK, "0.bias": [1, 0], "1.weight": [[1, 1]]}, {}, "1 has no bias, but othe"),
        ({"0.weight": MASK, "1.weight": [[1]]}, {}, "no chain: 0 has 2 outputs, 1 behind it 1 in"),
        ({"0.weight_mask": MASK, "0.weight_orig": MASK.T}, {}, r"0.weight has parts of shapes"),
        ({"0.weight_mask": MASK * 2}, {}, "must be 0 or 1, not 2"),
        ({"0.weight": MASK}, {"network": tc.LinearFeedforward([2, 3])}, r"shape \(2, 3\), the net"),
        (
            {"0.weight": MASK},
            {"network": tc.LinearFeedforward([3, 2, 2])},
            "has the weights W1, W2",
        ),
        ({"r.weight_ih_l0": MASK}, {"kind": "linear_recurrent"}, "read of one nn.RNN of one layer"),
    ],
)
def test_state_dicts_that_fit_nothing_are_one_line(tensors: Any, options: Any, match: str):
    with pytest.raises(tc.InputError, match=match) as caught:
        tc.Allocation.from_state_dict(tensors, **{"kind": "linear_feedforward", **options})
    assert "\n" not in str(caught.value)


# The command.


def test_the_command_makes_an_allocation_file_of_masks(run: Any, tmp_path: Path):
    mask, out = tmp_path / "mask.npy", tmp_path / "out.json"
    np.save(mask, MASK)
    result = run("new", out, "--masks", mask, "--samples", 2)
    assert (result.status, result.err) == (0, "")
    assert tc.load(out) == (WANTED, 2)
    np.savez(tmp_path / "state.npz", **PRUNED)
    state = tmp_path / "state.npz"
    check_one_line(run("new", out, "--force", "--masks", state), "does not tell activations")
    assert run("new", out, "--force", "--masks", state, "--kind", "shallow_relu").status == 0
    found = tc.load(out).allocation
    assert found == tc.Allocation.full(tc.ShallowReLU([3, 2, 1]), present={"W1": MASK})
    widths = ["--widths", "3,2,4"]
    assert run("new", out, "--force", "--masks", mask, *widths).status == 0
    assert tc.load(out).allocation.network == tc.LinearFeedforward([3, 2, 4])
    np.savez(tmp_path / "square.npz", **SQUARE)  # type: ignore[arg-type]
    square = ["new", out, "--force", "--kind", "linear_feedforward", "--masks"]
    check_one_line(run(*square, tmp_path / "square.npz"), "is open", "say layers=[...]")
    assert run(*square, tmp_path / "square.npz", "--layers", "encoder,decoder").status == 0
    check_one_line(run("new", out, "--layers", "a"), "--layers means nothing without --masks")
    check_one_line(run("new", out, "--masks", mask, "--budget", 1), "--budget means nothing for")
    check_one_line(run("new", out, "--masks", tmp_path / "no.npy"), "no.npy: no such file")
    check_one_line(run("new", out, "--masks", mask, "--bias"), "--bias needs --widths")
    check_one_line(run("classify", mask), "theorycheck new OUT.json --masks FILE")


def test_large_masks_are_packed(run: Any, tmp_path: Path):
    rng = np.random.default_rng(0)
    masks = {"W1": rng.random((256, 784)) < 0.1, "W2": rng.random((10, 256)) < 0.5}
    np.savez(tmp_path / "m.npz", **masks)  # type: ignore[arg-type]
    out = tmp_path / "out.json"
    assert run("new", out, "--masks", tmp_path / "m.npz").status == 0
    assert tc.load(out).allocation == tc.Allocation(tc.LinearFeedforward([784, 256, 10]), masks)
    assert out.stat().st_size < 200_000
