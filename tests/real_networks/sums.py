"""Whether the layers of networks add up: each is measured layer by layer, and the layers' sum is held against the whole.

Printed: network, runtime, milliseconds of the whole, sum of its layers over it, exit code, and what was said; then how
many networks have a table on all runtimes, and how many sums are within 3 % where the whole takes more than 1 ms. Results
are kept (results.jsonl), and a network that has one is not measured again.
"""

import json
import subprocess

import networks


def measure(path, runtime, options):
    """One result: exit code, milliseconds, sum over whole, and the last line of what was said."""
    command = [options.profiler, "model", path, "--json", "--backend", runtime, "--no-compare"]
    command += ["--onnxruntime", options.onnxruntime, "--budget-s", str(options.budget_s)]
    command += ["--sizes", options.folder / "sizes.txt", *networks.inputs(options.list, [path.stem])]
    done = subprocess.run(command, capture_output=True, text=True)
    result = {"network": path.stem, "runtime": runtime, "code": done.returncode}
    if done.returncode == 0:
        layers = json.loads(done.stdout)["in_place"]
        result |= {"ms": layers["whole"]["latency_ms"], "ratio": layers["sum_over_whole"]}
        result |= {"macs": layers["macs"], "lowest": min(layer["latency_ms"] for layer in layers["layers"])}
    said = [line for line in done.stderr.splitlines() if line.startswith(("error", "warning"))]
    result["said"] = said[-1][:160] if said else ""
    return result


def shown(result):
    figures = f"{result['ms']:9.3f} {result['ratio']:7.3f}" if "ms" in result else " " * 17
    said = result["said"] if result["code"] else ""
    return f"{result['network']:40} {result['runtime']:12} {figures} {result['code']:4} {said}"


def check(files, options):
    kept = options.folder / "results.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    results = {(result["network"], result["runtime"]): result for result in map(json.loads, lines)}
    print(f"{'network':40} {'runtime':12} {'whole ms':>9} {'Σ/whole':>7} {'exit':>4}")
    for path in files:
        for runtime in options.runtime:
            result = results.get((path.stem, runtime))
            if result is None:
                result = measure(path, runtime, options)
                results[path.stem, runtime] = result
                with kept.open("a") as file:
                    print(json.dumps(result), file=file)
            print(shown(result), flush=True)
    names = {path.stem for path in files}
    results = {key: result for key, result in results.items() if key[0] in names and key[1] in options.runtime}
    ended = lambda name: all(results[name, runtime]["code"] == 0 for runtime in options.runtime)
    long = [result for result in results.values() if result.get("ms", 0) > 1]
    near = [result for result in long if abs(result["ratio"] - 1) <= 0.03]
    print(f"{sum(map(ended, names))} of {len(names)} networks have a table on {' and '.join(options.runtime)} (goal: 30)")
    print(f"{len(near)} of {len(long)} sums are within 3 % where the whole takes more than 1 ms (goal: all)")
