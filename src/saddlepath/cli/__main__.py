"""`python -m saddlepath.cli`."""

from saddlepath.cli import main

if __name__ == "__main__":
    main()
