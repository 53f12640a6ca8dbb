"""Connectomes with named units: edges, frames, matrices, CSV files; against plain counting."""

import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.cli.test_cli import check_one_line, run
from theorycheck.problem.interop.edge_files import SOURCES, TARGETS, column_of

__all__ = ["run"]  # a fixture

EDGES = [("a", "h"), ("b", "h"), ("h", "g"), ("g", "h"), ("h", "c"), ("c", "c")]
ENDS: dict[str, Any] = {"inputs": ["b", "a"], "outputs": ["c"], "steps": 4}
ORDER = ["a", "h", "b", "g", "c"]  # of first mention


def entries(mask: np.ndarray, names: list[Any]) -> set[tuple[Any, Any]]:
    """The connections (source, target) of a recurrent mask, whose rows are targets."""
    return {(names[j], names[i]) for i, j in np.argwhere(mask).tolist()}


def test_rows_are_targets_and_every_unit_is_a_hidden_one():
    found = tc.Allocation.from_edges(EDGES, **ENDS)
    assert found.network == tc.LinearRecurrent(2, 5, 1, 4)
    assert tc.unit_names(EDGES, **ENDS) == {"input": ["b", "a"], "hidden": ORDER, "output": ["c"]}
    assert entries(found.present_mask("recurrent"), ORDER) == set(EDGES)
    assert found.mask("recurrent").tolist() == found.present_mask("recurrent").tolist()
    assert found.present_mask("input").astype(int).tolist() == [[0, 1], [0, 0], [1, 0], [0, 0],
                                                                [0, 0]]  # fmt: skip
    assert found.present_mask("readout").astype(int).tolist() == [[0, 0, 0, 0, 1]]
    assert found.counts == {"recurrent": 6}


@pytest.mark.long
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_all_forms_of_a_diagram_are_one_allocation(tmp_path_factory: Any, seed: int):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 6))
    names = [f"n{i}" for i in rng.permutation(size)]
    matrix = rng.random((size, size)) < 0.5  # rows are targets
    matrix[0, 1] = True
    learnable = matrix & (rng.random((size, size)) < 0.5)
    ends: dict[str, Any] = {"inputs": [names[1]], "outputs": [names[0]], "steps": 3}
    cells = [(names[j], names[i]) for i, j in np.argwhere(matrix).tolist()]
    bits = [bool(learnable[i, j]) for i, j in np.argwhere(matrix).tolist()]
    wanted = tc.Allocation.from_edges(matrix, labels=names, learnable=learnable, **ends)
    assert entries(wanted.present_mask("recurrent"), names) == set(cells)
    assert entries(wanted.mask("recurrent"), names) == {
        c for c, b in zip(cells, bits, strict=True) if b
    }

    def check(edges: Any, **options: Any) -> None:
        """The same connections, whatever the order of the units."""
        found = tc.Allocation.from_edges(edges, **ends, **options)
        order = tc.unit_names(edges, **ends, **options)["hidden"]
        assert found.network.inputs == found.network.outputs == 1
        for mask, same in (("present_mask", wanted.present_mask), ("mask", wanted.mask)):
            both = getattr(found, mask)("recurrent"), same("recurrent")
            assert entries(both[0], order) == entries(both[1], names)
        assert order[int(np.argmax(found.present_mask("input")))] == names[1]
        assert order[int(np.argmax(found.present_mask("readout")))] == names[0]

    triples = [(*c, b) for c, b in zip(cells, bits, strict=True)]
    check(triples)
    check(triples * 2)  # a pair that comes twice is one connection
    check([list(edge) for edge in triples])
    check(cells, learnable=[c for c, b in zip(cells, bits, strict=True) if b])
    strengths = matrix * rng.uniform(-2, 2, matrix.shape)
    check(strengths.T, labels=names, learnable=learnable.T.astype(int), rows="sources")
    check(scipy.sparse.csr_array(matrix), labels=names, learnable=learnable.tolist())
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    lines = ["pre,post,plastic", *(f"{s},{t},{int(b)}" for s, t, b in triples)]
    path.write_text("\n".join(lines))
    check(path)
    check(str(path))
    pandas = pytest.importorskip("pandas", reason="pandas is missing")
    check(pandas.DataFrame(triples, columns=["source", "target", "learnable"]))
    frame = pandas.DataFrame(strengths, index=names, columns=names)
    frame = frame.iloc[rng.permutation(size), rng.permutation(size)]  # matched by name
    picked = [c for c, b in zip(cells, bits, strict=True) if b]
    check(frame, learnable=picked)
    check(frame.T, learnable=picked, rows="sources")


def test_groups_of_units_share_an_input_or_an_output():
    found = tc.Allocation.from_edges(
        EDGES, inputs={"light": ["a", "b"], "touch": ["g"]}, outputs={"move": ["c", "h"]}, steps=4
    )
    assert found.network == tc.LinearRecurrent(2, 5, 1, 4)
    assert found.present_mask("input").sum(axis=0).tolist() == [2, 1]
    assert found.present_mask("readout").sum() == 2


@given(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_layers_of_a_feed_forward_diagram_are_found(widths: list[int], seed: int):
    rng = np.random.default_rng(seed)
    network = tc.LinearFeedforward(widths)
    present = {n: rng.random(s) < 0.6 for n, s in network.weight_shapes.items()}
    for mask in present.values():
        mask[np.arange(len(mask)), rng.integers(mask.shape[1], size=len(mask))] = True
    wanted = tc.Allocation.random(network, 1, rng, present=present)
    graph: Any = wanted.to_networkx()
    names = {node: f"u{i}" for i, node in enumerate(rng.permutation(len(graph)).tolist())}
    nodes = dict(zip(graph, names.values(), strict=True))
    edges = [(nodes[s], nodes[t], on) for s, t, on in graph.edges(data="learnable")]
    edges = [edges[i] for i in rng.permutation(len(edges))]
    used = {name for edge in edges for name in edge[:2]}
    ends: dict[str, Any] = {
        place: [nodes[level, i] for i in range(widths[level]) if nodes[level, i] in used]
        for place, level in (("inputs", 0), ("outputs", network.depth))
    }
    found = tc.Allocation.from_edges(edges, **ends)
    order = tc.unit_names(edges, **ends)
    again: Any = found.to_networkx()
    told = {
        (order[s[0]][s[1]], order[t[0]][t[1]], on) for s, t, on in again.edges(data="learnable")
    }
    assert told == set(edges)
    assert (order[0], order[network.depth]) == (ends["inputs"], ends["outputs"])


def test_a_shallow_relu_diagram():
    edges = [("a", "h"), ("h", "c")]
    found = tc.Allocation.from_edges(edges, inputs=["a"], outputs=["c"], kind="shallow_relu")
    assert found == tc.Allocation.full(tc.ShallowReLU([1, 1, 1]))


def refused(match: str, edges: Any = EDGES, **options: Any) -> None:
    with pytest.raises(tc.InputError, match=match) as caught:
        tc.Allocation.from_edges(edges, **{**ENDS, **options})
    assert "\n" not in str(caught.value)


LAYERED: dict[str, Any] = {"inputs": ["a"], "outputs": ["c"], "steps": None}


@pytest.mark.parametrize(
    ("edges", "options", "match"),
    [
        (
            [("a", "h"), ("h", "c"), ("a", "c")],
            {},
            "'c' is 1 connection behind .* and 2 on another",
        ),
        ([("a", "h"), ("h", "g"), ("g", "h"), ("h", "c")], {}, "'h' is on a cycle or behind one"),
        ([("a", "c"), ("c", "a")], {}, "a connection leads into the input 'a' from 'c'"),
        ([("a", "h"), ("h", "c"), ("z", "h")], {}, "no connection leads to 'z', which is no input"),
        ([("a", "h"), ("h", "c"), ("h", "z")], {}, "'z' is in the last layer, but no output"),
        ([("a", "c"), ("c", "z")], {}, "the output 'c' is 1 connection behind the inputs, another"),
        ([("a", "a")], {"outputs": ["a"]}, "a connection leads into the input 'a'"),
        ([("a", "c")], {"kind": "linear"}, "kind must be linear_feedforward or shallow_relu"),
        ([("a", "c")], {"inputs": {"x": ["a"]}}, "of a feed-forward network are units, no groups"),
    ],
)
def test_diagrams_without_layers_are_refused(edges: Any, options: Any, match: str):
    refused(match, edges, **{**LAYERED, **options})
    if match.startswith("no connection") or "kind" in options:
        return
    refused("for a recurrent network", edges, **{**LAYERED, **options})


TWO = np.array([[0, 1], [0, 0]])  # from the second to the first


@pytest.mark.parametrize(
    ("edges", "options", "match"),
    [
        ([("a", "h", 5)], {}, r"edges\[0\]: the third entry is learnable \(0 or 1\), strengths"),
        ([("a", "h", "1")], {}, "the third entry is learnable"),
        (["ah"], {}, r"edges\[0\] must be \(source, target\) or"),
        ([("a",)], {}, r"must be \(source, target\) or"),
        ([("a", None)], {}, "the name of a unit must be text or a number, not None"),
        ([(["a"], "b")], {}, "the name of a unit must be text or a number"),
        ([("a", "h", 1), ("h", "c")], {}, "all edges say whether they are learnable, or none"),
        ([("a", "h", 1), ("a", "h", 0)], {}, "'a' -> 'h' comes twice, learnable and not"),
        ([("a", "h", 1)], {"learnable": True}, "the edges say themselves what is learnable"),
        (EDGES, {"learnable": [("h", "a")]}, r"learnable names \('h', 'a'\), which is no conn"),
        (EDGES, {"learnable": "all"}, "learnable must be true, false or pairs"),
        ([], {}, "there is no connection at all"),
        ({"a": "b"}, {}, "edges must be pairs"),
        (3, {}, "edges must be pairs"),
        (EDGES, {"inputs": ["A"]}, r"inputs name the unit 'A' \(did you mean 'a'\?\)"),
        (EDGES, {"inputs": "a"}, "inputs must list names of units, not 'a'"),
        (EDGES, {"inputs": []}, "inputs must name at least one unit"),
        (EDGES, {"outputs": ["c", "c"]}, "outputs name 'c' twice"),
        (EDGES, {"outputs": {"x": []}}, r"outputs\['x'\] must name at least one unit"),
        (EDGES, {"outputs": {"x": "c"}}, r"outputs\['x'\] must list names"),
        (EDGES, {"rows": "sources"}, "rows are those of a matrix"),
        (EDGES, {"rows": "source"}, r'"targets" or "sources", not \'source\' \(did you mean'),
        (EDGES, {"steps": 0}, "network.steps must be an integer from 1"),
        (EDGES, {"readout": "last"}, "network.readout must be"),
        (TWO, {}, "labels are missing"),
        (TWO, {"labels": ["a"]}, "labels must be 2 different names"),
        (TWO, {"labels": ["a", "a"]}, "labels must be 2 different names"),
        (TWO[:1], {"labels": ["a"]}, r"must be square, not of shape \(1, 2\)"),
        (TWO * np.nan, {"labels": ["a", "b"]}, r"the matrix\[0, 0\] is nan: 0 is no connection"),
        (TWO * 1j, {"labels": ["a", "b"]}, "must hold numbers, not complex128"),
        (np.ma.array(TWO, mask=TWO), {"labels": ["a", "b"]}, r"the matrix\[0, 1\] is masked"),
        (TWO, {"labels": ["a", "c"], "learnable": TWO.T}, r"learnable\[1, 0\] is 1, but there is"),
        (
            TWO,
            {"labels": ["a", "c"], "inputs": ["a"]},
            "no connection leads from the inputs .* here the rows of the matrix are targets; if",
        ),
    ],
)
def test_flaws_of_edges_and_matrices_are_named(edges: Any, options: Any, match: str):
    refused(match, edges, **options)


def test_the_other_orientation_is_told_only_if_it_helps():
    ends: dict[str, Any] = {"inputs": ["a"], "outputs": ["c"], "steps": 3}
    found = tc.Allocation.from_edges(TWO, labels=["a", "c"], rows="sources", **ends)
    assert tc.classify(found, 1).warnings == ()
    lone = tc.Allocation.from_edges(np.eye(2), labels=["a", "c"], **ends)
    assert "output 0 is constant" in tc.classify(lone, 1).warnings[0]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | st.sampled_from(["a", "b", ""]),
    lambda parts: (
        st.lists(parts, max_size=3) | st.tuples(parts, parts) | st.sets(st.integers(0, 2))
    ),
    max_leaves=8,
)


@given(JUNK, JUNK, JUNK, JUNK, JUNK, st.sampled_from([None, 2]))
@settings(max_examples=300)
def test_junk_is_refused_in_one_line(
    edges: Any, inputs: Any, outputs: Any, learnable: Any, labels: Any, steps: Any
):
    options = {"inputs": inputs, "outputs": outputs, "learnable": learnable, "labels": labels}
    for given_edges in (edges, [("a", "b"), ("b", 1)], np.array([[0, 1], [1, 0]])):
        message = ""
        try:
            tc.Allocation.from_edges(given_edges, steps=steps, **options)
        except tc.InputError as error:  # any other error fails the test
            message = str(error)
        assert "\n" not in message


# Files.


def test_columns_are_known_by_many_names():
    for names in (
        ("pre_root_id", "post_root_id"),
        ("bodyId_pre", "bodyId_post"),
        ("Source", "Target"),
        ("From", "To"),
        ("presynaptic", "postsynaptic"),
        ("src", "dst"),
    ):
        assert (column_of(names, SOURCES), column_of(names, TARGETS)) == (0, 1)


def csv_file(folder: Path, text: str) -> Path:
    path = folder / "edges.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_a_matrix_in_a_file_has_names_on_both_sides(tmp_path: Path):
    path = csv_file(tmp_path, ";a;h;c\nh;3;;\na;;;\nc;;-1.5;0\n")  # rows in another order
    ends: dict[str, Any] = {"inputs": ["a"], "outputs": ["c"], "steps": 3}
    found = tc.Allocation.from_edges(path, **ends)
    order = tc.unit_names(path, **ends)["hidden"]
    assert order == ["a", "h", "c"]
    assert entries(found.present_mask("recurrent"), order) == {("a", "h"), ("h", "c")}
    turned = {**ends, "inputs": ["c"], "outputs": ["a"], "rows": "sources"}
    assert entries(tc.Allocation.from_edges(path, **turned).present_mask("recurrent"), order) == {
        ("h", "a"), ("c", "h")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (
            "",
            "there are no edges in this file; the first line must name the columns source, target",
        ),
        ("source,target\n", "there are no edges in this file"),
        ("a,b\nb,c\n", r"the first line must name the columns source, target.* not \['a', 'b'\]"),
        ("source,target\na,b,c\n", "line 2 has 3 cells, the first line has 2"),
        ("source,target\na,\n", "line 2 has no target"),
        ("source,target,weight\na,b,0\n", "line 2: weight is 0: leave out connections that do not"),
        ("source,target,learnable\na,b,2\n", "line 2: learnable must be 1 or 0, not '2'"),
        ("source,target,pre\na,b,c\n", "the columns 'source' and 'pre' mean the same"),
        (",a,b\na,0,1\nb,x,0\n", "line 3: 'x' is no number"),
        (",a,b\na,0,nan\nb,1,0\n", "line 2: 'nan' is no number"),
        (",a,b\na,0,1\na,1,0\nb,0,0\n", "the unit 'a' comes twice"),
        (",a,b\na,0,1\n", "the first line must name the columns"),
    ],
)
def test_flaws_of_files_are_named_with_the_line(tmp_path: Path, text: str, match: str):
    refused(f"edges.csv: {match}", csv_file(tmp_path, text), inputs=["a"], outputs=["b"])


def test_files_that_are_no_text_are_refused(tmp_path: Path):
    path = tmp_path / "a.csv"
    refused("no such file", path)
    path.write_bytes(b"source,target\n\xff,b\n")
    refused("not UTF-8 text", path)
    with pytest.raises(tc.InputError, match=r"theorycheck new OUT.json --edges FILE --inputs"):
        tc.load(path)


# The command.

CSV = "pre,post,weight\na,h,3\nb,h,2\nh,g,1\ng,h,4\nh,c,2\n"


def test_the_command_makes_an_allocation_file_of_a_diagram(run: Any, tmp_path: Path):
    path, out = csv_file(tmp_path, CSV), tmp_path / "out.json"
    new = ["new", out, "--force", "--edges", path, "--inputs", "a,b", "--outputs", "c"]
    result = run(*new, "--steps", 4, "--samples", 2)
    assert (result.status, result.err) == (0, "")
    assert "rows are targets, columns sources" in result.out
    assert "hidden units: 0 a, 1 h, 2 b, 3 g, 4 c" in result.out
    assert "Columns that mean nothing here: weight" in result.out
    allocation, samples = tc.load(out)
    full = tc.Allocation.from_edges(path, inputs=["a", "b"], outputs=["c"], steps=4)
    assert (allocation.network, samples) == (full.network, 2)
    assert allocation.given_present().keys() == full.given_present().keys()
    assert np.array_equal(allocation.present_mask("recurrent"), full.present_mask("recurrent"))
    needed = tc.classify(allocation, 2).target_dimension
    assert allocation.counts == {"recurrent": needed}
    assert "hidden units: 0 a, 1 h, 2 b, 3 g, 4 c" in json.loads(out.read_text())["comment"]
    assert run(*new, "--steps", 4, "--budget", 4).status == 0
    assert tc.load(out).allocation.counts == {"recurrent": 4}
    check_one_line(run(*new), "'h' is on a cycle or behind one; say steps=T (--steps T)")
    check_one_line(run(*new, "--kind", "linear_recurrent"), "needs --steps")
    check_one_line(run(*new, "--readout", "all"), "needs --steps")
    assert run(*new, "--steps", 4, "--readout", "all").status == 0
    assert tc.load(out).allocation.network == tc.LinearRecurrent(2, 5, 1, 4, "all")
    check_one_line(run(*new, "--steps", 4, "--kind", "shallow_relu"), "--kind shallow_relu")
    check_one_line(run(*new, "--widths", "3,4"), "--widths means nothing for --edges")
    check_one_line(run(*new[:5], "--inputs", "a", "--steps", 3), "--edges needs --outputs")
    check_one_line(run("new", out, "--inputs", "a,b"), "names of units go with --edges")
    told = csv_file(tmp_path, "source,target,learnable\na,c,1\nb,c,0\n")
    assert (
        run(
            "new",
            out,
            "--force",
            "--edges",
            told,
            *new[5:],
        ).status
        == 0
    )
    found = tc.load(out).allocation
    assert found == tc.Allocation(tc.LinearFeedforward([2, 1]), {"W1": [[1, 0]]})
    check_one_line(run(*new, "--budget", 2), "the column learnable tells what --budget")


def test_a_connectome_of_three_hundred_neurons(run: Any, tmp_path: Path):
    graph = nx.gnp_random_graph(300, 0.03, seed=1, directed=True)
    lines = ["pre_root_id,post_root_id,syn_count", *(f"{s},{t},5" for s, t in graph.edges)]
    path, out = csv_file(tmp_path, "\n".join(lines)), tmp_path / "out.json"
    ends = ["--inputs", "0,1,2", "--outputs", "7,8", "--steps", 4, "--samples", 2]
    assert run("new", out, "--edges", path, *ends).status == 0
    allocation, _ = tc.load(out)
    assert int(allocation.present_mask("recurrent").sum()) == graph.number_of_edges()
    assert run("classify", out, "--seconds", 0).status == 0
