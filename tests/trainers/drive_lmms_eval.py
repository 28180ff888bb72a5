"""Run lmms-eval's own command line; declare the two operations that a mismatched torchvision needs to be imported."""

import runpy

import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
runpy.run_module("lmms_eval", run_name="__main__", alter_sys=True)
