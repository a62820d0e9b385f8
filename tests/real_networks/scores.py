"""How well networks are predicted by a model fitted on random networks of the same machine.

For each runtime: random networks are measured layer by layer, a model is fitted on them, the networks are measured beside
its anchors, and predicted. All is kept in FOLDER/RUNTIME; what is measured is not measured again.
"""

import json
import subprocess
import sys

import networks

GOALS = {
    "list": ["95 %", "5 %", "90 %", "85 to 95 %", "25 %", "80 %"],
    "int8": ["", "8 %", "", "", "", ""],
}
HEADINGS = ["answered", "mean error", "within 10 %", "cover", "width", "layers"]


def run(command, made=None, **more):
    """Gives a command; what it says goes on. One that fails ends this program, and is given again by the next one, unless it
    made its table, or gave its answer, but for some networks, which it names."""
    command = [str(word) for word in command]
    print("$ " + " ".join(command), file=sys.stderr, flush=True)
    done = subprocess.run(command, text=True, **more)
    if done.returncode and not (done.returncode == 1 and (done.stdout or made and made.exists())):
        sys.exit(f"error: {command[0]} {command[1]} ended with exit code {done.returncode}")
    return done.stdout


def drawn(table, count, runtime, more, options):
    """A table of random networks, measured where it is not there yet."""
    if not table.exists():
        command = [options.profiler, "run", "--sample-networks", count, "--backend", runtime, *more]
        run([*command, "--no-compare", "-o", table], made=table, stdout=subprocess.DEVNULL)
    return table


def score(files, runtime, options):
    """The zoo of a runtime, as `predictor zoo --json` prints it."""
    folder = options.folder / runtime
    chosen = folder / f"networks-{options.list}"
    chosen.mkdir(parents=True, exist_ok=True)
    for old in chosen.iterdir():
        old.unlink()
    for path in files:
        (chosen / path.name).symlink_to(path.resolve())
    model, zoo = folder / f"model-{options.list}.json", folder / f"zoo-{options.list}.json"
    library = ["--onnxruntime", options.onnxruntime]
    tables = [drawn(folder / "drawn.csv", options.networks, runtime, library, options)]
    if options.list == "int8":
        tables += [drawn(folder / "int8.csv", options.networks // 4, runtime, [*library, "--style", "int8"], options)]
    newest = max(table.stat().st_mtime for table in tables)
    if not model.exists() or model.stat().st_mtime < newest:
        run([options.predictor, "fit", *tables, "-o", model], stdout=subprocess.DEVNULL)
    command = [options.predictor, "zoo", model, chosen, "--sizes", options.folder / "sizes.txt", "--measure"]
    command += networks.inputs(options.list, [path.stem for path in files])
    command += ["-o", folder / f"zoo-{options.list}", *library, "--json", *(["--normalize"] if options.normalize else [])]
    found = run(command, stdout=subprocess.PIPE)
    zoo.write_text(found)
    return json.loads(found)


def percent(share):
    return "-" if share is None else f"{100 * share:.1f} %"


def figures(zoo):
    """What is printed of a zoo, in the order of HEADINGS."""
    card = zoo["scorecard"]
    of = card.get("figures", {})
    shares = ["mean_error", "within_10", "coverage_90", "median_width_90", "layers_within_20"]
    answered = f"{card['without_guess']} of {card['networks']}"
    return [answered, *(percent(of.get(share)) for share in shares)]


def report(files, options):
    zoos = {runtime: score(files, runtime, options) for runtime in options.runtime}
    line = lambda name, cells: print(f"{name:12} " + " ".join(f"{cell:>12}" for cell in cells))
    line("runtime", HEADINGS)
    for runtime, zoo in zoos.items():
        line(runtime, figures(zoo))
    line("goal", GOALS[options.list])
    for runtime, zoo in zoos.items():
        for machine in zoo["machine"]:
            print(f"{runtime}: {machine['words']}" + ("; divided by that" if machine["is_divided"] else ""))
