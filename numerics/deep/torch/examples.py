"""Two small convolutional networks: LeNet, and one with residual connections."""

from __future__ import annotations

from typing import Any


def lenet(size: int = 28, channels: int = 1, classes: int = 10) -> Any:
    """LeNet-5 with tanh and average pooling, after LeCun et al. 1998, for square images.

    Parameters
    ----------
    size : int
        Height and width, a multiple of 4; 28 makes P = 61,706 with one channel and ten classes.
    channels, classes : int

    Returns
    -------
    torch.nn.Sequential

    Raises
    ------
    ValueError
        If `size` is no multiple of 4 or smaller than 8.
    """
    from torch import nn

    if size % 4 or size < 8:
        raise ValueError(f"size must be a multiple of 4, 8 or more; got {size}")
    filter_size = 5 if size > 12 else 3
    inner = (size // 2 - filter_size + 1) // 2
    return nn.Sequential(
        nn.Conv2d(channels, 6, filter_size, padding=filter_size // 2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, filter_size), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(16 * inner**2, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, classes),
    )  # fmt: skip


def residual_network(channels: int = 1, width: int = 8, blocks: int = 2, classes: int = 10) -> Any:
    """A residual network: a convolution, blocks x + conv(tanh(conv(x))), a mean over the image, a layer.

    Parameters
    ----------
    channels, width, blocks, classes : int
        Of the images (channels, height, width), of the layers between, how many blocks, and outputs.

    Returns
    -------
    torch.nn.Module
    """
    from torch import nn

    class Residual(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1), nn.Tanh(), nn.Conv2d(width, width, 3, padding=1)
            )

        def forward(self, x: Any) -> Any:
            return x + self.body(x)

    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1),
        nn.Tanh(),
        *[Residual() for _ in range(blocks)],
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, classes),
    )
