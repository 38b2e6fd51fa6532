"""The proof: what was accepted is in Kafka, in the lake and in the warehouse, each event once and none besides."""

from ingestion.proof.command import main
from ingestion.proof.compare import Proof, ProofRow
from ingestion.proof.prover import Prover

__all__ = ["Proof", "ProofRow", "Prover", "main"]
