"""Every source is a proof file that is there, or a paper of the one bibliography."""

import re
from pathlib import Path

import pytest

import theorycheck
from theorycheck.bibliography import PAPERS, table
from theorycheck.proofs import registry
from theorycheck.statements import STATEMENTS

ROOT = Path(theorycheck.__file__).parent
REPOSITORY = Path(__file__).parents[2]  # the package may be installed elsewhere
TEXTS = [
    *ROOT.rglob("*.py"),
    *ROOT.rglob("*.md"),
    *(REPOSITORY / "tests").rglob("*.py"),
    *(REPOSITORY / "examples").rglob("*.*"),
    *(REPOSITORY / "docs").rglob("*.md"),
    *REPOSITORY.glob("*.md"),
]
# Names with a year, as all texts cite: "Kalai, Nevo and Novik (2016)".
NAME = r"[A-Z][a-zA-Z]+"
CITED = re.compile(rf"{NAME}(?:(?:, {NAME})*,? and {NAME})? \((?:19|20)\d\d\)")


def source_of(id: str) -> str:
    text = registry.text_of(id).split("**Source.** ")
    assert len(text) == 2, id
    return " ".join(text[1].split())


@pytest.mark.parametrize("id", STATEMENTS)
def test_every_statement_has_a_proof_file_and_known_papers(id: str):
    statement = STATEMENTS[id]
    assert statement.proof == registry.MODULES[id]
    first, *papers = statement.source.split("; ")
    assert (ROOT.parent / first).is_file()
    assert papers == [f"{PAPERS[key].short}, {PAPERS[key].venue}" for key in statement.papers]
    source = source_of(id)
    assert source.startswith("This file")
    cited = set(CITED.findall(source))
    assert cited == {PAPERS[key].short for key in statement.papers}


def test_all_that_is_cited_anywhere_in_the_package_is_in_the_bibliography():
    known = {paper.short for paper in PAPERS.values()}
    cited: dict[str, set[Path]] = {}
    for file in {*ROOT.rglob("*.py")} - {ROOT / "bibliography.py"}:
        for found in CITED.findall(" ".join(file.read_text().split())):
            cited.setdefault(found, set()).add(file)
    assert cited.keys() <= known, cited
    assert known <= cited.keys()  # and nothing stands there that nobody cites


def test_the_pattern_sees_citations():
    text = "Kalai, Nevo and Novik (2016); Whiteley (1989), Singer and Cucuringu (2010), so (2017)"
    names = ["Kalai, Nevo and Novik (2016)", "Whiteley (1989)", "Singer and Cucuringu (2010)"]
    assert CITED.findall(text) == names


def test_every_paper_has_an_address():
    for paper in PAPERS.values():
        assert re.fullmatch(
            r"https://(arxiv\.org/abs/\d{4}\.\d{4,5}|doi\.org/10\.\S+)", paper.address
        )
        number = re.search(r"arXiv:(\d{4}\.\d{4,5})", paper.venue)
        if number and "arxiv" in paper.address:
            assert paper.address.endswith(number[1])
    assert table() in (REPOSITORY / "docs" / "bibliography.md").read_text()


def test_no_text_names_a_file_that_is_not_here():
    gone = "theory" + ".md"
    for file in TEXTS:
        if file.is_file() and file.suffix in (".py", ".md", ".json", ".toml"):
            assert not re.search(rf"(?<![\w-]){re.escape(gone)}", file.read_text()), file
