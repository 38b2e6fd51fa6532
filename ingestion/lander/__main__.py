"""`python -m ingestion.lander`."""

from ingestion.lander.service import run
from ingestion.process import main

if __name__ == "__main__":
    main(run)
