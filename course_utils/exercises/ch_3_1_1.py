"""Checks behind the exercises of chapter 3.1.1, Convolutional networks."""

from fractions import Fraction

import numpy as np

from course_utils.exercises import Exercise, Misconception


def _positions(size, kernel_size, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def _positions_by_walking(size, kernel_size, stride, padding, dilation):
    """Put the window on the padded row as often as it fits."""
    places, first = 0, 0
    while first + dilation * (kernel_size - 1) < size + 2 * padding:
        places += 1
        first += stride
    return places


def _positions_by_floor(size, kernel_size, stride, padding, dilation):
    span = dilation * (kernel_size - 1) + 1
    return np.floor((size + 2 * padding - span) / stride) + 1


EXERCISES = [
    Exercise(
        "3.1.1-a",
        expected=0.6,
        solutions=((80 - (40 - 200)) / 400, np.clip((np.array(80) - 40) / 400 + 0.5, 0, 1), Fraction(3, 5)),
        misconceptions=(
            Misconception(1, "You used the stored value as it is. It becomes Hounsfield units first: here minus 1024."),
            Misconception(80 / 400, "This is the distance from 0 HU. The window begins at its lower end, c - w/2."),
            Misconception(80, "These are the Hounsfield units. The window turns them into a grey value from 0 to 1."),
            Misconception(0.1, "Nearly: this is the distance from the centre. The centre itself is grey 1/2."),
            Misconception(0.55, "You took the width for half of the window. From black to white it is 400 HU in all."),
            Misconception(0, "The intercept is -1024: you subtracted it twice, or took the pixel for air."),
            Misconception(0.4, "Turned round: 80 HU lies above the centre of 40 HU, so it is brighter than 1/2."),
        ),
        hint="First the Hounsfield units. How far are they above the lower end of the window, as a share of the width?",
    ),
    Exercise(
        "3.1.1-b",
        expected=[[1, 2], [1, -1]],
        solutions=(np.array([[1, 2], [1, -1]]), np.array([[1.0, 2.0], [1.0, -1.0]], "float32"), ((1, 2), (1, -1))),
        misconceptions=(
            Misconception(
                [[5, 2], [1, 9]],
                "You turned the kernel by 180 degrees: that is the mathematical convolution. A layer does not turn it.",
            ),
            Misconception(
                [[-2, 0, -1, 0], [1, 1, 2, 1], [6, 1, -1, 0], [0, 8, 8, 2]],
                "This is another size: no padding was asked for, so only 2 × 2 windows fit.",
            ),
            Misconception([[3, 2], [9, 3]], "The weight below on the right is -1: its product is subtracted."),
            Misconception(
                [[1, 1], [2, -1]],
                "Rows and columns are exchanged. The first row of the output holds the two upper windows.",
            ),
            Misconception(
                [[7, 2], [-1, 7]],
                "You exchanged rows and columns of the kernel: its first row, 1 and 2, lies on the window's first row.",
            ),
            Misconception([[1]], "There are four windows: two places across and two places down."),
        ),
        hint="Go window by window: upper left, upper right, lower left, lower right. Four products each.",
    ),
    Exercise(
        "3.1.1-c",
        expected=_positions,
        cases=((32, 3, 1, 0, 1), (32, 3, 1, 0, 2), (33, 5, 2, 2, 3), (20, 3, 3, 1, 2), (28, 3, 2, 4, 4)),
        solutions=(_positions_by_walking, _positions_by_floor),
        misconceptions=(
            Misconception(
                lambda size, k, s, p, d: (size + 2 * p - k) // s + 1,
                "You left the dilation out. Three weights that lie two pixels apart span five pixels, not three.",
            ),
            Misconception(
                lambda size, k, s, p, d: (size + 2 * p - d * k) // s + 1,
                "Three weights have only two gaps between them: count the pixels that a kernel of 3 spans with d = 2.",
            ),
            Misconception(
                lambda size, k, s, p, d: (size + 2 * p - d * (k - 1)) // s + 1,
                "One too many: the span counts both end pixels. With d = 1 it must be k.",
            ),
            Misconception(
                lambda size, k, s, p, d: (size + p - d * (k - 1) - 1) // s + 1,
                "The padding is added at both edges: 2 p.",
            ),
            Misconception(
                lambda size, k, s, p, d: (size + 2 * p - d * (k - 1) - 1) // s,
                "You counted the steps. The first position, before any step, is one more.",
            ),
            Misconception(
                lambda size, k, s, p, d: (size + 2 * p - d * (k - 1) - 1) / s + 1,
                "Half a window is none: round down, with `//`.",
            ),
            Misconception(
                lambda size, k, s, p, d: -(-(size + 2 * p - d * (k - 1) - 1) // s) + 1,
                "You rounded up: the last window would reach beyond the edge.",
            ),
        ),
        hint="How many pixels does the kernel span, from its first weight to its last? They take the place of k.",
    ),
    Exercise(
        "3.1.1-d",
        expected=[(9 * 32 + 1) * 64, 56 * 56 * 9 * 32 * 64],
        solutions=(np.array([18_496, 57_802_752]), (18_496.0, 57_802_752.0)),
        misconceptions=(
            Misconception([9 * 32 * 64, 56 * 56 * 9 * 32 * 64], "Nearly. Every filter has a bias too: 64 parameters."),
            Misconception(
                [(9 * 32 + 1) * 64, 54 * 54 * 9 * 32 * 64],
                "The parameters are right. With one zero at each edge the output has 56 rows, not 54.",
            ),
            Misconception(
                [(9 + 1) * 64, 56 * 56 * 9 * 64],
                "A filter looks at all 32 input channels, with weights of its own for each.",
            ),
            Misconception(
                [(9 * 32 + 1) * 64, 9 * 32 * 64],
                "The parameters are right. Each weight is used again at every one of the 56 × 56 positions.",
            ),
            Misconception(
                [(9 * 32 + 1) * 64, 56 * 56 * (9 * 32 + 1) * 64],
                "The parameters are right. The bias is added, not multiplied.",
            ),
            Misconception(
                [(9 * 32 + 32) * 64, 56 * 56 * 9 * 32 * 64],
                "There is one bias for each filter, not one for each input channel.",
            ),
            Misconception(
                [(9 * 64 + 1) * 32, 56 * 56 * 9 * 32 * 64],
                "You exchanged input channels and filters: one bias for each of the 64 filters.",
            ),
            Misconception([56 * 56 * 9 * 32 * 64, (9 * 32 + 1) * 64], "Right numbers, wrong order: parameters first."),
        ),
        hint="How many weights has one filter, over all its channels? Then all filters, then all positions.",
    ),
    Exercise(
        "3.1.1-e",
        expected=27 * 200 / 32,
        solutions=(168.75, np.float64(27) * 6.25, 168.8, 169),
        tolerance=2e-3,  # to the millimetre
        misconceptions=(
            Misconception(27, "These are pixels. A pixel is 200 mm / 32 wide."),
            Misconception(
                12 * 200 / 32,
                "You left the strides out. Behind a stride of 2 a step in the map is two pixels of the image.",
            ),
            Misconception(
                33 * 200 / 32,
                "You used the jump after each layer. A layer's window steps with the jump before it.",
            ),
            Misconception(
                16 * 200 / 32, "The first convolution has a stride too: behind it the jump is 2, behind the pooling 4."
            ),
            Misconception(
                19 * 200 / 32,
                "Either a convolution behind the pooling is missing (there are two), or the stride of the pooling: "
                "behind it the jump is 4.",
            ),
            Misconception(25 * 200 / 32, "Pooling widens the field as well: its window of 2 adds one jump, 2 pixels."),
            Misconception(200, "The whole image is seen only after averaging over all positions."),
        ),
        hint="Write a row for each layer: its window, the jump before it, the field after it. Who changes the jump?",
    ),
]
