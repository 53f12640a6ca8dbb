"""The pictures of the pages, drawn when the site is built. Black and white tells all they say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_STYLE = (
    'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="14" '
    'stroke-linecap="round"'
)


def all_pictures() -> dict[str, str]:
    """Every picture by its path below `docs/`."""
    return {
        "pictures/student.svg": student(),
        "pictures/classes.svg": classes(),
        "pictures/cross.svg": certified("cross", "Mask of W1; a cycle of frozen weights is drawn"),
        "pictures/forest.svg": certified("forest", "Mask of W1; the frozen weights form a forest"),
        "pictures/oracle.svg": oracle(),
        "pictures/plastic.svg": plastic(),
        "pictures/methods.svg": methods(),
    }


def certified(example: str, alternative: str) -> str:
    """What `theorycheck plot` draws of an example: its masks and what the certificate points at."""
    import theorycheck as tc

    folder = Path(__file__).parents[2] / "examples" / "allocations"
    allocation, samples = tc.load(folder / f"{example}.json")
    verdict = tc.classify(allocation, samples)
    return tc.figure_svg(tc.plot(allocation, samples, verdict, what=["masks"]), alternative)


def methods() -> str:
    """What `theorycheck methods --out` draws of the network of its page."""
    import theorycheck as tc

    network = tc.Feedforward([6, 8, 4], activation="tanh", bias=True)
    found = tc.compare_methods(network, budget=40, samples=8, budgets=8, draws=1)
    return tc.figure_svg(tc.plot_methods(found), "Samples and ranks by the number of weights")


def student() -> str:
    """Teacher and student of widths 3-4-2: the student's learnable weights are thick."""
    from theorycheck import Allocation, LinearFeedforward

    network = LinearFeedforward([3, 4, 2])
    spread = Allocation.spread(network, 6)
    parts = [*_net(0, "teacher: all weights drawn", None), *_net(380, "student", spread)]
    parts += [
        '<path d="M 430 262 h 34" stroke="#0b3d91" stroke-width="5"/>',
        '<text x="472" y="267">learnable (6)</text>',
        '<path d="M 580 262 h 34" stroke="#8a8a8a" stroke-width="1.2" stroke-dasharray="5 4"/>',
        '<text x="622" y="267">frozen, drawn</text>',
    ]
    title = "Teacher and student share an architecture; some weights of the student are learnable"
    return _svg(740, 285, title, parts)


def _net(left: float, title: str, allocation: object) -> Iterable[str]:
    widths = (3, 4, 2)
    place = [
        [(left + 60 + 120 * layer, 140 + 52 * (k - (n - 1) / 2)) for k in range(n)]
        for layer, n in enumerate(widths)
    ]
    yield f'<text x="{left + 180}" y="24" text-anchor="middle" font-weight="bold">{title}</text>'
    for layer in (1, 2):
        mask = None if allocation is None else allocation.mask(f"W{layer}")  # type: ignore[attr-defined]
        for i, (x2, y2) in enumerate(place[layer]):
            for j, (x1, y1) in enumerate(place[layer - 1]):
                if mask is None:
                    style = 'stroke="#444" stroke-width="1.4"'
                elif mask[i, j]:
                    style = 'stroke="#0b3d91" stroke-width="5"'
                else:
                    style = 'stroke="#8a8a8a" stroke-width="1.2" stroke-dasharray="5 4"'
                yield f'<path d="M {x1:g} {y1:g} L {x2:g} {y2:g}" {style}/>'
    for layer, points in enumerate(place):
        for x, y in points:
            yield f'<circle cx="{x:g}" cy="{y:g}" r="11" fill="#fff" stroke="#222"/>'
        name = ("inputs", "hidden", "outputs")[layer]
        x = points[0][0]
        yield f'<text x="{x:g}" y="248" text-anchor="middle" font-size="12">{name}</text>'


def classes() -> str:
    """The line of match probabilities with the three classes on it."""
    parts = ['<path d="M 60 70 H 640" stroke="#222" stroke-width="2"/>']
    for x, label in ((60, "0"), (640, "1")):
        parts.append(f'<circle cx="{x}" cy="70" r="9" fill="#222"/>')
        parts.append(f'<text x="{x}" y="104" text-anchor="middle">MP = {label}</text>')
    parts += [
        '<text x="60" y="46" text-anchor="middle" font-weight="bold">minimal</text>',
        '<text x="640" y="46" text-anchor="middle" font-weight="bold">maximal</text>',
        '<text x="350" y="46" text-anchor="middle" font-weight="bold">intermediate</text>',
        '<path d="M 75 70 H 625" stroke="#b35806" stroke-width="7" stroke-dasharray="2 12"/>',
        '<path d="M 76 126 V 138 H 648 V 126" fill="none" stroke="#444"/>',
        '<text x="362" y="160" text-anchor="middle">positive: one of these two, which is open'
        "</text>",
        '<text x="350" y="104" text-anchor="middle">0 &lt; MP &lt; 1</text>',
    ]
    return _svg(720, 178, "Minimal, intermediate and maximal allocations", parts)


def oracle() -> str:
    """A unit with tanh as it is, and with a free variable in the place of its value."""
    parts = []
    for top, title, value, slope in (
        (20, "the network", "tanh z", "1 - (tanh z)&#178;"),
        (150, "the oracle", "a, a free variable", "1 - a&#178;"),
    ):
        y = top + 62
        parts += [
            f'<text x="24" y="{top + 10}" font-weight="bold">{title}</text>',
            *(f'<path d="M 60 {y + dy} L 200 {y}" stroke="#444"/>' for dy in (-28, 0, 28)),
            *(f'<circle cx="60" cy="{y + dy}" r="9" fill="#fff" stroke="#222"/>'
              for dy in (-28, 0, 28)),
            f'<circle cx="220" cy="{y}" r="20" fill="#fff" stroke="#222"/>',
            f'<text x="220" y="{y + 5}" text-anchor="middle">z</text>',
            f'<path d="M 240 {y} H 320" stroke="#0b3d91" stroke-width="3"/>',
            f'<text x="332" y="{y - 8}">value {value}</text>',
            f'<text x="332" y="{y + 22}">slope {slope}</text>',
        ]  # fmt: skip
    parts.append('<text x="130" y="276" font-size="12">at -z: -a; where z occurs again: a</text>')
    return _svg(560, 292, "What the oracle puts in the place of the value of tanh", parts)


def plastic() -> str:
    """Rank of the plastic synapses and target dimension, of the example of the page."""
    import numpy as np

    import theorycheck as tc

    rng = np.random.default_rng(0)
    network = tc.Recurrent(3, 80, 2, steps=4, activation="tanh", bias=True)
    sizes = {"recurrent": ((80, 80), 0.05), "input": ((80, 3), 0.2), "readout": ((2, 80), 0.05)}
    present = {name: rng.random(shape) < share for name, (shape, share) in sizes.items()}
    synapses = {"recurrent": present["recurrent"]}
    number = int(present["recurrent"].sum()) // 20
    chosen = tc.Allocation.random(network, number, rng, within=synapses, present=present)
    ranks, targets = [], []
    for samples in range(1, 9):
        verdict = tc.classify(chosen, samples, diagnose=True)
        assert verdict.diagnostics is not None
        assert verdict.target_dimension is not None
        ranks.append(verdict.diagnostics.rank)
        targets.append(verdict.target_dimension)
    return _chart(ranks, targets)


def _chart(ranks: list[int], targets: list[int]) -> str:
    """Dots for ranks, a line for targets, above numbers of samples from 1."""
    left, low, across, up = 70, 250, 60, 12

    def place(samples: int, value: int) -> tuple[int, int]:
        return left + across * samples, low - up * value

    points = " ".join("{},{}".format(*place(m, d)) for m, d in enumerate(targets, start=1))
    ends = place(len(targets), targets[-1])
    parts = [
        f'<path d="M {left} {low - up * max(targets) - 10} V {low} H {ends[0] + 40}" fill="none" '
        'stroke="#222"/>',
        f'<polyline points="{points}" fill="none" stroke="#b35806" stroke-width="2"/>',
        f'<text x="{ends[0] - 12}" y="{ends[1] - 8}" text-anchor="end">needed: D</text>',
    ]
    for samples, rank in enumerate(ranks, start=1):
        x, y = place(samples, rank)
        parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="#0b3d91"/>')
        parts.append(f'<text x="{x}" y="{low + 20}" text-anchor="middle">{samples}</text>')
    for value in range(0, max(targets) + 1, 4):
        y = place(0, value)[1]
        parts.append(f'<text x="{left - 10}" y="{y + 5}" text-anchor="end">{value}</text>')
    x, y = place(len(ranks), ranks[-1])
    parts.append(
        f'<text x="{x}" y="{y + 62}" text-anchor="end">rank of the plastic synapses</text>'
    )
    middle = left + across * len(ranks) // 2
    parts.append(f'<text x="{middle}" y="{low + 42}" text-anchor="middle">samples</text>')
    return _svg(620, 310, "Rank and target dimension against the number of samples", parts)


def _svg(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    # A white ground, so that the picture can be read on dark pages too.
    ground = f'<rect width="{width}" height="{height}" rx="6" fill="#fff"/>'
    body = "\n".join([f"<title>{title}</title>", ground, *parts])
    return f'<svg {_STYLE} viewBox="0 0 {width} {height}" role="img">\n{body}\n</svg>\n'
