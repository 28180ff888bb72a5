"""lmms-eval's own command line; where torchvision was built for another torch, with the two names it stumbles over."""

import runpy

import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
runpy.run_module("lmms_eval", run_name="__main__", alter_sys=True)
