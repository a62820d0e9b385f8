"""Real networks on each runtime, from nothing to how well they are predicted.

usage: python run.py --profiler PROFILER --onnxruntime LIB --folder FOLDER [--networks 150] [--only WORD] [--part scores]
       [--list int8]

Run by hand, in two hours or so: Python needs torch, torchvision, timm, onnx, onnxscript, onnxruntime and pip. What a list names is
exported or fetched into FOLDER once, and all results are kept there, so that the same command goes on where it was stopped.
"""

import argparse
from pathlib import Path

import networks
import scores
import sums

RUNTIMES = ["tract", "onnxruntime"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--profiler", required=True, type=Path)
    parser.add_argument("--predictor", type=Path, help="default: beside the profiler, which it measures with")
    parser.add_argument("--onnxruntime", required=True, help="its library")
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--runtime", nargs="+", default=RUNTIMES, choices=RUNTIMES)
    parser.add_argument("--part", default="all", choices=["sums", "scores", "all"], help="whether layers add up, or predictions")
    parser.add_argument("--networks", type=int, default=150, help="random networks that models are fitted on")
    parser.add_argument("--list", default="list", choices=["list", "int8"], help="networks in floats, or in 8-bit integers")
    parser.add_argument("--only", default="", help="networks whose name has this in it")
    parser.add_argument("--budget-s", type=int, default=20, help="seconds for the layers' sum of a network")
    parser.add_argument("--normalize", action="store_true", help="divide by how much slower the machine became")
    options = parser.parse_args()
    options.profiler = options.profiler.resolve()
    options.predictor = options.predictor or options.profiler.with_name("predictor")
    options.folder.mkdir(parents=True, exist_ok=True)
    networks.write_sizes(options.list, options.folder / "sizes.txt")
    files = networks.get(options.list, options.folder, options.only)
    if options.part != "scores":
        sums.check(files, options)
    if options.part != "sums":
        scores.report(files, options)


if __name__ == "__main__":
    main()
