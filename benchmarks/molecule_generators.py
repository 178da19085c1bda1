"""Generators of small molecules as strings: a language model, a latent GAN and its Gaussian control, simple rivals.

    python benchmarks/molecule_generators.py              about ten minutes
    python benchmarks/molecule_generators.py --only rivals    those without a network, ten seconds

Neutral molecules of at most 12 heavy atoms (C, N, O, F, S, Cl) of the NCI and of approved drugs, without
stereochemistry; for each seed 1,000 of them are drawn for training, the rest is held out. All generators but
`add one carbon` write SELFIES, so that every string is a molecule: what counts is novelty and distance. Each makes
1,000 molecules, which `generative.measure_molecules` compares with the training set; the held-out molecules are the row
that real ones score by chance.

- usual symbols: symbols and lengths drawn as often as in the training set
- bigram: each symbol drawn as often as it follows the one before; the end is a symbol, too
- GRU language model: a gated recurrent unit (GRU) of 128 units predicts the next symbol
- latent GAN: an autoencoder of two GRUs with 24 latent numbers; a Wasserstein GAN with gradient penalty learns to draw
  these numbers, and the decoder writes them as a string
- Gaussian, same latent space: a normal distribution with the mean and covariance of the training set's latent numbers,
  and the same decoder

The sizes and epochs were declared before the first run, and nothing was tuned.
"""

import os
import sys
import time

import numpy as np
import report

from course_utils import datasets, generative, molecules, setup

SEEDS = (0, 1, 2)
N_TRAINING = N_MADE = 1000
MAX_HEAVY_ATOMS = 12
ELEMENTS = ("C", "N", "O", "F", "S", "Cl")
UNITS, EMBEDDING, LATENT, BATCH = 128, 32, 24, 50
EPOCHS = {"language": 40, "autoencoder": 60}
GAN_STEPS, CRITIC_STEPS, PENALTY = 2000, 5, 10.0

MEASURED = ["valid", "unique", "novel", "diversity", "wasserstein", "frechet", "wall_seconds", "cpu_seconds", "note"]
benchmark = report.Benchmark(__file__, ["generator", "seed"], MEASURED, seeds=SEEDS)


# --- the data --------------------------------------------------------------------------------------------------------


def split(seed):
    """Return 1,000 training molecules and those held out, as canonical SMILES."""
    data = datasets.load_small_molecules()
    small = [text for text, size in zip(data.smiles, data.heavy_atoms, strict=True) if size <= MAX_HEAVY_ATOMS]
    kept = molecules.clean_molecules(small, max_heavy_atoms=MAX_HEAVY_ATOMS, elements=ELEMENTS, charges="none").smiles
    order = np.random.default_rng(seed).permutation(len(kept))
    return [kept[i] for i in order[:N_TRAINING]], [kept[i] for i in order[N_TRAINING:]]


def symbols_of(smiles):
    """Return the SELFIES symbols of each molecule."""
    import selfies

    return [list(selfies.split_selfies(selfies.encoder(text))) for text in smiles]


def smiles_of(strings):
    """Read lists of SELFIES symbols as molecules; None where nothing was written."""
    import selfies

    return [selfies.decoder("".join(symbols)) or None for symbols in strings]


# --- without a network -----------------------------------------------------------------------------------------------


def usual_symbols(training, seed):
    rng, strings = np.random.default_rng(seed), symbols_of(training)
    pool, lengths = np.concatenate(strings), [len(string) for string in strings]
    return smiles_of([rng.choice(pool, rng.choice(lengths)) for _ in range(N_MADE)])


def bigram(training, seed):
    """Draw each symbol among those that followed the one before; "" is the start and the end."""
    rng, followers = np.random.default_rng(seed), {}
    for string in symbols_of(training):
        for before, after in zip(["", *string], [*string, ""], strict=True):
            followers.setdefault(before, []).append(after)
    made = []  # one of the followers, copies included: each as often as it followed
    for _ in range(N_MADE):
        string = []
        while not string or string[-1]:
            after = followers[string[-1] if string else ""]
            string.append(after[rng.integers(len(after))])
        made.append(string[:-1])
    return smiles_of(made)


def run_rivals():
    setup(seed=0)
    for seed in benchmark.wanted(SEEDS):
        training, held_out = split(seed)
        made = {
            "held-out molecules": lambda seed, held_out=held_out: held_out,
            "add one carbon": lambda seed, training=training: generative.add_one_carbon(training, N_MADE, seed=seed),
            "usual symbols": lambda seed, training=training: usual_symbols(training, seed),
            "bigram": lambda seed, training=training: bigram(training, seed),
        }
        for name, make in made.items():
            if not benchmark.is_done(name, seed):
                clocks = start()
                store(name, seed, make(seed), training, clocks)


# --- with networks ---------------------------------------------------------------------------------------------------


class Codes:
    """The alphabet of a training set: 0 is the end (and what stands after it), 1 the start."""

    def __init__(self, training):
        strings = symbols_of(training)
        self.symbols = ["", "", *sorted({symbol for string in strings for symbol in string})]
        self.length = max(map(len, strings)) + 1
        number = {symbol: i for i, symbol in enumerate(self.symbols) if i > 1}
        self.targets = np.zeros((len(strings), self.length), "int32")
        for row, string in zip(self.targets, strings, strict=True):
            row[: len(string)] = [number[symbol] for symbol in string]
        self.inputs = np.concatenate([np.ones((len(strings), 1), "int32"), self.targets[:, :-1]], axis=1)
        ends = np.array([len(string) for string in strings])[:, None]
        self.weights = (np.arange(self.length) <= ends).astype("float32")  # the first end counts, what follows does not

    def write(self, rows):
        """Return SMILES of rows of codes."""
        strings = []
        for row in rows:
            ends = np.flatnonzero(row <= 1)
            strings.append([self.symbols[code] for code in row[: ends[0] if len(ends) else None]])
        return smiles_of(strings)


def network(codes, latent):
    """Build the network that predicts the next symbol from those before, and from latent numbers where there are any.

    Returns the network that is trained, its encoder and its decoder (both None and itself without latent numbers).
    """
    import keras
    from keras import layers

    before = keras.Input((codes.length,), dtype="int32")
    embedded = layers.Embedding(len(codes.symbols), EMBEDDING)(before)
    if not latent:
        hidden = layers.Dropout(0.2)(layers.GRU(UNITS, return_sequences=True)(embedded))
        model = keras.Model(before, layers.Dense(len(codes.symbols))(hidden))
        return model, None, model
    whole = keras.Input((codes.length,), dtype="int32")
    read = layers.GRU(UNITS)(layers.Embedding(len(codes.symbols), EMBEDDING)(whole))
    encoder = keras.Model(whole, layers.Dense(latent)(read))
    numbers = keras.Input((latent,))
    repeated = layers.RepeatVector(codes.length)(numbers)
    hidden = layers.GRU(UNITS, return_sequences=True)(layers.Concatenate()([layers.Dropout(0.3)(embedded), repeated]))
    decoder = keras.Model([before, numbers], layers.Dense(len(codes.symbols))(hidden))
    noisy = layers.GaussianNoise(0.1)(encoder(whole))  # neighbours in the latent space write the same string
    return keras.Model([whole, before], decoder([before, noisy])), encoder, decoder


def train(model, inputs, codes, epochs):
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3), loss, jit_compile=False)
    model.fit(inputs, codes.targets, sample_weight=codes.weights, batch_size=BATCH, epochs=epochs, verbose=0)


def draw(decoder, codes, numbers=None):
    """Draw 1,000 strings symbol by symbol, each from the softmax of the network's logits."""
    import tensorflow as tf

    compiled = tf.function(lambda *inputs: decoder(inputs if len(inputs) > 1 else inputs[0], training=False))
    given = [] if numbers is None else [tf.constant(numbers, "float32")]
    rows = np.zeros((N_MADE, codes.length + 1), "int32")
    rows[:, 0] = 1
    for place in range(codes.length):
        logits = compiled(tf.constant(rows[:, :-1]), *given)[:, place].numpy()
        logits[:, 1] = -1e9  # the start is not written again
        drawn = tf.random.categorical(logits, 1).numpy()[:, 0]
        rows[:, place + 1] = np.where((rows[:, place] == 0), 0, drawn)
    return codes.write(rows[:, 1:])


def latent_gan(real, seed):
    """Train a Wasserstein GAN with gradient penalty on latent numbers, and draw 1,000 rows of them."""
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(seed)

    def dense(n_inputs, n_outputs):
        hidden = [layers.Dense(128, activation="leaky_relu") for _ in range(2)]
        return keras.Sequential([keras.Input((n_inputs,)), *hidden, layers.Dense(n_outputs)])

    n, batch = real.shape[1], 64
    generator, critic = dense(n, n), dense(n, 1)
    optimisers = [keras.optimizers.Adam(3e-4, beta_1=0.5, beta_2=0.9) for _ in range(2)]
    for optimiser, model in zip(optimisers, (generator, critic), strict=True):
        optimiser.build(model.trainable_variables)
    data = tf.constant(real, "float32")

    @tf.function
    def step():
        for _ in range(CRITIC_STEPS):
            some = tf.gather(data, tf.random.uniform((batch,), 0, len(real), tf.int32))
            made = generator(tf.random.normal((batch, n)))
            share = tf.random.uniform((batch, 1))
            between = share * some + (1 - share) * made
            with tf.GradientTape() as tape:
                with tf.GradientTape() as inner:
                    inner.watch(between)
                    score = critic(between)
                slope = tf.sqrt(tf.reduce_sum(inner.gradient(score, between) ** 2, axis=1) + 1e-12)
                loss = tf.reduce_mean(critic(made)) - tf.reduce_mean(critic(some))
                loss += PENALTY * tf.reduce_mean((slope - 1) ** 2)
            optimisers[1].apply(tape.gradient(loss, critic.trainable_variables), critic.trainable_variables)
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(critic(generator(tf.random.normal((batch, n)))))
        optimisers[0].apply(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables)

    for _ in range(GAN_STEPS):
        step()
    return generator(tf.random.normal((N_MADE, n))).numpy()


def run_language():
    for seed in benchmark.wanted(SEEDS):
        if benchmark.is_done("GRU language model", seed):
            continue
        codes, training = prepared(seed)
        clocks = start()
        model, _, decoder = network(codes, latent=0)
        train(model, codes.inputs, codes, EPOCHS["language"])
        store("GRU language model", seed, draw(decoder, codes), training, clocks)


def run_latent():
    for seed in benchmark.wanted(SEEDS):
        if benchmark.is_done("latent GAN", seed) and benchmark.is_done("Gaussian, same latent space", seed):
            continue
        codes, training = prepared(seed)
        clocks = start()
        model, encoder, decoder = network(codes, LATENT)
        train(model, [codes.targets, codes.inputs], codes, EPOCHS["autoencoder"])
        numbers = encoder.predict(codes.targets, batch_size=500, verbose=0)
        spread = numbers.std(axis=0)
        rng = np.random.default_rng(seed)
        normal = rng.multivariate_normal(numbers.mean(axis=0), np.cov(numbers, rowvar=False), N_MADE)
        store("Gaussian, same latent space", seed, draw(decoder, codes, normal), training, clocks)
        drawn = latent_gan((numbers - numbers.mean(axis=0)) / spread, seed) * spread + numbers.mean(axis=0)
        store("latent GAN", seed, draw(decoder, codes, drawn), training, clocks)


PARTS = {"rivals": run_rivals, "language": run_language, "latent": run_latent}


# --- what they share -------------------------------------------------------------------------------------------------


def prepared(seed):
    setup(seed=seed)
    import keras

    keras.utils.set_random_seed(seed)
    training, _ = split(seed)
    return Codes(training), training


def start():
    return time.perf_counter(), time.process_time()


def store(name, seed, made, training, clocks):
    """Measure molecules and save the row; the seconds are those until here, measuring left out."""
    seconds = {"wall_seconds": time.perf_counter() - clocks[0], "cpu_seconds": time.process_time() - clocks[1]}
    found = vars(generative.measure_molecules(made, training))
    row = {key: float(value) for key, value in found.items() if key in MEASURED} | seconds
    if hasattr(os, "getloadavg"):
        row["note"] = f"load {os.getloadavg()[0]:.1f}"
    benchmark.save(name, seed, row=row)


def section():
    rows, lines = benchmark.rows(), []
    for name in dict.fromkeys(row["generator"] for row in rows):
        of_this = [row for row in rows if row["generator"] == name]
        line = [name, len(of_this)]
        for column in MEASURED[:-2]:
            values = [float(row[column]) for row in of_this]
            digits = 0 if column.endswith("seconds") else 2
            low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
            line.append(low if low == high else f"{low}-{high}")
        lines.append(line)
    header = ["generator", "seeds", "valid", "unique", "novel", "diversity", "Wasserstein", "Fréchet", "wall seconds"]
    return (
        "## Chapter 3.2.1: generators of small molecules (molecule_generators.py)\n\n"
        "1,000 molecules of each generator against its 1,000 training molecules (at most 12 heavy atoms), smallest and "
        "largest value over the seeds. Novel: not in the training set. Wasserstein: mean over ten descriptors, in "
        "standard deviations of the training set. All strings are SELFIES, so validity is built in. Of the latent GAN "
        "the seconds include the autoencoder, which it shares with its control, a normal distribution over the same "
        "latent numbers.\n\n"
        f"{report.made_by(rows)}\n\n" + report.table(header, lines)
    )


def main(arguments=None):
    return benchmark.main(__doc__, PARTS, section, arguments)


if __name__ == "__main__":
    sys.exit(main())
