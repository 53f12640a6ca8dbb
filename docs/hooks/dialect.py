"""From the Markdown of this repository, as GitHub reads it, to that of MkDocs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_FENCE = re.compile(r"^\s*(```|~~~)")
_ITEM = re.compile(r"^(\s*)([-*+] |\d+[.)] )")
# The bars of |I| are set without space around them, as an author of TeX expects.
_BAR = '<mo stretchy="false">&#x0007C;</mo>'
_TIGHT_BAR = '<mo stretchy="false" lspace="0" rspace="0">&#x0007C;</mo>'
_DISPLAYED = re.compile(r"^\$\$(?:.|\n)+?\$\$$", re.MULTILINE)
_NUMBER = re.compile(r"^(\s*\d+)([.)])")
_MATH = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.DOTALL)


def blocks(text: str) -> str:
    """`text` with the blank lines that Python-Markdown wants around lists, tables, formulas.

    A list or a table may follow a paragraph directly on GitHub; in Python-Markdown it would
    continue the paragraph. Of numbers only 1, or the one that is next, begins an item right after
    text: "0. Given" at the start of a wrapped line stays text. Code blocks stay as they are.

    >>> blocks("Three kinds:\\n- one\\n- two")
    'Three kinds:\\n\\n- one\\n- two\\n'
    """
    text = _DISPLAYED.sub(lambda match: f"\n{match[0]}\n", text)
    return "\n".join(_lines(text.splitlines())) + "\n"


def _lines(lines: list[str]) -> Iterator[str]:
    fenced, before, in_list, last = False, "", False, ""
    for line in lines:
        fence = bool(_FENCE.match(line))
        if not fenced and not fence:
            item = _ITEM.match(line)
            starts = item and _starts(item[2], last, before)
            table = line.startswith("|") and not before.startswith("|")
            if before.strip() and ((starts and not in_list) or table):
                yield ""
            if item and starts:
                in_list, last = True, item[2]
            elif item:  # a number that a wrapped line happens to begin with: text
                line = _NUMBER.sub(r"\1\\\2", line, count=1)
            elif line.strip() and not line.startswith(" ") and not before.strip():
                in_list, last = False, ""
        fenced ^= fence
        before = line
        yield line


def _starts(marker: str, last: str, before: str) -> bool:
    """Whether a marker begins an item, after one with the marker `last` and the line `before`."""
    if not marker[0].isdigit():
        return True
    number = int(marker.rstrip(" .)"))
    follows = int(last.rstrip(" .)")) + 1 if last[:1].isdigit() else 1
    return number == follows or not before.strip()


def doctests(text: str) -> str:
    """`text` with its doctests in fences, so that they are shown as code.

    >>> doctests("Adds.\\n\\n>>> 1 + 1\\n2\\n\\nThat is all.").splitlines()[2:6]
    ['```pycon', '>>> 1 + 1', '2', '```']
    """
    out: list[str] = []
    inside = fenced = False
    for line in text.splitlines():
        fenced ^= bool(_FENCE.match(line))
        if line.startswith(">>> ") and not inside and not fenced:
            out += ["", "```pycon"] if out and out[-1].strip() else ["```pycon"]
            inside = True
        if inside and not line.strip():
            out.append("```")
            inside = False
        out.append(line)
    return "\n".join([*out, "```"] if inside else out)


def mathml(page: str) -> str:
    r"""The HTML of a page with its formulas as MathML, which browsers show without a script.

    >>> mathml('<span class="arithmatex">\\(x^2\\)</span>')[:5]
    '<math'
    """
    from latex2mathml.converter import convert

    def converted(match: re.Match[str]) -> str:
        tex = html.unescape(match[2]).strip()
        display = "block" if tex.startswith(r"\[") else "inline"
        formula = tex[2:-2].strip()
        text = html.escape(formula)  # for screen readers, and for copying
        result = convert(formula, display=display).replace(_BAR, _TIGHT_BAR)
        return result.replace("<math ", f'<math alttext="{text}" ', 1)

    return _MATH.sub(converted, page)
