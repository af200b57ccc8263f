"""The command line as a program: `python -m tests.command WORDS`."""

from crosslane.cli import main

if __name__ == "__main__":
    main()
