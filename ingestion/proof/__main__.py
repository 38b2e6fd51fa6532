"""`python -m ingestion.proof`."""

import sys

from ingestion.proof.command import main

if __name__ == "__main__":
    sys.exit(main())
