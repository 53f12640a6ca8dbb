"""One allocation's section of a page."""

from __future__ import annotations

import base64
import json
import math

from ..answers.question import question
from ..certificates import Certificate
from ..display.html import SHAPES, escape
from ..problem.allocation import Allocation
from ..problem.masks import count
from ..statements import STATEMENTS
from ..verdict import Expressivity, Verdict
from ..verification.comparison import Comparison
from .entry import Drawing, PageEntry
from .svg import Styles, embedded

_MOST_LAYERS = 30
_PROVED = {
    Expressivity.MINIMAL: "0",
    Expressivity.MAXIMAL: "1",
    Expressivity.INTERMEDIATE: "strictly between 0 and 1",
    Expressivity.POSITIVE: "above 0",
}
_LARGEST = 20 * 2**20  # bytes of a certificate that a page carries along


def class_label(name: str) -> str:
    """A class by shape and word, not by colour."""
    shape = SHAPES.get(name, "✕")
    return f'<span class="class"><span aria-hidden="true">{shape}</span> {escape(name)}</span>'


def section(entry: PageEntry, number: int, certificate_name: str, styles: Styles) -> str:
    """The section `f<number>` of a page."""
    parts = [f'<h2 id="f{number}-h" tabindex="-1">{escape(entry.name)}</h2>']
    if entry.error:
        parts.append(f'<p class="failed"><strong>Failed:</strong> {escape(entry.error)}</p>')
    verdict, allocation = entry.verdict, entry.allocation
    if allocation is not None and verdict is not None:
        parts += [
            _verdict(allocation, entry.samples, verdict, entry.comparison),
            _pictures(entry.drawings or (), f"f{number}", styles),
            _theorem(verdict),
            _measurement(entry.comparison),
            _counts(allocation, entry.samples),
            _certificate(verdict.certificate, certificate_name),
        ]
    if entry.commands:
        lines = "\n".join(map(escape, entry.commands))
        parts.append(f"<h3>To repeat</h3>\n<pre><code>{lines}</code></pre>")
        if not "".join(entry.commands).isprintable():  # a copy of this would not be understood
            parts.append(
                "<p>The name has characters that are shown as spaces or question marks.</p>"
            )
    parts.append('<p class="top"><a href="#top">Back to the top</a></p>')
    body = "\n".join(part for part in parts if part)
    return (
        f'<section class="file" id="f{number}" aria-labelledby="f{number}-h">\n{body}\n</section>'
    )


def facts(rows: list[tuple[str, str]]) -> str:
    """Names with what they are, as a list; what is empty is left out. The values are HTML."""
    items = (f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows if value)
    return f"<dl>{''.join(items)}</dl>"


def _verdict(
    allocation: Allocation, samples: int, verdict: Verdict, comparison: Comparison | None
) -> str:
    proved = _PROVED.get(verdict.expressivity, "")  # of what is undecided nothing
    given = f", given a {verdict.conditioned_on}" if verdict.conditioned_on else ""
    degree = f"{verdict.degree} ({verdict.degree_source})" if verdict.degree_source else ""
    rank = "" if verdict.rank is None else f"{verdict.rank}"
    if rank and verdict.target_dimension is not None:
        rank += f" of {verdict.target_dimension}"
    measured = ""
    if comparison is not None:
        measured = f'<strong class="{comparison.outcome}">{comparison.outcome}</strong>'
    rows = [
        ("asked", escape(question(allocation, samples, verdict))),
        ("because", escape(verdict.reason)),
        ("rigor", escape(verdict.rigor_in_words)),
        ("match probability", escape(f"{proved}{given}" if proved else "")),
        ("rank", escape(rank)),
        ("degree", escape(degree or ("" if verdict.degree is None else verdict.degree))),
        ("estimate", "" if verdict.estimate is None else escape(verdict.estimate)),
        ("measurement", measured),
    ]
    label = class_label(str(verdict.expressivity))
    warned = "".join(
        f'<p class="warning"><strong>Warning:</strong> {escape(sentence)}</p>\n'
        for sentence in verdict.warnings
    )
    return f"{warned}<p>{label} {escape(verdict.meaning)}</p>\n{facts(rows)}"


def _theorem(verdict: Verdict) -> str:
    if verdict.theorem is None:
        return ""
    statement = STATEMENTS[verdict.theorem]
    return (
        f"<h3>Theorem {escape(statement.id)}: {escape(statement.name)}</h3>\n"
        f"<blockquote><p>{escape(statement.text)}</p></blockquote>\n"
        f'<p class="soft">Source: {escape(statement.source)}</p>'
    )


def picture(drawing: Drawing, prefix: str, styles: Styles) -> str:
    """A figure with its caption."""
    svg = embedded(drawing, prefix, styles)
    label = escape(f"Picture: {drawing.caption}")
    return (
        f'<figure><div class="scroll" role="group" aria-label="{label}">{svg}</div>'
        f"<figcaption>{escape(drawing.caption)}</figcaption></figure>"
    )


def _pictures(drawings: tuple[Drawing, ...], prefix: str, styles: Styles) -> str:
    if not drawings:
        return ""
    figures = [picture(d, f"{prefix}-p{n}", styles) for n, d in enumerate(drawings)]
    return f'<h3>Pictures</h3>\n<div class="pictures">{"".join(figures)}</div>'


def _measurement(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    found = comparison.estimate
    low, high = found.interval
    draws = f"{found.matches} of {found.trials} draws matched, {found.undecided} undecided"
    shown = "" if found.undecided else f"{found.match_probability:.4f}"
    followed = f", {found.degree} complex solutions of each draw" if found.degree else ""
    rank = "not clear" if found.rank is None else f"{found.rank}"
    regular = ""
    if found.regular is not None:
        part = found.regular
        regular = f"{part['matches']} of {part['trials']} draws, {part['undecided']} undecided"
        regular += "; 95 % interval {:.4f} to {:.4f}".format(*part["interval"])
    rows = [
        ("outcome", f'<strong class="{comparison.outcome}">{escape(comparison.outcome)}</strong>'),
        ("because", escape(comparison.reason)),
        ("draws", escape(draws)),
        ("share matched", escape(shown)),
        ("95 % interval", f"{low:.4f} to {high:.4f}"),
        ("regular teachers", escape(regular)),
        ("method", escape(f"{found.method}{followed}")),
        ("rank", "" if found.target_dimension is None else f"{rank} of {found.target_dimension}"),
        ("drawn from", escape(f"{found.law} law, seed {found.seed}, {found.backend}")),
    ]
    return f"<h3>Measurement</h3>\n{facts(rows)}"


def _counts(allocation: Allocation, samples: int) -> str:
    """What each weight has learnable."""
    shapes = allocation.network.weight_shapes
    rows = []
    for name, shape in list(shapes.items())[:_MOST_LAYERS]:
        size, n_present = math.prod(shape), count(allocation.present_mask(name))
        n_learnable = count(allocation.mask(name))
        numbers = (n_learnable, n_present - n_learnable, size - n_present)
        entries = "".join(f'<td class="number">{number}</td>' for number in numbers)
        shown = " x ".join(map(str, shape))
        rows.append(f'<tr><th scope="row">{escape(name)}</th><td>{shown}</td>{entries}</tr>')
    left_out = len(shapes) - len(rows)
    more = f'<p class="soft">{left_out} more weights are not listed.</p>' if left_out else ""
    heads = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for name, kind in (
            ("weight", ""),
            ("size", ""),
            *((name, ' class="number"') for name in ("learnable", "frozen", "absent")),
        )
    )
    plural = "s" if samples > 1 else ""
    network = f"{allocation.network.describe()}, {samples} sample{plural}"
    return (
        f"<h3>Allocation</h3>\n<p>{escape(network[0].upper() + network[1:])}</p>\n"
        f'<div class="scroll" role="group" aria-label="Numbers of weights"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{more}"
    )


def _certificate(certificate: Certificate | None, name: str) -> str:
    if certificate is None:
        return "<h3>Certificate</h3>\n<p>There is none: nothing is claimed.</p>"
    data = (json.dumps(certificate.to_dict()) + "\n").encode()
    head = f"<h3>Certificate</h3>\n<p>Kind <code>{escape(certificate.kind)}</code>. "
    if len(data) > _LARGEST:
        return (
            f"{head}Its {len(data) / 2**20:.0f} MiB are too many for this page: "
            "<code>theorycheck classify --certificate</code> writes it.</p>"
        )
    link = f"data:application/json;base64,{base64.b64encode(data).decode()}"
    return (
        f'{head}<a href="{link}" download="{escape(name)}">Download {escape(name)}</a> '
        f"({_size(len(data))}), and check it on its own:</p>\n"
        f"<pre><code>theorycheck check {escape(name)}</code></pre>"
    )


def _size(n_bytes: int) -> str:
    return f"{n_bytes} bytes" if n_bytes < 2000 else f"{n_bytes / 1000:.0f} kB"
