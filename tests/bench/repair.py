"""What repair leaves missing and what it costs: the simulator (no sockets), with the code that wfdd runs."""
import json
import math
import subprocess

from bench import BIN, OUT, Table

# sinks, loss, mean burst in packets, latency in ms, the target's bounds of residual and overhead (targets 13 to 15)
CELLS = [
    (1, 0.05, 1, 100, 1e-5, 1.3 * 0.05), (1, 0.10, 1, 100, 1e-5, 1.3 * 0.10),
    (16, 0.05, 1, 150, 1e-5, 0.18), (64, 0.05, 1, 150, 1e-5, 0.23),
    (1, 0.10, 20, 200, 1e-5, None),
]
LOSSES = [0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.15]


def simulate(*arguments):
    done = subprocess.run([BIN / "repair_sim", *map(str, arguments)], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    if figures["wrong"]:
        raise RuntimeError(f"repair_sim {arguments}: {figures['wrong']} outputs are not what was sent")
    return figures


def table_of_cells(packets):
    table = Table("repair", "Repair on request, in the simulator",
                  f"{packets:,} packets a cell, 10 Mbit/s, 3 ms each way; media, parity and retransmissions are lost alike, "
                  "requests are not. Residual: of all packets at all sinks. Overhead: bytes of repair to bytes of the stream.",
                  ["lost on the air", "residual", "overhead", "target residual", "target overhead", "requests a sink a second"])
    for sinks, loss, burst, latency, residual, overhead in CELLS:
        got = simulate(sinks, loss, burst, latency, packets)
        seconds = packets * 1064e-6
        name = f"{sinks} sink{'s' if sinks > 1 else ''}, {loss:.0%}" + (f" in bursts of {burst}" if burst > 1 else "")
        table.add(f"{name}, {latency} ms", f"{got['lost_on_air']:.3%}", f"{got['residual']:.1e}", f"{got['overhead']:.1%}",
                  f"{residual:.0e}", f"{overhead:.1%}" if overhead else "-", f"{got['requests'] / sinks / seconds:.1f}")
    return table


def curve(sinks, latency, way, packets):
    return [(loss, simulate(sinks, loss, 1, latency, packets, way)) for loss in LOSSES]


def plot(curves, path, floor):
    """Residual over loss, both logarithmic; what is below `floor` stands on it."""
    width, height, left, top = 640, 400, 70, 20

    def at(loss, residual):
        x = left + (math.log10(loss) - math.log10(LOSSES[0])) / math.log10(LOSSES[-1] / LOSSES[0]) * (width - left - 150)
        y = top + (0 - math.log10(max(residual, floor))) / (0 - math.log10(floor)) * (height - top - 50)
        return x, y
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
             'font-size="12"><rect width="100%" height="100%" fill="white"/>']
    for decade in range(0, round(-math.log10(floor)) + 1):
        y = at(LOSSES[0], 10.0 ** -decade)[1]
        label = "none seen" if 10.0 ** -decade <= floor * 1.01 else f"1e-{decade}"
        lines.append(f'<line x1="{left}" x2="{width - 150}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                     f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for loss in LOSSES:
        x = at(loss, 1)[0]
        lines.append(f'<text x="{x:.1f}" y="{height - 30}" text-anchor="middle">{loss:.0%}</text>')
    lines.append(f'<text x="{left}" y="{height - 10}">loss on the air; upwards: part of the packets missing at the output</text>')
    for (name, points), color in zip(curves.items(), ("#888888", "#d62728", "#1f77b4", "#2ca02c", "#9467bd")):
        path_of = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        x, y = at(*points[-1])
        lines.append(f'<polyline points="{path_of}" fill="none" stroke="{color}" stroke-width="2"/>'
                     f'<text x="{x + 6:.1f}" y="{y + 4:.1f}" fill="{color}">{name}</text>')
    path.write_text("\n".join([*lines, "</svg>\n"]))


def measure(_, quick):
    packets = 20_000 if quick else 1_000_000
    points = 5_000 if quick else 50_000
    curves = {"no repair": [(loss, loss) for loss in LOSSES]}
    over = Table("repair_over_loss", "Residual and overhead over loss", f"{points:,} packets a point.",
                 [f"{loss:.0%}" for loss in LOSSES])
    for sinks, latency, way in ((1, 100, "parity"), (16, 150, "parity"), (16, 150, "plain")):
        name = f"{sinks} sink{'s' if sinks > 1 else ''}, {'each resent' if way == 'plain' else 'wfdcast'}"
        found = curve(sinks, latency, way, points)
        curves[name] = [(loss, got["residual"]) for loss, got in found]
        over.add(f"{name}: residual", *(f"{got['residual']:.1e}" for _, got in found))
        over.add(f"{name}: overhead", *(f"{got['overhead']:.1%}" for _, got in found))
    plot(curves, OUT / "repair.svg", 1e-6)
    return [table_of_cells(packets), over]
