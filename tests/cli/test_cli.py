"""The command line: output, exit statuses, and one line on standard error for whatever is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import theorycheck as tc
from tests.shared.patience import HANGS
from theorycheck.cli import app as cli
from theorycheck.problem.files import save

LINEAR = {
    "network": {"kind": "linear_feedforward", "widths": [3, 4, 2]},
    "samples": 3,
    "learnable": {"W1": [[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 0]], "W2": [[1, 0, 0, 1]] * 2},
}
RECURRENT = {
    "network": {"kind": "linear_recurrent", "inputs": 1, "hidden": 3, "outputs": 1, "steps": 4},
    "samples": 2,
    "learnable": {"recurrent": [[1, 1, 0], [0, 1, 0], [0, 0, 0]], "input": [[1], [1], [1]]},
}
RELU = {
    "network": {"kind": "shallow_relu", "widths": [2, 3, 1]},
    "samples": 4,
    "learnable": {"W1": [[1, 1], [1, 0], [0, 0]]},
}
NO_REGULAR_RELU = {**RELU, "samples": 10}  # 9 weights
FULL_RELU = {**RELU, "learnable": {"W1": [[1, 1]] * 3, "W2": [[1, 1, 1]]}}
MINIMAL = {
    "network": {"kind": "linear_feedforward", "widths": [2, 2]},
    "samples": 2,
    "learnable": {"W1": [[1, 1], [1, 0]]},
}
# The rank stays below the target dimension, which only random trials say.
PROBABILISTIC = {
    "network": {"kind": "linear_feedforward", "widths": [3, 3, 3]},
    "samples": 3,
    "learnable": {
        "W1": [[1, 1, 1], [0, 0, 0], [1, 0, 1]],
        "W2": [[1, 1, 0], [1, 0, 0], [1, 0, 0]],
    },
}
PROBLEMS = {
    "linear": LINEAR,
    "recurrent": RECURRENT,
    "relu": RELU,
    "full_relu": FULL_RELU,
    "no_regular_relu": NO_REGULAR_RELU,
    "minimal": MINIMAL,
    "probabilistic": PROBABILISTIC,
}

KEYS = [
    "file",
    "expressivity",
    "match_probability",
    "rank",
    "target_dimension",
    "learnable",
    "degree",
    "theorem",
    "rigor",
    "certificate",
    "limited_by",
    "seconds",
    "warnings",
]
EXTRA_KEYS = {"reason", "seed", "estimate"}  # beyond the contract
INTERVALS = {"minimal": [0, 0], "maximal": [1, 1]}


class Result(NamedTuple):
    status: Any
    out: str
    err: str


@pytest.fixture
def run(capsys: Any, monkeypatch: Any) -> Any:
    """Call the command line in this process."""

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["theorycheck", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return Result(caught.value.code or 0, *capsys.readouterr())

    return call


@pytest.fixture
def problems(tmp_path: Path) -> dict[str, Path]:
    """One file for each of the PROBLEMS."""
    paths = {name: tmp_path / f"{name}.json" for name in PROBLEMS}
    for name, path in paths.items():
        path.write_text(json.dumps(PROBLEMS[name]))
    return paths


def process(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "theorycheck", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANGS, **options)


def check_one_line(result: Result, *fragments: object, status: int = 2) -> None:
    assert result.status == status
    assert result.err.endswith("\n")
    assert result.err.count("\n") == 1
    assert result.err.startswith("theorycheck")
    assert "Traceback" not in result.err
    for fragment in fragments:
        assert str(fragment) in result.err


# Usage


BETWEEN = "must be a number between 0 and 1, not"
POSITIVE = "must be a positive number of GiB, not"
NAMES = "backend must be auto, numpy or cupy, not"
OPTIONS: list[tuple[list[str], str]] = [
    *[
        (["--seed", text], f"'--seed': must be an integer from 0, not '{text}'")
        for text in ("-1", "1.5", "one", "")
    ],
    (["--seed", "9" * 5000], "'--seed': must be an integer from 0, not '9999"),
    *[
        (["--error-bound", text], f"'--error-bound': {BETWEEN} '{text}'")
        for text in ("0", "1", "-1", "2", "nan", "inf", "1e-400", "small", "")
    ],
    *[
        (["--memory-limit", text], f"'--memory-limit': {POSITIVE} '{text}'")
        for text in ("0", "-1", "nan", "inf", "1e400", "much", "")
    ],
    *[(["--backend", text], f"'--backend': {NAMES} '{text}'") for text in ("torch", "NumPy", "")],
    (["--jsn"], "No such option: --jsn"),
    (["--seed"], "'--seed' requires an argument"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS, ids=[str(row[0])[:30] for row in OPTIONS])
def test_bad_options_are_refused_once_and_before_any_work(
    run: Any, problems: dict[str, Path], options: list[str], message: str
):
    result = run("classify", problems["linear"], problems["relu"], *options)
    check_one_line(result, message, "--help tells the usage")
    assert result.out == ""


def test_a_gpu_backend_that_does_not_answer_is_refused(run: Any, problems: Any, monkeypatch: Any):
    monkeypatch.setattr("theorycheck.computing.backend._working_cupy", lambda: None)
    result = run("classify", problems["linear"], "--backend", "cupy")
    check_one_line(result, "backend cupy needs CuPy", "working GPU")
    assert run("classify", problems["linear"], "--backend", "auto").status == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing command"),
        (["clasify"], "No such command 'clasify'"),
        (["--nonsense"], "No such option: --nonsense"),
        (["classify"], "theorycheck classify: Missing argument 'FILE...'"),
        (["check"], "theorycheck check: Missing argument 'CERTIFICATE...'"),
        (["check", "x.json", "--inputs", "1"], "theorycheck check: No such option: --inputs"),
    ],
)
def test_bad_usage_is_one_line(run: Any, arguments: list[str], message: str):
    result = run(*arguments)
    check_one_line(result, message)
    assert result.out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["classify", "check", "Exit status: 0 done; 1 a check"]),
        (["classify", "--help"], ["FILE...", "--json", "--certificate", "--memory-limit"]),
        (["check", "--help"], ["CERTIFICATE...", "--json", "--seed", "--error-bound", "--seconds"]),
    ],
)
def test_help_tells_commands_and_options(run: Any, arguments: list[str], words: list[str]):
    result = run(*arguments)
    assert (result.status, result.err) == (0, "")
    assert all(word in result.out for word in words)


def test_importing_the_command_line_does_not_import_numpy():
    code = "import sys, theorycheck.cli.app; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=HANGS).returncode == 0


@pytest.mark.parametrize("arguments", [["--help"], ["classify", "--help"]])
def test_help_loads_nothing_that_it_does_not_need(arguments: list[str]):
    heavy = {"numpy", "scipy", "typer.rich_utils", "pygments", "markdown_it"}
    code = (
        f"import sys\nsys.argv[1:] = {arguments}\nfrom theorycheck.cli.app import main\n"
        f"try: main()\nfinally: print('loaded', sorted({heavy} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], timeout=HANGS, capture_output=True, text=True, check=True
    )
    assert "Usage: theorycheck" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded []"


# classify


def test_a_verdict_for_people(run: Any, problems: dict[str, Path]):
    result = run("classify", problems["minimal"])
    assert (result.status, result.err) == (0, "")
    words = " ".join(result.out.split())
    assert words.startswith("minimal.json: linear feed-forward 2-2, 2 samples; 3 of 4 weights")
    assert "MINIMAL no random teacher is ever matched (probability 0) because T3: row 1" in words


def check_verdict(data: dict[str, Any], path: Path) -> None:
    """The object has exactly the keys of the contract, with fitting values."""
    optional = {"error_bound"} if data["rigor"] == "probabilistic" else set()
    is_relu = "relu" in path.name
    optional |= {"conditioned_on"} if is_relu else set()
    assert set(data) == set(KEYS) | EXTRA_KEYS | optional
    assert data["file"] == str(path)
    assert data["match_probability"] == INTERVALS.get(data["expressivity"], [0, 1])
    assert data["rigor"] in ("proved", "probabilistic")
    assert not is_relu or data["conditioned_on"] == "regular teacher"
    assert type(data["learnable"]) is int
    for key in ("rank", "target_dimension", "degree"):
        assert data[key] is None or type(data[key]) is int
    assert isinstance(data["certificate"]["kind"], str)
    assert (data["theorem"] is None) == (data["expressivity"] == "undecided")
    assert 0 <= data["seconds"] < 60


def test_json_lines_have_the_keys_of_the_contract_in_the_order_of_the_files(
    run: Any, problems: dict[str, Path]
):
    paths = [problems[name] for name in reversed(PROBLEMS)]
    result = run("classify", *paths, "--json")
    assert (result.status, result.err) == (0, "")
    lines = [json.loads(line) for line in result.out.splitlines()]
    for data, path in zip(lines, paths, strict=True):
        check_verdict(data, path)
    verdicts = {Path(data["file"]).stem: data for data in lines}
    classes = {name: data["expressivity"] for name, data in verdicts.items()}
    assert classes["minimal"] == "minimal"
    assert classes["full_relu"] == "maximal"
    assert (classes["relu"], classes["no_regular_relu"]) == ("minimal", "undecided")
    assert verdicts["probabilistic"]["rigor"] == "probabilistic"
    assert 0 < verdicts["probabilistic"]["error_bound"] <= 1e-9
    assert verdicts["minimal"]["rigor"] == "proved"


def test_options_reach_the_verdict(run: Any, problems: dict[str, Path]):
    path = problems["probabilistic"]
    arguments = ("classify", path, "--json", "--seed", 7, "--error-bound", "1e-30")
    data = json.loads(run(*arguments).out)
    assert data["seed"] == 7
    assert 0 < data["error_bound"] <= 1e-30
    result = run("classify", path, "--memory-limit", "1e-9")
    check_one_line(result, path, "GiB, more than the limit")


BAD_FILES = {
    "empty.json": "malformed JSON at line 1 column 1",
    "directory.json": "this is a directory, a file is expected",
    "missing.json": "no such file",
    "nul\0.json": "no such file",
    "text.npz": "not an .npz archive",
    "mask.json": 'learnable["W1"][1, 1] must be 0 or 1, not 7',
}


def bad_file(folder: Path, name: str) -> Path:
    path = folder / name
    if name == "directory.json":
        path.mkdir()
    elif name == "mask.json":
        path.write_text(json.dumps({**MINIMAL, "learnable": {"W1": [[1, 1], [1, 7]]}}))
    elif name in ("empty.json", "text.npz"):
        path.write_text("")
    return path


@pytest.mark.parametrize("name", BAD_FILES)
def test_one_bad_file_does_not_stop_the_others(
    run: Any, problems: dict[str, Path], tmp_path: Path, name: str
):
    path = bad_file(tmp_path, name)
    good = [problems["minimal"], problems["linear"]]
    result = run("classify", good[0], path, good[1], "--json")
    check_one_line(result, " ".join(str(path).split()), BAD_FILES[name])
    assert [json.loads(line)["file"] for line in result.out.splitlines()] == list(map(str, good))
    text = run("classify", good[0], path, good[1])
    check_one_line(text, BAD_FILES[name])
    assert text.out.index("MINIMAL") < text.out.index("linear.json")


def test_every_bad_file_gets_its_own_line(run: Any, tmp_path: Path):
    paths = [bad_file(tmp_path, name) for name in BAD_FILES]
    result = run("classify", *paths, "")
    assert result.status == 2
    assert result.out == ""
    lines = result.err.splitlines()
    for line, message in zip(lines, [*BAD_FILES.values(), "'': this is a dir"], strict=True):
        assert line.startswith("theorycheck: ")
        assert message in line


def test_npz_files_are_classified_like_json_files(run: Any, problems: Any, tmp_path: Path):
    path = tmp_path / "linear.npz"
    save(path, *tc.load(problems["linear"]))
    one, other = (
        json.loads(run("classify", file, "--json").out) for file in (path, problems["linear"])
    )
    for data in (one, other):
        del data["file"], data["seconds"]
    assert one == other


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (MemoryError(), 2, "not enough memory"),
        (tc.SizeError("too large"), 2, "too large"),
        (tc.ContradictionError("T1 says minimal,\n T2 maximal"), 1, "T1 says minimal, T2 maximal"),
        (ZeroDivisionError("oops"), 1, "internal error (ZeroDivisionError: oops); please report"),
        (RecursionError("deep"), 1, "internal error (RecursionError: deep); please report"),
    ],
)
def test_no_error_becomes_a_traceback(
    run: Any, problems: Any, monkeypatch: Any, error: Exception, status: int, message: str
):
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("theorycheck.answers.classification.classify", fail)
    result = run("classify", problems["linear"])
    check_one_line(result, problems["linear"], message, status=status)


def test_the_worst_status_counts(run: Any, problems: Any, monkeypatch: Any):
    def fail(*_: Any, **__: Any) -> None:
        raise tc.ContradictionError("two answers")

    monkeypatch.setattr("theorycheck.answers.classification.classify", fail)
    assert run("classify", problems["linear"], "missing.json").status == 2
    assert run("classify", "missing.json", problems["linear"]).status == 2


def test_an_interrupt_ends_with_status_130(run: Any, problems: Any, monkeypatch: Any):
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("theorycheck.answers.classification.classify", interrupt)
    result = run("classify", problems["linear"], problems["minimal"])
    assert (result.status, result.err) == (130, "theorycheck: interrupted\n")


# Certificates


def test_one_certificate_is_an_object_several_are_an_array(
    run: Any, problems: dict[str, Path], tmp_path: Path
):
    one, several = tmp_path / "one.json", tmp_path / "several.json"
    assert run("classify", problems["minimal"], "--certificate", one).status == 0
    names = ["linear", "minimal", "probabilistic"]
    assert run("classify", *(problems[n] for n in names), "--certificate", several).status == 0
    data = json.loads(several.read_text())
    assert json.loads(one.read_text()) == data[1]
    assert [item["problem"]["network"] for item in data] == [PROBLEMS[n]["network"] for n in names]

    result = run("check", one, several)
    assert (result.status, result.err) == (0, "")
    starts = [f"{one}: verified  MINIMAL", *(f"{several}[{i}]: verified" for i in range(3))]
    for line, start in zip(result.out.splitlines(), starts, strict=True):
        assert line.startswith(start)

    lines = [json.loads(line) for line in run("check", several, "--json").out.splitlines()]
    assert [line["file"] for line in lines] == [f"{several}[{i}]" for i in range(3)]
    for line, item in zip(lines, data, strict=True):
        assert line["valid"] is True
        assert all(line[key] == item[key] for key in ("kind", "theorem", "expressivity"))
    assert lines[1]["error_bound"] == 0 < lines[2]["error_bound"]


def test_the_certificate_in_the_json_line_is_the_one_in_the_file(
    run: Any, problems: dict[str, Path], tmp_path: Path
):
    path = tmp_path / "certificate.json"
    result = run("classify", problems["linear"], "--json", "--certificate", path)
    assert json.loads(result.out)["certificate"] == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("missing/c.json", "cannot be written: No such file or directory"),
        (".", "cannot be written: Is a directory"),
        ("nul\0.json", "cannot be written: embedded null"),
    ],
)
def test_a_certificate_that_cannot_be_written_is_one_line(
    run: Any, problems: Any, tmp_path: Path, place: str, message: str
):
    result = run("classify", problems["minimal"], "--certificate", tmp_path / place)
    check_one_line(result, message)
    assert "MINIMAL" in result.out


def test_no_certificate_is_written_without_a_decision(run: Any, problems: Any, tmp_path: Path):
    path = tmp_path / "c.json"
    result = run("classify", problems["no_regular_relu"], "--certificate", path)
    check_one_line(result, path, "not written, no verdict has a certificate", status=0)
    check_one_line(run("classify", "missing.json", "--certificate", path), "missing.json")
    assert not path.exists()


@pytest.fixture
def certificate(run: Any, problems: dict[str, Path], tmp_path: Path) -> Path:
    path = tmp_path / "certificate.json"
    assert run("classify", problems["linear"], "--certificate", path).status == 0
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("3", "a certificate must be a JSON object"),
        ("null", "a certificate must be a JSON object"),
        ("[3]", "a certificate must be a JSON object"),
        ("{}", "the certificate has no key"),
        (json.dumps(LINEAR), "this is an allocation file; classify --certificate writes"),
    ],
)
def test_what_is_no_certificate_is_wrong(run: Any, tmp_path: Path, content: str, message: str):
    path = tmp_path / "wrong.json"
    path.write_text(content)
    result = run("check", path)
    assert (result.status, result.err) == (1, "")
    assert result.out.startswith(f"{path}: WRONG  {message}")
    assert result.out.count("\n") == 1
    line = json.loads(run("check", path, "--json").out)
    assert line["valid"] is False
    assert message in line["reason"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("", "malformed JSON at line 1 column 1"),
        ("[" * 10**5, "malformed JSON: nested too deeply"),
        ("[]", "an empty list, a certificate or a list of certificates is expected"),
        ('{"kind": NaN}', "malformed JSON at line 1 column 10: NaN"),
    ],
)
def test_a_certificate_file_that_cannot_be_read_is_bad_input(
    run: Any, certificate: Path, tmp_path: Path, content: str | None, message: str
):
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_text(content)
    result = run("check", certificate, path, certificate)
    check_one_line(result, path, message)
    assert result.out.count(": verified  ") == 2


WRONG_VALUES = [None, True, -1, 1e308, 10**4000, "a\nb", [], {}, [[0]]]


@pytest.mark.long
@pytest.mark.parametrize("fixed_digest", [False, True])
def test_a_certificate_changed_anywhere_is_wrong(run: Any, certificate: Path, fixed_digest: bool):
    from theorycheck.certificates import digest

    original = json.loads(certificate.read_text())
    for key in original:
        for value in [value for value in WRONG_VALUES if value != original[key]]:
            changed = {**original, key: value}
            if fixed_digest and key != "digest":
                del changed["digest"]
                changed["digest"] = digest(changed)
            certificate.write_text(json.dumps(changed))
            result = run("check", certificate)
            assert (result.status, result.err) == (1, ""), (key, value)
            assert result.out.startswith(f"{certificate}: WRONG  ")
            assert result.out.count("\n") == 1
        shorter = {name: value for name, value in original.items() if name != key}
        certificate.write_text(json.dumps(shorter))
        assert run("check", certificate).status == 1
    certificate.write_text(json.dumps({**original, "more": 1}))
    assert run("check", certificate).status == 1
    certificate.write_text(json.dumps(original))
    assert run("check", certificate).status == 0


def test_a_wrong_certificate_does_not_stop_the_others(run: Any, certificate: Path, tmp_path: Path):
    wrong = tmp_path / "wrong.json"
    data = json.loads(certificate.read_text())
    wrong.write_text(json.dumps([data, {**data, "rank": 1}, data]))
    result = run("check", wrong, certificate)
    assert (result.status, result.err) == (1, "")
    verdicts = [line.split(": ")[1].split()[0] for line in result.out.splitlines()]
    assert verdicts == ["verified", "WRONG", "verified", "verified"]
    assert run("check", "missing.json", wrong).status == 2


# As a process


def test_the_module_runs_as_a_program(problems: dict[str, Path]):
    result = process("classify", problems["minimal"], "missing.json", "--json")
    assert result.returncode == 2
    assert json.loads(result.stdout)["expressivity"] == "minimal"
    assert result.stderr == "theorycheck: missing.json: no such file\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_had_enough_is_no_error(problems: dict[str, Path], options: list[str]):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "theorycheck", "classify", *map(str, problems.values())]
    result = subprocess.run(
        [*command, *options], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=HANGS
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_output_that_cannot_be_written_is_one_line(problems: dict[str, Path], options: list[str]):
    command = [sys.executable, "-m", "theorycheck", "classify", str(problems["linear"]), *options]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=HANGS, check=False
        )
    assert result.returncode == 2
    assert result.stderr == "theorycheck: the output cannot be written: No space left on device\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_problem_may_come_through_a_pipe(problems: dict[str, Path], tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = problems["minimal"].read_text()
    writer = subprocess.Popen([sys.executable, "-c", f"open({str(pipe)!r}, 'w').write({text!r})"])
    result = process("classify", pipe, "--json")
    writer.wait(timeout=HANGS)
    assert json.loads(result.stdout)["expressivity"] == "minimal"


def test_text_output_survives_an_ascii_terminal(problems: dict[str, Path]):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    assert "MINIMAL" in process("classify", problems["minimal"], env=environment).stdout
    assert process("classify", "--help", env=environment).returncode == 0


@pytest.mark.long
def test_a_huge_problem_is_answered_at_once(run: Any, tmp_path: Path):
    path = tmp_path / "huge.json"
    network = {"kind": "linear_feedforward", "widths": [2**30, 2**30, 2]}
    path.write_text(json.dumps({"network": network, "samples": 2, "learnable": {}}))
    data = json.loads(run("classify", path, "--json").out)
    assert (data["expressivity"], data["learnable"]) == ("minimal", 0)


def test_help_has_a_short_name_and_the_version_is_printed(run: Any):
    assert run("-h") == run("--help")
    assert run("--version") == (0, f"theorycheck {tc.__version__}\n", "")
