"""Allow torchvision to be imported with a torch that it was not built for: import this before a trainer.

Wheels of torchvision on PyPI are built for CUDA; with a CPU build of torch they lack two operations, which no trainer
here uses, so declaring them is enough. With a matching pair, this does nothing.
"""

from __future__ import annotations

import torch

try:
    import torchvision
except RuntimeError:
    _OPS = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for _name in ("nms", "qnms"):
        _OPS.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    import torchvision  # noqa: F401
