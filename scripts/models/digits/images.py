"""The handwritten digits of scikit-learn, shown at LeNet5's 32x32."""
import torch
from sklearn.datasets import load_digits
from torch import nn

SIDE = 32
# An image is a test image when its index is divisible by this.
TEST_EVERY = 4


def load_images():
    """All images, float32 [n,1,32,32] in [0,1], and their labels, int64 [n], in scikit-learn's order."""
    digits = load_digits()
    small = torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
    images = nn.functional.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    return images, torch.tensor(digits.target, dtype=torch.int64)
