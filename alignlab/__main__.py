"""``python -m alignlab``: the command line."""

from alignlab.cli import main

if __name__ == "__main__":
    main()
