"""Networks over time against their baselines: `python -m benchmarks.sequences [step] [sines] [adding] [text] [stance]`.

`step`: seconds of one training step of an LSTM with 64 units, windows of 50, batches of 32, the trainer included.
`sines`: the next value of noisy sines of random phase; a plain network, an LSTM, and the best linear forecast with
known frequency on the same draws. `adding`: two numbers a hundred dates apart. `text`: a character model of generated
statements against trigrams, then fine-tuned on a second, small corpus. `stance`: hawkish or dovish, against a logistic
regression on counts of words; half of the statements differ in the order of words alone. Every part is written as soon
as it is measured; the others keep what was measured before.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from benchmarks.measure import surroundings
from saddlepath.container import write_json
from saddlepath.nn.losses import NetworkLoss
from saddlepath.nn.training import Data, Training
from saddlepath.sequence.language_model import LanguageModel, sample
from saddlepath.sequence.learning import (
    TextClassifier,
    classify,
    language_model_loss,
    train_classifier,
    train_language_model,
    train_one,
)
from saddlepath.sequence.memory import LAG, LastOutput, adding_error
from saddlepath.sequence.recurrent import LSTM, RNN, Recurrent
from saddlepath.sequence.statements import stability_reports, statements
from saddlepath.sequence.text import Vocabulary
from saddlepath.sequence.trigrams import trigram_loss

RESULT = Path(__file__).parent / "results" / "sequences.json"
DATES, NOISE = 50, 0.1


class EveryOutput(LastOutput):
    """A recurrent network and a linear map of its output at every date."""

    def __call__(self, x: Float[Array, "time n_inputs"], key: Any = None) -> Float[Array, " time"]:
        return jax.vmap(self.readout)(self.network(x, key=key))[:, 0]


def step() -> dict[str, Any]:
    """Seconds per step in the fastest part of a training."""
    random = np.random.default_rng(0)
    x, y = random.standard_normal((3200, 50, 1)), random.standard_normal((3200, 1))
    single = lambda a: jnp.asarray(a, np.float32)
    one, two = jax.random.split(jax.random.key(0))
    first = LastOutput(LSTM(1, 64, key=one), eqx.nn.Linear(64, 1, key=two))
    moments: list[float] = []
    training = Training(batch=32, epochs=6, rate=1e-3)
    log = lambda record: moments.append(record["seconds"])
    train_one(first, Data(single(x), single(y)), NetworkLoss(), training, log=log)
    return {"milliseconds per step": 1e3 * float(np.diff(moments).min()) / 200, "bar": 2.0}


def noisy_sines(n: int, seed: int) -> Float[np.ndarray, "n dates"]:
    """One period in 50 dates, at a random phase."""
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 2 * np.pi, (n, 1))
    return np.sin(np.linspace(0, 2 * np.pi, DATES) + phase) + NOISE * random.standard_normal((n, DATES))


def linear_forecast(x: Float[np.ndarray, "n dates"]) -> float:
    """Root mean squared error of the best linear forecast of the next value, frequency and noise known."""
    at = np.linspace(0, 2 * np.pi, DATES)
    covariance = 0.5 * np.cos(at[:, None] - at)
    weights = [np.linalg.solve(covariance[:t, :t] + NOISE**2 * np.eye(t), covariance[:t, t]) for t in range(1, DATES)]
    forecast = np.stack([x[:, :t] @ w for t, w in enumerate(weights, start=1)], axis=1)
    return float(np.sqrt(np.mean((x[:, 1:] - forecast) ** 2)))


def sines() -> dict[str, Any]:
    """Errors of both networks and of the best linear forecast at 200 new sequences, three draws."""
    training = Training(rate=0.01, epochs=50, batch=32)
    rows = []
    for seed in range(3):
        x, new = np.split(noisy_sines(1000, seed), [800])
        row = {"seed": seed, "linear, frequency known": linear_forecast(new)}
        for kind in (RNN, LSTM):
            one, two = jax.random.split(jax.random.key(seed))
            first = EveryOutput(kind(1, 32, key=one), eqx.nn.Linear(32, 1, key=two))
            single = lambda a: jnp.asarray(a, np.float32)
            data = Data(single(x[:, :-1, None]), single(x[:, 1:]))
            trained = train_one(first, data, NetworkLoss(), training, seed)
            found = eqx.filter_jit(eqx.filter_vmap(trained))(single(new[:, :-1, None]))
            row[kind.__name__] = float(np.sqrt(np.mean((np.asarray(found) - new[:, 1:]) ** 2)))
        rows.append(row)
    return {"RMSE": rows, "LSTM": float(np.mean([row["LSTM"] for row in rows])), "bar": 0.113}


def adding() -> dict[str, Any]:
    """Mean squared errors of the adding task, two seeds."""
    kinds: tuple[type[Recurrent], ...] = (RNN, LSTM)
    found = {
        kind.__name__: [adding_error(kind(2, 32, key=jax.random.key(seed)), seed=seed) for seed in range(2)]
        for kind in kinds
    }
    return {"lag": LAG, "mean squared error": found, "bar of the LSTM": 0.01, "variance of the first number": 1 / 12}


def text() -> dict[str, Any]:
    """Losses of a decoder with two layers of width 64 and of trigrams; fine-tuning against starting afresh."""
    joined = lambda sentences: "\n".join(sentences)
    training, held_out, test = (joined(s.text for s in statements(n, k)) for k, n in enumerate((1500, 200, 200)))
    second, second_out, second_test = (joined(stability_reports(n, k)) for k, n in enumerate((60, 40, 100)))
    vocabulary = Vocabulary.of([training, held_out, test, second, second_out, second_test])
    codes = [vocabulary.encode(part) for part in (training, held_out, test, second, second_out, second_test)]
    fresh = LanguageModel(len(vocabulary), 64, 4, 2, context=64, key=jax.random.key(0))
    began = time.perf_counter()
    model = train_language_model(fresh, codes[0], codes[1], Training(rate=3e-3, epochs=8, batch=32))
    seconds = time.perf_counter() - began
    short = Training(rate=2e-3, epochs=15, batch=8)
    tuned, afresh = (train_language_model(first, codes[3], codes[4], short) for first in (model, fresh))
    return {
        "validation loss [nats per character]": language_model_loss(model, codes[1]),
        "test loss": language_model_loss(model, codes[2]),
        "bar: trigrams, validation": trigram_loss(codes[0], codes[1], len(vocabulary))[0],
        "trigrams, test": trigram_loss(codes[0], codes[2], len(vocabulary))[0],
        "seconds of training": seconds,
        "bar, seconds": 120.0,
        "second corpus, test loss": {
            "before": language_model_loss(model, codes[5]),
            "fine-tuned": language_model_loss(tuned, codes[5]),
            "trained afresh": language_model_loss(afresh, codes[5]),
            "trigrams": trigram_loss(codes[3], codes[5], len(vocabulary))[0],
        },
        "sample": vocabulary.decode(sample(model, vocabulary.encode("Inflation "), 50, temperature=0.7, top_k=5)),
    }


def stance() -> dict[str, Any]:
    """Accuracies of an LSTM over words and of a logistic regression on counts of words, at 500 new statements."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    known, new = statements(1000, 0), statements(500, 1)
    texts, labels = [s.text for s in known], np.array([s.label == "hawkish" for s in known], int)
    asked, truth = [s.text for s in new], np.array([s.label == "hawkish" for s in new], int)
    score = lambda ngrams: (
        make_pipeline(CountVectorizer(ngram_range=ngrams), LogisticRegression(max_iter=1000))
        .fit(texts, labels)
        .score(asked, truth)
    )
    vocabulary = Vocabulary.of(texts, "word")
    one, two = jax.random.split(jax.random.key(0))
    first = TextClassifier(len(vocabulary), 2, LSTM(16, 16, bidirectional=True, key=one), 16, 32, key=two)
    trained = train_classifier(first, vocabulary, texts, labels, 30, Training(rate=1e-2, epochs=12, batch=32))
    return {
        "accuracy": float(np.mean(classify(trained, vocabulary, asked, 30) == truth)),
        "bar": 0.95,
        "bag of words": float(score((1, 1))),
        "bag of words and pairs of words": float(score((1, 2))),
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "stance": stance,
    "text": text,
    "sines": sines,
    "step": step,
    "adding": adding,
}


def main(names: list[str]) -> None:
    """Measure some parts, or all."""
    for name in names or PARTS:
        began = time.perf_counter()
        found = PARTS[name]()
        found["seconds in all"] = time.perf_counter() - began
        result = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        write_json(RESULT, result | {name: found} | surroundings())
        print(name, json.dumps(found, indent=1), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
