"""The one kernel of the course: the Python that runs the command, whatever kernels the machine offers besides."""

from pathlib import Path

import zmq
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from traitlets import List

# What is sent to a kernel is encrypted, where this computer can do it. (Without it each kernel warns.)
ENCRYPTION = "auto" if zmq.has("curve") else "disabled"


class OwnKernels(KernelSpecManager):
    """Looks in no folder for kernels. What is left is the kernel of this Python, under the name `python3`."""

    kernel_dirs = List([])


def own_kernel(folder):
    """Return the manager of a kernel of this Python. `folder` will hold the kernel's address and key."""
    return AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=OwnKernels(),
        connection_file=str(Path(folder) / "kernel.json"),
        transport_encryption=ENCRYPTION,
    )
