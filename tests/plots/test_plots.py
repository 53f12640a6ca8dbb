"""Pictures: certificates point somewhere, figures have what they should, files agree."""

import copy
import json
import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.checker.test_certificates import EXAMPLES, certificate_of
from tests.shared.strategies import allocations, plain_networks, seeds
from theorycheck.answers.classification import classify
from theorycheck.measurement.estimate import Estimate
from theorycheck.plots.grid import fill_of
from theorycheck.plots.layout import layout, path_edges
from theorycheck.plots.marks.base import EQUATIONS, EntryBlock, Line, Marks, Spot, Walk, chains
from theorycheck.plots.marks.registry import certificate_marks
from theorycheck.plots.network import check_drawable
from theorycheck.plots.panels import block_counts, layer_panel
from theorycheck.plots.probability import MARKERS
from theorycheck.plots.shown import ShownFigure
from theorycheck.theorems import t18_given_inputs

pytest.importorskip("matplotlib")
FF = tc.LinearFeedforward
FILES = Path(__file__).parents[2] / "examples" / "allocations"
SVG = "{http://www.w3.org/2000/svg}"


def marks_of(name: str) -> Marks:
    allocation, samples, _ = EXAMPLES[name]
    return certificate_marks(allocation, samples, certificate_of(name))


def lines(marks: Marks, grid: str, axis: str) -> dict[int, str]:
    return {
        m.index: m.text
        for m in marks.marks
        if isinstance(m, Line) and (m.grid, m.axis) == (grid, axis) and m.outlined
    }


def spots(marks: Marks, grid: str) -> set[tuple[int, int]]:
    return {(m.row, m.column) for m in marks.marks if isinstance(m, Spot) and m.grid == grid}


def run(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "theorycheck", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("name", EXAMPLES)
def test_marks_of_every_example_lie_on_its_grids(name):
    allocation = EXAMPLES[name][0]
    certificate, marks = certificate_of(name), marks_of(name)
    by_number = certificate.kind in ("count", "deficient_rank")
    if by_number and "minor" not in certificate.evidence["target_lower"]:
        assert marks.is_empty
    else:
        assert marks.is_empty == (certificate.kind == "full")
        assert marks.notes
    shapes = allocation.network.weight_shapes
    for mark in marks.marks:
        if mark.grid == EQUATIONS:
            continue
        rows, *columns_of = shapes[mark.grid]
        biases = [rest for matrix, *rest in allocation.network.weight_layers if matrix == mark.grid]
        columns = math.prod(columns_of) + len(biases[0])
        if isinstance(mark, Line):
            assert 0 <= mark.index < (rows if mark.axis == "rows" else columns)
        elif isinstance(mark, Spot):
            assert 0 <= mark.row < rows
            assert 0 <= mark.column < columns
        elif isinstance(mark, Walk):
            assert all(0 <= i < rows and 0 <= j < columns for i, j in mark.entries)
        else:
            assert set(mark.rows) <= set(range(rows))
            assert set(mark.columns) <= set(range(columns))


def test_deficient_lines_carry_their_counts():
    assert lines(marks_of("degree_count deficient"), "W2", "rows") == {1: "0"}
    assert lines(marks_of("degree_count columns"), "W1", "columns") == {0: "1", 1: "1"}


def test_a_cycle_is_closed_and_the_rectangle_is_outlined():
    (walk,) = (m for m in marks_of("cycle").marks if isinstance(m, Walk))
    assert walk.entries[0] == walk.entries[-1]
    assert set(walk.entries) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    (block,) = (m for m in marks_of("rectangle").marks if isinstance(m, EntryBlock))
    assert block == EntryBlock("W1", (0, 1, 2), (0, 1, 2))


def test_what_certificates_of_ranks_and_degrees_point_at():
    cover = marks_of("structural_cover")
    assert spots(cover, EQUATIONS) == {(0, 0), (0, 1)}
    ordered = [m for m in marks_of("triangular").marks if isinstance(m, Spot)]
    order = {m.text: (m.grid, m.row, m.column) for m in ordered if m.grid != EQUATIONS}
    # Where the input is 0 the output is affine in W2 alone.
    assert order == {"1": ("W2", 0, 0), "2": ("W1", 0, 0)}
    conflict = marks_of("full_rank")
    assert [name for name, _ in conflict.path] == ["W1", "W2"]
    assert spots(conflict, "W1") == {(0, 0), (1, 1)}


def test_marks_of_what_is_left_after_peeling_are_put_back():
    masks = {"W1": [[1, 0, 0], [1, 1, 0], [1, 0, 0]], "W2": [[1, 1, 1], [0, 0, 0], [0, 0, 0]]}
    allocation = tc.Allocation(FF([3, 3, 3]), masks)
    certificate = tc.classify(allocation, 3).certificate
    assert certificate is not None
    assert certificate.evidence["steps"] == [["row", 0], ["column", 0]]
    marks = certificate_marks(allocation, 3, certificate)
    struck = [m for m in marks.marks if isinstance(m, Line) and m.struck]
    assert [(m.grid, m.axis, m.index, m.text) for m in struck] == [
        ("W2", "rows", 0, "1."),
        ("W1", "columns", 0, "2."),
    ]
    # Numbers 0 and 1 of what is left, without column 0.
    assert lines(marks, "W1", "columns") == {1: "1", 2: "0"}


def test_given_inputs_that_are_zero_leave_the_others_in_their_places():
    allocation = tc.Allocation(FF([3, 2], bias=True), {"W1": [[0, 0, 1], [0, 0, 1]], "b1": [1, 1]})
    points = [[0.0, 1.0, 2.0], [0.0, 2.0, 3.0]]
    verdict = tc.classify(allocation, 2, inputs=np.array(points))
    assert verdict.certificate is not None
    marks = certificate_marks(allocation, 2, verdict.certificate)
    on_weights = {m.column for m in marks.marks if isinstance(m, Spot) and m.grid == "W1"}
    assert on_weights == {2, -1}  # -1 is the bias
    assert tc.plot(allocation, 2, verdict).axes


def test_learnables_on_inputs_that_span_are_marked_where_they_are():
    """Input 0 is always 0, and of inputs 1 and 2, which are equal, one is left out."""
    network = FF([4, 2, 3, 2])
    points = np.array([[0, 1, 1, 0], [0, 0, 0, 1], [0, 2, 2, 3]])
    masks = {"W1": [[0, 0, 1, 0], [0, 0, 1, 1]], "W2": [[1, 0], [1, 1], [0, 1]]}
    allocation = tc.Allocation(network, {**masks, "W3": [[1, 0, 0], [0, 1, 0]]})
    verdict = classify(allocation, 3, inputs=points, theorems=[t18_given_inputs.THEOREM])
    assert verdict.certificate is not None
    marks = certificate_marks(allocation, 3, verdict.certificate)
    found = {(m.row, m.column) for m in marks.marks if isinstance(m, Spot) and m.grid == "W1"}
    assert found == {(0, 2), (1, 2), (1, 3)}
    assert tc.plot(allocation, 3, verdict).axes


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_joined_cells_have_a_cycle_if_and_only_if_rows_and_columns_have(cells):
    import networkx as nx

    joined = nx.Graph(list(chains(list(cells))))  # type: ignore[arg-type]
    joined.add_nodes_from(cells)
    lines_of = nx.Graph((("row", i), ("column", j)) for i, j in cells)
    independent = [g.number_of_edges() - g.number_of_nodes() + nx.number_connected_components(g)
                   for g in (joined, lines_of)]  # fmt: skip
    assert independent[0] == independent[1]


@given(seeds, st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 9))
def test_block_counts_add_up(seed, rows, columns, row_step, column_step):
    mask = np.random.default_rng(seed).random((rows, columns)) < 0.4
    counts = block_counts(mask, row_step, column_step)
    for (a, b), found in np.ndenumerate(counts):
        block = mask[a * row_step : (a + 1) * row_step, b * column_step : (b + 1) * column_step]
        assert found == block.sum()
    constant = np.broadcast_to(np.bool_(True), (rows, columns))
    sizes = block_counts(np.ones((rows, columns), dtype=bool), row_step, column_step)
    assert (block_counts(constant, row_step, column_step) == sizes).all()


@given(allocations(plain_networks))
def test_connections_have_each_present_weight(allocation):
    found = layout(allocation)
    learnable = {(name, index) for (name, index), _, _, is_on in found.edges if is_on}
    expected = {(n, tuple(i)) for n, m in allocation.masks("learnable") for i in np.argwhere(m)}
    assert {weight for weight, *_ in found.edges} <= {
        (n, tuple(i)) for n, m in allocation.masks("present") for i in np.argwhere(m)
    }
    steps = getattr(allocation.network, "steps", 2)
    unused = {(n, i) for n, i in expected if n == "recurrent"} if steps == 1 else set()
    assert learnable | unused == expected


@pytest.mark.parametrize("name", ["full_rank", "full_rank recurrent", "frozen_direct_path"])
def test_the_path_is_connected_from_input_to_output(name):
    allocation, marks = EXAMPLES[name][0], marks_of(name)
    found = layout(allocation)
    edges = [found.edges[n] for n in sorted(path_edges(found, marks.path))]
    assert len(edges) == len(marks.path)
    tails, heads = [{edge[end] for edge in edges} for end in (1, 2)]
    assert len(tails - heads) == len(heads - tails) == 1


@settings(max_examples=12)
@given(allocations(plain_networks), st.integers(1, 4))
def test_any_allocation_can_be_drawn(allocation, samples):
    figure = tc.plot(allocation, samples, title="<&$_\x00\ud800é.json")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    shapes = allocation.network.weight_shapes
    assert sum(", " in t for t in titles) == sum(len(shape) == 2 for shape in shapes.values())


def labels(axes) -> set[str]:
    return {text.get_text() for text in axes.texts}


def test_learnable_frozen_and_absent_are_told_apart_without_colour():
    allocation = tc.Allocation(FF([3, 1]), {"W1": [[1, 0, 0]]}, {"W1": [[1, 1, 0]]})
    (axes,) = (a for a in tc.plot(allocation, 2, what="masks").axes if a.get_title(loc="left"))
    hatches = {patch.get_hatch(): patch.get_path().get_extents().bounds for patch in axes.patches}
    assert hatches == {None: (0, 0, 1, 1), "/////": (1, 0, 1, 1)}  # nothing at the third cell

    def grey(style):
        red, green, blue = (int(style["facecolor"][k : k + 2], 16) for k in (1, 3, 5))
        return 0.3 * red + 0.59 * green + 0.11 * blue

    shades = [grey(fill_of(level / 8)) for level in range(9)]
    assert shades == sorted(shades, reverse=True)
    assert len({style["marker"] for style in MARKERS.values()}) == len(MARKERS)


@pytest.mark.parametrize(
    "name", ["degree_count deficient", "cycle", "two_forests", "witness", "relu_missed_sample"]
)
def test_an_svg_is_xml_with_text_and_the_same_twice(name, tmp_path):
    allocation, samples, _ = EXAMPLES[name]
    texts = []
    for file in ("a.svg", "b.svg"):
        figure = tc.plot(allocation, samples, certificate_of(name), title="a <name> & $5.json")
        tc.save_figure(figure, tmp_path / file)
        texts.append((tmp_path / file).read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    root = ET.fromstring(texts[0])
    shown = {"".join(element.itertext()) for element in root.iter(f"{SVG}text")}
    assert "a <name> & $5.json" in shown
    assert {note[0].upper() + note[1:] for note in marks_of(name).notes if len(note) < 60} <= shown
    element = tc.figure_svg(figure, 'what "it" shows')
    root = ET.fromstring(element)
    assert root.get("aria-label") == 'what "it" shows'
    used = {e.get("id") for e in root.iter() if e.get("id")}
    assert all(f"#{name}" in element for name in used)


def test_texts_do_not_overlap():
    for name in ("degree_count columns", "cycle", "relu_missed_sample two inputs", "peeled"):
        allocation, samples, _ = EXAMPLES[name]
        figure = tc.plot(allocation, samples, certificate_of(name), title="name_" * 60)
        figure.draw_without_rendering()
        texts = [text for axes in figure.axes for text in axes.texts] + figure.texts
        boxes = [text.get_window_extent() for text in texts if text.get_text().strip()]
        boxes += [a.title.get_window_extent() for a in figure.axes if a.title.get_text()]
        boxes += [a._left_title.get_window_extent() for a in figure.axes if a.get_title("left")]  # type: ignore[attr-defined]
        page = figure.bbox
        for number, box in enumerate(boxes):
            assert page.x0 <= box.x0 <= box.x1 <= page.x1
            assert page.y0 <= box.y0 <= box.y1 <= page.y1
            for other in boxes[:number]:
                wide = min(box.x1, other.x1) - max(box.x0, other.x0)
                high = min(box.y1, other.y1) - max(box.y0, other.y0)
                assert wide <= 1 or high <= 2, (name, box, other)


def test_a_large_mask_is_drawn_in_blocks_and_neighbouring_lines_as_one():
    mask = np.zeros((300, 1000), dtype=bool)
    mask[:, ::100] = True
    mask[100:160] = False
    allocation = tc.Allocation(FF([1000, 300]), {"W1": mask})
    panel = layer_panel(allocation, "W1")
    assert panel.is_coarse
    assert max(panel.learnable.shape) <= 64
    assert panel.learnable.sum() == mask.sum()
    figure = tc.plot(allocation, 10, tc.classify(allocation, 10))
    (axes,) = (a for a in figure.axes if a.get_title(loc="left"))
    (outline,) = (p for p in axes.patches if not p.get_fill() and p.get_linewidth() < 2)
    assert np.shape(outline.get_path().vertices) == (5, 2)


def test_a_network_of_more_units_than_can_be_seen_is_refused():
    allocation = tc.Allocation.none(FF([61, 2]))
    with pytest.raises(tc.InputError, match="up to 60 units a level, here are 61"):
        tc.plot(allocation, 1, what=("network",))
    check_drawable(tc.Allocation.none(FF([60, 2])))
    assert len(tc.plot(allocation, 1).axes) == 2  # the grid and its legend
    with pytest.raises(tc.InputError, match="what must be some of masks"):
        tc.plot(allocation, 1, what=("maps",))
    with pytest.raises(tc.InputError, match="needs an estimate"):
        tc.plot(allocation, 1, what=("probability",))


def estimate(matches: int, trials: int, undecided: int) -> Estimate:
    decided = trials - undecided
    share = matches / decided if decided else None
    interval = (matches / trials * 0.9, min((matches + undecided) / trials * 1.1, 1.0))
    return Estimate(matches, trials, undecided, share, interval, "test", "numpy", 0, "normal",
                    None, None, None, 0.0)  # fmt: skip


def test_probabilities_are_sorted_with_intervals_and_undecided_draws():
    allocation = tc.Allocation.rows(FF([2, 3, 2]), {"W2": [0]})
    minimal = tc.classify(allocation, 2)
    entries = [("b", estimate(6, 10, 2), None), ("a", estimate(0, 10, 0), minimal)]
    entries.append(("c", estimate(0, 10, 10), None))
    (axes,) = tc.plot_probability(entries).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "c", "b"]
    assert {"6 of 10 draws, 2 undecided", "0 of 10 draws"} <= labels(axes)
    whiskers = [line.get_xdata() for line in axes.lines if line.get_linestyle() == "-"]
    shown = [tuple(np.asarray(x)) for x in whiskers if len(np.asarray(x)) == 2]
    assert {e[1].interval for e in entries} <= set(shown)
    legend = axes.get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()] == ["minimal", "not classified"]
    with pytest.raises(tc.InputError, match="1 to 200"):
        tc.plot_probability([])


def test_settings_of_the_user_are_left_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    tc.figure_svg(tc.plot(tc.Allocation.none(FF([2, 2])), 1))
    assert dict(matplotlib.rcParams) == before
    code = "import sys, theorycheck as tc; n = tc.LinearFeedforward([2, 2]);"
    code += "tc.plot(tc.Allocation.none(n), 1); assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_command_draws_an_allocation_and_a_certificate(tmp_path):
    file, out = FILES / "diagonals.json", tmp_path / "fig.svg"
    done = run("plot", file, "--out", out, "--what", "all", "--measure", 50, "--seconds", 0)
    assert (done.returncode, done.stderr) == (0, "")
    text = out.read_text()
    for expected in ("diagonals", "POSITIVE", "W1, 2 x 2", "hidden", "95 % interval"):
        assert expected in text
    assert ".json" not in text  # a figure is about an allocation, not about a file
    certificate = copy.deepcopy(certificate_of("cycle").to_dict())
    (tmp_path / "c.json").write_text(json.dumps(certificate))
    done = run("plot", tmp_path / "c.json", "--out", tmp_path / "c.pdf", "--what", "masks")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF")
    certificate["evidence"]["cycle"][0] = [2, 2]
    (tmp_path / "c.json").write_text(json.dumps(certificate))
    done = run("plot", tmp_path / "c.json", "--out", tmp_path / "d.pdf")
    assert done.returncode == 2
    assert "the certificate is refused: " in done.stderr


@pytest.mark.long
def test_the_command_compares_several_files_and_refuses_what_it_cannot_do(tmp_path):
    files, out = [FILES / "cross.json", FILES / "forest.json"], tmp_path / "fig.png"
    done = run("plot", *files, "--out", out, "--measure", 20)
    assert (done.returncode, done.stderr) == (0, "")
    assert out.read_bytes().startswith(b"\x89PNG")
    for arguments, message in (
        ((*files, "--out", out, "--what", "masks"), "--what: masks of one file at a time"),
        ((files[0], "--out", tmp_path / "f.gif"), "must end in .svg, .pdf, .png"),
        ((files[0], "--out", tmp_path / "no" / "f.svg"), "f.svg: cannot be written: No such"),
        ((tmp_path / "no.json", "--out", out), "no.json: no such file"),
        ((files[0], "--out", out, "--what", "x"), "must be one of masks, network, probability"),
    ):
        done = run("plot", *arguments)
        assert done.returncode == 2
        assert message in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_notebook_shows_every_figure(tmp_path):
    allocation = tc.Allocation.layer(FF([2, 2]), "W1")
    estimate = tc.measure(allocation, 2, trials=5)
    summary = tc.sweep(tc.SweepSpec(FF([2, 2]), 2, 2), tmp_path / "s.sqlite")
    for figure in (
        tc.plot(allocation, 2, tc.classify(allocation, 2)),
        tc.plot_probability([("x", estimate, None)]),
        tc.plot_summary(summary),
    ):
        assert isinstance(figure, ShownFigure)
        assert figure._repr_png_().startswith(b"\x89PNG")


def test_without_matplotlib_one_line_names_the_extra(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None; from theorycheck.cli.app import main; main()"
    )
    arguments = ["plot", str(FILES / "cross.json"), "--out", str(tmp_path / "f.svg")]
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith("needs the extra plot: pip install 'theorycheck[plot]'\n")
    assert done.stderr.count("\n") == 1
