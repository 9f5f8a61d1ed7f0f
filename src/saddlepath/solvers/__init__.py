"""Ways to train a decision rule: the steps, the states they are taken on, and the loop that takes them."""
