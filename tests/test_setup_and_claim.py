"""`setup` and `claim`, the two functions every notebook begins with."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import psutil
import pytest

import course_utils
from course_utils import ClaimError, claim, notebooks, setup


@pytest.fixture(autouse=True)
def fresh_run(monkeypatch):
    monkeypatch.setattr(course_utils, "_run", {"chapter": "9.9", "seed": 3, "fast": False})


def test_a_claim_that_holds_is_printed_with_a_tick(capsys):
    claim("one is less than two", 1 < 2)
    assert capsys.readouterr().out == "✓ one is less than two\n"


def test_a_claim_that_fails_raises_and_says_by_how_much(capsys):
    with pytest.raises(ClaimError, match=r"✗ the AUC is above 0.8 \(missed by 0.1\)"):
        claim("the AUC is above 0.8", False, kind="quality", margin=-0.1)
    assert capsys.readouterr().out == ""


def test_numpy_booleans_are_accepted(capsys):
    claim("one is less than two", np.float64(1) < 2)
    assert "✓" in capsys.readouterr().out


@pytest.mark.parametrize("holds", [None, 1, "yes", np.array([True]), np.array([True, False]), []])
def test_anything_else_is_refused_as_holds(holds):
    with pytest.raises(TypeError, match="holds must be True or False"):
        claim("a statement", holds)


@pytest.mark.parametrize("statement", [None, 3, ["a"]])
def test_the_statement_must_be_text(statement):
    with pytest.raises(TypeError, match="statement must be a string"):
        claim(statement, True)


@pytest.mark.parametrize("statement", ["", "  "])
def test_the_statement_must_say_something(statement):
    with pytest.raises(ValueError, match="statement must not be empty"):
        claim(statement, True)


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be one of 'exact', 'quality', got 'speed'"):
        claim("a statement", True, kind="speed")


def test_a_quality_claim_needs_a_margin():
    with pytest.raises(ValueError, match="margin is missing"):
        claim("a statement", True, kind="quality")


@pytest.mark.parametrize(
    "margin, error", [("big", TypeError), ("0.1", TypeError), (True, TypeError), (np.nan, ValueError)]
)
def test_a_margin_that_is_no_number_is_refused(margin, error):
    with pytest.raises(error, match="margin must be"):
        claim("a statement", True, kind="quality", margin=margin)


@pytest.mark.parametrize("margin", [1, np.float32(0.5), np.array(0.5), np.int64(2)])
def test_a_margin_may_be_any_number(margin, capsys):
    claim("a statement", True, kind="quality", margin=margin)
    assert "✓" in capsys.readouterr().out


@pytest.mark.parametrize("holds, margin", [(True, -0.1), (False, 0.1)])
def test_a_margin_that_contradicts_the_claim_is_refused(holds, margin):
    with pytest.raises(ValueError, match="contradicts"):
        claim("a statement", holds, kind="quality", margin=margin)


def test_in_the_fast_profile_quality_claims_are_not_even_computed(capsys):
    setup(seed=0, fast=True, chapter="9.9")

    def never():
        raise RuntimeError("computed")

    claim("the network wins", never, kind="quality", margin=never)
    assert capsys.readouterr().out == "– not checked in the fast profile: the network wins\n"


def test_in_the_fast_profile_exact_claims_are_checked():
    setup(seed=0, fast=True)
    with pytest.raises(ClaimError):
        claim("one is more than two", lambda: 1 > 2)


def test_every_claim_is_logged(tmp_path, monkeypatch):
    log = tmp_path / "claims.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS_LOG", str(log))
    claim("exact", True)
    claim("quality", True, kind="quality", margin=np.float32(0.25))
    with pytest.raises(ClaimError):
        claim("wrong", False)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    common = {"chapter": "9.9", "seed": 3}
    assert lines == [
        {**common, "statement": "exact", "kind": "exact", "holds": True, "margin": None},
        {**common, "statement": "quality", "kind": "quality", "holds": True, "margin": 0.25},
        {**common, "statement": "wrong", "kind": "exact", "holds": False, "margin": None},
    ]


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"seed": 1.5}, TypeError, "seed must be an integer"),
        ({"seed": True}, TypeError, "seed must be an integer"),
        ({"seed": -1}, ValueError, "seed must be between"),
        ({"fast": 1}, TypeError, "fast must be True or False"),
        ({"chapter": 3.1}, TypeError, "chapter must be a string"),
    ],
)
def test_setup_refuses_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        setup(**arguments)


def test_the_same_seed_gives_the_same_numbers():
    import keras

    draws = []
    for seed in (1, 1, 2):
        setup(seed=seed)
        draws.append((np.random.rand(), float(keras.random.uniform(()))))
    assert draws[0] == draws[1] != draws[2]


def test_setup_freezes_what_its_import_made_and_nothing_that_came_later():
    code = (
        "import gc, weakref; from course_utils import setup; setup(); first = gc.get_freeze_count()\n"
        "class Ring: pass\n"
        "ring = Ring(); ring.itself = ring; seen = weakref.ref(ring); del ring\n"
        "setup(); gc.collect(); assert gc.isenabled() and seen() is None, 'garbage stays'\n"
        "assert gc.get_freeze_count() <= first and first > 100_000, first"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=notebooks.ROOT)


def test_setup_runs_no_tensorflow_operation():
    # Chapter 5.1 divides the processor into logical devices after setup; that fails once an operation has run.
    code = """
from course_utils import setup
setup(seed=0)
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
assert len(tf.config.list_logical_devices("CPU")) == 2
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=notebooks.ROOT)


def test_file_descriptor_2_is_given_back():
    code = """
import os
from course_utils import setup
setup(seed=0)
os.write(2, b"still heard")
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=notebooks.ROOT, capture_output=True)
    assert done.stderr == b"still heard"


# --- the reader's own settings -----------------------------------------------------------------------------------

BROKEN = b"backend: \xff\xfe pgf"  # neither UTF-8 nor anything else
OTHER_FIGURES = b"""text.usetex: True
backend: pgf
font.family: No Such Font
axes.prop_cycle: cycler("linestyle", ["-", ":"])
axes.formatter.use_locale: True
image.cmap: jet
savefig.format: pdf
"""
# Files in a folder of their own ({}), and variables of the environment.
READERS = {
    "another framework": ({}, {"KERAS_BACKEND": "jax", "MPLBACKEND": "TkAgg"}),
    "misspelt": ({}, {"KERAS_BACKEND": "tensorflwo", "MPLBACKEND": "nonsense", "TF_USE_LEGACY_KERAS": "1"}),
    "other habits": (
        {
            "keras/keras.json": b'{"backend": "jax", "floatx": "float16", "image_data_format": "channels_first"}',
            "matplotlibrc": OTHER_FIGURES,
        },
        {"KERAS_HOME": "{}/keras", "MATPLOTLIBRC": "{}/matplotlibrc", "KERAS_MAX_EPOCHS": "1"},
    ),
    "broken files": (
        {"keras/keras.json": b'["jax"]', "matplotlibrc": BROKEN},
        {"KERAS_HOME": "{}/keras", "MPLCONFIGDIR": "{}", "KERAS_MAX_STEPS_PER_EPOCH": "few"},
    ),
    "values that are none": (
        {"home/.keras/keras.json": b'{"floatx": "bfloat8", "epsilon": 1}', "matplotlibrc": BROKEN},
        {"HOME": "{}/home", "USERPROFILE": "{}/home", "MATPLOTLIBRC": "{}/matplotlibrc", "MPLBACKEND": "module://no"},
    ),
    "files for folders": (
        {"keras": b"", "cwd/matplotlibrc/empty": b""},
        {"KERAS_HOME": "{}/keras", "MATPLOTLIBRC": "{}/none", "KERAS_NNX_ENABLED": "true", "MPLBACKEND": "pdf"},
    ),
    "in the notebook's folder": ({"cwd/matplotlibrc": OTHER_FIGURES}, {"MPLBACKEND": ""}),
    "TensorFlow": (
        {},
        {
            "TF_ENABLE_ONEDNN_OPTS": "perhaps",
            "TF_CPP_MIN_LOG_LEVEL": "0",
            "TF_CPP_MAX_VLOG_LEVEL": "1",
            "TF_XLA_FLAGS": "--no_such_flag",
            "CUDA_VISIBLE_DEVICES": "99,abc",
        },
    ),
}

COMPUTE_AND_DRAW = """
from course_utils import setup
setup(seed=0)
import keras, matplotlib, numpy as np
import matplotlib.pyplot as plt
layer = keras.layers.Conv2D(2, 3)
assert layer(np.ones((4, 8, 6, 1))).numpy().shape == (4, 6, 4, 2) and layer.compute_dtype == "float32"
assert keras.config.backend() == "tensorflow" and keras.config.epsilon() == 1e-7
assert keras.config.max_epochs() is None and keras.config.max_steps_per_epoch() is None
figure, ax = plt.subplots()
ax.set_title("50 % of $x_1$")
figure.savefig("figure.png")
assert matplotlib.get_backend() == "agg" and not plt.rcParams["text.usetex"] and plt.rcParams["image.cmap"] == "gray"
print(*plt.rcParams["font.family"], open("figure.png", "rb").read(4)[1:])
"""


def run_as_reader(folder, files, variables, code):
    """Run code in a fresh interpreter, with these files and variables, in the folder `cwd`."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "cwd").mkdir(exist_ok=True)
    variables = {name: value.replace("{}", str(folder)) for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder / "cwd",
        env=dict(os.environ) | {"PYTHONPATH": str(notebooks.ROOT)} | variables,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow  # each imports TensorFlow anew
@pytest.mark.parametrize("reader", READERS)
def test_settings_of_the_reader_do_not_reach_the_course(reader, tmp_path):
    done = run_as_reader(tmp_path, *READERS[reader], COMPUTE_AND_DRAW)
    assert (done.stdout, done.stderr) == ("sans-serif b'PNG'\n", "")


def test_keras_on_another_framework_is_one_clear_line(monkeypatch):
    import keras

    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="Keras runs on 'jax' already: restart the kernel, begin with setup"):
        setup()


def test_a_broken_matplotlibrc_beside_the_notebook_is_one_clear_line(tmp_path):
    done = run_as_reader(tmp_path, {"cwd/matplotlibrc": BROKEN}, {}, "from course_utils import setup\nsetup()")
    message = "RuntimeError: matplotlib cannot use the settings in .*matplotlibrc .*: rename this file"
    assert re.match(message, done.stderr.splitlines()[-1])


FAILED_IMPORT = """
import sys
try:
    import keras
except ModuleNotFoundError:
    assert any(name.startswith("keras.") for name in sys.modules)  # half of Keras is left behind
else:
    raise SystemExit("this test needs an environment without jax")
"""
SHORT_FLOATS = """
import keras
keras.config.set_floatx("float16")
keras.config.set_image_data_format("channels_first")
keras.config.set_max_epochs(1)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("framework", "first"), [("jax", FAILED_IMPORT), ("tensorflow", SHORT_FLOATS)])
def test_keras_imported_before_setup_gets_the_settings_of_the_course(framework, first, tmp_path):
    variables = {"KERAS_BACKEND": framework, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = run_as_reader(tmp_path, {}, variables, first + COMPUTE_AND_DRAW)
    assert done.stdout == "sans-serif b'PNG'\n", done.stderr


@pytest.mark.slow
def test_figures_appear_below_their_cell_whatever_the_reader_has_set(monkeypatch, tmp_path):
    import nbformat

    (tmp_path / "matplotlibrc").write_bytes(OTHER_FIGURES)
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell("from course_utils import setup\nsetup(seed=0)\nimport matplotlib.pyplot as plt"),
        nbformat.v4.new_code_cell("plt.plot([1, 2])\nplt.title('$x$')\nplt.show()"),
    ]
    run = notebooks.execute(notebook, notebooks.ROOT)
    assert not run.error
    assert ["image/png" in output.get("data", {}) for output in run.notebook.cells[1].outputs] == [True]


@pytest.mark.slow
@pytest.mark.parametrize("code", ["1 + 1", "1 / 0"])
def test_a_kernel_ends_with_its_notebook(code):
    """Kernels that live on would fill the memory when the whole course is run."""
    import nbformat

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"import os\nprint(os.getpid())\n{code}")])
    run = notebooks.execute(notebook, notebooks.ROOT)
    kernel = int(run.notebook.cells[0].outputs[0].text)
    assert not psutil.pid_exists(kernel) or psutil.Process(kernel).status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_training_in_a_notebook_is_silent(monkeypatch):
    """Inside pytest ipykernel does not capture native stderr, so this test hides from the kernel that pytest runs."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    run = notebooks.execute(notebook_that_trains("setup(seed=0)"), notebooks.ROOT)
    assert not run.error
    assert notebooks.stderr_cells(run.notebook) == []


@pytest.mark.slow
def test_the_silence_test_can_hear(monkeypatch):
    """Without `setup` TensorFlow is heard: otherwise the test above would prove nothing."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    run = notebooks.execute(notebook_that_trains("import tensorflow"), notebooks.ROOT)
    assert notebooks.stderr_cells(run.notebook)


def notebook_that_trains(first_line):
    import nbformat

    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(f"from course_utils import setup\n{first_line}"),
        nbformat.v4.new_code_cell("import keras, numpy as np\nx, y = np.random.rand(64, 4), np.arange(64) % 2"),
    ]
    # Three models of different input shapes, predicted with different batch sizes: what makes TensorFlow warn
    # about retracing.
    for units in (1, 2, 3):
        notebook.cells.append(
            nbformat.v4.new_code_cell(
                f"layers = [keras.layers.Dense({units}), keras.layers.Dense(1, activation='sigmoid')]\n"
                f"model = keras.Sequential(layers)\n"
                f"model.compile('adam', 'binary_crossentropy')\n"
                f"_ = model.fit(x[:, :{units}], y, verbose=0)\n"
                f"for n in (1, 3, 5, 7, 11, 13):\n    _ = model.predict(x[:n, :{units}], verbose=0)"
            )
        )
    return notebook


def test_importing_the_package_leaves_the_environment_alone():
    code = "import os; before = dict(os.environ); import course_utils; assert dict(os.environ) == before"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=notebooks.ROOT, env=dict(os.environ))
