"""Option prices from characteristic functions, and deep surrogates of them."""
