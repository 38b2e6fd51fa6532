"""`python -m ingestion.relay`."""

from ingestion.process import main
from ingestion.relay.service import run

if __name__ == "__main__":
    main(run)
