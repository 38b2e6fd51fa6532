"""`python -m ingestion.online`."""

from ingestion.online.service import run
from ingestion.process import main

if __name__ == "__main__":
    main(run)
