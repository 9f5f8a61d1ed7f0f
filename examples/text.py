# %% [markdown]
# # Text and what reads it
#
# Central banks speak, markets listen for one bit: higher rates or lower ones. A grammar makes statements of both kinds,
# so that everything here runs without a download and every answer is known. All sentences are made up.

# %%
import datetime

import jax
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import saddlepath as sp
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
from saddlepath.sequence.statements import stability_reports, statements
from saddlepath.sequence.text import Vocabulary
from saddlepath.sequence.trigrams import trigram_loss

known, new = statements(500, seed=0), statements(300, seed=1)
for one in known[:4]:
    print(f"{one.label:8} {one.text}")

# %% [markdown]
# ## Hawkish or dovish
#
# The baseline counts words. Half of the statements say only that one quantity rose and another fell; whether that
# was inflation or unemployment is in the order of the words, which counts forget. A recurrent network reads in order.

# %%
texts, labels = [s.text for s in known], np.array([s.label == "hawkish" for s in known], int)
asked, truth = [s.text for s in new], np.array([s.label == "hawkish" for s in new], int)
bag = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, labels)
words = Vocabulary.of(texts, "word")
first, second = jax.random.split(jax.random.key(0))
reader = TextClassifier(len(words), 2, LSTM(16, 16, bidirectional=True, key=first), 16, 32, key=second)
reader = train_classifier(reader, words, texts, labels, 30, sp.Training(rate=1e-2, epochs=10, batch=32))
accuracy = np.mean(classify(reader, words, asked, 30) == truth)
print(f"accuracy: LSTM {accuracy:.3f}, logistic regression on counts of words {bag.score(asked, truth):.3f}")

# %% [markdown]
# ## A language model
#
# A decoder of two layers learns which character comes next. Its baseline are trigrams, whose weights come from held-out
# text. Losses are in nats per character. The model is small here so that the page builds fast; the benchmark
# `python -m benchmarks.sequences text` trains the full one.

# %%
reports = stability_reports(60), stability_reports(60, seed=1)
training, held_out = "\n".join(texts), "\n".join(asked)
characters = Vocabulary.of([training, held_out, *reports[0], *reports[1]])
code = characters.encode
model = LanguageModel(len(characters), width=32, heads=4, layers=2, context=64, key=first)
model = train_language_model(model, code(training), code(held_out), sp.Training(rate=1e-2, epochs=8, batch=32))
counted, _ = trigram_loss(code(training), code(held_out), len(characters))
print(f"Transformer {language_model_loss(model, code(held_out)):.2f}, trigrams {counted:.2f}")

# %% [markdown]
# It speaks: the lower the temperature, the safer the words.

# %%
for temperature in (0.2, 0.7, 1.2):
    drawn = sample(model, code("The board "), 54, temperature=temperature, top_k=8)
    print(f"{temperature}: The board {characters.decode(drawn)}")

# %% [markdown]
# ## Fine-tuning
#
# Sixty sentences on the stability of banks are too few to learn a language from, but enough to change the subject.

# %%
few, judged = code("\n".join(reports[0])), code("\n".join(reports[1]))
fresh = LanguageModel(len(characters), width=32, heads=4, layers=2, context=64, key=first)
short = sp.Training(rate=3e-3, epochs=8, batch=8)
for name, start in (("fine-tuned", model), ("trained afresh", fresh)):
    print(f"{name}: {language_model_loss(train_language_model(start, few, few, short), judged):.2f} nats per character")

# %% [markdown]
# ## Embeddings from outside
#
# Any function from texts to rows of numbers can be used, a language model on another machine too. Answers are kept in a
# file, and nobody looks ahead: neither at texts of later days, nor through a model that has read what came after.

# %%
by_hand = ExternalEmbeddings(
    "words that tell", datetime.date(2014, 12, 31), lambda texts: [[t.count("rose"), t.count("fell")] for t in texts]
)
said = DatedText("Inflation rose and unemployment fell.", datetime.date(2015, 6, 1))
print(by_hand.at([said], datetime.date(2015, 6, 2)))
try:
    by_hand.at([said], datetime.date(2014, 6, 2))
except sp.SaddlepathError as error:
    print(error)
