"""Text as numbers, statements and their labels, counting trigrams, training, and embeddings from outside."""

import datetime
from pathlib import Path

import jax
import numpy as np
import pytest

from saddlepath.errors import ConfigError, FileError
from saddlepath.nn.training import Training
from saddlepath.sequence.external import DatedText, ExternalEmbeddings
from saddlepath.sequence.language_model import LanguageModel, sample
from saddlepath.sequence.learning import (
    TextClassifier,
    classify,
    language_model_loss,
    train_classifier,
    train_language_model,
)
from saddlepath.sequence.recurrent import LSTM
from saddlepath.sequence.statements import COOLS, FELL, HEATS, ROSE, stability_reports, statements
from saddlepath.sequence.text import NOTHING, Vocabulary, windows
from saddlepath.sequence.trigrams import trigram_loss


def test_text_and_back() -> None:
    characters = Vocabulary.of(["Rates rose."])
    assert characters.decode(characters.encode("rose")) == "rose" and len(characters) == 1 + len(set("Rates rose."))
    words = Vocabulary.of(["Rates rose.", "Prices fell."], "word")
    assert words.symbols == (".", "fell", "prices", "rates", "rose")
    np.testing.assert_array_equal(words.encode("Prices exploded."), [3, NOTHING, 1])
    np.testing.assert_array_equal(words.rows(["Rates.", "Rates rose. Prices fell."], 3), [[4, 1, 0], [4, 5, 1]])
    with pytest.raises(ConfigError, match="the vocabulary has no 'z'"):
        characters.encode("zero")
    with pytest.raises(ConfigError, match="unit must be one of character, word, got 'byte'"):
        Vocabulary.of(["a"], "byte")
    with pytest.raises(ConfigError, match="the texts are empty"):
        Vocabulary.of(["", ""])


def test_windows_stand_side_by_side() -> None:
    x, y = windows(np.arange(8), 3)
    np.testing.assert_array_equal(x, [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(y, x + 1)
    with pytest.raises(ConfigError, match="a text of 3 symbols has no window of 3"):
        windows(np.arange(3), 3)


def test_labels_are_what_the_order_of_words_says() -> None:
    drawn = statements(400)
    for one in drawn:
        text = one.text.lower().split(".")[0]
        heat, cool = (next(w for w in sorted(words, key=len, reverse=True) if w in text) for words in (HEATS, COOLS))
        after = {which: text.split(which, 1)[1].lstrip() for which in (heat, cool)}
        hawkish = one.label == "hawkish"
        assert after[heat].startswith(ROSE if hawkish else FELL) and after[cool].startswith(FELL if hawkish else ROSE)
    share = np.mean([one.label == "hawkish" for one in drawn])
    assert share == pytest.approx(0.5, abs=0.1)  # four standard errors
    assert statements(3, 1) == statements(3, 1) and stability_reports(3, 1) == stability_reports(3, 1)


def test_trigrams_of_a_text_that_repeats_itself() -> None:
    """In abcabc... the last symbol says the next one; in independent draws nothing does: the entropy is left."""
    loss, weights = trigram_loss(np.tile([1, 2, 3], 300), np.tile([1, 2, 3], 10), 4)
    assert loss < 1e-3 and weights.sum() == pytest.approx(1)
    random = np.random.default_rng(0)
    training, test = random.choice(3, (2, 20_000), p=(0.5, 0.25, 0.25))
    entropy = 1.5 * np.log(2)
    assert trigram_loss(training, test, 3)[0] == pytest.approx(entropy, abs=0.015)  # three s.e. of 20,000 symbols


@pytest.mark.slow
def test_a_model_learns_three_sentences_by_heart_and_then_another() -> None:
    """Fine-tuning is training that goes on; the first text is then known less well."""
    vocabulary = Vocabulary.of(["hi how are you. good i am fine. rates rise now."])
    first = np.tile(vocabulary.encode("hi how are you. good i am fine. "), 40)
    second = np.tile(vocabulary.encode("rates rise now. "), 40)
    model = LanguageModel(len(vocabulary), 16, 2, 1, context=32, key=jax.random.key(0))
    training = Training(rate=1e-2, epochs=20, batch=8)
    learned = train_language_model(model, first, first, training)
    assert language_model_loss(learned, first) < 0.1  # nats; a uniform guess has 2.9
    assert (
        vocabulary.decode(sample(learned, vocabulary.encode("hi how are you. good"), 10, temperature=0)) == " i am fine"
    )
    tuned = train_language_model(learned, second, second, training)
    assert language_model_loss(tuned, second) < 0.1 < language_model_loss(tuned, first)


@pytest.mark.slow
def test_a_classifier_reads_the_order_that_a_bag_of_words_cannot() -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    training, test = statements(1000, 0), statements(400, 1)
    texts, labels = [s.text for s in training], np.array([s.label == "hawkish" for s in training], int)
    new, truth = [s.text for s in test], np.array([s.label == "hawkish" for s in test], int)
    bag = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, labels).score(new, truth)
    vocabulary = Vocabulary.of(texts, "word")
    with jax.enable_x64(False):
        one, two = jax.random.split(jax.random.key(0))
        encoder = LSTM(16, 16, bidirectional=True, key=one)
        first = TextClassifier(len(vocabulary), 2, encoder, 16, 32, key=two)
        training_of = Training(rate=1e-2, epochs=12, batch=32)
        found = train_classifier(first, vocabulary, texts, labels, 30, training_of)
        accuracy = float(np.mean(classify(found, vocabulary, new, 30) == truth))
    assert accuracy >= 0.95 and bag < 0.85


def test_bad_symbols() -> None:
    model = LanguageModel(4, 4, 1, 1, context=8, key=jax.random.key(0))
    with pytest.raises(ConfigError, match="the model knows 4 symbols, got number 9"):
        train_language_model(model, np.full(20, 9), np.full(20, 1))
    with pytest.raises(ConfigError, match="a text of 5 symbols has no window of 8"):
        train_language_model(model, np.full(20, 1), np.full(5, 1))


def test_bad_classes() -> None:
    vocabulary = Vocabulary.of(["a b"], "word")
    classifier = TextClassifier(3, 2, LSTM(4, 4, key=jax.random.key(0)), 4, 4, key=jax.random.key(1))
    with pytest.raises(ConfigError, match="every text needs one class from 0 to 1, got 1 texts and 1 classes from 2"):
        train_classifier(classifier, vocabulary, ["a"], np.array([2]), 5)
    with pytest.raises(ConfigError, match="knows 3 symbols and the vocabulary has 4"):
        train_classifier(classifier, Vocabulary.of(["a b c"], "word"), ["a"], np.array([1]), 5)


DAY = datetime.date(2015, 6, 30)
TEXT = DatedText("Rates rose.", datetime.date(2015, 6, 1))


def test_answers_from_outside_are_kept(tmp_path: Path) -> None:
    asked: list[str] = []

    def embed(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.array([[len(text), 1.0] for text in texts])

    kept = tmp_path / "answers.json"
    model = ExternalEmbeddings("length-1", datetime.date(2014, 1, 1), embed, kept)
    for _ in range(2):
        np.testing.assert_array_equal(model.at([TEXT, TEXT], DAY), [[11, 1], [11, 1]])
    assert asked == [TEXT.text]
    offline = ExternalEmbeddings("length-1", datetime.date(2014, 1, 1), kept=kept)
    np.testing.assert_array_equal(offline.at([TEXT], DAY), [[11, 1]])
    with pytest.raises(ConfigError, match="1 texts have no kept answer of length-2 and there is no function to ask"):
        ExternalEmbeddings("length-2", datetime.date(2014, 1, 1), kept=kept).at([TEXT], DAY)
    kept.write_text("{")
    with pytest.raises(FileError, match="holds no answers that can be read"):
        offline.at([TEXT], DAY)


def test_nobody_looks_ahead() -> None:
    model = ExternalEmbeddings("ones", datetime.date(2014, 1, 1), lambda texts: np.ones((len(texts), 2)))
    with pytest.raises(ConfigError, match="on 2015-05-31 nobody could read a text published on 2015-06-01"):
        model.at([TEXT], datetime.date(2015, 5, 31))
    with pytest.raises(ConfigError, match="trained on texts until 2014-01-01 and so knows what followed 2013-12-31"):
        model.at([], datetime.date(2013, 12, 31))
    with pytest.raises(ConfigError, match=r"one row of finite numbers per text, got shape \(1,\)"):
        ExternalEmbeddings("bad", datetime.date(2014, 1, 1), lambda texts: np.ones(len(texts))).at([TEXT], DAY)
