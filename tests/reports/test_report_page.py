"""Reports as web pages: their structure, what hostile names do, and a real browser."""

import base64
import hashlib
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from tests.shared.patience import HANGS
from theorycheck.cli import app as cli
from theorycheck.computing.effort import Effort
from theorycheck.display.html import SHAPES
from theorycheck.reports import figures
from theorycheck.reports.svg import Styles, embedded
from theorycheck.statements import STATEMENTS

EXAMPLES = Path(__file__).parents[2] / "examples/allocations"
HOSTILE = "<script>alert(1)</script> \"'&--> x\u202e\x00\udcff.json"
VOID = {"meta", "link", "br", "hr", "img", "input"}
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"
)


class Page(html.parser.HTMLParser):
    """A page as a list of elements; unbalanced tags are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.content: list[list[str]] = []
        self._open: list[tuple[str, int]] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), (tag, names)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.content.append([])
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"nothing is open at </{tag}>"
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, number in self._open:
            self.content[number].append(data)

    def all(self, tag: str) -> list[tuple[dict[str, str], str]]:
        """Attributes and text of all elements of that name."""
        return [
            (attributes, "".join(self.content[n]))
            for n, (name, attributes) in enumerate(self.elements)
            if name == tag
        ]


def entries() -> list[tc.PageEntry]:
    """One entry of each class, two of them measured, and one that failed."""
    found = []
    for name, seconds, trials in (
        ("cross", 60, 40),
        ("diagonals", 60, 40),
        ("forest", 60, 0),
        ("diagonals", 0, 0),
    ):
        allocation, samples = tc.load(EXAMPLES / f"{name}.json")
        verdict = tc.classify(allocation, samples, effort=Effort(seconds))
        compared = (
            tc.compare(allocation, samples, trials=trials, verdict=verdict, backend="numpy")
            if trials
            else None
        )
        line = f"theorycheck classify {name}.json"
        found.append(tc.PageEntry(f"{name}.json", allocation, samples, verdict, compared, (line,)))
    allocation = tc.Allocation.layer(tc.ShallowReLU([1, 1, 2]), "W2")
    found.append(tc.PageEntry("open.npz", allocation, 2, tc.classify(allocation, 2)))
    return [*found, tc.PageEntry(HOSTILE, error=f"unknown key {HOSTILE}")]


@pytest.fixture(scope="module")
def everything() -> list[tc.PageEntry]:
    return entries()


@pytest.fixture(scope="module")
def text(everything: list[tc.PageEntry]) -> str:
    return tc.page(everything, title=f"All {HOSTILE}", date=datetime(2025, 1, 2, tzinfo=UTC))


@pytest.fixture(scope="module")
def parsed(text: str) -> Page:
    return Page(text)


# The text


def test_there_is_one_of_each_class(everything: list[tc.PageEntry], text: str):
    classes = [str(e.verdict.expressivity) for e in everything if e.verdict is not None]
    assert set(classes) == set(SHAPES) == {str(each) for each in tc.Expressivity}
    for name, shape in SHAPES.items():
        assert f'<span aria-hidden="true">{shape}</span> {name}</span>' in text
    assert len(set(SHAPES.values())) == len(SHAPES)


def test_ids_are_unique_and_every_reference_is_met(parsed: Page):
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(set(ids)) == len(ids) > 20
    for _, attributes in parsed.elements:
        wanted = [attributes[k] for k in ("aria-labelledby", "aria-describedby") if k in attributes]
        wanted += [v[1:] for k, v in attributes.items() if k == "href" and v.startswith("#")]
        for value in attributes.values():
            wanted += re.findall(r"url\(#([^)]*)\)", value)
        assert set(" ".join(wanted).split()) <= set(ids)


def test_nothing_is_loaded_from_anywhere(text: str, parsed: Page):
    for tag, attributes in parsed.elements:
        assert not {"src", "srcset", "action", "background", "style", "xlink:href"} & set(
            attributes
        )
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag not in ("iframe", "object", "embed", "base", "form", "image", "foreignobject")
        if "href" in attributes:
            assert attributes["href"].startswith(("#", "data:application/json;", "data:,"))
    for rules in (text, *(body for _, body in parsed.all("style"))):
        assert "@import" not in rules
        assert not [url for url in re.findall(r"url\(([^)]*)\)", rules) if not url.startswith("#")]
    assert "http:" not in text.replace("http-equiv", "")
    assert "https:" not in text


def test_the_policy_allows_only_the_pages_own_script_and_style(parsed: Page):
    (policy,) = [
        attributes["content"]
        for attributes, _ in parsed.all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("img-src") == "data:"  # the empty icon
    for tag in ("script", "style"):
        ((_, body),) = parsed.all(tag)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert rules.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert set(rules) == {"default-src", "base-uri", "form-action"}
    assert set(rules.values()) == {"'none'"}


def test_headings_landmarks_and_tables(parsed: Page):
    assert [len(parsed.all(tag)) for tag in ("h1", "main", "header", "footer", "nav")] == [1] * 5
    assert parsed.elements[0] == ("html", {"lang": "en"})
    first, target = next(a for t, a in parsed.elements if t == "a"), parsed.all("main")[0][0]
    assert first == {"class": "skip", "href": f"#{target['id']}"}
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for attributes, _ in parsed.all("th"):
        assert attributes["scope"] in ("col", "row")


def test_every_picture_is_told_in_words(parsed: Page):
    pictures = parsed.all("svg")
    assert len(pictures) > 10
    assert not parsed.all("img")
    for attributes, _ in pictures:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"]) > 15
    descriptions = [body for attributes, body in parsed.all("desc")]
    assert len(descriptions) == len(pictures)
    assert all(len(body) > 30 for body in descriptions)
    cross = descriptions[1]  # after all estimates
    assert "W1, 4 x 4: 9 of 16 weights learnable (row 0: columns 0, 1, 2, 3; row 1:" in cross
    assert "Certificate (cycle): joined: a cycle of frozen weights" in cross


def test_each_section_tells_the_whole_verdict(everything: list[tc.PageEntry], parsed: Page):
    sections = [body for a, body in parsed.all("section")]
    assert len(sections) == len(everything)
    for entry, body in zip(everything, sections, strict=True):
        if entry.verdict is None:
            continue
        verdict = entry.verdict
        assert verdict.reason in body
        assert verdict.meaning in body
        assert verdict.rigor_in_words in body
        if verdict.theorem is not None:
            statement = STATEMENTS[verdict.theorem]
            assert statement.text in body
            assert statement.source in body
        for command in entry.commands:
            assert command in body
        if entry.comparison is not None:
            low, high = entry.comparison.estimate.interval
            assert f"{low:.4f} to {high:.4f}" in body
            assert entry.comparison.reason in body
        assert ("Measurement" in body) == (entry.comparison is not None)


def test_certificates_in_the_page_are_those_of_the_verdicts(
    everything: list[tc.PageEntry], parsed: Page
):
    links = [attributes for attributes, _ in parsed.all("a") if "download" in attributes]
    claims = [e.verdict.certificate for e in everything if e.verdict and e.verdict.certificate]
    assert len(links) == len(claims) == 4
    for link, claim in zip(links, claims, strict=True):
        data = json.loads(base64.b64decode(link["href"].split(",", 1)[1]))
        assert data == claim.to_dict()
        assert tc.check(data)
    names = [link["download"] for link in links]
    assert names[:2] == ["cross.certificate.json", "diagonals.certificate.json"]
    assert names[3] == "diagonals-2.certificate.json"  # the same name twice


def test_hostile_names_are_text(text: str, parsed: Page):
    assert "<script>alert" not in text
    assert len(parsed.all("script")) == 1
    assert parsed.all("title")[0][1] == parsed.all("h1")[0][1]
    assert "<script>alert(1)</script> \"'&--> x???.json" in parsed.all("h1")[0][1]
    assert text.encode("utf-8")  # no surrogates
    assert not re.search("[\x00-\x08\u202e]", text)


def test_the_same_entries_give_the_same_page(everything: list[tc.PageEntry]):
    date = datetime(2025, 1, 2, tzinfo=UTC)
    once, twice = (tc.page(everything[:1], date=date) for _ in range(2))
    assert once == twice
    assert "<nav" not in once  # one needs no table
    assert "<h1>theorycheck report: cross.json</h1>" in once


def test_a_command_that_cannot_be_copied_says_so():
    for name, is_told in (("plain 'name'.json", False), ("two\nlines.json", True)):
        text = tc.page([tc.PageEntry(name, commands=(f"theorycheck classify {name}",))])
        assert ("shown as spaces or question marks" in text) == is_told


def test_the_documentation_shows_what_works():
    document = (EXAMPLES.parents[1] / "docs/report.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(document.split("```python\n")[1].split("```")[0], names)
    assert "three rows" in Page(names["text"]).all("h2")[0][1]
    assert names["found"].outcome == "agree"
    options = set(re.findall(r"`(--[a-z-]+)", document))
    assert {"--measure", "--title", "--seed"} <= options
    helped = subprocess.run(
        [sys.executable, "-m", "theorycheck", "report", "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert all(option in helped.stdout for option in options)


def test_without_entries_there_is_no_page():
    with pytest.raises(tc.InputError, match="an entry or more"):
        tc.page([])


def test_styles_and_ids_of_a_picture_are_the_pages():
    svg = (
        '<svg xmlns="u" width="1" style="a: b"><style>*{c: d}</style><g id="x" style="a: b"/>'
        '<use xlink:href="#x" style="fill: url(#x)"/><path clip-path="url(#x)"/></svg>'
    )
    styles = Styles()
    drawing = figures.Drawing(svg, 'A "picture"', "1 < 2")
    assert embedded(drawing, "p", styles) == (
        '<svg role="img" aria-label="A &quot;picture&quot;" aria-describedby="p-d" width="1">'
        '<title>A &quot;picture&quot;</title><desc id="p-d">1 &lt; 2</desc>'
        '<g id="p-x" class="g0"/><use href="#p-x" class="g1"/><path clip-path="url(#p-x)"/></svg>'
    )
    assert styles.css() == ".g0{a: b}\n.g1{fill: url(#p-x)}"


def test_notebooks_show_verdicts_without_scripts_and_colours(everything: list[tc.PageEntry]):
    for entry in everything:
        if entry.verdict is None:
            continue
        verdict, fragment = entry.verdict, entry.verdict._repr_html_()
        page = Page(fragment)
        shown = "".join(page.content[0])
        assert str(verdict.expressivity).upper() in shown
        assert verdict.reason in shown
        assert verdict.rigor_in_words in shown
        assert not {"script", "style", "link", "img"} & {tag for tag, _ in page.elements}
        assert not re.search(r"#[0-9a-f]{3}|rgb|(?<!-)color:(?!inherit)", fragment)


# The command


@pytest.fixture
def run(capsys: Any, monkeypatch: Any, tmp_path: Path) -> Any:
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["theorycheck", "report", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return (caught.value.code or 0, *capsys.readouterr())

    return call


def test_a_bad_file_is_a_section_and_the_exit_status(run: Any, tmp_path: Path):
    name = "<script>alert(1)<b>.json"
    data = json.loads((EXAMPLES / "sparse.json").read_text())
    data["comment"] = ["<script>alert(2)</script>", "</main>"]
    (tmp_path / name).write_text(json.dumps(data))
    status, out, err = run(name, "missing.json", "--measure=20", "--out=a.html", "--title=Two")
    assert (status, out) == (2, "a.html: 2 allocations\n")
    assert err == "theorycheck: missing.json: no such file\n"
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "alert(2)" not in text
    assert "<script>alert" not in text
    sparse, missing = (body for _, body in page.all("section"))
    assert "no such file" in missing
    assert f"theorycheck classify '{name}' --seed=0" in sparse
    assert f"theorycheck compare '{name}' --trials=20" in sparse
    assert "20 draws" in sparse


def test_the_command_that_is_shown_repeats_the_verdict(run: Any, tmp_path: Path):
    shutil.copy(EXAMPLES / "diagonals.json", tmp_path)
    assert run("diagonals.json", "--seconds=0", "--seed=3")[0] == 0
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    command = page.all("pre")[-1][1].split()
    assert command[:3] == ["theorycheck", "classify", "diagonals.json"]
    again = subprocess.run(
        [sys.executable, "-m", *command, "--json"], capture_output=True, cwd=tmp_path, check=True
    )
    assert json.loads(again.stdout)["expressivity"] == "positive"
    assert json.loads(again.stdout)["seed"] == 3


@pytest.mark.parametrize("out", ["no/such/folder/x.html", ".", "a\x00b"])
def test_a_page_that_cannot_be_written_is_one_line(run: Any, out: str):
    status, _, err = run(EXAMPLES / "missing.json", "--out", out)
    assert status == 2
    assert err.count("\n") == 2  # the missing file and this
    assert f"{out}: cannot be written" in err


def test_without_matplotlib_there_are_no_pictures(run: Any, monkeypatch: Any, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, _, err = run(EXAMPLES / "cross.json")
    assert status == 0
    assert err.count("\n") == 1
    assert "no pictures: a figure needs the extra plot" in err
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "needs the extra plot: pip install &#x27;theorycheck[plot]&#x27;" in text
    assert "<svg" not in text
    assert "minimal" in text


def test_a_refuted_verdict_is_told_and_is_the_exit_status(
    run: Any, monkeypatch: Any, tmp_path: Path
):
    from theorycheck.verification import comparison

    monkeypatch.setattr(comparison, "judge", lambda *_: ("refuted", "it is not so"))
    assert run(EXAMPLES / "cross.json", "--measure=10")[0] == 1
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<strong class="refuted">refuted</strong>' in text
    assert "it is not so" in text


def test_an_interrupted_measurement_is_told_with_what_was_not_reached(
    run: Any, monkeypatch: Any, tmp_path: Path
):
    from theorycheck.verification import comparison

    def stopped(*arguments: Any, **options: Any) -> tc.Estimate:
        return tc.measure(*arguments, **{**options, "trials": 5})

    monkeypatch.setattr(comparison, "measure", stopped)
    files = [EXAMPLES / f"{name}.json" for name in ("cross", "forest")]
    status, out, err = run(*files, "--measure=10")
    assert status == 130
    assert err == f"theorycheck: {files[0]}: interrupted after 5 of 10 draws\n"
    assert out == "report.html: 2 allocations\n"
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    first, second = (body for _, body in page.all("section"))
    assert "interrupted after 5 of 10 draws" in first
    assert "no random teacher is ever matched" in first
    assert "not looked at: interrupted" in second


def test_a_fault_in_a_picture_does_not_lose_the_verdict(run: Any, monkeypatch: Any, tmp_path: Path):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("crooked line")

    monkeypatch.setattr(figures, "plot", fail)
    status, _, err = run(EXAMPLES / "cross.json")
    assert status == 1
    assert "internal error (RuntimeError: crooked line); please report it" in err
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "crooked line" in text
    assert "minimal</span>" in text


# A real browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: Any) -> Any:
    """Chromium without a screen, which reaches no other machine."""
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for name in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "disable-dev-shm-usage",
        "host-resolver-rules=MAP * ~NOTFOUND",
        "window-size=1200,900",
        f"user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(f"--{name}")
    downloads = tmp_path_factory.mktemp("downloads")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    os.environ.setdefault("SE_AVOID_STATS", "true")
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.downloads = downloads
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Any, text: str, tmp_path: Path) -> Any:
    """The page in the browser; at the end nothing was complained of and nothing asked for."""
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    browser.get("about:blank")  # what the browser's own start page did is not ours
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(path.as_uri())
    yield browser
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in urls if not url.startswith(("file:", "data:", "blob:"))] == []
    assert path.as_uri() in urls


def column(browser: Any, number: int) -> list[str]:
    rows = browser.find_elements("css selector", "table.sortable tbody tr")
    return [row.find_elements("css selector", "th, td")[number].text for row in rows]


def states(browser: Any) -> list[str | None]:
    heads = browser.find_elements("css selector", "table.sortable thead th")
    return [head.get_attribute("aria-sort") for head in heads]


@pytest.mark.long
@needs_browser
def test_a_click_and_a_key_sort(opened: Any):
    from selenium.webdriver.common.keys import Keys

    buttons = opened.find_elements("css selector", "table.sortable th button")
    names = [button.text for button in buttons]
    assert names[:4] == ["file", "class", "theorem", "r"]
    assert states(opened) == [None] * len(names)
    before = column(opened, 0)
    buttons[3].click()
    numbers = column(opened, 3)
    assert numbers == ["2", "4", "4", "9", "10", ""]  # as numbers; what has none is last
    assert states(opened)[3] == "ascending"
    buttons[3].send_keys(Keys.ENTER)
    assert column(opened, 3) == ["10", "9", "4", "4", "2", ""]
    assert states(opened)[3] == "descending"
    assert opened.find_element("id", "sorted").get_attribute("textContent") == (
        "Sorted by r, descending"
    )
    buttons[1].send_keys(Keys.SPACE)
    classes = [cell.split()[-1] for cell in column(opened, 1)]
    assert classes == ["failed", "minimal", "undecided", "positive", "intermediate", "maximal"]
    assert [state for state in states(opened) if state] == ["ascending"]
    assert sorted(column(opened, 0)) == sorted(before)
    for expected in (["4", "4", "9", "9", "", ""], ["9", "9", "4", "4", "", ""]):
        buttons[4].click()
        assert column(opened, 4) == expected  # although the empty ones were first


@pytest.mark.long
@needs_browser
def test_the_keyboard_reaches_everything_in_order(opened: Any):
    from selenium.webdriver.common.keys import Keys

    reached = []
    opened.find_element("tag name", "body").send_keys(Keys.TAB)
    for _ in range(80):
        active = opened.switch_to.active_element
        if active.tag_name == "body":
            break
        outline = active.value_of_css_property("outline-style")
        reached.append((active.tag_name, active.text, outline))
        active.send_keys(Keys.TAB)
    assert reached[0][:2] == ("a", "Skip to the content")
    buttons = [text for tag, text, _ in reached if tag == "button"]
    assert buttons[:2] == ["file", "class"]
    links = [text for tag, text, _ in reached if tag == "a"]
    assert links[1:4] == ["cross.json", "diagonals.json", "forest.json"]
    assert sum(text.startswith("Download ") for text in links) == 4
    assert {outline for _, _, outline in reached} <= {"solid"}  # the focus is seen
    opened.find_element("link text", "forest.json").send_keys(Keys.ENTER)
    assert opened.current_url.endswith("#f3")


@pytest.mark.long
@needs_browser
def test_a_downloaded_certificate_passes_the_check(opened: Any):
    import time

    for name in ("cross", "forest"):
        link = opened.find_element("css selector", f"a[download='{name}.certificate.json']")
        if name == "forest":  # a long link takes the other way, through a blob
            opened.execute_script(
                "const [head, data] = arguments[0].href.split(',');"
                "arguments[0].href = `${head},${btoa(atob(data) + ' '.repeat(1e6))}`;",
                link,
            )
        link.click()
        if name == "forest":
            assert link.get_attribute("href").startswith("blob:")
    paths = [opened.downloads / f"{name}.certificate.json" for name in ("cross", "forest")]
    end = time.monotonic() + HANGS
    while not all(path.exists() for path in paths) and time.monotonic() < end:
        time.sleep(0.05)
    command = [sys.executable, "-m", "theorycheck", "check", *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.count("verified") == 2
    assert paths[1].stat().st_size > 10**6


CONTRAST = """
const light = (c) => {
  const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((x) => {
    x /= 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (e) => {
  for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor;
    if (c !== "rgba(0, 0, 0, 0)") return c;
  }
  return "rgb(255, 255, 255)";
};
return [...document.querySelectorAll("body *:not(svg *, script)")]
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
"""


@pytest.mark.long
@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_narrow_screens(opened: Any, scheme: str):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    dark = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(255, 255, 255)") == (scheme == "light")
    found = opened.execute_script(CONTRAST)
    assert len(found) > 100
    assert min(found) >= 4.5
    size = {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert opened.execute_script("return document.documentElement.scrollWidth") <= 400
    opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.long
@needs_browser
def test_print_loses_nothing_to_the_right_and_is_black_on_white(opened: Any):
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    a4 = {"width": 700, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", a4)
    style = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    assert opened.execute_script(style) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert opened.execute_script("return document.documentElement.scrollWidth") <= 700
    opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.mark.long
@needs_browser
@pytest.mark.parametrize("doctype", ["", "<!DOCTYPE html>"])  # tables inherit less without
@pytest.mark.parametrize(
    ("ground", "text_colour"), [("#ffffff", "#111111"), ("#111111", "#dddddd")]
)
def test_notebooks_are_legible_in_both_themes(
    browser: Any,
    everything: list[tc.PageEntry],
    tmp_path: Path,
    doctype: str,
    ground: str,
    text_colour: str,
):
    fragments = "".join(e.verdict._repr_html_() for e in everything if e.verdict is not None)
    style = f"background: {ground}; color: {text_colour}"
    body = f'{doctype}<meta charset="utf-8"><div style="{style}">{fragments}</div>'
    path = tmp_path / "notebook.html"
    path.write_text(body, encoding="utf-8")
    browser.get(path.as_uri())
    found = browser.execute_script(CONTRAST)
    assert len(found) > 30
    assert min(found) >= 4.5
