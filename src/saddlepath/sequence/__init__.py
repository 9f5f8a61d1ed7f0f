"""Networks over time: recurrent cells, attention, a language model, and small text tasks that need no download."""
